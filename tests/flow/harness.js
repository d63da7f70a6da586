// The whole real stack for one test file: a MariaDB of its own, the demo
// provider, prefork workers, and nginx with the shipped configuration, in a
// private folder and on free ports.
//
//	const stack = await startStack();
//	after(() => stack.stop());
//	const ann = await stack.register();
//	for await (const event of stack.sse("/chat/stream", { token: ann.token,
//		body: { provider: "demo", model: "demo", message: "Hi" } }))
//		…
//
// Environment: LLMSELECT_BUILD, where the programs are built (build/);
// LLMSELECT_KEEP=1 keeps the folder with the logs.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync,
	writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventStream, call, send } from "./lib/client.js";
import { assertAllFit } from "./lib/contract.js";
import { makeDatabase, query } from "./lib/database.js";
import { Part, processesIn } from "./lib/part.js";
import { ROOT, program } from "./lib/paths.js";
import { until } from "./lib/wait.js";
import { readLog, startNginx, startTlsFront } from "./lib/web.js";

export { EventStream, call, until };

const DEFAULTS = {
	workers: 2,
	settings: "",		// more settings, which win; or a function of
				// the stack that gives them, for its addresses
	provider: undefined,	// "host:port" of one that runs; else it is started
	providerTls: false,	// TLS and HTTP/2 in front of the provider
	nginx: true,
	env: {},		// of the workers
};

const DRAIN_MS = 2000;
const FAULTS = /ERROR: \w+Sanitizer|runtime error: |stack smashing/;

// One user at one address does in a minute what others do in a month, so the
// limits count but do not stop him; limits.test.js sets its own.
const settingsText = (stack, { workers }) => `
[server]
socket = ${stack.dir}/llmselect.sock
run_dir = ${stack.dir}
master_key = ${stack.dir}/master.key
models = ${ROOT}/conf/models.json
registration = open
workers = ${workers}
drain_max = ${DRAIN_MS / 1000}s
[limits]
questions_per_minute = 1000000
streams_per_user = 20000
sign_in_tries = 1000
sign_in_tries_per_address = 1000000
sign_ups_per_hour = 1000000
[database]
socket = ${stack.dir}/mariadb.sock
[provider.demo]
wire = openai
base_url = ${stack.providerUrl}/v1
label = Demo
demo = yes
key_file = ${stack.dir}/demo.key
${stack.ca ? `ca_file = ${stack.ca}` : ""}
`;

class Stack {
	constructor(dir) {
		this.dir = dir;
		this.logs = join(dir, "log");
		this.parts = {};	// mariadbd, demo, front, llmselect, nginx
		this.providerKey = `demo-${randomBytes(8).toString("hex")}`;
		mkdirSync(this.logs);
	}

	get pids() {
		const { mariadbd, demo, llmselect, nginx } = this.parts;

		return { master: llmselect?.pid, workers: () => llmselect.children(),
			nginx: nginx?.pid, mariadbd: mariadbd?.pid, demo: demo?.pid };
	}

	// SQL as the database's root; rows as objects of texts.
	db(sql) {
		return query(this.dir, sql);
	}

	// A request to the API: { status, headers, body, text }.
	api(method, path, options) {
		return call(`${this.url}/api/v1${path}`, method, options);
	}

	// A stream of events: GET, or POST where there is a body.
	sse(path, options) {
		return new EventStream(`${this.url}/api/v1${path}`, options);
	}

	// node's response to any path, its body unread.
	open(method, path, options) {
		return send(this.url + path, method, options);
	}

	// A new user, signed in: { username, password, token, csrf, user }.
	async register(name = `user-${randomBytes(6).toString("hex")}`) {
		const account = { username: name, password: "correct horse battery" };
		const made = await this.api("POST", "/auth/register",
			{ body: account });

		assert.equal(made.status, 201, made.text);
		return this.login(account);
	}

	async login({ username, password }) {
		const { status, body, text } = await this.api("POST", "/auth/login",
			{ body: { username, password } });

		assert.equal(status, 200, text);
		return { username, password, token: body.access_token,
			csrf: body.csrf_token, user: body.user };
	}

	// What the demo provider counted, of one tag or of all.
	async stats(tag) {
		const query = tag === undefined ? "" : `?tag=${tag}`;

		return (await call(`${this.provider}/stats${query}`, "GET")).body;
	}

	// The text of all logs, or of one part.
	log(part) {
		return readdirSync(this.logs)
			.filter((file) => part === undefined || file === `${part}.log`)
			.map((file) => readFileSync(join(this.logs, file), "utf8"))
			.join("");
	}

	// The workers' lines, as objects.
	logLines() {
		return this.log("llmselect").split("\n")
			.filter((line) => line.startsWith("{"))
			.map((line) => JSON.parse(line));
	}

	// A secret must be in no log, nor in any of these texts.
	assertNowhere(secret, ...texts) {
		for (const [i, text] of [this.log(), ...texts].entries())
			assert.ok(!text.includes(secret), i === 0
				? `${secret} is in a log` : `${secret} is in text ${i}`);
	}

	// Further settings, for the next start or HUP of the workers.
	setSettings(text) {
		writeFileSync(join(this.dir, "more.conf"), text);
	}

