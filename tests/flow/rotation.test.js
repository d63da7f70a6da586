// S15: a new master key while the program runs.  Nobody's request fails, every
// key opens afterwards, and of the old key nothing is left; on several hosts,
// and interrupted anywhere.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, readFileSync, readdirSync, writeFileSync }
	from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startStack, until } from "./harness.js";
import { admin, confOf, rotate, versionsIn } from "./lib/admin.js";
import { Part } from "./lib/part.js";
import { program } from "./lib/paths.js";
import { ask, asked, assertWellFormed, numbers, oneOfEach, question }
	from "./lib/turn.js";

const STAY = "[server]\ndrain_max = 30s\n";
const MOST = 60_000;	// ms for one run of rotate-key

const fileOf = (stack) => join(stack.dir, "master.key");
const master = (stack) => String(stack.pids.master);
const newKey = () => `sk-${randomBytes(16).toString("hex")}`;

const put = (stack, who, key, provider = "demo") => stack.api("PUT",
	`/keys/${provider}`, { token: who.token, body: { key } });

async function withKey(stack) {
	const who = await stack.register();

	who.key = newKey();
	assert.equal((await put(stack, who, who.key)).status, 200);
	return who;
}

// Versions of what is in the database: of keys, of passwords, and as listed.
async function versionsOf(stack) {
	const of = async (sql) => (await stack.db(sql)).map((row) =>
		Number(row.v));

	return {
		keys: await of("SELECT DISTINCT key_version AS v FROM api_keys"
			+ " ORDER BY v"),
		passwords: await of("SELECT DISTINCT IF(password LIKE '%:%',"
			+ " SUBSTRING_INDEX(password, ':', 1), '1') AS v FROM users"
			+ " ORDER BY v"),
		listed: await of("SELECT version AS v FROM master_keys ORDER BY v"),
	};
}

const only = (version) => ({ keys: [version], passwords: [version],
	listed: [version] });

// The provider is asked with the key that this user put last.
async function assertOpens(stack, who) {
	const tag = `opens-${randomBytes(6).toString("hex")}`;
	const stream = await ask(stack, who.token,
		question(`seq:tokens-2:pace-0:tag-${tag}`));

	assert.equal(stream.text(), numbers(2), stream.last?.text);
	assert.equal((await asked(stack, tag))[0].authorization,
		`Bearer ${who.key}`);
}

// A cookie and a CSRF token, as a page has them.
async function openPage(stack, { username, password }) {
	const { headers, body } = await stack.api("POST", "/auth/login",
		{ body: { username, password } });

	return { cookie: headers["set-cookie"][0].split(";")[0],
		"x-csrf-token": body.csrf_token, "sec-fetch-site": "same-origin" };
}

// What went wrong with a request, if anything.
const faultOf = ({ status, text }) => status < 300 ? [] : [text];

