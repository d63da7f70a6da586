/*
 * One conversation with its streaming answer.
 *
 *   const chat = useStreamingChat({ api, openId, onStarted, onFinished });
 *
 * `openId` is the conversation to show, or null for a new one.  `onStarted` is
 * told the conversation's id when the server has begun to answer, `onFinished`
 * when an answer has ended in any way.
 *
 * streamMessage(text, { provider, model }) resolves to true once the server has
 * taken the question, to false when it did not: then nothing of it is shown and
 * the caller still has the text.  cancelStream() asks the server to stop; the
 * answer goes on being read until the server's own end.  Leaving (another
 * conversation, unmounting) only drops this reader: the answer runs on at the
 * server and is found again there.
 */
import { useCallback, useEffect, useReducer, useRef } from 'react';
import { v4 as uuid } from 'uuid';
import { createCoalescer } from '../api/coalesce.js';
import { followConversation, isRunning } from '../api/follow.js';
import { readEvents } from '../api/sse.js';
import { chatReducer, currentMessage, initialChat, isLive } from '../state/chat.js';

/* A stop that was accepted ends the stream at once; this long is a dead line. */
const STOP_WAIT_MS = 10_000;

const UNREACHABLE = {
  code: 'unreachable',
  message: 'The connection broke before an answer began. Send it again to try once more.',
};

const ENDS = new Set(['done', 'error', 'broken']);

/*
 * The request id for a body.  Where the last try was lost on the way, the same
 * body gets the same id, so that the server answers it once.
 */
function requestIdFor(body, lost) {
  const same = lost.current?.body === JSON.stringify(body);
  return same ? lost.current.id : uuid();
}

