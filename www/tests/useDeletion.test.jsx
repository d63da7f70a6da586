import { act, fireEvent, render, screen } from '@testing-library/react';
import { useEffect } from 'react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ApiError } from '../src/api/client.js';
import { ToastProvider } from '../src/components/Toasts.jsx';
import { useDeletion } from '../src/hooks/useDeletion.js';
import { TOAST_MS } from '../src/hooks/useToasts.js';
import { deferred } from './wire.js';

const ITEM = { id: 'c1', title: 'Hash tables' };
const DELETED = 'Deleted “Hash tables”.';

let deletion;
let calls;

beforeEach(() => {
  vi.useFakeTimers();
  calls = { hide: vi.fn(), restore: vi.fn(), onRemoved: vi.fn(), onRestored: vi.fn() };
});
afterEach(() => vi.useRealTimers());

function Speaker({ api }) {
  const value = useDeletion({ api, ...calls });
  useEffect(() => {
    deletion = value;
  });
  return null;
}

function start(deleteConversation = vi.fn(async () => null)) {
  const view = render(
    <ToastProvider>
      <Speaker api={{ deleteConversation }} />
    </ToastProvider>,
  );
  act(() => deletion.remove(ITEM));
  return { deleteConversation, ...view };
}

const pass = (ms) => act(() => vi.advanceTimersByTimeAsync(ms));
const press = (name) => act(async () => fireEvent.click(screen.getByRole('button', { name })));
const error = (change) => new ApiError({ code: 'x', message: 'The database is away.', status: 503, ...change });

it('hides at once, and sends the request when the toast is over', async () => {
  const { deleteConversation } = start();
  expect(calls.hide).toHaveBeenCalledWith('c1');
  expect(calls.onRemoved).toHaveBeenCalledWith(ITEM);
  expect(screen.getByText(DELETED)).toBeInTheDocument();
  await pass(TOAST_MS - 1);
  expect(deleteConversation).not.toHaveBeenCalled();
  await pass(1);
  expect(deleteConversation).toHaveBeenCalledExactlyOnceWith('c1', undefined);
  expect(calls.restore).not.toHaveBeenCalled();
});

it('Undo restores, and no request is ever sent', async () => {
  const { deleteConversation } = start();
  await press('Undo');
  await pass(TOAST_MS);
  expect(calls.restore).toHaveBeenCalledExactlyOnceWith('c1');
  expect(calls.onRestored).toHaveBeenCalledWith(ITEM);
  window.dispatchEvent(new Event('pagehide'));
  expect(deleteConversation).not.toHaveBeenCalled();
});

it('is sent once when the page is left, by a request that outlives it', async () => {
  const { deleteConversation } = start();
  await act(async () => window.dispatchEvent(new Event('pagehide')));
  expect(screen.queryByText(DELETED)).toBeNull();
  await pass(TOAST_MS);
  expect(deleteConversation).toHaveBeenCalledExactlyOnceWith('c1', { keepalive: true });
});

it('Undo while the request is on its way does not pretend: its answer decides', async () => {
  const { promise, resolve } = deferred();
  const deleteConversation = vi.fn(() => promise);
  start(deleteConversation);
  // The press that was aimed at the button as its time ran out.
  const undo = screen.getByRole('button', { name: 'Undo' });
  act(() => {
    void deletion.flush();
    fireEvent.click(undo);
  });
  expect(calls.restore).not.toHaveBeenCalled();
  await act(async () => resolve(null));
  expect(deleteConversation).toHaveBeenCalledTimes(1);
  expect(calls.restore).not.toHaveBeenCalled();
});

it.each([
  ['gone already is as good', error({ status: 404 }), 0],
  ['another error brings it back', error(), 1],
  ['so does no answer', error({ status: 0, message: 'Unreachable.' }), 1],
])('%s', async (_name, failure, restored) => {
  start(vi.fn(() => Promise.reject(failure)));
  await pass(TOAST_MS);
  expect(calls.restore).toHaveBeenCalledTimes(restored);
  const told = screen.queryByText(`“Hash tables” could not be deleted. ${failure.message}`);
  expect(told !== null).toBe(restored === 1);
});

it('what failed can be tried again', async () => {
  const deleteConversation = vi.fn(async () => null).mockRejectedValueOnce(error());
  start(deleteConversation);
  await pass(TOAST_MS);
  await press('Try again');
  expect(deleteConversation).toHaveBeenCalledTimes(2);
  expect(calls.hide).toHaveBeenCalledTimes(2);
  expect(calls.restore).toHaveBeenCalledTimes(1);
});

it('flush waits for all that were waiting', async () => {
  const { promise, resolve } = deferred();
  start(vi.fn(() => promise));
  const flushed = vi.fn();
  act(() => void deletion.flush().then(flushed));
  await pass(0);
  expect(flushed).not.toHaveBeenCalled();
  await act(async () => resolve(null));
  expect(flushed).toHaveBeenCalled();
});
