// Bytes over a connection, for what no client library would send.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { checkSchema } from "./contract.js";

const SILENCE_MS = 10_000;

// Where a stack's web server listens.
export function addressOf(stack) {
	const { hostname, port } = new URL(stack.url);

	return { host: hostname, port: Number(port) };
}

// Sends `bytes` to { host, port } or { path } and gives all that comes back, as
// bytes.  `thenEnd`: our side is closed after them.
export function exchange(address, bytes, { thenEnd = false } = {}) {
	return new Promise((resolve, reject) => {
		const socket = connect(address);
		const chunks = [];

		socket.setTimeout(SILENCE_MS, () =>
			socket.destroy(new Error("the server is silent")));
		socket.on("connect", () => {
			socket.write(bytes);
			if (thenEnd)
				socket.end();
		});
		socket.on("data", (chunk) => chunks.push(chunk));
		// a server that refuses early closes before all was sent
		socket.on("error", (error) => error.code === "EPIPE"
			|| error.code === "ECONNRESET" ? undefined : reject(error));
		socket.on("close", () => resolve(Buffer.concat(chunks)));
	});
}

// The first answer in what a web server sent, as client.js gives one; undefined
// where there is none.  What follows it is `rest`.
export function answerIn(bytes) {
	const text = bytes.toString("latin1");
	const [head, status] = /^HTTP\/1\.1 (\d{3})[^]*?\r\n\r\n/.exec(text) ?? [];

	if (head === undefined)
		return undefined;
	if (status === "100")
		return answerIn(bytes.subarray(head.length));
	const headers = Object.fromEntries(head.trimEnd().split("\r\n").slice(1)
		.map((line) => /^([^:]+): ?(.*)$/.exec(line))
		.map(([, name, value]) => [name.toLowerCase(), value]));
	const [body, rest] = bodyIn(text.slice(head.length), headers);

	return { status: Number(status), headers, text: body, rest,
		body: /json/.test(headers["content-type"]) ? JSON.parse(body) : body };
}

function bodyIn(text, headers) {
	if (headers["transfer-encoding"] === "chunked")
		return chunksIn(text);
	const length = Number(headers["content-length"] ?? 0);

	return [text.slice(0, length), text.slice(length)];
}

function chunksIn(text) {
	let body = "", rest = text;

	for (;;) {
		const [line, size] = /^([0-9a-f]+)\r\n/.exec(rest)
			?.map((part, i) => i ? parseInt(part, 16) : part) ?? ["", 0];
		const end = line.length + size + 2;

		body += rest.slice(line.length, line.length + size);
		rest = rest.slice(end);
		if (size === 0)
			return [body, rest];
	}
}

// ---- requests, from their parts: the lines are sent as they are ----

export const AT = "/api/v1";

export function request(line, lines = [], body = "") {
	return Buffer.from([line, "Host: chat.example", ...lines, "", body]
		.join("\r\n"), "latin1");
}

export const get = (path, lines = []) => request(`GET ${path} HTTP/1.1`,
	["Connection: close", ...lines]);
export const post = (lines, body, path = "/auth/login") =>
	request(`POST ${AT}${path} HTTP/1.1`, ["Content-Type: application/json",
		"Connection: close", ...lines], body);
export const size = (n) => `Content-Length: ${n}`;

// An answer has one of these statuses, and an error is one of ours.
export function assertAnswer(bytes, statuses) {
	const answer = answerIn(bytes);
	const got = answer?.status ?? (bytes.length > 0 ? "bare" : "none");

	assert.ok(statuses.includes(got), `${got}: ${bytes.toString("latin1")
		.slice(0, 500)}`);
	if (answer?.status >= 400) {
		assert.match(answer.headers["content-type"], /^application\/json/);
		assert.equal(answer.headers["cache-control"], "no-store");
		checkSchema("Error", answer.body);
	}
	return answer;
}
