import { describe, expect, it } from 'vitest';
import { chatReducer, currentMessage, initialChat } from '../src/state/chat.js';
import { DONE, FIRST } from './wire.js';

const submitted = {
  type: 'submitted', requestId: 'r1', text: 'Why?', provider: 'demo', model: 'demo', at: 1000,
};
const started = { type: 'started', data: FIRST };
const content = (text) => ({ type: 'content', position: '1.0', data: { content: text } });
const done = (reason) => ({ type: 'done', data: { ...DONE, finish_reason: reason } });
const failed = (partial) => ({
  type: 'error', data: { error: 'OpenAI refused the API key.', code: 'provider_auth', partial },
});

const run = (...actions) => actions.reduce(chatReducer, initialChat);
const last = (state) => state.messages.at(-1);

describe('how an answer ends', () => {
  it.each([
    ['a stop', [content('a'), done('stop')], 'complete', 'ready'],
    ['a tool call', [done('tool')], 'complete', 'ready'],
    ['the limit', [content('a'), done('length')], 'length', 'ready'],
    ['a refusal', [done('refusal')], 'refused', 'ready'],
    ['a filter', [done('content_filter')], 'refused', 'ready'],
    ['the user', [content('a'), { type: 'stopping' }, done('cancelled')], 'cancelled', 'ready'],
    ['an error before text', [failed(false)], 'failed', 'error'],
    ['an error within text', [content('a'), failed(true)], 'interrupted', 'error'],
    ['no end', [content('a'), { type: 'broken' }], 'broken', 'error'],
  ])('%s', (_name, actions, state, status) => {
    const chat = run(submitted, started, ...actions);
    expect([last(chat).state, chat.status, chat.live]).toEqual([state, status, null]);
  });
});

it('goes ready → submitted → streaming → ready', () => {
  const seen = [];
  [submitted, started, content('a'), done('stop')].reduce((state, action) => {
    const next = chatReducer(state, action);
    seen.push(next.status);
    return next;
  }, initialChat);
  expect(seen).toEqual(['submitted', 'streaming', 'streaming', 'ready']);
});

it('joins deltas and takes the ids of the first event without new keys', () => {
  const before = run(submitted);
  const chat = run(submitted, started, content('Hel'), content('lo'));
  expect(currentMessage(chat)).toMatchObject({ id: 'm1', content: 'Hello', state: 'running' });
  expect(chat.messages.map((m) => m.key)).toEqual(before.messages.map((m) => m.key));
  expect(chat.messages[0].id).toBe('u1');
  expect(chat.conversationId).toBe('c1');
});

it('a refusal before the stream leaves no trace but the error', () => {
  const error = { code: 'busy', message: 'Busy.' };
  const chat = run(submitted, { type: 'rejected', error });
  expect(chat).toMatchObject({ messages: [], status: 'error', error });
});

it('retrying replaces the last answer, and a refusal brings it back', () => {
  const ended = run(submitted, started, failed(false));
  const again = chatReducer(ended, { ...submitted, requestId: 'r2', text: null, regenerate: true });
  expect(again.messages.map((m) => m.role)).toEqual(['user', 'assistant']);
  expect(last(again)).toMatchObject({ state: 'running', content: '' });
  const back = chatReducer(again, { type: 'rejected', error: { code: 'busy', message: '' } });
  expect(last(back).state).toBe('failed');
});

it('what comes after the end changes nothing', () => {
  const chat = run(submitted, started, done('stop'));
  for (const action of [content('late'), done('length'), failed(true), { type: 'broken' }]) {
    expect(chatReducer(chat, action)).toBe(chat);
  }
});

it('restart drops the text shown', () => {
  const chat = run(submitted, started, content('wrong'), { type: 'restart' }, content('right'));
  expect(last(chat).content).toBe('right');
});

it('a retry is shown until text comes', () => {
  const retry = { type: 'retry', at: 500, data: { retry: { in_ms: 2000, code: 'timeout' } } };
  const waiting = run(submitted, started, retry);
  expect(waiting.live.retry.until).toBe(2500);
  expect(chatReducer(waiting, content('a')).live.retry).toBeNull();
});

describe('loading', () => {
  const conversation = (state) => ({
    id: 'c1',
    title: 'T',
    messages: [
      { id: 'u1', role: 'user', content: 'Why?', state: 'complete' },
      { id: 'm1', role: 'assistant', content: 'Be', state, created_at: '2026-01-01T00:00:00Z' },
    ],
  });
  const opened = { type: 'opened', conversationId: 'c1' };

  it('a running answer is streaming, by its own id', () => {
    const chat = run(opened, { type: 'loaded', conversation: conversation('running') });
    expect(chat).toMatchObject({ status: 'streaming', live: { streamId: 'm1' } });
  });

  it('a finished one is not', () => {
    const chat = run(opened, { type: 'loaded', conversation: conversation('complete') });
    expect(chat).toMatchObject({ status: 'ready', live: null, load: 'ready' });
  });

  it('after a break keeps the keys of what is drawn', () => {
    const broken = run(submitted, started, content('B'), { type: 'broken' });
    const chat = chatReducer(broken, { type: 'loaded', conversation: conversation('complete') });
    expect(chat.messages.map((m) => m.key)).toEqual(broken.messages.map((m) => m.key));
    expect(last(chat).content).toBe('Be');
  });

  it('an answer for another conversation is dropped', () => {
    const chat = run({ type: 'opened', conversationId: 'c2' });
    expect(chatReducer(chat, { type: 'loaded', conversation: conversation('complete') })).toBe(chat);
  });

  it.each([
    ['unknown', { code: 'not_found', status: 404 }, 'not_found'],
    ['not an id', { code: 'validation_error', status: 422 }, 'not_found'],
    ['away', { code: 'unavailable', status: 503 }, 'failed'],
  ])('%s', (_name, error, load) => {
    expect(run(opened, { type: 'load_failed', error }).load).toBe(load);
  });
});
