// What administrators may do to users, and that nobody else may.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startStack, until } from "./harness.js";
import { asPage, assertRefused, assertStopped, sqlId, statusOf }
	from "./lib/people.js";
import { NOBODYS_ID, ROUTES, fill } from "./lib/routes.js";
import { oneOfEach, question } from "./lib/turn.js";

let stack, ann;

before(async () => {
	stack = await startStack({ workers: 2 });
	ann = await stack.register("Ann");
});
after(() => stack?.stop());

const asAnn = (method, path, body) => stack.api(method, path,
	{ token: ann.token, body });
const change = ({ user }, body, as = ann) => stack.api("PATCH",
	`/admin/users/${user.id}`, { token: as.token, body });
const remove = ({ user }, as = ann) => stack.api("DELETE",
	`/admin/users/${user.id}`, { token: as.token });
const LAST = /^This is the only administrator\. Make another user one first\.$/;

const forAdmins = ROUTES.filter((route) => route.isAdmin);

assert.ok(forAdmins.length >= 6);
for (const route of forAdmins)
	test(`403: ${route.name} is for administrators`, async () => {
		const bob = await stack.register();
		const path = fill(route.path, ann.user.id);
		const body = route.hasBody ? {} : undefined;

		assertRefused(await stack.api(route.method, path,
			{ token: bob.token, body }), 403, "forbidden",
		/^Only an administrator may do that\.$/);
		assert.equal(await statusOf(stack, ann.token), 200);
	});

test("users are listed by name, found by a part of it, in pages", async () => {
	for (const name of ["zoe 100%", "Zacharias", "数据库"])
		await stack.register(name);
	const names = async (query) => (await asAnn("GET", `/admin/users?${query}`))
		.body.items.map((u) => u.username);

	assert.deepEqual(await names("search=za"), ["Zacharias"]);
	assert.deepEqual(await names("search=%25"), ["zoe 100%"]);
	assert.deepEqual(await names(`search=${encodeURIComponent("据")}`),
		["数据库"]);
	assert.deepEqual(await names("search=nobody"), []);
	const { body } = await asAnn("GET", "/admin/users?search=z&limit=1&page=2");

	assert.deepEqual([body.total, body.page, body.limit], [2, 2, 1]);
	assert.deepEqual(body.items.map((u) => u.username), ["zoe 100%"]);
	const [me] = (await asAnn("GET", "/admin/users?search=Ann")).body.items;

	assert.deepEqual({ ...me, last_seen_at: "" }, { ...ann.user,
		disabled: false, last_seen_at: "" });
	assert.ok(Date.now() - Date.parse(me.last_seen_at) < 600_000);
	assert.equal((await asAnn("GET", "/admin/users?page=0")).status, 422);
});

test("S7: disabling a user ends all sessions and streams, on every worker",
	async () => {
		const bob = await stack.register();
		const streams = (await oneOfEach(stack, bob.token, () =>
			question("seq:pace-20:tokens-3000:tag-disabled",
				{ on_disconnect: "continue" }))).map(([stream]) => stream);
		const { status, body, text } = await change(bob, { disabled: true });

		assert.equal(status, 200, text);
		assert.equal(body.disabled, true);
		assert.equal(body.last_seen_at, null, "no session is left");
		for (const stream of streams)
			await assertStopped(stream);
		await until(async () => (await stack.stats("disabled")).open === 0,
			"the provider's connections are closed");
		assert.equal(await statusOf(stack, bob.token), 401);
		const login = () => stack.api("POST", "/auth/login", { body: {
			username: bob.username, password: bob.password } });

		assertRefused(await login(), 403, "forbidden", /disabled/);
		assert.equal((await change(bob, { disabled: false })).body.disabled,
			false);
		assert.equal(await statusOf(stack, bob.token), 401,
			"what was ended does not come back");
		assert.equal((await login()).status, 200);
	});

test("an administrator can be made, and be one no more", async () => {
	const bob = await stack.register();
	const list = () => stack.api("GET", "/admin/users", { token: bob.token });

	assert.equal((await list()).status, 403);
	assert.equal((await change(bob, { is_admin: true })).body.is_admin, true);
	assert.equal((await list()).status, 200, "at once");
	const made = await stack.api("POST", "/admin/invites",
		{ token: bob.token, body: {} });

	assert.equal(made.status, 201);
	assert.equal((await change(bob, { is_admin: false })).body.is_admin, false);
	assert.equal((await list()).status, 403);
	assert.deepEqual(await stack.db("SELECT * FROM invites WHERE user_id ="
		+ ` ${sqlId(bob.user.id)}`), [], "the invitations go too");
});

