// The gemini wire through the whole stack: a chat with a key of one's own, what
// the provider is sent, and every kind of end.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startStack, until } from "./harness.js";
import { AFTER_FIVE, COMMON_ENDS, COMMON_FAULTS, FIVE, testEnds, testFaults }
	from "./lib/ends.js";
import { Part } from "./lib/part.js";
import { program } from "./lib/paths.js";
import { askKept, asked, assertKept, begin, first, hasContent, numbers,
	question as demoQuestion, show } from "./lib/turn.js";
import { readLog } from "./lib/web.js";

const KEY = `AIza${randomBytes(17).toString("hex")}`;

let stack, ann, dir, strict, lister, listed = [];

const settings = ({ provider }) => `
[limits]
retries = 0
[timeouts]
idle = 2s
[provider.gemini]
wire = gemini
base_url = ${provider}/v1beta
label = Gemini
[provider.strict]
wire = gemini
base_url = http://${strict.address}/v1beta
label = Strict
[provider.lister]
wire = gemini
base_url = http://127.0.0.1:${lister.address().port}/v1beta
label = Lister
`;

const CHATS = ["countTokens", "generateContent"];
const PAGES = {
	"": { nextPageToken: "to/ken=", models: [
		{ name: "models/gemini-one", displayName: "One",
			inputTokenLimit: 9, supportedGenerationMethods: CHATS },
		{ name: "models/embed-one",
			supportedGenerationMethods: ["embedContent"] }] },
	"to/ken=": { models: [
		{ name: "tunedModels/two", supportedGenerationMethods: CHATS }] },
};

// A provider whose list has two pages.
async function startLister() {
	const server = createServer((request, response) => {
		const url = new URL(request.url, "http://x");
		const after = url.searchParams.get("pageToken") ?? "";

		listed.push({ path: url.pathname, key:
			request.headers["x-goog-api-key"], url: request.url });
		response.setHeader("content-type", "application/json");
		response.end(JSON.stringify(PAGES[after]));
	});

	await new Promise((done) => server.listen(0, "127.0.0.1", done));
	return server;
}

// A provider that takes one key only, which nobody has.
async function startStrict(dir) {
	const log = join(dir, "strict.log");
	const heard = () => /listening on (\S+)/.exec(readLog(log))?.[1];
	const part = new Part({
		name: "strict",
		command: () => [program("demo/llmselect-demo"),
			"--listen", "127.0.0.1:0", "--key", "nobody-has-it"],
		ready: () => heard() !== undefined,
		cwd: dir,
		log,
	});

	await part.start();
	return { part, address: heard() };
}

before(async () => {
	dir = mkdtempSync(join(tmpdir(), "llms-strict-"));
	strict = await startStrict(dir);
	lister = await startLister();
	stack = await startStack({ settings });
	ann = await stack.register();
	for (const provider of ["gemini", "strict", "lister"]) {
		const { status, text } = await stack.api("PUT", `/keys/${provider}`,
			{ token: ann.token, body: { key: KEY } });

		assert.equal(status, 200, text);
	}
});
after(async () => {
	await strict?.part.stop();
	rmSync(dir, { recursive: true, force: true });
	await stack?.stop();
	lister?.closeAllConnections();
	await new Promise((done) => lister?.close(done));
});

const question = (parts, more) =>
	demoQuestion(parts, { provider: "gemini", ...more });

const turn = (body) => askKept(stack, ann.token, body);

test("a chat streams, with its figures", async () => {
	const { stream, answer } = await turn(
		question("seq:tokens-20:pace-20:tag-plain"));
	const content = stream.events.filter(hasContent);
	const { finish_reason, usage } = stream.last.data;

	assert.equal(stream.text(), numbers(20));
	assert.ok(content.at(-1).at - content[0].at > 200, "all came at once");
	assert.equal(finish_reason, "stop");
	assert.equal(answer.state, "complete");
	assert.equal(usage.source, "provider");
	assert.equal(usage.output_tokens, 20);
	assert.ok(usage.input_tokens > 0);
});

test("thoughts are reasoning, and are counted", async () => {
	const { stream, answer } = await turn(
		question("seq:reasoning-7:tokens-5:pace-0"));
	const { usage } = stream.last.data;

	assert.equal(stream.text(), FIVE);
	assert.equal(answer.reasoning,
		Array.from({ length: 7 }, (_, i) => `r${i} `).join(""));
	assert.deepEqual([usage.output_tokens, usage.reasoning_tokens], [12, 7]);
});

