// Conversations are found, renamed, pinned and deleted by their owner alone.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startStack, until } from "./harness.js";
import { hasContent, oneOfEach, question } from "./lib/turn.js";

let stack, ann;

before(async () => {
	stack = await startStack({ workers: 2 });
	ann = await stack.register();
});
after(() => stack.stop());

const api = (method, path, body, user = ann) =>
	stack.api(method, path, { token: user.token, body });

const ask = async (message, more = {}, user = ann) =>
	(await api("POST", "/chat", { provider: "demo", message,
		model: "demo:seq:tokens-2:pace-0", ...more }, user))
		.body.conversation_id;

const titles = async (query, user = ann) =>
	(await api("GET", `/conversations?${query}`, undefined, user))
		.body.items.map((c) => c.title);

test("a conversation is renamed, and what is not named stays", async () => {
	const id = await ask("Before.");
	const pinned = await api("PATCH", `/conversations/${id}`,
		{ pinned: true });
	const named = await api("PATCH", `/conversations/${id}`,
		{ title: "Danach \u{1F980}" });
	const { status, body } = await api("PATCH", `/conversations/${id}`, {});

	assert.equal(pinned.body.title, "Before.");
	assert.equal(named.status, 200);
	assert.equal(status, 200);
	assert.equal(body.title, "Danach \u{1F980}");
	assert.equal(body.pinned, true);
	assert.equal((await api("GET", `/conversations/${id}`)).body.title,
		"Danach \u{1F980}");
	await api("DELETE", `/conversations/${id}`);
});

test("pinned ones come first, then the latest", async () => {
	const bob = await stack.register();
	const [one] = [await ask("one", {}, bob), await ask("two", {}, bob),
		await ask("three", {}, bob)];

	assert.deepEqual(await titles("", bob), ["three", "two", "one"]);
	await api("PATCH", `/conversations/${one}`, { pinned: true }, bob);
	assert.deepEqual(await titles("", bob), ["one", "three", "two"]);
	await api("PATCH", `/conversations/${one}`, { pinned: false }, bob);
	assert.deepEqual(await titles("", bob), ["three", "two", "one"]);
});

for (const [name, body, field] of [
	["an empty title", { title: "" }, "title"],
	["a title too long", { title: "x".repeat(201) }, "title"],
	["a title that is no text", { title: 7 }, "title"],
	["a pin that is no truth", { pinned: "yes" }, "pinned"],
	["an unknown field", { colour: "red" }, "colour"],
])
	test(`${name} is refused and changes nothing`, async () => {
		const id = await ask("Stays.");
		const { status, body: said } = await api("PATCH",
			`/conversations/${id}`, body);

		assert.equal(status, 422);
		assert.ok(said.details[field], JSON.stringify(said));
		assert.equal((await api("GET", `/conversations/${id}`)).body.title,
			"Stays.");
		await api("DELETE", `/conversations/${id}`);
	});

test("search finds titles and texts, literally and whatever the case",
	async () => {
		const eve = await stack.register();
		const rows = ["How fast is Go?", "\u6570\u636E\u5E93 tuning",
			"100% sure_thing!", "C:\\temp\\new", "Stra\u00DFe \u{1F980}",
			"\u00C4RGER \u041C\u043E\u0441\u043A\u0432\u0430", "plain"];

		for (const message of rows)
			await ask(message, {}, eve);
		const last = (await api("GET", "/conversations", undefined, eve))
			.body.items[0].id;

		await api("PATCH", `/conversations/${last}`, { title: "Renamed" },
			eve);
		for (const [search, found] of [
			["go", ["How fast is Go?"]],
			["\u6570\u636E\u5E93", ["\u6570\u636E\u5E93 tuning"]],
			["%", ["100% sure_thing!"]],
			["_", ["100% sure_thing!"]],
			["!", ["100% sure_thing!"]],
			["%_", []],
			["\\", ["C:\\temp\\new"]],
			["\\t", ["C:\\temp\\new"]],
			["\\%", []],
			["\u{1F980}", ["Stra\u00DFe \u{1F980}"]],
			["\u{1F9A0}", []],	// another animal
			["\u00E4rger \u041C\u041E\u0421\u041A",
				["\u00C4RGER \u041C\u043E\u0441\u043A\u0432\u0430"]],
			["arger", []],	// an accent is part of a letter
			["\u6570", ["\u6570\u636E\u5E93 tuning"]],
			["q", []],
			["RENAMED", ["Renamed"]],
			["plain", ["Renamed"]],	// in the text of its question
			["' OR 1=1 --", []],
			["ngnix", []],
		]) {
			const { body } = await api("GET", "/conversations?search="
				+ encodeURIComponent(search), undefined, eve);

			assert.deepEqual(body.items.map((c) => c.title), found, search);
			assert.equal(body.total, found.length);
		}
		assert.equal((await titles("search=", eve)).length, rows.length);
		assert.deepEqual(await titles("search=Go"), [], "another user's");
	});

