/*
 * One conversation as the page shows it, and the answer that is on its way.
 *
 * `load` says what is known of the conversation: ready | loading | not_found |
 * failed.  `status` says what a new question would meet: ready | submitted (sent,
 * nothing heard yet) | streaming (the server has begun) | error (the last try
 * ended badly; asking again is possible).  `live` is there exactly while status
 * is submitted or streaming; its answer is the last message.
 *
 * Messages have the shape of GET /conversations/{id} and a `key` that stays the
 * same from the moment they are drawn.  Besides the server's states an answer
 * can be `broken`: its stream ended without an end, and what became of it is
 * the server's to say.
 *
 * `system` is the conversation's system prompt, or null.  What an answer was not
 * given (`left_out`, `ignored`) is told only while it comes, so it is kept here.
 *
 * `error` is { code, message, details, inAnswer }; `inAnswer` says that the last
 * answer already tells of it.
 */
import { beside, keyOf, withSelf } from './branches.js';

export const initialChat = {
  conversationId: null,
  title: null,
  system: null,
  load: 'ready',
  messages: [],
  status: 'ready',
  live: null,
  error: null,
};

/* How an answer's state follows from the reason it finished. */
const STATE_OF_REASON = {
  length: 'length',
  refusal: 'refused',
  content_filter: 'refused',
  cancelled: 'cancelled',
  abandoned: 'cancelled',
};

/* After these, the same question can be answered again in place. */
export const RETRYABLE = new Set(['failed', 'interrupted', 'refused', 'broken', 'cancelled']);

export const isLive = (status) => status === 'submitted' || status === 'streaming';

export function currentMessage(state) {
  return state.live ? state.messages.at(-1) : null;
}

function withAnswer(state, change) {
  const answer = state.messages.at(-1);
  return { ...state, messages: [...state.messages.slice(0, -1), { ...answer, ...change }] };
}

function errorOf({ code, message, details = null }, inAnswer = false) {
  return { code, message, details, inAnswer };
}

function fromServer(message) {
  return { reasoning: '', ...message, key: message.id };
}

/* Keeps the keys of what is already drawn, so that nothing is drawn anew. */
function mergeDrawn(messages, drawn) {
  const known = new Map(drawn.filter((m) => m.id).map((m) => [m.id, m]));
  return messages.map((message, place) => {
    const { key, left_out, ignored } = known.get(message.id) ?? {
      key: keyOf(message, drawn[place]),
    };
    return { ...fromServer(message), left_out, ignored, key };
  });
}

function afterLoad(state, conversation) {
  const messages = mergeDrawn(conversation.messages, state.messages);
  const last = messages.at(-1);
  const running = last?.state === 'running';
  const live = running && {
    requestId: null,
    streamId: last.id,
    startedAt: Date.parse(last.created_at),
    stopping: state.live?.streamId === last.id && state.live.stopping,
    retry: null,
    rejoining: false,
  };
  return {
    ...state,
    conversationId: conversation.id,
    title: conversation.title,
    system: conversation.system ?? null,
    load: 'ready',
    messages,
    status: running ? 'streaming' : 'ready',
    live: live || null,
    error: null,
  };
}

function question(action, replaced) {
  return {
    beside: beside(replaced),
    key: `${action.requestId}:question`,
    id: null,
    role: 'user',
    content: action.text,
    state: 'complete',
  };
}

function emptyAnswer(action, replaced) {
  return {
    beside: beside(replaced),
    key: `${action.requestId}:answer`,
    id: null,
    role: 'assistant',
    content: '',
    reasoning: '',
    state: 'running',
    provider: action.provider,
    model: action.model,
  };
}

/* What is shown before the new question, and what stands in its place now. */
function placeOf(messages, { regenerate, edited }) {
  if (regenerate) return messages.length - 1;
  const place = messages.findIndex((message) => edited && message.id === edited);
  return place < 0 ? messages.length : place;
}

function asked(messages, action) {
  const place = placeOf(messages, action);
  const replaced = messages[place];
  const turn = action.regenerate
    ? [emptyAnswer(action, replaced)]
    : [question(action, replaced), emptyAnswer(action)];
  return [...messages.slice(0, place), ...turn];
}

const union = (some, more) => [...new Set([...(some ?? []), ...more])];

function withOmissions(message, { left_out: leftOut = 0, ignored = [] }) {
  return {
    ...message,
    left_out: Math.max(message.left_out ?? 0, leftOut),
    ignored: union(message.ignored, ignored),
  };
}

