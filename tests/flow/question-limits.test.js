// S31: limits of a user that all workers count together: questions in a minute,
// answers at once.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startStack, until } from "./harness.js";
import { assertLimited } from "./lib/limits.js";
import { ask, begin, first, numbers, question, workerOf } from "./lib/turn.js";

const PER_MINUTE = 5, AT_ONCE = 4;
const SETTINGS = `
[limits]
questions_per_minute = ${PER_MINUTE}
streams_per_user = ${AT_ONCE}
`;

let stack, ann;

before(async () => {
	stack = await startStack({ settings: SETTINGS });
	ann = await stack.register();
});
after(() => stack?.stop());

const newUser = async () => {
	const { token, user } = await stack.register();

	return { token, id: user.id };
};

const pidOf = ({ body }) => stack.logLines().find((entry) =>
	entry.request_id === body.request_id).pid;

const hex = (id) => `UNHEX('${id.replaceAll("-", "")}')`;

const post = ({ token }, body) => stack.api("POST", "/chat", { token, body });

const race = async (user, n, body) => {
	const answers = await Promise.all(Array.from({ length: n },
		() => post(user, body)));
	const [good, bad] = [200, 429].map((wanted) =>
		answers.filter(({ status }) => status === wanted));

	assert.equal(good.length + bad.length, n);
	return { good, bad };
};

const asked = async ({ id }) => Number((await stack.db("SELECT asked FROM"
	+ ` quotas WHERE user_id = ${hex(id)}`))[0]?.asked ?? 0);

const countOf = async (table, { id }) => Number((await stack.db("SELECT"
	+ ` COUNT(*) AS n FROM ${table} WHERE user_id = ${hex(id)}`))[0].n);

const setOwn = ({ id }, column, most) => stack.db("UPDATE users SET"
	+ ` ${column} = ${most} WHERE id = ${hex(id)}`);

const MINUTE = new RegExp(`^You may ask ${PER_MINUTE} questions a minute\\. `
	+ "Try again in \\d+ seconds?\\.$");
const STREAMS = new RegExp(`^You may have ${AT_ONCE} answers running at once\\. `);

