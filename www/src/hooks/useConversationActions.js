/*
 * What one does with a conversation of the list: rename, pin, save as a file,
 * delete.  Only rename rejects, for the row to show why; what else goes wrong is
 * told by a toast.
 *
 *   open    { id, go, leave } of the conversation that is shown: its id or null,
 *           the way to another, and to the empty chat
 */
import { useCallback, useMemo, useRef } from 'react';
import { titleOf } from '../state/conversations.js';
import { useConversationExport } from './useConversationExport.js';
import { useDeletion } from './useDeletion.js';
import { useToasts } from './useToasts.js';

export function useConversationActions({ api, list, open }) {
  const { show } = useToasts();
  const left = useRef(null);
  const { rename, pin, hide, restore } = list;

  const { remove, flush } = useDeletion({
    api,
    hide,
    restore,
    onRemoved({ id }) {
      if (id !== open.id) return;
      left.current = id;
      open.leave();
    },
    onRestored({ id }) {
      // Back to it, unless the reader has gone elsewhere.
      if (id === left.current && open.id === null) open.go(id);
      left.current = null;
    },
  });

  const togglePin = useCallback(
    async (item) => {
      try {
        await pin(item.id, !item.pinned);
      } catch (error) {
        const what = item.pinned ? 'unpinned' : 'pinned';
        show({ tone: 'danger', text: `“${titleOf(item)}” could not be ${what}. ${error.message}` });
      }
    },
    [pin, show],
  );

  const save = useConversationExport(api);

  return useMemo(
    () => ({ rename, togglePin, save, remove, flush }),
    [rename, togglePin, save, remove, flush],
  );
}
