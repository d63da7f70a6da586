// Changing one's password.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startStack, until } from "./harness.js";
import { asPage, assertRefused, assertStopped, endless, pageHeaders, sqlId,
	statusOf } from "./lib/people.js";
import { oneOfEach, question } from "./lib/turn.js";

const NEW = "another horse battery";

let stack;

before(async () => {
	stack = await startStack({ workers: 2 });
});
after(() => stack?.stop());

const change = (account, password, new_password) =>
	stack.api("POST", "/auth/password",
		{ token: account.token, body: { password, new_password } });

const login = (username, password) => stack.api("POST", "/auth/login",
	{ body: { username, password } });

test("S6, S7: a new password ends all other sessions and their streams, and "
	+ "gives this one a new token", async () => {
	const eve = await stack.register();
	const other = await stack.login(eve);
	const theirs = (await oneOfEach(stack, other.token, () =>
		question("seq:pace-20:tokens-3000:tag-other",
			{ on_disconnect: "continue" }))).map(([stream]) => stream);
	const mine = await endless(stack, eve.token, "mine");
	const { status, body, headers, text } = await change(eve, eve.password, NEW);

	assert.equal(status, 200, text);
	assert.deepEqual(Object.keys(body).sort(),
		["access_token", "csrf_token", "expires_at", "user"]);
	assert.deepEqual(body.user, eve.user);
	assert.match(headers["set-cookie"][0],
		new RegExp(`=${body.access_token}; .*Max-Age=604800`));
	assert.notEqual(body.csrf_token, eve.csrf);
	for (const stream of theirs)
		await assertStopped(stream);
	await until(async () => (await stack.stats("other")).open === 0,
		"the provider's connections are closed");
	assert.equal((await stack.stats("mine")).open, 1, "this session goes on");
	for (const token of [eve.token, other.token])
		assert.equal(await statusOf(stack, token), 401);
	assert.equal(await statusOf(stack, body.access_token), 200);
	assert.equal((await login(eve.username, eve.password)).status, 401);
	assert.equal((await login(eve.username, NEW)).status, 200);
	await stack.api("POST", "/auth/logout", { token: body.access_token });
	await assertStopped(mine);
});

test("S10: by cookie it takes the CSRF token, and the new one counts after",
	async () => {
		const eve = await stack.register();
		const { status, body, text } = await asPage(stack, eve, "POST",
			"/auth/password", { password: eve.password, new_password: NEW });

		assert.equal(status, 200, text);
		const put = (csrf) => stack.api("PUT", "/auth/me/settings", { body: {},
			headers: pageHeaders(stack, { token: body.access_token, csrf }) });

		assert.equal((await put(eve.csrf)).status, 403);
		assert.equal((await put(body.csrf_token)).status, 200);
	});

test("a wrong password now is a fault of the field and signs nobody out",
	async () => {
		const eve = await stack.register();
		const answer = await change(eve, "not the password", NEW);

		assertRefused(answer, 422, "validation_error", /cannot be used/);
		assert.deepEqual(answer.body.details,
			{ password: "This is not the password of this account." });
		assert.equal(await statusOf(stack, eve.token), 200);
		assert.equal((await login(eve.username, eve.password)).status, 200);
		assert.match(stack.logLines().find((line) =>
			line.request_id === answer.body.request_id).note, /wrong password/);
	});

// S3: what may be one is what may be one when registering.
const NEW_ONES = [
	{ name: "7 bytes", password: "abc9efg", field: "new_password" },
	{ name: "8 bytes", password: "kv9-efgh" },
	{ name: "128 bytes", password: "z9".repeat(64) },
	{ name: "129 bytes", password: `${"z9".repeat(64)}z`,
		field: "new_password" },
	{ name: "NUL in it", password: "before\0behind" },
	{ name: "a common one", password: "Password123", field: "new_password" },
	{ name: "a number", password: 123456789, field: "new_password" },
	{ name: "nothing", password: null, field: "new_password" },
];

