/*
 * Where the page is: `/` is a new conversation, `/c/{id}` one that exists, and
 * anything else is not found.  The address bar is the only store of it.
 */
import { useCallback, useSyncExternalStore } from 'react';

const CONVERSATION = /^\/c\/([^/]+)\/?$/;
const MOVED = 'llmselect:moved';

function subscribe(listener) {
  window.addEventListener('popstate', listener);
  window.addEventListener(MOVED, listener);
  return () => {
    window.removeEventListener('popstate', listener);
    window.removeEventListener(MOVED, listener);
  };
}

function idOf(path) {
  const match = CONVERSATION.exec(path);
  try {
    return match && decodeURIComponent(match[1]);
  } catch {
    return null;
  }
}

export function parseRoute(path) {
  if (path === '/') return { name: 'chat', id: null };
  const id = idOf(path);
  return id ? { name: 'chat', id } : { name: 'not_found', id: null };
}

export const pathOf = (id) => (id ? `/c/${encodeURIComponent(id)}` : '/');

export function useRoute() {
  const path = useSyncExternalStore(subscribe, () => window.location.pathname);

  const go = useCallback((id) => {
    const next = pathOf(id);
    if (next === window.location.pathname) return;
    window.history.pushState(null, '', next);
    window.dispatchEvent(new Event(MOVED));
  }, []);

  return { ...parseRoute(path), go };
}
