// Answers of sizes that nobody expects: the memory of a worker is bounded, and
// the end is honest.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { startStack } from "./harness.js";
import { sanitized } from "./lib/build.js";
import { ask, assertWellFormed, first, question, show } from "./lib/turn.js";

const MB_MAX = 150;	// of a worker, whatever it is sent

let stack, ann;

before(async () => {
	stack = await startStack({ workers: 1 });
	ann = await stack.register();
});
after(() => stack.stop());

// The most that the worker ever had, in MB.
const memory = () => Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(
	`/proc/${stack.pids.workers()[0]}/status`, "utf8"))[1]) / 1024;

function assertBounded(t) {
	t.diagnostic(`the worker had ${memory().toFixed(0)} MB at most`);
	if (!sanitized())
		assert.ok(memory() < MB_MAX, `${memory().toFixed(0)} MB`);
}

const TINY = 1_000_000;

test("F17: a million tiny events", { skip: sanitized() }, async (t) => {
	const { status, body } = await stack.api("POST", "/chat", {
		token: ann.token, body: question(
			`size-1:tokens-${TINY}:pace-0:nousage`, {
				on_disconnect: "continue" }) });

	assert.equal(status, 200);
	assert.equal(body.finish_reason, "stop");
	assert.equal(body.response.length, TINY);
	const { messages } = await show(stack, ann.token, body.conversation_id);

	assert.equal(messages[1].content, body.response);
	assertBounded(t);
});

// One event of so many bytes of text.
const LINES = [
	["1 MB in one event", 1_000_000, "stop"],
	["F17: 10 MB in one event", 10_000_000, "provider_protocol"],
	["F17: 60 MB in one event", 60_000_000, "provider_protocol"],
];

for (const [name, size, end] of LINES)
	test(name, async (t) => {
		const stream = await ask(stack, ann.token,
			question(`longline-${size}:tokens-1:pace-0`));
		const { data } = stream.last;

		assertWellFormed(stream);
		assert.equal(data.code ?? data.finish_reason, end);
		if (end === "stop")
			assert.equal(stream.text().length, size);
		const { messages } = await show(stack, ann.token,
			first(stream).conversation_id);

		assert.equal(messages[1].content, stream.text());
		assertBounded(t);
	});
