// Where a user is signed in, and ending that from elsewhere.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startStack, until } from "./harness.js";
import { asPage, assertRefused, assertStopped, endless, sqlId, statusOf }
	from "./lib/people.js";

let stack;

before(async () => {
	stack = await startStack({ workers: 2 });
});
after(() => stack?.stop());

const list = async ({ token }, query = "") => (await stack.api("GET",
	`/auth/sessions${query}`, { token })).body;

// Of one token's own session, or of the other one.
const idOf = async (account, current = true) =>
	(await list(account)).items.find((s) => s.current === current).id;

test("each session is listed with where it came from, and which one asks",
	async () => {
		const eve = await stack.register();	// which signs in twice
		const { items, total, page, limit } = await list(eve);

		assert.deepEqual([total, page, limit], [2, 1, 30]);
		assert.deepEqual(items.map((s) => s.current).sort(), [false, true]);
		for (const session of items) {
			assert.deepEqual(Object.keys(session).sort(), ["address",
				"created_at", "current", "expires_at", "id", "seen_at",
				"user_agent"]);
			assert.equal(session.address, "127.0.0.1");
			assert.equal(Date.parse(session.expires_at)
				- Date.parse(session.seen_at), 7 * 864e5);
		}
		const answer = await stack.api("POST", "/auth/login", {
			body: { username: eve.username, password: eve.password },
			headers: { "user-agent": "Telephone/1.0 <b>\xe9" } });
		const [latest] = (await list(eve)).items;

		assert.equal(answer.status, 200);
		assert.equal(latest.user_agent, "Telephone/1.0 <b>?");
		assert.equal(latest.current, false);
		assert.equal((await list(eve, "?limit=1&page=3")).items.length, 1);
	});

test("S5: no list holds a token or its hash", async () => {
	const eve = await stack.register();
	const { text } = await stack.api("GET", "/auth/sessions",
		{ token: eve.token });
	const rows = await stack.db("SELECT HEX(token_hash) AS hash FROM sessions");

	assert.ok(!text.includes(eve.token));
	for (const { hash } of rows)
		assert.ok(!text.toUpperCase().includes(hash));
});

test("an expired session is not listed", async () => {
	const eve = await stack.register();

	await stack.db(`UPDATE sessions SET expires_at = ${Date.now() - 1} WHERE id =`
		+ ` ${sqlId(await idOf(eve, false))}`);
	assert.equal((await list(eve)).total, 1);
});

test("S7: ending one session from another ends its streams and no others",
	async () => {
		const eve = await stack.register();
		const other = await stack.login(eve);
		const theirs = await endless(stack, other.token, "theirs");
		const mine = await endless(stack, eve.token, "mine");
		const { status, headers } = await asPage(stack, eve, "DELETE",
			`/auth/sessions/${await idOf(other)}`);

		assert.equal(status, 204);
		assert.equal(headers["set-cookie"], undefined, "this one goes on");
		await assertStopped(theirs);
		assert.equal(await statusOf(stack, other.token), 401);
		assert.equal(await statusOf(stack, eve.token), 200);
		assert.equal((await stack.stats("mine")).open, 1);
		await stack.api("DELETE", `/auth/sessions/${await idOf(eve)}`,
			{ token: eve.token });
		await assertStopped(mine);
	});

test("S7: who joined an answer is let go of it when their session ends, on every "
	+ "worker; others join again", async () => {
	const eve = await stack.register();
	const other = await stack.login(eve);
	const mine = await endless(stack, eve.token, "joined");
	const path = `/streams/${mine.events[0].data.stream_id}`;
	const join = async (token) => {
		const stream = stack.sse(path, { token });

		await stream.read(({ data }) => data.content !== undefined);
		return stream;
	};
	// enough of them that both workers have some
	const theirs = await Promise.all(Array.from({ length: 8 }, () =>
		join(other.token)));

	assert.equal((await stack.api("DELETE", `/auth/sessions/${await idOf(other)}`,
		{ token: eve.token })).status, 204);
	for (const stream of theirs) {
		await stream.read();
		assert.notEqual(stream.last.data.content, undefined,
			"it is broken off, not ended");
	}
	assert.equal((await stack.stats("joined")).open, 1);
	assert.equal((await stack.api("GET", path, { token: other.token })).status,
		401);
	const again = await join(eve.token);

	again.close();
	await stack.api("POST", "/auth/logout", { token: eve.token });
	await assertStopped(mine);
});

test("ending the session that asks is signing out", async () => {
	const eve = await stack.register();
	const { status, headers } = await stack.api("DELETE",
		`/auth/sessions/${await idOf(eve)}`, { token: eve.token });

	assert.equal(status, 204);
	assert.match(headers["set-cookie"][0], /=; .*Max-Age=0/);
	assert.equal(await statusOf(stack, eve.token), 401);
});

test("S8: somebody else's session is not there, and lives on", async () => {
	const [eve, bob] = [await stack.register(), await stack.register()];

	for (const id of [await idOf(bob), "0190a000-0000-7000-8000-000000000000"])
		assertRefused(await stack.api("DELETE", `/auth/sessions/${id}`,
			{ token: eve.token }), 404, "not_found",
		/^There is no such session\.$/);
	assert.equal(await statusOf(stack, bob.token), 200);
	const once = await idOf(eve, false);
	const end = () => stack.api("DELETE", `/auth/sessions/${once}`,
		{ token: eve.token });

	assert.equal((await end()).status, 204);
	assert.equal((await end()).status, 404, "it has ended before");
});

test("S7: all other sessions end at once, with their streams", async () => {
	const eve = await stack.register();
	const bob = await stack.register();
	const others = await Promise.all([1, 2, 3].map(() => stack.login(eve)));
	const streams = await Promise.all(others.map(({ token }) =>
		endless(stack, token, "others")));
	const { status } = await asPage(stack, eve, "DELETE", "/auth/sessions");

	assert.equal(status, 204);
	for (const stream of streams)
		await assertStopped(stream);
	for (const { token } of others)
		assert.equal(await statusOf(stack, token), 401);
	assert.equal((await list(eve)).total, 1);
	assert.equal(await statusOf(stack, bob.token), 200);
	await until(async () => (await stack.stats("others")).open === 0,
		"the provider's connections are closed");
});
