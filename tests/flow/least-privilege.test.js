// What the workers may do is what they need, and no more: in the database, in
// the file system, on the way to a provider.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startStack, until } from "./harness.js";
import { sanitized } from "./lib/build.js";
import { ask, question } from "./lib/turn.js";

let stack, ann, proxy, proxied = 0;

before(async () => {
	proxy = createServer((socket) => {
		proxied++;
		socket.destroy();
	});
	await new Promise((done) => proxy.listen(0, "127.0.0.1", done));
	const address = `http://127.0.0.1:${proxy.address().port}`;

	stack = await startStack({ workers: 1, env: { http_proxy: address,
		HTTP_PROXY: address, https_proxy: address, ALL_PROXY: address,
		all_proxy: address } });
	ann = await stack.register();
});
after(async () => {
	await stack?.stop();
	proxy.close();
});

test("S25: neither the environment nor a Proxy: header gets between us and a "
	+ "provider", async () => {
	const address = `http://127.0.0.1:${proxy.address().port}`;
	const stream = stack.sse("/chat/stream", { token: ann.token,
		body: question("tokens-3:pace-0"),
		headers: { proxy: address, "http-proxy": address } });

	await stream.read();
	assert.equal(stream.last.data.finish_reason, "stop");
	const { body } = await stack.api("POST", "/keys/demo/test",
		{ token: ann.token, headers: { proxy: address } });

	assert.equal(body.ok, true);
	assert.equal(proxied, 0);
});

test("S40: the database account of the workers changes rows and nothing else",
	async () => {
		const grants = (await stack.db(
			"SHOW GRANTS FOR llmselect@localhost")).map((row) =>
			Object.values(row)[0].replace(/ IDENTIFIED .*/, ""));

		assert.deepEqual(grants, [
			"GRANT USAGE ON *.* TO `llmselect`@`localhost`",
			"GRANT SELECT, INSERT, UPDATE, DELETE ON `llmselect`.* TO "
				+ "`llmselect`@`localhost`"]);
		const [{ users }] = await stack.db("SELECT GROUP_CONCAT(DISTINCT user)"
			+ " AS users FROM information_schema.processlist"
			+ " WHERE db = 'llmselect' AND user <> 'root'");

		assert.equal(users, "llmselect");
	});

// Calls that open or make a file to write to.
const WRITES = /(?:openat?2?\([^)]*O_(?:WRONLY|RDWR|CREAT)|creat\(|mkdir|rename|symlink|link\(|unlink)/;
const PATH = /"([^"]*)"/;

test("S40: a worker that serves opens no file to write to",
	{ skip: sanitized() }, async () => {
		const [pid] = stack.pids.workers();
		const log = join(stack.dir, "strace");
		const strace = spawn("strace", ["-f", "-qq", "-e", "trace=%file,connect",
			"-o", log, "-p", String(pid)], { stdio: "ignore" });
		const lines = () => readFileSync(log, "utf8").split("\n");

		try {
			await until(() => /^TracerPid:\s+[1-9]/m.test(
				readFileSync(`/proc/${pid}/status`, "utf8")), "it is watched");
			const bob = await stack.register();

			await stack.api("PUT", "/keys/demo", { token: bob.token,
				body: { key: "sk-0123456789abcdef" } });
			await ask(stack, bob.token, question("tokens-20:pace-10"));
			await stack.api("POST", "/keys/demo/test", { token: bob.token });
			await stack.api("POST", "/auth/logout", { token: bob.token });
		} finally {
			strace.kill("SIGINT");
			await new Promise((done) => strace.once("exit", done));
		}
		assert.ok(lines().length > 1, "something was seen");
		const written = lines().filter((line) => WRITES.test(line))
			.map((line) => PATH.exec(line)?.[1])
			.filter((path) => !path?.startsWith(`${stack.dir}/`));

		assert.deepEqual(written, []);
	});
