/*
 * The cases of the standard's own tests (WHATWG HTML section 9.2.6, from
 * web-platform-tests), through the page's parser, whole and cut at every byte.
 * They are of a collection that is not part of the source: LLMSELECT_FIXTURES
 * says where it is.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createReader } from '../src/api/sse.js';

/* Tests run in www/. */
const FIXTURES = process.env.LLMSELECT_FIXTURES ?? resolve('../../shared/fixtures');
const FILE = join(FIXTURES, 'sse-format/cases.json');
const CASES = existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : [];

/* An id stays until another comes; the reader gives that of each message. */
function read(chunks) {
  const messages = [];
  let last = '';
  const reader = createReader(({ event, data, id }) => {
    last = id ?? last;
    messages.push({ event: event || 'message', data, id: last });
  });

  for (const chunk of chunks) reader.feed(chunk);
  return messages;
}

describe.skipIf(CASES.length === 0)('the cases of the standard', () => {
  it.each(CASES.map((row) => [row.name, row]))('%s', (_name, { bytes_b64, expect: expected }) => {
    const bytes = new Uint8Array(Buffer.from(bytes_b64, 'base64'));

    expect(read([bytes])).toEqual(expected);
    for (let at = 0; at <= bytes.length; at++) {
      expect(read([bytes.slice(0, at), bytes.slice(at)]), `cut at ${at}`).toEqual(expected);
    }
    expect(read([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(expected);
  });
});

if (CASES.length === 0) it.skip('the cases of the standard are not here (LLMSELECT_FIXTURES)');
