// The harness itself: what it starts serves, and nothing of it is left.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { startStack, until } from "./harness.js";
import { processesIn } from "./lib/part.js";

test("a stack starts, answers, and leaves nothing behind", async () => {
	const stack = await startStack();

	try {
		const health = await stack.api("GET", "/health");

		assert.equal(health.status, 200);
		assert.equal(stack.pids.workers().length, 2);
		const ann = await stack.register();
		const [row] = await stack.db("SELECT COUNT(*) AS n FROM users");

		assert.deepEqual(row, { n: "1" });
		assert.ok(ann.token);
		assert.ok(processesIn(stack.dir).length >= 6);
	} finally {
		await stack.stop();
	}
	assert.deepEqual(processesIn(stack.dir), []);
	assert.ok(!existsSync(stack.dir));
});

test("a question streams through all the parts", async () => {
	const stack = await startStack();

	try {
		const { token } = await stack.register();
		const events = stack.sse("/chat/stream", { token, body: {
			provider: "demo", model: "demo:tokens-10:pace-20:tag-whole",
			message: "Hello" } });
		await events.read();
		const spread = events.last.at - events.events[1].at;

		assert.equal(events.headers["content-type"], "text/event-stream");
		assert.equal(events.last.data.done, true);
		assert.ok(events.text().length > 0);
		assert.ok(spread > 100, `it came within ${spread} ms`);
		assert.equal((await stack.stats("whole")).completed, 1);
		stack.assertNowhere(stack.providerKey, events.raw.toString());
		stack.assertNowhere(token);
	} finally {
		await stack.stop();
	}
});

test("a part can be ended and started again", async () => {
	const stack = await startStack({ workers: 1 });

	try {
		const { mariadbd } = stack.parts;

		await mariadbd.stop();
		const away = await stack.api("GET", "/ready");

		assert.equal(away.status, 503);
		await mariadbd.start();
		await until(async () =>
			(await stack.api("GET", "/ready")).status === 200,
		"the workers find the database again");
	} finally {
		await stack.stop();
	}
});

test("a stack that cannot start says why and is cleaned away", async () => {
	await assert.rejects(
		startStack({ settings: "[server]\nworkers = many\n" }),
		/more\.conf:2: server\.workers = "many": must be a whole number/);
});
