// Many answers at once, and those that must not hold up the others.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startStack, until } from "./harness.js";
import { sanitized } from "./lib/build.js";
import { ROOT } from "./lib/paths.js";
import { ask, assertWellFormed, begin, ended, first, hasContent, numbers,
	question, show, spread, workerOf } from "./lib/turn.js";

const MANY = 300;
const GAP_MS = 100;	// the largest of a neighbour (F22, F25)
const TRIES = 3;	// for a machine that has other things to do

const gapOf = (times) =>
	Math.max(...times.slice(1).map((t, i) => t - times[i]));

// The largest time between two pieces of an answer.
const largestGap = (stream) =>
	gapOf(stream.events.filter(hasContent).map((e) => e.at));

// The same of a stream that comes straight from the provider: what the machine
// does of itself, and this process, which reads both.
async function gapWithoutUs(stack, tokens) {
	const times = [];
	const response = await fetch(`${stack.provider}/v1/chat/completions`, {
		method: "POST", body: JSON.stringify({ stream: true, messages: [],
			model: `demo:seq:tokens-${tokens}:pace-10` }) });

	for await (const chunk of response.body)
		times.push(chunk && performance.now());
	return gapOf(times);
}

// What holds up a neighbour does it every time; a busy machine, now and then.
async function insist(t, once) {
	for (let i = 1; ; i++)
		try {
			return await once(i);
		} catch (error) {
			if (i === TRIES || !/largest gap/.test(error.message))
				throw error;
			t.diagnostic(`again: ${error.message}`);
		}
}

function assertSmooth(t, neighbours, ofMachine) {
	const gaps = neighbours.map(largestGap);
	const said = `the largest gap is ${Math.max(...gaps).toFixed(0)} ms, `
		+ `and ${ofMachine.toFixed(0)} ms straight from the provider`;

	assert.ok(Math.max(...gaps) < GAP_MS + ofMachine, said);
	t.diagnostic(said);
}

describe("many at once", () => {
	let stack, ann;

	before(async () => {
		stack = await startStack();
		ann = await stack.register();
	});
	after(() => stack?.stop());

	test(`${MANY} streams at once, through both workers: all exact`,
		async (t) => {
			const body = question("seq:tokens-60:pace-40:tag-many");
			const began = performance.now();
			const streams = await Promise.all(Array.from({ length: MANY },
				() => ask(stack, ann.token, body)));
			const starts = spread(streams.map((s) => s.events[0].at - s.sentAt));

			t.diagnostic(`all in ${(performance.now() - began).toFixed(0)} ms; `
				+ `first event after ${starts.median.toFixed(0)} ms, `
				+ `p99 ${starts.p99.toFixed(0)} ms`);
			for (const stream of streams) {
				assertWellFormed(stream);
				assert.equal(stream.text(), numbers(60));
				assert.equal(stream.last.data.finish_reason, "stop");
			}
			const { requests, completed, early_closed, open }
				= await stack.stats("many");

			assert.deepEqual([requests, completed, early_closed, open],
				[MANY, MANY, 0, 0]);
			const rows = await stack.db("SELECT state, SHA2(content, 256) AS"
				+ " sum, COUNT(*) AS n FROM messages WHERE role = 'assistant'"
				+ " GROUP BY state, sum");

			assert.equal(rows.length, 1);
			assert.deepEqual([rows[0].state, rows[0].n],
				["complete", String(MANY)]);
			const pids = new Set(stack.logLines().filter((line) =>
				line.part === "answer").map((line) => line.pid));

			assert.equal(pids.size, 2, "both workers had some");
		});

	test(`${MANY} in one piece each`, async () => {
		const answers = await Promise.all(Array.from({ length: MANY }, () =>
			stack.api("POST", "/chat", { token: ann.token,
				body: question("seq:tokens-10:pace-20") })));

		for (const { status, body } of answers) {
			assert.equal(status, 200);
			assert.equal(body.response, numbers(10));
		}
	});

	test(`${MANY} readers leave at once: nothing runs on`, async () => {
		const streams = await Promise.all(Array.from({ length: MANY },
			() => begin(stack, ann.token,
				question("seq:tokens-6000:pace-50:tag-left"))));

		for (const stream of streams)
			stream.close();
		await until(async () => {
			const { open, early_closed } = await stack.stats("left");

			return open === 0 && early_closed === MANY;
		}, "the provider has nobody left");
		await until(async () => (await stack.db("SELECT COUNT(*) AS n FROM"
			+ " messages WHERE state = 'running'"))[0].n === "0",
		"all are saved");
	});

	test("health answers in between", async () => {
		const streams = Promise.all(Array.from({ length: MANY }, () =>
			ask(stack, ann.token, question("seq:tokens-20:pace-20"))));
		let slowest = 0;

		for (let i = 0; i < 20; i++) {
			const began = performance.now();

			assert.equal((await stack.api("GET", "/health")).status, 200);
			slowest = Math.max(slowest, performance.now() - began);
		}
		for (const stream of await streams)
			assert.equal(stream.text(), numbers(20));
		assert.ok(slowest < 2000, `after ${slowest.toFixed(0)} ms`);
	});
});

