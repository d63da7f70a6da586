// What is kept of a user: settings, all of it as a file, and its end.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { startStack, until } from "./harness.js";
import { sanitized } from "./lib/build.js";
import { asPage, assertRefused, assertStopped, endless, sqlId, statusOf }
	from "./lib/people.js";
import { ask, first, numbers, oneOfEach, question, show } from "./lib/turn.js";

let stack, ann;

before(async () => {
	stack = await startStack({ workers: 2 });
	ann = await stack.register();
});
after(() => stack?.stop());

// ---- settings ----

const DEFAULTS = { provider: null, model: null, system: null, temperature: null,
	max_tokens: null, reasoning_effort: null, on_disconnect: "continue",
	theme: "system", send_on_enter: true };

const settings = async ({ token }) => (await stack.api("GET",
	"/auth/me/settings", { token })).body;
const put = ({ token }, body) => stack.api("PUT", "/auth/me/settings",
	{ token, body });

test("settings are kept whole, and what is not sent is as it was at first",
	async () => {
		const eve = await stack.register();
		const all = { provider: "demo", model: "demo:tokens-3",
			system: "Answer in 数据库 \"terms\".\n", temperature: 0.5,
			max_tokens: 200, reasoning_effort: "high", on_disconnect: "stop",
			theme: "dark", send_on_enter: false };

		assert.deepEqual(await settings(eve), DEFAULTS);
		const { status, body } = await asPage(stack, eve, "PUT",
			"/auth/me/settings", all);

		assert.equal(status, 200);
		assert.deepEqual(body, all);
		assert.deepEqual(await settings(eve), all);
		assert.deepEqual(await settings(ann), DEFAULTS, "somebody else's");
		assert.deepEqual((await put(eve, { theme: "light", model: null })).body,
			{ ...DEFAULTS, theme: "light" });
		assert.deepEqual(await settings(eve), { ...DEFAULTS, theme: "light" });
	});

const UNFIT = [
	{ field: "theme", value: "blue" },
	{ field: "send_on_enter", value: "yes" },
	{ field: "provider", value: "nobody" },
	{ field: "provider", value: 1 },
	{ field: "model", value: "../x" },
	{ field: "system", value: "a\0b" },
	{ field: "system", value: "x".repeat(65_537) },
	{ field: "temperature", value: 2.5 },
	{ field: "max_tokens", value: 0 },
	{ field: "reasoning_effort", value: "extreme" },
	{ field: "on_disconnect", value: "explode" },
	{ field: "colour", value: "blue" },
];

for (const { field, value } of UNFIT)
	test(`no setting: ${field} ${String(value).slice(0, 12)}`, async () => {
		const { status, body } = await put(ann, { theme: "dark",
			[field]: value });

		assert.equal(status, 422);
		assert.deepEqual(Object.keys(body.details), [field]);
		assert.deepEqual(await settings(ann), DEFAULTS, "nothing half-saved");
	});

test("the longest settings are kept", async () => {
	const system = "\u0001数💙".repeat(21_845);

	assert.equal((await put(ann, { system })).status, 200);
	assert.equal((await settings(ann)).system, system);
	await put(ann, {});
});

// ---- the export ----

const exported = ({ token }) => stack.api("GET", "/auth/me/export", { token });

// Several branches: asked, answered, and answered once more.
async function branches(account) {
	const one = first(await ask(stack, account.token, question("seq:tokens-3",
		{ message: "One \"quoted\" 数据库\n" })));
	const { conversation_id } = one;

	await ask(stack, account.token, question("seq:tokens-2",
		{ conversation_id, message: undefined, regenerate: true }));
	await ask(stack, account.token, question("seq:tokens-4",
		{ conversation_id, message: "And then?" }));
	return conversation_id;
}

