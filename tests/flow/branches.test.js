// A question that is replaced and one that is answered again keep what was
// there before; any branch can be shown again.  And the system prompt, which a
// conversation keeps.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startStack, until } from "./harness.js";
import { asked, begin, first, hasContent, show } from "./lib/turn.js";

let stack, ann, bob;

before(async () => {
	stack = await startStack({ workers: 2 });
	ann = await stack.register();
	bob = await stack.register();
});
after(() => stack.stop());

const MODEL = "demo:seq:tokens-2:pace-0";
const NONE = "01a20461-ebc7-7f2b-8289-ab911a184f5c";

const api = (method, path, body, user = ann) =>
	stack.api(method, path, { token: user.token, body });

const answer = (body, user = ann) => api("POST", "/chat",
	{ provider: "demo", model: MODEL, ...body }, user);

const say = async (body, user) => {
	const { status, body: reply, text } = await answer(body, user);

	assert.equal(status, 200, text);
	return reply;
};

// A conversation of these questions; gives it as it is shown.
async function talk(...questions) {
	let id;

	for (const message of questions)
		({ conversation_id: id } = await say(id
			? { message, conversation_id: id } : { message }));
	return show(stack, ann.token, id);
}

const texts = ({ messages }) => messages.filter((m) => m.role === "user")
	.map((m) => m.content);

const tree = async (id, user = ann) =>
	(await api("GET", `/conversations/${id}?tree=1`, undefined, user)).body;

const sent = async (tag) => (await asked(stack, tag)).at(-1).json.messages
	.map(({ role, content }) => `${role[0]}:${content}`);

test("a question is replaced; the branch before is kept", async () => {
	const before = await talk("One.", "Two.", "Three.");
	const { id } = before;
	const reply = await say({ message: "Zwei.", conversation_id: id,
		edit_message_id: before.messages[2].id, model: `${MODEL}:tag-edit` });
	const after = await show(stack, ann.token, id);

	assert.deepEqual(texts(after), ["One.", "Zwei."]);
	assert.equal(after.leaf_id, reply.message_id);
	assert.equal(after.messages.at(-1).id, reply.message_id);
	assert.equal(after.messages[2].parent_id, before.messages[2].parent_id);
	assert.deepEqual(await sent("edit"), ["u:One.", "a:0 1 ", "u:Zwei."]);
	// a page can show 2/2 and go back
	assert.deepEqual(after.messages[2].siblings,
		[before.messages[2].id, after.messages[2].id]);
	assert.equal(after.messages[0].siblings, undefined);
	const all = await tree(id);

	assert.equal(all.messages.length, 8);
	assert.equal(all.leaf_id, reply.message_id);
	for (const m of before.messages)
		assert.deepEqual(all.messages.find(({ id }) => id === m.id), m);
	assert.equal(all.title, "One.");
});

test("the first question is replaced too", async () => {
	const before = await talk("One.", "Two.");
	const { id } = before;

	await say({ message: "Eins.", conversation_id: id,
		edit_message_id: before.messages[0].id, model: `${MODEL}:tag-root` });
	const after = await show(stack, ann.token, id);

	assert.deepEqual(texts(after), ["Eins."]);
	assert.equal(after.messages[0].parent_id, null);
	assert.deepEqual(after.messages[0].siblings,
		[before.messages[0].id, after.messages[0].id]);
	assert.deepEqual(await sent("root"), ["u:Eins."]);
	// and it goes on from there
	await say({ message: "Zwei.", conversation_id: id });
	assert.deepEqual(texts(await show(stack, ann.token, id)),
		["Eins.", "Zwei."]);
});

test("a question of a branch that is not shown can be replaced", async () => {
	const before = await talk("One.", "Two.");
	const { id, messages } = before;

	await say({ message: "Eins.", conversation_id: id,
		edit_message_id: messages[0].id });
	await say({ message: "Zwo.", conversation_id: id,
		edit_message_id: messages[2].id });
	assert.deepEqual(texts(await show(stack, ann.token, id)),
		["One.", "Zwo."]);
});

