/*
 * Saves a conversation as a file.  What went wrong is told by a toast, with a
 * way to try again.
 */
import { useCallback } from 'react';
import { saveFile } from '../api/file.js';
import { titleOf } from '../state/conversations.js';
import { useToasts } from './useToasts.js';

export function useConversationExport(api) {
  const { show } = useToasts();

  return useCallback(
    async function save(item, format) {
      try {
        saveFile(await api.exportConversation(item.id, format));
      } catch (error) {
        show({
          tone: 'danger',
          text: `“${titleOf(item)}” could not be exported. ${error.message}`,
          action: { label: 'Try again', run: () => save(item, format) },
        });
      }
    },
    [api, show],
  );
}
