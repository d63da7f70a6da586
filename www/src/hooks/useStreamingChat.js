/*
 * One conversation with its streaming answer.
 *
 *   const chat = useStreamingChat({ api, openId, onStarted, onFinished });
 *
 * `openId` is the conversation to show, or null for a new one.  `onStarted` is
 * told the conversation's id when the server has begun to answer, `onFinished`
 * when an answer has ended in any way.
 *
 * streamMessage(text, { provider, model, ...parameters }) resolves to true once the server has
 * taken the question, to false when it did not: then nothing of it is shown and
 * the caller still has the text.  editMessage(id, text, choice) puts a question in
 * another's place, retry(choice) answers the last one again, showBranch(id) shows
 * what was there before either.  cancelStream() asks the server to stop; the
 * answer goes on being read until the server's own end.  Leaving (another
 * conversation, unmounting) only drops this reader: the answer runs on at the
 * server and is found again there.  A connection that breaks is made again, and
 * an answer that runs when its conversation is opened is joined.
 */
import { useCallback, useEffect, useReducer, useRef } from 'react';
import { v4 as uuid } from 'uuid';
import { createCoalescer } from '../api/coalesce.js';
import { followConversation, isRunning } from '../api/follow.js';
import { createConnection, joinAnswer } from '../api/join.js';
import { isEnd, readEvents } from '../api/sse.js';
import { chatReducer, currentMessage, initialChat, isLive } from '../state/chat.js';

/* A stop that was accepted ends the stream at once; this long is a dead line. */
const STOP_WAIT_MS = 10_000;

/* Before an answer whose connection broke is joined. */
const REJOIN_MS = 500;

