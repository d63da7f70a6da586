// Runs a command with LLMSELECT_URL, the address of a stack that lives as long
// as the command; ends as it ends.
//
//	node scripts/with-stack.js COMMAND [ARGUMENT]...

import { spawn } from "node:child_process";
import { startStack } from "../tests/flow/harness.js";

const [command, ...args] = process.argv.slice(2);
const stack = await startStack();
const child = spawn(command, args, { stdio: "inherit",
	env: { ...process.env, LLMSELECT_URL: stack.url } });
const code = await new Promise((resolve) => {
	child.once("error", () => resolve(127));
	child.once("exit", (status) => resolve(status ?? 1));
});

await stack.stop();
process.exit(code);
