// A question that a provider cannot take now is asked again: as it says, as
// often as the settings allow, and never once a piece of an answer has come.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startStack, until } from "./harness.js";
import { ask, asked, assertKept, assertWellFormed, begin, ended, first, numbers,
	question, show } from "./lib/turn.js";

const TICK_MS = 250;	// a wait is over at the worker's next look
const LATE_MS = 1500;	// and that is not late on a busy machine

let stack, ann;

before(async () => {
	stack = await startStack({ workers: 2 });
	ann = await stack.register();
});
after(() => stack.stop());

const FIVE = numbers(5);
const retriesOf = (stream) =>
	stream.events.filter((e) => e.data.retry).map((e) => e.data.retry);

// The times at which the provider was asked under a tag.
const times = async (tag) => (await asked(stack, tag)).map((rq) => rq.at_ns / 1e6);

// Each fails as often as `fails` says, then answers.
const MENDED = [
	{ name: "429 and Retry-After in seconds", parts: "status-429:retry-after-1",
		code: "provider_rate_limited", wait: [1000, 1000] },
	{ name: "429 and retry-after-ms", parts: "status-429:retry-after-ms-300",
		code: "provider_rate_limited", wait: [300, 300] },
	{ name: "429 and a date", parts: "status-429:retry-date-2",
		code: "provider_rate_limited", wait: [0, 2000] },
	{ name: "429 and no word of when", parts: "status-429",
		code: "provider_rate_limited", wait: [375, 500] },
	{ name: "500", parts: "status-500",
		code: "provider_unavailable", wait: [375, 500] },
	{ name: "503 and Retry-After: 0", parts: "status-503:retry-after-0",
		code: "provider_unavailable", wait: [0, 0] },
	{ name: "529", parts: "status-529",
		code: "provider_unavailable", wait: [375, 500] },
	{ name: "an HTML page with 502", parts: "html",
		code: "provider_unavailable", wait: [375, 500] },
	{ name: "an error in the stream before any text", parts: "error-0",
		code: "provider_unavailable", wait: [375, 500] },
];

MENDED.forEach((row, i) => {
	test(`F21: ${row.name}: it is asked again, and the reader is told`,
		async () => {
			const tag = `mended-${i}`;
			const body = question(
				`seq:tokens-5:pace-0:${row.parts}:fail-1:tag-${tag}`);
			const stream = await ask(stack, ann.token, body);
			const [retry, ...more] = retriesOf(stream);

			assertWellFormed(stream);
			assert.equal(stream.last.data.finish_reason, "stop");
			assert.equal(stream.text(), FIVE);
			assert.deepEqual(more, []);
			assert.deepEqual({ ...retry, in_ms: 0 },
				{ in_ms: 0, attempt: 2, code: row.code });
			assert.ok(retry.in_ms >= row.wait[0] && retry.in_ms <= row.wait[1],
				`in_ms is ${retry.in_ms}`);
			const [one, two, ...others] = await times(tag);

			assert.deepEqual(others, []);
			assert.ok(two - one >= retry.in_ms - 5
				&& two - one <= retry.in_ms + TICK_MS + LATE_MS,
			`${two - one} ms instead of ${retry.in_ms}`);
			const answer = await assertKept(stack, ann.token, stream, body);

			assert.equal(answer.state, "complete");
		});
});

test("F21: the same through POST /chat, silently", async () => {
	const { status, body } = await stack.api("POST", "/chat", {
		token: ann.token, body: question(
			"seq:tokens-5:pace-0:status-503:retry-after-ms-1:fail-2:tag-silent") });

	assert.equal(status, 200);
	assert.equal(body.response, FIVE);
	assert.equal((await asked(stack, "silent")).length, 3);
});

test("F21: it is asked three times, and then the error is told", async () => {
	const stream = await ask(stack, ann.token,
		question("status-429:retry-after-ms-50:tag-thrice"));

	assert.deepEqual(retriesOf(stream).map((r) => r.attempt), [2, 3]);
	assert.equal(stream.last.data.code, "provider_rate_limited");
	assert.equal(stream.last.data.provider_status, 429);
	assert.equal((await asked(stack, "thrice")).length, 3);
});

// What is not asked again.
const FINAL = [
	["F21: an empty account", "quota", "provider_quota"],
	["F21: a wait of more than two minutes", "status-429:retry-after-121",
		"provider_rate_limited", { retry_after: 121 }],
	["F20: 401", "status-401", "provider_auth"],
	["F20: 403", "status-403", "provider_auth"],
	["F20: 404", "status-404", "model_not_found"],
	["F20: a question alone that is too long", "context-1", "context_length"],
	["an answer that broke off before its first word", "cut-0", "network"],
	["an error behind the first word", "seq:tokens-9:error-5",
		"provider_unavailable"],
	["F16: a page of something in between", "html:status-200",
		"provider_protocol"],
];

FINAL.forEach(([name, parts, code, more = {}], i) => {
	test(`${name}: it is asked once`, async () => {
		const tag = `final-${i}`;
		const stream = await ask(stack, ann.token,
			question(`${parts}:tag-${tag}`));

		assert.deepEqual(retriesOf(stream), []);
		assert.equal(stream.last.data.code, code);
		for (const [key, value] of Object.entries(more))
			assert.equal(stream.last.data[key], value);
		assert.equal((await asked(stack, tag)).length, 1);
	});
});

// ---- while it waits ----

const WAITING = "status-429:retry-after-60";

async function waits(tag, more) {
	const stream = await begin(stack, ann.token,
		question(`${WAITING}:tag-${tag}`, more));

	await stream.read((e) => e.data.retry);
	return stream;
}