function append(field) {
  return (state, { data }) => {
    const answer = state.messages.at(-1);
    const next = withAnswer(state, { [field]: answer[field] + data[field] });
    return { ...next, live: { ...state.live, retry: null } };
  };
}

/* About the conversation: these hold at any time. */
const always = {
  reset: () => initialChat,

  opened: (state, { conversationId }) => ({ ...initialChat, conversationId, load: 'loading' }),

  loaded: (state, { conversation }) =>
    conversation.id === state.conversationId ? afterLoad(state, conversation) : state,

  load_failed: (state, { error }) => ({
    ...state,
    load: error.code === 'not_found' || error.status === 422 ? 'not_found' : 'failed',
    error: errorOf(error),
  }),

  submitted: (state, action) => {
    return {
      ...state,
      messages: asked(state.messages, action),
      status: 'submitted',
      live: {
        requestId: action.requestId,
        streamId: null,
        startedAt: action.at,
        stopping: false,
        retry: null,
        rejoining: false,
        before: state.messages,
        system: action.system,
      },
      error: null,
    };
  },

  branch_failed: (state, { error }) => ({ ...state, error: errorOf(error) }),

  error_dismissed: (state) => ({
    ...state,
    error: null,
    status: state.status === 'error' ? 'ready' : state.status,
  }),
};

/* About the answer on its way: without one they mean nothing. */
const whileLive = {
  /* The server said no before a stream began: as if it had not been asked. */
  rejected: (state, { error }) => ({
    ...state,
    messages: state.live.before,
    status: 'error',
    live: null,
    error: errorOf(error),
  }),

  started: (state, { data }) => {
    const messages = [...state.messages];
    const answer = messages.length - 1;
    messages[answer] = withOmissions(
      withSelf({
        ...messages[answer],
        id: data.message_id,
        provider: data.provider ?? messages[answer].provider,
        model: data.model ?? messages[answer].model,
      }),
      data,
    );
    const before = messages[answer - 1];
    if (before?.role === 'user' && !before.id) {
      messages[answer - 1] = withSelf({ ...before, id: data.user_message_id });
    }
    const { system = state.system } = state.live;
    return {
      ...state,
      conversationId: data.conversation_id,
      system: system || null,
      messages,
      status: 'streaming',
      live: { ...state.live, streamId: data.stream_id, before: null, rejoining: false },
    };
  },

  content: append('content'),
  reasoning: append('reasoning'),

  retry: (state, { data, at }) => {
    const { ignored, left_out, in_ms = 0 } = data.retry;
    const answer = withOmissions(state.messages.at(-1), {
      left_out,
      ignored: ignored ? [ignored] : [],
    });
    return {
      ...withAnswer(state, answer),
      live: { ...state.live, retry: { ...data.retry, until: at + in_ms } },
    };
  },

  /* The connection broke; the answer goes on at the server and is joined again. */
  lost: (state) => ({ ...state, live: { ...state.live, retry: null, rejoining: true } }),

  restart: (state) => withAnswer(state, { content: '', reasoning: '' }),

  done: (state, { data }) => {
    const ended = withAnswer(state, {
      state: STATE_OF_REASON[data.finish_reason] ?? 'complete',
      finish_reason: data.finish_reason,
      usage: data.usage,
      timing: data.timing,
      cost: data.cost,
    });
    return { ...ended, status: 'ready', live: null };
  },

  error: (state, { data }) => {
    const answer = state.messages.at(-1);
    const ended = withAnswer(state, {
      state: data.partial || answer.content ? 'interrupted' : 'failed',
      error: { code: data.code, message: data.error },
    });
    const error = errorOf({ code: data.code, message: data.error }, true);
    return { ...ended, status: 'error', live: null, error };
  },

  broken: (state) => ({
    ...withAnswer(state, { state: 'broken' }),
    status: 'error',
    live: null,
    error: errorOf({ code: 'connection_broken', message: 'The connection broke.' }, true),
  }),

  stopping: (state) => ({ ...state, live: { ...state.live, stopping: true } }),

  stop_failed: (state, { error }) => ({
    ...state,
    live: { ...state.live, stopping: false },
    error: errorOf(error),
  }),
};

export function chatReducer(state, action) {
  const row = always[action.type] ?? (state.live ? whileLive[action.type] : null);
  return row ? row(state, action) : state;
}
