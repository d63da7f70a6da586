// S22: a key goes to the address it was set for, and nowhere else: whatever
// that address answers, whoever asks, and whatever other providers there are.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { startStack, until } from "./harness.js";
import { captures } from "./lib/peers.js";
import { ask, question } from "./lib/turn.js";

const newKey = (name) => `sk-${name}-${randomBytes(16).toString("hex")}`;
const KEYS = { alpha: newKey("alpha"), beta: newKey("beta"),
	twin: newKey("twin"), env: newKey("env") };
const MINE = { alpha: newKey("mine-alpha"), gamma: newKey("mine-gamma") };
const EVERY = [...Object.values(KEYS), ...Object.values(MINE)];

let stack, ann, dir, alpha, beta, status, location;

const ANSWER = ['{"choices":[{"index":0,"delta":{"content":"Hi"},'
	+ '"finish_reason":"stop"}]}', "[DONE]"]
	.map((data) => `data: ${data}\n\n`).join("");

function answer(request, response) {
	if (status !== 200) {
		response.writeHead(status, { location: location(request) });
		return response.end();
	}
	response.writeHead(200, { "content-type": "text/event-stream" });
	response.end(ANSWER);
}

const section = (name, url, more = "") => `
[provider.${name}]
wire = openai
base_url = ${url}/v1
${more}
`;

before(async () => {
	dir = mkdtempSync(join(tmpdir(), "llms-hosts-"));
	[alpha, beta] = await Promise.all([captures(answer), captures(answer)]);
	for (const name of ["alpha", "beta", "twin"])
		writeFileSync(join(dir, name), KEYS[name], { mode: 0o600 });
	const key = (name) => `key_file = ${join(dir, name)}`;

	stack = await startStack({ env: { KEY_OF_ENV: KEYS.env }, settings: [
		section("alpha", `http://127.0.0.1:${alpha.port}`, key("alpha")),
		// the same process by the same port: only the section tells them apart
		section("twin", `http://127.0.0.1:${alpha.port}`, key("twin")),
		section("beta", `http://127.0.0.1:${beta.port}`, key("beta")),
		section("gamma", `http://127.0.0.1:${beta.port}`),
		section("env", `http://localhost:${beta.port}`, "key_env = KEY_OF_ENV"),
	].join("") });
	ann = await stack.register();
});
after(async () => {
	alpha.stop();
	beta.stop();
	rmSync(dir, { recursive: true, force: true });
	await stack?.stop();
});
beforeEach(() => {
	status = 200;
	for (const { requests } of [alpha, beta])
		requests.length = 0;
});

const askOf = (provider, who = ann) => ask(stack, who.token,
	{ ...question("", { provider }), model: "m" });

// The keys that came with a request, wherever in it.
const keysIn = (request) => EVERY.filter((key) =>
	(request.raw + request.url + request.body).includes(key));

const keysAt = ({ requests }) => requests.map(keysIn);

const SYSTEM = [
	{ provider: "alpha", at: () => alpha, elsewhere: () => beta },
	{ provider: "twin", at: () => alpha, elsewhere: () => beta },
	{ provider: "beta", at: () => beta, elsewhere: () => alpha },
	{ provider: "env", at: () => beta, elsewhere: () => alpha },
];

for (const { provider, at, elsewhere } of SYSTEM)
	test(`the key for everybody of ${provider} goes to its own address`,
		async () => {
			const stream = await askOf(provider);

			assert.equal(stream.text(), "Hi", stream.last?.text);
			assert.deepEqual(keysAt(at()), [[KEYS[provider]]]);
			assert.equal(at().requests[0].headers.authorization,
				`Bearer ${KEYS[provider]}`);
			assert.deepEqual(keysAt(elsewhere()), []);
		});

test("many at once over shared connections: each with the key of its section",
	async () => {
		const names = ["alpha", "twin", "beta", "env"];
		const asks = Array.from({ length: 40 }, (_, i) => names[i % 4]);

		for (const stream of await Promise.all(asks.map((name) =>
			askOf(name))))
			assert.equal(stream.text(), "Hi");
		const came = (peer) => keysAt(peer).flat().sort();
		const ten = (...keys) => keys.flatMap((key) => Array(10).fill(key))
			.sort();

		assert.deepEqual(came(alpha), ten(KEYS.alpha, KEYS.twin));
		assert.deepEqual(came(beta), ten(KEYS.beta, KEYS.env));
	});

const refused = (provider, who) => assert.rejects(askOf(provider, who),
	({ status: http, body }) => http === 424
		&& body.error === "provider_key_missing");

describe("an address without a key", () => {
	test("is not asked with the key of another, at the same host or not",
		async () => {
			await refused("gamma");
			assert.deepEqual([...keysAt(alpha), ...keysAt(beta)], []);
		});

	test("nor with one's own key of another provider", async () => {
		const bob = await stack.register();
		const put = (provider, key) => stack.api("PUT", `/keys/${provider}`,
			{ token: bob.token, body: { key } });

		await put("alpha", MINE.alpha);
		await refused("gamma", bob);
		for (const provider of ["twin", "beta", "env"])
			await askOf(provider, bob);
		assert.ok(![...keysAt(alpha), ...keysAt(beta)].flat()
			.includes(MINE.alpha));
		await put("gamma", MINE.gamma);
		await askOf("gamma", bob);
		await askOf("alpha", bob);
		assert.deepEqual(keysAt(beta).at(-1), [MINE.gamma]);
		assert.deepEqual(keysAt(alpha).at(-1), [MINE.alpha],
			"one's own, not everybody's");
		await refused("gamma");	// and not for others
	});

	test("and no field of a user is an address", async () => {
		for (const name of ["base_url", "api_base", "url", "endpoint", "host"]) {
			const url = `http://127.0.0.1:${beta.port}/v1`;

			for (const [method, path, body] of [
				["POST", "/chat", { provider: "alpha", model: "m",
					message: "Hi" }],
				["PUT", "/keys/gamma", { key: "sk-0123456789" }]]) {
				const { status: http, body: said } = await stack.api(method, path,
					{ token: ann.token, body: { ...body, [name]: url } });

				assert.equal(http, 422);
				assert.deepEqual(Object.keys(said.details), [name]);
			}
		}
		assert.deepEqual([...alpha.requests, ...beta.requests], []);
	});
});

const TARGETS = {
	"another port": () => `http://127.0.0.1:${beta.port}/v1/chat/completions`,
	"another host": () => `http://localhost:${beta.port}/v1/chat/completions`,
	"the same host by another name": () =>
		`http://localhost:${alpha.port}/elsewhere`,
	"its own address": () => `http://127.0.0.1:${alpha.port}/v1/other`,
	"a path": () => "/v1/other",
	"user and password": () => `http://me:me@127.0.0.1:${beta.port}/`,
	"a file": () => "file:///etc/passwd",
};

for (const code of [301, 302, 303, 307, 308])
	test(`S24: ${code} takes no key anywhere`, async () => {
		for (const [name, target] of Object.entries(TARGETS)) {
			alpha.requests.length = 0;
			status = code;
			location = target;
			const stream = await askOf("alpha");

			assert.equal(stream.last.data.code, "provider_protocol",
				`${name}: ${stream.last.text}`);
			assert.deepEqual(keysAt(alpha), [[KEYS.alpha]], name);
			assert.deepEqual(beta.requests, [], name);
		}
	});

test("no key came into a log or an answer", async () => {
	await until(() => stack.logLines().length > 0, "there is a log");
	for (const key of EVERY)
		stack.assertNowhere(key);
});