test("F21: a wait is told in full, and can be stopped", async () => {
	const stream = await waits("stopped");
	const [{ in_ms: inMs }] = retriesOf(stream);

	assert.ok(inMs > 59_000 && inMs <= 60_000, `${inMs}`);
	const { status } = await stack.api("POST",
		`/streams/${first(stream).stream_id}/cancel`, { token: ann.token });

	assert.equal(status, 200);
	await stream.read();
	assert.equal(stream.last.data.finish_reason, "cancelled");
	assert.equal(stream.last.data.usage, null);
	assert.equal((await asked(stack, "stopped")).length, 1);
});

test("F21: a reader who leaves ends the wait", async () => {
	const stream = await waits("left");

	stream.close();
	const answer = await ended(stack, ann.token, first(stream).conversation_id);

	assert.equal(answer.state, "cancelled");
	assert.equal(answer.finish_reason, "abandoned");
});

test("F21: a reader who comes while it waits is told how long", async () => {
	const stream = await waits("joined", { on_disconnect: "continue" });
	const id = first(stream).stream_id;

	// On the worker that waits; another one follows the database.
	await until(async () => {
		const other = stack.sse(`/streams/${id}`, { token: ann.token });

		await other.read(() => true);
		const told = /"retry": \{"in_ms": (\d+), "attempt": 2/.exec(
			other.raw.toString());

		other.close();
		return told && Number(told[1]) <= 60_000 - 1;
	}, "one who joins is told how long");
	await stack.api("POST", `/streams/${id}/cancel`, { token: ann.token });
	await stream.read();
	assert.equal(stream.last.data.finish_reason, "cancelled");
});

// ---- another request ----

const has = (name) => ({ json }) => name in json;
const roles = ({ json }) => json.messages.map((m) => m.role).join(" ");

// [what the model does not take, what is asked for, what is told as left out,
//  and what of the two requests shows it]
const PICKY = [
	["a temperature", "no-temperature", { temperature: 0.5 }, "temperature",
		has("temperature"), [true, false]],
	["a reasoning effort", "no-effort", { reasoning_effort: "low" },
		"reasoning_effort", has("reasoning_effort"), [true, false]],
	["stream_options", "no-options", {}, undefined, has("stream_options"),
		[true, false]],
	["a system prompt", "no-system", { system: "Be brief." }, undefined, roles,
		["system user", "user"]],
	["the old name of the token limit", "new-limit", { max_tokens: 3 },
		undefined, has("max_completion_tokens"), [false, true]],
];

PICKY.forEach(([name, part, more, ignored, shown, want]) => {
	test(`a model that does not take ${name} is asked once more without it`,
		async () => {
			const stream = await ask(stack, ann.token, question(
				`seq:tokens-5:pace-0:${part}:tag-${part}`, more));
			const requests = await asked(stack, part);

			assertWellFormed(stream);
			assert.ok(FIVE.startsWith(stream.text()) && stream.text());
			assert.deepEqual(retriesOf(stream), [{ in_ms: 0, attempt: 2,
				code: "provider_rejected", ...(ignored && { ignored }) }]);
			assert.deepEqual(requests.map(shown), want);
			if (more.max_tokens)	// which is still held
				assert.equal(stream.last.data.finish_reason, "length");
			if (more.system)	// which is still said
				assert.equal(requests[1].json.messages[0].content,
					"Be brief.\n\nHi");
		});
});

test("a conversation that is too long is asked at once without its older half",
	async () => {
		const turn = async (id, parts = "tokens-1:pace-0") => ask(stack,
			ann.token, question(parts, { message: "x".repeat(500),
				...(id && { conversation_id: id }) }));
		const id = first(await turn()).conversation_id;

		for (let i = 0; i < 4; i++)
			await turn(id);
		const stream = await turn(id, "seq:tokens-5:pace-0:context-1700:tag-long");
		const requests = await asked(stack, "long");

		assertWellFormed(stream);
		assert.equal(stream.text(), FIVE);
		assert.equal(first(stream).left_out, 0);
		assert.deepEqual(requests.map(({ json }) => json.messages.length),
			[11, 5]);
		assert.deepEqual(retriesOf(stream), [{ in_ms: 0, attempt: 2,
			code: "context_length", left_out: 6 }]);
		const { left_out: kept } = (await show(stack, ann.token, id))
			.messages.at(-1);
		const again = stack.sse(`/streams/${first(stream).stream_id}`,
			{ token: ann.token });

		await again.read();
		assert.equal(kept, 6, "and it is kept");
		assert.equal(first(again).left_out, 6);
	});

test("what is too long to the last is told so", async () => {
	const id = first(await ask(stack, ann.token,
		question("tokens-1:pace-0"))).conversation_id;
	const stream = await ask(stack, ann.token,
		question("context-1:tag-last", { conversation_id: id }));

	assert.deepEqual(retriesOf(stream).map((r) => r.left_out), [2]);
	assert.equal(stream.last.data.code, "context_length");
	assert.equal((await asked(stack, "last")).length, 2);
});

test("all that a model does not take is left out, one by one", async () => {
	const stream = await ask(stack, ann.token, question("seq:tokens-5:pace-0:"
		+ "no-temperature:no-effort:no-options:no-system:tag-all", {
		temperature: 1, reasoning_effort: "high", system: "Be brief." }));

	assert.equal(stream.last.data.finish_reason, "stop");
	assert.equal(stream.text(), FIVE);
	assert.deepEqual(retriesOf(stream).map((r) => r.attempt), [2, 3, 4, 5]);
});