test("regenerate: the answers of one question are siblings", async () => {
	const { id, messages } = await talk("One.");
	const ids = [messages[1].id];

	for (let i = 0; i < 3; i++)
		ids.push((await say({ conversation_id: id, regenerate: true }))
			.message_id);
	const after = await show(stack, ann.token, id);

	assert.deepEqual(after.messages[1].siblings, ids);
	assert.equal(after.leaf_id, ids.at(-1));
	assert.equal((await tree(id)).messages.length, 5);
});

for (const [name, id, status, field] of [
	["an unknown id", () => NONE, 404],
	["somebody else's question", async () =>
		(await show(stack, bob.token, (await say({ message: "Mine." }, bob))
			.conversation_id)).messages[0].id, 404],
	["a question of another conversation", async () =>
		(await talk("Elsewhere.")).messages[0].id, 404],
	["an answer", ({ messages }) => messages[1].id, 422, "edit_message_id"],
])
	test(`S8: ${name} cannot be replaced, and nothing is changed`, async () => {
		const before = await talk("One.");
		const edit_message_id = await id(before);
		const { status: got, body } = await answer({ message: "New.",
			conversation_id: before.id, edit_message_id });

		assert.equal(got, status, JSON.stringify(body));
		assert.ok(body.message.length > 10);
		if (field)
			assert.match(body.details[field], /answer/);
		assert.deepEqual(await show(stack, ann.token, before.id), before);
	});

for (const [name, body, field] of [
	["without a conversation", { message: "x", edit_message_id: NONE },
		"conversation_id"],
	["without a message", { edit_message_id: NONE, conversation_id: NONE },
		"message"],
	["with regenerate", { regenerate: true, edit_message_id: NONE,
		conversation_id: NONE }, "edit_message_id"],
])
	test(`edit_message_id ${name} is refused by its field`, async () => {
		const { status, body: said } = await answer(body);

		assert.equal(status, 422);
		assert.deepEqual(Object.keys(said.details), [field]);
	});

test("any branch is shown again, to its newest end", async () => {
	const { id, messages } = await talk("One.", "Two.", "Three.");
	const edited = await say({ message: "Zwei.", conversation_id: id,
		edit_message_id: messages[2].id });
	const go = async (leaf_id) => {
		const { status, body } = await api("PATCH", `/conversations/${id}`,
			{ leaf_id });

		assert.equal(status, 200);
		const shown = await show(stack, ann.token, id);

		assert.equal(shown.leaf_id, body.leaf_id);
		assert.equal(shown.messages.at(-1).id, body.leaf_id);
		return texts(shown);
	};

	assert.deepEqual(await go(messages[2].id), ["One.", "Two.", "Three."]);
	assert.deepEqual(await go(edited.message_id), ["One.", "Zwei."]);
	assert.deepEqual(await go(messages[5].id), ["One.", "Two.", "Three."]);
	// through the first message: where it was written to last
	assert.deepEqual(await go(messages[0].id), ["One.", "Zwei."]);
	assert.deepEqual(await go(messages[3].id), ["One.", "Two.", "Three."]);
	// the next question goes on there
	await say({ message: "Four.", conversation_id: id });
	assert.deepEqual(texts(await show(stack, ann.token, id)),
		["One.", "Two.", "Three.", "Four."]);
});

for (const [name, leaf] of [["an unknown id", () => NONE],
	["another conversation's", async () => (await talk("x")).leaf_id],
	["somebody else's", async () => (await show(stack, bob.token,
		(await say({ message: "x" }, bob)).conversation_id)).leaf_id]])
	test(`S8: a leaf that is ${name} is 404, and the title stays`, async () => {
		const before = await talk("One.");
		const { status, body } = await api("PATCH",
			`/conversations/${before.id}`,
			{ title: "Changed", leaf_id: await leaf() });

		assert.equal(status, 404);
		assert.equal(body.error, "not_found");
		assert.deepEqual(await show(stack, ann.token, before.id), before);
	});

