// A conversation as a file.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startStack, until } from "./harness.js";
import { begin, first, hasContent, show } from "./lib/turn.js";

let stack, ann;

before(async () => {
	stack = await startStack({ workers: 1 });
	ann = await stack.register();
});
after(() => stack.stop());

const api = (method, path, body, user = ann) =>
	stack.api(method, path, { token: user.token, body });

const file = (id, query = "") => api("GET", `/conversations/${id}/export${query}`);

async function say(body) {
	const reply = await api("POST", "/chat", { provider: "demo",
		model: "demo:seq:tokens-2:pace-0", ...body });

	return reply.body.conversation_id;
}

const hex = (id) => id.replaceAll("-", "");

// What an answer says, whatever the provider did.
const write = (id, content, more = "") => stack.db(`UPDATE messages SET content`
	+ ` = '${content.replaceAll("\\", "\\\\").replaceAll("'", "''")
		.replaceAll("\n", "\\n")}'${more} WHERE id = UNHEX('${hex(id)}')`);

const TIME = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`;

// Times and nothing else are replaced.
const plain = (text) => text.replace(new RegExp(TIME, "g"), "TIME");

test("Markdown has the title, the system prompt and the shown branch",
	async () => {
		const id = await say({ message: "Hello\n\n* world", system: "Be brief." });

		await say({ message: "Again.", conversation_id: id });
		const { messages } = await show(stack, ann.token, id);

		await say({ message: "Another branch.", conversation_id: id,
			edit_message_id: messages[2].id });
		await write(messages[1].id, "```c\nint a;\n```\n",
			", reasoning = 'Let me\\n\\nthink'");
		const { status, headers, text } = await file(id, "?format=markdown");

		assert.equal(status, 200);
		assert.equal(headers["content-type"], "text/markdown; charset=utf-8");
		assert.equal(headers["cache-control"], "no-store");
		assert.equal(plain(text), [
			"# Hello * world", "",
			"## System prompt", "", "Be brief.", "",
			"## You, TIME", "", "Hello", "", "* world", "",
			"## demo / demo:seq:tokens-2:pace-0, TIME", "",
			"> *Reasoning*", ">", "> Let me", ">", "> think", "",
			"```c", "int a;", "```", "",
			"## You, TIME", "", "Another branch.", "",
			"## demo / demo:seq:tokens-2:pace-0, TIME", "", "0 1 ", "", "",
		].join("\n"));
		assert.equal((await file(id)).text, text, "it is the format by default");
	});

test("Markdown says how an answer ended, and closes its code", async () => {
	const id = await say({ message: "Fail.",
		model: "demo:seq:tokens-9:pace-0:cut-3" });

	await say({ message: "Long.", conversation_id: id,
		model: "demo:seq:tokens-2:pace-0:length" });
	const { messages } = await show(stack, ann.token, id);

	await write(messages[1].id, "Look:\n\n```js\nlet a");
	const { text } = await file(id);

	assert.ok(text.includes("\n```js\nlet a\n```\n\n*The connection to Demo"),
		text);
	assert.ok(text.includes("*It was cut off at the limit of its length.*"),
		text);
});

