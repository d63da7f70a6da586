// Providers without code: every section of conf/providers.example.conf, as it
// stands but for its address, against the demo provider speaking as that host
// does.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startStack, until } from "./harness.js";
import { ROOT, program } from "./lib/paths.js";
import { ask, asked, assertKept, assertWellFormed, begin, ended, first,
	hasContent, numbers, reasoningOf } from "./lib/turn.js";

const EXAMPLE = join(ROOT, "conf/providers.example.conf");

// The key of each section, of those that users bring.
const KEY = "sk-other-hosts-0123456789";

// The demo provider speaks as a host below its name, but for those whose own
// paths tell them apart.
const AT_THE_ROOT = new Set(["openai", "anthropic", "gemini"]);

// What a host does in its own way.  `error` is what its error in the stream
// means, `bodies` what its own bodies do; each row of them is a script part.
const HOSTS = {
	openai: { error: "provider_unavailable" },
	anthropic: { error: "provider_unavailable", header: "x-api-key" },
	gemini: { error: "provider_unavailable", header: "x-goog-api-key",
		query: "alt=sse" },
	mistral: { error: "provider_unavailable", bodies: {
		"status-400": "context_length", "status-401": "provider_auth",
		"status-404": "model_not_found",
		"status-429": "provider_rate_limited",
		quota: "provider_rate_limited" } },
	ollama: { error: "provider_unavailable", bodies: {
		"status-400": "context_length", "status-401": "provider_auth",
		"status-404": "model_not_found" } },
	vllm: { error: "provider_unavailable", bodies: {
		"status-400": "context_length", "status-401": "provider_auth",
		"status-404": "model_not_found" } },
	groq: { error: "provider_rejected" },
	openrouter: { error: "provider_unavailable", bodies: {
		"status-401": "provider_auth", "status-402": "provider_quota",
		"status-429": "provider_rate_limited" } },
	deepseek: { error: "provider_unavailable", bodies: {
		"status-400": "context_length", "status-401": "provider_auth",
		"status-402": "provider_quota" } },
	azure: { error: "provider_unavailable", header: "api-key",
		query: "api-version=v1", models: ["gpt-4o", "gpt-4o-mini"], bodies: {
			"status-401": "provider_auth",
			"status-404": "model_not_found",
			"status-429": "provider_rate_limited" } },
	perplexity: { error: "provider_unavailable",
		models: ["sonar", "sonar-pro", "sonar-reasoning-pro"], bodies: {
			"status-400": "context_length",
			"status-401": "provider_auth" } },
};

let stack, ann;

// The example with the demo provider's addresses.
function localized(provider) {
	let name;

	return readFileSync(EXAMPLE, "utf8").split("\n").map((line) => {
		name = /^\[provider\.(.*)\]$/.exec(line)?.[1] ?? name;
		return line.replace(/^(base_url = )https?:\/\/[^/]+/, (_, key) =>
			`${key}${provider}${AT_THE_ROOT.has(name) ? "" : `/${name}`}`);
	}).join("\n");
}

const sections = () => [...readFileSync(EXAMPLE, "utf8")
	.matchAll(/^\[provider\.(.*)\]$/gm)].map(([, name]) => name);

before(async () => {
	stack = await startStack({ workers: 1 });
	stack.setSettings(`[limits]\nretries = 0\n${localized(stack.provider)}`);
	await stack.parts.llmselect.restart("SIGTERM");
	await until(async () =>
		(await stack.api("GET", "/ready")).status === 200, "it is ready");
	ann = await stack.register();
	for (const name of Object.keys(HOSTS)) {
		const { status, text } = await stack.api("PUT", `/keys/${name}`,
			{ token: ann.token, body: { key: KEY } });

		assert.equal(status, 200, text);
	}
});
after(() => stack?.stop());

const question = (provider, parts) =>
	({ provider, model: `demo:${parts}`, message: "Hi" });

test("the example loads as it is installed", () => {
	const said = execFileSync(program("admin/llmselect-admin"),
		["check-conf", "--conf", EXAMPLE], { encoding: "utf8" });

	assert.equal(said, "ok\n");
});

test("a wire that is not there, and a key file that is not, are told", () => {
	for (const [line, sentence] of [["wire = telex", /no such wire; there is/],
		["key_file = /no/such/file", /key_file = \/no\/such\/file: /]]) {
		const conf = join(stack.dir, "bad.conf");

		execFileSync("tee", [conf], { input:
			`[provider.x]\nbase_url = https://h/\n${line}\n` });
		assert.throws(() => execFileSync(program("admin/llmselect-admin"),
			["check-conf", "--conf", conf], { stdio: "pipe" }),
		(error) => sentence.test(error.stderr.toString()));
	}
});