for (const [name, search] of [["is not UTF-8", "%ff"],
	["is half an escape", "%f"], ["is too long", "x".repeat(256)]])
	test(`a search that ${name} is refused by its name`, async () => {
		const { status, body } = await api("GET",
			`/conversations?search=${search}`);

		assert.equal(status, 422);
		assert.ok(body.details.search);
	});

test("search finds answers and branches that are not shown", async () => {
	const eve = await stack.register();
	const id = await ask("One.", { model: "demo:seq:tokens-12:pace-0" }, eve);
	const { body: { messages: [question] } } = await api("GET",
		`/conversations/${id}`, undefined, eve);

	await ask("Another.", { conversation_id: id,
		edit_message_id: question.id }, eve);
	await ask("Unlike it.", {}, eve);
	for (const [search, n] of [["10 11", 1], ["Another", 1], ["One.", 1],
		["it.", 1], ["e", 2]]) {
		const { body } = await api("GET", "/conversations?search="
			+ encodeURIComponent(search), undefined, eve);

		assert.equal(body.items.length, n, search);
		assert.equal(body.total, n, search);
	}
});

test("pages follow each other without a gap, and the total is of all",
	async () => {
		const eve = await stack.register();
		const asked = [];

		for (let i = 0; i < 7; i++) {
			await ask(`${i} ${i % 2 ? "odd" : "even"}`, {}, eve);
			asked.unshift(`${i} ${i % 2 ? "odd" : "even"}`);
		}
		// all of one time: their order is still one
		await stack.db("UPDATE conversations SET updated_at = 1");
		for (const [query, want] of [["", asked],
			["search=odd&", asked.filter((title) => /odd/.test(title))]]) {
			const found = [];

			for (let page = 1; page <= 5; page++) {
				const { body } = await api("GET",
					`/conversations?${query}limit=2&page=${page}`,
					undefined, eve);

				assert.equal(body.total, want.length);
				assert.equal(body.page, page);
				found.push(...body.items.map((c) => c.title));
			}
			assert.deepEqual(found, want);
		}
	});

for (const [name, message, title] of [
	["lines and tabs", "  One\r\n\ttwo\n", "One two"],
	["a very long word", "x".repeat(5000), "x".repeat(80)],
	["a mark of direction", "a\u202Egpj.exe", "agpj.exe"],
	["nothing that is seen", "\u200B \uFEFF", ""],
	["emoji", "\u{1F468}\u200D\u{1F469} \u{1F980}",
		"\u{1F468}\u200D\u{1F469} \u{1F980}"],
])
	test(`the title of a question with ${name}`, async () => {
		const id = await ask(message);
		const { body } = await api("GET", `/conversations/${id}`);

		assert.equal(body.title, title);
		assert.equal(body.messages[0].content, message);
	});

test("S41: a deleted conversation leaves no row", async () => {
	const id = await ask("Gone soon.");
	const hex = id.replaceAll("-", "");
	const { status, text } = await api("DELETE", `/conversations/${id}`);

	assert.equal(status, 204);
	assert.equal(text, "");
	assert.deepEqual(await stack.db("SELECT COUNT(*) AS n FROM messages"
		+ ` WHERE conversation_id = UNHEX('${hex}')`), [{ n: "0" }]);
	assert.equal((await api("GET", `/conversations/${id}`)).status, 404);
	assert.equal((await api("DELETE", `/conversations/${id}`)).status, 404);
});

