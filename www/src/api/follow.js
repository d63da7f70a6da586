/*
 * Follows an answer whose stream cannot be joined, by asking for its
 * conversation until the answer has ended.
 *
 * Asks once a second while the page is shown; while it is hidden it waits.
 * Gives up after POLLS_MAX answers or FAILURES_MAX failures in a row.  Resolves
 * to `ended`, `gave_up` or `left` (the signal).
 */
import { shown, wait } from './wait.js';

export const POLL_MS = 1000;
const POLLS_MAX = 1200;
const FAILURES_MAX = 5;

export function isRunning(conversation) {
  return conversation.messages.at(-1)?.state === 'running';
}

export async function followConversation({ api, id, signal, onConversation, pollMs = POLL_MS }) {
  let failures = 0;
  for (let polls = 0; polls < POLLS_MAX && failures < FAILURES_MAX; polls++) {
    await wait(pollMs, signal);
    await shown(signal);
    if (signal.aborted) return 'left';
    try {
      const conversation = await api.conversation(id, { signal });
      if (signal.aborted) return 'left';
      failures = 0;
      onConversation(conversation);
      if (!isRunning(conversation)) return 'ended';
    } catch {
      if (signal.aborted) return 'left';
      failures++;
    }
  }
  return 'gave_up';
}
