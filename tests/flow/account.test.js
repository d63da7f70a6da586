// Who is asking: users, sessions, cookies, and the keys that they bring.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { startStack, until } from "./harness.js";
import { PROTECTED, ROUTES, fill } from "./lib/routes.js";
import { ask, asked, countRows, first, question } from "./lib/turn.js";

const COOKIE = "llmselect_session";
const PASSWORD = "correct horse battery";
const newName = () => `user-${randomBytes(6).toString("hex")}`;

let stack, ann, bob, canary;
const bodies = [];	// of everything that was answered

before(async () => {
	stack = await startStack();
	ann = await stack.register();
	bob = await stack.register();
	canary = `sk-canary-${randomBytes(16).toString("hex")}`;
});
after(() => stack?.stop());

async function api(method, path, options) {
	const answer = await stack.api(method, path, options);

	bodies.push(answer.text);
	return answer;
}

// Tries again as it is told to, where too many passwords are hashed at once.
function register(on, username, password = PASSWORD) {
	return until(async () => {
		const answer = await on.api("POST", "/auth/register",
			{ body: { username, password } });

		if (answer.status === 503)
			assert.ok(Number(answer.headers["retry-after"]) > 0);
		return answer.status !== 503 && answer;
	}, "there is room for one more", 60_000);
}

const login = (username, password = PASSWORD, headers = {}) =>
	api("POST", "/auth/login", { body: { username, password }, headers });

const me = (options) => api("GET", "/auth/me", options);

// { name, value, attributes: Set } of the one cookie that an answer sets.
function cookieOf({ headers }) {
	const cookies = headers["set-cookie"] ?? [];

	assert.equal(cookies.length, 1, `${cookies.length} cookies`);
	const [pair, ...attributes] = cookies[0].split("; ");
	const [name, value] = pair.split("=");

	return { name, value, attributes: new Set(attributes) };
}

const withCookie = ({ name, value }) => ({ cookie: `${name}=${value}` });

// ---- register, login, me, logout ----

test("who registers is signed in, once", async () => {
	const username = newName();
	const { status, body, headers } = await register(stack, username);

	assert.equal(status, 201);
	assert.deepEqual(Object.keys(body).sort(),
		["access_token", "csrf_token", "expires_at", "user"]);
	assert.equal(body.user.username, username);
	assert.match(body.access_token, /^[\w-]{43}$/);
	assert.equal(cookieOf({ headers }).value, body.access_token);
	const week = Date.parse(body.expires_at) - Date.now();

	assert.ok(Math.abs(week - 7 * 864e5) < 60_000, body.expires_at);
	const again = await register(stack, username.toUpperCase());

	assert.equal(again.status, 409, "a name is one, however it is written");
	assert.equal(again.body.error, "conflict");
});

test("GET /auth/me says who it is, never with the token", async () => {
	const { status, body, text } = await me({ token: ann.token });

	assert.equal(status, 200);
	assert.deepEqual(body.user, ann.user);
	assert.equal(body.csrf_token, ann.csrf);
	assert.ok(!text.includes(ann.token));
	assert.doesNotMatch(text, /password|\$y\$/);
});

test("the first who registered is the administrator, no other", () => {
	assert.equal(ann.user.is_admin, true);
	assert.equal(bob.user.is_admin, false);
});

const NAMES = [
	{ name: "ab", why: "too short" },
	{ name: "x".repeat(51), why: "too long" },
	{ name: " ann", why: "a space in front" },
	{ name: "ann ", why: "a space behind" },
	{ name: "a\u0000nn", why: "NUL" },
	{ name: "a\r\nnn", why: "a line end" },
	{ name: "a\u001b[31mnn", why: "an escape" },
	{ name: "an\u200bn", why: "a space without width" },
	{ name: "\u202enna", why: "the other direction" },
	{ name: "", why: "nothing" },
	{ name: 7, why: "a number" },
	{ name: null, why: "null" },
];

for (const { name, why } of NAMES)
	test(`no name: ${why}`, async () => {
		const { status, body } = await api("POST", "/auth/register",
			{ body: { username: name, password: PASSWORD } });

		assert.equal(status, 422);
		assert.deepEqual(Object.keys(body.details), ["username"]);
	});

