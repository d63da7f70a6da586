/*
 * The catalog of providers and models, the keys that are set, and the chosen
 * model: that of this browser, else `preferred`.  setKey, testKey and removeKey reject with the server's ApiError, for
 * the dialog to show.  While the server asks providers for their lists of
 * models, the catalog is read again, a few times with growing pauses.
 */
import { useCallback, useEffect, useRef, useState } from 'react';
import { pickChoice } from '../state/models.js';
import { recall, remember } from '../state/preferences.js';

const PAUSES = [1000, 2000, 4000, 8000]; // ms

const isRefreshing = ({ refreshing }) => refreshing;

const EMPTY = { phase: 'loading', providers: [], models: [], keys: [], error: null };

export function useModels(api, preferred = null) {
  const [catalog, setCatalog] = useState(EMPTY);
  const [chosen, setChosen] = useState(() => recall('model'));
  const looks = useRef(0);

  const refresh = useCallback(async () => {
    try {
      const [{ providers, models }, { items }] = await Promise.all([api.models(), api.keys()]);
      setCatalog({ phase: 'ready', providers, models, keys: items, error: null });
    } catch (error) {
      setCatalog((known) =>
        known.phase === 'ready' ? { ...known, error } : { ...EMPTY, phase: 'failed', error },
      );
    }
  }, [api]);

  useEffect(() => {
    refresh();
  }, [refresh]);

  useEffect(() => {
    if (!catalog.providers.some(isRefreshing)) {
      looks.current = 0;
      return undefined;
    }
    const pause = PAUSES[looks.current++];
    if (pause === undefined) return undefined;
    const timer = setTimeout(refresh, pause);
    return () => clearTimeout(timer);
  }, [catalog, refresh]);

  const choose = useCallback((choice) => {
    setChosen(choice);
    remember('model', choice);
  }, []);

  const setKey = useCallback(
    async (provider, key) => {
      await api.setKey(provider, key);
      await refresh();
    },
    [api, refresh],
  );

  const testKey = useCallback(
    async (provider) => {
      const result = await api.testKey(provider);
      await refresh();
      return result;
    },
    [api, refresh],
  );

  const removeKey = useCallback(
    async (provider) => {
      await api.removeKey(provider);
      await refresh();
    },
    [api, refresh],
  );

  return { ...catalog, choice: pickChoice(catalog, chosen, preferred), choose, refresh, setKey, testKey, removeKey };
}