test("the last administrator cannot be disabled, demoted or deleted",
	async () => {
		const bob = await stack.register();

		for (const body of [{ disabled: true }, { is_admin: false },
			{ disabled: true, is_admin: true }])
			assertRefused(await change(ann, body), 409, "conflict", LAST);
		assertRefused(await remove(ann), 409, "conflict", LAST);
		await change(bob, { is_admin: true });
		await change(bob, { disabled: true });
		assertRefused(await change(ann, { is_admin: false }), 409, "conflict",
			LAST);	// one who is disabled does not count
		assert.equal(await statusOf(stack, ann.token), 200);
		await remove(bob);
	});

test("two administrators who demote each other at once: one stays", async () => {
	for (let i = 0; i < 10; i++) {
		const bob = await stack.register();

		await change(bob, { is_admin: true });
		const answers = await Promise.all([
			change(ann, { is_admin: false }, bob),
			change(bob, { is_admin: false }, ann)]);
		const [{ n }] = await stack.db("SELECT COUNT(*) AS n FROM users"
			+ " WHERE is_admin = 1 AND disabled_at IS NULL");

		assert.equal(n, "1", answers.map((a) => a.text).join(""));
		for (const { status } of answers)
			assert.ok([200, 403, 409].includes(status), `${status}`);
		await stack.db("UPDATE users SET is_admin = 1 WHERE username = 'Ann'");
		await remove(bob);
	}
});

test("S41: a deleted user is gone with all rows, and cannot sign in", async () => {
	const bob = await stack.register();
	const streams = (await oneOfEach(stack, bob.token, () =>
		question("seq:pace-20:tokens-3000:tag-removed",
			{ on_disconnect: "continue" }))).map(([stream]) => stream);

	assert.equal((await asPage(stack, ann, "DELETE",
		`/admin/users/${bob.user.id}`)).status, 204);
	for (const stream of streams)
		await assertStopped(stream);
	assert.equal(await statusOf(stack, bob.token), 401);
	assert.deepEqual(await stack.db("SELECT * FROM messages WHERE user_id ="
		+ ` ${sqlId(bob.user.id)}`), []);
	assertRefused(await remove(bob), 404, "not_found",
		/^There is no such user\.$/);
	assertRefused(await change(bob, { disabled: true }), 404, "not_found",
		/^There is no such user\.$/);
	assert.equal((await stack.api("POST", "/auth/login", { body: {
		username: bob.username, password: bob.password } })).status, 401);
});

test("S10, S38: by cookie it takes the CSRF token; the log says who did what",
	async () => {
		const bob = await stack.register();
		const path = `/admin/users/${bob.user.id}`;

		assert.equal((await asPage(stack, ann, "PATCH", path,
			{ disabled: true, is_admin: true })).status, 200);
		await remove(bob);
		for (const what of [" disabled made administrator", " deleted"]) {
			const line = stack.logLines().find(({ note }) =>
				note === `user ${bob.user.id}${what}`);

			assert.equal(line?.user, ann.user.id, what);
		}
	});

for (const [field, value] of [["disabled", "yes"], ["is_admin", 1],
	["username", "other"], ["password", "new password"]])
	test(`a field that cannot be changed so: ${field}`, async () => {
		const { status, body } = await asAnn("PATCH",
			`/admin/users/${NOBODYS_ID}`, { [field]: value });

		assert.equal(status, 422);
		assert.deepEqual(Object.keys(body.details), [field]);
	});

test("S12: when the first user goes, registration does not open again, and an "
	+ "administrator inherits", async () => {
	const one = await startStack();

	try {
		const first = await one.register();
		const heir = await one.register();

		await one.api("PATCH", `/admin/users/${heir.user.id}`,
			{ token: first.token, body: { is_admin: true } });
		assert.equal((await one.api("DELETE", `/admin/users/${first.user.id}`,
			{ token: heir.token })).status, 204);
		one.setSettings("[server]\nregistration = first\n");
		await one.parts.llmselect.restart();
		await until(async () => (await one.api("GET", "/ready")).status === 200,
			"the workers are back");
		assert.equal((await one.api("GET", "/auth/register")).body.open, false);
		assert.deepEqual(await one.db("SELECT username FROM users"
			+ " WHERE is_first = 1"), [{ username: heir.username }]);
	} finally {
		await one.stop();
	}
});
