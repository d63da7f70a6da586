import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { describe, expect, it, vi } from 'vitest';
import { ApiError } from '../src/api/client.js';
import { App } from '../src/App.jsx';
import { KeysDialog } from '../src/components/KeysDialog.jsx';
import { Message } from '../src/components/Message.jsx';
import { MessageInput } from '../src/components/MessageInput.jsx';
import { SignIn } from '../src/components/SignIn.jsx';
import { DONE } from './wire.js';

const PROVIDERS = [
  { id: 'demo', label: 'Demo provider', key: 'system', demo: true },
  { id: 'openai', label: 'OpenAI', key: null },
];
const CATALOG = {
  providers: PROVIDERS,
  models: [
    { id: 'demo-fast', provider: 'demo', name: 'demo-fast' },
    { id: 'gpt', provider: 'openai', name: 'GPT' },
  ],
};

describe('MessageInput', () => {
  function Box(props) {
    const [value, setValue] = useState('');
    return <MessageInput value={value} onChange={setValue} isStreaming={false} {...props} />;
  }

  it('Enter sends, Shift+Enter breaks the line', async () => {
    const onSend = vi.fn();
    render(<Box onSend={onSend} />);
    await userEvent.type(screen.getByRole('textbox'), 'a{Shift>}{Enter}{/Shift}b');
    expect(onSend).not.toHaveBeenCalled();
    await userEvent.keyboard('{Enter}');
    expect(onSend).toHaveBeenCalledWith('a\nb');
  });

  it.each([
    ['nothing but space', {}, '  '],
    ['while blocked', { blocked: true }, 'a'],
    ['while streaming', { isStreaming: true }, 'a'],
  ])('does not send %s', async (_name, props, text) => {
    const onSend = vi.fn();
    render(<Box onSend={onSend} {...props} />);
    await userEvent.type(screen.getByRole('textbox'), `${text}{Enter}`);
    expect(onSend).not.toHaveBeenCalled();
    expect(screen.getByRole('textbox')).toHaveValue(text);
  });

  it('offers Stop while streaming, and says when it is stopping', async () => {
    const onStop = vi.fn();
    const { rerender } = render(<Box isStreaming onStop={onStop} />);
    const stop = screen.getByRole('button', { name: 'Stop (cancel)' });
    expect(stop).toHaveTextContent('Stop');
    await userEvent.click(stop);
    expect(onStop).toHaveBeenCalledTimes(1);
    rerender(<Box isStreaming stopping onStop={onStop} />);
    expect(screen.getByRole('button', { name: 'Stopping…' })).toBeDisabled();
  });
});

describe('Message', () => {
  const answer = (change) => ({ key: 'k', role: 'assistant', content: 'Some text', reasoning: '', model: 'm', provider: 'demo', ...change });
  const actions = { retry: vi.fn(), continue: vi.fn(), reload: vi.fn(), keys: vi.fn() };
  const show = (change) => render(<Message message={answer(change)} provider="OpenAI" actions={actions} />);

  it.each([
    ['complete', { state: 'complete' }, []],
    ['stopped', { state: 'cancelled' }, ['Retry']],
    ['length', { state: 'length' }, ['Continue']],
    ['refused', { state: 'refused' }, ['Retry']],
    ['interrupted', { state: 'interrupted' }, ['Continue', 'Retry']],
    ['failed', { state: 'failed', error: { code: 'network', message: 'x' } }, ['Retry']],
    ['a bad key', { state: 'failed', error: { code: 'provider_auth', message: 'x' } }, ['Open Keys', 'Retry']],
    ['broken', { state: 'broken' }, ['Load the answer']],
  ])('%s offers what mends it', (_name, change, names) => {
    show(change);
    expect(screen.queryAllByRole('button').map((each) => each.textContent).filter(Boolean)).toEqual(names);
  });

  it('shows the facts, and whose an estimate is', () => {
    show({ state: 'cancelled', usage: { output_tokens: 2, source: 'estimate' }, timing: DONE.timing });
    expect(screen.getByText('Stopped. 2 words kept.')).toBeInTheDocument();
    expect(screen.getByText(/≈ 2 tokens/)).toHaveAttribute('title', expect.stringMatching(/Estimated/));
  });

  it('counts a long wait', () => {
    const live = { startedAt: Date.now() - 5200, stopping: false, retry: null };
    render(<Message message={answer({ state: 'running', content: '' })} live={live} status="streaming" provider="OpenAI" />);
    expect(screen.getByText('5 s')).toBeInTheDocument();
  });

  it('counts a retry down', () => {
    const retry = { until: Date.now() + 3900, code: 'provider_rate_limited' };
    const live = { startedAt: Date.now(), stopping: false, retry };
    render(<Message message={answer({ state: 'running', content: '' })} live={live} status="streaming" provider="OpenAI" />);
    expect(screen.getByText('Rate limited by OpenAI. Trying again in 4 s.')).toBeInTheDocument();
  });
});

