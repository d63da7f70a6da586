// Processes that die, are reloaded, and end; a database that goes away.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { startStack, until } from "./harness.js";
import { sanitized } from "./lib/build.js";
import { open } from "./lib/fastcgi.js";
import { ask, assertKept, assertWellFormed, begin, ended, first, hasContent,
	numbers, oneOfEach, question, show } from "./lib/turn.js";

const DEAD_MS = 8000;	// until the answers of a dead worker are given up
const KEPT_MS = 1000;	// of text may be lost with it (F1)
const BUSY_MS = 1500;	// on top, for a machine that has other things to do

const kill = (pid, signal) => process.kill(pid, signal);

// A stream that cannot end well is read to where it breaks.
const readToBreak = (stream) => stream.read().catch(() => undefined);

const works = (stack) => until(async () =>
	(await stack.api("GET", "/ready")).status === 200, "it serves again");

async function assertWorks(stack, { token }) {
	const stream = await ask(stack, token, question("seq:tokens-3:pace-0"));

	assert.equal(stream.text(), numbers(3), stream.last?.text);
	assert.equal(stream.last.data.finish_reason, "stop");
}

describe("a worker dies", () => {
	let stack, ann;

	before(async () => {
		stack = await startStack();
		ann = await stack.register();
	});
	after(() => stack?.stop());

	for (const signal of ["SIGKILL", "SIGSEGV"])
		test(`F1, F2: ${signal}: it is started again, its answers are `
			+ "interrupted, the others go on",
		{ skip: signal === "SIGSEGV" && sanitized() }, async () => {
			const body = () => question("seq:tokens-400:pace-10",
				{ message: "Long?" });
			const [[lost, victim], [safe, other]] = await oneOfEach(stack,
				ann.token, body);
			const others = safe.read();

			// so long that some of the text is old enough to be kept; an
			// event has the time at which it is read, so from here on
			const readAt = performance.now();

			await lost.read((event) => hasContent(event)
				&& event.at - readAt > KEPT_MS + BUSY_MS);
			const killedAt = performance.now();

			kill(victim, signal);
			await readToBreak(lost);
			assert.equal(lost.events.filter((e) => e.data.done
				|| e.data.error).length, 0, "nobody was left to say it");
			await until(() => {
				const pids = stack.pids.workers();

				return pids.length === 2 && !pids.includes(victim)
					&& pids.includes(other);
			}, "there are two workers again");
			await others;
			assert.equal(safe.text(), numbers(400));
			assert.equal(safe.last.data.finish_reason, "stop");

			const { conversation_id } = first(lost);
			const answer = await ended(stack, ann.token, conversation_id,
				DEAD_MS + BUSY_MS);
			const { messages } = await show(stack, ann.token, conversation_id);

			assert.equal(answer.state, "interrupted");
			assert.equal(answer.error.code, "interrupted");
			assert.equal(messages[0].content, "Long?");
			assert.ok(numbers(400).startsWith(answer.content), "O1");
			await assertWorks(stack, ann);
			const next = await ask(stack, ann.token,
				question("seq:tokens-2", { conversation_id }));

			assert.equal(next.text(), numbers(2));
			const old = lost.events.filter((e) => hasContent(e)
				&& e.at < killedAt - KEPT_MS - BUSY_MS / 3);

			assert.ok(old.length > 10);
			assert.ok(answer.content.length
				>= old.map((e) => e.data.content).join("").length,
			`F1: of ${lost.text().length} bytes shown, `
				+ `${answer.content.length} are kept`);
		});

	test("F2: the provider's connections of a dead worker are closed",
		async () => {
			await until(async () => (await stack.stats()).open === 0,
				"the provider has nobody left");
		});
});

