// What the programs that are tested were built with.

import { readFileSync } from "node:fs";
import { program } from "./paths.js";

// A reason not to run a test, or false.
export const sanitized = () =>
	readFileSync(program("fcgi/llmselect.fcgi")).includes("__asan_init")
	&& "the sanitizers do not allow this";
