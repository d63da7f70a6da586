// S33: requests that no client library would send, byte by byte: lengths that
// lie, lines that are no HTTP, addresses that lead elsewhere.  nginx or a worker
// refuses them, in JSON where there is HTTP to answer, and the workers live on.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startStack } from "./harness.js";
import { AT, addressOf, answerIn, assertAnswer, exchange, get, post, request,
	size } from "./lib/raw.js";
import { ask, countRows, first, numbers, question } from "./lib/turn.js";

let stack, ann, mine, pids, rows, address;

before(async () => {
	stack = await startStack();
	ann = await stack.register();
	mine = first(await ask(stack, ann.token, question("seq:tokens-3")));
	pids = stack.pids.workers();
	rows = await countRows(stack);
	address = addressOf(stack);
});
after(() => stack?.stop());

const long = (n, letter = "x") => letter.repeat(n);
const health = (lines) => get(`${AT}/health`, lines);

const BODY = '{"username": "nobody", "password": "nothing at all"}';
const sized = size(BODY.length);
const chunk = (text) => `${text.length.toString(16)}\r\n${text}\r\n`;
const CHUNKED = "Transfer-Encoding: chunked";

// Each with the statuses that it may have; "none" is a connection that is closed
// without a word, where it was no HTTP or not a whole request.
const BODIES = [
	["a body as long as it says", [401], post([sized], BODY)],
	["a body in one chunk", [401], post([CHUNKED], `${chunk(BODY)}0\r\n\r\n`)],
	["a body in chunks of a byte", [401], post([CHUNKED],
		`${[...BODY].map(chunk).join("")}0\r\n\r\n`)],
	["chunks with extensions and a trailer", [401], post([CHUNKED],
		`${BODY.length.toString(16)};a=b\r\n${BODY}\r\n0\r\nX: y\r\n\r\n`)],
	["a length in capitals, and Expect", [401], post(["CONTENT-LENGTH: "
		+ BODY.length, "Expect: 100-continue"], BODY)],
	["no length and no body", [400, 415], post([], "")],
	["no length, but a body", [400], post([], BODY)],
	["a length of 0", [400], post([size(0)], "")],
	["a length too small by one", [400], post([size(BODY.length - 1)], BODY)],
	["a length too small by all but one", [400], post([size(1)], BODY)],
	["a length too large by one, then the end", ["none", 400],
		post([size(BODY.length + 1)], BODY), true],
	["half of a body, then the end", ["none", 400],
		post([sized], BODY.slice(0, 9)), true],
	["no byte of a body, then the end", ["none", 400], post([sized], ""), true],
	["half of a chunk, then the end", ["none", 400],
		post([CHUNKED], "20\r\nabc"), true],
	["chunks without a last one", ["none", 400], post([CHUNKED], chunk(BODY)),
		true],
	...["-1", "+1", "abc", "1e3", "0x10", "1.5", "", "5, 5", "5 5",
		"99999999999999999999", "9223372036854775808"].map((n) =>
		[`a length of "${n}"`, [400, 413], post([`Content-Length: ${n}`],
			BODY)]),
	["a length of 9223372036854775807", [413],
		post([size("9223372036854775807")], BODY)],
	["two lengths", [400], post([sized, size(1)], BODY)],
	["two equal lengths", [400], post([sized, sized], BODY)],
	["a length and chunks", [400],
		post([sized, CHUNKED], `${chunk(BODY)}0\r\n\r\n`)],
	["chunks twice", [400, 501], post([CHUNKED, CHUNKED],
		`${chunk(BODY)}0\r\n\r\n`)],
	...["gzip", "gzip, chunked", "chunked, gzip", "xchunked", "chunked x",
		"identity"].map((coding) => [`a transfer encoding of ${coding}`,
		[400, 501], post([`Transfer-Encoding: ${coding}`],
			`${chunk(BODY)}0\r\n\r\n`)]),
	...["zz\r\n", "-1\r\nx\r\n", "0x5\r\n12345\r\n", " 5\r\n12345\r\n",
		"ffffffffffffffff\r\nx", "fffffffffffffffff\r\nx", "\r\n", ";\r\n"]
		.map((text) => [`a chunk ${JSON.stringify(text)}`, [400, 413],
			post([CHUNKED], text)]),
	["a chunk longer than it says", [400], post([CHUNKED],
		`5\r\n${BODY}\r\n0\r\n\r\n`)],
	["two types", [400, 401, 415], post(["Content-Type: text/plain", sized],
		BODY)],
	["a coding that nobody undoes", [401], post([sized,
		"Content-Encoding: gzip"], BODY)],
];

