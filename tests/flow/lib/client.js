// A client of the API that sees what goes over the wire: every request has a
// connection of its own, so closing it is leaving; every event has its time.
// Whatever comes back from the API is held to docs/openapi.yaml (contract.js).

import { request } from "node:http";
import { checkAnswer, eventChecker } from "./contract.js";

const SIGNED_IN = (token) => token ? { authorization: `Bearer ${token}` } : {};

// A body is sent as it is when it is text or bytes, else as JSON.
function encode(body) {
	if (body === undefined)
		return { bytes: undefined, headers: {} };
	if (typeof body === "string" || Buffer.isBuffer(body))
		return { bytes: Buffer.from(body),
			headers: { "content-type": "application/json" } };
	return encode(JSON.stringify(body));
}

// Sends a request; gives node's response, whose body is still to be read.
// It comes from `from`, an address of this machine such as 127.0.0.2.
export function send(url, method,
	{ token, body, headers = {}, signal, from } = {}) {
	const { bytes, headers: typed } = encode(body);

	return new Promise((resolve, reject) => {
		const rq = request(url, { method, agent: false, signal,
			localAddress: from, headers: {
			...(bytes ? { "content-length": bytes.length } : {}),
			...typed, ...SIGNED_IN(token), ...headers } });

		rq.once("error", reject);
		rq.once("response", resolve);
		rq.end(bytes);
	});
}

async function readAll(response) {
	const chunks = [];

	for await (const chunk of response)
		chunks.push(chunk);
	return Buffer.concat(chunks);
}

function parsed(headers, bytes) {
	const text = bytes.toString("utf8");

	return (headers["content-type"] ?? "").startsWith("application/json")
		? JSON.parse(text) : text;
}

async function answerOf(response) {
	const bytes = await readAll(response);

	return { status: response.statusCode, headers: response.headers,
		body: parsed(response.headers, bytes), text: bytes.toString("utf8") };
}

// A request and its whole answer: { status, headers, body, text }.
export async function call(url, method, options) {
	const response = await send(url, method, options);
	const answer = await answerOf(response);

	checkAnswer(method, url, options?.body, answer);
	return answer;
}

// The lines of one event: { id, event, data, text } as the standard has it.
function eventOf(block) {
	const event = { id: undefined, event: undefined, text: undefined };

	for (const line of block.split("\n")) {
		const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line);

		if (name === "data")
			event.text = event.text === undefined ? value
				: `${event.text}\n${value}`;
		else if (name === "id" || name === "event")
			event[name] = value;
	}
	return event;
}

// An answer of events.  Iterate over it: each is { id, text, data, at, raw },
// `data` the JSON, `at` in ms by performance.now(), `raw` the bytes as they
// came.  Comments are kept apart.  An answer that is no stream throws, with
// `status` and `body`.
export class EventStream {
	constructor(url, options = {}) {
		this.controller = new AbortController();
		this.sentAt = performance.now();
		this.chunks = [];
		this.comments = [];
		this.events = [];
		this.isOpen = true;
		this.url = url;
		this.method = options.method
			?? (options.body === undefined ? "GET" : "POST");
		this.sent = options.body;
		this.response = send(url, this.method,
			{ ...options, signal: this.controller.signal });
		this.response.catch(() => {});	// told to who iterates
		options.signal?.addEventListener("abort", () => this.close());
	}

	// Leave, as a browser does whose tab is closed.
	close() {
		this.isOpen = false;
		this.controller.abort();
	}

	// All bytes so far.
	get raw() {
		return Buffer.concat(this.chunks);
	}

	// The text of all "content" so far, of one lane where there are several.
	text(index) {
		return this.events
			.filter((e) => index === undefined || e.data.index === index)
			.map((e) => e.data.content ?? "").join("");
	}

	get last() {
		return this.events.at(-1);
	}

	async open() {
		const response = await this.response;

		this.status = response.statusCode;
		this.headers = response.headers;
		if (response.headers["content-type"] === "text/event-stream") {
			this.check = eventChecker(this.method, this.url, this.status,
				this.headers, this.sent);
			return response;
		}
		const answer = await answerOf(response);

		checkAnswer(this.method, this.url, this.sent, answer);
		const { body } = answer;

		throw Object.assign(new Error(`no stream but ${this.status}: `
			+ JSON.stringify(body)), { status: this.status, body });
	}

	take(block, at) {
		const event = eventOf(block);

		if (event.text === undefined) {
			this.comments.push({ text: block, at });
			return undefined;
		}
		Object.assign(event, { data: JSON.parse(event.text), at,
			raw: `${block}\n\n` });
		this.events.push(event);
		this.check(event.data);
		return event;
	}

	async *[Symbol.asyncIterator]() {
		let held = Buffer.alloc(0);

		try {
			for await (const chunk of await this.open()) {
				const at = performance.now();

				this.chunks.push(chunk);
				held = Buffer.concat([held, chunk]);
				for (let end; (end = held.indexOf("\n\n")) >= 0;) {
					const block = held.subarray(0, end).toString("utf8");
					const event = this.take(block, at);

					held = held.subarray(end + 2);
					if (event)
						yield event;
				}
			}
		} catch (error) {
			if (this.isOpen)
				throw error;
		} finally {
			this.close();
		}
	}

	// Read until an event for which `is` holds, or to the end.
	async read(is = () => false) {
		this.iterator ??= this[Symbol.asyncIterator]();
		for (;;) {
			const { value, done } = await this.iterator.next();

			if (done)
				return undefined;
			if (is(value))
				return value;
		}
	}
}
