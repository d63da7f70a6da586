// The models that can be chosen, and whether a key is taken: what providers
// say to a key is merged in, and is nobody else's business.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { execFile } from "node:child_process";
import { startStack, until } from "./harness.js";
import { freePort, program } from "./lib/paths.js";

// A provider whose list depends on the key: by key, status and body.
const ANSWERS = {
	"sk-ann-0123456789": [200, { object: "list", data: [
		{ id: "gpt-4o" }, { id: "secret-of-ann", context_length: 4096 },
		{ id: "text-embedding-3" }, { id: "../evil?x" }, { id: "a b" },
		{ id: 7 }, {}] }],
	"sk-bob-0123456789": [200, { object: "list",
		data: [{ id: "secret-of-bob" }] }],
	"sk-refused-012345": [401, { error: { code: "invalid_api_key",
		message: "Incorrect API key provided: sk-refused-012345" } }],
	"sk-busy-012345678": [429, { error: { code: "rate_limit_exceeded" } }],
	"sk-page-012345678": [200, "<html>Welcome</html>"],
	undefined: [200, { data: [{ id: "free-model" }] }],
	"sk-other-01234567": [200, { hello: "world" }],
};

let stack, server, asked = [];

// Those with a key; the provider that wants none is asked for its list too.
const keyed = () => asked.filter(({ key }) => key !== undefined);

const closeAll = () => new Promise((done) => {
	server.closeAllConnections();
	server.close(done);
});

before(async () => {
	server = createServer((request, response) => {
		const key = request.headers.authorization?.slice("Bearer ".length);
		const [status, body] = ANSWERS[key] ?? [403, {}];

		asked.push({ key, method: request.method, url: request.url });
		response.writeHead(status, { "content-type": "application/json" });
		response.end(typeof body === "string" ? body : JSON.stringify(body));
	});
	await new Promise((done) => server.listen(0, "127.0.0.1", done));
	stack = await startStack({ workers: 2, settings: `
[provider.openai]
wire = openai
base_url = http://127.0.0.1:${server.address().port}/v1
label = OpenAI
[provider.free]
wire = openai
base_url = http://127.0.0.1:${server.address().port}/v1
label = Free
keyless = yes
[provider.closed]
wire = openai
base_url = http://127.0.0.1:${await freePort()}/v1
label = Closed
` });
});
after(async () => {
	await stack?.stop();
	await closeAll();
});

const putKey = async (user, provider, key) => {
	const { status, text } = await stack.api("PUT", `/keys/${provider}`,
		{ token: user.token, body: { key } });

	assert.equal(status, 200, text);
};

const models = async (user, query = "") => {
	const { status, body, text } = await stack.api("GET", `/models${query}`,
		{ token: user.token });

	assert.equal(status, 200, text);
	return { of: (id) => body.providers.find((p) => p.id === id),
		named: (id) => body.models.find((m) => m.id === id), ...body };
};

const settled = (user, provider, query) => until(async () => {
	const list = await models(user, query);

	return !list.of(provider).refreshing && list;
}, "the list has come");

test("without a key nobody is asked, and nothing is said of what is listed",
	async () => {
		const user = await stack.register();
		const list = await models(user);

		assert.equal(list.of("openai").key, null);
		assert.equal(list.of("openai").refreshing, false);
		assert.equal(list.of("openai").listed_at, null);
		assert.equal(list.named("gpt-4o").listed, null);
		assert.deepEqual(keyed(), []);
	});

