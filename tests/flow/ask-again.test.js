// The same request again, the same question again, two questions at once.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startStack } from "./harness.js";

let stack, ann;

before(async () => {
	stack = await startStack({ workers: 2 });
	ann = await stack.register();
});
after(() => stack.stop());

const ask = (body) => stack.sse("/chat/stream", { token: ann.token,
	body: { provider: "demo", ...body } });

const answer = (body) => stack.api("POST", "/chat", { token: ann.token,
	body: { provider: "demo", ...body } });

const show = async (id) => (await stack.api("GET", `/conversations/${id}`,
	{ token: ann.token })).body;

test("F29: twenty times the same request is one question and one call",
	async () => {
		const body = { message: "Once.", client_request_id: "twenty",
			model: "demo:seq:tokens-15:pace-30:tag-twenty" };
		const ids = await Promise.all(Array.from({ length: 20 },
			async (_, i) => {
				if (i % 2)
					return (await answer(body)).body.message_id;
				const stream = ask(body);

				await stream.read();
				assert.equal(stream.last.data.finish_reason, "stop");
				assert.ok(stream.text().startsWith("0 1 2 "));
				return stream.last.data.message_id;
			}));

		assert.equal(new Set(ids).size, 1);
		assert.equal((await stack.stats("twenty")).requests, 1);
		const rows = await stack.db("SELECT COUNT(*) AS n FROM messages"
			+ " WHERE content = 'Once.'");

		assert.deepEqual(rows, [{ n: "1" }]);
	});

test("the same name for another request is a conflict", async () => {
	const first = await answer({ message: "One.", model: "demo:tokens-1",
		client_request_id: "named" });
	const second = await answer({ message: "Two.", model: "demo:tokens-1",
		client_request_id: "named" });

	assert.equal(first.status, 200);
	assert.equal(second.status, 409);
	assert.equal(second.body.error, "conflict");
});

test("two users may give their requests the same name", async () => {
	const bob = await stack.register();
	const body = { provider: "demo", message: "Mine.",
		model: "demo:tokens-1", client_request_id: "shared" };
	const [a, b] = await Promise.all([ann, bob].map(({ token }) =>
		stack.api("POST", "/chat", { token, body })));

	assert.equal(a.status, 200);
	assert.equal(b.status, 200);
	assert.notEqual(a.body.message_id, b.body.message_id);
});

test("F28: two questions at once are kept in one order, or one is told busy",
	async () => {
		const { body: { conversation_id: id } } = await answer(
			{ message: "Begin.", model: "demo:tokens-1" });
		const kept = [];
		let refused = 0;

		for (let i = 0; i < 100; i++) {
			const replies = await Promise.all([1, 2].map((n) => answer({
				conversation_id: id, message: `${i}.${n}`,
				model: "demo:tokens-3:pace-5" })));
			const taken = replies.filter((r) => r.status === 200);

			for (const reply of replies.filter((r) => r.status !== 200)) {
				assert.equal(reply.status, 409);
				assert.equal(reply.body.error, "busy");
				refused++;
			}
			assert.ok(taken.length >= 1, "both were refused");
			kept.push(...taken.map((r) => r.body.message_id).sort());
		}
		const { messages } = await show(id);

		// one branch, in which every answer that was given stands once
		assert.deepEqual(messages.filter((m) => m.role === "assistant")
			.slice(1).map((m) => m.id), kept);
		assert.ok(messages.every((m) => m.state === "complete"
			&& m.siblings === undefined));
		assert.ok(refused > 0, "no two were ever at once");
		assert.deepEqual(await stack.db("SELECT COUNT(*) AS n FROM messages"
			+ ` WHERE conversation_id = UNHEX('${id.replaceAll("-", "")}')`),
		[{ n: String(messages.length) }]);
	});

test("regenerate answers the last question once more", async () => {
	const { body: { conversation_id: id } } = await answer(
		{ message: "First.", model: "demo:tokens-2" });

	await answer({ conversation_id: id, message: "Second.",
		model: "demo:tokens-2:tag-before" });
	const before = await show(id);
	const again = await answer({ conversation_id: id, regenerate: true,
		model: "demo:seq:tokens-3:tag-again" });
	const after = await show(id);

	assert.equal(again.body.response, "0 1 2 ");
	assert.equal(after.messages.length, 4);
	assert.deepEqual(after.messages.slice(0, 3), before.messages.slice(0, 3));
	assert.equal(after.messages[3].id, again.body.message_id);
	assert.equal(after.messages[3].parent_id, before.messages[2].id);
	// the model is asked the same as before, without the answer it gave
	const sent = async (tag) => JSON.parse((await (await fetch(
		`${stack.provider}/requests?tag=${tag}`)).json())
		.requests[0].body).messages;

	assert.deepEqual(await sent("again"), await sent("before"));
});

for (const [name, body, field] of [
	["with a message", { regenerate: true, message: "x",
		conversation_id: "01a20461-ebc7-7f2b-8289-ab911a184f5c" }, "message"],
	["without a conversation", { regenerate: true }, "conversation_id"],
])
	test(`regenerate ${name} is refused by its field`, async () => {
		const reply = await answer({ model: "demo", ...body });

		assert.equal(reply.status, 422);
		assert.ok(reply.body.details[field]);
	});
