/*
 * A stand-in for the server, in memory, for working on the page: accounts,
 * models, keys, conversations and paced streams as docs/API.md has them.
 *
 *   npm run mock            dist/ and the API on http://127.0.0.1:8090
 *   npm run dev             Vite, with this behind /api/v1
 *
 * It is strict where the real one is: CSRF, ids of others, the busy check.  The
 * names of its models say what they do.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const COOKIE = 'llmselect_session';
const BODY_MAX = 1024 * 1024;

const PROSE = [
  'A hash table keeps pairs of keys and values so that any one of them can be found in about the same time, however many there are.',
  '## How it works',
  'A *hash function* turns the key into a number; the number, modulo the size of an array, is the place to look. Two keys can land in one place, so each place holds a short list.',
  '1. Hash the key.\n2. Go to that place.\n3. Walk the few entries there and compare keys.',
  '```c\nstruct entry *\ntable_get(const struct table *t, const char *key)\n{\n\tstruct entry *e = t->slots[hash(key) % t->size];\n\n\twhile (e != NULL && strcmp(e->key, key) != 0)\n\t\te = e->next;\n\treturn e;\n}\n```',
  '| Operation | Usual | Worst |\n|---|---|---|\n| find | `O(1)` | `O(n)` |\n| insert | `O(1)` | `O(n)` |\n| remove | `O(1)` | `O(n)` |',
  '> The worst case is rare with a good hash function, and a keyed one keeps it from being provoked.',
  'More in [an encyclopedia](https://example.org/hash-table). Tables grow when they are about three quarters full: a larger array is made and every pair moves to its new place.',
].join('\n\n');

const LONG = Array.from({ length: 14 }, (_, i) => `### Part ${i + 1}\n\n${PROSE}`).join('\n\n');

const fail = (code, message, extra = {}) => ({ error: message, code, partial: false, ...extra });

/* What each model does: text, pace, and how it ends. */
const SCRIPTS = {
  demo: { text: PROSE, first: 300, every: 25, chars: 6 },
  'demo-fast': { text: PROSE, first: 20, every: 5, chars: 24 },
  'demo-slow': { text: PROSE, first: 3500, every: 120, chars: 4 },
  'demo-long': { text: LONG, first: 200, every: 20, chars: 8 },
  'demo-reasoning': { text: PROSE, first: 200, every: 25, chars: 6, reasoning: 'The reader wants the idea first, then the cost. A small table will help.' },
  'demo-retry': { text: PROSE, first: 300, every: 20, chars: 8, retry: { in_ms: 4000, attempt: 2, code: 'provider_rate_limited' } },
  'demo-length': { text: PROSE.slice(0, 400), first: 100, every: 10, chars: 12, reason: 'length' },
  'demo-refuse': { text: '', first: 500, every: 10, chars: 8, reason: 'refusal' },
  'demo-fail': { text: '', first: 500, every: 10, chars: 8, fail: fail('provider_auth', 'OpenAI refused the API key. Check it in Keys.', { provider_status: 401 }) },
  'demo-interrupt': { text: PROSE.slice(0, 300), first: 100, every: 15, chars: 8, fail: fail('network', 'The connection to Demo provider broke.', { partial: true }) },
  'demo-break': { text: PROSE, first: 100, every: 15, chars: 8, breakAt: 200 },
  'demo-busy': { refuse: [503, 'unavailable', 'The server is full right now. Try again in a few seconds.'] },
};

const PROVIDERS = [
  { id: 'demo', label: 'Demo provider', wire: 'openai', key: 'system', demo: true },
  { id: 'openai', label: 'OpenAI', wire: 'openai', key: null, demo: false },
  { id: 'anthropic', label: 'Anthropic', wire: 'anthropic', key: null, demo: false },
  { id: 'gemini', label: 'Google Gemini', wire: 'gemini', key: 'system', demo: false },
  { id: 'mistral', label: 'Mistral', wire: 'mistral', key: null, demo: false },
];

const model = (provider, id, name = id) => ({
  id, provider, name, context: 128000, max_output: 8192, capabilities: {}, price: null,
});

const MODELS = [
  ...Object.keys(SCRIPTS).map((id) => model('demo', id)),
  model('openai', 'gpt-large', 'GPT Large'),
  model('anthropic', 'claude-large', 'Claude Large'),
  model('gemini', 'gemini-fast', 'Gemini Fast'),
  model('mistral', 'mistral-large', 'Mistral Large'),
];

