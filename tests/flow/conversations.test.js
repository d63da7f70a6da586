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
			"100% sure_thing!", "plain"];

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
		assert.equal((await titles("search=", eve)).length, 4);
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
		"no piece of a deleted answer is left", 90_000);
	});