describe("S15: under load", () => {
	let stack, people, page;

	before(async () => {
		stack = await startStack({ settings: STAY });
		people = await Promise.all([1, 2, 3, 4].map(() => withKey(stack)));
		page = await openPage(stack, people[3]);
	});
	after(() => stack?.stop());

	test("a rotation fails no request and cuts no stream", async () => {
		const [ann, bob, carol, dan] = people;
		const runs = await oneOfEach(stack, ann.token,
			() => question("seq:tokens-500:pace-10"));
		const reads = runs.map(([stream]) => stream.read());
		const failed = [], counts = {};
		let going = true;

		const hammer = async (name, once) => {
			for (counts[name] = 0; going; counts[name]++)
				failed.push(...faultOf(await once()).map((text) =>
					`${name}: ${text}`));
		};
		const chat = (who) => () => stack.api("POST", "/chat",
			{ token: who.token, body: question("seq:tokens-2:pace-5") });
		const hammers = [
			hammer("put", async () => {
				const key = newKey();
				const result = await put(stack, bob, key);

				bob.key = key;
				return result;
			}),
			hammer("chat of who puts", chat(bob)),
			hammer("chat", chat(carol)),
			hammer("chat 2", chat(ann)),
			hammer("page", () => stack.api("PUT", "/keys/demo", { headers: page,
				body: { key: dan.key } })),
			hammer("me", () => stack.api("GET", "/auth/me",
				{ token: carol.token })),
		];

		await until(() => Object.values(counts).every((n) => n > 3)
			&& Object.values(counts).length === 6, "there is load");
		const { code, json, stderr } = await rotate(stack, "--pid",
			master(stack));
		const then = { ...counts };

		assert.equal(code, 0, stderr);
		await until(() => Object.keys(then).every((name) =>
			counts[name] > then[name] + 3), "there still is load");
		going = false;
		await Promise.all([...hammers, ...reads]);
		assert.deepEqual(failed, []);
		for (const [stream] of runs) {
			assertWellFormed(stream);
			assert.equal(stream.text(), numbers(500));
		}
		// nobody signed in meanwhile, so the old version is still needed
		assert.deepEqual(json.versions, [2, 1]);
		assert.deepEqual(json.needed.find(({ version }) => version === 1),
			{ version: 1, keys: 0, passwords: 4 });
		assert.ok(json.resealed >= 2, "those that nobody put meanwhile");
		assert.equal(json.unopened, 0);
		assert.deepEqual(await versionsOf(stack),
			{ keys: [2], passwords: [1], listed: [1, 2] });
	});

	test("all keys open, with the new version", async () => {
		for (const who of people)
			await assertOpens(stack, who);
	});

	test("a page that was open all the while goes on", async () => {
		const { status, text } = await stack.api("PUT", "/keys/demo",
			{ headers: page, body: { key: people[3].key } });

		assert.equal(status, 200, text);
	});

	test("the old version is not retired while passwords need it", async () => {
		const { code, json, stderr } = await rotate(stack, "retire");

		assert.equal(code, 1);
		assert.match(stderr, /Version 1 stays: 0 provider keys and 4 passwords/);
		assert.match(json.message, /when its owner signs in/);
		assert.deepEqual(versionsIn(fileOf(stack)), [2, 1]);
	});

	test("signing in with the old pepper works and keeps the password anew",
		async () => {
			for (const who of people)
				Object.assign(who, await stack.login(who));
			assert.deepEqual((await versionsOf(stack)).passwords, [2]);
			for (const who of people)
				await stack.login(who);
			const { status } = await stack.api("POST", "/auth/login", { body: {
				username: people[0].username, password: "not that one" } });

			assert.equal(status, 401);
		});

	test("then nothing is left of the old key", async () => {
		const { code, json, stderr } = await rotate(stack, "retire", "--pid",
			master(stack));

		assert.equal(code, 0, stderr);
		assert.deepEqual(json.versions, [2]);
		assert.deepEqual(versionsIn(fileOf(stack)), [2]);
		assert.deepEqual(await versionsOf(stack), only(2));
		await until(async () => (await stack.db("SELECT master_keys AS k"
			+ " FROM workers")).every(({ k }) => !/(^| )1:/.test(k)),
		"no worker has it", MOST);
		for (const who of people) {
			await assertOpens(stack, who);
			Object.assign(who, await stack.login(who));
		}
		await put(stack, people[0], people[0].key = newKey());
		await assertOpens(stack, people[0]);
	});

	test("a key in another's row, or of another version, opens nothing",
		async () => {
			const [ann, bob] = people;
			const id = ({ user }) => `UNHEX('${user.id.replaceAll("-", "")}')`;
			const swap = () => stack.db("UPDATE api_keys a JOIN api_keys b"
				+ ` ON a.user_id = ${id(ann)} AND b.user_id = ${id(bob)}`
				+ " SET a.sealed = b.sealed, b.sealed = a.sealed");
			const version = (v) => stack.db(`UPDATE api_keys SET key_version`
				+ ` = ${v} WHERE user_id = ${id(ann)}`);
			const before = (await stack.stats()).requests;

			const [{ sealed }] = await stack.db("SELECT HEX(sealed) AS sealed"
				+ ` FROM api_keys WHERE user_id = ${id(ann)}`);

			for (const [spoil, mend] of [[swap, () => stack.db("UPDATE api_keys"
				+ ` SET sealed = UNHEX('${sealed}') WHERE user_id = ${id(ann)}`)],
			[() => version(1), () => version(2)],
			[() => version(99), () => version(2)]]) {
				await spoil();
				const { status } = await stack.api("POST", "/chat",
					{ token: ann.token, body: question("tokens-1") });

				assert.equal(status, 500);
				await mend();
			}
			assert.equal((await stack.stats()).requests, before);
			await assertOpens(stack, ann);
			await put(stack, bob, bob.key);
		});
});

