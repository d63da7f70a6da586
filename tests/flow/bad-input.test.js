// Whatever a client sends: a clear 4xx, the workers alive, nothing half-saved.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startStack } from "./harness.js";
import { NOBODYS_ID as NONE, PROTECTED, ROUTES, fill } from "./lib/routes.js";
import { ask, countRows, first, numbers, question, show } from "./lib/turn.js";

const BODY_MAX = 1 << 20;	// server.body_max
const NGINX_MAX = 2 << 20;	// client_max_body_size

let stack, ann, bob, mine, theirs, pids, rows;

before(async () => {
	stack = await startStack();
	ann = await stack.register();
	bob = await stack.register();
	mine = first(await ask(stack, ann.token, question("seq:tokens-3")));
	theirs = first(await ask(stack, bob.token, question("seq:tokens-3")));
	theirs.session = (await stack.api("GET", "/auth/sessions",
		{ token: bob.token })).body.items[0].id;
	pids = stack.pids.workers();
	rows = await countRows(stack);
});
after(() => stack?.stop());

// Every error has the same shape, and tells nothing of what is behind it (S39).
function assertError({ status, headers, body, text }, wantStatus, wantCode) {
	assert.equal(status, wantStatus, text);
	assert.match(headers["content-type"], /^application\/json/);
	assert.equal(headers["cache-control"], "no-store");
	assert.equal(body.error, wantCode, text);
	assert.match(body.message, /^\p{Lu}.*\.$/su);
	assert.match(body.request_id, /^[0-9a-f]{16}$/);
	assert.deepEqual(Object.keys(body).filter((key) => !["error", "message",
		"request_id", "details"].includes(key)), []);
	assert.doesNotMatch(text,
		/SELECT|INSERT|mysql|maria|\.c:|\/tmp\/|sock|127\.0\.0\.1/i);
}

const post = (path, body, options) =>
	stack.api("POST", path, { token: ann.token, body, ...options });

// ---- what is no JSON ----

const deep = (n) => `${'{"a":'.repeat(n)}1${"}".repeat(n)}`;
const GOOD = JSON.stringify(question("tokens-1"));
const bytes = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));

const UNREADABLE = [
	{ name: "an open object", body: '{"message": "Hi"', at: [1, 16] },
	{ name: "words", body: "hello there" },
	{ name: "a fault in the third line", at: [3, 13],
		body: '{\n"provider": "demo",\n"model": nope\n}' },
	{ name: "nothing at all", body: "" },
	{ name: "white space", body: " \n\t " },
	{ name: "two objects", body: "{} {}" },
	{ name: "a comma too many", body: '{"message": "Hi",}' },
	{ name: "single quotes", body: "{'message': 'Hi'}" },
	{ name: "a number too large", body: '{"max_tokens": 1e999}' },
	{ name: "NaN", body: '{"temperature": NaN}' },
	{ name: "a line end in a text", body: '{"message": "a\nb"}' },
	{ name: "a NUL byte", body: bytes('{"message": "a', [0], 'b"}') },
	{ name: "a NUL byte behind it", body: bytes("{}", [0]) },
	{ name: "a byte order mark", body: `\ufeff${GOOD}` },
	{ name: "a stray byte of UTF-8", body: bytes('{"message": "a', [0xff], '"}') },
	{ name: "a cut character", body: bytes('{"message": "', [0xe2, 0x82], '"}') },
	{ name: "an overlong slash", body: bytes('{"message": "', [0xc0, 0xaf], '"}') },
	{ name: "an encoded surrogate",
		body: bytes('{"message": "', [0xed, 0xa0, 0x80], '"}') },
	{ name: "a character beyond the last",
		body: bytes('{"message": "', [0xf4, 0x90, 0x80, 0x80], '"}') },
	{ name: "a lone high surrogate", body: '{"message": "a \\ud83d b"}' },
	{ name: "a lone low surrogate", body: '{"message": "a \\ude00 b"}' },
	{ name: "surrogates the wrong way round",
		body: '{"message": "\\ude00\\ud83d"}' },
	{ name: "the same key twice", body: '{"message": "a", "message": "b"}' },
	{ name: "the same key twice, once escaped",
		body: '{"message": "a", "\\u006dessage": "b"}' },
	{ name: "a key with NUL in it", body: '{"mess\\u0000age": "a"}' },
	{ name: "10,000 objects in one another", body: deep(10_000) },
	{ name: "100,000 open brackets", body: "[".repeat(100_000) },
	{ name: "UTF-16", body: Buffer.from(GOOD, "utf16le") },
	{ name: "a form", body: "message=Hi&provider=demo" },
];

