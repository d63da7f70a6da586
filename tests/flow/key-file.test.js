// S16: a worker does not start with a master key that others can get at, and
// says in one sentence what is wrong and where.  Nor is the key anywhere that
// others could look.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync,
	symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startStack } from "./harness.js";
import { program } from "./lib/paths.js";
import { dumpOf, leaks } from "./lib/secrets.js";

const DIGITS = "0123456789abcdef".repeat(4);
const STRANGER = 65534;

let dir;

before(() => {
	dir = mkdtempSync(join(tmpdir(), "llms-key-"));
});
after(() => rmSync(dir, { recursive: true, force: true }));

const at = (name) => join(dir, name);

function file(name, text, mode = 0o600) {
	writeFileSync(at(name), text);
	chmodSync(at(name), mode);
}

const ROWS = [
	{ name: "missing", make: () => {}, says: /No such file or directory/ },
	{ name: "readable for the group", make: (name) =>
		file(name, DIGITS, 0o640),
	says: /has mode 0640, so others can get at it\. Run: chmod 600 / },
	{ name: "readable for all", make: (name) => file(name, DIGITS, 0o604),
		says: /has mode 0604/ },
	{ name: "executable", make: (name) => file(name, DIGITS, 0o700),
		says: /has mode 0700/ },
	{ name: "somebody else's", needsRoot: true, make: (name) => {
		file(name, DIGITS);
		chownSync(at(name), STRANGER, STRANGER);
	}, says: /belongs to user 65534, but this program runs as user \d+/ },
	{ name: "a folder", make: (name) => mkdirSync(at(name), { mode: 0o700 }),
		says: /is not a regular file/ },
	{ name: "a FIFO", make: (name) =>
		execFileSync("mkfifo", ["-m", "600", at(name)]),
	says: /is not a regular file/ },
	{ name: "a device", make: (name) => symlinkSync("/dev/zero", at(name)),
		says: /is not a regular file/ },
	{ name: "a link to nothing", make: (name) =>
		symlinkSync(at("nowhere"), at(name)), says: /No such file/ },
	{ name: "a link to one that the group reads", make: (name) => {
		file("target", DIGITS, 0o640);
		symlinkSync(at("target"), at(name));
	}, says: /has mode 0640/ },
	{ name: "a link to itself", make: (name) => symlinkSync(at(name), at(name)),
		says: /symbolic links/ },
	{ name: "empty", make: (name) => file(name, ""), says: /is empty/ },
	{ name: "something else", make: (name) => file(name, "secret, secret"),
		says: /:1: the key of version 1 is not 64 hexadecimal digits/ },
	{ name: "very long", make: (name) => file(name, DIGITS.repeat(100)),
		says: /is too long/ },
];

// Starts one process alone; gives how it ended and its lines.
function start(name) {
	writeFileSync(at("conf"), `[server]\nmaster_key = ${at(name)}\n`
		+ `run_dir = ${dir}\n[database]\nsocket = ${at("no.sock")}\n`);
	const child = spawn(program("fcgi/llmselect.fcgi"), ["--conf", at("conf"),
		"--listen", at("sock")], { stdio: ["ignore", "ignore", "pipe"] });
	const ends = setTimeout(() => child.kill("SIGKILL"), 10_000);
	let text = "";

	child.stderr.on("data", (chunk) => {
		text += chunk;
	});
	return new Promise((resolve) => child.once("close", (code) => {
		clearTimeout(ends);
		resolve({ code, text });
	}));
}

for (const [i, { name, make, says, needsRoot }] of ROWS.entries())
	test(`S16: no start with a key file that is ${name}`, {
		skip: needsRoot && process.getuid() !== 0 && "only root gives it away",
	}, async () => {
		const key = `key-${i}`;

		make(key);
		const { code, text } = await start(key);
		const errors = text.trim().split("\n").map((line) => JSON.parse(line))
			.filter(({ level }) => level === "error");

		assert.equal(code, 1, text);
		assert.equal(errors.length, 1, text);
		assert.match(errors[0].message, /^the master key cannot be used: /);
		assert.match(errors[0].message, says);
		assert.ok(errors[0].message.includes(at(key)), "it names the file");
		assert.doesNotMatch(text, /0123456789abcdef|secret, secret/);
	});

describe("S16: while it runs", () => {
	let stack;

	before(async () => {
		stack = await startStack();
	});
	after(() => stack?.stop());

	test("the key is not in environment, arguments or database", async () => {
		const [, digits] = /:([0-9a-f]{64})/.exec(readFileSync(join(stack.dir,
			"master.key"), "utf8"));
		const pids = [stack.pids.master, ...stack.pids.workers()];

		assert.equal(pids.length, 3);
		for (const pid of pids)
			for (const name of ["environ", "cmdline"])
				assert.ok(!readFileSync(`/proc/${pid}/${name}`, "utf8")
					.includes(digits));
		const dump = await dumpOf(stack);

		assert.match(dump, /^master_keys: .*"version":"1"/m);
		assert.ok(!dump.includes(digits));
		assert.deepEqual(await leaks(stack, { digits }), []);
	});
});
