// S17: secrets that can be told from everything else are led through every way
// a request can go wrong, and must be nowhere afterwards: no log, no answer, no
// event, no address, no core file, no row of the database, no file of its, no
// process's environment or arguments.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync }
	from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startStack, until } from "./harness.js";
import { rotate } from "./lib/admin.js";
import { sanitized } from "./lib/build.js";
import { freePort } from "./lib/paths.js";
import { babbles, captures, hangsUp, strangeTls } from "./lib/peers.js";
import { dumpOf, leaks } from "./lib/secrets.js";
import { ask, begin, hasContent, question } from "./lib/turn.js";

const canary = (name) => `${name}-${randomBytes(16).toString("hex")}`;

// A peer says back what it was told, in every way a provider can.
const chunk = (text) => `data: ${JSON.stringify({ choices: [{ index: 0,
	delta: { content: text } }] })}\n\n`;
const ECHOES = {
	"401": (key, r) => r.writeHead(401, { "content-type": "application/json" })
		.end(JSON.stringify({ error: { message: `Incorrect API key: ${key}`,
			type: "invalid_request_error", code: "invalid_api_key" } })),
	"403": (key, r) => r.writeHead(403, { "x-your-key": key,
		"content-type": "application/json" })
		.end(JSON.stringify({ error: { message: key, code: key, type: key } })),
	"404": (key, r) => r.writeHead(404).end(`{"error": "${key}"}`),
	"429": (key, r) => r.writeHead(429, { "retry-after": key,
		"content-type": "application/json" })
		.end(JSON.stringify({ error: { message: `slow down, ${key}` } })),
	"500": (key, r) => r.writeHead(500, key).end(`Authorization: ${key}`),
	"302": (key, r) => r.writeHead(302, { location: `/${key}?key=${key}` })
		.end(),
	"HTML": (key, r) => r.writeHead(502, { "content-type": "text/html" })
		.end(`<html><title>${key}</title><p>${key}</html>`),
	"HTML with 200": (key, r) => r.writeHead(200,
		{ "content-type": "text/html" }).end(`<p>${key}`),
	"JSON that is none": (key, r) => r.writeHead(200,
		{ "content-type": "application/json" }).end(`{"${key}`),
	"garbage": (key, r) => r.writeHead(200,
		{ "content-type": "text/event-stream" })
		.end(`${key}\nevent: ${key}\ndata: ${key}\n\n`),
	"an event that is no JSON": (key, r) => r.writeHead(200,
		{ "content-type": "text/event-stream" })
		.end(`${chunk("Hi")}data: {"choices": ${key}\n\n`),
	"an error in the stream": (key, r) => r.writeHead(200,
		{ "content-type": "text/event-stream" })
		.end(`${chunk("Hi")}data: ${JSON.stringify({ error: { message: key,
			code: key, type: key } })}\n\n`),
	"an error event": (key, r) => r.writeHead(200,
		{ "content-type": "text/event-stream" })
		.end(`event: error\ndata: {"message": "${key}"}\n\n`),
	"an odd end": (key, r) => r.writeHead(200,
		{ "content-type": "text/event-stream" })
		.end(`data: ${JSON.stringify({ id: key, model: key, choices: [{
			index: 0, delta: {}, finish_reason: key }] })}\n\ndata: [DONE]\n\n`),
	"a cut": (key, r) => {
		r.writeHead(200, { "content-type": "text/event-stream" });
		r.write(`${chunk("Hi")}data: ${key}`, () => r.destroy());
	},
	"a long header": (key, r) => r.writeHead(200,
		{ "x-long": key.repeat(1000) }).end(),
};

const OTHERS = ["echo", "closed", "unborn", "stranger", "rude", "babbler"];
const SYSTEM = canary("sk-system");

let stack, dir, ann, peers, secrets, page;
const texts = {};	// of everything that was answered

const keep = (what, text) => {
	texts[`${Object.keys(texts).length}: ${what}`] = text;
};

const section = (name, url, more = "") => `
[provider.${name}]
wire = openai
base_url = ${url}/v1
key_file = ${dir}/system.key
${more}
`;

