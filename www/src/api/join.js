/*
 * Reads an answer that runs at the server to its end, over as many connections
 * as that takes.
 *
 * Each connection begins after the last position that was read, so no text is
 * missing and none comes twice.  `from.position` is that position; without one
 * the stream comes from its start, and `from.known` = { content, reasoning } is
 * what of it is shown already.  A page that is hidden does not read, for a
 * browser has few connections to a host; it joins when it is shown again.
 *
 * `onEvent` is told the events of the stream, each once but for `started`, and
 * `lost` when a connection broke.  Resolves to
 *   ended    `done` or `error` came
 *   left     the signal
 *   refused  the server has no such stream to join
 *   gave_up  TRIES_MAX times in a row nothing came
 */
import { createKnown } from './known.js';
import { isEnd, readEvents } from './sse.js';
import { shown, wait } from './wait.js';

/* After a connection that brought nothing new, and the next such ones. */
const PAUSES_MS = [500, 1000, 2000, 4000, 8000];
const TRIES_MAX = 20;

const NOTHING = { content: '', reasoning: '' };

/* These may be well a moment later; any other refusal is one. */
const PASSING = new Set([0, 408, 429, 502, 503, 504]);

/*
 * One connection: its signal ends with `signal`, with drop(), and, where
 * `mayDrop` holds, when the page is hidden.
 */
export function createConnection(signal, mayDrop = () => true) {
  const own = new AbortController();
  const drop = () => own.abort();
  const hide = () => document.hidden && mayDrop() && drop();
  if (signal.aborted) drop();
  signal.addEventListener('abort', drop);
  document.addEventListener('visibilitychange', hide);
  return {
    signal: own.signal,
    drop,
    close() {
      signal.removeEventListener('abort', drop);
      document.removeEventListener('visibilitychange', hide);
    },
  };
}

export async function joinAnswer({ api, id, from = {}, signal, onEvent, onConnection, waitMs = 0 }) {
  let { position = null } = from;
  let fruitless = 0;
  let ended = false;
  const tell = createKnown(from.known ?? NOTHING, onEvent);

  function take(event) {
    if (event.type === 'broken') return;
    if (event.type !== 'started') fruitless = 0;
    position = event.position ?? position;
    ended ||= isEnd(event);
    tell(event);
  }

  async function readOnce() {
    const connection = createConnection(signal);
    onConnection?.(connection);
    try {
      const response = await api.joinStream(id, position, { signal: connection.signal });
      await readEvents(response, take, { signal: connection.signal });
      return true;
    } catch (error) {
      return connection.signal.aborted || PASSING.has(error.status);
    } finally {
      connection.close();
    }
  }

  await wait(waitMs, signal);
  while (fruitless < TRIES_MAX) {
    await shown(signal);
    if (signal.aborted) return 'left';
    const mayTryAgain = await readOnce();
    if (ended) return 'ended';
    if (signal.aborted) return 'left';
    if (!mayTryAgain) return 'refused';
    if (document.hidden) continue;
    onEvent({ type: 'lost' });
    await wait(PAUSES_MS[Math.min(fruitless, PAUSES_MS.length - 1)], signal);
    fruitless++;
  }
  return 'gave_up';
}