for (const name of ["数据库のアン", "x".repeat(50), "Ann O'Neil", "💙💙💙"])
	test(`a name: ${name}`, async () => {
		const { status, body } = await register(stack, name);

		assert.equal(status, 201);
		assert.equal(body.user.username, name);
		assert.equal((await login(name)).status, 200);
	});

test("a wrong password and an unknown name are told in the same words (S2)",
	async () => {
		const wrong = await login(ann.username, "not the password");
		const unknown = await login("nobody-at-all", "not the password");

		assert.equal(wrong.status, 401);
		assert.deepEqual({ ...wrong.body, request_id: "" },
			{ ...unknown.body, request_id: "" });
	});

// S3: 8 to 128 bytes, every one of which counts.
const LONG = randomBytes(36).toString("hex");	// 72, where bcrypt ends
const FOUR = "𝔘";
const PASSWORDS = [
	{ name: "7 bytes", password: "abc9efg", taken: false },
	{ name: "8 bytes", password: "kv9-efgh", taken: true,
		not: ["kv9-efg", "kv9-efghi", "Kv9-efgh"] },
	{ name: "72 bytes", password: LONG, taken: true,
		not: [LONG.slice(0, 71), `${LONG}x`] },
	{ name: "73 bytes", password: `${LONG}x`, taken: true,
		not: [LONG, `${LONG}y`] },
	{ name: "128 bytes", password: "z9".repeat(64), taken: true,
		not: ["z9".repeat(63), "z9".repeat(64).slice(1)] },
	{ name: "129 bytes", password: `${"z9".repeat(64)}z`, taken: false },
	{ name: "32 characters of four bytes", password: FOUR.repeat(32),
		taken: true, not: [FOUR.repeat(31)] },
	{ name: "128 characters of four bytes", password: FOUR.repeat(128),
		taken: false },
	{ name: "NUL in the middle", password: "before\0behind", taken: true,
		not: ["before", "before\0", "before\0BEHIND"] },
	{ name: "only NUL", password: "\0".repeat(9), taken: true,
		not: ["\0".repeat(8), "\0".repeat(10)] },
	{ name: "spaces around it", password: "  kept as it is  ", taken: true,
		not: ["kept as it is", "  kept as it is", "kept as it is  "] },
	{ name: "accents as they were typed", password: "caf\u00e9 caf\u00e9",
		taken: true, not: ["cafe\u0301 cafe\u0301"] },
	{ name: "a line end", password: "two\nlines\r\n", taken: true,
		not: ["two\nlines"] },
	{ name: "only letters", password: "qzjxkvbpwm", taken: true, not: [] },
	{ name: "a common one", password: "password", taken: false },
	{ name: "a common one of digits", password: "12345678", taken: false },
	{ name: "nothing", password: "", taken: false },
	{ name: "a number", password: 12345678, taken: false },
];

for (const { name, password, taken, not } of PASSWORDS)
	test(`S3: a password of ${name}: ${taken ? "" : "not "}taken`, async () => {
		const username = newName();
		const { status, body } = await register(stack, username, password);

		assert.equal(status, taken ? 201 : 422);
		if (!taken) {
			assert.deepEqual(Object.keys(body.details), ["password"]);
			return;
		}
		assert.equal((await login(username, password)).status, 200);
		for (const other of not)
			assert.equal((await login(username, other)).status, 401,
				JSON.stringify(other));
	});

test("S1: a password is kept as yescrypt, with a salt of its own", async () => {
	const rows = await stack.db("SELECT password FROM users");

	for (const { password } of rows)
		assert.match(password, /^\$y\$[./\w]+\$[./\w]{16,}\$[./\w]{43}$/);
	assert.equal(new Set(rows.map((row) => row.password)).size, rows.length);
});

// ---- sessions ----

test("S6: the cookie is HttpOnly and SameSite=Lax, for all paths", async () => {
	const { name, value, attributes } = cookieOf(await login(ann.username));

	assert.match(value, /^[\w-]{43}$/);
	assert.ok(!name.startsWith("__Host-"), name);
	assert.deepEqual(new Set([...attributes].filter((a) =>
		!a.startsWith("Max-Age="))), new Set(["Path=/", "HttpOnly",
		"SameSite=Lax"]));
	assert.ok(attributes.has("Max-Age=604800"));
});

