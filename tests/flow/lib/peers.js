// Peers that are worse than any script of the demo provider: they do not speak
// HTTP, or TLS, or at all.  All listen on loopback, on a free port.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { until } from "./wait.js";
import { makeCertificate } from "./web.js";

function listen(server) {
	const sockets = new Set();

	server.on("connection", (socket) => {
		sockets.add(socket);
		socket.on("error", () => {});
		socket.on("close", () => sockets.delete(socket));
	});
	return new Promise((resolve, reject) => {
		server.once("error", reject);
		server.listen(0, "127.0.0.1", () => resolve({
			port: server.address().port,
			stop: () => {
				for (const socket of sockets)
					socket.destroy();
				server.close();
			},
		}));
	});
}

// Speaks TLS as localhost, by a certificate that nobody trusts but who has
// ca.pem in `dir`.
export function strangeTls(dir) {
	makeCertificate(dir);
	const read = (name) => readFileSync(join(dir, name));
	const server = createTlsServer({ cert: read("leaf.pem"),
		key: read("leaf.key") }, (socket) => socket.on("error", () => {}));

	server.on("tlsClientError", () => {});
	return listen(server);
}

// Closes as soon as it is spoken to.
export const hangsUp = () => listen(createServer((socket) =>
	socket.once("data", () => socket.destroy())));

// Answers everything with one line that is no HTTP.
export const babbles = () => listen(createServer((socket) =>
	socket.once("data", () => socket.end("SSH-2.0-OpenSSH_9.2\r\n"))));

// Speaks HTTP, keeps every request with its headers and body in `requests`, and
// answers each by `answer(request, response)`.
export async function captures(answer) {
	const requests = [];
	const peer = await listen(createHttpServer((request, response) => {
		const chunks = [];

		request.on("data", (chunk) => chunks.push(chunk));
		request.on("end", () => {
			requests.push({ method: request.method, url: request.url,
				headers: request.headers, raw: request.rawHeaders.join("\n"),
				body: Buffer.concat(chunks).toString() });
			answer(requests.at(-1), response);
		});
	}));

	return { ...peer, requests };
}

const SILENT = `require("net").createServer(() => {}).listen({ port: 0,
	host: "127.0.0.1", backlog: 1 }, function () {
		console.log(this.address().port) });`;

function portOf(child) {
	return new Promise((resolve, reject) => {
		let text = "";

		child.once("error", reject);
		child.once("exit", () => reject(new Error("it did not start")));
		child.stdout.on("data", (chunk) => {
			text += chunk;
			if (text.endsWith("\n"))
				resolve(Number(text));
		});
	});
}

// A port where connecting neither succeeds nor fails: its process is halted,
// and the line in front of it is full.
export async function neverAccepts() {
	const child = spawn(process.execPath, ["-e", SILENT],
		{ stdio: ["ignore", "pipe", "inherit"] });
	const sockets = [];
	const stop = () => {
		for (const socket of sockets)
			socket.destroy();
		child.kill("SIGKILL");
	};

	process.once("exit", stop);
	try {
		const port = await portOf(child);

		child.kill("SIGSTOP");
		await until(() => isHalted(child.pid), "it is halted");
		for (let i = 0; i < 8; i++)
			sockets.push(connect(port, "127.0.0.1").on("error", () => {}));
		await until(() => sockets.some((s) => !s.pending)
			&& sockets.some((s) => s.pending), "the line is full");
		return { port, stop };
	} catch (error) {
		stop();
		throw error;
	}
}

const isHalted = (pid) =>
	/^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
