import { describe, expect, it } from 'vitest';
import { hasMore, initialList, listReducer, PAGE, shownItems, titleOf } from '../src/state/conversations.js';

const item = (id, change) => ({ id, title: id, pinned: false, updated_at: '2026-11-22T10:00:00.000Z', ...change });
const run = (...actions) => actions.reduce(listReducer, initialList);
const loaded = (items, change) => ({
  type: 'loaded', query: '', wanted: PAGE, items, total: items.length, at: 1, ...change,
});
const ids = (list) => shownItems(list).map(({ id }) => id).join();
const error = new Error('Away.');

describe('phases', () => {
  it.each([
    ['at first', [], 'loading'],
    ['loaded', [loaded([])], 'ready'],
    ['failed with nothing to show', [{ type: 'failed', error }], 'failed'],
    ['failed and tried again', [{ type: 'failed', error }, { type: 'asked' }], 'loading'],
    ['failed with a list', [loaded([]), { type: 'failed', error }], 'ready'],
    ['asked with a list', [loaded([]), { type: 'asked' }], 'ready'],
  ])('%s', (_name, actions, phase) => expect(run(...actions).phase).toBe(phase));

  it('an error goes with the next list and the next search', () => {
    const failed = run(loaded([]), { type: 'failed', error });
    expect(failed.error).toBe(error);
    expect(listReducer(failed, loaded([])).error).toBeNull();
    expect(listReducer(failed, { type: 'searched', query: 'x' }).error).toBeNull();
  });
});

describe('more', () => {
  const full = run(loaded([item('a')], { total: 2 }));
  it('is wanted once, until it has come', () => {
    const more = listReducer(full, { type: 'more' });
    expect(more.wanted).toBe(2 * PAGE);
    expect(listReducer(more, { type: 'more' })).toBe(more);
  });
  it('is not wanted where there is none', () => {
    const all = run(loaded([item('a')]));
    expect(hasMore(all)).toBe(false);
    expect(listReducer(all, { type: 'more' })).toBe(all);
  });
  it('begins anew with a search', () => {
    const more = listReducer(full, { type: 'more' });
    expect(listReducer(more, { type: 'searched', query: 'x' }).wanted).toBe(PAGE);
  });
});

describe('what is changed', () => {
  const list = run(loaded([item('a', { updated_at: '2026-11-22T11:00:00.000Z' }), item('b'), item('c', { updated_at: '2026-11-21T10:00:00.000Z' })]));

  it('pinned goes to the top, unpinned to its time', () => {
    const pinned = listReducer(list, { type: 'changed', conversation: item('b', { pinned: true }) });
    expect(ids(pinned)).toBe('b,a,c');
    expect(ids(listReducer(pinned, { type: 'changed', conversation: item('b') }))).toBe('a,b,c');
  });

  it('has its title everywhere, and makes the list be asked for again', () => {
    const renamed = listReducer(list, { type: 'changed', conversation: item('b', { title: 'New' }) });
    expect(shownItems(renamed)[1].title).toBe('New');
    expect(renamed.titles.b).toBe('New');
    expect(renamed.turn).toBe(list.turn + 1);
  });

  it('is known by its title also where a search does not find it', () => {
    const searched = listReducer(list, loaded([], { query: 'zzz' }));
    expect(searched.titles.a).toBe('a');
  });
});

it('what is hidden stays so when the list comes again, until it is restored', () => {
  const items = [item('a'), item('b')];
  const hidden = run(loaded(items), { type: 'hidden', id: 'a' }, loaded(items));
  expect(ids(hidden)).toBe('b');
  expect(ids(listReducer(hidden, { type: 'restored', id: 'a' }))).toBe('a,b');
});

it('an untitled one has a name', () => expect(titleOf({ title: '' })).toBe('New conversation'));
