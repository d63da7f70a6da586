// One chat turn in one call, and what has to hold whenever one is over.

import assert from "node:assert/strict";
import { until } from "./wait.js";

// The body of a question to the demo provider; `parts` are those of its script.
export const question = (parts, more = {}) => ({ provider: "demo",
	model: parts ? `demo:${parts}` : "demo", message: "Hi", ...more });

// A stream, read to its end.
export async function ask(stack, token, body) {
	const stream = stack.sse("/chat/stream", { token, body });

	await stream.read();
	return stream;
}

// The first event of a stream that goes on.
export async function begin(stack, token, body) {
	const stream = stack.sse("/chat/stream", { token, body });

	await stream.read(() => true);
	return stream;
}

export const first = (stream) => stream.events[0].data;

export const hasContent = (event) => event.data.content !== undefined;

export const reasoningOf = (stream) =>
	stream.events.map((e) => e.data.reasoning ?? "").join("");

// "0 1 2 … n-1 ", what `seq:tokens-n` says.
export const numbers = (n) =>
	Array.from({ length: n }, (_, i) => `${i} `).join("");

// A conversation as it is shown.
export async function show(stack, token, id) {
	const { status, body, text } = await stack.api("GET",
		`/conversations/${id}`, { token });

	assert.equal(status, 200, text);
	return body;
}

// Its last message, once that has ended.
export function ended(stack, token, id, ms) {
	return until(async () => {
		const message = (await show(stack, token, id)).messages.at(-1);

		return message.state !== "running" && message;
	}, "the answer has ended", ms);
}

const BLOCK = /^(?:id: (\d+)\.(\d+)\n)?data: (\{.*\})$/;
const isLast = ({ done, error }) => done !== undefined || error !== undefined;

// Every event is one physical line of JSON, its position is a count of bytes,
// and exactly one of them, the last, is done or error.
export function assertWellFormed(stream) {
	const blocks = stream.raw.toString("utf8").split("\n\n");
	let content = 0, reasoning = 0, n = 0, lasts = 0;

	assert.equal(blocks.pop(), "", "it ends in the middle of an event");
	for (const block of blocks) {
		if (block.startsWith(":"))
			continue;
		const [whole, a, b, json] = BLOCK.exec(block) ?? [];

		assert.ok(whole, `no event: ${JSON.stringify(block)}`);
		const data = JSON.parse(json);

		assert.equal(lasts, 0, `after the end: ${block}`);
		content += Buffer.byteLength(data.content ?? "");
		reasoning += Buffer.byteLength(data.reasoning ?? "");
		assert.equal(a === undefined ? "none" : `${a}.${b}`,
			n === 0 || data.retry ? "none" : `${content}.${reasoning}`,
			block);
		lasts += isLast(data);
		n++;
	}
	assert.equal(lasts, 1, "it has no last event");
}

// What was shown is what is kept (O1), and the question is there, once (O3).
// Gives the answer's message.
export async function assertKept(stack, token, stream, body) {
	const { conversation_id, user_message_id, message_id } = first(stream);
	const { messages } = await show(stack, token, conversation_id);
	const [asked, answer] = messages.slice(-2);

	assert.equal(asked.id, user_message_id);
	assert.equal(asked.role, "user");
	assert.equal(asked.content, body.message);
	assert.equal(answer.id, message_id);
	assert.equal(answer.parent_id, asked.id);
	assert.equal(answer.content, stream.text());
	assert.equal(answer.reasoning ?? "", reasoningOf(stream));
	return answer;
}

// Asks, and looks at what holds whatever comes: { stream, answer }.
export async function askKept(stack, token, body) {
	const stream = await ask(stack, token, body);

	assertWellFormed(stream);
	return { stream, answer: await assertKept(stack, token, stream, body) };
}

// What the provider was sent under a tag: each with its body as JSON, where it
// was not too long to be kept whole ("truncated").
export async function asked(stack, tag) {
	const response = await fetch(`${stack.provider}/requests?tag=${tag}`);
	const { requests } = await response.json();

	return requests.map((rq) => ({ ...rq,
		json: rq.truncated ? undefined : JSON.parse(rq.body) }));
}

// The process whose answer runs under this id.
export async function workerOf(stack, streamId) {
	const hex = streamId.replaceAll("-", "");
	const [row] = await stack.db("SELECT w.pid FROM messages m JOIN workers w"
		+ ` ON w.id = m.owner WHERE m.id = UNHEX('${hex}')`);

	return Number(row?.pid);
}

// Streams until both workers have one: [[stream, pid], …], one of each.
export async function oneOfEach(stack, token, body) {
	const found = new Map();
	const spare = [];

	await until(async () => {
		const stream = await begin(stack, token, body());
		const pid = await workerOf(stack, first(stream).stream_id);

		if (found.has(pid))
			spare.push(stream);
		else
			found.set(pid, stream);
		return found.size === 2;
	}, "each worker has a stream", 20_000);
	for (const stream of spare)
		stream.close();
	return [...found].map(([pid, stream]) => [stream, pid]);
}

const TABLES = ["users", "sessions", "api_keys", "conversations", "messages",
	"stops", "early_stops", "invites"];

// How many rows each table has.
export async function countRows(stack) {
	const [row] = await stack.db(`SELECT ${TABLES.map((name) =>
		`(SELECT COUNT(*) FROM ${name}) AS ${name}`).join(", ")}`);

	return row;
}

// The middle of some numbers, and that below which 99 of 100 are.
export function spread(values) {
	const sorted = [...values].sort((a, b) => a - b);
	const at = (share) => sorted[Math.min(sorted.length - 1,
		Math.floor(sorted.length * share))];

	return { median: at(0.5), p99: at(0.99) };
}
