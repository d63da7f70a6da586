/*
 * A provider that says a given text: on the OpenAI wire, on loopback, `bytes` of
 * it in each write, `pauseMs` apart, `tokens` characters in each event.  What the
 * last question names after "say:" is what it says.
 *
 *   const speaker = await startSpeaker({ 'a name': 'the text' });
 *   startStack({ settings: speaker.settings })
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setImmediate, setTimeout } from 'node:timers/promises';

const MODEL = 'speaker';
const YIELD_EVERY = 512; // writes, so that they reach the wire one by one

const json = (value) => JSON.stringify(value);

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

const eventOf = (delta, finish = null) =>
  `data: ${json({
    id: 'x',
    object: 'chat.completion.chunk',
    created: 1,
    model: MODEL,
    choices: [{ index: 0, delta, finish_reason: finish }],
  })}\n\n`;

/* By characters, for half of one is no text of JSON. */
function piecesOf(text, length) {
  const characters = [...text];
  const pieces = [];
  for (let i = 0; i < characters.length; i += length) pieces.push(characters.slice(i, i + length).join(''));
  return pieces;
}

async function writeSliced(response, text, bytes) {
  const all = Buffer.from(text);
  for (let i = 0, writes = 0; i < all.length && !response.destroyed; i += bytes) {
    if (!response.write(all.subarray(i, i + bytes))) await once(response, 'drain');
    if (++writes % YIELD_EVERY === 0) await setImmediate();
  }
}

async function say(response, text, { bytes, tokens, everyMs }) {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.socket.setNoDelay(true);
  const begun = performance.now();
  let count = 0;
  for (const piece of piecesOf(text, tokens)) {
    if (response.destroyed) return;
    const event = eventOf({ content: piece });
    if (bytes > 0) await writeSliced(response, event, bytes);
    else response.write(event);
    const early = begun + ++count * everyMs - performance.now();
    if (early > 1) await setTimeout(early);
  }
  response.write(eventOf({}, 'stop'));
  response.end('data: [DONE]\n\n');
}

const DEFAULTS = { bytes: 0, tokens: 1, everyMs: 0 };

export async function startSpeaker(texts, options = {}) {
  const how = { ...DEFAULTS, ...options };
  const server = createServer(async (request, response) => {
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(json({ object: 'list', data: [{ id: MODEL, object: 'model' }] }));
      return;
    }
    const { messages } = await bodyOf(request);
    const asked = String(messages.findLast((each) => each.role === 'user').content);
    await say(response, texts[asked.slice('say:'.length).trim()] ?? `nothing is called ${asked}`, how).catch(() => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${server.address().port}/v1`;
  return {
    model: MODEL,
    settings: (stack) => `
[provider.speaker]
wire = openai
base_url = ${base}
label = Speaker
models = ${MODEL}
key_file = ${stack.dir}/demo.key
`,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
