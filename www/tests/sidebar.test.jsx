import { render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../src/api/client.js';
import { App } from '../src/App.jsx';

const ago = (days) => new Date(Date.now() - days * 24 * 3600 * 1000).toISOString();
const item = (id, title, change) => ({ id, title, pinned: false, created_at: ago(40), updated_at: ago(0), ...change });
const away = (change) => new ApiError({ code: 'unavailable', message: 'The database is away.', status: 503, ...change });

const ITEMS = [
  item('p', 'Kept', { pinned: true, updated_at: ago(30) }),
  item('a', 'Hash tables'),
  item('b', 'Trees', { updated_at: ago(20) }),
];

function apiWith(rows) {
  return {
    setCsrfToken: vi.fn(),
    onStaleSession: vi.fn(),
    me: async () => ({ user: { id: 'u', username: 'marta' }, csrf_token: 't' }),
    registration: async () => ({ policy: 'open', open: true }),
    logout: vi.fn(async () => null),
    models: async () => ({ providers: [], models: [] }),
    keys: async () => ({ items: [] }),
    conversations: vi.fn(async ({ search }) => {
      const items = ITEMS.filter(({ title }) => title.toLowerCase().includes(search ?? ''));
      return { items, total: items.length };
    }),
    conversation: vi.fn(async (id) => ({ id, title: 'Hash tables', leaf_id: null, messages: [] })),
    patchConversation: vi.fn(async (id, what) => ({ ...ITEMS.find((each) => each.id === id), ...what })),
    deleteConversation: vi.fn(async () => null),
    ...rows,
  };
}

const row = (name) => screen.findByRole('link', { name });

async function start(rows) {
  const api = apiWith(rows);
  render(<App api={api} />);
  await row('Hash tables');
  return api;
}

async function choose(title, name) {
  await userEvent.click(screen.getByRole('button', { name: `Options of “${title}”` }));
  await userEvent.click(screen.getByRole('menuitem', { name }));
}

beforeEach(() => {
  window.history.replaceState(null, '', '/');
  window.matchMedia = () => ({ matches: true, addEventListener() {}, removeEventListener() {} });
});

describe('the list', () => {
  it('is grouped, and marks the one that is open', async () => {
    await start();
    const names = screen.getAllByRole('heading', { level: 3 }).map((each) => each.textContent);
    expect(names).toEqual(['Pinned', 'Today', 'Older']);
    await userEvent.click(await row('Hash tables'));
    expect(await row('Hash tables')).toHaveAttribute('aria-current', 'page');
    expect(window.location.pathname).toBe('/c/a');
  });

  it('teaches when it is empty', async () => {
    render(<App api={apiWith({ conversations: async () => ({ items: [], total: 0 }) })} />);
    expect(await screen.findByText('No conversations yet.')).toBeInTheDocument();
  });

  it('says why it failed, and can be asked for again', async () => {
    const conversations = vi.fn(async () => ({ items: ITEMS, total: 3 })).mockRejectedValueOnce(away());
    render(<App api={apiWith({ conversations })} />);
    const alert = await screen.findByText('The conversations could not be loaded. The database is away.');
    await userEvent.click(within(alert.parentElement).getByRole('button', { name: 'Try again' }));
    expect(await row('Hash tables')).toBeInTheDocument();
  });

  it('shows more by a button too', async () => {
    const all = Array.from({ length: 60 }, (_, i) => item(`n${i}`, `Number ${i}`));
    const conversations = async ({ limit }) => ({ items: all.slice(0, limit), total: 60 });
    render(<App api={apiWith({ conversations })} />);
    await userEvent.click(await screen.findByRole('button', { name: 'Show more' }));
    expect(await row('Number 59')).toBeInTheDocument();
    expect(screen.queryByRole('button', { name: 'Show more' })).toBeNull();
  });
});

describe('search', () => {
  it('is reached by Ctrl+K, finds, and is cleared by Esc', async () => {
    await start();
    await userEvent.keyboard('{Control>}k{/Control}');
    expect(screen.getByRole('searchbox')).toHaveFocus();
    await userEvent.keyboard('tree');
    await waitFor(() => expect(screen.queryByRole('link', { name: 'Hash tables' })).toBeNull());
    expect(screen.getByText('1 conversation found')).toBeInTheDocument();
    await userEvent.keyboard('{ArrowDown}');
    expect(await row('Trees')).toHaveFocus();
    await userEvent.click(screen.getByRole('searchbox'));
    await userEvent.keyboard('s and more');
    expect(await screen.findByText('Nothing matches “trees and more”.')).toBeInTheDocument();
    await userEvent.keyboard('{Escape}');
    expect(await row('Hash tables')).toBeInTheDocument();
    expect(screen.getByRole('searchbox')).toHaveValue('');
  });

  it('that fails says so, and can be tried again', async () => {
    const api = await start();
    api.conversations.mockRejectedValueOnce(away());
    await userEvent.type(screen.getByRole('searchbox'), 'tree');
    const alert = await screen.findByText('The search failed. The database is away.');
    await userEvent.click(within(alert.parentElement).getByRole('button', { name: 'Try again' }));
    expect(await row('Trees')).toBeInTheDocument();
  });
});

describe('the menu', () => {
  it('goes by keys, and gives the focus back', async () => {
    await start();
    const button = screen.getByRole('button', { name: 'Options of “Trees”' });
    button.focus();
    await userEvent.keyboard('{Enter}');
    expect(screen.getByRole('menuitem', { name: 'Rename' })).toHaveFocus();
    for (const [key, name] of [['{ArrowUp}', 'Delete'], ['{ArrowDown}', 'Rename'], ['{End}', 'Delete'], ['{Home}', 'Rename']]) {
      await userEvent.keyboard(key);
      expect(screen.getByRole('menuitem', { name })).toHaveFocus();
    }
    await userEvent.keyboard('{Escape}');
    expect(screen.queryByRole('menu')).toBeNull();
    expect(button).toHaveFocus();
    await userEvent.keyboard('{Enter}');
    await userEvent.click(document.body);
    expect(screen.queryByRole('menu')).toBeNull();
  });

  it('pins, and unpins what is pinned', async () => {
    const api = await start();
    await choose('Trees', 'Pin');
    expect(api.patchConversation).toHaveBeenCalledWith('b', { pinned: true });
    await choose('Kept', 'Unpin');
    expect(api.patchConversation).toHaveBeenCalledWith('p', { pinned: false });
  });

  it.each([
    ['Pin', 'patchConversation', '“Trees” could not be pinned. The database is away.'],
    ['Export as JSON', 'exportConversation', '“Trees” could not be exported. The database is away.'],
  ])('%s that fails says so', async (name, call, text) => {
    await start({ [call]: () => Promise.reject(away()) });
    await choose('Trees', name);
    expect(await screen.findByText(text)).toBeInTheDocument();
  });
});

describe('rename', () => {
  const box = () => screen.getByRole('textbox', { name: 'Title' });

  it.each([
    ['Enter saves', 'New name{Enter}', [['b', { title: 'New name' }]]],
    ['Esc gives up', 'New name{Escape}', []],
    ['the same is nothing to save', 'Trees{Enter}', []],
    ['spaces around it go', ' New {Enter}', [['b', { title: 'New' }]]],
  ])('%s', async (_name, keys, calls) => {
    const api = await start();
    await choose('Trees', 'Rename');
    expect(box()).toHaveFocus();
    await userEvent.keyboard(keys);
    await waitFor(() => expect(screen.queryByRole('textbox', { name: 'Title' })).toBeNull());
    expect(api.patchConversation.mock.calls).toEqual(calls);
  });

  it('an error keeps the text and says why', async () => {
    const refusal = away({ status: 422, message: 'x', details: { title: 'has at most 200 characters' } });
    const patchConversation = vi.fn(async () => item('b', 'New')).mockRejectedValueOnce(refusal);
    await start({ patchConversation });
    await choose('Trees', 'Rename');
    await userEvent.keyboard('New{Enter}');
    expect(await screen.findByRole('alert')).toHaveTextContent('has at most 200 characters');
    expect(box()).toHaveValue('New');
    expect(box()).toHaveAttribute('aria-invalid', 'true');
    await userEvent.keyboard('{Enter}');
    await waitFor(() => expect(patchConversation).toHaveBeenCalledTimes(2));
  });

  it('nothing is no title', async () => {
    const api = await start();
    await choose('Trees', 'Rename');
    await userEvent.clear(box());
    await userEvent.keyboard('{Enter}');
    expect(screen.getByRole('alert')).toHaveTextContent('at least one character');
    expect(api.patchConversation).not.toHaveBeenCalled();
  });
});

describe('delete', () => {
  it('of the open one leads to the empty chat, Undo back to it', async () => {
    const api = await start();
    await userEvent.click(await row('Hash tables'));
    await choose('Hash tables', 'Delete');
    expect(screen.queryByRole('link', { name: 'Hash tables' })).toBeNull();
    expect(window.location.pathname).toBe('/');
    await userEvent.click(screen.getByRole('button', { name: 'Undo' }));
    expect(await row('Hash tables')).toBeInTheDocument();
    expect(window.location.pathname).toBe('/c/a');
    expect(api.deleteConversation).not.toHaveBeenCalled();
  });

  it('that waits is sent before one signs out', async () => {
    const api = await start();
    await choose('Trees', 'Delete');
    await userEvent.click(screen.getByRole('button', { name: /^Account of / }));
    await userEvent.click(screen.getByRole('menuitem', { name: 'Sign out' }));
    await screen.findByRole('heading', { name: 'Sign in' });
    expect(api.deleteConversation).toHaveBeenCalledWith('b', undefined);
    const [[deleted], [left]] = [api.deleteConversation, api.logout].map((call) => call.mock.invocationCallOrder);
    expect(deleted).toBeLessThan(left);
  });
});
