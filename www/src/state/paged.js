/*
 * A page of a list at the server, and what is looked for in it.  `phase` is
 * loading, ready or failed; what was shown stays until the next page is there.
 */
export const initialPaged = { phase: 'loading', items: [], page: 1, limit: 0, total: 0, search: '', error: null };

const rows = {
  asked: (state, { page, search }) => ({ ...state, page, search, error: null }),
  loaded: (state, { items, page, limit, total }) => ({
    ...state,
    phase: 'ready',
    items,
    page,
    limit,
    total,
    error: null,
  }),
  failed: (state, { error }) => ({ ...state, phase: state.phase === 'ready' ? 'ready' : 'failed', error }),
  changed: (state, { item }) => ({
    ...state,
    items: state.items.map((each) => (each.id === item.id ? item : each)),
  }),
};

export function pagedReducer(state, action) {
  return rows[action.type]?.(state, action) ?? state;
}

export const pagesOf = ({ total, limit }) => Math.max(1, Math.ceil(total / (limit || 1)));

/* "31 to 45 of 45" */
export function rangeOf({ page, limit, total, items }) {
  const first = (page - 1) * limit + 1;
  return `${first} to ${first + items.length - 1} of ${total}`;
}
