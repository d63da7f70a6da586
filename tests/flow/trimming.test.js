// A conversation that is longer than the model can take: whole turns are left
// out, oldest first, and the first event says how many messages that were.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startStack } from "./harness.js";
import { ask, asked, first, show } from "./lib/turn.js";

// "demo:seq:tokens-1:pace-0:tag-X" answers "0 ", which is one token.
const SMALL = "demo:seq:tokens-1:pace-0:tag-small";	// room for 600 tokens
const LIMITED = "demo:seq:tokens-1:pace-0:tag-limited";	// for 737
const UNKNOWN = "demo:seq:tokens-1:pace-0:tag-unknown";

const models = [
	{ id: SMALL, provider: "demo", name: "Small", context: 1000,
		max_output: 338 },
	{ id: LIMITED, provider: "demo", name: "Limited", context: 1000,
		max_output: 200 },
].map((model) => ({ ...model, price: null, capabilities:
	{ temperature: true, reasoning: false, system: true } }));

let stack, ann, dir;

before(async () => {
	dir = mkdtempSync(join(tmpdir(), "llms-models-"));
	writeFileSync(join(dir, "models.json"),
		JSON.stringify({ date: "2026-11-22", models }));
	stack = await startStack({ workers: 1, settings:
		`[server]\nmodels = ${dir}/models.json\n`
		+ "[limits]\nmessage_max = 1m\n" });
	ann = await stack.register();
});
after(async () => {
	await stack.stop();
	rmSync(dir, { recursive: true, force: true });
});

// A question of so many tokens: letters are three to a token.
const q = (name, tokens) => name.padEnd(tokens * 3, name);

const say = async (message, more = {}) => {
	const stream = await ask(stack, ann.token, { provider: "demo",
		model: UNKNOWN, message, ...more });

	assert.equal(stream.last.data.done, true, stream.last.text);
	return first(stream);
};

// What went to the provider last under a tag: the first letter of each.
const sent = async (tag) => (await asked(stack, tag)).at(-1).json.messages
	.map(({ role, content }) => `${role[0]}:${content[0]}`).join(" ");

// Turns of so many tokens, each with an answer of one.
async function conversation(...turns) {
	let id;

	for (const [name, tokens] of turns)
		({ conversation_id: id } = await say(q(name, tokens),
			id ? { conversation_id: id } : {}));
	return id;
}

const ROWS = [
	{ name: "what fits goes whole", turns: [["a", 200], ["b", 200]],
		ask: 197, sent: "u:a a:0 u:b a:0 u:q", leftOut: 0 },
	{ name: "a token too much costs the oldest turn",
		turns: [["a", 200], ["b", 200]],
		ask: 199, sent: "u:b a:0 u:q", leftOut: 2 },
	{ name: "no hole is left: what is older than a large turn goes too",
		turns: [["a", 1], ["b", 590], ["c", 5]],
		ask: 10, sent: "u:c a:0 u:q", leftOut: 4 },
	{ name: "the question goes, however large",
		turns: [["a", 1]], ask: 5000, sent: "u:q", leftOut: 2 },
	{ name: "the system prompt stays, and takes its room",
		turns: [["a", 200], ["b", 200]], ask: 100, system: q("s", 200),
		sent: "s:s u:b a:0 u:q", leftOut: 2 },
	{ name: "a system prompt larger than all leaves the question alone",
		turns: [["a", 1]], ask: 1, system: q("s", 700),
		sent: "s:s u:q", leftOut: 2 },
	{ name: "a Chinese character counts as one token",
		turns: [["\u6570", 70]], ask: 392,	// 3 * 70 characters
		sent: "u:q", leftOut: 2 },
	{ name: "the longest answer takes its room", model: LIMITED,
		turns: [["a", 500]], ask: 230, sent: "u:a a:0 u:q", leftOut: 0 },
	{ name: "max_tokens takes its room instead", model: LIMITED,
		max_tokens: 300, turns: [["a", 500]], ask: 230, sent: "u:q",
		leftOut: 2 },
	{ name: "where nothing is known of the model all goes", model: UNKNOWN,
		turns: [["a", 4000], ["b", 4000]], ask: 4000,
		sent: "u:a a:0 u:b a:0 u:q", leftOut: 0 },
];

for (const row of ROWS)
	test(row.name, async () => {
		const id = await conversation(...row.turns);
		const model = row.model ?? SMALL;
		const event = await say(q("q", row.ask), { conversation_id: id,
			model, system: row.system, max_tokens: row.max_tokens });

		assert.equal(await sent(/tag-(\w+)/.exec(model)[1]), row.sent);
		assert.equal(event.left_out, row.leftOut);
		// nothing of it is lost
		assert.equal((await show(stack, ann.token, id)).messages.length,
			2 * row.turns.length + 2);
	});

test("regenerate leaves out before the question, and keeps that", async () => {
	const id = await conversation(["a", 300], ["b", 100], ["q", 450]);
	const event = first(await ask(stack, ann.token, { provider: "demo",
		model: SMALL, conversation_id: id, regenerate: true }));

	assert.equal(await sent("small"), "u:b a:0 u:q");
	assert.equal(event.left_out, 2);
});

test("an answer without text counts no more than its question", async () => {
	const id = await conversation(["a", 100]);

	for (const name of ["b", "c"])
		await ask(stack, ann.token, { provider: "demo", message: q(name, 250),
			model: "demo:status-400", conversation_id: id });
	const event = await say(q("q", 200), { conversation_id: id, model: SMALL });

	// b is dropped as a turn, c is joined to the question
	assert.equal(await sent("small"), "u:c");
	assert.equal(event.left_out, 4);
});

test("a conversation beyond all ceilings goes on with what is newest",
	async () => {
		const large = q("a", 330_000);	// a megabyte
		let id = await conversation(["x", 1]);

		for (let i = 0; i < 17; i++)
			await say(large, { conversation_id: id });
		const event = await say("q", { conversation_id: id });

		assert.ok(event.left_out >= 2 && event.left_out <= 8,
			`${event.left_out}`);
		assert.equal(event.left_out % 2, 0);
		const again = first(await ask(stack, ann.token, { provider: "demo",
			model: SMALL, conversation_id: id, regenerate: true }));

		assert.equal(again.left_out, 2 * 18);
		assert.equal(await sent("small"), "u:q");
	});
