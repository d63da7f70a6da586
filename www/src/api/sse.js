/*
 * An event stream of ours, read into events.
 *
 * createReader is a stage: bytes of any cut go in, whole messages come out, as
 * WHATWG HTML section 9.2.6 has it.  createDecoder makes events of them, and
 * exactly one of these is an end: `done` or `error` as the server sent it, or
 * `broken` where the stream stopped without either or said something that no
 * server of ours says.  After the end nothing more comes out.
 *
 * The kinds below are a closed list.  The text of a model arrives inside a JSON
 * string and can never become an event; an event with a name, or of a kind that
 * is not listed, is passed over.
 */
import { createParser } from 'eventsource-parser';

/* Our largest event is all of an answer, for one who joins; more is not ours. */
const EVENT_CHARS_MAX = 32 * 1024 * 1024;

/* The server speaks at least every 15 s; three times that is a dead line. */
export const SILENCE_MS_MAX = 45_000;

/* After its last event a response closes by itself; it is given this long. */
const CLOSING_MS_MAX = 2000;

const isText = (value) => typeof value === 'string';
const isObject = (value) => value !== null && typeof value === 'object';

/* The first row whose test holds names the event. */
const CHAT_KINDS = [
  ['done', (data) => data.done === true],
  ['error', (data) => isText(data.error)],
  ['started', (data) => isText(data.stream_id)],
  ['content', (data) => isText(data.content)],
  ['reasoning', (data) => isText(data.reasoning)],
  ['retry', (data) => isObject(data.retry)],
  ['restart', (data) => data.restart === true],
];

/* As the server sent them.  `broken` is ours and ends only this reading. */
const ENDS = new Set(['done', 'error', 'broken']);
export const isEnd = (event) => event.type === 'done' || event.type === 'error';

function parseObject(text) {
  try {
    const data = JSON.parse(text);
    return isObject(data) ? data : null;
  } catch {
    return null;
  }
}

/* `onMessage` gets { event, data, id }; `onTooLarge` is told of one that is. */
export function createReader(onMessage, onTooLarge, charsMax = EVENT_CHARS_MAX) {
  // The parser drops the BOM; if both did, a second one would be dropped too.
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  const parser = createParser({
    onEvent: onMessage,
    onError(error) {
      if (error.type === 'max-buffer-size-exceeded') onTooLarge();
    },
    maxBufferSize: charsMax,
  });

  return { feed: (bytes) => parser.feed(utf8.decode(bytes, { stream: true })) };
}

export function createDecoder(onEvent, { kinds = CHAT_KINDS, charsMax = EVENT_CHARS_MAX } = {}) {
  let ended = false;

  function emit(event) {
    if (ended) return;
    ended = ENDS.has(event.type);
    onEvent(event);
  }

  function take(message) {
    if (message.event && message.event !== 'message') return;
    const data = parseObject(message.data);
    if (!data) return emit({ type: 'broken' });
    const kind = kinds.find(([, holds]) => holds(data));
    if (kind) emit({ type: kind[0], position: message.id ?? null, data });
  }

  const reader = createReader(take, () => emit({ type: 'broken' }), charsMax);

  return {
    feed(bytes) {
      if (!ended) reader.feed(bytes);
    },
    end: () => emit({ type: 'broken' }),
    ended: () => ended,
  };
}

/*
 * Reads a response until it closes, also past its last event: breaking it off
 * there would cost the connection and show as a failed request.  Leaving (the
 * signal) is silent: no end comes out, because nobody is there to be told.
 * Never rejects.
 */
export async function readEvents(response, onEvent, { signal, silenceMs = SILENCE_MS_MAX } = {}) {
  const decoder = createDecoder(onEvent);
  const reader = response.body.getReader();
  let timer;
  let closed = false;

  const drop = () => reader.cancel().catch(() => {});

  function watch() {
    clearTimeout(timer);
    timer = setTimeout(drop, decoder.ended() ? CLOSING_MS_MAX : silenceMs);
  }

  signal?.addEventListener('abort', drop);
  try {
    while (!signal?.aborted) {
      watch();
      const { value, done } = await reader.read();
      closed = done;
      if (done || signal?.aborted) break;
      decoder.feed(value);
    }
  } catch {
    // A read that fails is a stream that broke; the line below says so.
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', drop);
  }
  if (!signal?.aborted) decoder.end();
  if (!closed) drop();
}