const settings = (closed) => `
[server]
drain_max = 5s
[log]
level = debug
[timeouts]
connect = 1s
first_byte = 2s
idle = 1s
total = 4s
${section("echo", `http://127.0.0.1:${peers.echo.port}`)}
${section("closed", `http://127.0.0.1:${closed}`)}
${section("unborn", "http://localhost.invalid:80", "allow_http = yes")}
${section("stranger", `https://localhost:${peers.tls.port}`)}
${section("rude", `https://localhost:${peers.rude.port}`)}
${section("babbler", `http://127.0.0.1:${peers.babbler.port}`)}
`;

before(async () => {
	dir = mkdtempSync(join(tmpdir(), "llms-canary-"));
	writeFileSync(join(dir, "system.key"), SYSTEM, { mode: 0o600 });
	// what has no question is the test of a key, or the list of models
	const echo = ({ headers, body }, response) =>
		ECHOES[body === "" ? "401" : JSON.parse(body).messages.at(-1).content](
			headers.authorization.slice("Bearer ".length), response);
	const [tls, rude, babbler, echoes] = await Promise.all([strangeTls(dir),
		hangsUp(), babbles(), captures(echo)]);

	peers = { tls, rude, babbler, echo: echoes };
	stack = await startStack({ settings: settings(await freePort()) });
	const username = canary("ann"), password = canary("password");
	const { text } = await stack.api("POST", "/auth/register",
		{ body: { username, password } });
	const { headers, body } = await stack.api("POST", "/auth/login",
		{ body: { username, password } });

	ann = { username, password, token: body.access_token, user: body.user };
	page = { cookie: headers["set-cookie"][0].split(";")[0],
		"x-csrf-token": body.csrf_token, "sec-fetch-site": "same-origin" };
	secrets = { "the user's key": canary("sk-user"), "the key for all": SYSTEM,
		"the demo's key": stack.providerKey, "the password": password,
		"the token": ann.token, "the token of registering":
			JSON.parse(text).access_token, "the CSRF token": body.csrf_token };
	readMaster();
});
after(async () => {
	for (const peer of Object.values(peers ?? {}))
		peer.stop();
	rmSync(dir, { recursive: true, force: true });
	await stack?.stop();
});

// All versions that ever were in the file.
function readMaster() {
	for (const [, version, digits] of readFileSync(join(stack.dir,
		"master.key"), "utf8").matchAll(/(\d+):([0-9a-f]{64})/g))
		secrets[`version ${version} of the master key`] = digits;
}

const put = (key, provider, more = { token: ann.token }) => stack.api("PUT",
	`/keys/${provider}`, { ...more, body: { key } });

async function putAll() {
	for (const provider of ["demo", ...OTHERS]) {
		const { status, text } = await put(secrets["the user's key"], provider);

		assert.equal(status, 200, text);
		keep(`PUT /keys/${provider}`, text);
	}
}

async function fail(what, body) {
	const [stream, whole] = await Promise.all([ask(stack, ann.token, body),
		stack.api("POST", "/chat", { token: ann.token, body })]);

	keep(`${what}: stream`, stream.raw.toString());
	keep(`${what}: chat`, whole.text + JSON.stringify(whole.headers));
	const { conversation_id } = stream.events[0].data;

	keep(`${what}: kept`, (await stack.api("GET",
		`/conversations/${conversation_id}`, { token: ann.token })).text);
	return { stream, whole };
}

const assertNowhere = async () =>
	assert.deepEqual(await leaks(stack, secrets, texts), []);

// ---- that it would be found ----

test("what is looked for would be found", async () => {
	const planted = canary("planted");
	const file = join(stack.dir, "log", "planted");

	for (const form of [planted, Buffer.from(planted).toString("base64"),
		Buffer.from(planted).toString("hex")]) {
		writeFileSync(file, `a line with ${form} in it`);
		assert.deepEqual(await leaks(stack, { planted }),
			["planted is in log/planted"]);
	}
	rmSync(file);
	assert.deepEqual(await leaks(stack, { planted }, { text: planted }),
		["planted is in text"]);
	// a name is kept as it is, so both the rows and the files have it
	const places = (await leaks(stack, { name: ann.username })).join();

	assert.match(places, /name is in a dump/);
	assert.match(places, /name is in db\//);
	assert.match(await dumpOf(stack), /^api_keys: |^users: /m);
});

// ---- the ways ----

for (const who of ["the user's key", "the key for all"])
	test(`S17: ${who}: a provider that says back what it was told`,
		async () => {
			if (who === "the user's key")
				await putAll();
			else
				for (const provider of ["demo", ...OTHERS])
					keep("DELETE", (await stack.api("DELETE",
						`/keys/${provider}`, { token: ann.token })).text);
			for (const what of Object.keys(ECHOES)) {
				const { stream } = await fail(what, { provider: "echo",
					model: "m", message: what });

				assert.ok(stream.last.data.error ?? stream.last.data.done, what);
			}
			const came = peers.echo.requests.splice(0);

			// one that is busy is asked again
			assert.ok(came.length >= 2 * Object.keys(ECHOES).length);
			for (const { headers, url, body } of came) {
				assert.equal(headers.authorization, `Bearer ${secrets[who]}`);
				assert.ok(!(url + body).includes(secrets[who]));
			}
			await assertNowhere();
		});

test("S17: providers that cannot be reached, or do not speak", async () => {
	for (const mine of [false, true]) {
		if (mine)
			await putAll();
		for (const provider of OTHERS.slice(1)) {
			const { whole } = await fail(provider, { provider, model: "m",
				message: "Hi" });

			assert.ok(whole.status >= 500, `${provider}: ${whole.text}`);
		}
		for (const provider of ["demo", ...OTHERS])
			keep(`test of ${provider}`, (await stack.api("POST",
				`/keys/${provider}/test`, { token: ann.token })).text);
		keep("models", (await stack.api("GET", "/models",
			{ token: ann.token })).text);
	}
	await assertNowhere();
});

test("S17: what the demo provider does wrong; its record of addresses",
	async () => {
		for (const parts of ["status-401", "status-403", "quota", "status-429",
			"status-500", "html", "seq:tokens-20:pace-5:error-5",
			"seq:tokens-20:pace-5:badjson-5", "seq:tokens-20:pace-5:garbage-5",
			"seq:tokens-20:pace-5:cut-5", "seq:tokens-20:pace-5:reset-5", "drop",
			"redirect", "seq:tokens-20:pace-5:stall-5", "silent"])
			await fail(parts, question(parts));
		const { requests } = await (await fetch(
			`${stack.provider}/requests`)).json();

		assert.equal(requests.length, 16);	// it shows no more
		for (const { authorization, headers, ...rest } of requests) {
			assert.equal(authorization, `Bearer ${secrets["the user's key"]}`);
			delete headers.authorization;	// the one place for it
			keep("what the demo provider was asked",
				JSON.stringify([headers, rest]));
		}
		await assertNowhere();
	});

test("S17: requests that are refused do not say back what was in them",
	async () => {
		const key = secrets["the user's key"];
		const { password, token } = ann;

		for (const [path, body] of [
			["/keys/demo", { key: `${key} ${key}` }],
			["/keys/demo", { key: `${key}\n` , more: key }],
			["/keys/demo", { [key]: key }],
			["/keys/demo", { key: [key] }],
			["/keys/demo", `{"key": "${key}`],
			["/keys/demo", key],
			["/keys/nobody", { key }]])
			keep(`PUT ${path}`, (await stack.api("PUT", path,
				{ token, body })).text.replaceAll("\\u0000", ""));
		for (const [path, body] of [
			["/auth/login", { username: ann.username, password: `${password}x` }],
			["/auth/login", { username: "nobody", password }],
			["/auth/login", { username: ann.username, password: [password] }],
			["/auth/login", `{"username": "${ann.username}", "password": "${password}`],
			["/auth/register", { username: ann.username, password }],
			["/auth/register", { username: "a", password }],
			["/auth/register", { username: "a b", password }],
			["/chat", { provider: "demo", model: "demo" }]])
			keep(`POST ${path}`, (await stack.api("POST", path,
				{ body })).text);
		for (const headers of [{ authorization: `Basic ${token}` },
			{ authorization: `Bearer ${token}x` }, { "x-api-key": token },
			{ ...page, "x-csrf-token": `${page["x-csrf-token"]}x` },
			{ ...page, "sec-fetch-site": "cross-site" },
			{ cookie: `${page.cookie}x` }])
			keep("bad headers", (await stack.api("PUT", "/keys/demo", { headers,
				body: { key } })).text);
		for (const path of ["/keys", "/models", "/conversations", "/auth/me"])
			// a page is told its CSRF token, and nothing else
			keep(`GET ${path}`, (await stack.api("GET", path, { token })).text
				.replace(page["x-csrf-token"], ""));
		// the names of fields are said back, and one of them was the key
		for (const name of Object.keys(texts))
			if (texts[name].includes(`"${key}":`))
				texts[name] = texts[name].replaceAll(`"${key}":`, "");
		await assertNowhere();
	});