for (const { name, body, at } of UNREADABLE)
	test(`unreadable: ${name}`, async () => {
		const answer = await post("/chat/stream", body,
			{ headers: { "content-type": "application/json" } });

		assertError(answer, 400, "bad_json");
		const [, line, column] = /line (\d+), column (\d+)/
			.exec(answer.body.message) ?? [];

		assert.ok(line > 0 && column >= 0, answer.body.message);
		if (at)
			assert.deepEqual([line, column].map(Number), at);
	});

for (const body of ["[]", '"text"', "1", "null", "true"])
	test(`not an object: ${body}`, async () => {
		const answer = await post("/chat/stream", body);

		assertError(answer, 400, "bad_json");
		assert.match(answer.body.message, /object|line \d+, column \d+/);
	});

// ---- fields ----

const without = (name) => ({ ...question("tokens-1"), [name]: undefined });
const chars = (n, letter = "x") => letter.repeat(n);

const FIELDS = [
	{ field: "message", body: without("message") },
	{ field: "provider", body: without("provider") },
	{ field: "model", body: without("model") },
	{ field: "message", value: null },
	{ field: "message", value: "" },
	{ field: "message", value: 7 },
	{ field: "message", value: ["Hi"] },
	{ field: "message", value: { text: "Hi" } },
	{ field: "message", value: "a\0b" },
	{ field: "message", value: chars(524_289) },
	{ field: "message", value: chars(200_000, "数") },
	{ field: "provider", value: "nobody" },
	{ field: "provider", value: "demo\0" },
	{ field: "provider", value: "../demo" },
	{ field: "provider", value: true },
	{ field: "model", value: "" },
	{ field: "model", value: chars(201, "m") },
	{ field: "system", value: 1 },
	{ field: "system", value: "a\0b" },
	{ field: "system", value: chars(65_537) },
	{ field: "temperature", value: "warm" },
	{ field: "temperature", value: -0.1 },
	{ field: "temperature", value: 2.1 },
	{ field: "temperature", value: 1e308 },
	{ field: "max_tokens", value: 0 },
	{ field: "max_tokens", value: -1 },
	{ field: "max_tokens", value: 1.5 },
	{ field: "max_tokens", value: "100" },
	{ field: "max_tokens", value: 10_000_001 },
	{ field: "reasoning_effort", value: "extreme" },
	{ field: "reasoning_effort", value: 3 },
	{ field: "on_disconnect", value: "explode" },
	{ field: "on_disconnect", value: "stop\0" },
	{ field: "on_disconnect", value: false },
	{ field: "client_request_id", value: "" },
	{ field: "client_request_id", value: chars(65) },
	{ field: "client_request_id", value: "a b" },
	{ field: "client_request_id", value: "a\0" },
	{ field: "client_request_id", value: "' OR '1'='1" },
	{ field: "conversation_id", value: "1" },
	{ field: "conversation_id", value: 1 },
	{ field: "conversation_id", value: "not-a-uuid-at-all-but-36-characters!" },
	{ field: "conversation_id", value: `${NONE}0` },
	{ field: "conversation_id", value: `${NONE}\0` },
	{ field: "conversation_id", value: `{${NONE.slice(2)}}` },
	{ field: "conversation_id", value: NONE.replaceAll("-", "") },
	{ field: "edit_message_id", value: "1" },
	{ field: "edit_message_id", value: 1 },
	{ field: "nonsense", value: 1 },
	{ field: "api_key", value: "sk-x" },
	{ field: "base_url", value: "http://169.254.169.254/" },
	{ field: "messages", value: [] },
	{ field: "stream", value: true },
	{ field: "__proto__", value: {} },
	{ field: "Message", value: "Hi" },
	{ field: "数", value: 1 },
	{ field: "\u001b[31m\r\n", value: 1 },
];