test("S41: the export has everything, of all branches, and no secret",
	async () => {
		const eve = await stack.register();
		const key = "sk-of-eve-0123456789-last";
		const { conversation_id: second } = first(await ask(stack, eve.token,
			question("tokens-1")));
		const id = await branches(eve);

		await stack.api("PUT", "/keys/demo", { token: eve.token, body: { key } });
		await put(eve, { theme: "dark" });
		const { status, headers, body, text } = await exported(eve);

		assert.equal(status, 200);
		assert.match(headers["content-type"], /^application\/json/);
		assert.match(headers["content-disposition"], /^attachment; filename=/);
		assert.equal(headers["cache-control"], "no-store");
		assert.deepEqual(Object.keys(body), ["exported_at", "user", "settings",
			"keys", "sessions", "conversations", "complete"]);
		for (const { as } of Object.values(TABLES))
			assert.ok(as === undefined || body[as].length > 0, as);
		assert.deepEqual(body.user, eve.user);
		assert.equal(body.settings.theme, "dark");
		assert.deepEqual(body.keys, [{ provider: "demo", last4: "last" }]);
		assert.equal(body.sessions.length, 2);
		assert.deepEqual(body.conversations.map((c) => c.id), [second, id]);
		const shown = await show(stack, eve.token, id);
		const { messages, ...conversation } = body.conversations[1];
		const { messages: branch, left_out: none, ...head } = shown;

		assert.equal(none, 0);
		assert.deepEqual(conversation, head);
		assert.equal(messages.length, 5);
		for (const { siblings, ...message } of branch)	// all are there
			assert.deepEqual(messages.find((m) => m.id === message.id), message);
		assert.deepEqual(messages.map((m) => m.content).sort(),
			["One \"quoted\" 数据库\n", "And then?", numbers(2), numbers(3),
				numbers(4)].sort());
		assert.equal(body.complete, true);
		for (const secret of [key, eve.token, eve.csrf, eve.password, "$y$"])
			assert.ok(!text.includes(secret), secret);
	});

test("an answer that runs is exported as far as it is written down", async () => {
	const eve = await stack.register();
	const stream = await endless(stack, eve.token, "exported");

	await until(async () => {
		const { body } = await exported(eve);
		const answer = body.conversations[0].messages[1];

		assert.equal(answer.state, "running");
		return answer.content.length > 5
			&& numbers(3000).startsWith(answer.content);
	}, "its text is in the export");
	stream.close();
	await stack.api("POST", "/auth/logout", { token: eve.token });
});

test("the export of nothing is whole, too", async () => {
	const eve = await stack.register();
	const { body } = await exported(eve);

	assert.deepEqual(body.conversations, []);
	assert.equal(body.complete, true);
});

const MB = 1 << 20;

// Messages written by hand: `n` of `size` bytes in one conversation.
async function fillWith(account, n, size) {
	const { conversation_id } = first(await ask(stack, account.token,
		question("tokens-1")));
	const user = sqlId(account.user.id);

	await stack.db("INSERT INTO messages (id, conversation_id, user_id, depth,"
		+ " role, content, state, created_at) SELECT"
		+ " UNHEX(CONCAT(HEX(SUBSTR(id, 1, 12)), LPAD(HEX(seq), 8, '0'))),"
		+ ` conversation_id, user_id, 10 + seq DIV 3, 'user', REPEAT('数é"ab', ${
			size / 8}), 'complete', 0 FROM messages JOIN seq_1_to_${n}`
		+ ` WHERE user_id = ${user} AND role = 'user'`);
	return conversation_id;
}

const peak = (pid) => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(
	`/proc/${pid}/status`, "utf8"))[1]) / 1024;

test("100 MB go out in bounded memory, and the whole of it", async () => {
	const eve = await stack.register();
	const [mb, n] = [2 * MB, 50];
	const before = stack.pids.workers().map(peak);

	await fillWith(eve, n, mb);
	const { body, text } = await exported(eve);

	assert.equal(body.complete, true);
	assert.ok(text.length > 60 * MB);
	const { messages } = body.conversations[0];

	assert.equal(messages.length, n + 2);
	assert.equal(new Set(messages.map((m) => m.id)).size, n + 2);
	for (const message of messages.slice(2))
		assert.equal(Buffer.byteLength(message.content), mb);
	if (!sanitized())
		stack.pids.workers().forEach((pid, i) => assert.ok(
			peak(pid) - before[i] < 48, `${before[i]} to ${peak(pid)} MB`));
	await stack.api("DELETE", "/auth/me",
		{ token: eve.token, body: { password: eve.password } });
});

