import { describe, expect, it } from 'vitest';
import { isComplete } from '../src/api/download.js';
import { deviceOf } from '../src/state/device.js';
import { faultsOf } from '../src/state/faults.js';
import { inviteLink, inviteOf } from '../src/state/invite.js';
import { keyboardHelp } from '../src/state/keyboard.js';
import { pickChoice } from '../src/state/models.js';
import { initialPaged, pagedReducer, rangeOf } from '../src/state/paged.js';
import { initialSession, sessionReducer } from '../src/state/session.js';
import {
  DEFAULT_SETTINGS, formOfSettings, questionOptions, settingsFaults, settingsOfForm,
} from '../src/state/settings.js';
import { sizeOf } from '../src/state/size.js';
import { fromNow } from '../src/state/time.js';

describe('settings', () => {
  const all = {
    provider: 'demo', model: 'a', system: 'Be brief.', temperature: 0, max_tokens: 10,
    reasoning_effort: 'low', on_disconnect: 'stop', theme: 'dark', send_on_enter: false,
  };
  it.each([['the defaults', DEFAULT_SETTINGS], ['all of them', all]])('a form and back: %s', (_name, settings) => {
    expect(settingsOfForm(formOfSettings(settings))).toEqual(settings);
  });

  it.each([
    ['a temperature', { temperature: 2.1 }, ['temperature']],
    ['no number', { temperature: Number.NaN, max_tokens: Number.NaN }, ['temperature', 'max_tokens']],
    ['a part of a token', { max_tokens: 1.5 }, ['max_tokens']],
    ['no tokens', { max_tokens: 0 }, ['max_tokens']],
  ])('what cannot be is said: %s', (_name, change, names) => {
    expect(Object.keys(settingsFaults({ ...all, ...change }))).toEqual(names);
  });

  it('what can be is not', () => expect(settingsFaults(all)).toBeNull());

  it('the system prompt goes with the first question only', () => {
    expect(questionOptions(all, { first: true }).system).toBe('Be brief.');
    expect(questionOptions(all, { first: false })).toEqual({
      temperature: 0, max_tokens: 10, reasoning_effort: 'low', on_disconnect: 'stop',
    });
  });

  it('a default model counts where none was chosen here', () => {
    const catalog = {
      providers: [{ id: 'p', key: 'system' }],
      models: ['a', 'b', 'c'].map((id) => ({ id, provider: 'p' })),
    };
    const choice = (model) => ({ provider: 'p', model });
    expect(pickChoice(catalog, null, choice('b'))).toEqual(choice('b'));
    expect(pickChoice(catalog, choice('c'), choice('b'))).toEqual(choice('c'));
    expect(pickChoice(catalog, null, choice('gone'))).toEqual(choice('a'));
  });
});

describe('a device in words', () => {
  const linux = 'Mozilla/5.0 (X11; Linux x86_64)';
  it.each([
    [`${linux} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36`, 'Chrome on Linux'],
    ['Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0', 'Edge on Windows'],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile Safari/604', 'Safari on iPhone'],
    ['Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0', 'Firefox on Android'],
    ['curl/8.14.1', 'curl'],
    ['', 'An unknown program'],
    [null, 'An unknown program'],
  ])('%s', (line, words) => expect(deviceOf(line)).toBe(words));
});

describe('faults of a form', () => {
  const refusal = { code: 'conflict', message: 'That name is taken.', details: null };
  it.each([
    ['by its details', { message: 'x', details: { a: 'This is required.' } }, { fields: { a: 'This is required.' }, text: null }],
    ['of no field here', { message: 'x', details: { z: 'This is odd.' } }, { fields: {}, text: 'x' }],
    ['by its code', refusal, { fields: { a: refusal.message }, text: null }],
    ['none', null, { fields: {}, text: null }],
  ])('%s', (_name, error, faults) => expect(faultsOf(error, ['a'], { conflict: 'a' })).toEqual(faults));
});

describe('a page of a list', () => {
  const loaded = pagedReducer(initialPaged, {
    type: 'loaded', items: [{ id: 'a' }, { id: 'b' }], page: 2, limit: 30, total: 32,
  });
  it('says where it is', () => expect(rangeOf(loaded)).toBe('31 to 32 of 32'));
  it('stays while the next is on its way, and when that fails', () => {
    const asked = pagedReducer(loaded, { type: 'asked', page: 1, search: '' });
    expect(asked.items).toBe(loaded.items);
    expect(pagedReducer(asked, { type: 'failed', error: {} })).toMatchObject({ phase: 'ready', items: loaded.items });
  });
  it('takes one item anew', () => {
    const item = { id: 'b', disabled: true };
    expect(pagedReducer(loaded, { type: 'changed', item }).items).toEqual([{ id: 'a' }, item]);
  });
});

it.each([
  ['#invite=aB_-9', 'aB_-9'],
  ['#invite=', null],
  ['#invite=a b', null],
  ['#other', null],
])('the invitation in %s', (hash, code) => expect(inviteOf(hash)).toBe(code));

it('a link is read as it is made', () => {
  expect(inviteOf(new URL(inviteLink('https://chat.example', 'a-1')).hash)).toBe('a-1');
});

it.each([
  [-20_000, 'just now'], [-3 * 60_000, '3 minutes ago'], [7 * 86_400_000, 'next week'], [-86_400_000, 'yesterday'],
])('%d ms from now', (ms, words) => expect(fromNow(new Date(1e12 + ms).toISOString(), 1e12)).toBe(words));

it.each([[812, '812 bytes'], [3_400_000, '3.4 MB'], [1000, '1.0 kB']])('%d bytes', (bytes, words) => {
  expect(sizeOf(bytes)).toBe(words);
});

it.each([
  ['{"conversations": [],\n"complete": true}\n', true],
  ['{"conversations": [', false],
  ['', false],
])('an export that ends with %j', async (text, whole) => {
  const blob = { slice: () => ({ text: async () => text }) };
  expect(await isComplete(blob)).toBe(whole);
});

it('the help names the key that sends', () => {
  expect(keyboardHelp({ sendOnEnter: true, isMac: false })[0][0]).toEqual(['Enter']);
  expect(keyboardHelp({ sendOnEnter: false, isMac: true })[0][0]).toEqual(['⌘', 'Enter']);
});

it('a deleted account says so', () => {
  const inside = sessionReducer(initialSession, { type: 'signed_in', user: {} });
  expect(sessionReducer(inside, { type: 'deleted' })).toMatchObject({ phase: 'signed_out', user: null });
  expect(sessionReducer(inside, { type: 'deleted' }).notice).toMatch(/deleted/);
});