test("S3: what may be a new password", async () => {
	let eve = await stack.register();

	for (const { name, password, field } of NEW_ONES) {
		const { status, body, text } = await change(eve, eve.password, password);

		assert.equal(status, field ? 422 : 200, `${name}: ${text}`);
		if (field) {
			assert.deepEqual(Object.keys(body.details), [field], name);
			continue;
		}
		assert.equal((await login(eve.username, password)).status, 200, name);
		eve = { ...eve, password, token: body.access_token };
	}
});

test("without the password now, or with a field too many, nothing happens",
	async () => {
		const eve = await stack.register();

		for (const [body, field] of [[{ new_password: NEW }, "password"],
			[{ password: eve.password }, "new_password"],
			[{ password: eve.password, new_password: NEW, again: NEW },
				"again"]]) {
			const answer = await stack.api("POST", "/auth/password",
				{ token: eve.token, body });

			assert.equal(answer.status, 422);
			assert.deepEqual(Object.keys(answer.body.details), [field]);
		}
		assert.equal(await statusOf(stack, eve.token), 200);
	});

test("S1: many changes at once wait their turn, or are told when to come again",
	async () => {
		const eve = await stack.register();
		const answers = await Promise.all(Array.from({ length: 30 }, () =>
			change(eve, "not the password", NEW)));

		for (const { status, headers, body } of answers) {
			assert.ok([422, 503].includes(status), `${status}`);
			if (status === 503) {
				assert.equal(body.error, "unavailable");
				assert.ok(Number(headers["retry-after"]) > 0);
			}
		}
		assert.ok(answers.some(({ status }) => status === 503), "none was held");
	});

test("S31: who tries too often has to wait, and is forgotten with the account",
	async () => {
		const one = await startStack(
			{ settings: "[limits]\nsign_in_tries = 3\n" });

		try {
			const eve = await one.register();
			const send = (method, path, body) => one.api(method, path,
				{ token: eve.token, body });
			const wrong = { password: "not the password", new_password: NEW };

			for (let i = 0; i < 3; i++)
				assert.equal((await send("POST", "/auth/password", wrong))
					.status, 422);
			const held = await until(async () => {
				const answer = await send("POST", "/auth/password", wrong);

				return answer.status === 429 && answer;
			}, "it is held");

			assertRefused(held, 429, "rate_limited", /\d s|second|minute/);
			assert.ok(Number(held.headers["retry-after"]) > 0);
			assert.equal(await statusOf(one, eve.token), 200);
			await until(async () => (await send("DELETE", "/auth/me",
				{ password: eve.password })).status === 204,
			"the wait is over", 30_000);
			assert.deepEqual(await one.db("SELECT * FROM tries WHERE name ="
				+ ` '${eve.username}'`), []);
		} finally {
			await one.stop();
		}
	});

test("of two changes at once one wins, and its password is the one", async () => {
	const eve = await stack.register();
	const words = ["first horse battery", "second horse battery"];
	const answers = await Promise.all(words.map((word) =>
		change(eve, eve.password, word)));
	const won = answers.flatMap(({ status }, i) => status === 200 ? [i] : []);

	assert.equal(won.length, 1, answers.map((a) => a.text).join(""));
	const lost = answers[1 - won[0]];

	assert.ok([401, 409, 422].includes(lost.status), lost.text);
	assert.equal((await login(eve.username, words[won[0]])).status, 200);
	assert.equal((await login(eve.username, words[1 - won[0]])).status, 401);
	const rows = await stack.db("SELECT COUNT(*) AS n FROM sessions"
		+ ` WHERE user_id = ${sqlId(eve.user.id)}`);

	assert.deepEqual(rows, [{ n: "2" }], "the one that won, and the sign-in");
});

test("S17: no password is in a log", () => {
	stack.assertNowhere(NEW);
	stack.assertNowhere("not the password");
});