describe("S15: interrupted", () => {
	let stack, people;

	before(async () => {
		stack = await startStack({ settings: "[server]\ndrain_max = 1s\n" });
		people = await Promise.all([1, 2, 3].map(() => withKey(stack)));
	});
	after(() => stack?.stop());

	const finish = async () => {
		for (const who of people)
			Object.assign(who, await stack.login(who));
		const { code, json, stderr } = await rotate(stack, "--pid",
			master(stack));

		assert.equal(code, 0, stderr);
		assert.equal(json.versions.length, 1, "all is through");
		assert.deepEqual(versionsIn(fileOf(stack)), json.versions);
		assert.deepEqual(await versionsOf(stack), only(json.versions[0]));
		assert.deepEqual(readdirSync(stack.dir).filter((name) =>
			/^master\.key./.test(name)), []);
		for (const who of people)
			await assertOpens(stack, who);
		return json.versions[0];
	};

	const POINTS = [/^begin: /m, /to have version/, /^use: /m,
		/to use version/, /^reseal: /m, /^retire: /m];
	let version = 1;

	for (const point of POINTS)
		test(`killed at ${point}: what was is well, and again ends well`,
			async () => {
				const { code } = await admin(["rotate-key", "--pid",
					master(stack), ...confOf(stack)], (child) => {
					let text = "";

					child.stdout.on("data", (chunk) => {
						text += chunk;
						if (point.test(text))
							child.kill("SIGKILL");
					});
				});

				assert.ok(code === null || code === 0,
					"killed, or faster than we are");
				for (const who of people)
					await assertOpens(stack, who);
				// all but the old version, which the passwords need
				const again = await rotate(stack, "--pid", master(stack));

				assert.equal(again.code, 0, again.stderr);
				assert.deepEqual(again.json.versions, [version + 1, version]);
				version = await finish();
			});

	// Somebody else's transaction, which holds the last key until it is left.
	async function holdLast() {
		const client = spawn("mariadb", ["--no-defaults", "-u", "root",
			`--socket=${stack.dir}/mariadb.sock`, "--batch", "--unbuffered",
			"llmselect"], { stdio: ["pipe", "pipe", "inherit"] });
		let text = "";

		client.stdout.on("data", (chunk) => {
			text += chunk;
		});
		client.stdin.write("BEGIN; SELECT provider FROM api_keys"
			+ " ORDER BY user_id DESC LIMIT 1 FOR UPDATE;\n");
		await until(() => /demo/.test(text), "the row is held");
		return (last = "") => new Promise((resolve) => {
			client.once("exit", resolve);
			client.stdin.end(last);
		});
	}

	test("stopped in the middle of reseal: it goes on from there", async () => {
		for (const step of ["begin", "use"])
			assert.equal((await rotate(stack, step, "--pid",
				master(stack))).code, 0);
		const letGo = await holdLast();
		const half = await rotate(stack, "reseal");

		await letGo();
		assert.equal(half.code, 1);
		assert.match(half.stderr, /[Ll]ock/);
		assert.equal(half.json.resealed, people.length - 1);
		assert.deepEqual((await versionsOf(stack)).keys,
			[version, version + 1]);
		for (const who of people)
			await assertOpens(stack, who);
		const { code, json } = await rotate(stack, "reseal");

		assert.deepEqual([code, json.resealed], [0, 1]);
		assert.deepEqual((await versionsOf(stack)).keys, [version + 1]);
		version = await finish();
	});

	test("a key that is put while it is sealed anew wins", async () => {
		for (const step of ["begin", "use"])
			assert.equal((await rotate(stack, step, "--pid",
				master(stack))).code, 0);
		const letGo = await holdLast();
		const sealing = rotate(stack, "reseal");

		// innodb_trx would not do: who asks too often gets what was
		await until(async () => (await stack.db("SELECT variable_value AS n"
			+ " FROM information_schema.global_status WHERE variable_name ="
			+ " 'INNODB_ROW_LOCK_CURRENT_WAITS'"))[0].n === "1",
		"reseal has read the old key and waits").catch(async (error) => {
			await letGo();
			throw error;
		});
		await letGo("UPDATE api_keys SET sealed = 'another',"
			+ ` key_version = ${version + 1} ORDER BY user_id DESC LIMIT 1;`
			+ " COMMIT;\n");
		const { code, json, stderr } = await sealing;

		assert.equal(code, 0, stderr);
		assert.deepEqual([json.resealed, json.changed],
			[people.length - 1, 1]);
		const rows = await stack.db("SELECT LOWER(HEX(user_id)) AS id FROM"
			+ " api_keys WHERE sealed = 'another'");

		assert.equal(rows.length, 1);
		const lost = people.find(({ user }) =>
			user.id.replaceAll("-", "") === rows[0].id);

		await put(stack, lost, lost.key);
		version = await finish();
	});

	test("a key that does not open stays, and holds its version back",
		async () => {
			const [lost, ...others] = people;

			await stack.db("UPDATE api_keys SET sealed = REVERSE(sealed) WHERE"
				+ ` user_id = UNHEX('${lost.user.id.replaceAll("-", "")}')`);
			for (const who of people)
				await stack.login(who);
			const { code, json } = await rotate(stack, "--pid", master(stack));

			assert.deepEqual([code, json.resealed, json.unopened],
				[0, others.length, 1]);
			for (const who of people)
				await stack.login(who);
			const held = await rotate(stack, "retire");

			assert.equal(held.code, 1);
			assert.match(held.stderr, /1 provider keys and 0 passwords need it/);
			await put(stack, lost, lost.key);
			version = await finish();
		});

	test("two at once: the second is told to wait", async () => {
		// held up by a worker that is not there to answer
		await stack.db("INSERT INTO workers VALUES (UNHEX(REPEAT('ab', 16)),"
			+ " 'elsewhere', 1, 0, 0, '1:0123456789abcdef')");
		let second;
		const first = admin(["rotate-key", "use", ...confOf(stack)],
			(child) => {
				second = new Promise((resolve) => child.stdout.once("data",
					() => resolve(rotate(stack, "status"))));
			});
		const { code, stderr } = await second ?? {};

		assert.equal(code, 1);
		assert.match(stderr, /Somebody else is changing the files/);
		assert.equal((await first).code, 0, "the one without a beat is dead");
	});
});

