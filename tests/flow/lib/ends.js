// How answers end and fail whichever wire the provider speaks.  A wire's own
// test adds rows for what only that wire has.

import assert from "node:assert/strict";
import { test } from "node:test";
import { numbers } from "./turn.js";

export const FIVE = numbers(5);
export const AFTER_FIVE = "seq:tokens-20:pace-5";
export const BROKEN = "network|provider_protocol";	// which is not said

// `parts` of the demo provider's script, `more` of the question's body; then
// the finish reason, the state and the text that are kept, and, where the row
// says it, whose the usage is.
export const COMMON_ENDS = [
	{ name: "no usage", parts: "seq:tokens-5:pace-0:nousage",
		state: "complete", finish: "stop", text: FIVE, usage: "estimate" },
	{ name: "no text at all", parts: "empty",
		state: "complete", finish: "stop", text: "" },
	{ name: "byte by byte", parts: "seq:tokens-5:pace-0:slice-1",
		state: "complete", finish: "stop", text: FIVE },
	{ name: "the model's limit", parts: "seq:tokens-5:pace-0:length",
		state: "length", finish: "length", text: FIVE },
	{ name: "our token limit", parts: "seq:tokens-50:pace-0",
		more: { max_tokens: 5 },
		state: "length", finish: "length", text: FIVE },
];

// `code`, a pattern, and `http`, the status of POST /chat; then the provider's
// status where that is not 200, the text that is kept, and retry_after.
export const COMMON_FAULTS = [
	{ name: "401 (F20)", parts: "status-401", code: "provider_auth",
		http: 424, provider: 401 },
	{ name: "403 (F20)", parts: "status-403", code: "provider_auth",
		http: 424, provider: 403 },
	{ name: "404, no such model (F20)", parts: "status-404",
		code: "model_not_found", http: 424, provider: 404 },
	{ name: "400, too long (F20)", parts: "status-400",
		code: "context_length", http: 424, provider: 400 },
	{ name: "an error in the stream (F19)", parts: `${AFTER_FIVE}:error-5`,
		code: "provider_unavailable", http: 502, text: FIVE },
	{ name: "an error in the stream before any text (F19)",
		parts: "seq:error-0", code: "provider_unavailable", http: 502 },
	{ name: "an event that is no JSON (F16)", parts: `${AFTER_FIVE}:badjson-5`,
		code: "provider_protocol", http: 502, text: FIVE },
	{ name: "garbage (F16)", parts: `${AFTER_FIVE}:garbage-5`,
		code: BROKEN, http: 502, text: FIVE },
	{ name: "the connection is cut (F14)", parts: `${AFTER_FIVE}:cut-5`,
		code: "network", http: 502, text: FIVE },
	{ name: "the connection is cut amid an event (F14)",
		parts: `${AFTER_FIVE}:cut-5:mid`,
		code: "network", http: 502, text: FIVE },
	{ name: "the connection is reset (F14)", parts: `${AFTER_FIVE}:reset-5`,
		code: "network", http: 502, text: FIVE },
];

export function assertEnded(row, { stream, answer }) {
	const { done, finish_reason, usage } = stream.last.data;

	assert.equal(done, true, stream.last.text);
	assert.equal(finish_reason, row.finish);
	assert.equal(answer.state, row.state);
	assert.equal(stream.text(), row.text ?? stream.text());
	assert.equal(usage.source, row.usage ?? usage.source);
}

function assertFailed(row, label, { stream, answer }) {
	const { text = "" } = row;
	const { code, error, partial, provider_status, retry_after }
		= stream.last.data;

	assert.match(code ?? stream.last.text, new RegExp(`^(${row.code})$`));
	assert.ok(error.includes(label), error);
	assert.equal(stream.text(), text);
	assert.equal(partial, text !== "");
	assert.equal(provider_status, row.provider ?? 200);
	assert.equal(retry_after, row.retry ?? null);
	assert.equal(answer.state, text === "" ? "failed" : "interrupted");
}

// A test for each row; `turn` asks, and gives { stream, answer }.
export function testEnds(rows, turn) {
	for (const row of rows)
		test(`ends as ${row.finish}: ${row.name}`, async () =>
			assertEnded(row, await turn(row)));
}

// The same for faults of the provider with that label.
export function testFaults(rows, label, turn) {
	for (const row of rows)
		test(`fails as ${row.code}: ${row.name}`, async () =>
			assertFailed(row, label, await turn(row)));
}