const shorten = (value) => {
	const text = JSON.stringify(value) ?? "absent";

	return text.length <= 40 ? text : `${text.slice(0, 20)}… (${text.length})`;
};

for (const { field, value, body } of FIELDS)
	test(`a field that cannot be: ${shorten(field)} ${shorten(value)}`,
		async () => {
			// by hand, or __proto__ would go its own way
			const json = body ?? `${JSON.stringify({ ...question("tokens-1"),
				[field]: undefined }).slice(0, -1)}, ${
				JSON.stringify(field)}: ${JSON.stringify(value)}}`;

			for (const path of ["/chat", "/chat/stream"]) {
				const answer = await post(path, json);

				assertError(answer, 422, "validation_error");
				assert.deepEqual(Object.keys(answer.body.details), [field]);
				assert.ok(answer.body.details[field].length > 5);
			}
		});

// The largest and the smallest that are taken; what lies one beyond them is
// refused above, or here.
const MODEL_OF_200 = `demo${":tokens-1".repeat(20)}${":seq".repeat(4)}`;
const EDGES = [
	{ field: "message", value: "x" },
	{ field: "message", value: chars(524_288), beyond: chars(524_289) },
	{ field: "message", value: `x${chars(174_762, "数")}x`,
		beyond: `x${chars(174_762, "数")}xx` },
	{ field: "system", value: "" },	// none from now on
	{ field: "system", value: chars(65_536, "数"), beyond: chars(65_537) },
	{ field: "temperature", value: 0, beyond: -0.001 },
	{ field: "temperature", value: 2, beyond: 2.001 },
	{ field: "max_tokens", value: 1, beyond: 0 },
	{ field: "max_tokens", value: 10_000_000, beyond: 10_000_001 },
	{ field: "model", value: MODEL_OF_200, beyond: `${MODEL_OF_200}:` },
	{ field: "client_request_id", value: "x" },
	{ field: "client_request_id", value: chars(64), beyond: chars(65) },
];

for (const { field, value, beyond } of EDGES)
	test(`S31: at its limit: ${field} ${shorten(value)}`, async () => {
		const put = (edge) => post("/chat", { ...question("tokens-1"),
			[field]: edge });
		const { status, text } = await put(value);

		assert.equal(status, 200, text);
		if (beyond === undefined)
			return;
		const answer = await put(beyond);

		assertError(answer, 422, "validation_error");
		assert.deepEqual(Object.keys(answer.body.details), [field]);
	});

test("S31: at its limit: a body that is well", async () => {
	const { status, text } = await post("/chat", GOOD.padEnd(BODY_MAX));

	assert.equal(status, 200, text);
	for (const size of [BODY_MAX + 1, NGINX_MAX, NGINX_MAX + 1])
		assertError(await post("/chat", GOOD.padEnd(size)), 413, "too_large");
});

// Of other routes: what is taken, and what is one beyond.
const OTHER_EDGES = [
	{ name: "a title", field: "title", status: 200, value: chars(200, "数"),
		beyond: chars(201), put: (title) => stack.api("PATCH",
			`/conversations/${mine.conversation_id}`,
			{ token: ann.token, body: { title } }) },
	{ name: "a key", field: "key", status: 200, value: chars(512),
		beyond: chars(513), put: async (key) => {
			const answer = await stack.api("PUT", "/keys/demo",
				{ token: bob.token, body: { key } });

			await stack.api("DELETE", "/keys/demo", { token: bob.token });
			return answer;
		} },
	{ name: "limit of a list", field: "limit", status: 200, value: 100,
		beyond: 101, put: (limit) => stack.api("GET",
			`/conversations?limit=${limit}`, { token: ann.token }) },
	{ name: "limit of a list", field: "limit", status: 200, value: 1,
		beyond: 0, put: (limit) => stack.api("GET",
			`/conversations?limit=${limit}`, { token: ann.token }) },
	{ name: "page of a list", field: "page", status: 200, value: 100_000,
		beyond: 100_001, put: (page) => stack.api("GET",
			`/conversations?page=${page}`, { token: ann.token }) },
	{ name: "a name to sign in with", field: "username", status: 401,
		value: chars(50), beyond: chars(51), put: (username) => stack.api(
			"POST", "/auth/login", { body: { username, password: "x" } }) },
	{ name: "a password to sign in with", field: "password", status: 401,
		value: chars(1024), beyond: chars(1025), put: (password) => stack.api(
			"POST", "/auth/login", { body: { username: "x", password } }) },
];

