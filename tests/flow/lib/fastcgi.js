// FastCGI records (specification 1.0, section 3.3), as a web server sends them to
// the workers' socket, and as it never would.

import { connect } from "node:net";
import { exchange } from "./raw.js";

export const TYPE = { begin: 1, abort: 2, end: 3, params: 4, stdin: 5,
	stdout: 6, stderr: 7, data: 8, getValues: 9, getValuesResult: 10,
	unknown: 11 };

// `content` in one record; what is said of it can be something else.
export function record(type, content = "", { id = 1, version = 1,
	padding = 0, length } = {}) {
	const bytes = Buffer.from(content);
	const head = Buffer.from([version, type, 0, 0, 0, 0, padding & 0xff, 0]);

	head.writeUInt16BE(id, 2);
	head.writeUInt16BE(length ?? bytes.length, 4);
	return Buffer.concat([head, bytes, Buffer.alloc(padding)]);
}

// A length in one byte up to 127, else in four with the first bit set.
export function lengthOf(n, { wide = n > 127 } = {}) {
	if (!wide)
		return Buffer.from([n]);
	const bytes = Buffer.alloc(4);

	bytes.writeUInt32BE((n | 0x80000000) >>> 0);
	return bytes;
}

export const pair = (name, value, options) => Buffer.concat([
	lengthOf(Buffer.byteLength(name), options),
	lengthOf(Buffer.byteLength(value), options),
	Buffer.from(name), Buffer.from(value)]);

export const begin = (options = {}) => record(TYPE.begin,
	[0, options.role ?? 1, options.flags ?? 0, 0, 0, 0, 0, 0], options);

export const pairs = (params) => Buffer.concat(Object.entries(params)
	.map(([name, value]) => pair(name, value)));

export const PARAMS = { REQUEST_METHOD: "GET", REQUEST_URI: "/api/v1/health",
	QUERY_STRING: "", SERVER_PROTOCOL: "HTTP/1.1", REMOTE_ADDR: "127.0.0.1",
	HTTP_HOST: "chat.example" };

// The records of one whole request.
export function requestRecords(params = {}, body = "", options = {}) {
	const all = { ...PARAMS, ...params,
		CONTENT_LENGTH: body === "" ? "" : String(Buffer.byteLength(body)) };

	return [begin(options), record(TYPE.params, pairs(all), options),
		record(TYPE.params, "", options),
		...body === "" ? [] : [record(TYPE.stdin, body, options)],
		record(TYPE.stdin, "", options)];
}

export const post = (path, token, body) => requestRecords({
	REQUEST_METHOD: "POST", REQUEST_URI: `/api/v1${path}`,
	CONTENT_TYPE: "application/json", HTTP_AUTHORIZATION: `Bearer ${token}` },
JSON.stringify(body));

// What was sent back: { stdout, status, isEnded }.
export function answerIn(bytes) {
	let stdout = "", isEnded = false;

	for (let at = 0; at + 8 <= bytes.length;) {
		const type = bytes[at + 1], length = bytes.readUInt16BE(at + 4);

		if (type === TYPE.stdout)
			stdout += bytes.toString("utf8", at + 8, at + 8 + length);
		isEnded ||= type === TYPE.end;
		at += 8 + length + bytes[at + 6];
	}
	return { stdout, isEnded,
		status: Number(/^Status: (\d+)/m.exec(stdout)?.[1]) };
}

// Sends bytes to the socket, closes our side, and gives all that comes back.
export const tell = (socket, bytes) =>
	exchange({ path: socket }, bytes, { thenEnd: true });

// A connection that stays.
export function open(socket, bytes = Buffer.alloc(0)) {
	return new Promise((resolve, reject) => {
		const connection = connect({ path: socket });

		connection.once("error", reject);
		connection.once("connect", () => {
			connection.write(bytes);
			connection.resume();
			resolve(connection);
		});
	});
}
