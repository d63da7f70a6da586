/*
 * Light or dark: the system's, until the reader says otherwise.  What they said
 * is remembered in this browser too, for the first drawing of the next visit.
 */
import { useCallback, useState } from 'react';
import { recall, remember } from '../state/preferences.js';
import { useMediaQuery } from './useMediaQuery.js';

const THEMES = new Set(['light', 'dark']);

const known = (theme) => (THEMES.has(theme) ? theme : null);

const recalled = () => known(recall('theme'));

/* Before the first drawing, so that no other theme flashes by. */
export function applyTheme(theme = recalled()) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

export function useTheme() {
  const [own, setOwn] = useState(recalled);
  const system = useMediaQuery('(prefers-color-scheme: dark)') ? 'dark' : 'light';

  /* `light`, `dark`, or `system`. */
  const setTheme = useCallback((wanted) => {
    const next = known(wanted);
    applyTheme(next);
    remember('theme', next);
    setOwn(next);
  }, []);

  return { theme: own ?? system, setTheme };
}
