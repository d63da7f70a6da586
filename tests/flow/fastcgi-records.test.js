// S36: what comes to the workers' socket when it is not what a web server
// sends.  No worker ends of it, and all the while others are answered.

import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { startStack } from "./harness.js";
import { sanitized } from "./lib/build.js";
import { PARAMS, TYPE, answerIn, begin, lengthOf, open, pair, pairs, record,
	requestRecords, tell } from "./lib/fastcgi.js";
import { ask, countRows, numbers, question } from "./lib/turn.js";

const SEED = 20261122;
const RANDOM_ONES = sanitized() ? 300 : 2000;	// changed requests
const AT_ONCE = 8;		// of them; health has acceptors left
const SLOW_MS = sanitized() ? 3000 : 1000;	// for health
const PIECE_MS = 50;		// between two pieces of a slow request
const WAIT_MS = 5000;		// that a worker waits for parameters

let stack, ann, pids, rows, health;

before(async () => {
	stack = await startStack();
	ann = await stack.register();
	pids = stack.pids.workers();
	rows = await countRows(stack);
	health = watchHealth();
});
after(() => stack?.stop());

// Asks for /health through nginx, one after the other, until it is told to end.
function watchHealth() {
	const seen = { n: 0, bad: [], slowest: 0, ends: false };

	seen.ended = (async () => {
		while (!seen.ends) {
			const began = performance.now();
			const { status, text } = await stack.api("GET", "/health");

			seen.n++;
			seen.slowest = Math.max(seen.slowest, performance.now() - began);
			if (status !== 200)
				seen.bad.push(text);
		}
	})();
	return seen;
}

const bytesOf = (...parts) => Buffer.concat(parts.flat()
	.map((part) => Buffer.from(part)));

const LOGIN = { ...PARAMS, REQUEST_METHOD: "POST",
	REQUEST_URI: "/api/v1/auth/login", CONTENT_TYPE: "application/json" };
const WHOLE = bytesOf(requestRecords(LOGIN, '{"username": "x"}'));
const NO_PARAMS = record(TYPE.params), NO_STDIN = record(TYPE.stdin);

// A request whose params are these bytes.
const withParams = (...parts) => bytesOf(begin(), record(TYPE.params,
	bytesOf(parts)), NO_PARAMS, NO_STDIN);

const hugeParams = (name, value) => withParams(lengthOf(name, { wide: true }),
	lengthOf(value, { wide: true }), "A".repeat(512));

// What values the worker has; nobody may ask.
const asking = (...names) => record(TYPE.getValues, bytesOf(names.map((name) =>
	pair(name, ""))), { id: 0 });
const NINE = Array(9).fill("FCGI_MPXS_CONNS");

const answers = (status) => ({ status });
const SILENCE = { status: NaN };	// closed without a word

