// llmselect-admin: users and invitations from a shell on the server.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startStack, until } from "./harness.js";
import { program } from "./lib/paths.js";
import { assertStopped, statusOf } from "./lib/people.js";
import { oneOfEach, question } from "./lib/turn.js";

const DONE = 0, FAILED = 1, MISUSED = 2;

let stack, ann;

before(async () => {
	stack = await startStack({ workers: 2 });
	ann = await stack.register("Ann");
});
after(() => stack?.stop());

// What it said and how it ended: { code, out, err }.
function admin(words, input = "", conf = true) {
	const confs = conf ? ["llmselect.conf", "more.conf"].flatMap((file) =>
		["--conf", join(stack.dir, file)]) : [];
	const child = spawn(program("admin/llmselect-admin"), [...words, ...confs]);
	const said = { out: "", err: "" };

	child.stdout.on("data", (bytes) => said.out += bytes);
	child.stderr.on("data", (bytes) => said.err += bytes);
	child.stdin.on("error", () => {});	// it may not read
	child.stdin.end(input);
	return new Promise((resolve) =>
		child.on("close", (code) => resolve({ code, ...said })));
}

async function adminJson(words, input) {
	const { code, out, err } = await admin([...words, "--json"], input);

	assert.equal(code, DONE, err);
	return JSON.parse(out);
}

const login = ({ username }, password) => stack.api("POST", "/auth/login",
	{ body: { username, password } });

test("users are listed, for people and as JSON", async () => {
	const bob = await stack.register("Bob Šimek");
	const { code, out } = await admin(["users", "list"]);

	assert.equal(code, DONE);
	assert.deepEqual(out.trimEnd().split("\n").map((line) =>
		[line.includes("administrator"), line.split("  ").at(-1)]),
	[[true, "Ann"], [false, "Bob Šimek"]]);
	const list = await adminJson(["users", "list"]);
	const api = await stack.api("GET", "/admin/users", { token: ann.token });

	assert.deepEqual(list, api.body.items);
	assert.equal(list[1].id, bob.user.id);
});

test("S7: disabling from outside ends sessions and streams of all workers",
	async () => {
		const bob = await stack.register();
		const streams = (await oneOfEach(stack, bob.token, () =>
			question("seq:pace-20:tokens-3000:tag-outside",
				{ on_disconnect: "continue" }))).map(([stream]) => stream);
		const user = await adminJson(["users", "disable", bob.username]);

		assert.equal(user.disabled, true);
		for (const stream of streams)
			await assertStopped(stream);
		await until(async () => (await stack.stats("outside")).open === 0,
			"the provider's connections are closed");
		assert.equal(await statusOf(stack, bob.token), 401);
		assert.equal((await login(bob, bob.password)).status, 403);
		const enabled = await admin(["users", "enable", bob.username]);

		assert.deepEqual([enabled.code, enabled.out],
			[DONE, `${bob.username} may sign in.\n`]);
		assert.equal((await login(bob, bob.password)).status, 200);
	});

test("an administrator can be made, and be one no more, but for the last",
	async () => {
		const bob = await stack.register();

		assert.equal((await adminJson(["users", "promote", bob.username]))
			.is_admin, true);
		assert.equal((await stack.api("GET", "/admin/users",
			{ token: bob.token })).status, 200);
		assert.equal((await adminJson(["users", "demote", bob.username]))
			.is_admin, false);
		for (const verb of ["demote", "disable"]) {
			const { code, err } = await admin(["users", verb, "ann"]);

			assert.equal(code, FAILED);
			assert.match(err, /^llmselect-admin: Ann is the only administrator/);
		}
		assert.equal(await statusOf(stack, ann.token), 200);
	});

test("S7: a password is set from standard input and ends all sessions",
	async () => {
		const bob = await stack.register();
		const word = "set by the administrator";
		const { code, out } = await admin(["users", "password", bob.username],
			`${word}\n`);

		assert.equal(code, DONE);
		assert.match(out, /has the new password/);
		assert.ok(!out.includes(word));
		assert.equal(await statusOf(stack, bob.token), 401);
		assert.equal((await login(bob, bob.password)).status, 401);
		assert.equal((await login(bob, word)).status, 200);
	});

