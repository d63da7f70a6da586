// A provider that speaks Anthropic's Messages, as people and the provider see
// it: the demo provider says the same in its other dialect, and refuses what
// the real one refuses.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { startStack, until } from "./harness.js";
import { AFTER_FIVE, BROKEN, COMMON_ENDS, COMMON_FAULTS, FIVE, testEnds,
	testFaults } from "./lib/ends.js";
import { askKept, asked, assertKept, assertWellFormed, begin, first, hasContent,
	numbers, question, reasoningOf, show } from "./lib/turn.js";

const KEY = `sk-ant-${randomBytes(16).toString("hex")}`;

const settings = ({ provider }) => `
[provider.anthropic]
wire = anthropic
base_url = ${provider}/v1
label = Anthropic
`;

let stack, ann;
const bodies = [];	// of everything that was answered

before(async () => {
	stack = await startStack({ settings });
	ann = await stack.register();
	const { status, text } = await stack.api("PUT", "/keys/anthropic",
		{ token: ann.token, body: { key: KEY } });

	assert.equal(status, 200, text);
});
after(() => stack?.stop());

const put = (parts, more = {}) =>
	question(parts, { provider: "anthropic", ...more });

async function askOnce(body) {
	const { stream, answer } = await askKept(stack, ann.token, body);

	bodies.push(stream.raw.toString());
	return { stream, answer, last: stream.last.data };
}

// ---- how an answer ends ----

const ENDS = [
	...COMMON_ENDS,
	{ name: "the end of a turn", parts: "seq:tokens-5:pace-0",
		state: "complete", finish: "stop", text: FIVE },
	{ name: "a stop_reason and no message_stop",
		parts: "seq:tokens-5:pace-0:nodone",
		state: "complete", finish: "stop", text: FIVE },
	{ name: "a stop_reason, and then the connection closes",
		parts: "seq:tokens-5:pace-0:nodone:unchunked",
		state: "complete", finish: "stop", text: FIVE },
	{ name: "message_stop and no stop_reason",
		parts: "seq:tokens-5:pace-0:nofinish",
		state: "complete", finish: "stop", text: FIVE },
	{ name: "no message_start", parts: "seq:tokens-5:pace-0:norole",
		state: "complete", finish: "stop", text: FIVE },
	{ name: "CRLF", parts: "seq:tokens-5:pace-0:crlf",
		state: "complete", finish: "stop", text: FIVE },
	{ name: "a refusal", parts: "seq:tokens-5:pace-0:refusal",
		state: "refused", finish: "refusal", text: FIVE },
	{ name: "a refusal before any text", parts: "empty:refusal",
		state: "refused", finish: "refusal", text: "" },
	{ name: "the content filter, in the middle",
		parts: "seq:tokens-5:pace-0:filter",
		state: "refused", finish: "content_filter", text: FIVE },
	{ name: "the content filter, before any text", parts: "empty:filter",
		state: "refused", finish: "content_filter", text: "" },
];

testEnds(ENDS, ({ parts, more }) => askOnce(put(parts, more)));

const OFTEN = "retry-after-ms-1";	// it is asked three times, without waiting

const FAULTS = [
	...COMMON_FAULTS,
	{ name: "402", parts: "status-402", code: "provider_quota",
		provider: 402 },
	{ name: "no credit, which only the text says", parts: "quota",
		code: "provider_quota", provider: 400 },
	{ name: "413", parts: "status-413", code: "context_length",
		provider: 413 },
	{ name: "429 with Retry-After", parts: "status-429:retry-after-121",
		code: "provider_rate_limited", provider: 429, retry: 121 },
	{ name: "500", parts: `status-500:${OFTEN}`, code: "provider_unavailable",
		provider: 500, retry: 1 },
	{ name: "504", parts: `status-504:${OFTEN}`, code: "provider_unavailable",
		provider: 504, retry: 1 },
	{ name: "529, overloaded", parts: `status-529:${OFTEN}`,
		code: "provider_unavailable", provider: 529, retry: 1 },
	{ name: "an HTML page", parts: `html:${OFTEN}`,
		code: "provider_unavailable", provider: 502, retry: 1 },
	{ name: "a proper end without the end marker",
		parts: `${AFTER_FIVE}:end-5`, code: BROKEN, text: FIVE },
	{ name: "the end of the connection is no end marker",
		parts: `${AFTER_FIVE}:end-5:unchunked`, code: BROKEN, text: FIVE },
	{ name: "all the text, and no end marker",
		parts: "seq:tokens-5:pace-0:nofinish:nodone", code: BROKEN,
		text: FIVE },
];

