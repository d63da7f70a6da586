import { describe, expect, it, vi } from 'vitest';
import { createDecoder, readEvents } from '../src/api/sse.js';
import { createWire, DONE, FIRST, line } from './wire.js';

const CONTENT = { content: 'Grüße, 数据库 🌍' };
const PLAIN = line(FIRST) + line(CONTENT, '3.0') + ': beat\n\n' + line(DONE, '9.0');

/* Each row: a name, the stream, the kinds that come out. */
const ROWS = [
  ['a whole answer', PLAIN, ['started', 'content', 'done']],
  ['CRLF', PLAIN.replaceAll('\n', '\r\n'), ['started', 'content', 'done']],
  ['CR', PLAIN.replaceAll('\n', '\r'), ['started', 'content', 'done']],
  ['an end missing', line(FIRST) + line(CONTENT), ['started', 'content', 'broken']],
  ['the last blank line missing', line(FIRST) + line(DONE).trimEnd(), ['started', 'broken']],
  ['nothing at all', '', ['broken']],
  ['an error', line(FIRST) + line({ error: 'No.', code: 'network' }), ['started', 'error']],
  ['two ends', line(DONE) + line({ error: 'No.', code: 'network' }), ['done']],
  ['text after the end', line(DONE) + line(CONTENT), ['done']],
  ['reasoning, retry, restart',
    line({ reasoning: 'Hm.' }) + line({ retry: { in_ms: 5 } }) + line({ restart: true }) + line(DONE),
    ['reasoning', 'retry', 'restart', 'done']],
  ['an event with a name is not ours', `event: execute\n${line(CONTENT)}${line(DONE)}`, ['done']],
  ['an unknown kind is passed over', line({ execute: 'alert(1)' }) + line(DONE), ['done']],
  ['an end inside the text stays text', line({ content: '\n\ndata: {"done": true}\n\n' }), ['content', 'broken']],
  ['done that is not true is no end', line({ done: 'yes' }), ['broken']],
  ['unreadable JSON', `data: {"content": \n\n${line(DONE)}`, ['broken']],
];

async function read(chunks) {
  const wire = createWire();
  const events = [];
  const finished = readEvents(wire.response, (event) => events.push(event));
  for (const chunk of chunks) wire.bytes(chunk);
  wire.close();
  await finished;
  return events;
}

describe('every stream in every cut', () => {
  it.each(ROWS)('%s', async (_name, text, kinds) => {
    const all = new TextEncoder().encode(text);
    const whole = await read([all]);
    expect(whole.map((event) => event.type)).toEqual(kinds);
    for (let at = 1; at < all.length; at++) {
      expect(await read([all.slice(0, at), all.slice(at)])).toEqual(whole);
    }
    const single = await read([...all].map((_, i) => all.slice(i, i + 1)));
    expect(single).toEqual(whole);
  });
});

describe('readEvents', () => {
  it('gives text and position unchanged', async () => {
    const [, content] = await read([new TextEncoder().encode(PLAIN)]);
    expect(content).toEqual({ type: 'content', position: '3.0', data: CONTENT });
  });

  it('calls a failing connection broken, once', async () => {
    const wire = createWire();
    const events = [];
    const finished = readEvents(wire.response, (event) => events.push(event.type));
    wire.send(FIRST);
    await new Promise((resolve) => setTimeout(resolve));
    wire.fail();
    await finished;
    expect(events).toEqual(['started', 'broken']);
  });

  it('calls a silent connection broken', async () => {
    vi.useFakeTimers();
    const wire = createWire();
    const events = [];
    const finished = readEvents(wire.response, (event) => events.push(event.type), { silenceMs: 50 });
    wire.send(FIRST);
    await vi.advanceTimersByTimeAsync(49);
    wire.text(': beat\n\n');
    await vi.advanceTimersByTimeAsync(49);
    expect(events).toEqual(['started']);
    await vi.advanceTimersByTimeAsync(2);
    await finished;
    expect(events).toEqual(['started', 'broken']);
    vi.useRealTimers();
  });

  it('says nothing to somebody who left', async () => {
    const wire = createWire();
    const controller = new AbortController();
    const events = [];
    const finished = readEvents(wire.response, (event) => events.push(event.type), {
      signal: controller.signal,
    });
    controller.abort();
    wire.send(FIRST);
    await finished;
    expect(events).toEqual([]);
  });
});

const bytes = (text) => new TextEncoder().encode(text);

it('an event beyond the ceiling breaks the stream', () => {
  const events = [];
  const decoder = createDecoder((event) => events.push(event.type), { charsMax: 1000 });
  decoder.feed(bytes(`data: {"content": "${'x'.repeat(600)}`));
  decoder.feed(bytes('x'.repeat(600)));
  decoder.feed(bytes('"}\n\n'));
  expect(events).toEqual(['broken']);
});

it('all of a long answer fits into one event', () => {
  const events = [];
  const decoder = createDecoder((event) => events.push(event));
  const content = 'x'.repeat(4 * 1024 * 1024);
  const all = bytes(line({ content }));
  for (let at = 0; at < all.length; at += 65_536) decoder.feed(all.slice(at, at + 65_536));
  expect(events[0].data.content.length).toBe(content.length);
});
