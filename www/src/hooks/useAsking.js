/*
 * How the next question is asked: `choice`, the model, and what was set of
 * `system`, `temperature`, `max_tokens`, `reasoning_effort`.  Kept for each
 * conversation until the page closes, in memory only.  What was set for a new
 * conversation goes with it when it begins, and the next new one is fresh.
 */
import { useCallback, useLayoutEffect, useRef, useState } from 'react';

const NEW = 'new';
const NOTHING = {};

/* `begun`: an answer is on its way, so that a new id is that of our question. */
export function useAsking(conversationId, begun) {
  const [kept, setKept] = useState({});
  const shown = useRef(conversationId);
  const key = conversationId ?? NEW;

  useLayoutEffect(() => {
    if (shown.current === null && conversationId && begun) {
      setKept(({ [NEW]: asked, ...rest }) => ({ ...rest, [conversationId]: asked }));
    }
    shown.current = conversationId;
  }, [conversationId, begun]);

  const change = useCallback(
    (part) => setKept((all) => ({ ...all, [key]: { ...all[key], ...part } })),
    [key],
  );

  return [kept[key] ?? NOTHING, change];
}