const LINES = [
	["nothing but a line end, then the end", ["none"], "\r\n\r\n", true],
	["words", [400], "hello there\r\n\r\n"],
	["bytes", [400], Buffer.from([0, 1, 2, 255, 254, 13, 10, 13, 10])],
	["a TLS greeting", [400], Buffer.from("16030100a5010000a10303", "hex")],
	["the preface of HTTP/2", [400], "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
	["a FastCGI record", [400], Buffer.from("0101000100080000", "hex"), true],
	["an answer", [400], "HTTP/1.1 200 OK\r\n\r\n"],
	["HTTP/0.9", ["none", "bare"], `GET ${AT}/auth/me\r\n`],
	["HTTP/0.9 with POST", [400, "none", "bare"], `POST ${AT}/auth/login\r\n`],
	...["HTTP/9.9", "HTTP/11.1", "HTTP/1", "HTTP/", "HTTP/1.1x", "http/1.1",
		"HTTP/-1.1", "XTTP/1.1", "HTTP/1.99999"].map((version) =>
		[`the version ${version}`, [400, 404, 401, 405, 505, "none"],
			request(`GET ${AT}/auth/me ${version}`, ["Connection: close"])]),
	...["get", "GeT", "G\0T", " GET", "G(T", "\x7fGET"].map((method) =>
		[`the method ${JSON.stringify(method)}`, [400, 405],
			request(`${method} ${AT}/health HTTP/1.1`, ["Connection: close"])]),
	...["FOO", "TRACE", "CONNECT", "OPTIONS", "PROPFIND", "PURGE", "A_B",
		long(200, "A")].map((method) => [`the method ${method.slice(0, 20)}`,
		[400, 405], request(`${method} ${AT}/health HTTP/1.1`,
			["Connection: close"])]),
	["no Host", [400], `GET ${AT}/health HTTP/1.1\r\n\r\n`],
	["two Hosts", [400], health(["Host: other.example"])],
	["a header without a colon", [200, 400], health(["Nonsense"])],
	["a header without a name", [200, 400], health([": x"])],
	["a blank before a colon", [200, 400], health(["X-A : b"])],
	["a header that is folded", [200, 400], health(["X-A: b", " c: d"])],
	["a NUL in a header", [400], health(["X-A: b\0c"])],
	["a line end alone in a header", [200], health(["X-A: b\nX-B: c"])],
	["a carriage return alone in a header", [200, 400],
		health(["X-A: b\rX-B: c"])],
	["100 headers", [200], health(Array(100).fill("X-A: b"))],
	["10,000 headers", [400, 431], health(Array(10_000).fill("X-A: b"))],
	["a header of 100 KB", [431], health([`X-Long: ${long(100_000)}`])],
	["a header's name of 100 KB", [431], health([`${long(100_000)}: x`])],
	["a cookie of 100 KB", [431], health([`Cookie: ${long(100_000)}`])],
	["a token of 7 KB", [401], get(`${AT}/auth/me`,
		[`Authorization: Bearer ${long(7000)}`])],
	["an address of 100 KB", [414], get(`${AT}/${long(100_000)}`)],
	["an address of 10 KB", [414], get(`${AT}/${long(10_000)}`)],
	["an address of 7 KB", [404], get(`${AT}/${long(7000)}`)],
	["a query of 100 KB", [414], get(`${AT}/health?${long(100_000)}`)],
	["a query of 7 KB", [200], get(`${AT}/health?${long(7000)}`)],
	["7,000 slashes", [404], get(AT + long(7000, "/"))],
	["no address", [400], request("GET HTTP/1.1")],
	["a star for an address", [400, 405], request("OPTIONS * HTTP/1.1")],
];

const PATHS = [
	["%00", [400], `${AT}/health%00`],
	["%00 in between", [400], `${AT}/he%00alth`],
	["%00 in an id", [400], `${AT}/streams/%00`],
	["%0d%0a", [404], `${AT}/health%0d%0aX-A:%20b`],
	["%0a at its end", [404], `${AT}/health%0a`],
	["a lone %", [400], `${AT}/health%`],
	["a bad escape", [400], `${AT}/health%zz`],
	["an escaped letter", [404], `${AT}/%68ealth`],
	["an escaped slash", [404], `/api%2fv1%2fhealth`],
	["../ beyond the root", [400], `/../../../../etc/passwd`],
	["../ beyond the root, escaped", [400], `/%2e%2e/%2e%2e/etc/passwd`],
	["../ out of the API", [404], `${AT}/../health`],
	["../ out of the API, escaped", [404], `${AT}/%2e%2e/health`],
	["../ back into the API", [404], `${AT}/x/../health`],
	["./ in the API", [404], `${AT}/./health`],
	["../ in an id", [404], `${AT}/conversations/../health`],
	["../ to the settings", [400], `/assets/../../llmselect.conf`],
	["backslashes", [404], `${AT}\\health`],
	["a semicolon", [404], `${AT}/health;x=1`],
	["two slashes", [404], `${AT}//health`],
	["two slashes before", [404], `//api/v1/health`],
	["a number sign", [200, 400, 404], `${AT}/health#x`],
	["UTF-8", [404], `${AT}/h\u00c3\u00a9alth`],
	["bytes that are no UTF-8", [404], `${AT}/\u00ff\u00fe`],
	["a file of the build", [404], `/.git/config`],
	["a hidden file, escaped", [404], `/%2egit/config`],
	["another version", [404], `/api/v2/health`],
	["the API's root", [404], `/api/v1/`],
	["nginx's own page", [404, 200], `/llmselect-error`],
];

for (const [name, statuses, bytes, thenEnd] of [...BODIES, ...LINES,
	...PATHS.map(([path, list, url]) => [`the address ${path}`, list,
		get(url)])])
	test(`S33: ${name}: ${statuses.join(" or ")}`, async () => {
		assertAnswer(await exchange(address, bytes, { thenEnd }), statuses);
	});

test("S33: what follows a request on its connection is another one", async () => {
	const begin = request(`GET ${AT}/health HTTP/1.1`);
	const both = async (second) => {
		const bytes = await exchange(address, Buffer.concat([begin, second]));

		return [assertAnswer(bytes, [200]), answerIn(bytes).rest];
	};
	const [, health2] = await both(health([]));
	const [, refusal] = await both(Buffer.from("garbage\r\n\r\n"));

	assertAnswer(Buffer.from(health2, "latin1"), [200]);
	assertAnswer(Buffer.from(refusal, "latin1"), [400]);
});

// Where two servers do not agree on a body's length, what one takes for its rest
// is a request to the other.
test("S33: a request that is hidden in a body is not run", async () => {
	const hidden = get(`${AT}/nowhere`).toString("latin1").replace("GET",
		"DELETE").replace("/nowhere", `/conversations/${mine.conversation_id}`)
		.replace("Host:", `Authorization: Bearer ${ann.token}\r\nHost:`);

	for (const lines of [[size(0), CHUNKED], [CHUNKED, size(4)],
		["Transfer-Encoding : chunked", size(hidden.length)],
		["Transfer-Encoding: xchunked", size(hidden.length)],
		[size(hidden.length), size(0)], [size(hidden.length)]])
		await exchange(address, post(lines, hidden));
	const { status } = await stack.api("GET",
		`/conversations/${mine.conversation_id}`, { token: ann.token });

	assert.equal(status, 200);
});

test("after all of it the same workers are alive, and nothing is half-saved",
	async () => {
		const made = await countRows(stack);

		assert.deepEqual(stack.pids.workers(), pids);
		assert.equal(made.conversations, rows.conversations);
		assert.equal(made.messages, rows.messages);
		assert.equal(made.users, rows.users);
		const answer = await ask(stack, ann.token, question("seq:tokens-3"));

		assert.equal(answer.text(), numbers(3));
	});