test("S17: a database that goes away, a new master key, sign-out",
	async () => {
		await stack.parts.mariadbd.stop("SIGKILL");
		for (const [path, body] of [["/auth/login", { username: ann.username,
			password: ann.password }], ["/chat", question("tokens-1")]])
			keep(`no database: ${path}`, (await stack.api("POST", path,
				{ token: ann.token, body })).text);
		keep("no database", (await put(secrets["the user's key"],
			"demo")).text);
		await stack.parts.mariadbd.start();
		await until(async () => (await stack.api("GET", "/auth/me",
			{ token: ann.token })).status === 200, "it is back");

		const { code, stdout, stderr } = await rotate(stack, "--pid",
			String(stack.pids.master));

		assert.equal(code, 0, stderr);
		keep("rotate-key", stdout + stderr);
		readMaster();
		assert.ok(secrets["version 2 of the master key"]);
		keep("status", (await rotate(stack, "status")).stdout);
		await fail("after it", question("seq:tokens-3:pace-0"));
		await assertNowhere();
	});

// ---- core files ----

const cores = () => readdirSync(stack.dir).filter((name) =>
	/^core(\.\d+)?$/.test(name));

// A worker with a key in its memory that may leave a core file, and is ended
// as by a fault.
async function crash() {
	const stream = await begin(stack, ann.token,
		question("seq:tokens-400:pace-10"));

	await stream.read(hasContent);
	const workers = stack.pids.workers();
	const before = stack.log("llmselect").split("was ended by signal 6").length;

	for (const pid of workers) {
		execFileSync("prlimit", ["--pid", String(pid), "--core=unlimited"]);
		process.kill(pid, "SIGABRT");
	}
	await stream.read().catch(() => {});
	keep("a crash", stream.raw.toString());
	await until(() => stack.log("llmselect").split("was ended by signal 6").length
		>= before + workers.length, "they have ended");
	await until(async () => (await stack.api("GET", "/ready")).status === 200
		&& stack.pids.workers().length === 2, "they are back");
}