testFaults(FAULTS, "Anthropic", ({ parts }) => askOnce(put(parts)));

// ---- what is asked again ----

test("an overloaded provider is asked again, and the reader is told",
	async () => {
		const { stream, last } = await askOnce(
			put(`seq:tokens-5:pace-0:status-529:${OFTEN}:fail-1:tag-busy`));
		const retries = stream.events.filter((e) => e.data.retry);

		assert.equal(last.finish_reason, "stop");
		assert.equal(stream.text(), FIVE);
		assert.deepEqual(retries.map((e) => e.data.retry),
			[{ in_ms: 1, attempt: 2, code: "provider_unavailable" }]);
		assert.equal((await asked(stack, "busy")).length, 2);
	});

// The refusal has no word for what is wrong but its text.
const TAKEN_OUT = [
	{ part: "no-temperature", more: { temperature: 0.5 },
		field: "temperature" },
	{ part: "no-effort", more: { reasoning_effort: "high" },
		field: "thinking" },
];

for (const { part, more, field } of TAKEN_OUT)
	test(`what is not taken is left out: ${field}`, async () => {
		const { stream, last } = await askOnce(
			put(`seq:tokens-5:pace-0:${part}:tag-${part}`, more));
		const requests = await asked(stack, part);

		assert.equal(last.finish_reason, "stop", stream.last.text);
		assert.deepEqual(requests.map((rq) => field in rq.json),
			[true, false]);
	});

// ---- what is asked ----

test("S21: the user's own key goes where this wire wants it", async () => {
	await askOnce(put("tokens-1:pace-0:tag-head"));
	const [{ method, path, headers }] = await asked(stack, "head");

	assert.deepEqual([method, path], ["POST", "/v1/messages"]);
	assert.equal(headers["x-api-key"], KEY);
	assert.equal(headers["anthropic-version"], "2023-06-01");
	assert.equal(headers["content-type"], "application/json");
	assert.equal(headers.authorization, undefined);
});

test("a conversation arrives as this wire wants it", async () => {
	const system = "Be \"brief\".";
	const more = { system };
	const one = await askOnce(put("seq:tokens-2:pace-0", more));
	const { conversation_id } = first(one.stream);

	await askOnce(put("empty", { ...more, conversation_id,
		message: "And?" }));
	await askOnce(put("seq:tokens-3:pace-0:tag-third", { ...more,
		conversation_id, message: "And now?" }));
	const [{ json }] = await asked(stack, "third");

	assert.deepEqual(json, {
		model: "demo:seq:tokens-3:pace-0:tag-third",
		max_tokens: 8192,	// this wire must name one
		system,
		messages: [
			{ role: "user", content: "Hi" },
			{ role: "assistant", content: numbers(2) },
			// the answer between them had no text
			{ role: "user", content: "And?\n\nAnd now?" },
		],
		stream: true,
	});
	assert.equal((await show(stack, ann.token, conversation_id))
		.messages.length, 6);
});

// In: what our API takes; out: the fields of the request beside its texts.
const PARAMETERS = [
	["nothing", {}, { max_tokens: 8192 }],
	["a temperature", { temperature: 0.25, max_tokens: 5 },
		{ max_tokens: 5, temperature: 0.25 }],
	["a temperature that this wire does not have", { temperature: 1.5 },
		{ max_tokens: 8192, temperature: 1 }],
	["an effort, which leaves no temperature",
		{ temperature: 0.5, reasoning_effort: "medium", max_tokens: 4000 },
		{ max_tokens: 4000,
			thinking: { type: "enabled", budget_tokens: 2000 } }],
	["no room for thinking",
		{ reasoning_effort: "high", max_tokens: 1000 },
		{ max_tokens: 1000 }],
	["no thinking", { reasoning_effort: "none" }, { max_tokens: 8192 }],
];

for (const [i, [name, more, expected]] of PARAMETERS.entries())
	test(`parameters: ${name}`, async () => {
		const { last } = await askOnce(
			put(`seq:tokens-1:pace-0:tag-parameters-${i}`, more));
		const [{ json }] = await asked(stack, `parameters-${i}`);
		const { model, messages, stream, ...rest } = json;

		assert.equal(last.done, true);
		assert.deepEqual(rest, expected);
	});

