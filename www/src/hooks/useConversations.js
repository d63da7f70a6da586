/*
 * The list of conversations in the sidebar.  `refresh` asks again for as many
 * as are shown, `showMore` for one page more.
 */
import { useCallback, useEffect, useReducer, useRef } from 'react';
import { initialList, listReducer } from '../state/conversations.js';

const PAGE = 50;

export function useConversations(api) {
  const [list, dispatch] = useReducer(listReducer, initialList);
  const pages = useRef(1);
  const asked = useRef(0);

  const refresh = useCallback(async () => {
    const turn = ++asked.current;
    const wanted = Array.from({ length: pages.current }, (_, i) => i + 1);
    try {
      const answers = await Promise.all(wanted.map((page) => api.conversations(page, PAGE)));
      if (turn !== asked.current) return;
      const all = new Map(answers.flatMap((answer) => answer.items).map((item) => [item.id, item]));
      const { total } = answers[0];
      dispatch({ type: 'loaded', items: [...all.values()], total, at: Date.now() });
    } catch (error) {
      if (turn === asked.current) dispatch({ type: 'failed', error });
    }
  }, [api]);

  useEffect(() => {
    refresh();
  }, [refresh]);

  const showMore = useCallback(() => {
    pages.current++;
    return refresh();
  }, [refresh]);

  return { ...list, refresh, showMore };
}