	// What is said to be true at the end of every test file: the workers
	// ended well, and nothing that was started still runs.
	async stop() {
		const { nginx, front, llmselect, demo, mariadbd } = this.parts;

		try {
			await nginx?.stop();
			const ended = llmselect?.isRunning
				? await llmselect.stop("SIGTERM", DRAIN_MS + 20_000)
				: undefined;

			await front?.stop();
			await demo?.stop();
			await mariadbd?.stop("SIGKILL");	// nobody reads it again
			if (ended)
				assert.deepEqual(ended, { code: 0, signal: null },
					`the workers ended so:\n${this.log("llmselect")
						.slice(-2000)}`);
			assert.doesNotMatch(this.log("llmselect"), FAULTS);
			assert.doesNotMatch(this.log("demo"), FAULTS);
			assertAllFit();
			// workers follow their master in their own time
			await until(() => processesIn(this.dir).length === 0,
				"nothing survives", 5000).catch(() => assert.fail(
				`still running: ${processesIn(this.dir).join(", ")}`));
		} finally {
			this.abandon();
		}
	}

	// End everything at once, without asking.
	abandon() {
		for (const part of Object.values(this.parts))
			part.kill();
		for (const found of processesIn(this.dir))
			killQuietly(parseInt(found, 10));
		if (process.env.LLMSELECT_KEEP)
			process.stderr.write(`kept: ${this.dir}\n`);
		else
			rmSync(this.dir, { recursive: true, force: true,
				maxRetries: 5 });
	}
}

function killQuietly(pid) {
	try {
		process.kill(pid, "SIGKILL");
	} catch {
		// it is gone
	}
}

async function startDatabase(stack) {
	const part = await makeDatabase(stack.dir);

	part.log = join(stack.logs, "mariadbd.log");
	stack.parts.mariadbd = part;
	await part.start();
}

async function startProvider(stack, options) {
	if (options.provider === undefined)
		await startDemo(stack);
	stack.provider = `http://${options.provider ?? stack.demoAddress}`;
	stack.providerUrl = stack.provider;
	if (options.providerTls) {
		const { front, url, ca } = await startTlsFront(stack.dir,
			stack.provider.slice("http://".length));

		stack.parts.front = front;
		Object.assign(stack, { providerUrl: url, ca });
	}
}

// The provider keeps its port when it is started again.
async function startDemo(stack) {
	const log = join(stack.logs, "demo.log");
	const heard = () => /listening on (\S+)/.exec(readLog(log))?.[1];

	stack.parts.demo = new Part({
		name: "demo",
		command: () => [program("demo/llmselect-demo"), "--listen",
			stack.demoAddress ?? "127.0.0.1:0"],
		ready: () => heard() !== undefined,
		cwd: stack.dir,
		log,
	});
	await stack.parts.demo.start();
	stack.demoAddress = heard();
}

async function startWorkers(stack, options) {
	const conf = join(stack.dir, "llmselect.conf");
	const socket = join(stack.dir, "llmselect.sock");

	execFileSync(program("admin/llmselect-admin"),
		["keygen", join(stack.dir, "master.key")]);
	writeFileSync(join(stack.dir, "demo.key"), stack.providerKey,
		{ mode: 0o600 });
	writeFileSync(conf, settingsText(stack, options));
	stack.setSettings(typeof options.settings === "function"
		? options.settings(stack) : options.settings);
	stack.parts.llmselect = new Part({
		name: "llmselect",
		command: () => [program("fcgi/llmselect.fcgi"), "--conf", conf,
			"--conf", join(stack.dir, "more.conf"), "--workers", "0",
			"--listen", socket],
		ready: () => stack.parts.llmselect.children().length > 0
			&& processListens(socket),
		cwd: stack.dir,
		log: join(stack.logs, "llmselect.log"),
		env: { ASAN_OPTIONS: "detect_leaks=1:abort_on_error=0",
			UBSAN_OPTIONS: "print_stacktrace=1", ...options.env },
	});
	stack.socket = socket;
	await stack.parts.llmselect.start();
}

// A Unix socket that is bound and listens is in the kernel's list with flag
// 00010000 (SO_ACCEPTCON).
function processListens(socket) {
	return readFileSync("/proc/net/unix", "utf8").split("\n")
		.some((line) => line.endsWith(` ${socket}`)
			&& line.includes(" 00010000 "));
}

async function startWeb(stack) {
	const { nginx, port } = await startNginx(stack.dir);

	stack.parts.nginx = nginx;
	stack.url = `http://127.0.0.1:${port}`;
	await until(async () => (await stack.api("GET", "/ready")).status === 200,
		"the stack is ready");
}

// Starts it all; see DEFAULTS for the options.  Gives { url, provider, pids,
// parts, db(), api(), sse(), open(), register(), login(), stats(), log(),
// logLines(), assertNowhere(), setSettings(), stop() }.
export async function startStack(given = {}) {
	const options = { ...DEFAULTS, ...given };
	// short, for the name of a socket has room for 107 bytes
	const stack = new Stack(mkdtempSync(join(tmpdir(), "llms-")));

	try {
		await Promise.all([startDatabase(stack),
			startProvider(stack, options)]);
		await startWorkers(stack, options);
		if (options.nginx)
			await startWeb(stack);
		return stack;
	} catch (error) {
		error.message += `\n${stack.log().slice(-4000)}`;
		stack.abandon();
		throw error;
	}
}
