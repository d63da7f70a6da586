// Stop: the provider's connection is closed at once, and what came is kept.
// Everything here is done twice, the second time with TLS and HTTP/2 between
// the workers and the provider.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { startStack, until } from "./harness.js";
import { ask, assertKept, assertWellFormed, begin, countRows, ended, first,
	hasContent, numbers, question, show, spread, workerOf }
	from "./lib/turn.js";

// The provider's clock, CLOCK_MONOTONIC, in ms.
const now = () => Number(process.hrtime.bigint()) / 1e6;

const MAX_MS = 3000;		// of one stop, however busy the machine
const USUAL_MS = 300;		// of most of them (F30)

// A stream that has come as far as `where` says, and its tag.
const BEFORE = "before the first token", AMID = "in the middle";
const SCRIPTS = { [BEFORE]: "first-60000", [AMID]: "seq:pace-10:tokens-6000" };

async function beginAt(stack, token, where, tag, more) {
	const body = question(`${SCRIPTS[where]}:tag-${tag}`, more);
	const stream = await begin(stack, token, body);

	if (where === AMID)
		await stream.read(hasContent);
	else
		await until(async () => (await stack.stats(tag)).requests === 1,
			"the provider has the question");
	return { stream, body };
}

const cancel = (stack, token, id) =>
	stack.api("POST", `/streams/${id}/cancel`, { token });

// When the provider saw its connection closed, by now().
async function closedAt(stack, tag) {
	const stats = await until(async () => {
		const found = await stack.stats(tag);

		return found.early_closed > 0 && found;
	}, "the provider's connection is closed");

	assert.deepEqual([stats.requests, stats.open, stats.early_closed],
		[1, 0, 1]);
	return stats.early[0].at_ns / 1e6;
}

// The worker that answered the newest request to a route.
const answeredBy = (stack, route) =>
	stack.logLines().findLast((line) => line.route === route).pid;

// Workers take turns in blocks, so that whoever answered last is likely to
// answer next.  Asks until that is the one of these wanted.
const turnTo = (stack, isWanted) => until(async () => {
	await stack.api("GET", "/health");
	return isWanted(answeredBy(stack, "/health"));
}, "it is that worker's turn");

// Stops a stream by id and looks at everything.  Gives how long the provider
// and the reader waited, and whether the worker that was asked is its own.
async function stopOne(stack, token, where, tag, byOwn) {
	const { stream, body } = await beginAt(stack, token, where, tag);
	const { stream_id } = first(stream);
	const owner = await workerOf(stack, stream_id);

	await turnTo(stack, (pid) => (pid === owner) === byOwn);
	const began = now(), beganAt = performance.now();
	const { status, body: said } = await cancel(stack, token, stream_id);

	assert.equal(status, 200);
	assert.equal(said.stream_id, stream_id);
	await stream.read();
	assertWellFormed(stream);
	const { done, finish_reason, usage } = stream.last.data;

	assert.deepEqual([done, finish_reason], [true, "cancelled"]);
	assert.equal(usage.source, "estimate");
	const answer = await assertKept(stack, token, stream, body);

	assert.equal(answer.state, "cancelled");
	assert.equal(answer.finish_reason, "cancelled");
	assert.deepEqual(answer.usage, usage);
	assert.equal(numbers(6000).startsWith(stream.text()), true);
	assert.equal(stream.text() === "", where === BEFORE);
	return { provider: await closedAt(stack, tag) - began,
		reader: stream.last.at - beganAt,
		isOwn: owner === answeredBy(stack, "/streams/{id}/cancel") };
}

async function stopMany(t, stack, token, where, times) {
	const results = [];

	for (let i = 0; i < times; i++)
		results.push(await stopOne(stack, token, where,
			`${where.slice(0, 3).trim()}-${i}`, i % 2 === 0));
	const own = results.filter((r) => r.isOwn).length;
	const provider = spread(results.map((r) => r.provider));
	const reader = spread(results.map((r) => r.reader));

	t.diagnostic(`provider closed after ${provider.median.toFixed(1)} ms, p99 `
		+ `${provider.p99.toFixed(1)} ms; reader told after `
		+ `${reader.median.toFixed(1)} ms, p99 ${reader.p99.toFixed(1)} ms; `
		+ `${own} of ${times} by its own worker`);
	assert.ok(provider.median < USUAL_MS && reader.median < USUAL_MS);
	assert.ok(provider.p99 < MAX_MS && reader.p99 < MAX_MS);
	return { own, foreign: times - own };
}

// ---- a reader that leaves ----

// Asks over a socket of its own, which `leave` ends once `enough` has come.
function askBySocket(stack, token, path, body, enough, leave) {
	const { hostname, port } = new URL(stack.url);
	const json = JSON.stringify(body);
	const socket = connect(port, hostname);
	let text = "";

	socket.write(`POST /api/v1${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n`
		+ `Authorization: Bearer ${token}\r\nContent-Type: application/json\r\n`
		+ `Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`);
	socket.on("error", () => {});
	socket.on("data", (chunk) => text += chunk);
	return until(() => enough(text), "enough has come").then(() => {
		leave(socket);
		return { text, at: now() };
	}).finally(() => socket.destroy());
}