// ---- what is answered ----

test("thinking comes apart from the answer, and is counted", async () => {
	const { stream, answer, last } = await askOnce(
		put("reasoning-7:seq:tokens-5:pace-0",
			{ message: "x".repeat(400) }));
	const kinds = stream.events.filter((e) => e.data.reasoning
		|| e.data.content).map((e) => Boolean(e.data.reasoning));

	assert.deepEqual(kinds, [...kinds].sort().reverse(), "thinking is first");
	assert.equal(stream.text(), FIVE);
	assert.notEqual(reasoningOf(stream), "");
	assert.equal(answer.reasoning, reasoningOf(stream));
	// 101 tokens of input, of which 25 were read from a cache and 25 written
	assert.deepEqual(last.usage, { input_tokens: 101, output_tokens: 12,
		reasoning_tokens: 7, source: "provider" });
});

// Two wires, two parsers, the same words.
for (const parts of ["multibyte:tokens-40", "surrogate:tokens-9",
	"badutf8:tokens-20", "longline-100000:tokens-2", "reasoning-9:tokens-9",
	"multibyte:tokens-20:slice-1"])
	test(`what the provider says is shown: ${parts}`, async () => {
		const [{ stream: here }, { stream: there }] = await Promise.all([
			askOnce(put(`${parts}:pace-0`)),
			askOnce(question(`${parts}:pace-0`))]);

		assert.notEqual(here.text(), "");
		assert.equal(here.text(), there.text());
		assert.equal(reasoningOf(here), reasoningOf(there));
	});

test("a question without a stream is answered in one piece", async () => {
	const { status, body, text } = await stack.api("POST", "/chat",
		{ token: ann.token, body: put("seq:tokens-5:pace-0") });

	bodies.push(text);
	assert.equal(status, 200, text);
	assert.equal(body.response, FIVE);
	assert.equal(body.finish_reason, "stop");
	assert.equal(body.usage.output_tokens, 5);
});

test("stop closes the provider's connection", async () => {
	const body = put("seq:tokens-6000:pace-10:tag-stop");
	const stream = await begin(stack, ann.token, body);

	await stream.read(hasContent);
	const { status } = await stack.api("POST",
		`/streams/${first(stream).stream_id}/cancel`, { token: ann.token });

	assert.equal(status, 200);
	await stream.read();
	assertWellFormed(stream);
	assert.equal(stream.last.data.finish_reason, "cancelled");
	const answer = await assertKept(stack, ann.token, stream, body);

	assert.equal(answer.state, "cancelled");
	assert.ok(stream.text() !== "" && numbers(6000).startsWith(stream.text()));
	await until(async () => (await stack.stats("stop")).early_closed === 1,
		"the provider's connection is closed");
});

test("a key can be tested, and the models of the list are named", async () => {
	const { status, body, text } = await stack.api("POST",
		"/keys/anthropic/test", { token: ann.token });

	bodies.push(text);
	assert.equal(status, 200, text);
	assert.equal(body.ok, true);
	assert.match(body.message,
		/^Anthropic takes this key, and lists [1-9]\d* models for it\.$/);
	const listed = await until(async () => {
		const { body: { models } } = await stack.api("GET", "/models",
			{ token: ann.token });

		return models.find((m) => m.provider === "anthropic"
			&& m.id === "demo-thinker");
	}, "the list has come");

	assert.deepEqual([listed.name, listed.context, listed.max_output],
		["demo-thinker", 32000, 8192]);
});

// ---- what holds after all of them ----

// What the demo provider says in its errors on this wire.
const RAW = ["invalid x-api-key", "credit balance", "prompt is too long",
	"Overloaded", "rate limit of 50", "Request exceeds", "content filtering",
	"Usage Policy", "does not have permission", "req_demo"];

test("S17, S19: no key and nothing of a provider's own words came through",
	() => {
		for (const secret of [KEY, KEY.slice(-8), ...RAW])
			stack.assertNowhere(secret, ...bodies);
		assert.ok(bodies.length > ENDS.length + FAULTS.length);
	});

test("O4: what was open is closed again", () => until(
	async () => (await stack.stats()).open === 0,
	"the provider has nobody left"));
