/*
 * Asks the server and gives back JSON.
 *
 * Every failure is one ApiError: what the server said of it, or, where no
 * answer came or it was not ours, the sentence from FALLBACK below.  An abort
 * asked for by the caller is not a failure of ours and passes as AbortError.
 *
 * The session is an HttpOnly cookie that this code never sees.  The CSRF token
 * lives in this closure, so it is gone with the page.
 */
import { fileNameOf } from './file.js';

const FALLBACK = {
  0: ['unreachable', 'The server could not be reached. Check the connection and try again.'],
  413: ['too_large', 'That is more than the server takes in one request. Shorten it.'],
  429: ['rate_limited', 'Too many requests. Wait a moment, then try again.'],
  502: ['unavailable', 'LLMSelect is not answering right now. Try again in a moment.'],
  503: ['unavailable', 'LLMSelect is not answering right now. Try again in a moment.'],
  504: ['unavailable', 'LLMSelect took too long to answer. Try again in a moment.'],
};
const UNREADABLE = ['internal', 'The server answered with something this page cannot read.'];

const EVENTS = 'text/event-stream';

/* These say that the page's idea of who is signed in is out of date. */
const STALE_SESSION = new Set(['unauthenticated', 'csrf_failed']);

export class ApiError extends Error {
  constructor({ code, message, details = null, status = 0, retryAfter = null }) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.details = details;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

function fallbackError(status) {
  const [code, message] = FALLBACK[status] ?? UNREADABLE;
  return new ApiError({ code, message, status });
}

async function readJson(response) {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

async function errorOf(response) {
  const body = await readJson(response);
  if (typeof body?.error !== 'string' || typeof body.message !== 'string') {
    return fallbackError(response.status);
  }
  return new ApiError({
    code: body.error,
    message: body.message,
    details: body.details ?? null,
    status: response.status,
    retryAfter: Number(response.headers.get('retry-after')) || null,
  });
}

/*
 * Options of every request: `signal`, and `keepalive` where it is to be sent even
 * if the page is gone before its answer.
 */
export function createClient({
  base = '/api/v1',
  fetch = (...args) => globalThis.fetch(...args),
} = {}) {
  let csrfToken = null;
  let staleSession = () => {};

  function headersFor(method, body) {
    const headers = { Accept: 'application/json' };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    if (method !== 'GET' && csrfToken) headers['X-CSRF-Token'] = csrfToken;
    return headers;
  }

  async function ask(method, path, { body, signal, keepalive, headers: more } = {}) {
    const headers = { ...headersFor(method, body), ...more };
    try {
      return await fetch(base + path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        credentials: 'same-origin',
        cache: 'no-store',
        signal,
        keepalive,
      });
    } catch (cause) {
      if (signal?.aborted) throw cause;
      throw fallbackError(0);
    }
  }

  async function send(method, path, options) {
    const response = await ask(method, path, options);
    if (!response.ok) {
      const error = await errorOf(response);
      if (STALE_SESSION.has(error.code)) staleSession(error, path);
      throw error;
    }
    return response;
  }

  async function json(method, path, options) {
    const response = await send(method, path, options);
    if (response.status === 204) return null;
    const body = await readJson(response);
    if (body === null && !options?.signal?.aborted) throw fallbackError(response.status);
    return body;
  }

  async function file(path, options) {
    const response = await send('GET', path, { ...options, headers: { Accept: '*/*' } });
    try {
      const name = fileNameOf(response.headers.get('content-disposition'), 'conversation');
      return { name, blob: await response.blob() };
    } catch {
      throw fallbackError(0);
    }
  }

  async function events(method, path, options) {
    const headers = { ...options.headers, Accept: EVENTS };
    const response = await send(method, path, { ...options, headers });
    const type = response.headers.get('content-type') ?? '';
    if (!type.startsWith(EVENTS)) throw fallbackError(response.status);
    return response;
  }

  return {
    setCsrfToken(token) {
      csrfToken = token;
    },
    /* One listener: told with the error and the path that met it. */
    onStaleSession(listener) {
      staleSession = listener ?? (() => {});
    },
    get: (path, options) => json('GET', path, options),
    post: (path, body, options) => json('POST', path, { ...options, body }),
    put: (path, body, options) => json('PUT', path, { ...options, body }),
    patch: (path, body, options) => json('PATCH', path, { ...options, body }),
    del: (path, options) => json('DELETE', path, options),
    /* { name, blob } of a file, named as the server names it. */
    file,
    /* The response itself, its body unread: for what is too large to be JSON here. */
    open: (path, options) => send('GET', path, options),
    /* The response itself, its body unread: for event streams. */
    openStream: (path, body, options) => events('POST', path, { ...options, body }),
    /* The same of a stream that runs; `position` is the last event id known. */
    joinStream: (path, position, options) =>
      events('GET', path, { ...options, headers: position ? { 'Last-Event-ID': position } : {} }),
  };
}