const ROWS = [
	["a request", WHOLE, answers(422)],
	["health", bytesOf(requestRecords()), answers(200)],
	["padding of 255", bytesOf(begin(), record(TYPE.params, pairs(PARAMS),
		{ padding: 255 }), record(TYPE.params, "", { padding: 255 }),
	NO_STDIN), answers(200)],
	["padding of 255 behind its begin", bytesOf(begin({ padding: 255 }),
		record(TYPE.params, pairs(PARAMS)), NO_PARAMS, NO_STDIN), SILENCE],
	["params a byte a record", bytesOf(begin(), [...pairs(PARAMS)].map((byte) =>
		record(TYPE.params, [byte])), NO_PARAMS, NO_STDIN), answers(200)],
	["lengths of four bytes for short texts", withParams(...Object.entries(
		PARAMS).map(([name, value]) => pair(name, value, { wide: true }))),
	answers(200)],
	["the id 65535", bytesOf(requestRecords({}, "", { id: 65535 })),
		answers(200)],
	["the id 0", bytesOf(requestRecords({}, "", { id: 0 })), SILENCE],
	["the role of an authorizer", bytesOf(begin({ role: 2 }),
		record(TYPE.params, pairs(PARAMS)), NO_PARAMS, NO_STDIN), SILENCE],
	["the role of a filter", bytesOf(begin({ role: 3 }),
		record(TYPE.params, pairs(PARAMS)), NO_PARAMS, NO_STDIN,
		record(TYPE.data)), SILENCE],
	["a role that is none", bytesOf(begin({ role: 9 }),
		record(TYPE.params, pairs(PARAMS)), NO_PARAMS, NO_STDIN), SILENCE],
	["a connection to be kept", bytesOf(requestRecords({}, "", { flags: 1 })),
		answers(200)],
	["two requests, one behind the other", bytesOf(requestRecords(),
		requestRecords()), answers(200)],
	["two requests with ids that change off", bytesOf(begin(), begin({ id: 2 }),
		record(TYPE.params, pairs(PARAMS)), record(TYPE.params, pairs(PARAMS),
			{ id: 2 }), NO_PARAMS, NO_STDIN), SILENCE],
	["nothing", "", SILENCE],
	["a question about values", asking("FCGI_MPXS_CONNS"), SILENCE],
	["a question about no values", asking(), SILENCE],
	// libfcgi writes the answers into 64 bytes
	["a question about one value 9 times", asking(...NINE), SILENCE],
	...[[], ["FCGI_MPXS_CONNS"], NINE].map((names) =>
		[`a question about ${names.length} values in the body`, bytesOf(begin(),
			record(TYPE.params, pairs(LOGIN)), NO_PARAMS, record(TYPE.stdin, "{"),
			asking(...names), record(TYPE.stdin, "}"), NO_STDIN), SILENCE]),
	["a question about a name of 2 GB in the body", bytesOf(begin(),
		record(TYPE.params, pairs(LOGIN)), NO_PARAMS, record(TYPE.getValues,
			bytesOf(lengthOf(0x7ffffff0), lengthOf(0x7ffffff0)), { id: 0 }),
		NO_STDIN), SILENCE],
	["a management record that is none", record(200, "x", { id: 0 }), SILENCE],
	...[0, 2, 255].map((version) => [`the version ${version}`,
		bytesOf(requestRecords({}, "", { version })), SILENCE]),
	...[0, TYPE.end, TYPE.stdout, TYPE.unknown, 12, 255].map((type) =>
		[`the type ${type} first`, bytesOf(record(type, [0, 1, 0, 0, 0, 0, 0, 0]),
			record(TYPE.params, pairs(PARAMS)), NO_PARAMS, NO_STDIN), SILENCE]),
	["params first", bytesOf(record(TYPE.params, pairs(PARAMS)), NO_PARAMS,
		NO_STDIN), SILENCE],
	["stdin first", bytesOf(NO_STDIN), SILENCE],
	["abort first", record(TYPE.abort), SILENCE],
	["abort after its begin", bytesOf(begin(), record(TYPE.abort)), SILENCE],
	["abort between params", bytesOf(begin(), record(TYPE.params,
		pairs(PARAMS)), record(TYPE.abort), NO_PARAMS, NO_STDIN), SILENCE],
	["abort in the body", bytesOf(begin(), record(TYPE.params, pairs(LOGIN)),
		NO_PARAMS, record(TYPE.stdin, "{"), record(TYPE.abort)), SILENCE],
	["two begins", bytesOf(begin(), begin(), record(TYPE.params, pairs(PARAMS)),
		NO_PARAMS, NO_STDIN), SILENCE],
	["a begin of 7 bytes", bytesOf(record(TYPE.begin, [0, 1, 0, 0, 0, 0, 0]),
		record(TYPE.params, pairs(PARAMS)), NO_PARAMS, NO_STDIN), SILENCE],
	["a begin of 65,535 bytes", bytesOf(record(TYPE.begin,
		Buffer.alloc(65535, 1)), NO_PARAMS, NO_STDIN), SILENCE],
	["an empty begin", bytesOf(record(TYPE.begin), NO_PARAMS, NO_STDIN), SILENCE],
	["a length that says more", bytesOf(begin(), record(TYPE.params,
		pairs(PARAMS), { length: 65535 })), SILENCE],
	["a length that says less", bytesOf(begin(), record(TYPE.params,
		pairs(PARAMS), { length: 3 }), NO_PARAMS, NO_STDIN), SILENCE],
	["a length of 0 with something there", bytesOf(begin(), record(TYPE.params,
		pairs(PARAMS), { length: 0 }), NO_STDIN), SILENCE],
	["no params", bytesOf(begin(), NO_PARAMS, NO_STDIN), answers(404)],
	["no end of params", bytesOf(begin(), record(TYPE.params, pairs(PARAMS))), SILENCE],
	["stdin before the end of params", bytesOf(begin(), record(TYPE.params,
		pairs(PARAMS)), NO_STDIN), SILENCE],
	["no stdin", bytesOf(begin(), record(TYPE.params, pairs(PARAMS)),
		NO_PARAMS), SILENCE],
	["no end of stdin", bytesOf(begin(), record(TYPE.params, pairs(LOGIN)),
		NO_PARAMS, record(TYPE.stdin, "{}")), SILENCE],
	["stdin of another id", bytesOf(begin(), record(TYPE.params, pairs(LOGIN)),
		NO_PARAMS, record(TYPE.stdin, "{}", { id: 2 }), NO_STDIN), SILENCE],
	["stdin after its end", bytesOf(requestRecords(), record(TYPE.stdin, "x")),
		answers(200)],
	["data in place of stdin", bytesOf(begin(), record(TYPE.params,
		pairs(LOGIN)), NO_PARAMS, record(TYPE.data, "{}"), NO_STDIN), SILENCE],
	...[[0x7fffffff, 0x7fffffff], [0x7fffffff, 0], [0, 0x7fffffff],
		[0x7fffffff, 2], [0x3fffffff, 0x3ffffffe], [0x3fffffff, 0x3fffffff],
		[0x40000000, 0x3fffffff], [0x7ffffff0, 0x10], [65536, 65536],
		[1, 0x7ffffffc]].map(([name, value]) =>
		[`params of ${name} and ${value} bytes that do not come`,
			hugeParams(name, value), SILENCE]),
	["a length that is cut", withParams([0x80, 0, 0]), SILENCE],
	["a name without a value's length", withParams([1]), SILENCE],
	["a name that is cut", withParams(lengthOf(10), lengthOf(0), "REQ"),
		SILENCE],
	["a name of no bytes", withParams(pair("", "x"), pairs(PARAMS)),
		answers(200)],
	["a value with NUL in it", withParams(pair("HTTP_COOKIE", "a\0b"),
		pairs(PARAMS)), answers(200)],
	["a name with = in it", withParams(pair("A=B", "c"), pairs(PARAMS)),
		answers(200)],
	["a name with NUL in it", withParams(pair("A\0B", "c"), pairs(PARAMS)),
		answers(200)],
	...[[7, answers(200)], [10, SILENCE]].map(([n, want]) =>
		[`${n},000 params`, bytesOf(begin(), Array.from({ length: n }, (_, i) =>
			record(TYPE.params, bytesOf(Array.from({ length: 1000 }, (_, j) =>
				pair(`HTTP_X_${i}_${j}`, "v"))))), record(TYPE.params,
			pairs(PARAMS)), NO_PARAMS, NO_STDIN), want]),
	...[[96, answers(200)], [128, SILENCE], [1024, SILENCE]].map(([kb, want]) =>
		[`a value of ${kb} KB`, bytesOf(begin(), record(TYPE.params, bytesOf(
			lengthOf(6), lengthOf(kb << 10), "HTTP_X")), Array.from(
			{ length: kb / 32 }, () => record(TYPE.params,
				Buffer.alloc(32768, "v"))), record(TYPE.params, pairs(PARAMS)),
		NO_PARAMS, NO_STDIN), want]),
	["a path that is not ours", bytesOf(requestRecords({ REQUEST_URI: "x" })),
		answers(404)],
	["a path of 60 KB", bytesOf(requestRecords({
		REQUEST_URI: `/api/v1/${"x".repeat(60_000)}` })), answers(404)],
	["no path", withParams(pair("REQUEST_METHOD", "GET")), answers(404)],
	["no method", withParams(pair("REQUEST_URI", PARAMS.REQUEST_URI)),
		answers(405)],
	["an id for the log that is none", bytesOf(requestRecords({
		LLMSELECT_REQUEST_ID: '"\n{"x": "' })), answers(200)],
	["a content length that lies", bytesOf(begin(), record(TYPE.params,
		pairs({ ...LOGIN, CONTENT_LENGTH: "-1" })), NO_PARAMS,
	record(TYPE.stdin, "{}"), NO_STDIN), answers(422)],
	["bytes", Buffer.from(Array.from({ length: 256 }, (_, i) => i)), SILENCE],
	["HTTP", Buffer.from("GET /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n"),
		SILENCE],
	["64 KB of zeros", Buffer.alloc(65536), SILENCE],
	["64 KB of ones", Buffer.alloc(65536, 255), SILENCE],
];

