/*
 * The download of everything that is kept of the user.  `status` is ready,
 * running (`bytes` have come), done or failed (`error`).
 */
import { useCallback, useEffect, useRef, useState } from 'react';
import { isComplete, readBlob } from '../api/download.js';
import { saveFile } from '../api/file.js';

const READY = { status: 'ready', bytes: 0, error: null };
const CUT = new Error('The export was cut short, and nothing of it was saved. Try again.');

const nameOf = (username) => `llmselect-${username}-${new Date().toISOString().slice(0, 10)}.json`;

export function useExport(api, username) {
  const [state, setState] = useState(READY);
  const running = useRef(null);

  const stop = useCallback(() => {
    running.current?.abort();
    running.current = null;
    setState(READY);
  }, []);

  useEffect(() => () => running.current?.abort(), []);

  const start = useCallback(async () => {
    const { signal } = (running.current = new AbortController());
    setState({ ...READY, status: 'running' });
    const onBytes = (bytes) => !signal.aborted && setState({ ...READY, status: 'running', bytes });
    try {
      const response = await api.exportAccount({ signal });
      const blob = await readBlob(response, onBytes).catch(() => Promise.reject(CUT));
      if (signal.aborted) return;
      if (!(await isComplete(blob))) throw CUT;
      saveFile({ name: nameOf(username), blob });
      setState({ status: 'done', bytes: blob.size, error: null });
    } catch (error) {
      if (!signal.aborted) setState({ ...READY, status: 'failed', error });
    }
  }, [api, username]);

  return { ...state, start, stop };
}