test("what a provider lists for a key is merged into the catalog's models",
	async () => {
		const ann = await stack.register();

		await putKey(ann, "openai", "sk-ann-0123456789");
		assert.equal((await models(ann)).of("openai").refreshing, true);
		const list = await settled(ann, "openai");

		assert.match(list.of("openai").listed_at, /^\d{4}-.*Z$/);
		assert.equal(list.named("gpt-4o").listed, true);
		assert.ok(list.named("gpt-4o").price);
		assert.equal(list.named("gpt-4o-mini").listed, false);
		assert.deepEqual(list.named("secret-of-ann"), {
			id: "secret-of-ann", provider: "openai", name: "secret-of-ann",
			context: 4096, max_output: null, capabilities: null, price: null,
			listed: true });
		for (const id of ["text-embedding-3", "../evil?x", "a b"])
			assert.equal(list.named(id), undefined, id);
		assert.deepEqual(keyed().at(-1), { key: "sk-ann-0123456789",
			method: "GET", url: "/v1/models" });
	});

test("it is asked once, by whichever worker, until somebody wants it anew",
	async () => {
		const ann = await stack.register();
		const before = keyed().length;

		await putKey(ann, "openai", "sk-ann-0123456789");
		await Promise.all(Array.from({ length: 10 }, () => models(ann)));
		await settled(ann, "openai");
		const once = keyed().length - before;

		assert.ok(once >= 1 && once <= 2, `${once} times`);	// two workers
		for (let i = 0; i < 6; i++)
			await models(ann);
		assert.equal(keyed().length - before, once);
		assert.equal((await models(ann, "?refresh=1")).of("openai").refreshing,
			true);
		await until(() => keyed().length - before === once + 1, "it is asked");
	});

test("S8: nobody sees what is listed for another's key", async () => {
	const [ann, bob] = [await stack.register(), await stack.register()];

	await putKey(ann, "openai", "sk-ann-0123456789");
	await putKey(bob, "openai", "sk-bob-0123456789");
	await settled(ann, "openai");
	const mine = await settled(bob, "openai");

	assert.ok(mine.named("secret-of-bob"));
	assert.equal(mine.named("secret-of-ann"), undefined);
	assert.ok((await models(ann)).named("secret-of-ann"));
	assert.equal((await models(ann)).named("secret-of-bob"), undefined);
});

test("another key, or none, takes its list along", async () => {
	const ann = await stack.register();

	await putKey(ann, "openai", "sk-ann-0123456789");
	await settled(ann, "openai");
	await putKey(ann, "openai", "sk-bob-0123456789");
	assert.equal((await models(ann)).named("secret-of-ann"), undefined);
	await settled(ann, "openai");
	await stack.api("DELETE", "/keys/openai", { token: ann.token });
	assert.equal((await models(ann)).named("secret-of-bob"), undefined);
});

test("a list that cannot be had leaves the catalog, and is let be for a while",
	async () => {
		const ann = await stack.register();

		await putKey(ann, "closed", "sk-any-0123456789");
		const list = await settled(ann, "closed");

		assert.equal(list.of("closed").listed_at, null);
		await putKey(ann, "openai", "sk-refused-012345");
		assert.equal((await settled(ann, "openai")).of("openai").listed_at,
			null);
		stack.assertNowhere("sk-refused-012345");
	});

// ---- the test of a key ----

const keyTest = async (user, provider) => stack.api("POST",
	`/keys/${provider}/test`, { token: user.token });

const TESTS = [
	["a key that is taken", "openai", "sk-ann-0123456789", true, null,
		/^OpenAI takes this key, and lists 2 models for it\.$/],
	["a key that is refused", "openai", "sk-refused-012345", false,
		"provider_auth", /^OpenAI refused the API key\. Check it in Keys\.$/],
	["a provider that is busy", "openai", "sk-busy-012345678", false,
		"provider_rate_limited", /^OpenAI is limiting requests/],
	["a page of something else", "openai", "sk-page-012345678", false,
		"provider_protocol", /^OpenAI /],
	["JSON that is no list", "openai", "sk-other-01234567", false,
		"provider_protocol", /^OpenAI /],
	["a provider that is not there", "closed", "sk-any-0123456789", false,
		"network", /^Closed could not be reached: 127\.0\.0\.1 takes no/],
];