test("two turns and a system prompt go as the wire has them, the key in its"
	+ " header alone (S20)", async () => {
	const one = await turn(question("seq:tokens-3:pace-0:tag-one", {
		message: "One? 数据", system: "Be \"brief\".", temperature: 0.5,
		max_tokens: 99 }));
	const { conversation_id } = first(one.stream);

	await turn(question("seq:tokens-3:pace-0:tag-two",
		{ message: "Two?", conversation_id, system: "Be \"brief\"." }));
	const [sent] = await asked(stack, "one");
	const [next] = await asked(stack, "two");

	assert.deepEqual(sent.json, {
		contents: [{ role: "user", parts: [{ text: "One? 数据" }] }],
		systemInstruction: { parts: [{ text: "Be \"brief\"." }] },
		generationConfig: { temperature: 0.5, maxOutputTokens: 99 },
	});
	assert.deepEqual(next.json.contents, [
		{ role: "user", parts: [{ text: "One? 数据" }] },
		{ role: "model", parts: [{ text: "0 1 2 " }] },
		{ role: "user", parts: [{ text: "Two?" }] },
	]);
	for (const { path, query, headers, authorization, body } of [sent, next]) {
		assert.match(path, /^\/v1beta\/models\/demo%3Aseq%3Atokens-3%3A/);
		assert.equal(query, "alt=sse");
		assert.equal(headers["x-goog-api-key"], KEY);
		assert.equal(authorization, null);
		assert.ok(!`${path}?${query}${body}`.includes(KEY));
	}
});

// The model as it is asked for, and where the provider sees it.
const IDS = [
	{ name: "every character that is allowed",
		model: "demo:tokens-1:tag-a/b@d.e_f-g", tag: "a/b@d.e_f-g",
		path: "/v1beta/models/demo%3Atokens-1%3Atag-a%2Fb%40d.e_f-g" },
	{ name: "the prefix of the list", model: "models/demo:tokens-1:tag-prefix",
		tag: "prefix", path: "/v1beta/models/demo%3Atokens-1%3Atag-prefix" },
	{ name: "a host", model: "demo:tokens-1:tag-@127.0.0.1/x",
		tag: "@127.0.0.1/x",
		path: "/v1beta/models/demo%3Atokens-1%3Atag-%40127.0.0.1%2Fx" },
];

for (const { name, model, path, tag } of IDS)
	test(`S20: ${name} reaches the path as one segment`, async () => {
		const { stream } = await turn({ provider: "gemini", model,
			message: "Hi" });
		const [sent] = await asked(stack, tag);

		assert.equal(stream.last.data.done, true, stream.last.text);
		assert.equal(sent.path, `${path}:streamGenerateContent`);
		assert.equal(first(stream).model, model);
	});

test("S20: a model that the provider does not know is told", async () => {
	const { stream } = await turn({ provider: "gemini",
		model: "a/b:c@d.e_f-g", message: "Hi" });
	const sent = await asked(stack, "");

	assert.equal(stream.last.data.code, "model_not_found");
	assert.equal(sent.at(-1).path,
		"/v1beta/models/a%2Fb%3Ac%40d.e_f-g:streamGenerateContent");
});

test("S20: a model that is no id is not asked for", async () => {
	for (const model of ["../x", "x?key=1", "x#y", "%2f", "a\r\nb"]) {
		const { status } = await stack.api("POST", "/chat",
			{ token: ann.token, body: { provider: "gemini", model,
				message: "Hi" } });

		assert.equal(status, 422, model);
	}
});

const ENDS = [
	...COMMON_ENDS,
	{ name: "SAFETY in the middle", parts: "seq:tokens-5:pace-0:filter",
		state: "refused", finish: "content_filter", text: FIVE },
	{ name: "SAFETY before any text", parts: "empty:filter",
		state: "refused", finish: "content_filter", text: "" },
	{ name: "a question that is blocked", parts: "block",
		state: "refused", finish: "content_filter", text: "" },
	{ name: "thoughts and no text", parts: "seq:reasoning-3:empty",
		state: "complete", finish: "stop", text: "" },
];

testEnds(ENDS, ({ parts, more }) => turn(question(parts, more)));

