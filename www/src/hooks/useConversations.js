/*
 * The list of conversations in the sidebar.
 *
 *   refresh()     asks again for as many as are shown
 *   showMore()    asks for one page more
 *   search(text)  looks for it, once the writer pauses
 *   rename(id, title), pin(id, pinned)   reject with the server's ApiError
 *   hide(id), restore(id)   what is deleted for the reader, and what is not after all
 *   knownTitle(id)   the title as it was last seen here, or undefined
 *
 * Only the last thing that was asked for is listened to: answers that come late
 * are dropped.
 */
import { useCallback, useEffect, useReducer, useRef } from 'react';
import { hasMore, initialList, listReducer, shownItems } from '../state/conversations.js';

/* Between the last letter and the question. */
export const SEARCH_PAUSE_MS = 250;

/* What the server gives at once. */
const LIMIT_MAX = 100;

/* The first `wanted` of the list, in as few requests as it takes. */
async function ask(api, query, wanted) {
  const search = query.trim();
  const limit = Math.min(wanted, LIMIT_MAX);
  const pages = Array.from({ length: Math.ceil(wanted / limit) }, (_, i) => i + 1);
  const answers = await Promise.all(pages.map((page) => api.conversations({ page, limit, ...(search && { search }) })));
  // What moved between two pages is in both.
  const all = new Map(answers.flatMap(({ items }) => items).map((item) => [item.id, item]));
  return { items: [...all.values()].slice(0, wanted), total: answers[0].total };
}

export function useConversations(api) {
  const [list, dispatch] = useReducer(listReducer, initialList);
  const { query, wanted, turn, titles } = list;
  const asked = useRef('');

  useEffect(() => {
    let late = false;
    async function load() {
      asked.current = query;
      try {
        const answer = await ask(api, query, wanted);
        if (!late) dispatch({ type: 'loaded', query, wanted, ...answer, at: Date.now() });
      } catch (error) {
        if (!late) dispatch({ type: 'failed', error });
      }
    }
    const pause = query === asked.current || query === '' ? 0 : SEARCH_PAUSE_MS;
    const timer = pause ? setTimeout(load, pause) : void load();
    return () => {
      late = true;
      clearTimeout(timer);
    };
  }, [api, query, wanted, turn]);

  const refresh = useCallback(() => dispatch({ type: 'asked' }), []);
  const showMore = useCallback(() => dispatch({ type: 'more' }), []);
  const search = useCallback((text) => dispatch({ type: 'searched', query: text }), []);
  const hide = useCallback((id) => dispatch({ type: 'hidden', id }), []);
  const restore = useCallback((id) => dispatch({ type: 'restored', id }), []);

  const change = useCallback(
    async (id, what) => {
      const conversation = await api.patchConversation(id, what);
      dispatch({ type: 'changed', conversation });
    },
    [api],
  );
  const rename = useCallback((id, title) => change(id, { title }), [change]);
  const pin = useCallback((id, pinned) => change(id, { pinned }), [change]);

  const knownTitle = useCallback((id) => titles[id], [titles]);

  return {
    ...list,
    items: shownItems(list),
    more: hasMore(list),
    searching: query !== list.found,
    refresh,
    showMore,
    search,
    rename,
    pin,
    hide,
    restore,
    knownTitle,
  };
}
