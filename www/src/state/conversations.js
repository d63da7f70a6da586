/*
 * The list of conversations, newest first, as it was at `at`, and the groups it
 * is shown in.
 */

const DAY_MS = 24 * 60 * 60 * 1000;

export const initialList = { phase: 'loading', items: [], total: 0, at: 0, error: null };

export function listReducer(state, action) {
  switch (action.type) {
    case 'loaded':
      return {
        phase: 'ready',
        items: action.items,
        total: action.total,
        at: action.at,
        error: null,
      };
    case 'failed':
      return { ...state, phase: state.items.length ? 'ready' : 'failed', error: action.error };
    default:
      return state;
  }
}

function startOfDay(now) {
  const day = new Date(now);
  day.setHours(0, 0, 0, 0);
  return day.getTime();
}

/* The first row that holds names the group. */
function groupsAt(now) {
  const today = startOfDay(now);
  const changed = (item) => Date.parse(item.updated_at);
  return [
    ['Pinned', (item) => item.pinned],
    ['Today', (item) => changed(item) >= today],
    ['Yesterday', (item) => changed(item) >= today - DAY_MS],
    ['Earlier', () => true],
  ];
}

export function groupConversations(items, now) {
  const rows = groupsAt(now);
  const nameOf = (item) => rows.find(([, holds]) => holds(item))[0];
  return rows
    .map(([name]) => ({ name, items: items.filter((item) => nameOf(item) === name) }))
    .filter((group) => group.items.length > 0);
}