test("S6: each sign-in has a token of its own, and logout ends it alone",
	async () => {
		const one = await login(ann.username), two = await login(ann.username);
		const [a, b] = [one, two].map((r) => r.body.access_token);

		assert.notEqual(a, b);
		const out = await api("POST", "/auth/logout", { token: a });

		assert.equal(out.status, 204);
		assert.ok(cookieOf(out).attributes.has("Max-Age=0"));
		assert.equal(cookieOf(out).value, "");
		assert.equal((await me({ token: a })).status, 401);
		assert.equal((await me({ headers: withCookie(cookieOf(one)) })).status,
			401);
		assert.equal((await me({ token: b })).status, 200);
	});

test("the cookie counts as well as the header", async () => {
	const cookie = cookieOf(await login(ann.username));
	const { status, body } = await me({ headers: withCookie(cookie) });

	assert.equal(status, 200);
	assert.deepEqual(body.user, ann.user);
});

test("where there is a header, only it counts", async () => {
	const cookie = cookieOf(await login(ann.username));

	for (const authorization of ["Bearer x", `Bearer ${"x".repeat(43)}`,
		"Bearer", "Bearer  "])
		assert.equal((await me({ headers: { ...withCookie(cookie),
			authorization } })).status, 401, authorization);
	const { body } = await me({ token: bob.token,
		headers: withCookie(cookie) });

	assert.equal(body.user.username, bob.username);
});

const other = (letter) => letter === "A" ? "B" : "A";
const TOKENS = [
	{ name: "nothing", forge: () => "" },
	{ name: "random", forge: () => randomBytes(32).toString("base64url") },
	{ name: "of zeros", forge: () => "A".repeat(43) },
	{ name: "cut", forge: (t) => t.slice(0, -1) },
	{ name: "longer", forge: (t) => `${t}A` },
	{ name: "with another first letter",
		forge: (t) => other(t[0]) + t.slice(1) },
	{ name: "with another last letter but one",
		forge: (t) => t.slice(0, 41) + other(t[41]) + t.slice(42) },
	{ name: "in upper case", forge: (t) => t.toUpperCase() },
	{ name: "with a quote", forge: (t) => `${t}'` },
	{ name: "a SQL pattern", forge: () => "%".repeat(43) },
];

for (const { name, forge } of TOKENS)
	test(`S5: a token ${name} opens nothing`, async () => {
		const token = forge(ann.token);

		assert.equal((await me({ headers: {
			authorization: `Bearer ${token}` } })).status, 401);
		assert.equal((await me({ headers: {
			cookie: `${COOKIE}=${token}` } })).status, 401);
	});

test("S5: the database opens no session", async () => {
	const rows = await stack.db("SELECT HEX(token_hash) AS hash, HEX(id) AS id"
		+ " FROM sessions");

	assert.ok(rows.length > 2);
	for (const { hash, id } of rows.slice(0, 5))
		for (const token of [hash, hash.toLowerCase(), id,
			Buffer.from(hash, "hex").toString("base64url")])
			assert.equal((await me({ token })).status, 401);
	const text = JSON.stringify(await stack.db("SELECT * FROM sessions"));

	assert.ok(!text.includes(ann.token));
});

// What ends a session in the database, without the program.
const ENDS = [
	{ name: "expired", sql: (user) => "UPDATE sessions SET expires_at = "
		+ `${Date.now() - 1000} WHERE user_id = ${user}` },
	{ name: "of a disabled user", sql: (user) => "UPDATE users SET disabled_at"
		+ ` = ${Date.now() - 1000} WHERE id = ${user}`, login: 403 },
	{ name: "whose row is gone", sql: (user) =>
		`DELETE FROM sessions WHERE user_id = ${user}` },
];

