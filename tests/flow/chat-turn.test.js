// One question to one model, as a client sees it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startStack } from "./harness.js";
import { ask, asked, assertKept, assertWellFormed, first, hasContent, numbers,
	question, show } from "./lib/turn.js";

let stack, ann;

before(async () => {
	stack = await startStack();
	ann = await stack.register();
});
after(() => stack?.stop());

const isPositive = (n) => typeof n === "number" && n >= 0;

function assertFigures({ usage, timing, cost }, outputTokens) {
	assert.equal(usage.output_tokens, outputTokens);
	assert.equal(usage.source, "provider");
	assert.ok(usage.input_tokens > 0);
	assert.ok(isPositive(usage.reasoning_tokens));
	assert.ok(isPositive(timing.connect_ms));
	assert.ok(timing.ttft_ms >= timing.connect_ms);
	assert.ok(timing.total_ms >= timing.ttft_ms);
	assert.ok(timing.tokens_per_second > 0);
	assert.equal(cost, null, "the demo provider has no price");
}

test("the first content comes long before the last", async () => {
	const stream = await ask(stack, ann.token,
		question("seq:tokens-40:pace-20"));
	const content = stream.events.filter(hasContent);

	assert.ok(content.length >= 20, `in ${content.length} pieces`);
	assert.ok(content.at(-1).at - content[0].at > 500);
	assert.equal(stream.text(), numbers(40));
	assertWellFormed(stream);
});

test("the first event comes before the provider answers", async () => {
	const stream = await ask(stack, ann.token,
		question("head-2000:tokens-3:pace-0"));
	const [start, next] = stream.events;

	assert.ok(start.at - stream.sentAt < 1500);
	assert.ok(next.at - start.at > 1000,
		`the next came ${next.at - start.at} ms later`);
	assert.deepEqual(Object.keys(start.data), ["stream_id",
		"conversation_id", "user_message_id", "message_id", "provider",
		"model", "left_out", "ignored"]);
	assert.equal(start.data.provider, "demo");
	assert.equal(start.data.left_out, 0);
	assert.deepEqual(start.data.ignored, []);
});

test("the head says that it is a stream, and that nobody may keep it",
	async () => {
		const { headers } = await ask(stack, ann.token, question("tokens-1"));

		assert.equal(headers["content-type"], "text/event-stream");
		assert.equal(headers["cache-control"], "no-store");
		assert.equal(headers["x-accel-buffering"], "no");
		assert.equal(headers["content-encoding"], undefined);
	});

test("JSON has a space after each colon and comma", async () => {
	const stream = await ask(stack, ann.token, question("seq:tokens-2"));
	const raw = stream.raw.toString();

	assert.ok(raw.includes('data: {"content": "0 "}\n\n'), raw);
	assert.ok(raw.includes('data: {"done": true, "conversation_id": "'), raw);
	for (const path of ["/models", "/auth/me", "/conversations", "/health"]) {
		const { text, body } = await stack.api("GET", path,
			{ token: ann.token });
		const outside = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');

		assert.doesNotMatch(outside, /[:,](?! )/, path);
		assert.equal(typeof body, "object");
	}
});

test("what was asked and answered is in the conversation", async () => {
	const body = question("seq:tokens-12:pace-10",
		{ message: "What is in there? 数据 👩‍👩‍👧" });
	const stream = await ask(stack, ann.token, body);
	const answer = await assertKept(stack, ann.token, stream, body);
	const { done, finish_reason, conversation_id, message_id }
		= stream.last.data;

	assert.equal(done, true);
	assert.equal(finish_reason, "stop");
	assert.equal(conversation_id, first(stream).conversation_id);
	assert.equal(message_id, answer.id);
	assert.equal(answer.state, "complete");
	assert.equal(answer.finish_reason, "stop");
	assert.equal(answer.provider, "demo");
	assert.equal(answer.model, body.model);
	assertFigures(stream.last.data, 12);
	for (const name of ["usage", "timing", "cost"])
		assert.deepEqual(answer[name], stream.last.data[name], name);
	assert.match(answer.created_at, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);

	const conversation = await show(stack, ann.token, conversation_id);

	assert.equal(conversation.messages.length, 2);
	assert.equal(conversation.leaf_id, answer.id);
	assert.equal(conversation.title, body.message);
	assert.equal(conversation.messages[0].parent_id, null);
});