describe("the settings are read again", () => {
	const STAY = "[server]\ndrain_max = 30s\n";
	let stack, ann;

	before(async () => {
		stack = await startStack({ settings: STAY });
		ann = await stack.register();
	});
	after(() => stack?.stop());

	const hup = () => kill(stack.pids.master, "SIGHUP");
	const errors = () => stack.logLines().filter((line) =>
		line.part === "master" && line.level === "error");

	const BAD = [
		{ name: "a value that does not fit", text: "[server]\nworkers = many\n",
			at: /more\.conf:2: server\.workers = "many"/ },
		{ name: "a key that nobody knows", text: "[server]\n\nworker = 2\n",
			at: /more\.conf:3: / },
		{ name: "a section that nobody knows", text: "\n[sever]\nworkers = 2\n",
			at: /more\.conf:[23]: / },
		{ name: "a line that is none", text: "[server]\nworkers\n",
			at: /more\.conf:2/ },
		{ name: "an address that may not be (S23)",
			text: "[provider.demo]\nbase_url = http://example.org/v1\n",
			at: /more\.conf:2: / },
	];

	for (const { name, text, at } of BAD)
		test(`F4: HUP with ${name} changes nothing and says where it is`,
			async () => {
				const pids = stack.pids.workers();
				const before = errors().length;

				stack.setSettings(text);
				hup();
				const line = await until(() => errors()[before],
					"the fault is told");

				assert.match(line.message, at);
				assert.deepEqual(stack.pids.workers(), pids);
				await assertWorks(stack, ann);
			});

	test("F4: HUP with a master key that is not there: the old workers stay",
		async () => {
			const pids = stack.pids.workers();
			const before = errors().length;

			stack.setSettings("[server]\nmaster_key = nowhere.key\n");
			hup();
			await until(() => errors().slice(before).some((line) =>
				/stay as they are/.test(line.message)), "it is told", 30_000);
			assert.ok(pids.every((pid) => stack.pids.workers().includes(pid)));
			await assertWorks(stack, ann);
			await until(() => stack.pids.workers().length === 2,
				"those that did not start are gone");
		});

	test("F3: HUP with good settings: new workers, no request refused, "
		+ "what runs goes on", async () => {
		const old = stack.pids.workers();
		const runs = await oneOfEach(stack, ann.token,
			() => question("seq:tokens-300:pace-10"));
		const reads = runs.map(([stream]) => stream.read());
		const refused = [];
		let asking = true, health = 0, chats = 0;

		const hammer = async (once) => {
			while (asking)
				try {
					await once();
				} catch (error) {
					refused.push(error.message);
				}
		};
		const hammers = [
			...Array.from({ length: 4 }, () => hammer(async () => {
				const { status, text } = await stack.api("GET", "/health");

				health++;
				if (status !== 200)
					refused.push(text);
			})),
			...Array.from({ length: 4 }, () => hammer(async () => {
				const { status, text } = await stack.api("POST", "/chat",
					{ token: ann.token, body: question("seq:tokens-2:pace-5") });

				chats++;
				if (status !== 200)
					refused.push(text);
			})),
		];

		// twice, with two sets of settings
		for (const n of [3, 2]) {
			const before = stack.pids.workers();

			stack.setSettings(`${STAY}workers = ${n}\n`);
			hup();
			await until(() => stack.logLines().filter((line) =>
				/new settings are in force/.test(line.message)).length
				=== (n === 3 ? 1 : 2), "they are in force", 20_000);
			const fresh = stack.pids.workers().filter((pid) =>
				!before.includes(pid));

			assert.equal(fresh.length, n);
		}
		const [hits, talks] = [health, chats];

		await until(() => health > hits + 20 && chats > talks + 10,
			"requests are served by the new workers");
		asking = false;
		await Promise.all([...hammers, ...reads]);
		assert.deepEqual(refused, []);
		for (const [stream] of runs) {
			assertWellFormed(stream);
			assert.equal(stream.text(), numbers(300));
			assert.equal(stream.last.data.finish_reason, "stop");
		}
		await until(() => {
			const now = stack.pids.workers();

			return now.length === 2 && now.every((pid) => !old.includes(pid));
		}, "the old workers are gone", 20_000);
		await assertWorks(stack, ann);
	});
});

