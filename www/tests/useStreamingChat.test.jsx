import { act, renderHook, waitFor } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../src/api/client.js';
import { useStreamingChat } from '../src/hooks/useStreamingChat.js';
import { createWire, deferred, DONE, FIRST } from './wire.js';

const CHOICE = { provider: 'demo', model: 'demo-fast' };
const BUSY = new ApiError({ code: 'busy', message: 'Busy.', status: 409 });
const AWAY = new ApiError({ code: 'unreachable', message: 'Away.', status: 0 });

let api;
let wire;
let again;

beforeEach(() => {
  wire = createWire();
  again = createWire();
  api = {
    chatStream: vi.fn(async () => wire.response),
    joinStream: vi.fn(async () => again.response),
    cancelStream: vi.fn(async () => ({})),
    cancelRequest: vi.fn(async () => ({})),
    conversation: vi.fn(),
  };
});

function open(props = {}) {
  const listeners = { onStarted: vi.fn(), onFinished: vi.fn() };
  const view = renderHook((each) => useStreamingChat({ api, ...listeners, ...each }), { initialProps: props });
  return { ...view, ...listeners, chat: () => view.result.current };
}

function send(view, text = 'Why?') {
  let taken;
  act(() => {
    taken = view.chat().streamMessage(text, CHOICE);
  });
  return taken;
}

const bodyOf = (call = 0) => api.chatStream.mock.calls[call][0];

