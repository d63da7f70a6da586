// A MariaDB for one stack, copied from one that was prepared once.

import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync,
	writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Part } from "./part.js";
import { BUILD, ROOT, program, script } from "./paths.js";

const SCHEMA = join(ROOT, "schema.sql");
const run = promisify(execFile);

const execute = (socket, sql, ...args) =>
	run("mariadb", ["--no-defaults", "-u", "root", `--socket=${socket}`,
		"--batch", "--default-character-set=utf8mb4", "-e", sql, ...args],
	{ maxBuffer: 1 << 28 });

function part(dir, data) {
	const socket = join(dir, "mariadb.sock");

	return new Part({
		name: "mariadbd",
		command: () => [script("database"), "serve", data, socket,
			"--max-connections=500"],
		ready: () => execute(socket, "DO 0"),
		cwd: dir,
		log: join(dir, "mariadbd.log"),
	});
}

// What the prepared one is made of; where that changes, so does its name.
function fingerprint() {
	const hash = createHash("sha256");

	for (const file of [SCHEMA, script("database")])
		hash.update(readFileSync(file));
	hash.update(spawnSync("mariadbd", ["--version"]).stdout ?? "");
	return hash.digest("hex").slice(0, 12);
}

async function addTables(dir, data) {
	const server = part(dir, data);
	const conf = join(dir, "admin.conf");

	writeFileSync(conf,
		`[database]\nsocket = ${dir}/mariadb.sock\nuser = root\n`);
	await server.start();
	try {
		await run(program("admin/llmselect-admin"),
			["schema", "--conf", conf, "--file", SCHEMA]);
	} finally {
		await server.stop();
	}
}

// The folder of a database with all tables and no rows.  Test files that run
// side by side may both make it; the first to finish wins.
async function prepared() {
	const folder = join(BUILD, `test-database-${fingerprint()}`);

	if (existsSync(folder))
		return folder;
	const dir = mkdtempSync(join(BUILD, "making-database-"));

	try {
		await run(script("database"), ["create", join(dir, "data")]);
		await addTables(dir, join(dir, "data"));
		if (!existsSync(folder))
			renameSync(join(dir, "data"), folder);
	} catch (error) {
		if (!existsSync(folder))
			throw error;
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
	return folder;
}

// The part in `dir`, not yet started.
export async function makeDatabase(dir) {
	const data = join(dir, "db");

	await run("cp", ["-r", "--reflink=auto", await prepared(), data]);
	return part(dir, data);
}

const ESCAPES = { n: "\n", t: "\t", 0: "\0", "\\": "\\" };

const cell = (text) => text === "NULL" ? null
	: text.replace(/\\([nt0\\])/g, (_, letter) => ESCAPES[letter]);

// The rows that a statement gives, as objects of texts; NULL is null.
export async function query(dir, sql) {
	const { stdout } = await execute(join(dir, "mariadb.sock"), sql,
		"llmselect");
	const [head, ...lines] = stdout.split("\n").slice(0, -1)
		.map((line) => line.split("\t"));

	return lines.map((line) => Object.fromEntries(
		line.map((text, i) => [head[i], cell(text)])));
}
