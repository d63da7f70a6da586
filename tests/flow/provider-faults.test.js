// Whatever a provider does, its answer comes to the honest end of the table
// in docs/API.md: the last event, the state that is kept, the status of POST
// /chat.
// The question is kept, so is the text so far, and the conversation goes on.
// Nothing is asked twice here: that is in retries.test.js.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startStack, until } from "./harness.js";
import { AFTER_FIVE, BROKEN, COMMON_ENDS, COMMON_FAULTS, FIVE, assertEnded }
	from "./lib/ends.js";
import { freePort } from "./lib/paths.js";
import { babbles, hangsUp, neverAccepts, strangeTls } from "./lib/peers.js";
import { ask, askKept, asked, first, numbers, question, show }
	from "./lib/turn.js";

const ANSWER_MAX = 100_000;	// bytes; see the settings below
const SOON_MS = 1000;		// the next request is answered within (O5)
const CANARY = `sk-canary-${randomBytes(16).toString("hex")}`;

let stack, ann, dir, peers = {}, descriptors;
const bodies = [];	// of everything that was answered

const section = (name, scheme, host, port, more = "") => `
[provider.${name}]
wire = openai
base_url = ${scheme}://${host}:${port}/v1
label = ${name[0].toUpperCase()}${name.slice(1)}
${more}
`;

const settings = (closed) => `
[limits]
answer_max = ${ANSWER_MAX}
retries = 0
[timeouts]
connect = 1s
first_byte = 2s
idle = 1s
total = 4s
${section("closed", "http", "127.0.0.1", closed)}
${section("unborn", "http", "localhost.invalid", 80, "allow_http = yes")}
${section("full", "http", "127.0.0.1", peers.full.port)}
${section("stranger", "https", "localhost", peers.tls.port)}
${section("imposter", "https", "127.0.0.2", peers.tls.port,
	`ca_file = ${dir}/ca.pem`)}
${section("rude", "https", "localhost", peers.rude.port)}
${section("babbler", "http", "127.0.0.1", peers.babbler.port)}
`;

const OTHERS = ["closed", "unborn", "full", "stranger", "imposter", "rude",
	"babbler"];

before(async () => {
	dir = mkdtempSync(join(tmpdir(), "llms-peers-"));
	const [tls, rude, babbler, full] = await Promise.all([strangeTls(dir),
		hangsUp(), babbles(), neverAccepts()]);

	peers = { tls, rude, babbler, full };
	stack = await startStack({ settings: settings(await freePort()) });
	ann = await stack.register();
	for (const provider of ["demo", ...OTHERS]) {
		const { status, text } = await stack.api("PUT", `/keys/${provider}`,
			{ token: ann.token, body: { key: CANARY } });

		assert.equal(status, 200, text);
	}
	descriptors = stack.pids.workers().map(countDescriptors);
});

after(async () => {
	for (const peer of Object.values(peers))
		peer.stop();
	rmSync(dir, { recursive: true, force: true });
	await stack?.stop();
});

const countDescriptors = (pid) => readdirSync(`/proc/${pid}/fd`).length;

// ---- the rows ----

// Where the answer is one: `finish` and `state`; text is what is kept, all of
// it unless the row says otherwise.
const ENDS = [
	...COMMON_ENDS,
	{ name: "the end marker", parts: "seq:tokens-5:pace-0",
		state: "complete", finish: "stop", text: FIVE },
	{ name: "a finish reason and no [DONE]",
		parts: "seq:tokens-5:pace-0:nodone",
		state: "complete", finish: "stop", text: FIVE },
	{ name: "[DONE] and no finish reason",
		parts: "seq:tokens-5:pace-0:nofinish",
		state: "complete", finish: "stop", text: FIVE },
	{ name: "our ceiling of an answer",
		parts: "seq:size-1000:tokens-400:pace-0",
		state: "length", finish: "length", isLong: true },
	{ name: "a refusal", parts: "seq:tokens-5:pace-0:refusal",
		state: "refused", finish: "refusal", text: FIVE },
	{ name: "the content filter, in the middle",
		parts: "seq:tokens-5:pace-0:filter",
		state: "refused", finish: "content_filter", text: FIVE },
	{ name: "the content filter, before any text", parts: "empty:filter",
		state: "refused", finish: "content_filter", text: "" },
];