test("few exports run at once; who does not read holds up nobody", async () => {
	const eve = await stack.register();

	await fillWith(eve, 20, MB);
	const slow = [];
	const refused = await until(async () => {
		const response = await stack.open("GET", "/api/v1/auth/me/export",
			{ token: eve.token });

		slow.push(response);
		return response.statusCode === 503 && response;
	}, "one is refused", 20_000);

	assert.ok(slow.length <= 20, "as if there were no limit");
	assert.ok(Number(refused.headers["retry-after"]) > 0);
	for (let i = 0; i < 10; i++) {
		const began = performance.now();

		assert.equal((await stack.api("GET", "/ready")).status, 200);
		assert.ok(performance.now() - began < 1000);
	}
	for (const response of slow)
		response.destroy();
	await until(async () => (await exported(eve)).status === 200,
		"there is room again");
});

// ---- the end of an account ----

const leave = (account, password = account.password) => stack.api("DELETE",
	"/auth/me", { token: account.token, body: { password } });

// Every table that names users.  A new one needs a row here, a foreign key that
// cascades or a place in store/admins.c, and a thought about the export: `as` is
// its member there, or `not` says why it has none.
const TABLES = {
	api_keys: { as: "keys" },
	conversations: { as: "conversations" },
	early_stops: { not: "they live for minutes" },
	invites: { not: "they are the server's" },
	messages: { as: "conversations" },
	model_lists: { not: "that is what a provider said of itself" },
	quotas: { not: "they are counts of a minute" },
	sessions: { as: "sessions" },
};

async function namedTables() {
	const rows = await stack.db("SELECT table_name AS name FROM"
		+ " information_schema.columns WHERE table_schema = 'llmselect'"
		+ " AND column_name = 'user_id' ORDER BY table_name");

	return rows.map(({ name }) => name);
}

async function rowsOf(user) {
	const counts = {};

	for (const table of await namedTables()) {
		const [{ n }] = await stack.db(`SELECT COUNT(*) AS n FROM ${table}`
			+ ` WHERE user_id = ${sqlId(user.id)}`);

		counts[table] = Number(n);
	}
	return counts;
}

test("S41, F32: an account that goes while it streams leaves no row, anywhere",
	async () => {
		const eve = await stack.register();
		const id = await branches(eve);
		const streams = (await oneOfEach(stack, eve.token, () =>
			question("seq:pace-20:tokens-3000:tag-leaving",
				{ on_disconnect: "continue" }))).map(([stream]) => stream);

		await put(eve, { theme: "dark" });
		await stack.api("PUT", "/keys/demo",
			{ token: eve.token, body: { key: "sk-of-eve-0123456789" } });
		await stack.api("POST", "/streams/cancel",
			{ token: eve.token, body: { client_request_id: "early" } });
		await stack.db("UPDATE users SET is_admin = 1 WHERE id ="
			+ ` ${sqlId(eve.user.id)}`);
		await stack.api("POST", "/admin/invites", { token: eve.token, body: {} });
		await stack.db("INSERT IGNORE INTO model_lists (user_id, provider,"
			+ ` tried_at, failed) VALUES (${sqlId(eve.user.id)}, 'demo', 0, 1)`);
		const had = await rowsOf(eve.user);

		for (const table of Object.keys(TABLES))
			assert.ok(had[table] > 0, `nothing in ${table} to begin with`);
		const messages = (await stack.db("SELECT HEX(id) AS id FROM messages"
			+ ` WHERE user_id = ${sqlId(eve.user.id)}`))
			.map((row) => `UNHEX('${row.id}')`).join();
		const { status, headers, text } = await leave(eve);

		assert.equal(status, 204, text);
		assert.match(headers["set-cookie"][0], /=; .*Max-Age=0/);
		assert.deepEqual(Object.entries(await rowsOf(eve.user))
			.filter(([, n]) => n > 0), []);
		assert.deepEqual(await stack.db("SELECT id FROM users WHERE id ="
			+ ` ${sqlId(eve.user.id)}`), []);
		assert.deepEqual(await stack.db("SELECT id FROM messages WHERE"
			+ ` conversation_id = ${sqlId(id)}`), []);
		for (const stream of streams)
			await assertStopped(stream);
		await until(async () => (await stack.stats("leaving")).open === 0,
			"the provider's connections are closed");
		await until(async () => (await stack.db("SELECT message_id FROM segments"
			+ ` WHERE message_id IN (${messages})`)).length === 0,
		"no piece is left");
		assert.equal(await statusOf(stack, eve.token), 401);
		assert.equal((await stack.api("POST", "/auth/login", { body: {
			username: eve.username, password: eve.password } })).status, 401);
		assert.equal((await stack.register(eve.username)).username,
			eve.username, "the name is free again");
	});