describe('KeysDialog', () => {
  const show = (props) => render(<KeysDialog providers={PROVIDERS} keys={[]} onClose={() => {}} {...props} />);

  it('saves a key and forgets it', async () => {
    const onSet = vi.fn(async () => {});
    show({ onSet });
    const field = screen.getByLabelText('API key for OpenAI');
    expect(field).toHaveAttribute('type', 'password');
    await userEvent.type(field, ' sk-secret {Enter}');
    expect(onSet).toHaveBeenCalledWith('openai', 'sk-secret');
    await waitFor(() => expect(field).toHaveValue(''));
  });

  it('keeps a refused key in its field and says why', async () => {
    const refusal = new ApiError({ code: 'validation_error', message: 'x', details: { key: 'Too short.' } });
    show({ onSet: () => Promise.reject(refusal) });
    await userEvent.type(screen.getByLabelText('API key for OpenAI'), 'abc{Enter}');
    expect(await screen.findByRole('alert')).toHaveTextContent('Too short.');
    expect(screen.getByLabelText('API key for OpenAI')).toHaveValue('abc');
  });

  it.each([
    ['taken', { ok: true, message: 'OpenAI takes this key, and lists 57 models for it.' }, 'field-note'],
    ['refused', { ok: false, message: 'OpenAI refused the API key. Check it in Keys.' }, 'field-error'],
  ])('says what the test of a key came to: %s', async (_name, verdict, kind) => {
    const onTest = vi.fn(async () => verdict);
    show({ keys: [{ provider: 'openai', source: 'user', last4: 'wxyz' }], onTest });
    await userEvent.type(screen.getByLabelText('API key for OpenAI'), 'half');
    await userEvent.click(screen.getByRole('button', { name: 'Test' }));
    expect(onTest).toHaveBeenCalledWith('openai');
    expect(await screen.findByRole('status')).toHaveTextContent(verdict.message);
    expect(screen.getByRole('status')).toHaveClass(kind);
    expect(screen.getByLabelText('API key for OpenAI')).toHaveValue('half');
  });

  it('has nothing to test without a key', () => {
    show({});
    expect(screen.queryByRole('button', { name: 'Test' })).toBeNull();
  });

  it('removes only what is one’s own', async () => {
    const onRemove = vi.fn(async () => {});
    show({ keys: [{ provider: 'openai', source: 'user', last4: 'wxyz' }], onRemove });
    expect(screen.getByText('Your key, ending in wxyz')).toBeInTheDocument();
    await userEvent.click(screen.getByRole('button', { name: 'Remove' }));
    expect(onRemove).toHaveBeenCalledWith('openai');
  });
});