describe("everything ends", () => {
	let stack, ann;

	before(async () => {
		stack = await startStack();	// drain_max is 2 s there
		ann = await stack.register();
	});
	after(() => stack?.stop());
	afterEach(async () => {
		if (!stack.parts.llmselect.isRunning)
			await stack.parts.llmselect.start();
		await works(stack);
	});

	for (const signal of ["SIGTERM", "SIGINT"])
		test(`F3: ${signal}: short answers end, long ones are interrupted`,
			async () => {
				const longBody = question("seq:tokens-2000:pace-10");
				const short = await begin(stack, ann.token,
					question("seq:tokens-100:pace-10"));
				const long = await begin(stack, ann.token, longBody);
				const left = await begin(stack, ann.token,
					question("seq:tokens-2000:pace-10",
						{ on_disconnect: "continue" }));

				await long.read(hasContent);
				await left.read(hasContent);
				left.close();
				const reads = [short.read(), long.read()];
				const ending = stack.parts.llmselect.stop(signal, 30_000);

				await Promise.all(reads);
				assert.deepEqual(await ending, { code: 0, signal: null });
				assertWellFormed(short);
				assert.equal(short.text(), numbers(100));
				assert.equal(short.last.data.finish_reason, "stop");
				assertWellFormed(long);
				const { code, partial } = long.last.data;

				assert.deepEqual([code, partial], ["interrupted", true]);
				assert.ok(long.text().length > 100);
				assert.ok(numbers(2000).startsWith(long.text()));

				const away = await stack.api("GET", "/health");

				assert.equal(away.status, 502);
				assert.match(away.headers["content-type"],
					/^application\/json/);
				assert.equal(away.body.error, "unavailable");
				assert.ok(Number(away.headers["retry-after"]) > 0);

				await stack.parts.llmselect.start();
				await works(stack);
				const answer = await assertKept(stack, ann.token, long,
					longBody);

				assert.equal(answer.state, "interrupted");
				assert.equal(answer.error.code, "interrupted");
				const kept = await ended(stack, ann.token,
					first(left).conversation_id);

				assert.equal(kept.state, "interrupted");
				assert.ok(numbers(2000).startsWith(kept.content));
				assert.ok(kept.content.startsWith(left.text()));
				const { conversation_id } = first(long);
				const next = await ask(stack, ann.token,
					question("seq:tokens-2", { conversation_id }));

				assert.equal(next.last.data.finish_reason, "stop");
			});

	test("POST /chat is told of the end as well: 503 interrupted", async () => {
		const tag = "whole-at-the-end";
		const whole = stack.api("POST", "/chat", { token: ann.token,
			body: question(`seq:tokens-2000:pace-10:tag-${tag}`) });

		await until(async () => (await stack.stats(tag)).tokens_sent > 3,
			"the answer has begun");
		await stack.parts.llmselect.stop("SIGTERM", 30_000);
		const { status, body } = await whole;

		assert.equal(status, 503);
		assert.equal(body.error, "interrupted");
		assert.equal(body.partial, true);
	});

	test("TERM twice means now", async () => {
		const stream = await begin(stack, ann.token,
			question("seq:tokens-2000:pace-10"));

		await stream.read(hasContent);
		const drains = () => stack.logLines().filter((line) =>
			/stopping on signal 15/.test(line.message)).length;
		const before = drains();
		const began = performance.now();
		const ending = stack.parts.llmselect.stop("SIGTERM", 30_000);

		await until(() => drains() === before + 2, "the workers drain");
		stack.parts.llmselect.kill("SIGTERM");
		await stream.read();
		assert.equal(stream.last.data.code, "interrupted");
		assert.deepEqual(await ending, { code: 0, signal: null });
		assert.ok(performance.now() - began < 1900, "drain_max is 2 s");
	});

	test("nothing is left behind in the folder of the workers", async () => {
		await stack.parts.llmselect.stop("SIGTERM", 30_000);
		const rows = await stack.db("SELECT COUNT(*) AS n FROM workers");

		assert.equal(rows[0].n, "0");
	});
});

// As a web server or systemd starts it: fd 0 listens, and is inherited.
const ON_FD_0 = `
use IO::Socket::UNIX;
my ($path, $blocking, @program) = @ARGV;
unlink $path;
my $socket = IO::Socket::UNIX->new(Local => $path, Listen => 128) or die $!;
$socket->blocking($blocking);
open STDIN, "<&", $socket or die $!;
exec @program;
`;

describe("one process, on the socket it was started with", () => {
	let stack, ann, ofHarness;

	before(async () => {
		stack = await startStack();
		ann = await stack.register();
		ofHarness = stack.parts.llmselect.command();
		stack.parts.llmselect.ready = () => true;
	});
	after(() => stack?.stop());

	for (const blocking of [1, 0])
		test(`it serves and ends, the socket ${blocking ? "" : "not "}blocking`,
			async () => {
				const part = stack.parts.llmselect;
				const program = ofHarness.slice(0,
					ofHarness.indexOf("--workers"));

				await part.stop("SIGTERM", 30_000);
				part.command = () => ["perl", "-e", ON_FD_0, stack.socket,
					String(blocking), ...program];
				await part.start();
				await works(stack);
				assert.deepEqual(stack.pids.workers(), []);
				await assertWorks(stack, ann);

				// who has sent nothing yet does not keep it for long
				const silent = await open(stack.socket);
				const began = performance.now();

				assert.deepEqual(await part.stop("SIGTERM", 30_000),
					{ code: 0, signal: null });
				assert.ok(performance.now() - began < 4000);
				silent.destroy();
			});
});

