// nginx with the shipped configuration, and one that speaks TLS and HTTP/2 in
// front of a provider.

import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { Part } from "./part.js";
import { ROOT, freePort, script } from "./paths.js";

const TRIES = 3;	// somebody may take a port between our look and nginx's

export function accepts(port) {
	return new Promise((resolve) => {
		const socket = connect(port, "127.0.0.1");

		socket.once("connect", () => resolve(true));
		socket.once("error", () => resolve(false));
		socket.once("connect", () => socket.destroy());
	});
}

function part(name, dir, conf, logs, port) {
	return new Part({
		name,
		command: () => ["nginx", "-c", conf, "-e", join(logs, "nginx.log"),
			"-g", "daemon off;"],
		ready: () => accepts(port),
		cwd: dir,
		log: join(logs, `${name}.log`),
	});
}

async function startOnFreePort(make) {
	for (let i = 1; ; i++) {
		const port = await freePort();
		const nginx = make(port);

		try {
			await nginx.start();
			return { nginx, port };
		} catch (error) {
			if (i === TRIES || !/in use/.test(error.message))
				throw error;
		}
	}
}

export function startNginx(dir) {
	const run = join(dir, "nginx"), logs = join(dir, "log");

	return startOnFreePort((port) => {
		execFileSync(script("nginx-conf"), [`127.0.0.1:${port}`,
			join(dir, "llmselect.sock"), join(ROOT, "www/dist"), run, logs]);
		return part("nginx", dir, join(run, "nginx.conf"), logs, port);
	});
}

const OPENSSL_CONF = `
[req]
distinguished_name = name
prompt = no
[name]
CN = llmselect test
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[leaf]
subjectAltName = DNS:localhost, IP:127.0.0.1
`;

// A certificate for localhost of a CA that nobody else knows: ca.pem, leaf.pem
// and leaf.key in `dir`.
export function makeCertificate(dir) {
	const openssl = (...args) =>
		execFileSync("openssl", args, { cwd: dir, stdio: "pipe" });
	const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
		"-nodes", "-config", "openssl.conf"];

	mkdirSync(dir, { recursive: true });
	writeFileSync(join(dir, "openssl.conf"), OPENSSL_CONF);
	openssl("req", "-x509", ...key, "-extensions", "ca", "-days", "2",
		"-keyout", "ca.key", "-out", "ca.pem");
	// another name than the CA's, or it would pass for self-signed
	openssl("req", "-new", ...key, "-subj", "/CN=localhost", "-keyout", "leaf.key",
		"-out", "leaf.csr");
	openssl("x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey",
		"ca.key", "-CAcreateserial", "-days", "2", "-extfile", "openssl.conf",
		"-extensions", "leaf", "-out", "leaf.pem");
	chmodSync(join(dir, "leaf.key"), 0o600);
}

const frontConf = (dir, port, provider) => `
worker_processes 1;
pid "${dir}/nginx.pid";
error_log "${dir}/nginx.log" warn;
events { worker_connections 8192; }
http {
	access_log off;
	client_body_temp_path "${dir}/body";
	proxy_temp_path "${dir}/proxy";
	fastcgi_temp_path "${dir}/fastcgi";
	scgi_temp_path "${dir}/scgi";
	uwsgi_temp_path "${dir}/uwsgi";
	server {
		listen 127.0.0.1:${port} ssl http2 backlog=4096;
		ssl_certificate "${dir}/leaf.pem";
		ssl_certificate_key "${dir}/leaf.key";
		location / {
			proxy_pass http://${provider};
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_buffering off;
			proxy_read_timeout 1900s;
		}
	}
}
`;

// TLS and HTTP/2 in front of `provider` ("host:port").
export async function startTlsFront(stackDir, provider) {
	const dir = join(stackDir, "front"), conf = join(dir, "nginx.conf");

	makeCertificate(dir);
	const { nginx, port } = await startOnFreePort((free) => {
		const user = `user "${idOf("-un")}" "${idOf("-gn")}";`;

		writeFileSync(conf, user + frontConf(dir, free, provider));
		return part("front", stackDir, conf, dir, free);
	});

	return { front: nginx, url: `https://localhost:${port}`,
		ca: join(dir, "ca.pem") };
}

const idOf = (option) =>
	execFileSync("id", [option], { encoding: "utf8" }).trim();

export const readLog = (file) => {
	try {
		return readFileSync(file, "utf8");
	} catch {
		return "";
	}
};
