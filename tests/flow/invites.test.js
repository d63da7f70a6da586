// Invitations: who may register, where not everybody may.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startStack, until } from "./harness.js";
import { asPage, assertRefused, sqlId } from "./lib/people.js";

const PASSWORD = "correct horse battery";

let stack, ann, made = 0;

before(async () => {
	stack = await startStack(
		{ settings: "[server]\nregistration = first\n" });
	ann = await stack.register();
});
after(() => stack?.stop());

const newName = () => `guest-${++made}`;

// Tries again as it is told to, where too many passwords are hashed at once.
const register = (body, on = stack) => until(async () => {
	const answer = await on.api("POST", "/auth/register",
		{ body: { username: newName(), password: PASSWORD, ...body } });

	return answer.status !== 503 && answer;
}, "there is room for one more", 60_000);

async function invite(body = {}) {
	const answer = await stack.api("POST", "/admin/invites",
		{ token: ann.token, body });

	assert.equal(answer.status, 201, answer.text);
	return answer.body;
}

const list = async (query = "") => (await stack.api("GET",
	`/admin/invites${query}`, { token: ann.token })).body;

const find = async (id) => (await list("?limit=100")).items
	.find((item) => item.id === id);

test("GET /auth/register says that it takes an invitation now", async () =>
	assert.deepEqual((await stack.api("GET", "/auth/register")).body,
		{ policy: "first", open: false, invite: true }));

test("an invitation admits one, who is no administrator", async () => {
	const { id, code, uses_left, note, expires_at, created_by } =
		await invite({ note: "For Bob" });

	assert.match(code, /^[\w-]{32}$/);
	assert.deepEqual([uses_left, note, created_by],
		[1, "For Bob", ann.username]);
	assert.ok(Math.abs(Date.parse(expires_at) - Date.now() - 7 * 864e5) < 6e4);
	const { status, body, text } = await register({ invite: code });

	assert.equal(status, 201, text);
	assert.equal(body.user.is_admin, false);
	assert.equal((await find(id)).uses_left, 0);
	assertRefused(await register({ invite: code }), 403, "forbidden",
		/^This invitation is not valid/);
});

test("S12: of 50 sign-ups at once with one invitation, one gets in", async () => {
	const { code } = await invite();
	const answers = await Promise.all(Array.from({ length: 50 }, () =>
		register({ invite: code })));

	assert.equal(answers.filter((r) => r.status === 201).length, 1);
	for (const { status, body } of answers)
		assert.ok(status === 201
			|| (status === 403 && body.error === "forbidden"), `${status}`);
});

test("as many get in as it has uses", async () => {
	const { id, code } = await invite({ uses: 3, expires_in: 60 });
	const answers = await Promise.all(Array.from({ length: 6 }, () =>
		register({ invite: code })));

	assert.equal(answers.filter((r) => r.status === 201).length, 3);
	assert.equal((await find(id)).uses_left, 0);
});

// What a code can be that does not, or not any more, admit anybody.
const REFUSED = [
	{ name: "wrong", code: () => "A".repeat(32) },
	{ name: "short", code: () => "x" },
	{ name: "not ASCII", code: () => "数".repeat(32) },
	{ name: "SQL", code: () => "' OR '1'='1" },
	{ name: "cut", code: async () => (await invite()).code.slice(0, -1) },
	{ name: "in another case", code: async () => {
		const { code } = await invite();

		return code.toLowerCase() === code ? code.toUpperCase()
			: code.toLowerCase();
	} },
	{ name: "expired", code: async () => {
		const { id, code } = await invite();

		await stack.db(`UPDATE invites SET expires_at = ${Date.now() - 1}`
			+ ` WHERE id = ${sqlId(id)}`);
		return code;
	} },
	{ name: "revoked", code: async () => {
		const { id, code } = await invite();

		assert.equal((await asPage(stack, ann, "DELETE",
			`/admin/invites/${id}`)).status, 204);
		assertRefused(await stack.api("DELETE", `/admin/invites/${id}`,
			{ token: ann.token }), 404, "not_found",
		/^There is no such invitation\.$/);
		return code;
	} },
	{ name: "its hash", code: async () => {
		const { id } = await invite();
		const [{ hash }] = await stack.db("SELECT HEX(code_hash) AS hash"
			+ ` FROM invites WHERE id = ${sqlId(id)}`);

		return hash;
	} },
];