for (const row of ENDS)
	test(`S5: a token ${row.name} opens nothing`, async () => {
		const eve = await stack.register();
		const cookie = cookieOf(await login(eve.username));

		assert.equal((await me({ token: eve.token })).status, 200);
		await stack.db(row.sql(`UNHEX('${eve.user.id.replaceAll("-", "")}')`));
		for (const options of [{ token: eve.token },
			{ headers: withCookie(cookie) }]) {
			const answer = await me(options);

			assert.equal(answer.status, 401, answer.text);
			assert.equal(answer.body.error, "unauthenticated");
		}
		assert.equal((await login(eve.username)).status, row.login ?? 200);
	});

test("a session slides: its end moves on with its use", async () => {
	const eve = await stack.register();
	const end = async () => (await stack.db("SELECT expires_at AS at FROM"
		+ " sessions JOIN users ON users.id = user_id WHERE username ="
		+ ` '${eve.username}' ORDER BY expires_at LIMIT 1`))[0].at;

	await stack.db("UPDATE sessions SET seen_at = seen_at - 86400000,"
		+ " expires_at = expires_at - 86400000 WHERE user_id ="
		+ ` UNHEX('${eve.user.id.replaceAll("-", "")}')`);
	const was = Number(await end());
	const cookie = { headers: { cookie: `${COOKIE}=${eve.token}` } };
	const { headers } = await me(cookie);

	assert.match(headers["set-cookie"]?.[0] ?? "", /Max-Age=604800/);
	const [{ at }] = await stack.db("SELECT MAX(expires_at) AS at FROM sessions"
		+ ` WHERE user_id = UNHEX('${eve.user.id.replaceAll("-", "")}')`);

	assert.ok(Number(at) - was > 80_000_000);
});

const AGENTS = [
	{ name: "none", agent: undefined },
	{ name: "5000 letters", agent: "x".repeat(5000) },
	{ name: "bytes that are no UTF-8", agent: "a\xff\xc0\xafb" },
	{ name: "4000 bytes of UTF-8",
		agent: Buffer.from("数".repeat(1333)).toString("latin1") },
];

for (const { name, agent } of AGENTS)
	test(`who signs in may be called anything: ${name}`, async () => {
		const { status, text } = await login(ann.username, PASSWORD,
			agent === undefined ? {} : { "user-agent": agent });

		assert.equal(status, 200, text);
	});

// ---- requests from other pages (S10) ----

const origin = () => new URL(stack.url).origin;

const FORGERIES = [
	{ name: "our origin and the token", ok: true,
		headers: (csrf) => ({ origin: origin(), "x-csrf-token": csrf }) },
	{ name: "Sec-Fetch-Site: same-origin and the token", ok: true,
		headers: (csrf) => ({ "sec-fetch-site": "same-origin",
			"x-csrf-token": csrf }) },
	{ name: "Sec-Fetch-Site: none and the token", ok: true,
		headers: (csrf) => ({ "sec-fetch-site": "none",
			"x-csrf-token": csrf }) },
	{ name: "no origin", headers: (csrf) => ({ "x-csrf-token": csrf }) },
	{ name: "only a Referer", headers: (csrf) => ({
		referer: `${origin()}/`, "x-csrf-token": csrf }) },
	{ name: "origin null",
		headers: (csrf) => ({ origin: "null", "x-csrf-token": csrf }) },
	{ name: "another host", headers: (csrf) => ({
		origin: "https://evil.example", "x-csrf-token": csrf }) },
	{ name: "another port", headers: (csrf) => ({
		origin: "http://127.0.0.1:1", "x-csrf-token": csrf }) },
	{ name: "our address as a prefix", headers: (csrf) => ({
		origin: `${origin()}.evil.example`, "x-csrf-token": csrf }) },
	{ name: "our address as a user name", headers: (csrf) => ({
		origin: `${origin()}@evil.example`, "x-csrf-token": csrf }) },
	{ name: "our address as a path", headers: (csrf) => ({
		origin: `http://evil.example/${new URL(stack.url).host}`,
		"x-csrf-token": csrf }) },
	{ name: "Sec-Fetch-Site: cross-site, whatever the origin",
		headers: (csrf) => ({ "sec-fetch-site": "cross-site",
			origin: origin(), "x-csrf-token": csrf }) },
	{ name: "Sec-Fetch-Site: same-site", headers: (csrf) => ({
		"sec-fetch-site": "same-site", origin: origin(),
		"x-csrf-token": csrf }) },
	{ name: "no token", headers: () => ({ origin: origin() }) },
	{ name: "an empty token",
		headers: () => ({ origin: origin(), "x-csrf-token": "" }) },
	{ name: "a token cut", headers: (csrf) => ({ origin: origin(),
		"x-csrf-token": csrf.slice(0, -1) }) },
	{ name: "a token that is longer", headers: (csrf) => ({ origin: origin(),
		"x-csrf-token": `${csrf}x` }) },
	{ name: "another session's token",
		headers: () => ({ origin: origin(), "x-csrf-token": ann.csrf }) },
	{ name: "another user's token",
		headers: () => ({ origin: origin(), "x-csrf-token": bob.csrf }) },
];

