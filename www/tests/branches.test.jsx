/* A conversation that branches: the state, the hook and what is drawn. */
import { act, render, renderHook, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { describe, expect, it, vi } from 'vitest';
import { ApiError } from '../src/api/client.js';
import { Chat } from '../src/components/Chat.jsx';
import { Message } from '../src/components/Message.jsx';
import { useStreamingChat } from '../src/hooks/useStreamingChat.js';
import { branchOf } from '../src/state/branches.js';
import { chatReducer, initialChat } from '../src/state/chat.js';
import { details, omissions } from '../src/state/details.js';
import { createWire, DONE, FIRST } from './wire.js';

const CHOICE = { provider: 'demo', model: 'demo-fast' };

const conversation = (change = {}) => ({
  id: 'c1', title: 'T', system: 'Be brief.', leaf_id: 'a2',
  messages: [
    { id: 'q1', role: 'user', content: 'One?', state: 'complete' },
    { id: 'a1', role: 'assistant', content: '1', state: 'complete', provider: 'demo', model: 'm' },
    { id: 'q2', role: 'user', content: 'Two?', state: 'complete' },
    { id: 'a2', role: 'assistant', content: '2', state: 'complete', provider: 'demo', model: 'm' },
  ],
  ...change,
});

const run = (...actions) => actions.reduce(chatReducer, initialChat);
const opened = [{ type: 'opened', conversationId: 'c1' }, { type: 'loaded', conversation: conversation() }];
const ask = (change) => ({ type: 'submitted', requestId: 'r', text: 'New?', edited: null, regenerate: false, ...CHOICE, at: 1, ...change });
const started = (data) => ({ type: 'started', data: { ...FIRST, user_message_id: 'q9', message_id: 'a9', ...data } });
const ids = (state) => state.messages.map(({ id }) => id);

describe('the state', () => {
  it('an edited question ends the branch and stands beside what it replaces', () => {
    const before = run(...opened, ask({ edited: 'q1' }));
    expect(before.messages.map(({ content }) => content)).toEqual(['New?', '']);
    const after = chatReducer(before, started());
    expect(ids(after)).toEqual(['q9', 'a9']);
    expect(after.messages[0].siblings).toEqual(['q1', 'q9']);
    expect(after.messages[1].siblings).toBeUndefined();
  });

  it('a regenerated answer stands beside the last one', () => {
    const after = run(...opened, ask({ text: undefined, regenerate: true }), started({ user_message_id: 'q2' }));
    expect(ids(after)).toEqual(['q1', 'a1', 'q2', 'a9']);
    expect(after.messages[3].siblings).toEqual(['a2', 'a9']);
    expect(after.messages[2].siblings).toBeUndefined();
  });

  it('a third joins the two before', () => {
    const first = run(...opened, ask({ regenerate: true }), started(), { type: 'done', data: DONE });
    const again = [ask({ regenerate: true, requestId: 'r2' }), started({ message_id: 'a10' })].reduce(chatReducer, first);
    expect(again.messages.at(-1).siblings).toEqual(['a2', 'a9', 'a10']);
  });

  it('an edit that is refused leaves all as it was', () => {
    const before = run(...opened);
    const back = [ask({ edited: 'q1' }), { type: 'rejected', error: { code: 'busy', message: '' } }].reduce(chatReducer, before);
    expect(back.messages).toBe(before.messages);
  });

  it('a sibling is drawn in the same place', () => {
    const before = run(...opened);
    const other = conversation({ messages: [{ id: 'q9', role: 'user', content: 'New?', state: 'complete', siblings: ['q1', 'q9'] }] });
    expect(chatReducer(before, { type: 'loaded', conversation: other }).messages[0].key).toBe('q1');
  });

  it('knows the system prompt, and a new one once it is taken', () => {
    const before = run(...opened, ask({ system: '' }));
    expect(before.system).toBe('Be brief.');
    expect(chatReducer(before, started()).system).toBeNull();
    expect(run(...opened, ask(), started()).system).toBe('Be brief.');
  });

  it('keeps what was left out and ignored, at first and on the way', () => {
    const retry = (data) => ({ type: 'retry', at: 1, data: { retry: { in_ms: 0, attempt: 2, ...data } } });
    const chat = run(...opened, ask(), started({ left_out: 2, ignored: ['temperature'] }),
      retry({ ignored: 'system' }), retry({ left_out: 12 }));
    expect(chat.messages.at(-1)).toMatchObject({ left_out: 12, ignored: ['temperature', 'system'] });
    const kept = chatReducer(chat, { type: 'loaded', conversation: conversation({ messages: [{ id: 'a9', role: 'assistant', content: 'x', state: 'complete' }] }) });
    expect(kept.messages[0]).toMatchObject({ left_out: 12, ignored: ['temperature', 'system'] });
  });
});

it.each([
  ['no siblings', { id: 'a' }, null],
  ['first of two', { id: 'a', siblings: ['a', 'b'] }, { number: 1, count: 2, before: null, after: 'b' }],
  ['second of three', { id: 'b', siblings: ['a', 'b', 'c'] }, { number: 2, count: 3, before: 'a', after: 'c' }],
  ['not among them', { id: 'x', siblings: ['a', 'b'] }, null],
])('branchOf: %s', (_name, message, branch) => {
  expect(branchOf(message)).toEqual(branch);
});

it.each([
  [{}, []],
  [{ left_out: 1 }, ['1 earlier message did not fit and was left out.']],
  [{ left_out: 12 }, ['12 earlier messages did not fit and were left out.']],
  [{ ignored: ['temperature'] }, ['This model does not take a temperature, so it was not sent.']],
  [{ ignored: ['temperature', 'top'] }, ['This model does not take a temperature or top, so it was not sent.']],
])('what was not sent is told in words: %j', (message, sentences) => {
  expect(omissions(message)).toEqual(sentences);
});

describe('details', () => {
  const cost = { amount: 0.0012, currency: 'USD', price_date: '2026-08-22' };
  const rows = (usage) =>
    Object.fromEntries(details({ model: 'm', ...DONE, cost, usage }, 'OpenAI').map(({ name, ...rest }) => [name, rest]));

  it('say of each number whose it is', () => {
    expect(rows(DONE.usage)).toMatchObject({
      'First text after': { value: '0.4 s', source: 'measured by LLMSelect' },
      Output: { value: '12 tokens', source: 'counted by OpenAI' },
      Cost: { value: '≈ $0.0012', source: 'estimated by LLMSelect, prices of 2026-08-22' },
    });
  });

  it('and an estimate wears ≈', () => {
    expect(rows({ input_tokens: 9, output_tokens: 12, source: 'estimate' }).Output).toEqual({
      value: '≈ 12 tokens', source: 'estimated by LLMSelect',
    });
  });

  it('are nothing where nothing is known', () => {
    expect(details({ model: 'm' }, 'OpenAI')).toEqual([]);
  });
});

describe('the hook', () => {
  async function open(rows = {}) {
    const wire = createWire();
    const api = {
      chatStream: vi.fn(async () => wire.response),
      conversation: vi.fn(async () => conversation()),
      patchConversation: vi.fn(async () => ({})),
      ...rows,
    };
    const view = renderHook(() => useStreamingChat({ api, openId: 'c1' }));
    await waitFor(() => expect(view.result.current.messages).toHaveLength(4));
    return { api, wire, chat: () => view.result.current };
  }

  it('sends an edit, and the parameters with it', async () => {
    const { api, wire, chat } = await open();
    let taken;
    act(() => {
      taken = chat().editMessage('q2', 'Zwei?', { ...CHOICE, temperature: 0.5, system: '' });
    });
    expect(api.chatStream.mock.calls[0][0]).toMatchObject({
      message: 'Zwei?', edit_message_id: 'q2', conversation_id: 'c1', temperature: 0.5, system: '',
    });
    wire.send({ ...FIRST, user_message_id: 'q9' });
    expect(await taken).toBe(true);
  });

  it('shows another branch by asking for it', async () => {
    const { api, chat } = await open();
    api.conversation.mockResolvedValue(conversation({ messages: [{ id: 'q9', role: 'user', content: 'New?', state: 'complete' }] }));
    await act(() => chat().showBranch('q9'));
    expect(api.patchConversation).toHaveBeenCalledWith('c1', { leaf_id: 'q9' });
    await waitFor(() => expect(chat().messages.map(({ id }) => id)).toEqual(['q9']));
  });

  it('says when that failed, and shows what was there', async () => {
    const error = new ApiError({ code: 'unavailable', message: 'Away.', status: 503 });
    const { chat } = await open({ patchConversation: () => Promise.reject(error) });
    await act(() => chat().showBranch('q9'));
    expect(chat()).toMatchObject({ error: { message: 'Away.' }, status: 'ready', load: 'ready' });
    expect(chat().messages).toHaveLength(4);
  });
});

describe('the versions of a message', () => {
  const show = (id, onShow, busy = false) => {
    const message = { key: 'k', id, role: 'user', content: 'x', siblings: ['a', 'b'] };
    render(<Message message={message} busy={busy} actions={{ showBranch: onShow, edit: vi.fn() }} />);
  };

  it('are reached by buttons and by arrows', async () => {
    const onShow = vi.fn();
    show('b', onShow);
    expect(screen.getByText('2/2')).toBeInTheDocument();
    await userEvent.click(screen.getByRole('button', { name: 'Next question' }));
    expect(onShow).not.toHaveBeenCalled();
    await userEvent.keyboard('{ArrowLeft}');
    await userEvent.click(screen.getByRole('button', { name: 'Previous question' }));
    expect(onShow.mock.calls).toEqual([['a'], ['a']]);
  });

  it('stay where they are while an answer comes', async () => {
    const onShow = vi.fn();
    show('b', onShow, true);
    await userEvent.click(screen.getByRole('button', { name: 'Previous question' }));
    expect(onShow).not.toHaveBeenCalled();
  });
});

describe('the conversation', () => {
  const models = {
    phase: 'ready', keys: [], choice: CHOICE, choose: vi.fn(),
    providers: [{ id: 'demo', label: 'Demo', key: 'system', demo: true }],
    models: [
      { id: 'demo-fast', provider: 'demo', name: 'Fast', capabilities: { temperature: true, reasoning: false, system: true } },
      { id: 'unknown', provider: 'demo', name: 'Unknown', capabilities: null },
    ],
  };
  const chatWith = (change) => ({
    conversationId: 'c1', load: 'ready', live: null, status: 'ready', error: null, isStreaming: false, system: 'Be brief.',
    messages: conversation().messages.map((each) => ({ ...each, key: each.id, reasoning: '' })),
    streamMessage: vi.fn(async () => true), editMessage: vi.fn(async () => true), retry: vi.fn(async () => true),
    showBranch: vi.fn(), cancelStream: vi.fn(), dismissError: vi.fn(), reload: vi.fn(), ...change,
  });

  function Page({ chat }) {
    const [draft, setDraft] = useState('');
    return <Chat chat={chat} models={models} online focusOnOpen firstDraft={draft} onDraft={setDraft} />;
  }

  const box = () => screen.getByRole('textbox', { name: 'Message' });
  const editor = () => screen.queryByRole('textbox', { name: 'Edit the question' });

  it('↑ in the empty box edits the last question, Esc gives up', async () => {
    render(<Page chat={chatWith()} />);
    await userEvent.type(box(), '{ArrowUp}');
    expect(editor()).toHaveValue('Two?');
    expect(editor()).toHaveFocus();
    await userEvent.keyboard(' More{Escape}');
    expect(editor()).toBeNull();
    expect(box()).toHaveFocus();
  });

  it('Enter sends an edit', async () => {
    const chat = chatWith();
    render(<Page chat={chat} />);
    await userEvent.click(screen.getAllByRole('button', { name: 'Edit' })[0]);
    await userEvent.keyboard(' Now?{Enter}');
    expect(chat.editMessage).toHaveBeenCalledWith('q1', 'One? Now?', { ...CHOICE, on_disconnect: 'continue' });
    expect(editor()).toBeNull();
  });

  it('an edit that is not taken is open again, with its text', async () => {
    render(<Page chat={chatWith({ editMessage: async () => false })} />);
    await userEvent.type(box(), '{ArrowUp}');
    await userEvent.keyboard(' More{Enter}');
    expect(await screen.findByRole('textbox', { name: 'Edit the question' })).toHaveValue('Two? More');
  });

  it('giving up by Esc leads back to the button', async () => {
    render(<Page chat={chatWith()} />);
    await userEvent.click(screen.getAllByRole('button', { name: 'Edit' })[0]);
    await userEvent.keyboard('{Escape}');
    expect(screen.getAllByRole('button', { name: 'Edit' })[0]).toHaveFocus();
  });

  it('only the last answer is regenerated, and nothing while one comes', () => {
    const { rerender } = render(<Page chat={chatWith()} />);
    expect(screen.getAllByRole('button', { name: 'Regenerate' })).toHaveLength(1);
    rerender(<Page chat={chatWith({ isStreaming: true, live: { startedAt: 0 } })} />);
    expect(screen.queryByRole('button', { name: 'Regenerate' })).toBeNull();
    for (const each of screen.getAllByRole('button', { name: 'Edit' })) expect(each).toBeDisabled();
  });

  it('sends the parameters that are set and that the model takes', async () => {
    const chat = chatWith();
    render(<Page chat={chat} />);
    await userEvent.click(screen.getByRole('button', { name: /^Parameters/ }));
    expect(screen.queryByLabelText('Reasoning effort')).toBeNull();
    expect(screen.getByLabelText('System prompt')).toHaveValue('Be brief.');
    await userEvent.type(screen.getByLabelText('Temperature'), '0,5');
    await userEvent.type(box(), 'Hi{Enter}');
    expect(chat.streamMessage).toHaveBeenCalledWith('Hi', { ...CHOICE, on_disconnect: 'continue', temperature: 0.5 });
    await userEvent.click(screen.getByRole('button', { name: /^Parameters/ }));
    await userEvent.clear(screen.getByLabelText('System prompt'));
    await userEvent.type(box(), 'Hi{Enter}');
    expect(chat.streamMessage).toHaveBeenLastCalledWith('Hi', { ...CHOICE, on_disconnect: 'continue', temperature: 0.5, system: '' });
  });

  it('keeps what was chosen with its conversation', async () => {
    const { rerender } = render(<Page chat={chatWith()} />);
    await userEvent.click(screen.getByRole('button', { name: /^Parameters/ }));
    await userEvent.type(screen.getByLabelText('Temperature'), '1');
    rerender(<Page chat={chatWith({ conversationId: 'c2' })} />);
    expect(screen.getByLabelText('Temperature')).toHaveValue('');
    rerender(<Page chat={chatWith({ conversationId: 'c1' })} />);
    expect(screen.getByLabelText('Temperature')).toHaveValue('1');
  });

  it('takes it along when a new one begins', async () => {
    const { rerender } = render(<Page chat={chatWith({ conversationId: null })} />);
    await userEvent.click(screen.getByRole('button', { name: /^Parameters/ }));
    await userEvent.type(screen.getByLabelText('Temperature'), '1');
    rerender(<Page chat={chatWith({ isStreaming: true, live: { startedAt: 0 } })} />);
    expect(screen.getByLabelText('Temperature')).toHaveValue('1');
    rerender(<Page chat={chatWith({ conversationId: null })} />);
    expect(screen.getByLabelText('Temperature')).toHaveValue('');
  });

  it('offers a parameter where it is not known whether the model takes it', async () => {
    render(<Page chat={chatWith()} />);
    await userEvent.click(screen.getByRole('button', { name: /^Model/ }));
    await userEvent.click(screen.getByRole('option', { name: /Unknown/ }));
    await userEvent.click(screen.getByRole('button', { name: /^Parameters/ }));
    expect(screen.getByLabelText('Reasoning effort')).toBeInTheDocument();
  });

  it('a refused parameter is told at its field', () => {
    const error = { code: 'validation_error', message: 'Not so.', details: { temperature: 'Use a number from 0 to 2.' } };
    render(<Page chat={chatWith({ error, status: 'error' })} />);
    expect(screen.getByLabelText('Temperature')).toHaveAttribute('aria-invalid', 'true');
    expect(screen.getByText('Use a number from 0 to 2.')).toBeInTheDocument();
  });

  it.each([
    ['rate_limited', 429], ['busy', 409], ['unavailable', 503],
  ])('%s gives the question back', async () => {
    render(<Page chat={chatWith({ streamMessage: async () => false })} />);
    await userEvent.type(box(), 'Are you there?{Enter}');
    await waitFor(() => expect(box()).toHaveValue('Are you there?'));
  });
});