describe("S15: two hosts", () => {
	let stack, ann, other, otherConf, otherFile;

	const listens = (file) => readFileSync("/proc/net/unix", "utf8")
		.split("\n").some((line) => line.endsWith(` ${file}`));

	// "Another host": workers with a file and settings of their own.
	async function startOther() {
		otherFile = join(stack.dir, "other.key");
		otherConf = join(stack.dir, "other.conf");
		copyFileSync(fileOf(stack), otherFile);
		writeFileSync(otherConf, readFileSync(join(stack.dir,
			"llmselect.conf"), "utf8").replace(fileOf(stack), otherFile));
		const socket = join(stack.dir, "other.sock");

		other = new Part({ name: "other", cwd: stack.dir,
			log: join(stack.logs, "other.log"),
			command: () => [program("fcgi/llmselect.fcgi"), "--conf",
				otherConf, "--workers", "1", "--listen", socket],
			ready: () => listens(socket) && other.children().length > 0 });
		await other.start();
		await until(async () => (await stack.db("SELECT COUNT(*) AS n"
			+ " FROM workers"))[0].n === "3", "its worker is there");
	}

	const there = (...args) => admin(["rotate-key", ...args, "--conf",
		otherConf]);
	const hup = () => process.kill(other.pid, "SIGHUP");

	before(async () => {
		stack = await startStack();
		ann = await withKey(stack);
		await startOther();
	});
	after(async () => {
		await other?.stop();
		await stack?.stop();
	});

	test("a version that another host lacks is not taken into use", async () => {
		assert.equal((await rotate(stack, "begin", "--pid",
			master(stack))).code, 0);
		const { code, stderr } = await rotate(stack, "use", "--wait", "2");

		assert.equal(code, 1);
		assert.match(stderr, new RegExp("1 workers do not yet have version 2,"
			+ " one of them process \\d+ on host "));
		assert.deepEqual(versionsIn(fileOf(stack)), [1, 2]);
		assert.deepEqual((await versionsOf(stack)).listed, [1]);
	});

	test("once it has the file it is", async () => {
		copyFileSync(fileOf(stack), otherFile);
		hup();
		const { code, stderr } = await rotate(stack, "use", "--pid",
			master(stack));

		assert.equal(code, 0, stderr);
		assert.deepEqual(versionsIn(fileOf(stack)), [2, 1]);
		await assertOpens(stack, ann);
	});

	test("nothing is sealed anew while a host still seals with the old one",
		async () => {
			const { code, stderr } = await rotate(stack, "reseal", "--wait",
				"2");

			assert.equal(code, 1);
			assert.match(stderr, /1 workers do not yet seal with version 2/);
			assert.deepEqual((await versionsOf(stack)).keys, [1]);
			const used = await there("use", "--pid", String(other.pid));

			assert.equal(used.code, 0, used.stderr);
			assert.deepEqual(versionsIn(otherFile), [2, 1]);
			const done = await rotate(stack, "reseal");

			assert.equal(done.code, 0, done.stderr);
			assert.equal(done.json.resealed, 1);
			assert.deepEqual((await versionsOf(stack)).keys, [2]);
		});

	test("each host retires its own file", async () => {
		await stack.login(ann);
		assert.equal((await rotate(stack, "retire", "--pid",
			master(stack))).code, 0);
		assert.deepEqual(await versionsOf(stack), only(2));
		await other.restart("SIGTERM");	// with a version more than is listed
		assert.equal((await there("retire", "--pid", String(other.pid))).code,
			0);
		assert.deepEqual(versionsIn(otherFile), [2]);
		await assertOpens(stack, ann);
		await until(async () => (await stack.db("SELECT master_keys AS k"
			+ " FROM workers WHERE master_keys <> ''")).every(({ k }) =>
			/^2:\w+$/.test(k)) && other.children().length === 1,
		"all workers have that alone", MOST);
	});

	const WRONG = [
		{ name: "another key", text: () => `2:${"ab".repeat(32)}\n`,
			says: /version 2 of the master key is another one than this database/ },
		{ name: "a version that is not in use",
			text: () => `1:${"ab".repeat(32)}\n`,
			says: /version 1 of the master key comes first and was never in use/ },
		{ name: "the right one behind another",
			text: (file) => `3:${"cd".repeat(32)}\n${file}`,
			says: /version 3 of the master key comes first and was never in use/ },
	];

	for (const { name, text, says } of WRONG)
		test(`S16: a key file that is not this database's: ${name}`, async () => {
			const pids = other.children();
			const right = readFileSync(otherFile, "utf8");
			const log = () => readFileSync(other.log, "utf8");
			const before = log().length;

			writeFileSync(otherFile, text(right));
			hup();
			await until(() => /stay as they are/.test(log().slice(before)),
				"it is told", 30_000);
			assert.match(log().slice(before), says);
			assert.doesNotMatch(log(), /abababab|cdcdcdcd/);
			assert.ok(pids.every((pid) => other.children().includes(pid)));
			writeFileSync(otherFile, right);
			hup();
			await until(() => !pids.some((pid) =>
				other.children().includes(pid)), "it takes the right one");
		});

	test("S16: a key file without a version that is needed", async () => {
		const right = readFileSync(otherFile, "utf8");
		const before = readFileSync(other.log, "utf8").length;

		await stack.db("INSERT INTO master_keys VALUES (1, REPEAT('0', 16))");
		hup();
		await until(() => /stay as they are/.test(readFileSync(other.log,
			"utf8").slice(before)), "it is told", 30_000);
		assert.match(readFileSync(other.log, "utf8").slice(before),
			/other\.key lacks version 1 of the master key, and this database/);
		assert.equal(readFileSync(otherFile, "utf8"), right);
		await stack.db("DELETE FROM master_keys WHERE version = 1");
	});

	test("begun on two hosts: the second is told whose file counts",
		async () => {
			const a = await rotate(stack, "begin", "--pid", master(stack));
			const b = await there("begin", "--pid", String(other.pid));

			assert.deepEqual([a.code, b.code], [0, 0]);
			const { code, stderr } = await rotate(stack, "use", "--wait", "2");

			assert.equal(code, 1);
			assert.match(stderr, /do not yet have version 3/);
			copyFileSync(fileOf(stack), otherFile);
			hup();
			assert.equal((await rotate(stack, "use", "--pid",
				master(stack))).code, 0);
		});
});