// Where it is none: `code` and `http`, and what the provider's status was.
// Without text the state is failed, with text interrupted.
const FAULTS = [
	...COMMON_FAULTS,
	{ name: "a model that the provider does not know", model: "gpt-none",
		code: "model_not_found", http: 424, provider: 404 },
	{ name: "429 and no credit (F21)", parts: "quota",
		code: "provider_quota", http: 424, provider: 429 },
	{ name: "429 with Retry-After (F21)", parts: "status-429:retry-after-7",
		code: "provider_rate_limited", http: 429, provider: 429, retry: 7 },
	{ name: "429 with retry-after-ms (F21)",
		parts: "status-429:retry-after-ms-2500",
		code: "provider_rate_limited", http: 429, provider: 429, retry: 3 },
	{ name: "429 with a date (F21)", parts: "status-429:retry-date-60",
		code: "provider_rate_limited", http: 429, provider: 429,
		retry: [55, 60] },
	{ name: "429 without a time (F21)", parts: "status-429",
		code: "provider_rate_limited", http: 429, provider: 429, retry: null },
	{ name: "500", parts: "status-500",
		code: "provider_unavailable", http: 502, provider: 500 },
	{ name: "503 (F21)", parts: "status-503",
		code: "provider_unavailable", http: 502, provider: 503 },
	{ name: "529 (F21)", parts: "status-529",
		code: "provider_unavailable", http: 502, provider: 529 },
	{ name: "an HTML page with 502 (F16)", parts: "html",
		code: "provider_unavailable", http: 502, provider: 502 },
	{ name: "an HTML page with 200 (F16)", parts: "html:status-200",
		code: "provider_protocol", http: 502, provider: 200 },
	{ name: "the connection is cut before any text (F14)", parts: "seq:cut-0",
		code: "network", http: 502 },
	{ name: "a proper end without the end marker (F15)",
		parts: `${AFTER_FIVE}:end-5`, code: BROKEN, http: 502, text: FIVE },
	{ name: "a proper end amid an event (F15)",
		parts: `${AFTER_FIVE}:end-5:mid`, code: BROKEN, http: 502, text: FIVE },
	{ name: "the end of the connection is no end marker (F15)",
		parts: `${AFTER_FIVE}:end-5:unchunked`, code: BROKEN, http: 502,
		text: FIVE },
	{ name: "the connection is reset amid an event (F14)",
		parts: `${AFTER_FIVE}:reset-5:mid`,
		code: "network", http: 502, text: FIVE },
	{ name: "the connection is closed without a word (F14)", parts: "drop",
		code: "network", http: 502 },
	{ name: "a redirect, which is not followed (S24)",
		parts: "redirect:tag-away", code: "provider_protocol", http: 502,
		provider: 302 },
	{ name: "an event of 20 MB (F17)", parts: "longline-20000000:tokens-1",
		code: "provider_protocol", http: 502 },
	{ name: "silence (F11)", parts: "silent", code: "timeout", http: 504 },
	{ name: "silence behind the head (F11)", parts: "seq:first-60000",
		code: "timeout", http: 504 },
	{ name: "a stall in the middle (F12)", parts: `${AFTER_FIVE}:stall-5`,
		code: "timeout", http: 504, text: FIVE },
	{ name: "a stall amid an event (F12)", parts: `${AFTER_FIVE}:stall-5:mid`,
		code: "timeout", http: 504, text: FIVE },
	{ name: "a drip without an end (F13)", parts: "seq:tokens-600:pace-300",
		code: "timeout", http: 504, isPrefixOf: numbers(600) },
	{ name: "one byte at a time (F13)",
		parts: "seq:tokens-600:slice-1:slice-pace-1",
		code: "timeout", http: 504, isPrefixOf: numbers(600) },
	{ name: "no connection (closed port)", by: "closed", code: "network",
		http: 502, names: "127.0.0.1" },
	{ name: "no such host (F22)", by: "unborn", code: "network", http: 502,
		names: "localhost.invalid" },
	{ name: "a connection that does not come about", by: "full",
		code: "timeout", http: 504, names: "127.0.0.1" },
	{ name: "a certificate nobody trusts (F23)", by: "stranger",
		code: "network", http: 502, names: "localhost" },
	{ name: "the certificate of another host (F23)", by: "imposter",
		code: "network", http: 502, names: "127.0.0.2" },
	{ name: "no TLS after all (F23)", by: "rude", code: "network", http: 502,
		names: "localhost" },
	{ name: "no HTTP at all (F16)", by: "babbler", code: BROKEN, http: 502 },
];

// ---- what holds for every row ----

const bodyOf = ({ parts, model, by, more }) => ({ ...question(parts, more),
	...(model && { model }), ...(by && { provider: by, model: "m" }),
	message: "What then?" });

const labelOf = ({ by = "demo" }) => by[0].toUpperCase() + by.slice(1);

async function inTime(work) {
	const began = performance.now();
	const result = await work();

	assert.ok(performance.now() - began < SOON_MS);
	return result;
}

// The same question twice, as a stream and in one piece.
async function askBothWays(row) {
	const body = bodyOf(row);
	const [{ stream, answer }, whole] = await Promise.all([
		askKept(stack, ann.token, body),
		stack.api("POST", "/chat", { token: ann.token, body })]);

	bodies.push(stream.raw.toString(), whole.text);
	assert.deepEqual(answer.usage, stream.last.data.usage ?? answer.usage);
	return { stream, whole, answer };
}