// One worker, so that all of them are neighbours.
describe("neighbours", () => {
	const SLOW = `
[server]
workers = 1
[limits]
answer_max = 15m
[provider.slow]
wire = openai
base_url = https://x.slow.test/v1
label = Slow
key_file = demo.key
`;
	let stack, ann, dir;

	before(async () => {
		dir = mkdtempSync(join(tmpdir(), "llms-dns-"));
		const shim = join(dir, "slow-dns.so");

		if (!sanitized())
			execFileSync("cc", ["-shared", "-fPIC", "-O1", "-o", shim,
				join(ROOT, "tests/flow/lib/slow-dns.c"), "-ldl"]);
		stack = await startStack({ settings: SLOW, workers: 1,
			env: sanitized() ? {} : { LD_PRELOAD: shim } });
		ann = await stack.register();
	});
	after(async () => {
		await stack?.stop();
		rmSync(dir, { recursive: true, force: true });
	});

	// A reader over a socket from which nothing is ever read.
	function neverRead(body) {
		const { hostname, port } = new URL(stack.url);
		const json = JSON.stringify(body);
		const socket = connect(port, hostname);

		socket.pause();		// before it is connected: not one byte
		socket.on("error", () => {});
		socket.write("POST /api/v1/chat/stream HTTP/1.1\r\n"
			+ `Host: ${hostname}:${port}\r\nAuthorization: Bearer ${ann.token}`
			+ "\r\nContent-Type: application/json\r\n"
			+ `Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`);
		return socket;
	}

	const neighbour = (tokens) => begin(stack, ann.token,
		question(`seq:tokens-${tokens}:pace-10`));

	const FLOOD = 12_000;	// tokens of 1000 bytes, far more than any buffer
	const newest = async (message) => {
		const { items } = (await stack.api("GET", "/conversations?limit=20",
			{ token: ann.token })).body;

		return items.find((c) => c.title === message)?.id;
	};

	// The most that a process ever had, in MB.
	const memoryOf = (pid) => Number(/^VmHWM:\s+(\d+) kB/m.exec(
		readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;

	// One who may stop his answer by leaving may be taken for gone.
	for (const [leave, state] of [["continue", /^complete$/],
		["stop", /^(complete|cancelled)$/]])
		test(`F25: a reader that never reads, on_disconnect "${leave}": the `
			+ "neighbours do not notice, the text is kept",
		async (t) => {
			await insist(t, async (attempt) => {
				const message = `flood ${leave} ${attempt}`;
				const tag = `flood-${leave}-${attempt}`;
				const neighbours = await Promise.all([neighbour(400),
					neighbour(400), neighbour(400)]);
				const reads = neighbours.map((stream) => stream.read());
				const control = gapWithoutUs(stack, 400);
				const socket = neverRead(question(
					`seq:size-1000:tokens-${FLOOD}:pace-us-100:tag-${tag}`,
					{ message, on_disconnect: leave }));

				try {
					const id = await until(() => newest(message),
						"its conversation is there");

					await until(async () => (await stack.stats(tag))
						.tokens_sent > 100, "the provider sends");
					const answer = await ended(stack, ann.token, id, 60_000);

					assert.match(answer.state, state);
					const tokens = answer.content.match(/\d+ \.*/g);

					assert.equal(tokens.join(""), answer.content);
					tokens.forEach((token, i) =>
						assert.equal(parseInt(token, 10), i));
					if (answer.state === "complete")
						assert.equal(tokens.length, FLOOD);
					else
						assert.ok(tokens.length > 100);
				} finally {
					socket.destroy();
				}
				await Promise.all(reads);
				for (const stream of neighbours)
					assert.equal(stream.text(), numbers(400));
				assertSmooth(t, neighbours, await control);
			});
			const [pid] = stack.pids.workers();
			const mb = memoryOf(pid);

			t.diagnostic(`the worker had ${mb.toFixed(0)} MB at most`);
			if (!sanitized())
				assert.ok(mb < 150, `${mb.toFixed(0)} MB`);
		});

	test("F22: a name that takes 12 s to be looked up: the neighbours do not "
		+ "notice, and its question ends after 5 s", { skip: sanitized() },
	async (t) => {
		await insist(t, async () => {
			// they run until the look-up itself has ended, and beyond
			const neighbours = await Promise.all([neighbour(1400),
				neighbour(1400), neighbour(1400)]);
			const reads = neighbours.map((stream) => stream.read());
			const control = gapWithoutUs(stack, 1400);
			const body = { provider: "slow", model: "m", message: "Hello?" };
			const streams = await Promise.all(Array.from({ length: 5 },
				() => ask(stack, ann.token, body)));

			for (const stream of streams) {
				const took = stream.last.at - stream.sentAt;

				assert.match(stream.last.data.code, /^(timeout|network)$/);
				assert.match(stream.last.data.error, /x\.slow\.test/);
				assert.ok(took > 4500 && took < 6500, `${took} ms`);
				const { messages } = await show(stack, ann.token,
					first(stream).conversation_id);

				assert.deepEqual(messages.map((m) => m.content), ["Hello?", ""]);
				assert.equal(messages[1].state, "failed");
			}
			await Promise.all(reads);
			for (const stream of neighbours)
				assert.equal(stream.text(), numbers(1400));
			assertSmooth(t, neighbours, await control);
		});
	});

	test("F22: stop does not wait for a name", { skip: sanitized() },
		async () => {
			const stream = await begin(stack, ann.token,
				{ provider: "slow", model: "m", message: "Hello?" });
			const began = performance.now();

			assert.ok(await workerOf(stack, first(stream).stream_id));
			await stack.api("POST",
				`/streams/${first(stream).stream_id}/cancel`,
				{ token: ann.token });
			await stream.read();
			assert.equal(stream.last.data.finish_reason, "cancelled");
			assert.ok(performance.now() - began < 1000);
		});

	test("a question that nobody could answer leaves the worker in one piece",
		async () => {
			const stream = await ask(stack, ann.token,
				question("seq:tokens-3"));

			assert.equal(stream.text(), numbers(3));
		});
});