test("S36: the socket is for its owner and group alone", () => {
	const { mode } = statSync(stack.socket);

	assert.equal((mode & 0o7777).toString(8), "660");
});

for (const [name, bytes, want] of ROWS)
	test(`S36: ${name}`, async () => {
		const { status, stdout } = answerIn(await tell(stack.socket, bytes));

		assert.deepEqual([status, stdout.slice(0, 200)],
			[want.status, stdout.slice(0, 200)]);
		assert.deepEqual(stack.pids.workers(), pids);
	});

// Some at a time, so that those who come the right way find an acceptor.
async function tellAll(all) {
	for (let i = 0; i < all.length; i += AT_ONCE)
		await Promise.all(all.slice(i, i + AT_ONCE).map(async (bytes) => {
			const { status, stdout } = answerIn(await tell(stack.socket, bytes));

			assert.ok(!(status >= 500), stdout);
		}));
	assert.deepEqual(stack.pids.workers(), pids);
}

test("S36: a request that is cut at every byte", () =>
	tellAll(Array.from({ length: WHOLE.length }, (_, n) =>
		WHOLE.subarray(0, n))));

// The same numbers each time (mulberry32), so that what fails, fails again.
function numbersFrom(seed) {
	let state = seed;

	return (below) => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);

		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) % below;
	};
}

