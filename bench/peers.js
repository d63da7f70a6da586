// What is measured: each peer is one way from the load client to the demo
// provider.  A peer is
//
//     { name, address, path, headers, body(model), pids, database, stop() }
//
// `pids` are the processes whose CPU time and memory count (null: none),
// `database` those shown apart.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { startLLMSelect } from "./stack.js";

const READY_MS = 5000;

const build = process.env.LLMSELECT_BUILD ?? process.env.BUILD
	?? new URL("..", import.meta.url).pathname;

export const program = (name) => join(build, name);

// Starts a program that prints "listening on …" when it is ready.
async function startListener(path, args) {
	const child = spawn(path, args,
		{ stdio: ["ignore", "pipe", "inherit"] });
	const failed = once(child, "error").then(([e]) => { throw e; });
	const ended = once(child, "exit").then(([code]) => {
		throw new Error(`${path} ended with ${code}`);
	});
	const [line] = await Promise.race(
		[once(child.stdout, "data"), failed, ended]);

	failed.catch(() => {});
	ended.catch(() => {});
	return { child, where: String(line).trim().split(" ").pop() };
}

async function stopChild(child) {
	if (child.exitCode !== null || child.signalCode !== null)
		return;
	child.kill("SIGTERM");
	await once(child, "exit");
}

async function freePort() {
	const server = createServer().listen(0, "127.0.0.1");

	await once(server, "listening");
	const { port } = server.address();

	server.close();
	await once(server, "close");
	return port;
}

function isOpen(port) {
	return new Promise((resolve) => {
		const socket = connect(port, "127.0.0.1");

		socket.once("connect", () => {
			socket.destroy();
			resolve(true);
		});
		socket.once("error", () => resolve(false));
	});
}

// The limits and the access log are the same for both; what differs is the
// location.  As root, nginx would give its workers to a user who cannot reach
// a temporary folder of ours.
const nginxConf = (dir, port, location) => `
daemon off;
${process.getuid() === 0 ? "user root;" : ""}
worker_processes auto;
worker_rlimit_nofile 65536;
pid ${dir}/nginx-${port}.pid;
error_log ${dir}/nginx-${port}.log warn;
events { worker_connections 16384; }
http {
	access_log off;
	client_body_temp_path ${dir}/body;
	proxy_temp_path ${dir}/proxy;
	fastcgi_temp_path ${dir}/fastcgi;
	uwsgi_temp_path ${dir}/uwsgi;
	scgi_temp_path ${dir}/scgi;
	server {
		listen 127.0.0.1:${port} backlog=4096;
		client_max_body_size 2m;
		location / { ${location} }
	}
}
`;

async function startNginx(dir, location) {
	const port = await freePort();
	const conf = join(dir, `nginx-${port}.conf`);

	writeFileSync(conf, nginxConf(dir, port, location));
	const child = spawn("nginx", ["-p", dir, "-c", conf, "-e", "stderr"],
		{ stdio: ["ignore", "ignore", "inherit"] });
	const failed = once(child, "error").then(([e]) => { throw e; });

	failed.catch(() => {});
	for (const end = Date.now() + READY_MS; !await isOpen(port);) {
		if (child.exitCode !== null || Date.now() > end)
			throw new Error("nginx did not start");
		await Promise.race([failed, sleep(20)]);
	}
	return { child, address: `127.0.0.1:${port}` };
}

const PROVIDER_PATH = "/v1/chat/completions";

const providerBody = (model) => JSON.stringify({
	model, stream: true,
	messages: [{ role: "user", content: "request %n" }],
});

export async function startProvider() {
	const { child, where } = await startListener(
		program("demo/llmselect-demo"), ["--listen", "127.0.0.1:0"]);

	return { address: where, pid: child.pid, stop: () => stopChild(child) };
}

export function direct(provider) {
	return { name: "provider direct", address: provider.address,
		path: PROVIDER_PATH, headers: [], body: providerBody,
		pids: null, database: [], stop: async () => {} };
}

export async function startN(provider, dir) {
	const { child, address } = await startNginx(dir, `
			proxy_pass http://${provider.address};
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_buffering off;
			proxy_read_timeout 300s;
		`);

	return { name: "nginx proxy_pass (N)", address, path: PROVIDER_PATH,
		headers: [], body: providerBody, pids: [child.pid],
		database: [], stop: () => stopChild(child) };
}

export async function startF(provider, dir) {
	const socket = join(dir, "floor.sock");
	const floor = await startListener(program("bench/bench-floor"),
		[socket, provider.address]);
	const { child, address } = await startNginx(dir, `
			fastcgi_pass unix:${socket};
			fastcgi_param REQUEST_METHOD $request_method;
			fastcgi_param REQUEST_URI $request_uri;
			fastcgi_param CONTENT_TYPE $content_type;
			fastcgi_param CONTENT_LENGTH $content_length;
			fastcgi_buffering off;
			fastcgi_keep_conn off;
			fastcgi_read_timeout 300s;
		`);

	return { name: "FastCGI floor (F)", address, path: PROVIDER_PATH,
		headers: [], body: providerBody,
		pids: [child.pid, floor.child.pid], database: [],
		stop: async () => {
			await stopChild(child);
			await stopChild(floor.child);
		} };
}

export async function startSelf(provider) {
	const stack = await startLLMSelect({ provider: provider.address });
	const url = new URL(stack.url);

	return { name: "LLMSelect", address: `127.0.0.1:${url.port}`,
		path: "/api/v1/chat/stream",
		headers: [`Authorization: Bearer ${stack.token}`],
		body: (model) => JSON.stringify({ message: "request %n",
			provider: "demo", model }),
		pids: [...stack.pids.nginx, ...stack.pids.worker],
		database: stack.pids.mariadbd, stop: stack.stop };
}