describe("the database goes away", () => {
	let stack, ann;

	before(async () => {
		stack = await startStack();
		ann = await stack.register();
	});
	after(() => stack?.stop());
	afterEach(async () => {
		if (!stack.parts.mariadbd.isRunning)
			await stack.parts.mariadbd.start();
		await works(stack);
	});

	for (const signal of ["SIGTERM", "SIGKILL"])
		test(`F6: ${signal}: health answers, a question is told to come again,`
			+ " nothing is asked", async () => {
			const before = (await stack.stats()).requests;

			await stack.parts.mariadbd.stop(signal);
			const health = await stack.api("GET", "/health");

			assert.equal(health.status, 200);
			for (const [method, path, body] of [
				["POST", "/chat", question("tokens-1")],
				["POST", "/chat/stream", question("tokens-1")],
				["GET", "/auth/me"], ["GET", "/ready"],
				["POST", "/auth/login", { username: ann.username,
					password: ann.password }]]) {
				const began = performance.now();
				const { status, headers, body: said, text } = await stack.api(
					method, path, { token: ann.token, body });

				assert.equal(status, 503, `${path}: ${text}`);
				assert.equal(said.error, "unavailable");
				assert.ok(Number(headers["retry-after"]) > 0, path);
				assert.ok(performance.now() - began < 3000, path);
				assert.doesNotMatch(text, /mysql|maria|sock|SELECT/i);
			}
			await stack.parts.mariadbd.start();
			await until(async () => (await stack.api("GET", "/auth/me",
				{ token: ann.token })).status === 200, "it is found again");
			await assertWorks(stack, ann);
			assert.equal((await stack.stats()).requests, before + 1,
				"what was refused was not asked");
		});

	test("F5: health answers fast while 100 requests meet no database",
		async () => {
			await stack.parts.mariadbd.stop("SIGKILL");
			const many = Array.from({ length: 100 }, () => stack.api("GET",
				"/auth/me", { token: ann.token }));
			const began = performance.now();
			const health = await stack.api("GET", "/health");

			assert.equal(health.status, 200);
			assert.ok(performance.now() - began < 2000);
			for (const { status } of await Promise.all(many))
				assert.equal(status, 503);
		});

	for (const signal of ["SIGTERM", "SIGKILL"])
		test(`F5: ${signal} in the middle of an answer: it streams on, and is `
			+ "saved when the database is back", async () => {
			const body = question("seq:tokens-200:pace-10");
			const stream = await begin(stack, ann.token, body);

			await stream.read(hasContent);
			await stack.parts.mariadbd.stop(signal);
			const during = stream.events.length;

			await stream.read(() => stream.text() === numbers(200));
			assert.ok(stream.events.length > during + 20, "it streamed on");
			assert.equal(stream.last.data.done, undefined,
				"it is not done before it is saved");
			await stack.parts.mariadbd.start();
			await stream.read();
			assertWellFormed(stream);
			assert.equal(stream.last.data.done, true, stream.last.text);
			const answer = await assertKept(stack, ann.token, stream, body);

			assert.equal(answer.state, "complete");
		});

	test("F5: the database is back before the answer ends", async () => {
		const body = question("seq:tokens-300:pace-10");
		const stream = await begin(stack, ann.token, body);

		await stream.read(hasContent);
		const reading = stream.read();

		await stack.parts.mariadbd.restart("SIGKILL");
		await reading;
		assertWellFormed(stream);
		assert.equal(stream.text(), numbers(300));
		assert.equal(stream.last.data.done, true);
		const answer = await assertKept(stack, ann.token, stream, body);

		assert.equal(answer.state, "complete");
	});

	test("a worker is not taken for dead because the database was away",
		async () => {
			const stream = await begin(stack, ann.token,
				question("seq:tokens-900:pace-10"));

			await stream.read(hasContent);
			const reading = stream.read();

			await stack.parts.mariadbd.stop("SIGKILL");
			const away = performance.now();

			await until(() => performance.now() - away > 6000,
				"the database is away for longer than a beat may be");
			await stack.parts.mariadbd.start();
			await reading;
			assert.equal(stream.text(), numbers(900));
			assert.equal(stream.last.data.done, true, stream.last.text);
		});

	test("F8: a connection that the database closed is not noticed",
		async () => {
			await stack.db("SET GLOBAL wait_timeout = 1");
			await stack.parts.llmselect.restart();
			await works(stack);
			await assertWorks(stack, ann);
			for (let i = 0; i < 3; i++) {
				await until(async () => Number((await stack.db("SELECT COUNT(*)"
					+ " AS n FROM information_schema.processlist WHERE user ="
					+ " 'llmselect' AND time < 1"))[0].n) <= 4,
				"the idle ones are closed");
				const all = await Promise.all(Array.from({ length: 20 }, () =>
					stack.api("GET", "/auth/me", { token: ann.token })));

				for (const { status, text } of all)
					assert.equal(status, 200, text);
			}
			await stack.db("SET GLOBAL wait_timeout = 28800");
		});
});