describe('an answer', () => {
  it('streams from ready over submitted and streaming to ready', async () => {
    const view = open();
    expect(view.chat()).toMatchObject({ status: 'ready', isStreaming: false, currentMessage: null, error: null, conversationId: null });

    const taken = send(view);
    expect(view.chat()).toMatchObject({ status: 'submitted', isStreaming: true });
    expect(bodyOf()).toMatchObject({ message: 'Why?', ...CHOICE, on_disconnect: 'continue' });
    expect(bodyOf().client_request_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(bodyOf()).not.toHaveProperty('conversation_id');

    wire.send(FIRST);
    expect(await taken).toBe(true);
    await waitFor(() => expect(view.chat().status).toBe('streaming'));
    expect(view.onStarted).toHaveBeenCalledWith('c1');
    wire.send({ content: 'Hel' }, '3.0');
    wire.send({ content: 'lo' }, '5.0');
    await waitFor(() => expect(view.chat().currentMessage.content).toBe('Hello'));
    wire.send(DONE, '5.0');
    wire.close();
    await waitFor(() => expect(view.chat().status).toBe('ready'));
    expect(view.chat()).toMatchObject({ isStreaming: false, currentMessage: null, conversationId: 'c1' });
    expect(view.chat().messages.at(-1)).toMatchObject({ content: 'Hello', state: 'complete', usage: DONE.usage });
    expect(view.onFinished).toHaveBeenCalledTimes(1);
  });

  it('goes on in the same conversation', async () => {
    const view = open();
    send(view);
    wire.send(FIRST);
    wire.send(DONE);
    await waitFor(() => expect(view.chat().status).toBe('ready'));
    wire = createWire();
    send(view, 'And?');
    expect(bodyOf(1).conversation_id).toBe('c1');
    expect(bodyOf(1).client_request_id).not.toBe(bodyOf(0).client_request_id);
  });

  it('one at a time', async () => {
    const view = open();
    send(view);
    expect(await send(view, 'again')).toBe(false);
    expect(api.chatStream).toHaveBeenCalledTimes(1);
  });
});

describe('what goes wrong', () => {
  it('an error before the stream gives the text back', async () => {
    api.chatStream.mockRejectedValue(BUSY);
    const view = open();
    expect(await send(view)).toBe(false);
    await waitFor(() => expect(view.chat().status).toBe('error'));
    expect(view.chat()).toMatchObject({ messages: [], error: { code: 'busy', message: 'Busy.' } });
  });

  it('a question lost on the way is sent again under the same id', async () => {
    api.chatStream.mockRejectedValueOnce(AWAY).mockRejectedValueOnce(AWAY);
    const view = open();
    await send(view, 'same');
    await send(view, 'same');
    send(view, 'other');
    const ids = [0, 1, 2].map((call) => bodyOf(call).client_request_id);
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it('an error event ends it with what came', async () => {
    const view = open();
    send(view);
    wire.send(FIRST);
    wire.send({ content: 'Hel' });
    wire.send({ error: 'The connection to OpenAI broke.', code: 'network', partial: true });
    wire.close();
    await waitFor(() => expect(view.chat().status).toBe('error'));
    expect(view.chat().messages.at(-1)).toMatchObject({ content: 'Hel', state: 'interrupted', error: { code: 'network' } });
    expect(view.chat().error.message).toMatch(/broke/);
  });

  it('a connection that breaks is made again, after the last position', async () => {
    const view = open();
    send(view);
    wire.send(FIRST);
    wire.send({ content: 'Hel' }, '3.0');
    wire.close();
    await waitFor(() => expect(view.chat().live?.rejoining).toBe(true));
    expect(view.chat()).toMatchObject({ status: 'streaming', currentMessage: { content: 'Hel' } });

    await waitFor(() => expect(api.joinStream).toHaveBeenCalled());
    expect(api.joinStream.mock.calls[0].slice(0, 2)).toEqual(['s1', '3.0']);
    again.send(FIRST);
    await waitFor(() => expect(view.chat().live?.rejoining).toBe(false));
    again.send({ content: 'lo' }, '5.0');
    again.send(DONE, '5.0');
    again.close();
    await waitFor(() => expect(view.chat().status).toBe('ready'));
    expect(view.chat().messages.at(-1)).toMatchObject({ content: 'Hello', state: 'complete' });
    expect(view.onStarted).toHaveBeenCalledTimes(1);
    expect(view.onFinished).toHaveBeenCalledTimes(1);
  });

  it('a stream that cannot be joined is asked for until it has ended', async () => {
    api.joinStream.mockRejectedValue(new ApiError({ code: 'not_found', message: 'No.', status: 404 }));
    api.conversation.mockResolvedValue({
      id: 'c1', title: 'T',
      messages: [{ id: 'm1', role: 'assistant', content: 'Hello', state: 'complete' }],
    });
    const view = open();
    send(view);
    wire.send(FIRST);
    wire.send({ content: 'Hel' }, '3.0');
    wire.close();
    await waitFor(() => expect(view.chat().status).toBe('ready'), { timeout: 4000 });
    expect(view.chat().messages.at(-1).content).toBe('Hello');
    expect(view.onFinished).toHaveBeenCalledTimes(1);
  });

  it('a stream that ends before its first event gives the text back', async () => {
    const view = open();
    const taken = send(view);
    wire.close();
    expect(await taken).toBe(false);
    await waitFor(() => expect(view.chat()).toMatchObject({ status: 'error', messages: [] }));
  });
});

describe('stopping', () => {
  it('before the first event goes by the request', async () => {
    const head = deferred();
    api.chatStream.mockReturnValue(head.promise);
    const view = open();
    send(view);
    await act(() => view.chat().cancelStream());
    expect(api.cancelRequest).toHaveBeenCalledWith(bodyOf().client_request_id);
    expect(view.chat().live.stopping).toBe(true);

    head.resolve(wire.response);
    wire.send(FIRST);
    wire.send({ ...DONE, finish_reason: 'cancelled' });
    wire.close();
    await waitFor(() => expect(view.chat().messages.at(-1)?.state).toBe('cancelled'));
  });

  it('after it goes by the stream, and reads on to the end', async () => {
    const view = open();
    send(view);
    wire.send(FIRST);
    wire.send({ content: 'Hel' });
    await waitFor(() => expect(view.chat().currentMessage?.content).toBe('Hel'));
    await act(() => view.chat().cancelStream());
    await act(() => view.chat().cancelStream());
    expect(api.cancelStream.mock.calls).toEqual([['s1']]);
    expect(view.chat()).toMatchObject({ status: 'streaming', live: { stopping: true } });

    wire.send({ content: 'lo' });
    wire.send({ ...DONE, finish_reason: 'cancelled' });
    wire.close();
    await waitFor(() => expect(view.chat().status).toBe('ready'));
    expect(view.chat().messages.at(-1)).toMatchObject({ content: 'Hello', state: 'cancelled' });
  });

  it('that fails says so and can be tried again', async () => {
    api.cancelStream.mockRejectedValueOnce(AWAY);
    const view = open();
    send(view);
    wire.send(FIRST);
    await waitFor(() => expect(view.chat().status).toBe('streaming'));
    await act(() => view.chat().cancelStream());
    expect(view.chat()).toMatchObject({ status: 'streaming', live: { stopping: false }, error: { code: 'unreachable' } });
    await act(() => view.chat().cancelStream());
    expect(api.cancelStream).toHaveBeenCalledTimes(2);
  });

  it('nothing asks nothing', async () => {
    const view = open();
    await act(() => view.chat().cancelStream());
    expect(api.cancelStream).not.toHaveBeenCalled();
    expect(api.cancelRequest).not.toHaveBeenCalled();
  });
});

describe('leaving', () => {
  it('by unmounting drops the reader and stops nothing', async () => {
    const view = open();
    send(view);
    wire.send(FIRST);
    await waitFor(() => expect(view.chat().status).toBe('streaming'));
    view.unmount();
    expect(api.chatStream.mock.calls[0][1].signal.aborted).toBe(true);
    expect(api.cancelStream).not.toHaveBeenCalled();
  });

  it('for another conversation drops the reader, and what comes late', async () => {
    api.conversation.mockResolvedValue({ id: 'c2', title: 'Other', messages: [] });
    const view = open();
    send(view);
    wire.send(FIRST);
    await waitFor(() => expect(view.chat().status).toBe('streaming'));
    view.rerender({ openId: 'c2' });
    await waitFor(() => expect(view.chat().load).toBe('ready'));
    wire.send({ content: 'late' });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(view.chat()).toMatchObject({ conversationId: 'c2', messages: [], status: 'ready' });
  });
});

describe('a page that is hidden', () => {
  function hide(hidden) {
    vi.spyOn(document, 'hidden', 'get').mockReturnValue(hidden);
    document.dispatchEvent(new Event('visibilitychange'));
  }

  it('drops its reader, and joins when it is shown again', async () => {
    const view = open();
    send(view);
    wire.send(FIRST);
    wire.send({ content: 'Hel' }, '3.0');
    await waitFor(() => expect(view.chat().currentMessage?.content).toBe('Hel'));
    hide(true);
    expect(api.chatStream.mock.calls[0][1].signal.aborted).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(api.joinStream).not.toHaveBeenCalled();
    expect(view.chat()).toMatchObject({ status: 'streaming', live: { rejoining: false } });

    hide(false);
    await waitFor(() => expect(api.joinStream).toHaveBeenCalled());
    expect(api.joinStream.mock.calls[0].slice(0, 2)).toEqual(['s1', '3.0']);
    again.send(FIRST);
    again.send({ content: 'lo' }, '5.0');
    again.send(DONE, '5.0');
    again.close();
    await waitFor(() => expect(view.chat().status).toBe('ready'));
    expect(view.chat().messages.at(-1).content).toBe('Hello');
  });

  it('goes on waiting for an answer that has not begun', async () => {
    const view = open();
    send(view);
    hide(true);
    expect(api.chatStream.mock.calls[0][1].signal.aborted).toBe(false);
  });
});

describe('coming back', () => {
  const answer = (state, content) => ({
    id: 'c1', title: 'T',
    messages: [{ id: 'm1', role: 'assistant', content, state, created_at: '2026-01-01T00:00:00Z' }],
  });

  it('to an answer on its way joins it, and shows nothing twice', async () => {
    api.conversation.mockResolvedValueOnce(answer('running', 'He'));
    const view = open({ openId: 'c1' });
    await waitFor(() => expect(view.chat()).toMatchObject({ status: 'streaming', isStreaming: true }));
    expect(view.chat().currentMessage.content).toBe('He');
    await waitFor(() => expect(api.joinStream).toHaveBeenCalled());
    expect(api.joinStream.mock.calls[0].slice(0, 2)).toEqual(['m1', null]);

    again.send({ ...FIRST, stream_id: 'm1' });
    again.send({ content: 'Hel' }, '3.0');
    await waitFor(() => expect(view.chat().currentMessage.content).toBe('Hel'));
    again.send({ content: 'lo' }, '5.0');
    again.send(DONE, '5.0');
    again.close();
    await waitFor(() => expect(view.chat().status).toBe('ready'));
    expect(view.chat().messages.at(-1).content).toBe('Hello');
    expect(view.onFinished).toHaveBeenCalledTimes(1);
  });

  it('to one on its way can stop it', async () => {
    api.conversation.mockResolvedValue(answer('running', 'He'));
    const view = open({ openId: 'c1' });
    await waitFor(() => expect(view.chat().status).toBe('streaming'));
    await act(() => view.chat().cancelStream());
    expect(api.cancelStream).toHaveBeenCalledWith('m1');
  });
});
