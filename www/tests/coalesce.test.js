import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { COALESCE_MS, createCoalescer } from '../src/api/coalesce.js';

const text = (content) => ({ type: 'content', data: { content } });
const thought = (reasoning) => ({ type: 'reasoning', data: { reasoning } });

let out;
let stage;

beforeEach(() => {
  vi.useFakeTimers();
  out = [];
  stage = createCoalescer((event) => out.push(event));
});

afterEach(() => vi.useRealTimers());

it('the first delta passes at once, the next ones together', () => {
  for (const each of ['a', 'b', 'c']) stage.push(text(each));
  expect(out).toEqual([text('a')]);
  vi.advanceTimersByTime(COALESCE_MS);
  expect(out).toEqual([text('a'), text('bc')]);
});

it('kinds keep their order', () => {
  for (const each of [text('a'), thought('x'), thought('y'), text('b')]) stage.push(each);
  vi.advanceTimersByTime(COALESCE_MS);
  expect(out).toEqual([text('a'), thought('xy'), text('b')]);
});

it('an end is never overtaken and never waits', () => {
  for (const each of [text('a'), text('b'), { type: 'done' }]) stage.push(each);
  expect(out).toEqual([text('a'), text('b'), { type: 'done' }]);
});

it('stopped, it gives nothing more', () => {
  stage.push(text('a'));
  stage.push(text('b'));
  stage.stop();
  vi.advanceTimersByTime(1000);
  expect(out).toEqual([text('a')]);
});
