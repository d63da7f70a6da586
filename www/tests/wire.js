/* Makes streams by hand: what a server would send, when a test says so. */

const bytes = new TextEncoder();

export const FIRST = {
  stream_id: 's1', conversation_id: 'c1', user_message_id: 'u1', message_id: 'm1',
  provider: 'demo', model: 'demo-fast', left_out: 0, ignored: [],
};

export const DONE = {
  done: true, conversation_id: 'c1', message_id: 'm1', finish_reason: 'stop',
  usage: { input_tokens: 9, output_tokens: 12, reasoning_tokens: 0, source: 'provider' },
  timing: { connect_ms: 1, ttft_ms: 412, total_ms: 2310, tokens_per_second: 31.2 },
  cost: null,
};

export const line = (data, id) => `${id ? `id: ${id}\n` : ''}data: ${JSON.stringify(data)}\n\n`;

/* A response whose body is fed from outside, as a network would: what is sent
 * after the reader left goes nowhere. */
export function createWire() {
  let controller;
  let left = false;
  const body = new ReadableStream({
    start(each) {
      controller = each;
    },
    cancel() {
      left = true;
    },
  });
  const response = new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
  const put = (chunk) => {
    if (!left) controller.enqueue(chunk);
  };
  return {
    response,
    text: (text) => put(bytes.encode(text)),
    bytes: put,
    send: (data, id) => put(bytes.encode(line(data, id))),
    close: () => left || controller.close(),
    fail: () => controller.error(new TypeError('network error')),
  };
}

/* A promise settled from outside. */
export function deferred() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}