test("another branch can be shown while an answer runs; its end moves nothing",
	async () => {
		const { id, messages } = await talk("One.", "Two.");
		const stream = await begin(stack, ann.token, { provider: "demo",
			model: "demo:seq:pace-20:tokens-3000:tag-aside",
			message: "Zwei.", conversation_id: id,
			edit_message_id: messages[2].id, on_disconnect: "continue" });

		await stream.read(hasContent);
		await api("PATCH", `/conversations/${id}`, { leaf_id: messages[3].id });
		assert.equal((await answer({ message: "Three.",
			conversation_id: id })).body.error, "busy");
		await api("POST", `/streams/${first(stream).stream_id}/cancel`);
		await stream.read();
		const after = await show(stack, ann.token, id);

		assert.deepEqual(texts(after), ["One.", "Two."]);
		assert.equal(after.leaf_id, messages[3].id);
		const all = await tree(id);
		const kept = all.messages.find((m) =>
			m.id === first(stream).message_id);

		assert.equal(kept.state, "cancelled");
		assert.equal(kept.content, stream.text());
	});

test("a question and changes of the branch at once leave a branch that is one",
	async () => {
		const { id } = await talk("One.");

		for (let i = 0; i < 40; i++) {
			const { leaf_id } = await show(stack, ann.token, id);
			const going = Array.from({ length: 6 }, () => api("PATCH",
				`/conversations/${id}`, { leaf_id }));
			const [asked, ...went] = await Promise.all([
				answer({ message: `${i}`, conversation_id: id }), ...going]);

			assert.ok([200, 409].includes(asked.status), asked.text);
			assert.ok(went.every(({ status }) => status === 200));
			const all = await tree(id);

			assert.ok(!all.messages.some((m) => m.parent_id === all.leaf_id),
				"it ends in a message that something follows");
		}
	});

test("a running answer is shown in the tree as far as it is", async () => {
	const stream = await begin(stack, ann.token, { provider: "demo",
		model: "demo:seq:pace-20:tokens-3000", message: "Go on.",
		on_disconnect: "continue" });
	const { conversation_id: id, message_id } = first(stream);

	await until(async () => (await tree(id)).messages.find((m) =>
		m.id === message_id).content.startsWith("0 1 2 "),
	"what is written down is shown");
	await api("POST", `/streams/${message_id}/cancel`);
	await stream.read();
});

for (const value of ["2", "yes", "-1"])
	test(`tree=${value} is refused by its name`, async () => {
		const { id } = await talk("One.");
		const { status, body } = await api("GET",
			`/conversations/${id}?tree=${value}`);

		assert.equal(status, 422);
		assert.ok(body.details.tree);
	});

test("a conversation of 200 messages is shown whole and in order", async () => {
	const { id } = await talk("0");
	const hex = (text) => text.replaceAll("-", "");
	const { leaf_id } = await show(stack, ann.token, id);
	const rows = Array.from({ length: 198 }, (_, i) => {
		const place = (n) => `01a20461ebc77f2b82890000${
			n.toString(16).padStart(8, "0")}`;

		return `(UNHEX('${place(i)}'), UNHEX('${hex(id)}'), (SELECT user_id`
			+ ` FROM conversations WHERE id = UNHEX('${hex(id)}')), UNHEX('${
				i ? place(i - 1) : hex(leaf_id)}'), ${i + 2}, '${
				i % 2 ? "assistant" : "user"}', 'm${i}', 'complete', 0, ${
				i % 2 ? "'demo', 'demo'" : "NULL, NULL"})`;
	});

	await stack.db("INSERT INTO messages (id, conversation_id, user_id,"
		+ " parent_id, depth, role, content, state, created_at, provider,"
		+ " model) VALUES "
		+ rows.join(", "));
	await api("PATCH", `/conversations/${id}`, { leaf_id });
	const { messages } = await show(stack, ann.token, id);

	assert.equal(messages.length, 200);
	assert.deepEqual(messages.slice(2).map((m) => m.content),
		Array.from({ length: 198 }, (_, i) => `m${i}`));
});