export function useStreamingChat({ api, openId = null, onStarted, onFinished }) {
  const [state, dispatch] = useReducer(chatReducer, initialChat);
  const run = useRef(null);
  const lost = useRef(null);
  const shownId = useRef(null);
  const listeners = useRef({});

  useEffect(() => {
    listeners.current = { onStarted, onFinished };
  });

  const leave = useCallback(() => {
    run.current?.abort();
    run.current = null;
  }, []);

  /* A run is one request or answer being read; starting one leaves the last. */
  const begin = useCallback(
    ({ requestId = null, streamId = null } = {}) => {
      leave();
      const controller = new AbortController();
      const started = {
        requestId,
        streamId,
        answering: Boolean(requestId || streamId),
        stopping: false,
        stopTimer: null,
        signal: controller.signal,
        abort() {
          clearTimeout(started.stopTimer);
          controller.abort();
        },
      };
      run.current = started;
      return started;
    },
    [leave],
  );

  const finish = useCallback((ended) => {
    clearTimeout(ended.stopTimer);
    if (run.current === ended) run.current = null;
    listeners.current.onFinished?.();
  }, []);

  const follow = useCallback(
    async (conversation) => {
      const following = begin({ streamId: conversation.messages.at(-1).id });
      const how = await followConversation({
        api,
        id: conversation.id,
        signal: following.signal,
        onConversation: (next) => dispatch({ type: 'loaded', conversation: next }),
      });
      if (how === 'left') return;
      if (how === 'gave_up') dispatch({ type: 'broken' });
      finish(following);
    },
    [api, begin, finish],
  );

  const load = useCallback(
    async (id) => {
      const loading = begin();
      try {
        const conversation = await api.conversation(id, { signal: loading.signal });
        if (loading.signal.aborted) return;
        dispatch({ type: 'loaded', conversation });
        if (isRunning(conversation)) follow(conversation);
      } catch (error) {
        if (!loading.signal.aborted) dispatch({ type: 'load_failed', error });
      }
    },
    [api, begin, follow],
  );

  useEffect(() => {
    if (openId === shownId.current) return;
    shownId.current = openId;
    leave();
    dispatch(openId ? { type: 'opened', conversationId: openId } : { type: 'reset' });
    if (openId) load(openId);
  }, [openId, load, leave]);

  useEffect(
    () => () => {
      leave();
      shownId.current = null;
    },
    [leave],
  );

  const take = useCallback(
    (reading, event, accept) => {
      if (reading.signal.aborted) return;
      if (event.type === 'broken' && !reading.streamId) {
        accept(false);
        dispatch({ type: 'rejected', error: UNREACHABLE });
        finish(reading);
        return;
      }
      dispatch({ ...event, at: Date.now() });
      if (event.type === 'started') {
        reading.streamId = event.data.stream_id;
        shownId.current = event.data.conversation_id;
        lost.current = null;
        accept(true);
        listeners.current.onStarted?.(event.data.conversation_id);
      }
      if (ENDS.has(event.type)) {
        accept(true);
        finish(reading);
      }
    },
    [finish],
  );

  const read = useCallback(
    async (reading, body, accept) => {
      const coalescer = createCoalescer((event) => take(reading, event, accept));
      reading.signal.addEventListener('abort', () => {
        coalescer.stop();
        accept(true);
      });
      reading.giveUp = () => coalescer.push({ type: 'broken' });
      try {
        const response = await api.chatStream(body, { signal: reading.signal });
        await readEvents(response, coalescer.push, { signal: reading.signal });
      } catch (error) {
        if (reading.signal.aborted) return;
        if (error.status !== 0) lost.current = null;
        accept(false);
        dispatch({ type: 'rejected', error });
        finish(reading);
      }
    },
    [api, take, finish],
  );

  const submit = useCallback(
    (question, text, { provider, model }) => {
      if (run.current?.answering) return Promise.resolve(false);
      const body = { ...question, provider, model, on_disconnect: 'continue' };
      if (state.conversationId) body.conversation_id = state.conversationId;
      const requestId = requestIdFor(body, lost);
      lost.current = { id: requestId, body: JSON.stringify(body) };

      const reading = begin({ requestId });
      const regenerate = question.regenerate === true;
      dispatch({ type: 'submitted', requestId, text, provider, model, regenerate, at: Date.now() });
      return new Promise((accept) => {
        read(reading, { ...body, client_request_id: requestId }, accept);
      });
    },
    [state.conversationId, begin, read],
  );

  const streamMessage = useCallback(
    (text, choice) => submit({ message: text }, text, choice),
    [submit],
  );

  const retry = useCallback((choice) => submit({ regenerate: true }, null, choice), [submit]);

  const cancelStream = useCallback(async () => {
    const stopped = run.current;
    if (!stopped?.answering || stopped.stopping) return;
    stopped.stopping = true;
    dispatch({ type: 'stopping' });
    try {
      await (stopped.streamId
        ? api.cancelStream(stopped.streamId)
        : api.cancelRequest(stopped.requestId));
      if (run.current !== stopped || !stopped.giveUp) return;
      stopped.stopTimer = setTimeout(() => {
        stopped.giveUp();
        stopped.abort();
      }, STOP_WAIT_MS);
    } catch (error) {
      stopped.stopping = false;
      if (run.current === stopped) dispatch({ type: 'stop_failed', error });
    }
  }, [api]);

  const reload = useCallback(() => {
    if (state.conversationId) load(state.conversationId);
  }, [state.conversationId, load]);

  const newConversation = useCallback(() => {
    leave();
    shownId.current = null;
    dispatch({ type: 'reset' });
  }, [leave]);

  const dismissError = useCallback(() => dispatch({ type: 'error_dismissed' }), []);

  return {
    streamMessage,
    cancelStream,
    currentMessage: currentMessage(state),
    isStreaming: isLive(state.status),
    status: state.status,
    error: state.error,
    conversationId: state.conversationId,
    title: state.title,
    load: state.load,
    live: state.live,
    messages: state.messages,
    retry,
    reload,
    newConversation,
    dismissError,
  };
}