test("multibyte text comes through", async () => {
	const { stream } = await turn(
		question("multibyte:tokens-12:pace-0:slice-3"));

	assert.ok(stream.text().includes("👩‍👩‍👧‍👦"));
	assert.ok(!stream.text().includes("\ufffd"));
});

const FAULTS = [
	...COMMON_FAULTS,
	{ name: "429 with a delay in its details", code: "provider_rate_limited",
		parts: "status-429:retry-after-ms-1500", provider: 429, retry: 2 },
	{ name: "a day's quota", parts: "quota:retry-after-20",
		code: "provider_quota", provider: 429 },
	{ name: "503", parts: "status-503", code: "provider_unavailable",
		provider: 503 },
	{ name: "an HTML page", parts: "html", code: "provider_unavailable",
		provider: 502 },
	{ name: "an error that is bare JSON", parts: `${AFTER_FIVE}:error-5:bare`,
		code: "provider_unavailable", text: FIVE },
	{ name: "a proper end without a finish reason (F15)",
		parts: "seq:tokens-5:pace-0:nofinish", code: "network",
		text: FIVE },
	{ name: "a stall (F12)", parts: `${AFTER_FIVE}:stall-5`,
		code: "timeout", text: FIVE },
];

testFaults(FAULTS, "Gemini", ({ parts }) => turn(question(parts)));

test("stop closes the provider's connection, and what came is kept",
	async () => {
		const body = question("seq:pace-10:tokens-6000:tag-stop");
		const stream = await begin(stack, ann.token, body);

		await stream.read(hasContent);
		const { status } = await stack.api("POST",
			`/streams/${first(stream).stream_id}/cancel`,
			{ token: ann.token });

		assert.equal(status, 200);
		await stream.read();
		assert.equal(stream.last.data.finish_reason, "cancelled");
		await until(async () => (await stack.stats("stop")).early_closed === 1,
			"the provider's connection is closed");
		await assertKept(stack, ann.token, stream, body);
	});

test("the connection to the provider is used again", async () => {
	await turn(question("seq:tokens-2:pace-0"));
	const before = (await stack.stats()).connections;

	for (let i = 0; i < 6; i++)
		await turn(question("seq:tokens-2:pace-0"));
	// one that the other worker makes, and one that looked at the figures
	const { connections } = await stack.stats();

	assert.ok(connections - before <= 1 + 1, `${connections - before} new`);
});

test("S17: a key that is refused, with 400, is told as that and is in no log",
	async () => {
		const { status, body, text } = await stack.api("POST", "/chat",
			{ token: ann.token, body: question("tokens-1",
				{ provider: "strict" }) });

		assert.equal(status, 424);
		assert.equal(body.error, "provider_auth");
		assert.equal(body.message,
			"Strict refused the API key. Check it in Keys.");
		stack.assertNowhere(KEY, text);
	});

test("a key is tested with the list of models, all its pages", async () => {
	const test = async (provider) => (await stack.api("POST",
		`/keys/${provider}/test`, { token: ann.token })).body;

	assert.equal((await test("gemini")).ok, true);
	assert.equal((await test("strict")).code, "provider_auth");
	listed = [];
	const { ok, models } = await test("lister");

	assert.deepEqual([ok, models], [true, 2]);
	assert.deepEqual(listed.map(({ path }) => path),
		["/v1beta/models", "/v1beta/models"]);
	for (const { key, url } of listed) {
		assert.equal(key, KEY);
		assert.ok(!url.includes(KEY));
	}
	const found = await until(async () => {
		const { body } = await stack.api("GET", "/models",
			{ token: ann.token });

		return body.models.filter((m) => m.provider === "lister").length === 2
			&& body.models.filter((m) => m.provider === "lister");
	}, "the models are listed");

	assert.deepEqual(found.map((m) => [m.id, m.name, m.context]).sort(),
		[["gemini-one", "One", 9],
			["tunedModels/two", "tunedModels/two", null]]);
});

test("no word of the provider came through", async () => {
	const { items } = (await stack.api("GET", "/conversations",
		{ token: ann.token })).body;
	const texts = await Promise.all(items.map(async ({ id }) =>
		JSON.stringify(await show(stack, ann.token, id))));

	assert.ok(texts.length > ENDS.length);
	for (const said of ["exceeds the maximum number", "is overloaded",
		"exceeded your current quota", "valid API key", "caller does not",
		"is not found for API version"])
		stack.assertNowhere(said, ...texts);
});
