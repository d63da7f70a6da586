/*
 * The catalog of providers and models, the keys that are set, and the chosen
 * model.  setKey and removeKey reject with the server's ApiError, for the dialog
 * to show.
 */
import { useCallback, useEffect, useState } from 'react';
import { pickChoice } from '../state/models.js';
import { recall, remember } from '../state/preferences.js';

const EMPTY = { phase: 'loading', providers: [], models: [], keys: [], error: null };

export function useModels(api) {
  const [catalog, setCatalog] = useState(EMPTY);
  const [chosen, setChosen] = useState(() => recall('model'));

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

  const removeKey = useCallback(
    async (provider) => {
      await api.removeKey(provider);
      await refresh();
    },
    [api, refresh],
  );

  return { ...catalog, choice: pickChoice(catalog, chosen), choose, refresh, setKey, removeKey };
}