const UNREACHABLE = {
  code: 'unreachable',
  message: 'The connection broke before an answer began. Send it again to try once more.',
};

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
    ({ requestId = null, streamId = null, conversationId = null } = {}) => {
      leave();
      const controller = new AbortController();
      const started = {
        requestId,
        streamId,
        conversationId,
        position: null,
        ended: false,
        connection: null,
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

  /* What one event of the answer means; each comes here once. */
  const take = useCallback(
    (reading, event) => {
      if (reading.signal.aborted || reading.ended) return;
      dispatch({ ...event, at: Date.now() });
      if (event.type === 'started') {
        const isFirst = !reading.streamId;
        reading.streamId = event.data.stream_id;
        reading.conversationId = event.data.conversation_id;
        shownId.current = reading.conversationId;
        lost.current = null;
        reading.accept?.(true);
        if (isFirst) listeners.current.onStarted?.(reading.conversationId);
      }
      if (event.type === 'broken' || isEnd(event)) {
        reading.ended = true;
        reading.accept?.(true);
        finish(reading);
      }
    },
    [finish],
  );

  /* The answer by asking for it, where its stream is not to be had. */
  const poll = useCallback(
    async (reading) => {
      const how = await followConversation({
        api,
        id: reading.conversationId,
        signal: reading.signal,
        onConversation: (next) => dispatch({ type: 'loaded', conversation: next }),
      });
      if (how === 'ended') finish(reading);
      if (how === 'gave_up') take(reading, { type: 'broken' });
    },
    [api, finish, take],
  );

  const join = useCallback(
    async (reading, { known, waitMs } = {}) => {
      const coalescer = createCoalescer((event) => take(reading, event));
      reading.signal.addEventListener('abort', coalescer.stop);
      const how = await joinAnswer({
        api,
        id: reading.streamId,
        from: { position: reading.position, known },
        signal: reading.signal,
        onEvent: coalescer.push,
        onConnection: (connection) => {
          reading.connection = connection;
        },
        waitMs,
      });
      if (how === 'refused') poll(reading);
      if (how === 'gave_up') take(reading, { type: 'broken' });
    },
    [api, poll, take],
  );

  const load = useCallback(
    async (id) => {
      const loading = begin();
      try {
        const conversation = await api.conversation(id, { signal: loading.signal });
        if (loading.signal.aborted) return;
        dispatch({ type: 'loaded', conversation });
        if (!isRunning(conversation)) return;
        const { id: streamId, content, reasoning = '' } = conversation.messages.at(-1);
        join(begin({ streamId, conversationId: id }), { known: { content, reasoning } });
      } catch (error) {
        if (!loading.signal.aborted) dispatch({ type: 'load_failed', error });
      }
    },
    [api, begin, join],
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

  const reject = useCallback(
    (reading, error) => {
      reading.accept(false);
      dispatch({ type: 'rejected', error });
      finish(reading);
    },
    [finish],
  );

  const read = useCallback(
    async (reading, body) => {
      const coalescer = createCoalescer((event) => take(reading, event));
      reading.signal.addEventListener('abort', () => {
        coalescer.stop();
        reading.accept(true);
      });
      // Before it has begun there is nothing that could be joined again, and where
      // leaving means stopping, hiding the page should not.
      const mayDrop = () => reading.streamId !== null && body.on_disconnect !== 'stop';
      const connection = createConnection(reading.signal, mayDrop);
      reading.connection = connection;
      try {
        const response = await api.chatStream(body, { signal: connection.signal });
        await readEvents(
          response,
          (event) => {
            if (event.type === 'broken') return;
            reading.position = event.position ?? reading.position;
            coalescer.push(event);
          },
          { signal: connection.signal },
        );
      } catch (error) {
        if (reading.signal.aborted) return;
        if (error.status !== 0) lost.current = null;
        reject(reading, error);
        return;
      } finally {
        connection.close();
      }
      if (reading.signal.aborted || reading.ended) return;
      if (!reading.streamId) {
        reject(reading, UNREACHABLE);
        return;
      }
      coalescer.flush();
      if (!document.hidden) take(reading, { type: 'lost' });
      join(reading, { waitMs: REJOIN_MS });
    },
    [api, join, reject, take],
  );

  const submit = useCallback(
    (question, choice) => {
      if (run.current?.answering) return Promise.resolve(false);
      const body = { on_disconnect: 'continue', ...choice, ...question };
      if (state.conversationId) body.conversation_id = state.conversationId;
      const requestId = requestIdFor(body, lost);
      lost.current = { id: requestId, body: JSON.stringify(body) };

      const reading = begin({ requestId });
      dispatch({
        type: 'submitted',
        requestId,
        text: question.message,
        edited: question.edit_message_id ?? null,
        regenerate: question.regenerate === true,
        provider: choice.provider,
        model: choice.model,
        system: choice.system,
        at: Date.now(),
      });
      return new Promise((accept) => {
        reading.accept = accept;
        read(reading, { ...body, client_request_id: requestId });
      });
    },
    [state.conversationId, begin, read],
  );

  const streamMessage = useCallback(
    (text, choice) => submit({ message: text }, choice),
    [submit],
  );

  const editMessage = useCallback(
    (id, text, choice) => submit({ message: text, edit_message_id: id }, choice),
    [submit],
  );

  const retry = useCallback((choice) => submit({ regenerate: true }, choice), [submit]);

  const showBranch = useCallback(
    async (id) => {
      const conversationId = state.conversationId;
      if (run.current?.answering) return;
      try {
        await api.patchConversation(conversationId, { leaf_id: id });
      } catch (error) {
        dispatch({ type: 'branch_failed', error });
        return;
      }
      if (shownId.current === conversationId && !run.current?.answering) load(conversationId);
    },
    [api, load, state.conversationId],
  );

  const cancelStream = useCallback(async () => {
    const stopped = run.current;
    if (!stopped?.answering || stopped.stopping) return;
    stopped.stopping = true;
    dispatch({ type: 'stopping' });
    try {
      await (stopped.streamId
        ? api.cancelStream(stopped.streamId)
        : api.cancelRequest(stopped.requestId));
      if (run.current !== stopped) return;
      stopped.stopTimer = setTimeout(() => stopped.connection?.drop(), STOP_WAIT_MS);
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
    system: state.system,
    load: state.load,
    live: state.live,
    messages: state.messages,
    editMessage,
    retry,
    showBranch,
    reload,
    newConversation,
    dismissError,
  };
}
