/*
 * The list of conversations as the server has it, pinned ones first, then the
 * newest, and the groups it is shown in.
 *
 *   query    what is looked for; '' is all of them
 *   found    the query that `items` answers, or null before the first answer
 *   wanted   how many are wanted at most; scrolling wants more
 *   given    the `wanted` that `items` answers
 *   turn     counts what makes the list be asked for again
 *   hidden   ids that are deleted for the reader, whatever the server still has
 *   titles   of every conversation that was ever seen in the list
 *   at       when the list came, which says what "today" is
 */

export const PAGE = 50;

export const initialList = {
  phase: 'loading',
  query: '',
  found: null,
  wanted: PAGE,
  given: 0,
  turn: 0,
  items: [],
  total: 0,
  hidden: [],
  titles: {},
  at: 0,
  error: null,
};

const ASCENDING = (a, b) => (a < b ? -1 : Number(a > b));

/* The server's order. */
function byPlace(a, b) {
  return Number(b.pinned) - Number(a.pinned) || ASCENDING(b.updated_at, a.updated_at);
}

const titlesOf = (items) => Object.fromEntries(items.map(({ id, title }) => [id, title]));

function changed(state, { id, title, pinned, updated_at }) {
  const put = (item) => (item.id === id ? { ...item, title, pinned, updated_at } : item);
  return {
    ...state,
    items: state.items.map(put).toSorted(byPlace),
    titles: { ...state.titles, [id]: title },
    // An answer that is on its way may be from before the change.
    turn: state.turn + 1,
  };
}

export const hasMore = ({ items, total }) => items.length < total;

export function listReducer(state, action) {
  switch (action.type) {
    case 'asked':
      return { ...state, turn: state.turn + 1, phase: state.found === null ? 'loading' : state.phase };
    case 'searched':
      return action.query === state.query
        ? state
        : { ...state, query: action.query, wanted: PAGE, error: null };
    case 'more':
      return hasMore(state) && state.given === state.wanted
        ? { ...state, wanted: state.wanted + PAGE }
        : state;
    case 'loaded':
      return {
        ...state,
        phase: 'ready',
        items: action.items,
        total: action.total,
        found: action.query,
        given: action.wanted,
        titles: { ...state.titles, ...titlesOf(action.items) },
        at: action.at,
        error: null,
      };
    case 'failed':
      return { ...state, phase: state.found === null ? 'failed' : 'ready', error: action.error };
    case 'changed':
      return changed(state, action.conversation);
    case 'hidden':
      return { ...state, hidden: [...state.hidden, action.id] };
    case 'restored':
      return { ...state, hidden: state.hidden.filter((id) => id !== action.id) };
    default:
      return state;
  }
}

/* What of the list is to be seen. */
export function shownItems({ items, hidden }) {
  return items.filter((item) => !hidden.includes(item.id));
}

/* What an untitled conversation is called. */
export const titleOf = ({ title }) => title || 'New conversation';

function startOfDay(now, daysBefore = 0) {
  const day = new Date(now);
  day.setHours(0, 0, 0, 0);
  day.setDate(day.getDate() - daysBefore);
  return day.getTime();
}

/* The first row that holds names the group. */
function groupsAt(now) {
  const changedAt = (item) => Date.parse(item.updated_at);
  const since = (days) => {
    const start = startOfDay(now, days);
    return (item) => changedAt(item) >= start;
  };
  return [
    ['Pinned', (item) => item.pinned],
    ['Today', since(0)],
    ['Yesterday', since(1)],
    ['Previous 7 days', since(7)],
    ['Older', () => true],
  ];
}

export function groupConversations(items, now) {
  const rows = groupsAt(now);
  const nameOf = (item) => rows.find(([, holds]) => holds(item))[0];
  return rows
    .map(([name]) => ({ name, items: items.filter((item) => nameOf(item) === name) }))
    .filter((group) => group.items.length > 0);
}