for (const { name, ok = false, headers } of FORGERIES)
	test(`S10: with the cookie, ${name}: ${ok ? "taken" : "refused"}`,
		async () => {
			const eve = await stack.register();
			const answer = await login(eve.username);
			const cookie = withCookie(cookieOf(answer));
			const { status, body } = await api("PUT", "/keys/demo", {
				body: { key: "sk-of-a-page" },
				headers: { ...cookie, ...headers(answer.body.csrf_token) } });

			assert.equal(status, ok ? 200 : 403);
			if (!ok)
				assert.equal(body.error, "csrf_failed");
			const { items } = (await api("GET", "/keys",
				{ token: eve.token })).body;

			assert.equal(items.some((key) => key.source === "user"), ok);
			assert.equal((await me({ headers: cookie })).status, 200,
				"reading takes no more than the cookie");
		});

test("S10: text/plain, as a form of another page sends it, is refused",
	async () => {
		const answer = await login(ann.username);
		const headers = { ...withCookie(cookieOf(answer)),
			"content-type": "text/plain" };
		const body = '{"key": "sk-of-a-form"}';

		assert.equal((await api("PUT", "/keys/demo", { body, headers })).status,
			403);
		assert.equal((await api("PUT", "/keys/demo", { body, headers: {
			...headers, origin: origin(),
			"x-csrf-token": answer.body.csrf_token } })).status, 415);
		for (const path of ["/auth/login", "/auth/register"])
			assert.equal((await api("POST", path, { body: JSON.stringify({
				username: ann.username, password: PASSWORD }),
			headers: { "content-type": "text/plain" } })).status, 415);
	});

test("S10: a request with the header needs no origin", async () => {
	const { status } = await api("DELETE", "/keys/demo", { token: bob.token,
		headers: { origin: "https://evil.example" } });

	assert.equal(status, 404);	// it was let in; there is no such key
});

for (const route of PROTECTED.filter(({ method }) => method !== "GET"))
	test(`S10: ${route.name} takes no cookie alone`, async () => {
		const cookie = withCookie(cookieOf(await login(ann.username)));
		const before = await countRows(stack);
		const { status, body } = await api(route.method, fill(route.path),
			{ headers: cookie, body: route.hasBody ? {} : undefined });

		assert.equal(status, 403);
		assert.equal(body.error, "csrf_failed");
		assert.deepEqual(await countRows(stack), before);
	});

test("S11: no other page may read our answers", async () => {
	for (const method of ["OPTIONS", "GET"]) {
		const { headers } = await api(method, "/auth/me", { token: ann.token,
			headers: { origin: "https://evil.example",
				"access-control-request-method": "PUT" } });

		for (const name of Object.keys(headers))
			assert.ok(!name.startsWith("access-control-"), name);
	}
});

// ---- keys ----

const putKey = (key, { token } = ann, provider = "demo") =>
	api("PUT", `/keys/${provider}`, { token, body: { key } });
const listKeys = async ({ token } = ann) =>
	(await api("GET", "/keys", { token })).body.items;