test("a conversation takes 100,000 messages, and says so then", async () => {
	const { id } = await talk("One.");
	const hex = id.replaceAll("-", "");

	// beside the shown branch, two turns below the limit
	await stack.db("INSERT INTO messages (id, conversation_id, user_id,"
		+ " parent_id, depth, role, content, state, created_at) SELECT"
		+ " UNHEX(CONCAT('01a20461ebc77f2b82890001', LPAD(HEX(seq), 8, '0'))),"
		+ " id, user_id, leaf_id, 2, 'user', '', 'complete', 0"
		+ ` FROM conversations, seq_1_to_99996 WHERE id = UNHEX('${hex}')`);
	const asked = (body) => answer({ conversation_id: id, ...body });

	assert.equal((await asked({ message: "Two." })).status, 200);
	for (const body of [{ message: "Three." }, { regenerate: true }]) {
		const { status, body: said } = await asked(body);

		assert.equal(status, 409);
		assert.equal(said.error, "conflict");
		assert.match(said.message, /100000 messages.* Start a new one/);
	}
	assert.deepEqual(texts(await show(stack, ann.token, id)),
		["One.", "Two."]);
});

// ---- the system prompt ----

test("a system prompt is kept until another is given, or none", async () => {
	const tagged = `${MODEL}:tag-system`;
	const { conversation_id: id } = await say({ message: "One.",
		system: "Be brief.", model: tagged });
	const turn = async (more, expected) => {
		const body = { conversation_id: id, model: tagged, ...more };

		await say(more.regenerate ? body : { message: "Next.", ...body });
		const [role] = (await sent("system"))[0].split(":");
		const system = role === "s" ? (await sent("system"))[0].slice(2) : null;

		assert.equal(system, expected);
		assert.equal((await show(stack, ann.token, id)).system, expected);
	};

	assert.equal((await show(stack, ann.token, id)).system, "Be brief.");
	await turn({}, "Be brief.");
	await turn({ regenerate: true }, "Be brief.");
	await turn({ system: null }, "Be brief.");	// null counts as absent
	await turn({ system: "Be \u6570\u{1F980}." }, "Be \u6570\u{1F980}.");
	await turn({}, "Be \u6570\u{1F980}.");
	await turn({ system: "" }, null);
	await turn({}, null);
	const { body } = await api("PATCH", `/conversations/${id}`,
		{ system: "Be kind." });

	assert.equal(body.system, "Be kind.");
	await turn({}, "Be kind.");
	assert.equal((await api("PATCH", `/conversations/${id}`,
		{ title: "T" })).body.system, "Be kind.");
	assert.equal((await api("PATCH", `/conversations/${id}`,
		{ system: "" })).body.system, null);
	await turn({}, null);
});

test("a system prompt of a turn that is refused is not kept", async () => {
	const { id } = await talk("One.");
	const stream = await begin(stack, ann.token, { provider: "demo",
		model: "demo:seq:pace-20:tokens-3000", message: "Go on.",
		conversation_id: id });

	assert.equal((await answer({ message: "Busy.", conversation_id: id,
		system: "Be gone." })).status, 409);
	assert.equal((await show(stack, ann.token, id)).system, null);
	stream.close();
});

test("a system prompt has at most 65,536 characters", async () => {
	const { id } = await talk("One.");
	const most = "\u{1F980}".repeat(65_536);
	const { body } = await api("PATCH", `/conversations/${id}`,
		{ system: most });

	assert.equal(body.system, most);
	assert.ok((await api("PATCH", `/conversations/${id}`,
		{ system: `${most}x` })).body.details.system);
});