test("JSON has the whole tree, as GET gives it", async () => {
	const id = await say({ message: "One. \u6570\u{1F980}", system: "Be brief." });
	const { messages: [question] } = await show(stack, ann.token, id);

	await say({ conversation_id: id, message: "Eins.",
		edit_message_id: question.id });
	await say({ conversation_id: id, regenerate: true });
	const { status, headers, body } = await file(id, "?format=json");
	const { body: tree } = await api("GET", `/conversations/${id}?tree=1`);

	assert.equal(status, 200);
	assert.equal(headers["content-type"], "application/json");
	assert.match(headers["content-disposition"], /\.json"/);
	delete tree.left_out;
	assert.deepEqual(body, tree);
	assert.equal(body.messages.length, 5);
});

for (const format of ["markdown", "json"])
	test(`${format}: an answer that runs is in it as far as it is`, async () => {
		const stream = await begin(stack, ann.token, { provider: "demo",
			model: "demo:seq:pace-20:tokens-3000", message: "Go on.",
			on_disconnect: "continue" });
		const { conversation_id: id, stream_id } = first(stream);

		await stream.read(hasContent);
		await until(async () => (await file(id, `?format=${format}`)).text
			.includes("0 1 2 3"), "its text is in the file");
		await api("POST", `/streams/${stream_id}/cancel`);
		await stream.read();
	});

// A title, and the name of its file, in ASCII and in UTF-8.
const NAMES = [
	["Plain words", "Plain words", "Plain%20words"],
	["a/b\\c:d*e?f\"g<h>i|j", "a_b_c_d_e_f_g_h_i_j", "a_b_c_d_e_f_g_h_i_j"],
	["../../etc/passwd", "_.._etc_passwd", "_.._etc_passwd"],
	["...", "conversation", "conversation"],
	["\u6570\u636E", "__", "%E6%95%B0%E6%8D%AE"],
	["\u{1F980}.", "_", "%F0%9F%A6%80"],
	["100%41;'()", "100_41;'()", "100%2541%3B%27%28%29"],
	["two\nlines\r\nX-Evil: 1", "two lines  X-Evil_ 1",
		"two%20lines%20%20X-Evil_%201"],
	["\u202Egpj.exe", "gpj.exe", "gpj.exe"],
	["\u6570".repeat(200), "_".repeat(32), "%E6%95%B0".repeat(32)],
	["x".repeat(200), "x".repeat(96), "x".repeat(96)],
];

for (const [title, ascii, utf8] of NAMES)
	test(`the file of ${JSON.stringify(title.slice(0, 30))} has a safe name`,
		async () => {
			const id = await say({ message: "x" });

			await api("PATCH", `/conversations/${id}`, { title });
			const { status, headers } = await file(id);

			assert.equal(status, 200);
			assert.equal(headers["content-disposition"], "attachment; "
				+ `filename="${ascii}.md"; filename*=UTF-8''${utf8}.md`);
			assert.equal(headers["x-evil"], undefined);
		});

for (const format of ["pdf", "Markdown", "markdown%00", "json%20", "%ff"])
	test(`the format ${format} is refused by its name`, async () => {
		const { status, headers, body } = await file(
			await say({ message: "x" }), `?format=${format}`);

		assert.equal(status, 422);
		assert.ok(body.details.format);
		assert.equal(headers["content-disposition"], undefined);
	});

test("S41: everything that is kept is in it, and for its owner alone",
	async () => {
		const id = await say({ message: "Mine." });
		const bob = await stack.register();

		for (const format of ["markdown", "json"]) {
			const foreign = await api("GET",
				`/conversations/${id}/export?format=${format}`, undefined, bob);

			assert.equal(foreign.status, 404);
			assert.equal(foreign.headers["content-disposition"], undefined);
			assert.ok(!foreign.text.includes("Mine."));
		}
		assert.equal((await file(id, "?format=json")).body.messages.length, 2);
	});

test("a file beyond what one answer can have is refused with a sentence",
	async () => {
		const id = await say({ message: "Large." });
		const { leaf_id } = await show(stack, ann.token, id);
		const place = (n) => `01a20461ebc77f2b82890000${
			n.toString(16).padStart(8, "0")}`;

		for (let i = 0; i < 9; i++)	// 8 MB each, beside the shown branch
			await stack.db("INSERT INTO messages (id, conversation_id, user_id,"
				+ " parent_id, depth, role, content, state, created_at,"
				+ " provider, model)"
				+ ` SELECT UNHEX('${place(i)}'), id, user_id, UNHEX('${
					i ? place(i - 1) : hex(leaf_id)}'), ${i + 2}, '${
					i % 2 ? "assistant" : "user"}', REPEAT('x', 8000000),`
				+ ` 'complete', 0, ${i % 2 ? "'demo', 'demo'" : "NULL, NULL"}`
				+ ` FROM conversations WHERE id = UNHEX('${hex(id)}')`);
		const json = await file(id, "?format=json");

		assert.equal(json.status, 413);
		assert.equal(json.body.error, "too_large");
		assert.match(json.body.message, /64 MiB/);
		assert.equal(json.headers["content-disposition"], undefined);
		assert.equal((await file(id)).status, 200, "the shown branch is small");

		// shown, it is cut at its beginning
		const whole = await api("GET", `/conversations/${id}?tree=1`);

		assert.equal(whole.status, 413);
		assert.match(whole.body.message, /tree=1/);
		await api("PATCH", `/conversations/${id}`, { leaf_id });
		const shown = await show(stack, ann.token, id);

		assert.equal(shown.messages.length, 3);
		assert.equal(shown.left_out, 8);
		assert.equal(shown.messages.at(-1).id, shown.leaf_id);
	});