test("a key is put, listed by its last four, used, and deleted", async () => {
	const [system] = await listKeys();

	assert.deepEqual([system.provider, system.source], ["demo", "system"]);
	const put = await putKey(canary);

	assert.equal(put.status, 200, put.text);
	assert.deepEqual(put.body, { provider: "demo", source: "user",
		last4: canary.slice(-4) });
	assert.deepEqual(await listKeys(), [put.body]);
	await ask(stack, ann.token, question("tokens-1:tag-own-key"));
	assert.equal((await asked(stack, "own-key"))[0].authorization,
		`Bearer ${canary}`, "S21: one's own key wins");

	const removed = await api("DELETE", "/keys/demo", { token: ann.token });

	assert.equal(removed.status, 204);
	assert.deepEqual(await listKeys(), [system]);
	assert.equal((await countRows(stack)).api_keys === "0"
		|| (await stack.db("SELECT HEX(user_id) AS id FROM api_keys"))
			.every(({ id }) => id.toLowerCase()
				!== ann.user.id.replaceAll("-", "")), true, "S18: it is gone");
	await ask(stack, ann.token, question("tokens-1:tag-system-key"));
	assert.equal((await asked(stack, "system-key"))[0].authorization,
		`Bearer ${stack.providerKey}`);
	const again = await api("DELETE", "/keys/demo", { token: ann.token });

	assert.equal(again.status, 404);
});

test("S18: a new key takes the old one's place", async () => {
	await putKey(canary);
	await putKey(`${canary}-new1`);
	assert.equal((await listKeys())[0].last4, "new1");
	await ask(stack, ann.token, question("tokens-1:tag-new-key"));
	assert.equal((await asked(stack, "new-key"))[0].authorization,
		`Bearer ${canary}-new1`);
});

const KEYS = [
	{ name: "nothing", key: "" },
	{ name: "only spaces", key: "   " },
	{ name: "a space inside", key: "sk-one two" },
	{ name: "a line end inside", key: "sk-one\ntwo" },
	{ name: "a header behind it", key: "sk-one\r\nX-Evil: 1" },
	{ name: "NUL inside", key: "sk-one\0two" },
	{ name: "a tab inside", key: "sk-one\ttwo" },
	{ name: "letters beyond ASCII", key: "sk-ключ" },
	{ name: "DEL inside", key: "sk-one\x7ftwo" },
	{ name: "10,000 letters", key: "k".repeat(10_000) },
	{ name: "a number", key: 12345678 },
	{ name: "null", key: null },
];

for (const { name, key } of KEYS)
	test(`no key: ${name}; the one before stays (S18)`, async () => {
		await putKey(canary);
		const { status, body } = await putKey(key);

		assert.equal(status, 422);
		assert.deepEqual(Object.keys(body.details), ["key"]);
		assert.equal((await listKeys())[0].last4, canary.slice(-4));
	});

test("what was pasted with spaces around it is kept without them", async () => {
	const { body } = await putKey(`  ${canary}\r\n`);

	assert.equal(body.last4, canary.slice(-4));
	await ask(stack, ann.token, question("tokens-1:tag-pasted"));
	assert.equal((await asked(stack, "pasted"))[0].authorization,
		`Bearer ${canary}`);
});

for (const provider of ["nobody", "Demo", "demo%00", "..", "demo%2f"])
	test(`there is no key of a provider that is not there: ${provider}`,
		async () => {
			const { status } = await putKey(canary, ann, provider);

			assert.ok(status === 404 || status === 400, `${status}`);
		});

test("S15: a key is sealed for its user; in another's row it opens nothing",
	async () => {
		await putKey(canary);
		await putKey("sk-of-bob-0123456789", bob);
		const rows = await stack.db(
			"SELECT HEX(sealed) AS sealed FROM api_keys");

		for (const { sealed } of rows)
			assert.ok(!Buffer.from(sealed, "hex").includes(canary.slice(3, 20)));
		const id = (user) => `UNHEX('${user.user.id.replaceAll("-", "")}')`;

		await stack.db("UPDATE api_keys AS b JOIN api_keys AS a"
			+ ` ON a.user_id = ${id(ann)} SET b.sealed = a.sealed`
			+ ` WHERE b.user_id = ${id(bob)}`);
		const answer = await api("POST", "/chat", { token: bob.token,
			body: question("tokens-1:tag-stolen") });

		assert.ok(answer.status >= 400, answer.text);
		assert.equal((await stack.stats("stolen")).requests, 0,
			"S21: no other key takes its place");
		assert.equal((await putKey("sk-of-bob-again", bob)).status, 200);
	});