const SETTINGS = {
  provider: null, model: null, system: null, temperature: null, max_tokens: null,
  reasoning_effort: null, on_disconnect: 'continue', theme: 'system', send_on_enter: true,
};

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const now = () => new Date().toISOString();

class Refusal extends Error {
  constructor(status, code, message, details) {
    super(message);
    Object.assign(this, { status, code, details });
  }
}

const notFound = () => new Refusal(404, 'not_found', 'There is nothing at this address.');

async function bodyOf(request) {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > BODY_MAX) throw new Refusal(413, 'too_large', 'That is too long.');
  }
  try {
    return text ? JSON.parse(text) : {};
  } catch {
    throw new Refusal(400, 'bad_json', 'The request is not readable JSON.');
  }
}

function sendJson(response, status, body, headers = {}) {
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
    ...headers,
  });
  response.end(body === null ? undefined : JSON.stringify(body));
}

const EVENT_HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store',
  'X-Accel-Buffering': 'no',
};

/* A position is how far the answer's content and reasoning have come. */
function writeEvent(response, { content, reasoning }, data) {
  if (response.destroyed) return;
  const id = data.stream_id ? '' : `id: ${content.length}.${reasoning.length}\n`;
  response.write(`${id}data: ${JSON.stringify(data)}\n\n`);
}

const sessionCookie = (token) => ({
  'Set-Cookie': `${COOKIE}=${token}; Path=/; HttpOnly; SameSite=Lax`,
});

