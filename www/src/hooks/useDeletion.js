/*
 * Deletes conversations with a way back.
 *
 *   const { remove, flush } = useDeletion({ api, hide, restore, onRemoved, onRestored });
 *
 * remove(item) hides it at once and says so with an Undo.  The request is sent
 * when the toast has ended or the page is left, so that Undo needs none.  One
 * that fails brings the conversation back and says why.  flush() sends all that
 * wait and resolves when they are answered; it never rejects.
 */
import { useCallback, useEffect, useRef } from 'react';
import { titleOf } from '../state/conversations.js';
import { useToasts } from './useToasts.js';

export function useDeletion({ api, hide, restore, onRemoved, onRestored }) {
  const { show, dismiss } = useToasts();
  const waiting = useRef(new Map()); // id → { item, toast }
  const listeners = useRef({});

  useEffect(() => {
    listeners.current = { onRemoved, onRestored };
  });

  const send = useCallback(
    async function send(item, options) {
      try {
        await api.deleteConversation(item.id, options);
      } catch (error) {
        if (error.status === 404) return; // gone already, as was wanted
        restore(item.id);
        show({
          tone: 'danger',
          text: `“${titleOf(item)}” could not be deleted. ${error.message}`,
          action: {
            label: 'Try again',
            run: () => {
              hide(item.id);
              listeners.current.onRemoved?.(item);
              send(item);
            },
          },
        });
      }
    },
    [api, hide, restore, show],
  );

  const commit = useCallback(
    (item, options) => (waiting.current.delete(item.id) ? send(item, options) : undefined),
    [send],
  );

  const undo = useCallback(
    (item) => {
      // A toast ends once, so no request is on its way where this is called.
      waiting.current.delete(item.id);
      restore(item.id);
      listeners.current.onRestored?.(item);
    },
    [restore],
  );

  const remove = useCallback(
    (item) => {
      if (waiting.current.has(item.id)) return;
      const entry = { item, toast: null };
      waiting.current.set(item.id, entry);
      hide(item.id);
      listeners.current.onRemoved?.(item);
      entry.toast = show({
        text: `Deleted “${titleOf(item)}”.`,
        action: { label: 'Undo', run: () => undo(item) },
        onEnd: () => commit(item),
      });
    },
    [commit, hide, show, undo],
  );

  const flush = useCallback(
    (options) => {
      const all = [...waiting.current.values()];
      for (const { toast } of all) dismiss(toast);
      return Promise.all(all.map(({ item }) => commit(item, options)));
    },
    [commit, dismiss],
  );

  useEffect(() => {
    // A page that is going cannot wait for an answer; the browser does.
    const onLeave = () => void flush({ keepalive: true });
    window.addEventListener('pagehide', onLeave);
    return () => window.removeEventListener('pagehide', onLeave);
  }, [flush]);

  return { remove, flush };
}