const leavesCores = () => sanitized()
	|| (!/^core$/.test(readFileSync("/proc/sys/kernel/core_pattern", "utf8")
		.trim()) && "core files go elsewhere on this machine")
	|| (process.getuid() !== 0 && "only root may raise the limit");

test("S17: a worker that crashes leaves no core file", {
	skip: leavesCores(),
}, async () => {
	await crash();
	assert.deepEqual(cores(), []);
	await assertNowhere();
});

test("with server.core_dumps it does, and there would be the key", {
	skip: leavesCores(),
}, async () => {
	const before = stack.pids.workers();

	stack.setSettings(`${settings(1)}\n[server]\ncore_dumps = yes\n`);
	process.kill(stack.pids.master, "SIGHUP");
	await until(() => stack.pids.workers().length === 2
		&& !stack.pids.workers().some((pid) => before.includes(pid)),
	"the new workers are there", 20_000);
	await crash();
	assert.ok(cores().length > 0);
	const found = await leaks(stack, { key: secrets["the key for all"] });

	assert.ok(found.some((what) => what.startsWith("key is in core")),
		"so the test above can fail");
	for (const name of cores())
		rmSync(join(stack.dir, name));
});

test("S17: nothing is left when all have ended", async () => {
	await stack.parts.llmselect.stop();
	await stack.parts.nginx.stop();
	await assertNowhere();
});