for (const { name, field, status, value, beyond, put } of OTHER_EDGES)
	test(`S31: at its limit: ${name} ${shorten(value)}`, async () => {
		const taken = await put(value);

		assert.equal(taken.status, status, taken.text);
		const answer = await put(beyond);

		assertError(answer, 422, "validation_error");
		assert.deepEqual(Object.keys(answer.body.details), [field]);
	});

test("every fault is told about, not only the first", async () => {
	const { body } = await post("/chat", { message: 1, provider: 2, model: 3,
		temperature: "x", foo: 1 });

	assert.deepEqual(Object.keys(body.details).sort(),
		["foo", "message", "model", "provider", "temperature"]);
});

test("100,000 unknown fields do not make a long answer", async () => {
	const many = Object.fromEntries(Array.from({ length: 60_000 },
		(_, i) => [`f${i}`, 0]));
	const answer = await post("/chat", many);

	assert.equal(answer.status, 422);
	assert.ok(answer.text.length < 10_000, `${answer.text.length} bytes`);
});

// S20: what a model may be called, for it stands in requests to a provider.
const MODELS = ["../x", "demo/../x", "a/..", "..", "demo?x=1", "demo#x",
	"demo\r\nHost: x", "demo\n", "demo\r", "demo%2f", "demo%0d%0a", "demo x",
	"demo\t", "démo", "demo\0", "/demo", "//demo", "demo//x", "demo\\x",
	"demo&x", "demo;x", "demo'x", 'demo"x', "<demo>", "\u202edemo"];

for (const model of MODELS)
	test(`S20: no model is called ${JSON.stringify(model)}`, async () => {
		const answer = await post("/chat/stream",
			{ ...question("tokens-1"), model });

		assertError(answer, 422, "validation_error");
		assert.deepEqual(Object.keys(answer.body.details), ["model"]);
	});

// ---- bodies ----

const TYPES = ["text/plain", "application/x-www-form-urlencoded",
	"multipart/form-data; boundary=x", "application/jsonp", "text/json", "json",
	"application/json-patch+json", " "];

for (const type of TYPES)
	test(`415: a body that is called ${JSON.stringify(type)}`, async () =>
		assertError(await post("/chat/stream", GOOD,
			{ headers: { "content-type": type } }), 415,
		"unsupported_media_type"));

for (const type of ["application/json", "application/json; charset=utf-8",
	"Application/JSON", "application/json ;charset=UTF-8"])
	test(`taken: a body that is called ${type}`, async () => {
		const { status, text } = await post("/streams/cancel", "{}",
			{ headers: { "content-type": type } });

		assert.equal(status, 422, text);	// read, and found wanting
	});

test("no body at all: what is missing is named", async () => {
	const answer = await post("/chat", undefined);

	assertError(answer, 422, "validation_error");
	for (const field of ["model", "provider"])
		assert.match(answer.body.details[field], /required/);
});

const SIZES = [
	{ name: "one byte below the limit", size: BODY_MAX - 1, status: 422 },
	{ name: "the limit", size: BODY_MAX, status: 422 },
	{ name: "one byte above the limit", size: BODY_MAX + 1, status: 413 },
	{ name: "nginx's own limit", size: NGINX_MAX, status: 413 },
	{ name: "one byte above nginx's own", size: NGINX_MAX + 1, status: 413 },
	{ name: "16 MB (S14)", size: 16 << 20, status: 413 },
];

for (const { name, size, status } of SIZES)
	test(`a body as large as ${name}: ${status}`, async () => {
		const empty = '{"message": ""}'.length;
		const answer = await post("/chat/stream",
			`{"message": "${chars(size - empty)}"}`);

		assertError(answer, status,
			status === 413 ? "too_large" : "validation_error");
	});

