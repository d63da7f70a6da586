// llmselect-admin, and the file of the master key.

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { program } from "./paths.js";

const ADMIN = program("admin/llmselect-admin");

export const confOf = (stack) => ["--conf", join(stack.dir, "llmselect.conf"),
	"--conf", join(stack.dir, "more.conf")];

// Runs it to its end: { code, stdout, stderr }; code is null where it was
// killed.  `watch` gets the child process.
export function admin(args, watch = () => {}) {
	return new Promise((resolve) => {
		const child = execFile(ADMIN, args, (error, stdout, stderr) =>
			resolve({ code: error ? error.code ?? null : 0, stdout, stderr }));

		watch(child);
	});
}

// The versions in a file of the master key, the one in use first.
export const versionsIn = (file) => readFileSync(file, "utf8").trim()
	.split("\n").map((line) => /^(\d+):[0-9a-f]{64}$/.exec(line)[1])
	.map(Number);

// rotate-key for a stack: what admin() gives, and the JSON it printed.
export async function rotate(stack, ...args) {
	const done = await admin(["rotate-key", ...args, "--json",
		...confOf(stack)]);

	return { ...done, json: done.stdout ? JSON.parse(done.stdout) : undefined };
}
