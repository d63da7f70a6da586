/*
 * A list at the server, one page of it at a time.  `load({ page, search })` asks
 * for one; it must stay the same function.  Of several under way the last counts.
 */
import { useCallback, useEffect, useReducer, useRef } from 'react';
import { initialPaged, pagedReducer, pagesOf } from '../state/paged.js';

/* Where the last one of a page went, the last page that there is now. */
async function askFor(load, { page, search }) {
  const answer = await load({ page, search });
  if (answer.items.length > 0 || page === 1) return answer;
  return load({ page: pagesOf(answer), search });
}

export function usePaged(load) {
  const [state, dispatch] = useReducer(pagedReducer, initialPaged);
  const asked = useRef(0);

  const show = useCallback(
    async (page, search = '') => {
      const turn = ++asked.current;
      dispatch({ type: 'asked', page, search });
      try {
        const answer = await askFor(load, { page, search });
        if (turn === asked.current) dispatch({ type: 'loaded', ...answer });
      } catch (error) {
        if (turn === asked.current) dispatch({ type: 'failed', error });
      }
    },
    [load],
  );

  useEffect(() => {
    show(1);
  }, [show]);

  const { page, search } = state;
  return {
    ...state,
    go: (to) => show(to, search),
    find: (text) => show(1, text),
    refresh: () => show(page, search),
    change: (item) => dispatch({ type: 'changed', item }),
  };
}
