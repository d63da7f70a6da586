// Users beside their tokens: as rows of the database, and as pages with a cookie.

import assert from "node:assert/strict";

// An id as SQL has it.
export const sqlId = (id) => `UNHEX('${id.replaceAll("-", "")}')`;

// What a browser sends of its own accord, and what our page adds.
export const pageHeaders = (stack, { token, csrf }) => ({
	cookie: `llmselect_session=${token}`, origin: new URL(stack.url).origin,
	"x-csrf-token": csrf });

// The same request by cookie: refused without the CSRF token, then taken with
// it.  Gives the second answer.
export async function asPage(stack, account, method, path, body) {
	const headers = pageHeaders(stack, account);
	const { "x-csrf-token": csrf, ...forged } = headers;

	assert.ok(csrf);
	const refused = await stack.api(method, path, { headers: forged, body });

	assert.equal(refused.status, 403, refused.text);
	assert.equal(refused.body.error, "csrf_failed");
	return stack.api(method, path, { headers, body });
}

// The status that a token gets.
export const statusOf = async (stack, token) =>
	(await stack.api("GET", "/auth/me", { token })).status;

// An answer that goes on until somebody stops it, whoever reads.
export async function endless(stack, token, tag) {
	const stream = stack.sse("/chat/stream", { token, body: {
		provider: "demo", message: "Go on.", on_disconnect: "continue",
		model: `demo:seq:pace-20:tokens-3000:tag-${tag}` } });

	await stream.read(({ data }) => data.content !== undefined);
	return stream;
}

// It ends because somebody stopped it or its row is gone.
export async function assertStopped(stream) {
	await stream.read();
	const { finish_reason, code } = stream.last.data;

	assert.ok(finish_reason === "cancelled" || code === "interrupted",
		stream.last.text);
}

// One kind of refusal, in words for a person.
export function assertRefused({ status, body, text }, wantStatus, wantCode,
	sentence) {
	assert.equal(status, wantStatus, text);
	assert.equal(body.error, wantCode, text);
	assert.match(body.message, sentence);
}