// O5: the next request is answered soon.  The conversation goes on, and the
// provider is told of the question.
async function goOn(stream, tag) {
	const { conversation_id } = first(stream);

	await inTime(() => stack.api("GET", "/health"));
	const shown = await inTime(() => stack.api("GET",
		`/conversations/${conversation_id}`, { token: ann.token }));

	bodies.push(shown.text);
	const next = await ask(stack, ann.token, question(
		`seq:tokens-2:pace-0:tag-${tag}`,
		{ conversation_id, message: "And now?" }));

	assert.equal(next.last.data.done, true, next.last.text);
	assert.equal(next.text(), numbers(2));
	const [{ json, truncated }] = await asked(stack, tag);
	const said = stream.text();

	if (!truncated)
		assert.deepEqual(json.messages.map((m) => [m.role, m.content]),
			said === "" ? [["user", "What then?\n\nAnd now?"]]
				: [["user", "What then?"], ["assistant", said],
					["user", "And now?"]]);
	assert.equal((await show(stack, ann.token, conversation_id))
		.messages.length, 4);
}

for (const [i, row] of ENDS.entries())
	test(`ends as ${row.finish}: ${row.name}`, async () => {
		const { stream, whole, answer } = await askBothWays(row);

		assertEnded(row, { stream, answer });
		assert.equal(answer.finish_reason, row.finish);
		assert.equal(answer.error, undefined);
		assert.equal(whole.status, 200, whole.text);
		assert.equal(whole.body.finish_reason, row.finish);
		if (!row.isLong)
			assert.equal(whole.body.response, row.text);
		for (const text of row.isLong ? [stream.text(),
			whole.body.response] : [])
			assert.ok(text.length > ANSWER_MAX - 2000
				&& text.length <= ANSWER_MAX, `${text.length} bytes`);
		await goOn(stream, `end-${i}`);
	});

for (const [i, row] of FAULTS.entries())
	test(`fails as ${row.code}: ${row.name}`, async () => {
		const { stream, whole, answer } = await askBothWays(row);
		const { error, code, partial, provider_status, retry_after, message_id }
			= stream.last.data;
		const text = stream.text();

		assert.match(code ?? stream.last.text, new RegExp(`^(${row.code})$`));
		assert.equal(message_id, answer.id);
		assert.equal(partial, text !== "");
		if (row.text !== undefined)
			assert.equal(text, row.text);
		else if (row.isPrefixOf)
			assert.ok(text !== "" && row.isPrefixOf.startsWith(text));
		else
			assert.equal(text, "");
		assert.equal(answer.state, partial ? "interrupted" : "failed");
		assert.deepEqual(answer.error, { code, message: error });
		assert.ok(error.includes(labelOf(row)), error);
		assert.ok(error.includes(row.names ?? ""), error);
		if (row.provider)
			assert.equal(provider_status, row.provider);
		const [least, most] = [row.retry ?? null].flat();

		if (most)
			assert.ok(retry_after >= least && retry_after <= most);
		else
			assert.equal(retry_after, least);

		assert.equal(whole.status, row.http, whole.text);
		assert.match(whole.headers["content-type"], /^application\/json/);
		assert.equal(whole.body.error, code);
		assert.equal(whole.body.message, error);
		assert.match(whole.body.request_id, /^[0-9a-f]{16}$/);
		const kept = await show(stack, ann.token, whole.body.conversation_id);

		assert.equal(kept.messages[0].content, "What then?");
		assert.equal(kept.messages[1].id, whole.body.message_id);
		await goOn(stream, `fault-${i}`);
	});

// ---- what holds after all of them ----

test("S24: a redirect is not followed", async () => {
	assert.equal((await stack.stats("away")).requests, 2);
	assert.equal((await stack.stats("redirected-away")).requests, 0);
});

// What the demo provider says in its errors, pages and garbage.
const RAW = ["You can find your API key", "maximum context length is",
	"Rate limit reached", "org-demo", "exceeded your current quota",
	"Sorry about that", "Bad Gateway", "these bytes are no event",
	"currently overloaded", "Country, region", "does not exist or you do not",
	"SSH-2.0"];

test("S17, S19: no key and nothing of a provider's own words came through",
	() => {
		const end = CANARY.slice(-8);	// which the provider shows in a 401

		for (const secret of [CANARY, end, stack.providerKey, ...RAW])
			stack.assertNowhere(secret, ...bodies);
		assert.ok(bodies.length > 3 * FAULTS.length);
	});

test("O4: what was open is closed again", async () => {
	const IDLE = 16;	// connections to the provider that serve the next
	const OWN = 17;	// a file of each thread, made with its first request

	await until(async () => (await stack.stats()).open === 0,
		"the provider has nobody left");
	await until(() => stack.pids.workers().every((pid, i) =>
		countDescriptors(pid) <= descriptors[i] + IDLE + OWN),
	"the workers' descriptors are as before");
	const [{ n }] = await stack.db("SELECT COUNT(*) AS n FROM messages"
		+ " WHERE state = 'running' OR running_in IS NOT NULL");

	assert.equal(n, "0");
});