for (const [name, provider, key, ok, code, message] of TESTS)
	test(`the test of ${name}`, async () => {
		const user = await stack.register();

		await putKey(user, provider, key);
		const { status, body, text } = await keyTest(user, provider);

		assert.equal(status, 200, text);
		assert.equal(body.provider, provider);
		assert.equal(body.ok, ok, text);
		assert.equal(body.code, code);
		assert.match(body.message, message);
		stack.assertNowhere(key, text);
		if (ok)
			assert.ok((await models(user)).named("secret-of-ann"),
				"its list is there at once");
	});

test("there is nothing to test without a key, and without a provider",
	async () => {
		const user = await stack.register();
		const none = await keyTest(user, "openai");
		const nobody = await keyTest(user, "nobody");

		assert.equal(none.status, 424);
		assert.equal(none.body.error, "provider_key_missing");
		assert.equal(nobody.status, 404);
	});

// ---- the file of models, from a shell on the server ----

const execute = promisify(execFile);

// What it said and how it ended, with a key of the server for OpenAI.
async function modelsCheck(key, ...words) {
	const file = join(stack.dir, "openai.key");
	const conf = join(stack.dir, "check.conf");

	writeFileSync(file, key, { mode: 0o600 });
	writeFileSync(conf, `[provider.openai]\nkey_file = ${file}\n`
		+ `base_url = http://127.0.0.1:${server.address().port}/v1\n`);
	const args = ["models", "check", "--conf",
		join(stack.dir, "llmselect.conf"), join(stack.dir, "more.conf"), conf];

	try {
		return { code: 0, ...await execute(program("admin/llmselect-admin"),
			[...args, ...words]) };
	} catch (error) {
		return error;
	}
}

test("models check says what the providers list and the file has not",
	async () => {
		const { code, stdout } = await modelsCheck("sk-ann-0123456789");
		const [demo, openai] = stdout.split("openai: ");

		assert.equal(code, 1, "something is to be looked at");
		assert.match(demo, /^demo: lists \d+ models\n$/);
		assert.match(openai, /^lists 2 models\n/);
		assert.match(openai, /^ {2}not listed any more: gpt-4o-mini$/m);
		assert.match(openai, /^ {2}not in the file: secret-of-ann$/m);
		assert.doesNotMatch(openai, /gpt-4o$/m);
	});

test("models check as JSON, and with a key that is refused", async () => {
	const { code, stdout, stderr } = await modelsCheck("sk-refused-012345",
		"--json");
	const [demo, openai] = JSON.parse(stdout);

	assert.equal(code, 1);
	assert.deepEqual({ ...demo, listed: 0 }, { provider: "demo", listed: 0,
		gone: [], differ: [], new: [] });
	assert.equal(openai.provider, "openai");
	assert.match(openai.error, /^OpenAI refused the API key/);
	assert.ok(!(stdout + stderr).includes("sk-refused"));
});

test("a provider that wants no key is asked without one, and takes one's own",
	async () => {
		const user = await stack.register();
		const list = await until(async () => {
			const found = await models(user);

			return found.named("free-model") && found;
		}, "its list has come");

		assert.equal(list.of("free").key, "system");
		const test = await keyTest(user, "free");

		assert.equal(test.body.message, "Free wants no key, and lists 1 model.");
		const { body } = await stack.api("POST", "/chat", { token: user.token,
			body: { provider: "free", model: "free-model", message: "Hi" } });

		assert.equal(body.error, "provider_protocol");	// it only lists
		assert.deepEqual(asked.at(-1), { key: undefined, method: "POST",
			url: "/v1/chat/completions" });
		await putKey(user, "free", "sk-ann-0123456789");
		assert.equal((await keyTest(user, "free")).body.message,
			"Free takes this key, and lists 2 models for it.");
	});

test("bad queries are told", async () => {
	const user = await stack.register();
	const { status, body } = await stack.api("GET", "/models?refresh=yes",
		{ token: user.token });

	assert.equal(status, 422);
	assert.ok(body.details.refresh);
});
