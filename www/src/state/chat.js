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
 * `error` is { code, message, details, inAnswer }; `inAnswer` says that the last
 * answer already tells of it.
 */

export const initialChat = {
  conversationId: null,
  title: null,
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
function mergeKeys(messages, drawn) {
  const keys = new Map(drawn.filter((m) => m.id).map((m) => [m.id, m.key]));
  return messages.map((m) => ({ ...fromServer(m), key: keys.get(m.id) ?? m.id }));
}

function afterLoad(state, conversation) {
  const messages = mergeKeys(conversation.messages, state.messages);
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
    load: 'ready',
    messages,
    status: running ? 'streaming' : 'ready',
    live: live || null,
    error: null,
  };
}

function question(action) {
  return {
    key: `${action.requestId}:question`,
    id: null,
    role: 'user',
    content: action.text,
    state: 'complete',
  };
}

function emptyAnswer(action) {
  return {
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
    const earlier = action.regenerate ? state.messages.slice(0, -1) : state.messages;
    const asked = action.regenerate ? [] : [question(action)];
    return {
      ...state,
      messages: [...earlier, ...asked, emptyAnswer(action)],
      status: 'submitted',
      live: {
        requestId: action.requestId,
        streamId: null,
        startedAt: action.at,
        stopping: false,
        retry: null,
        rejoining: false,
        before: state.messages,
      },
      error: null,
    };
  },

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
    messages[answer] = {
      ...messages[answer],
      id: data.message_id,
      provider: data.provider ?? messages[answer].provider,
      model: data.model ?? messages[answer].model,
    };
    const asked = messages[answer - 1];
    if (asked?.role === 'user' && !asked.id) {
      messages[answer - 1] = { ...asked, id: data.user_message_id };
    }
    return {
      ...state,
      conversationId: data.conversation_id,
      messages,
      status: 'streaming',
      live: { ...state.live, streamId: data.stream_id, before: null, rejoining: false },
    };
  },

  content: append('content'),
  reasoning: append('reasoning'),

  retry: (state, { data, at }) => ({
    ...state,
    live: { ...state.live, retry: { ...data.retry, until: at + (data.retry.in_ms ?? 0) } },
  }),

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