describe("S31: questions in a minute", () => {
	test(`of 20 at once ${PER_MINUTE} are asked, at both workers, and of the `
		+ "others nothing is left", async () => {
		const user = await newUser();

		await setOwn(user, "streams_per_user", 0);
		const { good, bad } = await race(user, 20,
			question("seq:tokens-3:tag-race"));

		assert.equal(good.length, PER_MINUTE);
		assert.equal(bad.length, 20 - PER_MINUTE);
		for (const { body } of good)
			assert.equal(body.response, numbers(3));
		for (const answer of bad)
			assert.ok(assertLimited(answer, MINUTE) <= 60);
		assert.equal(new Set(bad.map(pidOf)).size, 2);
		assert.equal((await stack.stats("race")).requests, PER_MINUTE);
		assert.equal(await countOf("messages", user), 2 * PER_MINUTE);
		assert.equal(await countOf("conversations", user), PER_MINUTE);
		assert.equal(await asked(user), PER_MINUTE);
		// another user is not concerned
		assert.equal((await post(await newUser(), question("tokens-1"))).status,
			200);
	});

	test("when the minute is over it begins anew", async () => {
		const user = await newUser();
		const shift = (ms) => stack.db("UPDATE quotas SET began = began -"
			+ ` ${ms} WHERE user_id = ${hex(user.id)}`);

		for (let i = 0; i < PER_MINUTE; i++)
			assert.equal((await post(user, question("tokens-1"))).status, 200);
		assertLimited(await post(user, question("tokens-1")), MINUTE);
		await shift(50_000);
		assert.ok(assertLimited(await post(user, question("tokens-1")), MINUTE)
			<= 10);
		await shift(10_000);
		for (let i = 0; i < PER_MINUTE; i++)
			assert.equal((await post(user, question("tokens-1"))).status, 200);
		assertLimited(await post(user, question("tokens-1")), MINUTE);
		// F36: a minute that began tomorrow is none
		await shift(-86_400_000);
		assert.equal((await post(user, question("tokens-1"))).status, 200);
	});

	test("as a stream it is an ordinary error too", async () => {
		const user = await newUser();

		await setOwn(user, "questions_per_minute", 1);
		await ask(stack, user.token, question("tokens-1"));
		await assert.rejects(ask(stack, user.token, question("tokens-1")),
			({ status, body }) => status === 429
				&& body.error === "rate_limited"
				&& body.message.startsWith("You may ask 1 question a minute."));
	});

	test("what is refused for another reason has not counted", async () => {
		const user = await newUser();
		const running = await begin(stack, user.token,
			question("first-60000:tokens-1"));
		const { conversation_id } = first(running);
		const refused = [
			[409, question("tokens-1", { conversation_id })],
			[422, question("tokens-1", { message: 7 })],
			[404, question("tokens-1", { conversation_id: ann.user.id })],
			[422, question("tokens-1", { provider: "nobody" })],
		];

		for (const [status, body] of refused)
			assert.equal((await post(user, body)).status, status);
		running.close();
		assert.equal(await asked(user), 1);
	});

	test("the same request again joins the first, at the limit too",
		async () => {
			const user = await newUser();

			await setOwn(user, "questions_per_minute", 1);
			const { good } = await race(user, 10, question(
				"seq:tokens-3:pace-20:tag-same", { client_request_id: "once" }));

			assert.equal(good.length, 10);
			assert.equal((await stack.stats("same")).requests, 1);
			assert.equal(await asked(user), 1);
		});

	test("a row in the database wins over the settings", async () => {
		const user = await newUser();

		await setOwn(user, "questions_per_minute", PER_MINUTE + 3);
		await setOwn(user, "streams_per_user", 0);
		const { good, bad } = await race(user, 20,
			question("tokens-1"));

		assert.equal(good.length, PER_MINUTE + 3);
		assert.match(bad[0].body.message, /^You may ask 8 questions a minute/);
		await setOwn(user, "questions_per_minute", 0);
		assert.equal((await race(user, 10, question("tokens-1"))).good.length,
			10);
	});
});

describe("S31: answers at once", () => {
	const LONG = "first-60000:tokens-1";

	test(`of 20 streams at once ${AT_ONCE} begin; when one ends, one may`,
		async () => {
			const user = await newUser();

			await setOwn(user, "questions_per_minute", 0);
			const tried = await Promise.allSettled(Array.from({ length: 20 },
				() => begin(stack, user.token, question(`${LONG}:tag-once`))));
			const running = tried.filter((t) => t.status === "fulfilled")
				.map((t) => t.value);
			const refused = tried.filter((t) => t.status === "rejected")
				.map((t) => t.reason);

			assert.equal(running.length, AT_ONCE);
			for (const { status, body } of refused) {
				assert.equal(status, 429);
				assert.match(body.message, STREAMS);
			}
			assert.equal(await countOf("conversations", user), AT_ONCE);
			assert.equal((await stack.stats("once")).requests, AT_ONCE);
			assertLimited(await post(user, question("tokens-1")), STREAMS);
			await stack.api("POST",
				`/streams/${first(running[0]).stream_id}/cancel`,
				{ token: user.token });
			await running[0].read();
			assert.equal((await post(user, question("tokens-1"))).status, 200);
			for (const stream of running.slice(1))
				stream.close();
			await until(async () => (await post(user, question("tokens-1")))
				.status === 200, "all are gone");
		});

	test("answers that a dead worker left behind do not count for ever",
		async () => {
			const user = await newUser();

			await setOwn(user, "streams_per_user", 1);
			const stream = await begin(stack, user.token, question(LONG));

			assertLimited(await post(user, question("tokens-1")),
				/^You may have 1 answer running at once\. /);
			const pid = await workerOf(stack, first(stream).stream_id);

			process.kill(pid, "SIGKILL");
			await stream.read().catch(() => {});
			await until(async () => (await post(user, question("tokens-1")))
				.status === 200, "the worker is given up for dead", 15_000);
		});
});
