import { describe, expect, it, vi } from 'vitest';
import { createClient } from '../src/api/client.js';
import { fileNameOf } from '../src/api/file.js';

const json = (status, body, headers) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json', ...headers } });

const clientOf = (response) => {
  const fetch = vi.fn(async () => response);
  return { client: createClient({ fetch }), fetch };
};

describe('errors', () => {
  it.each([
    ['ours', json(409, { error: 'busy', message: 'Busy.' }), { code: 'busy', message: 'Busy.', status: 409 }],
    ['details', json(422, { error: 'validation_error', message: 'x', details: { key: 'No.' } }), { details: { key: 'No.' } }],
    ['a wait', json(429, { error: 'rate_limited', message: 'x' }, { 'Retry-After': '7' }), { retryAfter: 7 }],
    ['a proxy’s page', new Response('<h1>Bad</h1>', { status: 502 }), { code: 'unavailable', status: 502 }],
    ['an unknown page', new Response('?', { status: 418 }), { code: 'internal', status: 418 }],
    ['no JSON where some was due', new Response('?', { status: 200 }), { code: 'internal', status: 200 }],
  ])('%s', async (_name, response, error) => {
    await expect(clientOf(response).client.get('/x')).rejects.toMatchObject(error);
  });

  it('no answer at all', async () => {
    const client = createClient({ fetch: () => Promise.reject(new TypeError('Failed to fetch')) });
    await expect(client.get('/x')).rejects.toMatchObject({ code: 'unreachable', status: 0 });
  });

  it('an abort is not an error of ours', async () => {
    const abort = new DOMException('left', 'AbortError');
    const client = createClient({ fetch: () => Promise.reject(abort) });
    const signal = AbortSignal.abort();
    await expect(client.get('/x', { signal })).rejects.toBe(abort);
  });
});

it('sends the CSRF token with what changes something, and only there', async () => {
  const fetch = vi.fn(async () => json(200, {}));
  const client = createClient({ fetch });
  client.setCsrfToken('t');
  await client.get('/x');
  await client.post('/x', { a: 1 });
  const [[, get], [, post]] = fetch.mock.calls;
  expect(get.headers).not.toHaveProperty('X-CSRF-Token');
  expect(post.headers).toMatchObject({ 'X-CSRF-Token': 't', 'Content-Type': 'application/json' });
  expect(post.body).toBe('{"a":1}');
});

it('tells when the session is stale', async () => {
  const { client } = clientOf(json(401, { error: 'unauthenticated', message: 'x' }));
  const listener = vi.fn();
  client.onStaleSession(listener);
  await client.get('/models').catch(() => {});
  expect(listener).toHaveBeenCalledWith(expect.objectContaining({ status: 401 }), '/models');
});

it('takes 204 as nothing', async () => {
  expect(await clientOf(new Response(null, { status: 204 })).client.del('/x')).toBeNull();
});

it('opens only event streams', async () => {
  await expect(clientOf(json(200, {})).client.openStream('/x', {})).rejects.toMatchObject({ code: 'internal' });
});

it('lets a request outlive the page where it is asked to', async () => {
  const { client, fetch } = clientOf(new Response(null, { status: 204 }));
  client.setCsrfToken('t');
  await client.del('/x', { keepalive: true });
  expect(fetch.mock.calls[0][1]).toMatchObject({ method: 'DELETE', keepalive: true, headers: { 'X-CSRF-Token': 't' } });
});

describe('files', () => {
  it('come with their name, and their bytes as they are', async () => {
    const response = new Response('# Hi', { headers: { 'Content-Disposition': 'attachment; filename="hi.md"' } });
    const { name, blob } = await clientOf(response).client.file('/x');
    expect(name).toBe('hi.md');
    expect(await blob.text()).toBe('# Hi');
  });

  it('that are refused are an error like any other', async () => {
    const response = json(413, { error: 'too_large', message: 'Too large.' });
    await expect(clientOf(response).client.file('/x')).rejects.toMatchObject({ message: 'Too large.' });
  });

  it.each([
    ['the one for all letters wins', `attachment; filename="_.md"; filename*=UTF-8''%C3%9Cber%20B%C3%A4ume.md`, 'Über Bäume.md'],
    ['a plain one', 'attachment; filename="a b.json"', 'a b.json'],
    ['a broken one', `attachment; filename="a.md"; filename*=UTF-8''%E0%A4%A`, 'a.md'],
    ['none', 'attachment', 'otherwise'],
    ['no header', null, 'otherwise'],
  ])('are named: %s', (_name, header, name) => expect(fileNameOf(header, 'otherwise')).toBe(name));
});
