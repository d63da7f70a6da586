/*
 * What draws maths, or null until it is here.  It is fetched once, when the first
 * text wants it; where that fails, the next one tries again.
 */
import { useEffect, useSyncExternalStore } from 'react';

let maths = null;
let coming = null;
const waiting = new Set();

function fetchMaths() {
  coming ??= import('../state/maths.js').then(
    (loaded) => {
      maths = loaded;
      for (const tell of waiting) tell();
    },
    () => {
      coming = null;
    },
  );
}

const current = () => maths;

function subscribe(tell) {
  waiting.add(tell);
  return () => waiting.delete(tell);
}

export function useMaths(wanted) {
  const loaded = useSyncExternalStore(subscribe, current, current);
  useEffect(() => {
    if (wanted && !maths) fetchMaths();
  }, [wanted]);
  return wanted ? loaded : null;
}