describe('SignIn', () => {
  it.each([
    ['open', { policy: 'open', open: true }, 'Sign in', true],
    ['the first account', { policy: 'first', open: true }, 'Create account', true],
    ['closed', { policy: 'first', open: false }, 'Sign in', false],
    ['not known yet', null, 'Sign in', false],
  ])('%s', (_name, registration, heading, canSwitch) => {
    render(<SignIn registration={registration} />);
    expect(screen.getByRole('heading', { name: heading })).toBeInTheDocument();
    expect(screen.queryByText(/No account yet|Have an account/) !== null).toBe(canSwitch);
  });

  it('shows what the server says of each field', async () => {
    const details = { username: 'Use 3 to 50 characters.' };
    const refusal = new ApiError({ code: 'validation_error', message: 'x', details });
    render(<SignIn registration={{ policy: 'first', open: true }} onRegister={() => Promise.reject(refusal)} />);
    await userEvent.type(screen.getByLabelText('User name'), 'ab');
    await userEvent.type(screen.getByLabelText('Password'), 'long enough{Enter}');
    expect(await screen.findByText(details.username)).toBeInTheDocument();
    expect(screen.getByLabelText('User name')).toHaveAttribute('aria-invalid', 'true');
  });

  it('says how long to wait after too many tries, counts it down, and can be tried again', async () => {
    const message = 'Too many wrong passwords for this name. Try again in 4 seconds.';
    const refusal = new ApiError({ code: 'rate_limited', message, status: 429, retryAfter: 1 });
    render(<SignIn registration={null} onSignIn={() => Promise.reject(refusal)} />);
    await userEvent.type(screen.getByLabelText('User name'), 'marta');
    await userEvent.type(screen.getByLabelText('Password'), 'wrong{Enter}');
    expect(await screen.findByRole('alert')).toHaveTextContent(message);
    expect(screen.getByLabelText('User name')).toHaveValue('marta');
    expect(screen.getByRole('button', { name: 'Wait 1 s' })).toBeDisabled();
    expect(await screen.findByRole('button', { name: 'Sign in' }, { timeout: 3000 })).toBeEnabled();
  });
});

describe('App', () => {
  const signedOut = new ApiError({ code: 'unauthenticated', message: 'x', status: 401 });
  const apiWith = (rows) => ({
    setCsrfToken: vi.fn(),
    onStaleSession: vi.fn(),
    me: async () => ({ user: { id: 'u', username: 'marta' }, csrf_token: 't' }),
    registration: async () => ({ policy: 'open', open: true }),
    models: async () => CATALOG,
    keys: async () => ({ items: [] }),
    conversations: async () => ({ items: [], total: 0 }),
    ...rows,
  });

  it('asks a stranger to sign in', async () => {
    render(<App api={apiWith({ me: () => Promise.reject(signedOut) })} />);
    expect(await screen.findByRole('heading', { name: 'Sign in' })).toBeInTheDocument();
  });

  it('says when the server is away', async () => {
    const away = new ApiError({ code: 'unreachable', message: 'Away.', status: 0 });
    render(<App api={apiWith({ me: () => Promise.reject(away) })} />);
    expect(await screen.findByText('Away.')).toBeInTheDocument();
  });

  it.each([
    ['the same user finds the draft again', 'u', 'Half a question'],
    ['another user finds an empty box', 'v', ''],
  ])('after a session ended: %s', async (_name, id, found) => {
    let stale;
    const me = vi.fn(async () => ({ user: { id: 'u', username: 'marta' }, csrf_token: 't' }));
    const api = apiWith({
      me,
      onStaleSession: (listener) => {
        stale = listener;
      },
      login: async () => ({ user: { id, username: 'marta' }, csrf_token: 't' }),
    });
    render(<App api={api} />);
    await userEvent.type(await screen.findByRole('textbox', { name: 'Message' }), 'Half a question');
    me.mockRejectedValue(signedOut);
    stale(signedOut, '/conversations');
    await userEvent.type(await screen.findByLabelText('User name'), 'marta');
    await userEvent.type(screen.getByLabelText('Password'), 'long enough{Enter}');
    expect(await screen.findByRole('textbox', { name: 'Message' })).toHaveValue(found);
  });

  it('gives a refused question back to the box', async () => {
    const busy = new ApiError({ code: 'unavailable', message: 'Full right now.', status: 503 });
    const api = apiWith({ chatStream: () => Promise.reject(busy) });
    render(<App api={api} />);
    await screen.findByRole('button', { name: /^Model: / });
    await userEvent.type(screen.getByRole('textbox', { name: 'Message' }), 'Are you there?{Enter}');
    expect(await screen.findByRole('alert')).toHaveTextContent('Full right now.');
    expect(screen.getByRole('textbox', { name: 'Message' })).toHaveValue('Are you there?');
    expect(api.setCsrfToken).toHaveBeenCalledWith('t');
  });
});
