import { act, render, renderHook, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { ApiError } from '../src/api/client.js';
import { AdminUsers } from '../src/components/AdminUsers.jsx';
import { MessageInput } from '../src/components/MessageInput.jsx';
import { PasswordDialog } from '../src/components/PasswordDialog.jsx';
import { SettingsDialog } from '../src/components/SettingsDialog.jsx';
import { SignIn } from '../src/components/SignIn.jsx';
import { UserMenu } from '../src/components/UserMenu.jsx';
import { useInvite } from '../src/hooks/useInvite.js';
import { useSettings } from '../src/hooks/useSettings.js';
import { DEFAULT_SETTINGS } from '../src/state/settings.js';

const marta = { id: 'm', username: 'marta', is_admin: true };
const refusal = (fields) => new ApiError({ code: 'validation_error', message: 'x', status: 422, ...fields });

describe('SignIn with invitations', () => {
  const INVITE = { policy: 'invite', open: false, invite: true };

  it('one from the link is there already, and goes with the rest', async () => {
    const onRegister = vi.fn(async () => {});
    render(<SignIn registration={INVITE} invite="code-1" onRegister={onRegister} />);
    expect(screen.getByLabelText('Invitation')).toHaveValue('code-1');
    await userEvent.type(screen.getByLabelText('User name'), 'bob');
    await userEvent.type(screen.getByLabelText('Password'), 'long enough{Enter}');
    expect(onRegister).toHaveBeenCalledWith({ username: 'bob', password: 'long enough', invite: 'code-1' });
  });

  it.each([
    ['forbidden', 'Invitation'],
    ['conflict', 'User name'],
  ])('%s is said at its field, which has the focus', async (code, label) => {
    const onRegister = () => Promise.reject(refusal({ code, message: 'Not so.' }));
    render(<SignIn registration={INVITE} invite="code-1" onRegister={onRegister} />);
    await userEvent.type(screen.getByLabelText('User name'), 'bob');
    await userEvent.type(screen.getByLabelText('Password'), 'long enough{Enter}');
    await waitFor(() => expect(screen.getByLabelText(label)).toHaveFocus());
    expect(screen.getByLabelText(label)).toHaveAccessibleDescription('Not so.');
  });
});

it('an invitation is taken out of the address', async () => {
  window.history.replaceState(null, '', '/#invite=code-1');
  const { result } = renderHook(() => useInvite());
  expect(result.current.invite).toBe('code-1');
  expect(window.location.hash).toBe('');
  act(() => result.current.forget());
  expect(result.current.invite).toBeNull();
});

describe('UserMenu', () => {
  const show = (user = marta, props = {}) => render(<UserMenu user={user} onPick={() => {}} {...props} />);
  const open = () => userEvent.click(screen.getByRole('button', { name: /marta/ }));

  it('is walked with arrows and letters, and Esc gives the focus back', async () => {
    show();
    await open();
    expect(screen.getByRole('menuitem', { name: 'Settings' })).toHaveFocus();
    await userEvent.keyboard('{ArrowUp}');
    expect(screen.getByRole('menuitem', { name: 'Sign out' })).toHaveFocus();
    await userEvent.keyboard('e');
    expect(screen.getByRole('menuitem', { name: 'Export my data' })).toHaveFocus();
    await userEvent.keyboard('{Escape}');
    expect(screen.queryByRole('menu')).toBeNull();
    expect(screen.getByRole('button', { name: /marta/ })).toHaveFocus();
  });

  it.each([
    [true, 1],
    [false, 0],
  ])('administration is for administrators: %s', async (isAdmin, count) => {
    show({ ...marta, is_admin: isAdmin });
    await open();
    expect(screen.queryAllByRole('menuitem', { name: 'Administration' })).toHaveLength(count);
  });

  it('says what was picked, and closes', async () => {
    const onPick = vi.fn();
    show(marta, { onPick });
    await open();
    await userEvent.click(screen.getByRole('menuitem', { name: 'Sessions' }));
    expect(onPick).toHaveBeenCalledWith('sessions');
    expect(screen.queryByRole('menu')).toBeNull();
  });
});

describe('SettingsDialog', () => {
  const models = { providers: [{ id: 'p', label: 'P', key: 'system' }], models: [{ id: 'a', provider: 'p' }], choose: vi.fn() };
  const show = (save, onClose = vi.fn()) => {
    const settings = { phase: 'ready', settings: DEFAULT_SETTINGS, save };
    render(<SettingsDialog settings={settings} models={models} onClose={onClose} />);
    return onClose;
  };

  it('saves all of them, and a new default wins over what was used here', async () => {
    const save = vi.fn(async (wanted) => wanted);
    const onClose = show(save);
    await userEvent.selectOptions(screen.getByLabelText('Theme'), 'dark');
    await userEvent.selectOptions(screen.getByLabelText('Model for new chats'), 'a');
    await userEvent.click(screen.getByRole('button', { name: 'Save' }));
    expect(save).toHaveBeenCalledWith({ ...DEFAULT_SETTINGS, theme: 'dark', provider: 'p', model: 'a' });
    expect(models.choose).toHaveBeenCalledWith(null);
    expect(onClose).toHaveBeenCalled();
  });

  it('a refusal keeps what was entered', async () => {
    const onClose = show(() => Promise.reject(refusal({ details: { system: 'This is too long.' } })));
    await userEvent.type(screen.getByLabelText('System prompt for new chats'), 'Be brief.');
    await userEvent.click(screen.getByRole('button', { name: 'Save' }));
    expect(await screen.findByText('This is too long.')).toBeInTheDocument();
    expect(screen.getByLabelText('System prompt for new chats')).toHaveValue('Be brief.');
    expect(onClose).not.toHaveBeenCalled();
  });
});

it('one change after the other is made to all of the settings', async () => {
  const setSettings = vi.fn(async (settings) => settings);
  const api = { settings: async () => ({ ...DEFAULT_SETTINGS, system: 'Be brief.' }), setSettings };
  const { result } = renderHook(() => useSettings(api));
  await act(async () => {
    result.current.change({ theme: 'dark' });
    await result.current.change({ send_on_enter: false });
  });
  expect(setSettings).toHaveBeenLastCalledWith({
    ...DEFAULT_SETTINGS, system: 'Be brief.', theme: 'dark', send_on_enter: false,
  });
});

it('PasswordDialog shows a wrong password at its field', async () => {
  const onPassword = () => Promise.reject(refusal({ details: { password: 'This is not your password.' } }));
  render(<PasswordDialog user={marta} onPassword={onPassword} onClose={() => {}} />);
  await userEvent.type(screen.getByLabelText('Current password'), 'wrong');
  await userEvent.type(screen.getByLabelText('New password'), 'long enough{Enter}');
  expect(await screen.findByText('This is not your password.')).toBeInTheDocument();
});

it('with Ctrl+Enter to send, Enter alone does not', async () => {
  const onSend = vi.fn();
  render(<MessageInput value="a" onChange={() => {}} onSend={onSend} isStreaming={false} sendOnEnter={false} />);
  await userEvent.type(screen.getByRole('textbox'), '{Enter}');
  expect(onSend).not.toHaveBeenCalled();
  await userEvent.type(screen.getByRole('textbox'), '{Control>}{Enter}{/Control}');
  expect(onSend).toHaveBeenCalledWith('a');
});

it('AdminUsers asks before it deletes, and says whom', async () => {
  const bob = { id: 'b', username: 'bob', is_admin: false, disabled: false, created_at: '2026-11-22T18:01:47Z', last_seen_at: null };
  const deleteUser = vi.fn(async () => null);
  const users = vi.fn(async () => ({ items: [bob], page: 1, limit: 30, total: 1 }));
  render(<AdminUsers api={{ users, deleteUser }} user={marta} />);
  await userEvent.click(await screen.findByRole('button', { name: 'Delete bob' }));
  expect(deleteUser).not.toHaveBeenCalled();
  expect(screen.getByText(/Delete “bob”/)).toBeInTheDocument();
  await userEvent.click(screen.getByRole('button', { name: 'Delete bob' }));
  expect(deleteUser).toHaveBeenCalledWith('b');
  expect(users).toHaveBeenCalledTimes(2);
});
