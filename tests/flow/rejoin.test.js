// A reader that was cut off comes back, to whichever worker, and has the same
// text as one that never left.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startStack, until } from "./harness.js";

const TOKENS = 60;
const WHOLE = Array.from({ length: TOKENS }, (_, i) => `${i} `).join("");
const READERS = 48;	// more than a stream takes as its own (16), on a worker

let stack, ann, bob;

before(async () => {
	stack = await startStack({ workers: 2 });
	ann = await stack.register();
	bob = await stack.register();
});
after(() => stack.stop());

const ask = (model, more = {}) => stack.sse("/chat/stream", {
	token: ann.token,
	body: { provider: "demo", model, message: "Count.",
		on_disconnect: "continue", ...more } });

const join = (id, position, user = ann) => stack.sse(`/streams/${id}`, {
	token: user.token,
	headers: position === undefined ? {} : { "last-event-id": position } });

// The text that a reader shows at the end, "restart" heeded.
function shown(events) {
	let text = "";

	for (const { data } of events)
		text = data.restart ? "" : text + (data.content ?? "");
	return text;
}

// Start an answer and read some of it: { first, text, position }.
async function begin(model, more) {
	const stream = ask(model, more);

	await stream.read(({ data }) => data.content?.startsWith("9"));
	return { stream, first: stream.events[0].data, text: stream.text(),
		position: stream.last.id };
}

async function readToTheEnd(stream) {
	await stream.read();
	return stream;
}

test("F26, F27: readers of both workers go on exactly where they were",
	async () => {
		const { first, text, position, stream } = await begin(
			`demo:seq:tokens-${TOKENS}:pace-40:tag-rejoin`);

		stream.close();
		const readers = await Promise.all(
			Array.from({ length: READERS }, (_, i) => readToTheEnd(
				join(first.stream_id, i % 2 ? position : undefined))));

		for (const [i, reader] of readers.entries()) {
			assert.deepEqual(reader.events[0].data, first);
			assert.equal((i % 2 ? text : "") + shown(reader.events), WHOLE);
			assert.equal(reader.last.data.finish_reason, "stop");
			assert.ok(!reader.events.some((e) => e.data.restart));
		}
		const { requests } = await stack.stats("rejoin");

		assert.equal(requests, 1);
	});

test("every position of a finished answer gives exactly the rest", async () => {
	const stream = ask("demo:multibyte:tokens-12:pace-1");

	await stream.read();
	const id = stream.events[0].data.stream_id;
	const whole = stream.text();

	for (const event of stream.events.slice(1)) {
		const before = stream.events
			.slice(0, stream.events.indexOf(event) + 1)
			.map((e) => e.data.content ?? "").join("");
		const reader = await readToTheEnd(join(id, event.id));

		assert.equal(before + shown(reader.events), whole);
		assert.equal(reader.last.text, stream.last.text);
	}
});

for (const [name, position] of [
	["lies past the end", "99999.0"],
	["lies past the reasoning", "0.5"],
	["is no position", "junk"],
	["is half a position", "12."],
	["is negative", "-1.0"],
	["cuts a character in two", "1.0"],
])
	test(`a position that ${name} starts again, with all the text`, async () => {
		const stream = ask("demo:multibyte:tokens-4:pace-1");

		await stream.read();
		const reader = await readToTheEnd(
			join(stream.events[0].data.stream_id, position));

		assert.equal(reader.events[1].data.restart, true);
		assert.equal(shown(reader.events), stream.text());
	});

test("reasoning is rejoined as well", async () => {
	const stream = ask("demo:seq:reasoning-5:tokens-5:pace-1");

	await stream.read();
	const id = stream.events[0].data.stream_id;
	const thoughts = (events) => events
		.map((e) => e.data.reasoning ?? "").join("");
	const reader = await readToTheEnd(join(id));

	assert.equal(thoughts(reader.events), thoughts(stream.events));
	assert.equal(shown(reader.events), stream.text());
});

test("?after= does what Last-Event-ID does", async () => {
	const stream = ask("demo:seq:tokens-10:pace-1");

	await stream.read();
	const { id } = stream.events[5];
	const reader = await readToTheEnd(stack.sse(
		`/streams/${stream.events[0].data.stream_id}?after=${id}`,
		{ token: ann.token }));

	assert.equal(shown(reader.events), stream.text()
		.slice(parseInt(id, 10)));
});

test("S9: another user's stream is not there", async () => {
	const { first, stream } = await begin(
		`demo:seq:tokens-${TOKENS}:pace-20`);

	for (let i = 0; i < 4; i++)
		await assert.rejects(readToTheEnd(join(first.stream_id, "", bob)),
			{ status: 404 });
	await stream.read();
	await assert.rejects(readToTheEnd(join(first.stream_id, "", bob)),
		{ status: 404 });
});

test("a reload in mid-answer shows what there is so far", async () => {
	const { first, text, stream } = await begin(
		`demo:seq:tokens-${TOKENS}:pace-40`);
	let last;

	await until(async () => {
		const { body } = await stack.api("GET",
			`/conversations/${first.conversation_id}`, { token: ann.token });

		last = body.messages.at(-1);
		return last.content.length >= text.length;
	}, "what was shown is what a reload shows");
	assert.equal(last.state, "running");
	assert.ok(WHOLE.startsWith(last.content), last.content);
	await stream.read();
	assert.deepEqual(await stack.db("SELECT COUNT(*) AS n FROM segments"),
		[{ n: "0" }]);
});

test("a stopped answer is told to who comes back as it ended", async () => {
	const { first, stream } = await begin(
		`demo:seq:tokens-${TOKENS}:pace-40`);

	await stack.api("POST", `/streams/${first.stream_id}/cancel`,
		{ token: ann.token, body: {} });
	await stream.read();
	const reader = await readToTheEnd(join(first.stream_id));

	assert.equal(reader.last.data.finish_reason, "cancelled");
	assert.equal(shown(reader.events), stream.text());
	assert.equal(reader.last.text, stream.last.text);
});

test("a failed answer is told to who comes back as it ended", async () => {
	const stream = ask("demo:seq:tokens-9:pace-1:cut-5");

	await stream.read();
	const reader = await readToTheEnd(
		join(stream.events[0].data.stream_id));

	assert.equal(reader.last.data.code, "network");
	assert.equal(reader.last.data.error, stream.last.data.error);
	assert.equal(shown(reader.events), stream.text());
});

test("who follows an answer whose worker is killed is told the truth",
	async () => {
		const { first, stream } = await begin("demo:seq:tokens-400:pace-40");
		const readers = Array.from({ length: 4 }, () =>
			readToTheEnd(join(first.stream_id)).catch(() => undefined));
		const [{ owner }] = await stack.db("SELECT w.pid AS owner"
			+ " FROM messages m JOIN workers w ON w.id = m.owner"
			+ " WHERE m.state = 'running'");

		process.kill(Number(owner), "SIGKILL");
		await Promise.allSettled(readers);
		stream.close();
		let reader;

		await until(async () => {
			reader = await readToTheEnd(join(first.stream_id));
			return reader.last.data.code !== undefined;
		}, "the answer is given up", 15_000);
		assert.equal(reader.last.data.code, "interrupted");
		assert.equal(reader.last.data.partial, true);
		assert.ok(WHOLE.startsWith(shown(reader.events).slice(0, 20)));
	});
