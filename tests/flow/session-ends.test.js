// S7: a session that ends takes along what runs for it, on every worker.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startStack, until } from "./harness.js";
import { hasContent, oneOfEach, question } from "./lib/turn.js";

let stack;

before(async () => {
	stack = await startStack({ workers: 2 });
});
after(() => stack.stop());

const begin = async (token, tag) => {
	const stream = stack.sse("/chat/stream", { token, body: {
		provider: "demo", message: "Go on.", on_disconnect: "continue",
		model: `demo:seq:pace-20:tokens-3000:tag-${tag}` } });

	await stream.read(({ data }) => data.content !== undefined);
	return stream;
};

test("S7: signing out ends the session's streams and no others", async () => {
	const account = await stack.register();
	const other = await stack.login(account);
	const mine = (await oneOfEach(stack, account.token, () =>
		question("seq:pace-20:tokens-3000:tag-mine",
			{ on_disconnect: "continue" }))).map(([stream]) => stream);
	const theirs = await begin(other.token, "theirs");

	for (const stream of mine)
		await stream.read(hasContent);
	const { status } = await stack.api("POST", "/auth/logout",
		{ token: account.token });

	assert.equal(status, 204);
	for (const stream of mine) {
		await stream.read();
		assert.equal(stream.last.data.finish_reason, "cancelled");
	}
	await until(async () => (await stack.stats("mine")).open === 0,
		"the provider's connections are closed");
	assert.equal((await stack.stats("theirs")).open, 1);
	theirs.close();
	await stack.api("POST", "/auth/logout", { token: other.token });
	await until(async () => (await stack.stats("theirs")).early_closed === 1,
		"the other session's stream ends with its own session");
});

test("S7: a question that came before its session's end, and is claimed after, "
	+ "is not asked", async () => {
	const { token, user } = await stack.register();
	const id = `UNHEX('${user.id.replaceAll("-", "")}')`;
	// the row is locked for as long as nobody has heard that it goes
	const ending = stack.db("START TRANSACTION;"
		+ ` DELETE FROM sessions WHERE user_id = ${id};`
		+ " DO SLEEP(1); COMMIT");

	await until(async () => (await stack.db("SELECT COUNT(*) AS n FROM"
		+ " information_schema.processlist WHERE info = 'DO SLEEP(1)'"))[0].n
		=== "1", "the session is ending");
	const { status, body } = await stack.api("POST", "/chat", { token,
		body: question("tokens-1:tag-late") });

	assert.equal(status, 401, JSON.stringify(body));
	assert.equal(body.error, "unauthenticated");
	assert.equal((await stack.stats("late")).requests, 0);
	assert.deepEqual(await stack.db("SELECT id FROM messages"
		+ ` WHERE user_id = ${id}`), []);
	await ending;
});

test("who comes while the workers drain is refused at once", async () => {
	const { token } = await stack.register();
	const stream = await begin(token, "drain");
	const { llmselect } = stack.parts;

	process.kill(llmselect.pid, "SIGTERM");
	await until(async () => {
		const began = performance.now();
		const { status } = await stack.api("GET", "/health");

		assert.ok(performance.now() - began < 1000, "it waits");
		return status === 502;
	}, "nobody accepts any more");
	await stream.read();
	assert.equal(stream.last.data.code, "interrupted");
});