const contentIn = (text) =>
	[...text.matchAll(/data: \{"content": "(.*?)"\}/g)].map((m) => m[1]).join("");
const someContent = (text) => contentIn(text).length > 10;

const LEAVINGS = [
	{ name: "its connection is closed", path: "/chat/stream",
		where: AMID, leave: (socket) => socket.destroy() },
	{ name: "its connection is reset", path: "/chat/stream",
		where: AMID, leave: (socket) => socket.resetAndDestroy() },
	{ name: "its connection is closed before the first token",
		path: "/chat/stream", where: BEFORE,
		leave: (socket) => socket.destroy() },
	{ name: "it waited for an answer in one piece", path: "/chat",
		where: AMID, leave: (socket) => socket.destroy() },
];

// The conversation that was begun last.
async function newest(stack, token) {
	const { body } = await stack.api("GET", "/conversations?limit=1", { token });

	return body.items[0].id;
}

const SENT = 5;		// tokens after which one leaves who sees none

async function leaveOnce(stack, token, row, tag) {
	const { path, where, leave } = row;
	const body = question(`${SCRIPTS[where]}:tag-${tag}`);
	let isUnderWay = false;
	const watch = until(async () => {
		const { requests, tokens_sent } = await stack.stats(tag);

		return requests === 1 && (where === BEFORE || tokens_sent > SENT);
	}, "the provider answers").then(() => isUnderWay = true);
	const [left] = await Promise.all([
		askBySocket(stack, token, path, body, (text) => isUnderWay
			&& (path === "/chat" || where === BEFORE || someContent(text)),
		leave), watch]);
	const took = await closedAt(stack, tag) - left.at;
	const answer = await ended(stack, token, await newest(stack, token));

	assert.equal(answer.state, "cancelled");
	assert.equal(answer.finish_reason, "abandoned");
	assert.ok(answer.content.startsWith(contentIn(left.text)));
	assert.ok(numbers(6000).startsWith(answer.content));
	assert.equal(answer.content === "", where === BEFORE);
	return took;
}

// ---- all of it ----

const FRONTS = [
	{ name: "over plain HTTP", providerTls: false, times: 40, leaves: 10 },
	{ name: "over TLS, with HTTP/2 offered", providerTls: true, times: 8,
		leaves: 3 },
];

for (const { name, providerTls, times, leaves } of FRONTS)
	describe(name, () => {
		let stack, ann;

		before(async () => {
			stack = await startStack({ providerTls });
			ann = await stack.register();
		});
		after(() => stack?.stop());

		for (const where of [BEFORE, AMID])
			test(`F30: stop ${where} closes the provider's connection, `
				+ "whichever worker is asked", async (t) => {
				const { own, foreign } = await stopMany(t, stack, ann.token,
					where, times);

				assert.ok(own > 0 && foreign > 0, `${own} and ${foreign}`);
			});

		for (const row of LEAVINGS)
			test(`F24: a reader leaves, the provider stops: ${row.name}`,
				async (t) => {
					const took = [];

					for (let i = 0; i < leaves; i++)
						took.push(await leaveOnce(stack, ann.token, row,
							`leave-${LEAVINGS.indexOf(row)}-${i}`));
					const { median, p99 } = spread(took);

					t.diagnostic(`after ${median.toFixed(1)} ms, `
						+ `p99 ${p99.toFixed(1)} ms`);
					assert.ok(median < 50 && p99 < MAX_MS);
				});

		test('F24: a reader leaves with on_disconnect "continue", '
			+ "the answer runs to its end", async () => {
			const stream = await begin(stack, ann.token, question(
				"seq:tokens-60:pace-10:tag-goes-on",
				{ on_disconnect: "continue" }));

			await stream.read(hasContent);
			stream.close();
			const { conversation_id } = first(stream);
			const answer = await ended(stack, ann.token, conversation_id);

			assert.equal(answer.state, "complete");
			assert.equal(answer.content, numbers(60));
			assert.equal(answer.usage.source, "provider");
			const stats = await stack.stats("goes-on");

			assert.deepEqual([stats.completed, stats.early_closed], [1, 0]);
		});
	});

