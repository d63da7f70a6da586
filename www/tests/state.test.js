import { describe, expect, it } from 'vitest';
import { splitBlocks } from '../src/state/blocks.js';
import { groupConversations } from '../src/state/conversations.js';
import { countWords, duration, ending, facts, money } from '../src/state/format.js';
import { pickChoice } from '../src/state/models.js';
import { wholeSentences } from '../src/state/sentences.js';
import { initialSession, sessionReducer } from '../src/state/session.js';

describe('facts', () => {
  it('are one quiet line', () => {
    const message = {
      model: 'gpt', timing: { ttft_ms: 412, tokens_per_second: 31.2 },
      usage: { output_tokens: 1, source: 'provider' },
      cost: { amount: 0.00012, currency: 'USD', price_date: '2026-08-22' },
    };
    expect(facts(message).map((row) => row.text)).toEqual([
      'gpt', '0.4 s to first', '31 tok/s', '1 token', '≈ $0.00012',
    ]);
  });

  it('an estimate wears ≈ and says whose it is', () => {
    const [row] = facts({ usage: { output_tokens: 1200, source: 'estimate' } });
    expect(row.text).toBe('≈ 1,200 tokens');
    expect(row.title).toMatch(/LLMSelect/);
  });

  it('say nothing that is not known', () => {
    expect(facts({ usage: null, timing: { ttft_ms: null }, cost: null })).toEqual([]);
  });
});

it.each([
  [21, '21 ms'],
  [412, '0.4 s'],
  [12_345, '12 s'],
])('%d ms is %s', (ms, text) => expect(duration(ms)).toBe(text));

it('money keeps two digits that mean something', () => {
  expect(money({ amount: 0.0000456, currency: 'USD' })).toBe('$0.000046');
  expect(money({ amount: 1.5, currency: 'USD' })).toBe('$1.50');
});

describe('endings', () => {
  it.each([
    ['stopped', { state: 'cancelled', content: 'two words' }, 'Stopped. 2 words kept.'],
    ['stopped early', { state: 'cancelled', content: '' }, 'Stopped before any text came.'],
    ['length', { state: 'length', content: 'a' }, 'Cut off at the length limit.'],
    ['refused', { state: 'refused', content: '' }, 'OpenAI declined to answer this.'],
    ['failed', { state: 'failed', content: '', error: { message: 'No.' } }, 'No.'],
    ['interrupted', { state: 'interrupted', content: 'a' }, 'The connection to OpenAI broke. What came is kept.'],
    ['interrupted by the network', { state: 'interrupted', content: 'a', error: { code: 'network', message: 'It broke. Try again.' } },
      'The connection to OpenAI broke. What came is kept.'],
    ['interrupted by the server', { state: 'interrupted', content: 'a', error: { code: 'interrupted', message: 'What came is kept.' } },
      'The answer was cut off at the server. What came is kept.'],
    ['interrupted otherwise', { state: 'interrupted', content: 'a', error: { code: 'provider_protocol', message: 'OpenAI sent nonsense.' } },
      'OpenAI sent nonsense. What came is kept.'],
    ['complete', { state: 'complete', content: 'a' }, null],
  ])('%s', (_name, message, text) => expect(ending(message, 'OpenAI')).toBe(text));
});

describe('words', () => {
  it.each([
    ['Hello, world.', 2],
    ['', 0],
    ['— …', 0],
  ])('of %j', (text, count) => expect(countWords(text)).toBe(count));

  it('are found without spaces too', () => expect(countWords('數據庫很快')).toBeGreaterThan(1));
});

describe('blocks', () => {
  it.each([
    ['paragraphs', 'a\n\nb', ['a', 'b']],
    ['a loose list stays whole', '- a\n\n- b\n\n  more', ['- a\n\n- b\n\n  more']],
    ['a list ends before a paragraph', '1. a\n\nb', ['1. a', 'b']],
    ['a fence stays whole', '```\na\n\nb\n```\n\nc', ['```\na\n\nb\n```', 'c']],
    ['a shorter fence does not close', '````\n```\n\na\n````', ['````\n```\n\na\n````']],
    ['an open fence', '```js\na\n\nb', ['```js\na\n\nb']],
    ['inline marks are no fence', '```a``` b\n\nc', ['```a``` b', 'c']],
    ['footnotes reach further', 'a[^1]\n\n[^1]: b', ['a[^1]\n\n[^1]: b']],
    ['HTML is text', '<pre>\n\nx', ['<pre>', 'x']],
    ['a fence in a paragraph', 'a\n```\nb\n```\nc', ['a', '```\nb\n```', 'c']],
    ['a fence in a list stays there', '- a\n  ```\n  b\n  ```\n- c', ['- a\n  ```\n  b\n  ```\n- c']],
  ])('%s', (_name, text, pieces) => {
    expect(splitBlocks(text)).toEqual(pieces);
    const bare = (each) => each.replace(/\s/g, '');
    expect(bare(splitBlocks(text).join(''))).toBe(bare(text));
  });
});

describe('sentences', () => {
  it('come whole, once, and without marks', () => {
    const first = wholeSentences('**One.** Two', 0, false);
    expect(first.spoken).toEqual(['One.']);
    const second = wholeSentences('**One.** Two is here. Three', first.next, false);
    expect(second.spoken).toEqual(['Two is here.']);
    expect(wholeSentences('**One.** Two is here. Three', second.next, true).spoken).toEqual(['Three']);
  });
});

describe('conversations', () => {
  it('are grouped by when they were last used, pinned first', () => {
    const now = new Date(2026, 10, 22, 12).getTime();
    const at = (day, hour) => new Date(2026, 10, day, hour).toISOString();
    const items = [
      { id: 'a', updated_at: at(22, 1) },
      { id: 'b', updated_at: at(21, 23) },
      { id: 'c', updated_at: at(20, 23) },
      { id: 'd', updated_at: at(1, 1), pinned: true },
      { id: 'e', updated_at: at(15, 0) },
      { id: 'f', updated_at: at(14, 23) },
    ];
    const groups = groupConversations(items, now).map((g) => [g.name, g.items.map(({ id }) => id).join()]);
    expect(groups).toEqual([
      ['Pinned', 'd'], ['Today', 'a'], ['Yesterday', 'b'], ['Previous 7 days', 'c,e'], ['Older', 'f'],
    ]);
  });
});

describe('models', () => {
  const catalog = {
    providers: [{ id: 'a', key: null }, { id: 'b', key: 'system' }],
    models: [{ id: 'x', provider: 'a' }, { id: 'y', provider: 'b' }],
  };
  it.each([
    ['the remembered one', { provider: 'a', model: 'x' }, { provider: 'a', model: 'x' }],
    ['else one that needs no key', null, { provider: 'b', model: 'y' }],
    ['a vanished one is forgotten', { provider: 'a', model: 'gone' }, { provider: 'b', model: 'y' }],
  ])('%s', (_name, remembered, choice) => expect(pickChoice(catalog, remembered)).toEqual(choice));
});

describe('session', () => {
  const inside = sessionReducer(initialSession, { type: 'signed_in', user: { id: 'u' } });
  it('that ends by itself says so', () => {
    expect(sessionReducer(inside, { type: 'signed_out' }).notice).toMatch(/has ended/);
  });
  it('that is left does not', () => {
    expect(sessionReducer(inside, { type: 'left' })).toMatchObject({ phase: 'signed_out', notice: null, user: null });
  });
  it('is kept while the server is away', () => {
    expect(sessionReducer(inside, { type: 'unreachable', error: {} })).toBe(inside);
  });
});