// S3: what is no password anywhere is none here.
for (const [name, input, why] of [["nothing", "", /at least 8 bytes/],
	["7 bytes", "abc9efg\n", /at least 8 bytes/],
	["129 bytes", `${"z9".repeat(64)}z\n`, /at most 128 bytes/],
	["10,000 bytes", "z9".repeat(5000), /at most 128 bytes/],
	["a common one", "password123\n", /most used/]])
	test(`S3: no password: ${name}`, async () => {
		const { code, err } = await admin(["users", "password", "Ann"], input);

		assert.equal(code, FAILED);
		assert.match(err, why);
		assert.equal((await login(ann, ann.password)).status, 200);
	});

test("the longest password is taken", async () => {
	const bob = await stack.register();
	const word = "z9".repeat(64);

	assert.equal((await admin(["users", "password", bob.username], `${word}\n`))
		.code, DONE);
	assert.equal((await login(bob, word)).status, 200);
});

test("S12: an invitation made here admits the first user of a server that takes "
	+ "nobody without", async () => {
	const made = await adminJson(["invites", "create", "--note",
		"For Carl \u001b[31m", "--uses", "2", "--expires-in", "3600"]);

	assert.match(made.code, /^[\w-]{32}$/);
	assert.deepEqual([made.uses_left, made.created_by], [2, null]);
	assert.ok(Math.abs(Date.parse(made.expires_at) - Date.now() - 36e5) < 6e4);
	stack.setSettings("[server]\nregistration = invite\n");
	await stack.parts.llmselect.restart();
	await until(async () => (await stack.api("GET", "/ready")).status === 200,
		"the workers are back");
	await stack.db("DELETE FROM users");
	const register = (username, invite) => stack.api("POST", "/auth/register",
		{ body: { username, password: "correct horse battery", invite } });

	assert.equal((await register("Carl")).status, 403);
	assert.equal((await register("Carl", made.code)).body.user.is_admin, true);
	assert.equal((await register("Dora", made.code)).body.user.is_admin, false);
	const { code, _, id, ...rest } = made;
	const [listed] = await adminJson(["invites", "list"]);

	assert.deepEqual(listed, { ...rest, id, uses_left: 0 });
	const { out } = await admin(["invites", "list"]);

	assert.match(out, /^[0-9a-f-]{36} {5}0 left {2}until .* {2}by llmselect-admin/);
	assert.ok(out.endsWith("For Carl ?[31m\n"), "nothing steers the terminal");
	assert.ok(!out.includes(code));
	assert.deepEqual(await adminJson(["invites", "revoke", id]), { revoked: id });
	const again = await admin(["invites", "revoke", id]);

	assert.equal(again.code, FAILED);
	assert.match(again.err, /There is no invitation/);
	assert.deepEqual(await adminJson(["invites", "list"]), []);
});

test("an invitation for people is its code, then what it is", async () => {
	const { code, out } = await admin(["invites", "create"]);

	assert.equal(code, DONE);
	assert.match(out, /^[\w-]{32}\nThis admits 1, until \d{4}-.*Z\. It is not /);
});

const MISUSES = [
	{ words: ["users"], says: /no subcommand users/ },
	{ words: ["users", "frobnicate"], says: /no subcommand users/ },
	{ words: ["users", "disable"], says: /users disable needs NAME/ },
	{ words: ["users", "list", "--note", "x"], says: /what is --note/ },
	{ words: ["users", "disable", "Ann", "Bob"], says: /what is Bob/ },
	{ words: ["invites", "create", "--uses", "0"], says: /--uses takes/ },
	{ words: ["invites", "create", "--uses", "3x"], says: /--uses takes/ },
	{ words: ["invites", "create", "--expires-in", "1"],
		says: /--expires-in takes seconds/ },
	{ words: ["invites", "create", "--note", "x".repeat(201)],
		says: /--note takes/ },
	{ words: ["invites", "revoke", "1"], says: /not the id of an invitation/ },
];

for (const { words, says } of MISUSES)
	test(`misused: ${words.join(" ").slice(0, 50)}`, async () => {
		const { code, err } = await admin(words);

		assert.match(err, says);
		assert.equal(code, MISUSED);
	});

test("a user who is not there, and a database that is not, are failures",
	async () => {
		const { code, err } = await admin(["users", "disable", "nobody"]);

		assert.equal(code, FAILED);
		assert.match(err, /^llmselect-admin: There is no user nobody\.\n$/);
		const away = await admin(["users", "list", "--conf",
			join(stack.dir, "llmselect.conf"), "--conf",
			join(stack.dir, "no-such.conf")], "", false);

		assert.equal(away.code, FAILED);
		assert.match(away.err, /no-such\.conf/);
	});
