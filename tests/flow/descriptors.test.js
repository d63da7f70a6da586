// S35: more than 1,024 descriptors in a process, where select() ends.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { startStack, until } from "./harness.js";
import { open, post } from "./lib/fastcgi.js";
import { ask, numbers, question } from "./lib/turn.js";

const FD_SETSIZE = 1024;
const IDLE = 2000;
const STREAMS_MAX = 3000;

let stack, ann, pids;

before(async () => {
	stack = await startStack();
	ann = await stack.register();
	pids = stack.pids.workers();
});
after(() => stack?.stop());

const highest = (pid) =>
	Math.max(...readdirSync(`/proc/${pid}/fd`).map(Number));

test(`S35: ${IDLE} connections that come, say nothing and go`, async () => {
	const all = await Promise.all(Array.from({ length: IDLE }, () =>
		open(stack.socket)));

	for (const connection of all)
		connection.destroy();
	const { status } = await stack.api("GET", "/health");

	assert.equal(status, 200);
	assert.deepEqual(stack.pids.workers(), pids);
});

test("S35: descriptors beyond 1,024, and each worker answers", async (t) => {
	const bytes = Buffer.concat(post("/chat/stream", ann.token,
		question("first-60000:tag-many")));
	const all = [];

	// a running answer has two of them, one here and one at its provider
	await until(async () => {
		if (all.length < STREAMS_MAX)
			all.push(...await Promise.all(Array.from({ length: 50 },
				() => open(stack.socket, bytes))));
		return pids.every((pid) => highest(pid) > FD_SETSIZE + 10);
	}, "both have as many", 60_000);
	t.diagnostic(`${all.length} streams, and descriptors up to ${
		pids.map(highest).join(" and ")}`);
	for (let i = 0; i < 10; i++)
		assert.equal((await ask(stack, ann.token,
			question("seq:tokens-3"))).text(), numbers(3));
	for (const connection of all)
		connection.destroy();
	await until(async () => (await stack.stats("many")).open === 0,
		"nobody is asked any more", 30_000);
	assert.deepEqual(stack.pids.workers(), pids);
});
