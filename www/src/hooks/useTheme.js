/*
 * Light or dark: the system's, until the reader says otherwise.
 */
import { useCallback, useState } from 'react';
import { recall, remember } from '../state/preferences.js';
import { useMediaQuery } from './useMediaQuery.js';

const THEMES = new Set(['light', 'dark']);

function recalled() {
  const theme = recall('theme');
  return THEMES.has(theme) ? theme : null;
}

/* Before the first drawing, so that no other theme flashes by. */
export function applyTheme(theme = recalled()) {
  if (theme) document.documentElement.dataset.theme = theme;
}

export function useTheme() {
  const [own, setOwn] = useState(recalled);
  const system = useMediaQuery('(prefers-color-scheme: dark)') ? 'dark' : 'light';
  const theme = own ?? system;

  const toggle = useCallback(() => {
    const next = theme === 'dark' ? 'light' : 'dark';
    applyTheme(next);
    remember('theme', next);
    setOwn(next);
  }, [theme]);

  return { theme, toggle };
}
