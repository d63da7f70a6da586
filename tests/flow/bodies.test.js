// S33: bodies that are JSON, nearly JSON or nothing of the kind, sent to the
// workers themselves: the rows of tests/bodies/index.json, which the unit test
// of the reader (tests/unit/test_body.c) has too.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startStack } from "./harness.js";
import { ROOT } from "./lib/paths.js";
import { ask, countRows, numbers, question } from "./lib/turn.js";

const ROWS = JSON.parse(readFileSync(join(ROOT, "tests/bodies/index.json"),
	"utf8"));

let stack, ann, pids, rows;

before(async () => {
	stack = await startStack();
	ann = await stack.register();
	pids = stack.pids.workers();
	rows = await countRows(stack);
});
after(() => stack?.stop());

const bodyOf = ({ text, bytes, repeat }) =>
	text !== undefined ? Buffer.from(text)
		: bytes !== undefined ? Buffer.from(bytes, "latin1")
			: Buffer.from(repeat.map(([part, times]) => part.repeat(times))
				.join(""));

// What is an object is found wanting, as none of the rows has what is required.
function assertRefused({ status, body, text }, row) {
	if (row.is === "object") {
		assert.equal(status, 422, text);
		return;
	}
	assert.equal(status, 400, text);
	assert.equal(body.error, "bad_json");
	assert.equal(body.message, row.is === "other"
		? "The request body has to be a JSON object."
		: "The request body is not readable JSON: "
			+ `line ${row.at[0]}, column ${row.at[1]}.`);
	assert.equal(body.details, undefined);
}

for (const row of ROWS)
	test(`S33: ${row.name}: ${row.is ?? "unreadable"}`, async () => {
		const body = bodyOf(row);

		for (const [path, token] of [["/auth/login"], ["/chat", ann.token]])
			assertRefused(await stack.api("POST", path, { token, body,
				headers: { "content-type": "application/json" } }), row);
	});

test("S33: nobody who is not signed in has a body read", async () => {
	const { status, body } = await stack.api("POST", "/chat", { body: "{{{" });

	assert.equal(status, 401);
	assert.equal(body.error, "unauthenticated");
});

test("S33: after all of them the same workers serve, and nothing was kept",
	async () => {
		assert.ok(ROWS.length >= 200);
		assert.deepEqual(stack.pids.workers(), pids);
		assert.deepEqual(await countRows(stack), rows);
		assert.equal((await stack.stats()).requests, 0);
		const answer = await ask(stack, ann.token, question("seq:tokens-3"));

		assert.equal(answer.text(), numbers(3));
	});