const ODD = [0, 1, 2, 5, 8, 127, 128, 254, 255];

const CHANGES = [
	(records, below) => flip(records, below, () => below(256)),
	(records, below) => flip(records, below, () => ODD[below(ODD.length)]),
	// in the head of a record
	(records, below) => records.map((one) => below(3) ? one
		: setByte(one, below(8), ODD[below(ODD.length)])),
	(records, below) => records.toSpliced(below(records.length), 1),
	(records, below) => records.toSpliced(below(records.length), 0,
		records[below(records.length)] ?? NO_STDIN),
	(records, below) => records.toSpliced(below(records.length), 0,
		record(below(13), Buffer.alloc(below(300), below(256)),
			{ id: below(3), padding: below(256) })),
	(records, below) => records.toSorted(() => below(3) - 1),
	// four bytes of a large length somewhere
	(records, below) => {
		const bytes = bytesOf(records), at = below(bytes.length);

		return [bytes.subarray(0, at), lengthOf(ODD[below(ODD.length)] << 23,
			{ wide: true }), bytes.subarray(at)];
	},
];

function setByte(record, at, value) {
	const bytes = Buffer.from(record);

	bytes[at] = value;
	return bytes;
}

function flip(records, below, value) {
	const bytes = bytesOf(records);

	for (let n = 1 + below(4); n > 0; n--)
		bytes[below(bytes.length)] = value();
	return [bytes];
}

function changed(below) {
	let records = requestRecords(LOGIN, '{"username": "x"}');

	for (let n = 1 + below(3); n > 0; n--)
		records = CHANGES[below(CHANGES.length)](records, below);
	return bytesOf(records);
}

test(`S36: ${RANDOM_ONES} requests, each changed at random`, () => {
	const below = numbersFrom(SEED);

	return tellAll(Array.from({ length: RANDOM_ONES }, () => changed(below)));
});

// What keeps a thread from the others where it is waited for.
const HALVES = [
	[64, "a begin and no more", bytesOf(begin())],
	[200, "nothing", Buffer.alloc(0)],
	[64, "half of the params", WHOLE.subarray(0, 60)],
	[64, "params and half of the body", WHOLE.subarray(0, WHOLE.length - 20)],
];

async function assertHealthIsFast() {
	for (let i = 0; i < 20; i++) {
		const began = performance.now();

		assert.equal((await stack.api("GET", "/health")).status, 200);
		assert.ok(performance.now() - began < SLOW_MS);
	}
}

for (const [n, what, bytes] of HALVES)
	test(`S36: ${n} connections that send ${what} and stay`, async () => {
		const all = await Promise.all(Array.from({ length: n }, () =>
			open(stack.socket, bytes)));

		try {
			await assertHealthIsFast();
			assert.deepEqual(stack.pids.workers(), pids);
		} finally {
			all.forEach((one) => one.destroy());
		}
	});

test("S36: who sends no request is let go after a while",
	{ timeout: 30_000 }, async () => {
	const silent = await open(stack.socket);
	const began = performance.now();

	await new Promise((resolve) => silent.once("close", resolve));
	const ms = performance.now() - began;

	assert.ok(ms > WAIT_MS - 500 && ms < WAIT_MS + SLOW_MS, `${ms} ms`);
});

test("S36: a request that comes in pieces is answered", async () => {
	const parts = [8, 12, 60, WHOLE.length - 20, WHOLE.length];
	const slow = await open(stack.socket, WHOLE.subarray(0, parts[0]));
	const answer = [];

	slow.on("data", (bytes) => answer.push(bytes));
	for (let i = 1; i < parts.length; i++) {
		await pause(PIECE_MS);
		slow.write(WHOLE.subarray(parts[i - 1], parts[i]));
	}
	await new Promise((resolve) => slow.once("close", resolve));
	assert.equal(answerIn(Buffer.concat(answer)).status, 422);
});

test("S36: the log says why, and not each time", () => {
	const lines = stack.logLines().filter((line) => line.part === "door");

	assert.ok(lines.length > 0 && lines.length < 20, `${lines.length} lines`);
	assert.match(lines[0].message, /request: 1; the last one: /);
});

test("S36: all the while, others were answered", async (t) => {
	health.ends = true;
	await health.ended;
	t.diagnostic(`${health.n} times, after ${health.slowest.toFixed(0)} ms`
		+ " at most");
	assert.deepEqual(health.bad, []);
	assert.ok(health.n > 10);
	assert.ok(health.slowest < SLOW_MS);
	assert.deepEqual(await countRows(stack), rows);
});

test("S36: after all that, answers come as before", async () => {
	for (let i = 0; i < 10; i++)
		assert.equal((await ask(stack, ann.token,
			question("seq:tokens-3"))).text(), numbers(3));
});
