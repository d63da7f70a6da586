/*
 * One form on its way: `busy` while it is, `error` with what came back, `wait`
 * with the seconds until the server takes another try.  `run` resolves to
 * whether it went well.
 */
import { useCallback, useEffect, useRef, useState } from 'react';

const secondsTo = (time) => Math.max(0, Math.ceil((time - Date.now()) / 1000));

/* The seconds to a time, anew every second until there are none. */
function useCountdown(time) {
  const [left, setLeft] = useState(0);

  useEffect(() => {
    setLeft(secondsTo(time));
    if (secondsTo(time) === 0) return undefined;
    const timer = setInterval(() => {
      const seconds = secondsTo(time);
      setLeft(seconds);
      if (seconds === 0) clearInterval(timer);
    }, 250);
    return () => clearInterval(timer);
  }, [time]);

  return left;
}

export function useSubmit() {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(null);
  const [opens, setOpens] = useState(0);
  const wait = useCountdown(opens);
  const gone = useRef(false);

  useEffect(() => {
    gone.current = false;
    return () => {
      gone.current = true;
    };
  }, []);

  const run = useCallback(async (work) => {
    setBusy(true);
    setError(null);
    try {
      await work();
      return true;
    } catch (failure) {
      if (gone.current) return false;
      setError(failure);
      if (failure.retryAfter) setOpens(Date.now() + failure.retryAfter * 1000);
      return false;
    } finally {
      if (!gone.current) setBusy(false);
    }
  }, []);

  return { busy, error, wait, run, setError };
}