describe("rotate-key says what it cannot do", () => {
	let stack;

	before(async () => {
		stack = await startStack();
	});
	after(() => stack?.stop());

	const ROWS = [
		{ name: "no such step", args: ["turn"], code: 2,
			says: /no step turn\. There are begin, use, reseal/ },
		{ name: "a --pid of somebody else", args: ["begin", "--pid",
			String(process.pid)], code: 1,
		says: /is no llmselect\.fcgi\. --pid takes the master/ },
		{ name: "a --pid that is no number", args: ["begin", "--pid", "me"],
			code: 2, says: /--pid does not fit/ },
		{ name: "a --wait below 0", args: ["use", "--wait", "-1"], code: 2,
			says: /--wait does not fit/ },
		{ name: "nothing to retire", args: ["retire", "--wait", "0"], code: 0,
			says: /^$/ },
	];

	for (const { name, args, code, says } of ROWS)
		test(name, async () => {
			const done = await admin(["rotate-key", ...args,
				...confOf(stack)]);

			assert.equal(done.code, code, done.stderr);
			assert.match(done.stderr, says);
			assert.ok(existsSync(fileOf(stack)));
		});

	test("--force lets a version go with the passwords that need it",
		async () => {
			const ann = await withKey(stack);

			assert.equal((await rotate(stack, "--pid", master(stack))).code, 0);
			const { code, stderr } = await rotate(stack, "retire", "--force",
				"--pid", master(stack));

			assert.equal(code, 0, stderr);
			await until(async () => (await stack.db("SELECT master_keys AS k"
				+ " FROM workers")).every(({ k }) => !/(^| )1:/.test(k)),
			"no worker has it", MOST);
			const { status, body } = await stack.api("POST", "/auth/login",
				{ body: { username: ann.username, password: ann.password } });

			assert.equal(status, 401);
			assert.match(body.message, /name or the password is wrong/);
			await assertOpens(stack, ann);	// whose session and key live on
		});
});