// ---- what is kept by nobody else (S29) ----

const withBody = (route) => route.hasBody ? {} : undefined;

test("S29: no answer to a user may be kept", async () => {
	const { conversation_id } = first(await ask(stack, ann.token,
		question("tokens-1")));
	const eve = await stack.register();

	// logout comes last, for it ends the session
	for (const route of [...ROUTES].sort((a, b) =>
		a.path.includes("logout") - b.path.includes("logout")))
		for (const token of [ann.token, eve.token]) {
			const { headers } = await api(route.method,
				fill(route.path, conversation_id),
				{ token: route.path.includes("logout") ? eve.token : token,
					body: withBody(route) });

			assert.equal(headers["cache-control"], "no-store", route.name);
			assert.equal(headers.etag, undefined);
			assert.equal(headers.expires, undefined);
		}
});

test("S29: two users who take turns each see their own", async () => {
	const users = [await stack.register(), await stack.register()];

	for (const user of users)
		user.first = first(await ask(stack, user.token,
			question("tokens-1", { message: `I am ${user.username}` })));
	for (let i = 0; i < 10; i++) {
		const user = users[i % 2];
		const { token, username } = user;

		assert.equal((await me({ token })).body.user.username, username);
		const { items } = (await api("GET", "/conversations", { token })).body;

		assert.deepEqual(items.map((c) => c.title), [`I am ${username}`]);
		const shown = await api("GET",
			`/conversations/${user.first.conversation_id}`, { token });

		assert.equal(shown.body.messages[0].content, `I am ${username}`);
		const foreign = await api("GET", "/conversations/"
			+ users[(i + 1) % 2].first.conversation_id, { token });

		assert.equal(foreign.status, 404);
	}
});

// ---- logs ----

function sayRaw(text) {
	const { hostname, port } = new URL(stack.url);

	return new Promise((resolve) => {
		const socket = connect(port, hostname, () => socket.write(text, "latin1"));
		const end = () => socket.destroy();

		socket.setTimeout(10_000, end);
		socket.on("data", () => {});
		socket.on("error", end);
		socket.on("close", resolve);
	});
}

const EVIL = '\x1b[31m\x07"}\\n{"level": "forged"}\x7f\x9b';

test("S38: whatever is sent, a log entry is one line of JSON", async () => {
	const host = `Host: ${new URL(stack.url).host}\r\nConnection: close\r\n`;

	await login(`x\r\n{"forged": 1}\x1b[31m`);
	await login(ann.username, "wrong\r\n{\"forged\": 2}",
		{ "x-forwarded-for": '1.2.3.4", "forged": "3' });
	await api("GET", '/%0d%0a%7b%22forged%22:4%7d%1b[31m');
	await api("GET", '/conversations?search=%0d%0a{"forged":5}%1b',
		{ token: ann.token });
	await api("POST", "/chat", { token: ann.token, body: {
		...question("tokens-1"), model: 'demo\r\n{"forged": 6}' } });
	for (const line of [`GET /api/v1/health HTTP/1.1\r\nUser-Agent: ${EVIL}`,
		`GET /api/v1/${EVIL.replaceAll(" ", "")} HTTP/1.1`,
		`GET /api/v1/auth/me HTTP/1.1\r\nAuthorization: Bearer ${EVIL}`,
		`GET /api/v1/auth/me HTTP/1.1\r\nCookie: ${COOKIE}=${EVIL}`,
		`${EVIL.replaceAll(" ", "")} / HTTP/1.1`])
		await sayRaw(`${line}\r\n${host}\r\n`);
	for (const part of ["llmselect", "access"]) {
		const lines = stack.log(part).split("\n");

		assert.equal(lines.pop(), "");
		assert.ok(lines.length > 10, part);
		for (const line of lines) {
			// eslint-disable-next-line no-control-regex
			assert.doesNotMatch(line, /[\x00-\x1f\x7f]/, line);
			const entry = JSON.parse(line);

			assert.equal(entry.forged, undefined, line);
			assert.notEqual(entry.level, "forged", line);
			assert.match(entry.time, /^\d{4}-\d\d-\d\dT/);
		}
	}
});

