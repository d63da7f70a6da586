/*
 * What the user chose for themselves.  `save` sends all of it and rejects with
 * the server's ApiError; `change` sets a few fields of what is known, one call
 * after the other, because the server replaces all at once.
 */
import { useCallback, useEffect, useRef, useState } from 'react';
import { DEFAULT_SETTINGS } from '../state/settings.js';

const LOADING = { phase: 'loading', settings: DEFAULT_SETTINGS, error: null };

export function useSettings(api) {
  const [state, setState] = useState(LOADING);
  const known = useRef(null);
  const last = useRef(Promise.resolve());

  const keep = useCallback((settings) => {
    known.current = settings;
    setState({ phase: 'ready', settings, error: null });
  }, []);

  const refresh = useCallback(async () => {
    try {
      keep(await api.settings());
    } catch (error) {
      setState((now) => (now.phase === 'ready' ? now : { ...LOADING, phase: 'failed', error }));
    }
  }, [api, keep]);

  useEffect(() => {
    last.current = refresh();
  }, [refresh]);

  const save = useCallback(
    async (settings) => {
      const kept = await api.setSettings(settings);
      keep(kept);
      return kept;
    },
    [api, keep],
  );

  const change = useCallback(
    (fields) => {
      const next = last.current.then(() => known.current && save({ ...known.current, ...fields }));
      last.current = next.catch(() => {});
      return next;
    },
    [save],
  );

  return { ...state, refresh, save, change };
}