describe("stops of other kinds", () => {
	let stack, ann, bob;

	before(async () => {
		stack = await startStack();
		ann = await stack.register();
		bob = await stack.register();
	});
	after(() => stack?.stop());

	const cancelRequest = (client_request_id, { token } = ann) =>
		stack.api("POST", "/streams/cancel", { token,
			body: { client_request_id } });

	test("stop by client_request_id while it runs", async () => {
		const client_request_id = "named-while-it-runs";
		const { stream, body } = await beginAt(stack, ann.token, AMID,
			"named", { client_request_id });
		const { status } = await cancelRequest(client_request_id);

		assert.equal(status, 200);
		await stream.read();
		assert.equal(stream.last.data.finish_reason, "cancelled");
		await assertKept(stack, ann.token, stream, body);
		await closedAt(stack, "named");
	});

	test("stop by client_request_id before the request comes: "
		+ "no provider is asked", async () => {
		for (let i = 0; i < 10; i++) {
			const client_request_id = `early-${i}`;
			const early = await cancelRequest(client_request_id);

			assert.equal(early.status, 200);
			const body = question(`tag-early-${i}`, { client_request_id });
			const stream = await ask(stack, ann.token, body);

			assertWellFormed(stream);
			assert.deepEqual(Object.keys(stream.last.data).slice(0, 1),
				["done"], stream.last.text);
			assert.equal(stream.last.data.finish_reason, "cancelled");
			const answer = await assertKept(stack, ann.token, stream, body);

			assert.equal(answer.state, "cancelled");
			assert.equal(answer.content, "");
			assert.equal((await stack.stats(`early-${i}`)).requests, 0);
		}
	});

	test("stop by client_request_id at the same moment as the request",
		async () => {
			for (let i = 0; i < 20; i++) {
				const client_request_id = `race-${i}`;
				const stream = stack.sse("/chat/stream", { token: ann.token,
					body: question(`first-30000:tag-race-${i}`,
						{ client_request_id }) });
				const [stopped] = await Promise.all([
					cancelRequest(client_request_id), stream.read()]);

				assert.equal(stopped.status, 200);
				assert.equal(stream.last.data.finish_reason, "cancelled");
				await until(async () =>
					(await stack.stats(`race-${i}`)).open === 0,
				"the provider has nobody left");
			}
		});

	test("what one user stops by name stops nobody else's", async () => {
		const client_request_id = "the-same-name";

		await cancelRequest(client_request_id, bob);
		const stream = await ask(stack, ann.token, question("seq:tokens-5",
			{ client_request_id }));

		assert.equal(stream.last.data.finish_reason, "stop");
	});

	const ENDS = [
		{ parts: "tokens-1", state: "complete", finish_reason: "stop" },
		{ parts: "tokens-1:length", state: "length", finish_reason: "length" },
		{ parts: "status-500", state: "failed", finish_reason: undefined },
	];

	for (const { parts, state, finish_reason } of ENDS)
		test(`stop after the end says what it was: ${state}`, async () => {
			const client_request_id = `after-${state}`;
			const stream = await ask(stack, ann.token, question(parts,
				{ client_request_id }));
			const { stream_id, conversation_id } = first(stream);
			const before = await show(stack, ann.token, conversation_id);

			for (const late of [await cancel(stack, ann.token, stream_id),
				await cancelRequest(client_request_id)]) {
				assert.equal(late.status, 200);
				assert.equal(late.body.stream_id, stream_id);
				assert.equal(late.body.state, state);
				assert.equal(late.body.stopping, false);
				assert.equal(late.body.finish_reason, finish_reason);
			}
			assert.deepEqual(await show(stack, ann.token, conversation_id),
				before);
		});

	test("stop twice is stop", async () => {
		const { stream } = await beginAt(stack, ann.token, AMID, "twice");
		const { stream_id } = first(stream);
		const both = await Promise.all([cancel(stack, ann.token, stream_id),
			cancel(stack, ann.token, stream_id)]);

		assert.deepEqual(both.map((r) => r.status), [200, 200]);
		await stream.read();
		assertWellFormed(stream);
		const late = await cancel(stack, ann.token, stream_id);

		assert.equal(late.body.state, "cancelled");
	});

	test("S9: somebody else's stream is not there to be stopped", async () => {
		const stream = await begin(stack, ann.token, question(
			"seq:tokens-100:pace-10:tag-mine",
			{ client_request_id: "mine" }));

		await stream.read(hasContent);
		const { stream_id } = first(stream);
		const foreign = await cancel(stack, bob.token, stream_id);
		const none = await cancel(stack, bob.token,
			"0190a000-0000-7000-8000-000000000000");

		assert.equal(foreign.status, 404);
		assert.deepEqual({ ...foreign.body, request_id: "" },
			{ ...none.body, request_id: "" });
		await cancelRequest("mine", bob);
		await stream.read();
		assert.equal(stream.last.data.finish_reason, "stop");
		assert.equal(stream.text(), numbers(100));
		assert.equal((await stack.stats("mine")).early_closed, 0);
	});

	test("a stopped conversation goes on", async () => {
		const { stream } = await beginAt(stack, ann.token, AMID, "go-on");
		const { stream_id, conversation_id } = first(stream);

		await cancel(stack, ann.token, stream_id);
		await stream.read();
		const next = await ask(stack, ann.token, question("seq:tokens-3",
			{ conversation_id }));

		assert.equal(next.text(), numbers(3));
		const { messages } = await show(stack, ann.token, conversation_id);

		assert.equal(messages.length, 4);
	});

	test("no order to stop is left lying about", async () => {
		await until(async () => (await countRows(stack)).stops === "0",
			"all orders are taken");
	});
});