test("each section of the example is tried here", () => {
	assert.deepEqual(sections().sort(), Object.keys(HOSTS).sort());
});

for (const [name, host] of Object.entries(HOSTS)) {
	describe(name, () => {
		test("text, reasoning, usage and the end", async () => {
			const body = question(name,
				`seq:tokens-5:reasoning-3:pace-0:tag-${name}`);
			const stream = await ask(stack, ann.token, body);
			const { done, finish_reason, usage } = stream.last.data;

			assertWellFormed(stream);
			assert.equal(done, true);
			assert.equal(finish_reason, "stop");
			assert.equal(stream.text(), numbers(5));
			assert.equal(reasoningOf(stream), "r0 r1 r2 ");
			assert.equal(usage.source, "provider");
			assert.equal(usage.output_tokens, 8);
			assert.equal(usage.reasoning_tokens, 3);
			assert.ok(usage.input_tokens > 0);
			await assertKept(stack, ann.token, stream, body);
		});

		test("the key and the address are what the section says", async () => {
			const [rq] = await asked(stack, name);

			assert.equal(rq.query, host.query ?? null);
			if (host.header) {
				assert.equal(rq.headers[host.header], KEY);
				assert.equal(rq.authorization, null);
			} else
				assert.equal(rq.authorization, `Bearer ${KEY}`);
		});

		test("an error in the stream, with the text so far", async () => {
			const body = question(name, "seq:tokens-9:pace-0:error-4");
			const stream = await ask(stack, ann.token, body);

			assertWellFormed(stream);
			assert.equal(stream.last.data.code, host.error);
			assert.equal(stream.text(), numbers(4));
			await assertKept(stack, ann.token, stream, body);
		});

		test("a stream that breaks off is no answer", async () => {
			const stream = await ask(stack, ann.token,
				question(name, "seq:tokens-9:pace-0:end-4"));

			assert.match(stream.last.data.code, /^(network|provider_protocol)$/);
			assert.equal(stream.text(), numbers(4));
		});

		test("stop closes the provider's connection", async () => {
			const tag = `stop-${name}`;
			const body = question(name, `seq:tokens-500:pace-20:tag-${tag}`);
			const stream = await begin(stack, ann.token, body);

			await stream.read(hasContent);
			const { status } = await stack.api("POST",
				`/streams/${first(stream).stream_id}/cancel`,
				{ token: ann.token });

			assert.ok(status < 300, `${status}`);
			await stream.read();
			assert.equal(stream.last.data.finish_reason, "cancelled");
			await until(async () => (await stack.stats(tag)).open === 0,
				"the connection is closed");
			assert.equal((await stack.stats(tag)).early_closed, 1);
			await ended(stack, ann.token, first(stream).conversation_id);
		});

		test("one JSON body in place of a stream is an answer", async () => {
			const stream = await ask(stack, ann.token, question(name,
				"seq:tokens-5:reasoning-3:pace-0:whole"));

			assert.equal(stream.last.data.finish_reason, "stop");
			assert.equal(stream.text(), numbers(5));
			assert.equal(reasoningOf(stream), "r0 r1 r2 ");
		});

		for (const [part, code] of Object.entries(host.bodies ?? {}))
			test(`${part} is ${code}`, async () => {
				const stream = await ask(stack, ann.token,
					question(name, part)).catch((error) => error);
				const said = stream.body ?? stream.last.data;

				assert.equal(said.code, code);
				assert.doesNotMatch(said.error, /demo:/);
			});

		if (host.models)
			test("the models that the section names are offered", async () => {
				const { body } = await stack.api("GET", "/models",
					{ token: ann.token });

				assert.deepEqual(body.models
					.filter(({ provider }) => provider === name)
					.map(({ id }) => id), host.models);
			});
	});
}

test("Azure: output that was blocked, without a message", async () => {
	for (const parts of ["empty:filter", "whole:filter:tokens-3"]) {
		const stream = await ask(stack, ann.token, question("azure", parts));

		assert.equal(stream.last.data.finish_reason, "content_filter");
		assert.equal(stream.text(), "");
	}
});

test("Mistral: what it does not take is not sent", async () => {
	const body = { ...question("mistral", "tokens-1:pace-0:tag-strict"),
		temperature: 2, max_tokens: 9, reasoning_effort: "low",
		system: "Be brief." };
	const stream = await ask(stack, ann.token, body);
	const [{ json }] = await asked(stack, "strict");

	assert.equal(stream.last.data.finish_reason, "stop");
	assert.equal(json.temperature, 1.5);
	assert.equal(json.max_tokens, 9);
	assert.equal(json.messages[0].role, "system");
	assert.ok(!("stream_options" in json) && !("reasoning_effort" in json));
});