// ---- addresses and methods ----

const NOWHERE = ["/", "/nope", "/chats", "/chat/", "/chat/stream/x",
	"/conversations/", "/conversations/1", `/conversations/${NONE}x`,
	`/conversations/${NONE}/x`, `/streams/${NONE}/`, "/streams//cancel",
	"/keys/", "/keys/a/b", "/%63hat/../x", "/Health", "/health%0d",
	"/health/..;/x", "/conversations/%2e%2e%2fhealth", "/auth", "/admin/x"];

for (const path of NOWHERE)
	test(`404: nothing is at ${path}`, async () => {
		const { status, headers, body } = await stack.api("GET", path,
			{ token: ann.token });

		assert.equal(status, 404, path);
		assert.match(headers["content-type"], /^application\/json/);
		assert.equal(body.error, "not_found");
	});

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"];

test("405: every address names the methods it takes", async () => {
	for (const path of new Set(ROUTES.map((route) => route.path))) {
		const taken = ROUTES.filter((route) => route.path === path)
			.map((route) => route.method);

		for (const method of METHODS) {
			if (taken.includes(method))
				continue;
			const answer = await stack.api(method, fill(path),
				{ token: ann.token });

			assertError(answer, 405, "method_not_allowed");
			assert.deepEqual(answer.headers.allow.split(", ").sort(),
				[...taken].sort(), `${method} ${path}`);
		}
	}
});

test("a query that cannot be read counts as not there", async () => {
	for (const query of ["?page=%", "?page=%zz", "?page=%00", "?page=%ff",
		"?", "?&&==&", `?x=${chars(5000)}`]) {
		const { status } = await stack.api("GET", `/conversations${query}`,
			{ token: ann.token });

		assert.ok(status === 200 || status === 422, `${query}: ${status}`);
	}
});

// ---- who is asking ----

for (const route of PROTECTED)
	test(`401: ${route.name} without a sign-in`, async () => {
		const path = fill(route.path, mine.stream_id);
		const body = route.hasBody ? {} : undefined;

		assertError(await stack.api(route.method, path, { body }),
			401, "unauthenticated");
		assertError(await stack.api(route.method, path, { body,
			token: "x".repeat(43) }), 401, "unauthenticated");
	});

// S4: a token counts in Authorization: Bearer and in our cookie, nowhere else.
const ELSEWHERE = [
	{ name: "x-api-key", headers: (t) => ({ "x-api-key": t }) },
	{ name: "x-access-token", headers: (t) => ({ "x-access-token": t }) },
	{ name: "x-auth-token", headers: (t) => ({ "x-auth-token": t }) },
	{ name: "X-Forwarded-User",
		headers: () => ({ "x-forwarded-user": ann.username }) },
	{ name: "Basic", headers: (t) => ({ authorization:
		`Basic ${Buffer.from(`${ann.username}:${t}`).toString("base64")}` }) },
	{ name: "Basic with the password", headers: () => ({ authorization:
		`Basic ${Buffer.from(`${ann.username}:${ann.password}`)
			.toString("base64")}` }) },
	{ name: "Token", headers: (t) => ({ authorization: `Token ${t}` }) },
	{ name: "no scheme", headers: (t) => ({ authorization: t }) },
	{ name: "Proxy-Authorization",
		headers: (t) => ({ "proxy-authorization": `Bearer ${t}` }) },
	{ name: "another cookie", headers: (t) => ({
		cookie: `session=${t}; token=${t}; access_token=${t}` }) },
	{ name: "?token=", query: (t) => `?token=${t}` },
	{ name: "?access_token=", query: (t) => `?access_token=${t}` },
	{ name: "?authorization=", query: (t) => `?authorization=Bearer%20${t}` },
	{ name: "a header with an underscore",
		headers: (t) => ({ "http_authorization": `Bearer ${t}` }) },
];

for (const { name, headers, query } of ELSEWHERE)
	test(`S4: a token in ${name} is not looked at`, async () => {
		for (const route of PROTECTED) {
			const answer = await stack.api(route.method,
				fill(route.path, mine.stream_id) + (query?.(ann.token) ?? ""),
				{ headers: headers?.(ann.token),
					body: route.hasBody ? {} : undefined });

			assertError(answer, 401, "unauthenticated");
		}
	});

