// Who comes from where, and what one is told who came too often.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";

let places = 0;

// An address of this machine where nobody has been.
export const newPlace = () => `127.1.${places >> 8}.${++places & 255}`;

export const newName = () => `user-${randomBytes(6).toString("hex")}`;

// Gives the seconds of Retry-After.
export function assertLimited({ status, headers, body, text }, sentence) {
	assert.equal(status, 429, text);
	assert.equal(body.error, "rate_limited");
	assert.match(body.message, sentence);
	const seconds = Number(headers["retry-after"]);

	assert.ok(Number.isInteger(seconds) && seconds > 0, text);
	return seconds;
}
