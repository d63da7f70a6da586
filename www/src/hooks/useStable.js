/*
 * The same functions on every draw, each doing what its latest version does: for
 * handing to what is drawn often and should be drawn only for a reason.
 */
import { useLayoutEffect, useMemo, useRef } from 'react';

export function useStable(handlers) {
  const latest = useRef(handlers);
  const names = Object.keys(handlers).join(' ');

  useLayoutEffect(() => {
    latest.current = handlers;
  });

  return useMemo(
    () =>
      Object.fromEntries(
        names.split(' ').map((name) => [name, (...given) => latest.current[name](...given)]),
      ),
    [names],
  );
}
