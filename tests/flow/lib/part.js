// One process of a stack: started, waited for, stopped, started again.

import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync, readdirSync, readlinkSync }
	from "node:fs";
import { final, until } from "./wait.js";

const LAST_WORDS = 2000;	// bytes of its log when it does not start

// Nothing survives us, even where we are killed: the kernel sees to it.  It asks
// with TERM, for nginx's and our masters then end their workers.
const TETHER = spawnSync("setpriv", ["--pdeathsig", "keep", "true"]).status === 0
	? ["setpriv", "--pdeathsig", "TERM"] : [];

const running = new Set();

process.on("exit", () => {
	for (const part of running)
		part.kill("SIGTERM");
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
	process.once(signal, () => process.exit(1));

export class Part {
	// `command` gives program and arguments, at every start anew; `ready` says
	// whether it serves; `cwd` is where it runs; its output goes to `log`.
	constructor({ name, command, ready, cwd, log, env = {} }) {
		Object.assign(this, { name, command, ready, cwd, log, env });
		this.process = undefined;
	}

	get pid() {
		return this.process?.pid;
	}

	get isRunning() {
		return running.has(this);
	}

	// The processes that it started.
	children() {
		try {
			return readFileSync(
				`/proc/${this.pid}/task/${this.pid}/children`, "utf8")
				.split(" ").filter(Boolean).map(Number);
		} catch {
			return [];
		}
	}

	async start() {
		const log = openSync(this.log, "a");
		const [program, ...args] = [...TETHER, ...this.command()];

		// a session of its own, so that Ctrl-C reaches only us
		this.process = spawn(program, args, { cwd: this.cwd, detached: true,
			env: { ...process.env, ...this.env },
			stdio: ["ignore", log, log] });
		closeSync(log);
		running.add(this);
		this.ended = new Promise((resolve) => {
			this.process.once("error", (error) => {
				running.delete(this);
				resolve({ error });
			});
			this.process.once("exit", (code, signal) => {
				running.delete(this);
				resolve({ code, signal });
			});
		});
		try {
			await until(() => this.isReady(), `${this.name} is ready`, 20_000);
		} catch (error) {
			this.kill();
			throw error;
		}
	}

	async isReady() {
		if (!this.isRunning)
			throw final(`${this.name} did not start:\n`
				+ readFileSync(this.log, "utf8").slice(-LAST_WORDS));
		return this.ready();
	}

	kill(signal = "SIGKILL") {
		if (this.isRunning)
			this.process.kill(signal);
	}

	// Asks it to end and waits; gives { code, signal }.
	async stop(signal = "SIGTERM", ms = 15_000) {
		if (!this.isRunning)
			return this.ended;
		this.kill(signal);
		try {
			await until(() => !this.isRunning, `${this.name} has ended`, ms);
		} catch (error) {
			this.kill();
			throw error;
		}
		return this.ended;
	}

	async restart(signal) {
		await this.stop(signal);
		await this.start();
	}
}

// The processes that run in a folder or below it, as "pid (name)".
export function processesIn(folder) {
	return readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))
		.filter((pid) => isIn(cwdOf(pid), folder))
		.map((pid) => `${pid} (${nameOf(pid)})`);
}

function isIn(path, folder) {
	return path === folder || path.startsWith(`${folder}/`);
}

function cwdOf(pid) {
	try {
		return readlinkSync(`/proc/${pid}/cwd`).replace(/ \(deleted\)$/, "");
	} catch {
		return "";	// gone meanwhile, or a kernel thread
	}
}

function nameOf(pid) {
	try {
		return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
	} catch {
		return "gone";
	}
}