test("a further question goes to the provider with the history", async () => {
	const one = question("seq:tokens-3:tag-history-1", { message: "One?" });
	const { conversation_id } = (await ask(stack, ann.token, one)).last.data;

	await ask(stack, ann.token, question("seq:tokens-4:tag-history-2",
		{ message: "Two?", conversation_id, system: "Be brief." }));
	await ask(stack, ann.token, question("tag-history-3:tokens-1",
		{ message: "Three?", conversation_id }));
	const [second] = await asked(stack, "history-2");
	const [third] = await asked(stack, "history-3");

	assert.equal(second.authorization, `Bearer ${stack.providerKey}`);
	assert.equal(second.json.stream, true);
	assert.deepEqual(second.json.messages, [
		{ role: "system", content: "Be brief." },
		{ role: "user", content: "One?" },
		{ role: "assistant", content: numbers(3) },
		{ role: "user", content: "Two?" },
	]);
	assert.deepEqual(third.json.messages.map((m) => m.content).slice(-4),
		[numbers(3), "Two?", numbers(4), "Three?"]);
	const { messages } = await show(stack, ann.token, conversation_id);

	assert.deepEqual(messages.map((m) => m.role),
		["user", "assistant", "user", "assistant", "user", "assistant"]);
	for (const [i, message] of messages.entries())
		assert.equal(message.parent_id, messages[i - 1]?.id ?? null);
});

test("parameters reach the provider", async () => {
	await ask(stack, ann.token, question("tag-parameters:tokens-9",
		{ temperature: 0.25, max_tokens: 5 }));
	const [{ json }] = await asked(stack, "parameters");

	assert.equal(json.temperature, 0.25);
	assert.equal(json.max_completion_tokens ?? json.max_tokens, 5);
});

test("what the model cannot take is left out and named", async () => {
	const stream = await ask(stack, ann.token, { provider: "demo",
		model: "demo-fast", message: "Hi", reasoning_effort: "high" });

	assert.deepEqual(first(stream).ignored, ["reasoning_effort"]);
});