test("F32: deleting while it streams ends the stream, on either worker",
	async () => {
		const streams = (await oneOfEach(stack, ann.token, () =>
			question("seq:pace-20:tokens-3000:tag-deleted",
				{ on_disconnect: "continue" }))).map(([stream]) => stream);

		for (const stream of streams) {
			await stream.read(hasContent);
			const { conversation_id: id } = stream.events[0].data;

			assert.equal((await api("DELETE",
				`/conversations/${id}`)).status, 204);
			await stream.read();
			assert.ok(stream.last.data.finish_reason === "cancelled"
				|| stream.last.data.code === "interrupted",
			stream.last.text);
			assert.equal((await api("GET",
				`/conversations/${id}`)).status, 404);
		}
		await until(async () =>
			(await stack.stats("deleted")).early_closed === streams.length,
		"the provider's connections are closed");
		await until(async () => (await stack.db("SELECT COUNT(*) AS n"
			+ " FROM segments s LEFT JOIN messages m ON m.id = s.message_id"
			+ " WHERE m.id IS NULL"))[0].n === "0",
		"no piece of a deleted answer is left");
	});

// What must hold of all rows, whatever was done at once.
async function assertNoOrphans() {
	await until(async () => (await stack.db("SELECT COUNT(*) AS n FROM messages"
		+ " WHERE state = 'running' AND model LIKE '%tag-orphans'"))[0].n === "0",
	"none of them runs any more");
	for (const [name, sql] of [
		["a message without its conversation", "SELECT COUNT(*) AS n FROM"
			+ " messages m LEFT JOIN conversations c"
			+ " ON c.id = m.conversation_id AND c.user_id = m.user_id"
			+ " WHERE c.id IS NULL"],
		["a message without its parent", "SELECT COUNT(*) AS n FROM messages m"
			+ " LEFT JOIN messages p ON p.id = m.parent_id"
			+ " AND p.conversation_id = m.conversation_id"
			+ " AND p.depth = m.depth - 1"
			+ " WHERE m.parent_id IS NOT NULL AND p.id IS NULL"],
		["a question without an answer", "SELECT COUNT(*) AS n FROM messages q"
			+ " LEFT JOIN messages a ON a.parent_id = q.id"
			+ " WHERE q.role = 'user' AND a.id IS NULL"],
		["a leaf that is no answer", "SELECT COUNT(*) AS n FROM conversations c"
			+ " LEFT JOIN messages m ON m.id = c.leaf_id"
			+ " AND m.conversation_id = c.id AND m.role = 'assistant'"
			+ " WHERE m.id IS NULL"],
		["an ended answer that is still marked", "SELECT COUNT(*) AS n FROM"
			+ " messages WHERE state <> 'running' AND running_in IS NOT NULL"],
	])
		assert.deepEqual(await stack.db(sql), [{ n: "0" }], name);
}

test("F32: replacing, deleting and signing out while it streams leave no"
	+ " orphans", async () => {
	const people = [];

	for (let i = 0; i < 12; i++)
		people.push(await stack.register());
	const rounds = people.map(async (eve, i) => {
		const id = await ask("Begin.", {}, eve);
		const { body: { messages } } = await api("GET",
			`/conversations/${id}`, undefined, eve);
		const stream = stack.sse("/chat/stream", { token: eve.token, body:
			question("seq:pace-10:tokens-3000:tag-orphans", {
				conversation_id: id, on_disconnect: "continue" }) });

		await stream.read(hasContent);
		const edit = () => api("POST", "/chat", { provider: "demo",
			model: "demo:seq:tokens-2:pace-0", message: "Replaced.",
			conversation_id: id, edit_message_id: messages[0].id }, eve);
		const done = await Promise.all([
			edit(),
			i % 3 === 0 ? api("DELETE", `/conversations/${id}`, undefined, eve)
				: i % 3 === 1 ? api("POST", "/auth/logout", undefined, eve)
					: api("POST", `/streams/${stream.events[0].data.stream_id
					}/cancel`, undefined, eve),
			edit(),
		]);

		for (const reply of [done[0], done[2]])
			assert.ok([200, 401, 404, 409].includes(reply.status)
				|| reply.body.error === "interrupted", reply.text);
		assert.ok([200, 204].includes(done[1].status), done[1].text);
		await stream.read();
		assert.ok(stream.last.data.finish_reason === "cancelled"
			|| stream.last.data.code === "interrupted", stream.last.text);
	});

	await Promise.all(rounds);
	await assertNoOrphans();
	await until(async () => (await stack.stats("orphans")).open === 0,
		"the provider's connections are closed");
});