test("each table that names users has a row in TABLES", async () =>
	assert.deepEqual(await namedTables(), Object.keys(TABLES)));

test("F32: signing out while it streams leaves no running answer", async () => {
	const eve = await stack.register();
	const streams = await Promise.all([1, 2, 3].map(() =>
		endless(stack, eve.token, "out")));

	await stack.api("POST", "/auth/logout", { token: eve.token });
	for (const stream of streams)
		await assertStopped(stream);
	const rows = await stack.db("SELECT state, session_id, running_in FROM"
		+ ` messages WHERE user_id = ${sqlId(eve.user.id)}`
		+ " AND role = 'assistant'");

	assert.deepEqual(rows, Array(3).fill({ state: "cancelled",
		session_id: null, running_in: null }));
});

test("an account goes with its password only, and by cookie with the CSRF token",
	async () => {
		const eve = await stack.register();

		assertRefused(await leave(eve, "not the password"), 422,
			"validation_error", /cannot be used/);
		for (const body of [{}, { password: 1 }, { password: eve.password,
			sure: true }])
			assert.equal((await stack.api("DELETE", "/auth/me",
				{ token: eve.token, body })).status, 422);
		assert.equal((await stack.api("DELETE", "/auth/me",
			{ token: eve.token })).status, 422, "no body at all");
		assert.equal(await statusOf(stack, eve.token), 200);
		assert.equal((await asPage(stack, eve, "DELETE", "/auth/me",
			{ password: eve.password })).status, 204);
		assert.equal(await statusOf(stack, eve.token), 401);
	});

test("the only administrator stays while there is anybody else, and may go last",
	async () => {
		const one = await startStack();

		try {
			const [boss, bob] = [await one.register(), await one.register()];
			const go = ({ token, password }) => one.api("DELETE", "/auth/me",
				{ token, body: { password } });

			assertRefused(await go(boss), 409, "conflict", new RegExp("^You are"
				+ " the only administrator\\. Make another user one first, or"
				+ " delete all other accounts\\.$"));
			assert.equal((await go(bob)).status, 204);
			assert.equal((await go(boss)).status, 204);
			assert.deepEqual(await one.db("SELECT * FROM users"), []);
			assert.equal((await one.register()).user.is_admin, true,
				"the next one is the first");
		} finally {
			await one.stop();
		}
	});

test("who signs in while the account goes is gone with it", async () => {
	for (let i = 0; i < 5; i++) {
		const eve = await stack.register();
		const login = () => stack.api("POST", "/auth/login", { body: {
			username: eve.username, password: eve.password } });
		const [left, ...signedIn] = await Promise.all([leave(eve), login(),
			login()]);

		for (const { status, text } of signedIn)
			assert.ok([200, 401, 503].includes(status), text);
		if (left.status === 503)
			continue;	// too many passwords at once
		assert.equal(left.status, 204, left.text);
		assert.deepEqual(Object.values(await rowsOf(eve.user))
			.filter((n) => n > 0), []);
		for (const { status, body } of signedIn)
			if (status === 200)
				assert.equal(await statusOf(stack, body.access_token), 401);
	}
});
