import { act, renderHook } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SEARCH_PAUSE_MS, useConversations } from '../src/hooks/useConversations.js';
import { PAGE } from '../src/state/conversations.js';
import { deferred } from './wire.js';

const item = (id, title = id) => ({ id, title, pinned: false, updated_at: '2026-11-22T10:00:00.000Z' });
const some = (count) => Array.from({ length: count }, (_, i) => item(`c${i}`));
const settle = (ms = 0) => act(() => vi.advanceTimersByTimeAsync(ms));

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/* Each question waits for its answer; asked[i].answer(items). */
function slowApi() {
  const asked = [];
  const conversations = vi.fn((wanted) => {
    const { promise, resolve, reject } = deferred();
    const answer = (items, total = items.length) => act(async () => resolve({ items, total }));
    asked.push({ wanted, answer, fail: (error) => act(async () => reject(error)) });
    return promise;
  });
  return { asked, conversations };
}

const ids = (result) => result.current.items.map(({ id }) => id).join();

it('searches once the writer pauses', async () => {
  const api = slowApi();
  const { result } = renderHook(() => useConversations(api));
  await api.asked[0].answer([item('a'), item('b')]);
  for (const text of ['z', 'ze', 'zeb']) {
    act(() => result.current.search(text));
    await settle(SEARCH_PAUSE_MS - 1);
  }
  expect(api.conversations).toHaveBeenCalledTimes(1);
  expect(ids(result)).toBe('a,b');
  expect(result.current.searching).toBe(true);
  await settle(1);
  expect(api.asked[1].wanted).toEqual({ page: 1, limit: PAGE, search: 'zeb' });
  await api.asked[1].answer([item('b')]);
  expect(ids(result)).toBe('b');
  expect(result.current.searching).toBe(false);
});

it('drops a search’s answer that comes late', async () => {
  const api = slowApi();
  const { result } = renderHook(() => useConversations(api));
  await api.asked[0].answer([item('a')]);
  act(() => result.current.search('old'));
  await settle(SEARCH_PAUSE_MS);
  act(() => result.current.search('new'));
  await settle(SEARCH_PAUSE_MS);
  await api.asked[2].answer([item('new')]);
  await api.asked[1].answer([item('old')]);
  expect(ids(result)).toBe('new');
  expect(result.current.found).toBe('new');
});

it('a late failure is dropped too', async () => {
  const api = slowApi();
  const { result } = renderHook(() => useConversations(api));
  await api.asked[0].answer([item('a')]);
  act(() => result.current.search('old'));
  await settle(SEARCH_PAUSE_MS);
  act(() => result.current.search(''));
  await api.asked[1].fail(new Error('Away.'));
  expect(result.current.error).toBeNull();
});

it('clearing needs no pause, and spaces are no search', async () => {
  const api = slowApi();
  const { result } = renderHook(() => useConversations(api));
  await api.asked[0].answer([item('a')]);
  act(() => result.current.search('  '));
  await settle(SEARCH_PAUSE_MS);
  expect(api.asked[1].wanted).toEqual({ page: 1, limit: PAGE });
  act(() => result.current.search(''));
  expect(api.asked[2].wanted).toEqual({ page: 1, limit: PAGE });
});

it('shows more, as many pages as it takes, and nothing twice', async () => {
  const all = some(120);
  const conversations = vi.fn(async ({ page, limit }) => ({
    // One moved down between the pages.
    items: all.slice((page - 1) * limit - (page > 1 ? 1 : 0), page * limit), total: all.length,
  }));
  const api = { conversations };
  const { result } = renderHook(() => useConversations(api));
  await settle();
  expect(result.current.items).toHaveLength(50);
  for (const length of [100, 120]) {
    act(() => result.current.showMore());
    await settle();
    expect(result.current.items).toHaveLength(length);
  }
  expect(result.current.more).toBe(false);
  expect(conversations.mock.calls.map(([{ page, limit }]) => `${page}/${limit}`)).toEqual(['1/50', '1/100', '1/100', '2/100']);
});

it('a rename is not undone by a list from before it', async () => {
  const api = slowApi();
  api.patchConversation = vi.fn(async (id, what) => ({ ...item(id), ...what }));
  const { result } = renderHook(() => useConversations(api));
  await api.asked[0].answer([item('a', 'Old')]);
  act(() => result.current.refresh());
  await act(() => result.current.rename('a', 'New'));
  await api.asked[1].answer([item('a', 'Old')]);
  expect(result.current.items[0].title).toBe('New');
  expect(result.current.knownTitle('a')).toBe('New');
  expect(api.patchConversation).toHaveBeenCalledWith('a', { title: 'New' });
});

it('the first failure has a way on', async () => {
  const api = slowApi();
  const { result } = renderHook(() => useConversations(api));
  await api.asked[0].fail(new Error('Away.'));
  expect(result.current.phase).toBe('failed');
  act(() => result.current.refresh());
  expect(result.current.phase).toBe('loading');
  await api.asked[1].answer([item('a')]);
  expect(ids(result)).toBe('a');
});
