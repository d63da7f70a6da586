import { act, fireEvent, render, screen } from '@testing-library/react';
import { useEffect } from 'react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Dialog } from '../src/components/Dialog.jsx';
import { ToastProvider } from '../src/components/Toasts.jsx';
import { TOAST_MS, useToasts } from '../src/hooks/useToasts.js';

let toasts;

function Speaker() {
  const stack = useToasts();
  useEffect(() => {
    toasts = stack;
  });
  return null;
}

const draw = (more) => (
  <ToastProvider>
    <Speaker />
    {more}
  </ToastProvider>
);

const show = (toast) => act(() => toasts.show(toast));
const pass = (ms) => act(() => vi.advanceTimersByTime(ms));
const shown = () => screen.queryAllByRole('listitem').map((each) => each.querySelector('p').textContent);
const press = (name) => fireEvent.click(screen.getByRole('button', { name }));

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('says it where a screen reader hears it, and goes when its time is over', () => {
  render(draw());
  const onEnd = vi.fn();
  show({ text: 'Saved.', onEnd });
  expect(screen.getByRole('status')).toHaveTextContent('Saved.');
  pass(TOAST_MS - 1);
  expect(shown()).toEqual(['Saved.']);
  pass(1);
  expect(shown()).toEqual([]);
  expect(onEnd).toHaveBeenCalledTimes(1);
});

it.each([
  ['Undo', { run: 1, end: 0 }],
  ['Close this note', { run: 0, end: 1 }],
])('ends once by “%s”', (name, calls) => {
  render(draw());
  const run = vi.fn();
  const onEnd = vi.fn();
  show({ text: 'Gone.', action: { label: 'Undo', run }, onEnd });
  const button = screen.getByRole('button', { name });
  fireEvent.click(button);
  fireEvent.click(button);
  pass(TOAST_MS);
  expect(shown()).toEqual([]);
  expect([run.mock.calls.length, onEnd.mock.calls.length]).toEqual([calls.run, calls.end]);
});

it('a fourth makes the oldest end', () => {
  render(draw());
  const onEnd = vi.fn();
  show({ text: 'a', onEnd });
  for (const text of ['b', 'c', 'd']) show({ text });
  expect(shown()).toEqual(['b', 'c', 'd']);
  expect(onEnd).toHaveBeenCalledTimes(1);
});

it.each([
  ['the pointer', 'pointerEnter', 'pointerLeave'],
  ['the focus', 'focusIn', 'focusOut'],
])('waits while %s is on it', (_name, on, off) => {
  render(draw());
  show({ text: 'Read me.' });
  pass(TOAST_MS - 1000);
  fireEvent[on](screen.getByRole('status'));
  pass(TOAST_MS * 2);
  expect(shown()).toEqual(['Read me.']);
  fireEvent[off](screen.getByRole('status'));
  pass(1000);
  expect(shown()).toEqual([]);
});

it('others go on when the one under the pointer was pressed', () => {
  render(draw());
  show({ text: 'a' });
  show({ text: 'b', action: { label: 'Undo', run: () => {} } });
  fireEvent.pointerEnter(screen.getByRole('status'));
  press('Undo');
  pass(TOAST_MS);
  expect(shown()).toEqual([]);
});

it('dismissed by the page, and left behind by it: nobody is told', () => {
  const onEnd = vi.fn();
  const { unmount } = render(draw());
  const id = show({ text: 'a', onEnd });
  act(() => toasts.dismiss(id));
  show({ text: 'b', onEnd });
  unmount();
  vi.advanceTimersByTime(TOAST_MS);
  expect(onEnd).not.toHaveBeenCalled();
});

it('an open dialog shows them, and the page again when it is closed', () => {
  const { rerender } = render(draw());
  rerender(draw(<Dialog title="Keys" onClose={() => {}} />));
  show({ text: 'Saved.' });
  expect(shown()).toEqual(['Saved.']);
  expect(screen.getByRole('dialog')).toHaveTextContent('Saved.');
  rerender(draw());
  expect(shown()).toEqual(['Saved.']);
});