test("whatever is wrong with an invitation is told in the same words, and names "
	+ "are not told at all", async () => {
	const bodies = new Set();

	for (const { name, code } of REFUSED)
		for (const username of [newName(), ann.username]) {
			const answer = await register({ username, invite: await code() });

			assert.equal(answer.status, 403, name);
			bodies.add(JSON.stringify({ ...answer.body, request_id: "" }));
		}
	assert.equal(bodies.size, 1, [...bodies].join("\n"));
	assertRefused(await register(), 403, "forbidden",
		/^An invitation is needed to register\./);
});

test("a sign-up that fails for another reason uses no invitation up",
	async () => {
		const { id, code } = await invite();
		const taken = await register({ username: ann.username, invite: code });

		assertRefused(taken, 409, "conflict", /^That name is taken\.$/);
		for (const fault of [{ password: "short" }, { username: "x" }])
			assert.equal((await register({ invite: code, ...fault })).status,
				422);
		assert.equal((await find(id)).uses_left, 1);
		assert.equal((await register({ invite: code })).status, 201);
	});

test("S5: the database lets nobody in, and no list or log tells a code",
	async () => {
		const { code } = await invite();
		const rows = JSON.stringify(await stack.db("SELECT * FROM invites"));

		assert.ok(!rows.includes(code));
		assert.ok(!JSON.stringify(await list("?limit=100")).includes(code));
		await register({ invite: code });
		stack.assertNowhere(code);
	});

const FAULTS = [
	{ field: "note", value: "x".repeat(201) },
	{ field: "note", value: 7 },
	{ field: "uses", value: 0 },
	{ field: "uses", value: 1001 },
	{ field: "uses", value: "1" },
	{ field: "expires_in", value: 59 },
	{ field: "expires_in", value: 365 * 86400 + 1 },
	{ field: "code", value: "my-own" },
];

for (const { field, value } of FAULTS)
	test(`no invitation with ${field} ${String(value).slice(0, 12)}`, async () => {
		const { status, body } = await stack.api("POST", "/admin/invites",
			{ token: ann.token, body: { [field]: value } });

		assert.equal(status, 422);
		assert.deepEqual(Object.keys(body.details), [field]);
	});

test("S10: making one by cookie takes the CSRF token; the list has pages",
	async () => {
		const { status, body } = await asPage(stack, ann, "POST",
			"/admin/invites", { note: "数".repeat(200) });

		assert.equal(status, 201);
		assert.equal((await find(body.id)).note, "数".repeat(200));
		const { items, total } = await list("?limit=1");

		assert.deepEqual(items.map(({ id }) => id), [body.id], "latest first");
		assert.ok(total > 1);
		assert.deepEqual(Object.keys(items[0]).sort(), ["created_at",
			"created_by", "expires_at", "id", "note", "uses_left"]);
	});

test("S38: who made and revoked an invitation is in the log", async () => {
	const { id } = await invite();

	await stack.api("DELETE", `/admin/invites/${id}`, { token: ann.token });
	for (const what of ["made", "revoked"]) {
		const line = stack.logLines().find(({ note }) =>
			note === `invitation ${id} ${what}`);

		assert.equal(line?.user, ann.user.id);
	}
});

test("S12: invite: nobody gets in without one, not even the first", async () => {
	const one = await startStack(
		{ settings: "[server]\nregistration = invite\n" });

	try {
		assert.deepEqual((await one.api("GET", "/auth/register")).body,
			{ policy: "invite", open: false, invite: true });
		assertRefused(await register({}, one), 403, "forbidden",
			/^An invitation is needed/);
		assert.deepEqual(await one.db("SELECT * FROM users"), []);
	} finally {
		await one.stop();
	}
});

test("open: an invitation is not needed and not looked at", async () => {
	stack.setSettings("[server]\nregistration = open\n");
	await stack.parts.llmselect.restart();
	await until(async () => (await stack.api("GET", "/ready")).status === 200,
		"the workers are back");
	assert.deepEqual((await stack.api("GET", "/auth/register")).body,
		{ policy: "open", open: true, invite: false });
	assert.equal((await register({ invite: "no such" })).status, 201);
});