// S8: what a request to each route with an id needs beside it.  A route that is
// new in routes.h needs a row here.
const WITH_ID = {
	"POST /streams/{id}/cancel": { id: () => theirs.stream_id, body: {} },
	"GET /streams/{id}": { id: () => theirs.stream_id },
	"GET /conversations/{id}": { id: () => theirs.conversation_id },
	"PATCH /conversations/{id}": { id: () => theirs.conversation_id,
		body: { title: "Mine now" } },
	"DELETE /conversations/{id}": { id: () => theirs.conversation_id },
	"GET /conversations/{id}/export": { id: () => theirs.conversation_id },
	"DELETE /auth/sessions/{id}": { id: () => theirs.session },
};

// What is for administrators belongs to nobody: see admin-users.test.js.
for (const route of ROUTES.filter(({ path, isAdmin }) =>
	path.includes("{id}") && !isAdmin))
	test(`S8: ${route.name} with somebody else's id is 404`, async () => {
		const row = WITH_ID[route.name];

		assert.ok(row, "this route has no row in WITH_ID");
		const to = (id) => stack.api(route.method, fill(route.path, id),
			{ token: ann.token, body: row.body });
		const foreign = await to(row.id()), none = await to(NONE);

		assertError(foreign, 404, "not_found");
		assert.deepEqual({ ...foreign.body, request_id: "" },
			{ ...none.body, request_id: "" });
		for (const id of ["1", "", "..", `${NONE}%00`, "%", NONE.slice(1),
			NONE.replace("7", "g"), `${NONE}'--`]) {
			const { status } = await to(id);

			assert.ok(status === 404 || status === 400 || status === 405,
				`${id}: ${status}`);
		}
	});

for (const [name, id] of [["somebody else's", () => theirs.conversation_id],
	["nobody's", () => NONE], ["a message's", () => mine.message_id]])
	test(`S8: a question into ${name} conversation is 404`, async () => {
		for (const path of ["/chat", "/chat/stream"])
			assertError(await post(path, question("tokens-1",
				{ conversation_id: id() })), 404, "not_found");
	});

test("the nil id is not the same as no id", async () => {
	const { status, body } = await post("/chat", question("tokens-1",
		{ conversation_id: "00000000-0000-0000-0000-000000000000" }));

	assert.match(`${status} ${body.error}`,
		/^(404 not_found|422 validation_error)$/);
});

// S13: text is data.
const SQL = ["' OR '1'='1", "'; DROP TABLE users; --", '" OR 1=1 #', "\\", "%",
	"_%", "1) UNION SELECT password FROM users -- "];

for (const text of SQL)
	test(`S13: ${text} is only text`, async () => {
		const login = await stack.api("POST", "/auth/login",
			{ body: { username: text, password: text } });

		assert.equal(login.status, 401);
		const stream = await ask(stack, ann.token,
			question("seq:tokens-2", { message: text }));
		const { messages, title } = await show(stack, ann.token,
			first(stream).conversation_id);

		assert.equal(messages[0].content, text);
		assert.equal(title, text.trim());
		assert.equal(stream.text(), numbers(2));
		const { status } = await stack.api("GET",
			`/conversations?search=${encodeURIComponent(text)}`,
			{ token: ann.token, headers: { "user-agent": text,
				"x-csrf-token": text, origin: text } });

		assert.equal(status, 200);
	});

test("after all of it the same workers are alive, and nothing is half-saved",
	async () => {
		assert.deepEqual(stack.pids.workers(), pids);
		const made = await countRows(stack);
		// the only questions that were taken
		const told = SQL.length + EDGES.length + 1;

		assert.deepEqual(made, { ...rows,
			conversations: String(Number(rows.conversations) + told),
			messages: String(Number(rows.messages) + 2 * told) });
		assert.equal((await stack.stats()).requests, 2 + told);
		const health = await stack.api("GET", "/health");

		assert.equal(health.status, 200);
		const after = await ask(stack, ann.token, question("seq:tokens-3"));

		assert.equal(after.text(), numbers(3));
	});