export function createMock() {
  const users = new Map();
  const sessions = new Map();
  const conversations = new Map();
  const runs = new Map();
  const cancelled = new Set();

  function sessionOf(request) {
    const match = new RegExp(`${COOKIE}=([\\w-]+)`).exec(request.headers.cookie ?? '');
    return match && sessions.get(match[1]);
  }

  function enter(user, status, response) {
    const token = randomUUID();
    const session = { token, user, csrf: randomUUID() };
    sessions.set(token, session);
    const shown = { id: user.id, username: user.username, is_admin: false, created_at: user.created_at };
    const expires = new Date(Date.now() + 7 * 86400e3).toISOString();
    const body = { user: shown, access_token: token, csrf_token: session.csrf, expires_at: expires };
    sendJson(response, status, body, sessionCookie(token));
  }

  function register({ body, response }) {
    const details = {};
    if (!/^.{3,50}$/.test(body.username ?? '')) details.username = 'Use 3 to 50 characters.';
    if ((body.password ?? '').length < 8) details.password = 'Use at least 8 characters.';
    if (Object.keys(details).length > 0) {
      throw new Refusal(422, 'validation_error', 'Some fields need another look.', details);
    }
    if (users.has(body.username)) throw new Refusal(409, 'conflict', 'That user name is taken.');
    const user = {
      id: randomUUID(), username: body.username, password: body.password, created_at: now(), keys: new Map(),
    };
    users.set(user.username, user);
    enter(user, 201, response);
  }

  function login({ body, response }) {
    const user = users.get(body.username);
    if (user?.password !== body.password) {
      throw new Refusal(401, 'unauthenticated', 'The user name or the password is wrong.');
    }
    enter(user, 200, response);
  }

  function ownConversation(user, id) {
    const conversation = conversations.get(id);
    if (conversation?.owner !== user.id) throw notFound();
    return conversation;
  }

  function providersFor(user) {
    return PROVIDERS.map((p) => ({ ...p, key: user.keys.has(p.id) ? 'user' : p.key }));
  }

  function begin(user, body) {
    const provider = providersFor(user).find((p) => p.id === body.provider);
    if (!provider || !MODELS.some((m) => m.id === body.model && m.provider === provider.id)) {
      throw new Refusal(422, 'validation_error', 'There is no such model.', { model: 'Unknown.' });
    }
    if (!provider.key) {
      throw new Refusal(424, 'provider_key_missing', `${provider.label} needs an API key. Add one in Keys.`);
    }
    const script = SCRIPTS[body.model] ?? SCRIPTS.demo;
    if (script.refuse) throw new Refusal(...script.refuse);
    const conversation = body.conversation_id
      ? ownConversation(user, body.conversation_id)
      : { id: randomUUID(), owner: user.id, title: body.message.slice(0, 60), pinned: false, created_at: now(), messages: [] };
    if (conversation.messages.at(-1)?.state === 'running') {
      throw new Refusal(409, 'busy', 'An answer is still being written in this conversation.');
    }
    conversations.set(conversation.id, conversation);
    return { script, conversation };
  }

  function addTurn(conversation, body) {
    const { messages } = conversation;
    if (body.regenerate) messages.pop();
    else {
      messages.push({
        id: randomUUID(), parent_id: messages.at(-1)?.id ?? null, role: 'user',
        content: body.message, state: 'complete', created_at: now(),
      });
    }
    const answer = {
      id: randomUUID(), parent_id: messages.at(-1).id, role: 'assistant', content: '', reasoning: '',
      state: 'running', provider: body.provider, model: body.model, created_at: now(),
    };
    messages.push(answer);
    conversation.updated_at = now();
    return answer;
  }

  async function chatStream({ user, body, response }) {
    const { script, conversation } = begin(user, body);
    const answer = addTurn(conversation, body);
    const run = {
      cancelled: cancelled.has(body.client_request_id),
      requestId: body.client_request_id,
      first: {
        stream_id: answer.id, conversation_id: conversation.id, user_message_id: answer.parent_id,
        message_id: answer.id, provider: body.provider, model: body.model, left_out: 0, ignored: [],
      },
      readers: new Set([response]),
      last: null,
    };
    runs.set(answer.id, run);
    const started = Date.now();
    let firstAt = null;

    const send = (data) => {
      for (const reader of run.readers) writeEvent(reader, answer, data);
    };
    const pause = async (ms) => {
      for (const end = Date.now() + ms; Date.now() < end && !run.cancelled; ) {
        await sleep(Math.min(20, Math.max(1, end - Date.now())));
      }
    };

    response.writeHead(200, EVENT_HEADERS);
    send(run.first);
    await pause(script.first);
    for (const word of (script.reasoning ?? '').split(/(?<= )/)) {
      if (run.cancelled || !word) break;
      answer.reasoning += word;
      send({ reasoning: word });
      await pause(60);
    }
    if (script.retry) {
      send({ retry: script.retry });
      await pause(script.retry.in_ms);
    }
    for (let at = 0; at < script.text.length && !run.cancelled; at += script.chars) {
      if (script.breakAt && at >= script.breakAt && !response.destroyed) response.destroy();
      const piece = script.text.slice(at, at + script.chars);
      firstAt ??= Date.now();
      answer.content += piece;
      send({ content: piece });
      await pause(script.every);
    }
    if (script.fail && !run.cancelled) {
      const { error, code, partial } = script.fail;
      Object.assign(answer, { state: partial ? 'interrupted' : 'failed', error: { code, message: error } });
      run.last = { ...script.fail, retry_after: null, message_id: answer.id };
    } else {
      const reason = run.cancelled ? 'cancelled' : (script.reason ?? 'stop');
      const states = { stop: 'complete', length: 'length', refusal: 'refused', cancelled: 'cancelled' };
      const output = Math.round(answer.content.length / 4);
      const total = Date.now() - started;
      const ttft = firstAt && firstAt - started;
      Object.assign(answer, {
        state: states[reason],
        finish_reason: reason,
        usage: { input_tokens: 12, output_tokens: output, reasoning_tokens: 0, source: run.cancelled ? 'estimate' : 'provider' },
        timing: { connect_ms: 1, ttft_ms: ttft, total_ms: total, tokens_per_second: ttft ? (output * 1000) / Math.max(1, total - ttft) : null },
        cost: null,
      });
      const { finish_reason, usage, timing, cost } = answer;
      run.last = { done: true, conversation_id: conversation.id, message_id: answer.id, finish_reason, usage, timing, cost };
    }
    send(run.last);
    for (const reader of run.readers) reader.end();
  }

  /* The text after a position is one event, whatever pieces it came in. */
  function joinStream({ user, params, request, response }) {
    const answer = ownAnswer(user, params[0]);
    const run = runs.get(answer.id);
    const [content = 0, reasoning = 0] = (request.headers['last-event-id'] ?? '').split('.').map(Number);
    response.writeHead(200, EVENT_HEADERS);
    writeEvent(response, answer, run.first);
    const known = content <= answer.content.length && reasoning <= answer.reasoning.length;
    if (!known) writeEvent(response, answer, { restart: true });
    for (const [field, from] of [['reasoning', reasoning], ['content', content]]) {
      const rest = answer[field].slice(known ? from : 0);
      if (rest) writeEvent(response, answer, { [field]: rest });
    }
    if (run.last) {
      writeEvent(response, answer, run.last);
      response.end();
    } else {
      run.readers.add(response);
    }
  }

  function ownAnswer(user, id) {
    const owned = [...conversations.values()].filter((c) => c.owner === user.id);
    const answer = owned.flatMap((c) => c.messages).find((m) => m.id === id);
    if (!answer) throw notFound();
    return answer;
  }

  function cancelOne({ user, params, response }) {
    const answer = ownAnswer(user, params[0]);
    const stopping = answer.state === 'running';
    runs.get(answer.id).cancelled = true;
    sendJson(response, 200, { stream_id: answer.id, state: answer.state, stopping });
  }

  function cancelRequest({ body, response }) {
    cancelled.add(body.client_request_id);
    for (const run of runs.values()) {
      if (run.requestId === body.client_request_id) run.cancelled = true;
    }
    sendJson(response, 200, { stream_id: null, state: 'unknown', stopping: true });
  }

  const listed = ({ id, title, pinned, created_at, updated_at }) => ({ id, title, pinned, created_at, updated_at });

  const holds = ({ title, messages }, text) =>
    [title, ...messages.map((message) => message.content)].some((each) => each.toLowerCase().includes(text));

  function listConversations({ user, url, response }) {
    const page = Number(url.searchParams.get('page') ?? 1);
    const limit = Number(url.searchParams.get('limit') ?? 30);
    const search = (url.searchParams.get('search') ?? '').toLowerCase();
    const owned = [...conversations.values()]
      .filter((c) => c.owner === user.id && holds(c, search))
      .toSorted((a, b) => Number(b.pinned) - Number(a.pinned) || b.updated_at.localeCompare(a.updated_at));
    const items = owned.slice((page - 1) * limit, page * limit).map(listed);
    sendJson(response, 200, { items, page, limit, total: owned.length });
  }

  function changeConversation({ user, params, body, response }) {
    const conversation = ownConversation(user, params[0]);
    const { title = conversation.title, pinned = conversation.pinned } = body;
    if (title.length < 1 || title.length > 200) {
      throw new Refusal(422, 'validation_error', 'Some of what was sent cannot be used.', { title: 'has 1 to 200 characters' });
    }
    Object.assign(conversation, { title, pinned });
    sendJson(response, 200, { ...listed(conversation), leaf_id: conversation.messages.at(-1)?.id ?? null, system: null });
  }

  function exportConversation({ user, params, url, response }) {
    const { id, title, messages } = ownConversation(user, params[0]);
    const asJson = url.searchParams.get('format') === 'json';
    const text = messages.map((m) => `## ${m.role === 'user' ? 'You' : `${m.provider} / ${m.model}`}\n\n${m.content}\n`);
    const name = encodeURIComponent(`${title}.${asJson ? 'json' : 'md'}`);
    response.writeHead(200, {
      'Content-Type': asJson ? 'application/json' : 'text/markdown; charset=utf-8',
      'Content-Disposition': `attachment; filename*=UTF-8''${name}`,
    });
    response.end(asJson ? JSON.stringify({ id, title, messages }) : [`# ${title}\n`, ...text].join('\n'));
  }

  function oneConversation({ user, params, response }) {
    const { id, title, messages } = ownConversation(user, params[0]);
    sendJson(response, 200, { id, title, leaf_id: messages.at(-1)?.id ?? null, messages });
  }

  function listKeys({ user, response }) {
    const items = [{ provider: 'gemini', source: 'system', last4: 'k9Qz' }].filter((k) => !user.keys.has(k.provider));
    for (const [provider, key] of user.keys) items.push({ provider, source: 'user', last4: key.slice(-4) });
    sendJson(response, 200, { items });
  }

  function putKey({ user, params, body, response }) {
    if (typeof body.key !== 'string' || body.key.length < 8) {
      throw new Refusal(422, 'validation_error', 'Some fields need another look.', { key: 'That does not look like a key.' });
    }
    user.keys.set(params[0], body.key);
    sendJson(response, 200, { provider: params[0], source: 'user', last4: body.key.slice(-4) });
  }

  const none = (work) => (ask) => {
    work(ask);
    sendJson(ask.response, 204, null);
  };

  const ROUTES = [
    ['GET', /^\/auth\/register$/, ({ response }) => sendJson(response, 200, { policy: 'open', open: true, invite: false }), 'anyone'],
    ['POST', /^\/auth\/register$/, register, 'anyone'],
    ['POST', /^\/auth\/login$/, login, 'anyone'],
    ['POST', /^\/auth\/logout$/, none(({ session }) => sessions.delete(session.token))],
    ['GET', /^\/auth\/me$/, ({ user, session, response }) =>
      sendJson(response, 200, {
        user: { id: user.id, username: user.username, is_admin: false, created_at: user.created_at },
        csrf_token: session.csrf,
        expires_at: now(),
      })],
    ['GET', /^\/auth\/me\/settings$/, ({ user, response }) =>
      sendJson(response, 200, { ...SETTINGS, ...user.settings })],
    ['PUT', /^\/auth\/me\/settings$/, ({ user, body, response }) => {
      user.settings = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
      sendJson(response, 200, { ...SETTINGS, ...user.settings });
    }],
    ['GET', /^\/models$/, ({ user, response }) =>
      sendJson(response, 200, { providers: providersFor(user), models: MODELS })],
    ['GET', /^\/keys$/, listKeys],
    ['PUT', /^\/keys\/(\w+)$/, putKey],
    ['POST', /^\/keys\/(\w+)\/test$/, ({ params, response }) =>
      sendJson(response, 200, { provider: params[0], ok: true, code: null, models: 2,
        message: 'It takes this key, and lists 2 models for it.' })],
    ['DELETE', /^\/keys\/(\w+)$/, none(({ user, params }) => user.keys.delete(params[0]))],
    ['GET', /^\/conversations$/, listConversations],
    ['GET', /^\/conversations\/([\w-]+)$/, oneConversation],
    ['PATCH', /^\/conversations\/([\w-]+)$/, changeConversation],
    ['DELETE', /^\/conversations\/([\w-]+)$/, none(({ user, params }) => conversations.delete(ownConversation(user, params[0]).id))],
    ['GET', /^\/conversations\/([\w-]+)\/export$/, exportConversation],
    ['POST', /^\/chat\/stream$/, chatStream],
    ['GET', /^\/streams\/([\w-]+)$/, joinStream],
    ['POST', /^\/streams\/cancel$/, cancelRequest],
    ['POST', /^\/streams\/([\w-]+)\/cancel$/, cancelOne],
  ];

  async function dispatch(request, response) {
    const url = new URL(request.url, 'http://mock');
    const path = url.pathname.replace('/api/v1', '');
    const route = ROUTES.find(([method, pattern]) => method === request.method && pattern.test(path));
    if (!route) throw notFound();
    const [method, pattern, handler, who] = route;
    const session = sessionOf(request);
    if (who !== 'anyone') {
      if (!session) throw new Refusal(401, 'unauthenticated', 'Sign in first.');
      if (method !== 'GET' && request.headers['x-csrf-token'] !== session.csrf) {
        throw new Refusal(403, 'csrf_failed', 'This page is out of date. Reload it.');
      }
    }
    const body = await bodyOf(request);
    const params = pattern.exec(path).slice(1);
    await handler({ user: session?.user, session, body, url, params, request, response });
  }

  return async (request, response) => {
    try {
      await dispatch(request, response);
    } catch (error) {
      const { status = 500, code = 'internal', message, details } = error;
      if (!error.status) console.error(error);
      if (response.headersSent) response.destroy();
      else sendJson(response, status, { error: code, message, details, request_id: randomUUID() });
    }
  };
}

const TYPES = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.html': 'text/html' };
const DIST = fileURLToPath(new URL('../dist', import.meta.url));

/* As the web server does it: files, and index.html for the page's own addresses. */
async function serveFile(request, response) {
  const path = normalize(new URL(request.url, 'http://mock').pathname);
  const wanted = join(DIST, path);
  const isFile = path !== '/' && (await access(wanted).then(() => true, () => false));
  if (!isFile && path.startsWith('/assets/')) return sendJson(response, 404, { error: 'not_found' });
  const file = isFile ? wanted : join(DIST, 'index.html');
  response.writeHead(200, {
    'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream',
    'Content-Security-Policy': CSP,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
  });
  return createReadStream(file).pipe(response);
}

export function listen(port = 0) {
  const mock = createMock();
  const server = createServer((request, response) =>
    request.url.startsWith('/api/v1/') ? mock(request, response) : serveFile(request, response),
  );
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = await listen(Number(process.env.PORT ?? 8090));
  console.log(`http://127.0.0.1:${server.address().port}`);
}
