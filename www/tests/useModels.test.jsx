import { act, renderHook, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { useModels } from '../src/hooks/useModels.js';

const provider = (refreshing) => ({ id: 'openai', label: 'OpenAI', key: 'user', demo: false, refreshing });
const model = (id) => ({ id, provider: 'openai', name: id });

beforeEach(() => vi.useFakeTimers({ shouldAdvanceTime: true }));
afterEach(() => vi.useRealTimers());

// Effects run at the end of an act, so time goes on in steps.
async function pass(steps) {
  for (let i = 0; i < steps; i++) await act(() => vi.advanceTimersByTimeAsync(8000));
}

function apiWith(answers) {
  return {
    models: vi.fn(async () => answers.length > 1 ? answers.shift() : answers[0]),
    keys: async () => ({ items: [] }),
    testKey: vi.fn(async () => ({ ok: true, message: 'Well.' })),
  };
}

it('reads the list again until the providers were heard', async () => {
  const api = apiWith([
    { providers: [provider(true)], models: [model('a')] },
    { providers: [provider(true)], models: [model('a')] },
    { providers: [provider(false)], models: [model('a'), model('b')] },
  ]);
  const { result } = renderHook(() => useModels(api));
  await waitFor(() => expect(result.current.models).toHaveLength(1));
  await pass(2);
  expect(result.current.models).toHaveLength(2);
  await pass(4);
  expect(api.models).toHaveBeenCalledTimes(3);
});

it('lets a provider be that does not answer', async () => {
  const api = apiWith([{ providers: [provider(true)], models: [model('a')] }]);
  const { unmount } = renderHook(() => useModels(api));
  await pass(8);
  expect(api.models).toHaveBeenCalledTimes(5);
  unmount();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(api.models).toHaveBeenCalledTimes(5);
});

it('has the list of a key that was tested', async () => {
  const api = apiWith([
    { providers: [provider(false)], models: [model('a')] },
    { providers: [provider(false)], models: [model('a'), model('b')] },
  ]);
  const { result } = renderHook(() => useModels(api));
  await waitFor(() => expect(result.current.phase).toBe('ready'));
  let verdict;
  await act(async () => {
    verdict = await result.current.testKey('openai');
  });
  expect(verdict).toEqual({ ok: true, message: 'Well.' });
  expect(result.current.models).toHaveLength(2);
});
