// S37: headers that try to pass for what only the web server knows: who asks,
// from where, for what, and whether over TLS.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startStack } from "./harness.js";
import { AT, addressOf, assertAnswer, exchange, get, post, size }
	from "./lib/raw.js";
import { NOBODYS_ID } from "./lib/routes.js";

let stack, ann, bob, pids, address;

before(async () => {
	stack = await startStack();
	ann = await stack.register();
	bob = await stack.register();
	pids = stack.pids.workers();
	address = addressOf(stack);
});
after(() => stack?.stop());

const SHADOWS = ["Proxy: http://6.6.6.6:1", "X-Forwarded-For: 6.6.6.6",
	"X_Forwarded_For: 6.6.6.6", "X-Real-IP: 6.6.6.6", "Forwarded: for=6.6.6.6",
	"Client-IP: 6.6.6.6", "REMOTE_ADDR: 6.6.6.6", "Remote-Addr: 6.6.6.6",
	"REMOTE-ADDR: 6.6.6.6", "HTTP_REMOTE_ADDR: 6.6.6.6", "HTTPS: on",
	"Https: on", "X-Forwarded-Proto: https", "REQUEST_SCHEME: https",
	"Request-Scheme: https", "REQUEST_METHOD: DELETE", "Request-Method: DELETE",
	"X-HTTP-Method-Override: DELETE", "X-Method-Override: DELETE",
	`REQUEST_URI: ${AT}/health`, `Request-Uri: ${AT}/health`,
	`X-Original-URL: ${AT}/health`, `X-Rewrite-URL: ${AT}/health`,
	"QUERY_STRING: after=1", "Query-String: after=1", "SCRIPT_NAME: /x",
	"Script-Filename: /etc/passwd", "SERVER_NAME: evil.example",
	"X-Forwarded-Host: evil.example", "LLMSELECT_REQUEST_ID: ffffffffffffffff",
	"Llmselect-Request-Id: ffffffffffffffff", "X-Request-Id: ffffffffffffffff",
	"FCGI_ROLE: AUTHORIZER", "Content_Length: 5", "CONTENT_TYPE: text/plain",
	"HTTP_AUTHORIZATION: Bearer x", "HTTP-Authorization: Bearer x",
	"Cookie: llmselect_session=x", "X-CSRF-Token: x", "Via: 1.1 x",
	"Connection: Authorization", "Upgrade: websocket"];

const asAnn = () => `Authorization: Bearer ${ann.token}`;
const NOWHERE = `${AT}/streams/${NOBODYS_ID}`;

const logOf = ({ body }) => stack.logLines().find((line) =>
	line.request_id === body.request_id);

for (const header of SHADOWS)
	test(`S37: ${header} changes nothing`, async () => {
		const answer = assertAnswer(await exchange(address, get(NOWHERE,
			[asAnn(), header])), [404]);
		const line = logOf(answer);

		assert.notEqual(answer.body.request_id, "ffffffffffffffff");
		assert.equal(line.address, "127.0.0.1");
		assert.equal(line.method, "GET");
		assert.equal(line.route, "/streams/{id}");
		assert.equal(line.user, ann.user.id);
	});

const signIn = (lines) => {
	const body = JSON.stringify({ username: ann.username,
		password: ann.password });

	return exchange(address, post([size(body.length), ...lines], body));
};

// Whether a cookie is Secure is said by public_url in the settings alone.
for (const header of ["HTTPS: on", "Https: on", "X-Forwarded-Proto: https",
	"X-Forwarded-Ssl: on", "Front-End-Https: on", "REQUEST_SCHEME: https",
	"Forwarded: proto=https", "Origin: https://chat.example"])
	test(`S37: ${header} makes no cookie Secure`, async () => {
		const { headers } = assertAnswer(await signIn([header]), [200]);

		assert.match(headers["set-cookie"], /^llmselect_session=.*Lax$/);
	});

const HOSTS = [["", [200, 400]], ["evil.example", [200]],
	["evil.example:8080", [200]], ["evil.example:99999", [200, 400]],
	["evil.example:x", [200, 400]], ["evil example", [400]],
	["evil.example, other.example", [400]], ["evil.example/api", [400]],
	["[::1]:80", [200]], ["[::1", [200, 400]], ["evil@example", [200, 400]],
	["..", [400]], [".evil.example.", [200, 400]], ["evil\0example", [400]],
	["evil\u00ff", [200, 400]], ["<evil>", [200, 400]],
	["evil.example?x=1", [200, 400]], ["evil.example#x", [200, 400]],
	["x".repeat(255), [200, 400]], ["x".repeat(7000), [200, 400]]];

for (const [host, statuses] of HOSTS)
	test(`S37: the Host ${JSON.stringify(host.slice(0, 40))} is not said back`,
		async () => {
			const bytes = await exchange(address, Buffer.from(`GET ${AT}/health`
				+ ` HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
			"latin1"));

			assertAnswer(bytes, statuses);
			assert.doesNotMatch(bytes.toString("latin1"), /evil/);
		});

// Of two that say who is asking, either counts, or the request is refused; it is
// never a mixture.
const cookie = (who) => `Cookie: llmselect_session=${who.token}`;
const bearer = (who) => `Authorization: Bearer ${who.token}`;
const NOBODY = { token: "x".repeat(43) };

const TWICE = [
	["two tokens", () => [bearer(ann), bearer(bob)]],
	["a token and a bad one", () => [bearer(ann), bearer(NOBODY)]],
	["a bad token and one", () => [bearer(NOBODY), bearer(ann)]],
	["two cookies", () => [cookie(ann), cookie(bob)]],
	["two cookies in a line", () => [`${cookie(ann)}; ${
		cookie(bob).slice("Cookie: ".length)}`]],
	["a cookie and a bad one", () => [cookie(ann), cookie(NOBODY)]],
	["a bad cookie and one", () => [cookie(NOBODY), cookie(ann)]],
	["a token and somebody else's cookie", () => [bearer(ann), cookie(bob)],
		() => [ann.username]],
	["a bad token and a cookie", () => [bearer(NOBODY), cookie(ann)],
		() => [undefined]],
	["an empty token and a cookie", () => ["Authorization: Bearer ",
		cookie(ann)], () => [undefined]],
	["two schemes", () => [`Authorization: Basic eDp4, Bearer ${ann.token}`],
		() => [undefined]],
];

for (const [name, lines, whose] of TWICE)
	test(`S37: ${name}`, async () => {
		const { body } = assertAnswer(await exchange(address,
			get(`${AT}/auth/me`, lines())), [200, 400, 401]);
		const may = whose?.() ?? [ann.username, bob.username, undefined];

		assert.ok(may.includes(body.user?.username), JSON.stringify(body));
	});

test("S37: the same workers are alive", () =>
	assert.deepEqual(stack.pids.workers(), pids));