test("a question without a stream is answered in one piece", async () => {
	const body = question("seq:tokens-7:pace-5");
	const { status, headers, body: answer, text } = await stack.api("POST",
		"/chat", { token: ann.token, body });

	assert.equal(status, 200, text);
	assert.match(headers["content-type"], /^application\/json/);
	assert.equal(headers["cache-control"], "no-store");
	assert.deepEqual(Object.keys(answer).sort(), ["conversation_id", "cost",
		"finish_reason", "message_id", "response", "timing", "usage"]);
	assert.equal(answer.response, numbers(7));
	assert.equal(answer.finish_reason, "stop");
	assertFigures(answer, 7);
	assert.match(text, /"response": "0 1 /);
	const { messages } = await show(stack, ann.token, answer.conversation_id);

	assert.deepEqual(messages.map((m) => m.content), ["Hi", numbers(7)]);
	assert.equal(messages[1].id, answer.message_id);
	assert.equal(messages[1].state, "complete");
});

test("conversations are listed, newest first and page by page", async () => {
	const { token } = await stack.register();

	for (const message of ["Alpha", "Beta", "Gamma"])
		await ask(stack, token, question("tokens-1:pace-0", { message }));
	const list = async (query) => (await stack.api("GET",
		`/conversations${query}`, { token })).body;
	const all = await list("");

	assert.deepEqual(all.items.map((c) => c.title),
		["Gamma", "Beta", "Alpha"]);
	assert.deepEqual([all.page, all.total], [1, 3]);
	const second = await list("?page=2&limit=2");

	assert.deepEqual(second.items.map((c) => c.title), ["Alpha"]);
	assert.deepEqual([second.page, second.limit, second.total], [2, 2, 3]);
	for (const query of ["?limit=0", "?limit=101", "?page=0", "?page=x"])
		assert.equal((await stack.api("GET", `/conversations${query}`,
			{ token })).status, 422, query);
});

test("thinking comes apart from the answer", async () => {
	const body = question("seq:reasoning-6:tokens-4:pace-5");
	const stream = await ask(stack, ann.token, body);
	const answer = await assertKept(stack, ann.token, stream, body);

	assertWellFormed(stream);
	assert.equal(answer.reasoning, "r0 r1 r2 r3 r4 r5 ");
	assert.equal(answer.content, numbers(4));
	assert.equal(stream.last.data.usage.reasoning_tokens, 6);
});

test("two answers in one conversation at once: the second is told to wait",
	async () => {
		const stream = stack.sse("/chat/stream", { token: ann.token,
			body: question("seq:tokens-40:pace-20") });

		await stream.read(hasContent);
		const { conversation_id } = first(stream);
		const second = await stack.api("POST", "/chat", { token: ann.token,
			body: question("", { conversation_id }) });

		assert.equal(second.status, 409);
		assert.equal(second.body.error, "busy");
		await stream.read();
		assert.equal(stream.text(), numbers(40));
		const { messages } = await show(stack, ann.token, conversation_id);

		assert.equal(messages.length, 2);
	});

// ---- bytes ----

const MULTIBYTE = ["👩\u200d👩\u200d👧\u200d👦 ", "🇪🇺 ", "数据库 ",
	"e\u0301\u0323 ", "שלום ", "𝔘𠜎 ", "❤\ufe0f ", "naïve €5 "];
const BAD_UTF8 = Buffer.from([0x61, 0xff, 0x62, 0x20, ...Buffer.from("good "),
	0x63, 0xe2, 0x82, 0x20, 0x64, 0xed, 0xa0, 0x80, 0x20, 0x65, 0xc0, 0xaf,
	0x20]);
const multibyte = (n) => Array.from({ length: n },
	(_, i) => MULTIBYTE[i % MULTIBYTE.length]).join("");

// What `seq:size-b:tokens-n` says.
const padded = (n, bytes) => Array.from({ length: n },
	(_, i) => `${i} `.padEnd(bytes, ".")).join("");

const TEXTS = [
	{ name: "characters of many bytes",
		parts: "multibyte:tokens-24:pace-0", text: multibyte(24) },
	{ name: "cut at every byte (F18)",
		parts: "multibyte:tokens-16:pace-0:slice-1", text: multibyte(16) },
	{ name: "cut at every third byte",
		parts: "multibyte:tokens-16:pace-0:slice-3", text: multibyte(16) },
	{ name: "CRLF line ends",
		parts: "multibyte:tokens-16:pace-0:crlf", text: multibyte(16) },
	{ name: "CRLF cut at every byte",
		parts: "multibyte:tokens-8:pace-0:crlf:slice-1", text: multibyte(8) },
	{ name: "halves of surrogate pairs in two events",
		parts: "surrogate:tokens-8:pace-0", text: "😀".repeat(4) },
	{ name: "halves of surrogate pairs, cut at every byte",
		parts: "surrogate:tokens-8:pace-0:slice-1", text: "😀".repeat(4) },
	{ name: "half a surrogate pair at the end",
		parts: "surrogate:tokens-3:pace-0", text: "😀\ufffd" },
	{ name: "bytes that are no UTF-8 (F18)",
		parts: "badutf8:tokens-5:pace-0", text: BAD_UTF8.toString("utf8") },
	{ name: "the end of the body is the end of the connection",
		parts: "seq:tokens-9:pace-0:unchunked", text: numbers(9) },
	{ name: "no event with only the role",
		parts: "seq:tokens-9:pace-0:norole", text: numbers(9) },
	{ name: "one event of 200,000 bytes",
		parts: "longline-200000:tokens-1:pace-0", text: "x".repeat(200_000) },
	{ name: "one event of 600,000 bytes",
		parts: "longline-600000:tokens-1:pace-0", text: "x".repeat(600_000) },
	{ name: "3 MB that come all at once",
		parts: "seq:size-1000:tokens-3000:pace-0", text: padded(3000, 1000) },
	{ name: "3 MB, as fast as they can be read",
		parts: "seq:size-200:tokens-15000:pace-us-50",
		text: padded(15000, 200) },
];

for (const { name, parts, text } of TEXTS)
	test(`bytes are exact: ${name}`, async () => {
		const body = question(parts);
		const stream = await ask(stack, ann.token, body);

		assertWellFormed(stream);
		assert.equal(stream.last.data.done, true, stream.last.text);
		assert.equal(stream.text(), text);
		await assertKept(stack, ann.token, stream, body);
	});

// ---- headers ----

const SAFE = {
	"content-security-policy": /default-src 'none'.*frame-ancestors 'none'/,
	"x-content-type-options": /^nosniff$/,
	"referrer-policy": /^no-referrer$/,
	"cross-origin-opener-policy": /^same-origin$/,
};

const ANSWERS = [
	{ name: "the page", method: "GET", path: "/" },
	{ name: "an address of the page", method: "GET", path: "/c/x" },
	{ name: "a file that is not there", method: "GET", path: "/x.js" },
	{ name: "health", method: "GET", path: "/api/v1/health" },
	{ name: "an error of the API", method: "GET", path: "/api/v1/auth/me" },
	{ name: "an unknown path", method: "GET", path: "/api/v1/x" },
	{ name: "an unknown API", method: "GET", path: "/api/v2/x" },
	{ name: "a stream", method: "POST", path: "/api/v1/chat/stream",
		body: question("tokens-1") },
];

for (const { name, method, path, body } of ANSWERS)
	test(`S28: ${name} has the security headers`, async () => {
		const response = await stack.open(method, path, { body,
			token: body && ann.token });

		for (const [header, value] of Object.entries(SAFE)) {
			assert.match(response.headers[header] ?? "", value, header);
			assert.doesNotMatch(response.headers[header], /unsafe/);
		}
		assert.equal(response.headers["strict-transport-security"],
			undefined, "without TLS");
		assert.doesNotMatch(response.headers.server ?? "", /\d/);
		response.resume();
	});