test("S38: who signed in, or could not, is in the log", async () => {
	const { body } = await login(ann.username);
	const failed = await login(ann.username, "not the password");
	const entry = (id) => stack.logLines().find((e) => e.request_id === id);

	assert.equal(entry(failed.body.request_id).status, 401);
	assert.match(entry(failed.body.request_id).note, /refused/);
	const good = stack.logLines().findLast((e) => e.route === "/auth/login"
		&& e.status === 200);

	assert.equal(good.user, body.user.id);
	assert.match(good.time, /Z$/);
});

test("S17: no key, token or password is in a log or an answer", () => {
	const keys = bodies.filter((text) => !text.includes("access_token"));

	stack.assertNowhere(canary, ...bodies);
	stack.assertNowhere(stack.providerKey, ...bodies);
	stack.assertNowhere(ann.token, ...keys);
	stack.assertNowhere(PASSWORD, ...bodies);
	for (const { csrf } of [ann, bob])
		stack.assertNowhere(csrf);
});

// ---- who is first (S12) ----

describe("other settings", () => {
	const tryAll = (on, n) => Promise.all(Array.from({ length: n },
		(_, i) => register(on, `racer-${i}`)));
	const countAdmins = async (on) => (await on.db("SELECT COUNT(*) AS users,"
		+ " SUM(is_admin) AS admins, SUM(is_first) AS firsts FROM users"))[0];
	const ONE = { admins: "1", firsts: "1" };

	test("S12: first: of 50 sign-ups at once one wins, and is administrator",
		async () => {
			const one = await startStack(
				{ settings: "[server]\nregistration = first\n" });

			try {
				const policy = async () =>
					(await one.api("GET", "/auth/register")).body;

				assert.deepEqual(await policy(),
					{ policy: "first", open: true, invite: false });
				const answers = await tryAll(one, 50);
				const won = answers.filter((r) => r.status === 201);

				assert.equal(won.length, 1);
				assert.equal(won[0].body.user.is_admin, true);
				for (const { status, body } of answers)
					assert.ok(status === 201 || (status === 403
						&& body.error === "forbidden"), `${status}`);
				assert.deepEqual(await countAdmins(one), { users: "1", ...ONE });
				assert.deepEqual(await policy(),
					{ policy: "first", open: false, invite: true });
			} finally {
				await one.stop();
			}
		});

	test("S12: open: of 20 sign-ups at once one is administrator", async () => {
		const one = await startStack();

		try {
			const answers = await tryAll(one, 20);

			assert.deepEqual(new Set(answers.map((r) => r.status)),
				new Set([201]));
			assert.equal(answers.filter((r) => r.body.user.is_admin).length, 1);
			assert.deepEqual(await countAdmins(one), { users: "20", ...ONE });
		} finally {
			await one.stop();
		}
	});

	test("S6, S10: over https the cookie is Secure and bound to the host, "
		+ "and only that address is ours", async () => {
		const one = await startStack({ settings:
			"[server]\npublic_url = https://chat.example.org\n" });

		try {
			const user = await one.register();
			const answer = await one.api("POST", "/auth/login", { body: {
				username: user.username, password: user.password } });
			const cookie = cookieOf(answer);

			assert.ok(cookie.name.startsWith("__Host-"), cookie.name);
			for (const attribute of ["Secure", "HttpOnly", "Path=/",
				"SameSite=Lax"])
				assert.ok(cookie.attributes.has(attribute), attribute);
			const put = async (from) => (await one.api("PUT", "/keys/demo", {
				body: { key: "sk-0123" }, headers: { ...withCookie(cookie),
					origin: from, "x-csrf-token": answer.body.csrf_token } }))
				.status;

			assert.equal(await put("https://chat.example.org"), 200);
			assert.equal(await put("http://chat.example.org"), 403);
			assert.equal(await put(new URL(one.url).origin), 403);
			assert.equal((await one.api("GET", "/auth/me", { headers: {
				cookie: `${COOKIE}=${cookie.value}` } })).status, 401,
			"a cookie that was set without TLS is not ours");
		} finally {
			await one.stop();
		}
	});
});
