import { fireEvent, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import { ModelPicker } from '../src/components/ModelPicker.jsx';
import { contextText, matching, priceText } from '../src/state/models.js';

const CATALOG = {
  providers: [
    { id: 'demo', label: 'Demo', key: 'system', demo: true },
    { id: 'openai', label: 'OpenAI', key: null, demo: false },
  ],
  models: [
    { id: 'demo-fast', provider: 'demo', name: 'Demo, fast', context: 32000, listed: true, price: null },
    { id: 'demo-old', provider: 'demo', name: 'demo-old', context: null, listed: false, price: null },
    { id: 'gpt', provider: 'openai', name: 'GPT', context: 1048576, listed: null, price: { input: 2.5, output: 10 } },
  ],
};

async function open() {
  const onChoose = vi.fn();
  render(<ModelPicker catalog={CATALOG} choice={{ provider: 'demo', model: 'demo-fast' }} onChoose={onChoose} />);
  await userEvent.click(screen.getByRole('button', { name: 'Model: Demo, fast' }));
  return onChoose;
}

const search = () => screen.getByRole('combobox', { name: 'Find a model' });
const active = () => document.getElementById(search().getAttribute('aria-activedescendant')).dataset.model;

it('groups by provider, and says what is known of each', async () => {
  await open();
  const openai = screen.getByRole('group', { name: /OpenAI\s*needs a key/ });
  expect(within(openai).getByRole('option')).toHaveTextContent('GPT gpt1M context · $2.50 in, $10.00 out');
  expect(screen.getByText('no longer listed').closest('[role=option]')).toHaveTextContent('demo-old');
  expect(screen.getByRole('option', { selected: true })).toHaveTextContent('Demo, fast');
});

it('is worked by keyboard: type, arrows, Enter', async () => {
  const onChoose = await open();
  expect(search()).toHaveFocus();
  expect(active()).toBe('demo-fast');
  await userEvent.keyboard('{ArrowDown}{ArrowDown}{ArrowDown}');
  expect(active()).toBe('gpt');
  await userEvent.keyboard('{Home}');
  expect(active()).toBe('demo-fast');
  await userEvent.type(search(), 'openai gp');
  expect(screen.getAllByRole('option')).toHaveLength(1);
  await userEvent.keyboard('{Enter}');
  expect(onChoose).toHaveBeenCalledWith({ provider: 'openai', model: 'gpt' });
  expect(screen.queryByRole('dialog')).toBeNull();
});

it('scrolls for the keyboard, and not under the pointer', async () => {
  const scroll = vi.fn();
  Element.prototype.scrollIntoView = scroll;
  await open();
  scroll.mockClear();
  fireEvent(screen.getAllByRole('option')[2], new MouseEvent('pointermove', { bubbles: true, movementX: 3 }));
  expect(active()).toBe('gpt');
  expect(scroll).not.toHaveBeenCalled();
  await userEvent.keyboard('{ArrowUp}');
  expect(scroll).toHaveBeenCalledTimes(1);
  delete Element.prototype.scrollIntoView;
});

it('Esc leaves it, and reaches nothing behind it', async () => {
  const behind = vi.fn();
  document.addEventListener('keydown', behind);
  const onChoose = await open();
  await userEvent.keyboard('{Escape}');
  document.removeEventListener('keydown', behind);
  expect(screen.queryByRole('dialog')).toBeNull();
  expect(onChoose).not.toHaveBeenCalled();
  expect(behind.mock.calls.filter(([event]) => !event.defaultPrevented)).toEqual([]);
});

it('says when nothing matches', async () => {
  const onChoose = await open();
  await userEvent.type(search(), 'ngnix{Enter}');
  expect(screen.getByText('Nothing matches “ngnix”.')).toBeInTheDocument();
  expect(onChoose).not.toHaveBeenCalled();
});

it.each([
  ['', ['demo-fast', 'demo-old', 'gpt']],
  ['DEMO', ['demo-fast', 'demo-old']],
  ['fast demo', ['demo-fast']],
  ['openai', ['gpt']],
  ['fast gpt', []],
])('“%s” finds %j', (query, ids) => {
  expect(matching(CATALOG, query).flatMap(({ models }) => models.map(({ id }) => id))).toEqual(ids);
});

it.each([
  [null, ''], [8192, '8K context'], [200000, '200K context'], [1048576, '1M context'], [1500000, '1.5M context'],
])('a context of %s is “%s”', (context, text) => {
  expect(contextText({ context })).toBe(text);
});

it('a price is told only where there is one', () => {
  expect(priceText({ price: null })).toBe('');
  expect(priceText({ price: { input: 0.075, output: 0.3 } })).toBe('$0.075 in, $0.30 out');
});
