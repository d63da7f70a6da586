/*
 * Short notes that lie over the page and go by themselves.
 *
 *   const toasts = useToasts();
 *   const id = toasts.show({ text: 'Deleted “Hash tables”.',
 *                            action: { label: 'Undo', run: restore },
 *                            onEnd: forget });
 *   toasts.dismiss(id);
 *
 * A toast ends once: `action.run` is called when its button was pressed, `onEnd`
 * when it went in any other way that the page did not ask for: its time was over,
 * it was closed, or it made room.  dismiss() and the end of the page call neither.  `ms` is
 * how long it stays; the time stands still while a pointer or the focus is on a
 * toast.  `tone` is plain or danger.
 */
import { createContext, useCallback, useContext, useEffect, useMemo, useReducer, useRef, useState } from 'react';
import { TOASTS_MAX, toastsReducer } from '../state/toasts.js';

export const TOAST_MS = 6000;

/* Where there is nothing to show them on, they are not shown. */
const NOWHERE = {
  toasts: [],
  show: () => null,
  dismiss: () => {},
  hold: () => {},
  release: () => {},
  isLast: () => false,
  enter: () => () => {},
};

export const ToastContext = createContext(NOWHERE);

export const useToasts = () => useContext(ToastContext);

/* A toast's time, which can be held and let go on. */
function createClock(ms, onOver) {
  let left = ms;
  let since = null;
  let timer = null;
  return {
    run() {
      if (timer !== null) return;
      since = Date.now();
      timer = setTimeout(onOver, left);
    },
    hold() {
      if (timer === null) return;
      clearTimeout(timer);
      timer = null;
      left = Math.max(0, left - (Date.now() - since));
    },
  };
}

/*
 * The places that can show toasts, the last one first: a modal dialog makes all
 * else on the page deaf, so while one is open it shows them.
 */
function useOutlets() {
  const [outlets, setOutlets] = useState([]);

  const enter = useCallback((outlet) => {
    setOutlets((all) => [...all, outlet]);
    return () => setOutlets((all) => all.filter((each) => each !== outlet));
  }, []);

  const isLast = useCallback((outlet) => outlets.at(-1) === outlet, [outlets]);

  return { enter, isLast };
}

/* What the owner of the toasts gives to all below it, by ToastContext. */
export function useToastStack() {
  const [toasts, dispatch] = useReducer(toastsReducer, []);
  const { enter, isLast } = useOutlets();
  const entries = useRef(new Map());
  const count = useRef(0);

  /* Takes a toast away; its entry, or nothing where it had ended before. */
  const take = useCallback((id) => {
    const entry = entries.current.get(id);
    if (!entry) return undefined;
    entry.clock.hold();
    entries.current.delete(id);
    dispatch({ type: 'ended', id });
    return entry;
  }, []);

  const dismiss = useCallback((id) => void take(id), [take]);
  const close = useCallback((id) => take(id)?.onEnd?.(), [take]);
  const act = useCallback((id) => take(id)?.action.run(), [take]);

  const hold = useCallback(() => {
    for (const { clock } of entries.current.values()) clock.hold();
  }, []);

  const release = useCallback(() => {
    for (const { clock } of entries.current.values()) clock.run();
  }, []);

  const show = useCallback(
    ({ text, tone = 'plain', action = null, ms = TOAST_MS, onEnd }) => {
      while (entries.current.size >= TOASTS_MAX) close(entries.current.keys().next().value);
      const id = ++count.current;
      const clock = createClock(ms, () => close(id));
      entries.current.set(id, { clock, action, onEnd });
      clock.run();
      dispatch({ type: 'shown', toast: { id, tone, text, action: action?.label ?? null } });
      return id;
    },
    [close],
  );

  useEffect(
    () => () => {
      hold();
      entries.current.clear();
    },
    [hold],
  );

  return useMemo(
    () => ({ toasts, show, dismiss, close, act, hold, release, enter, isLast }),
    [toasts, show, dismiss, close, act, hold, release, enter, isLast],
  );
}
