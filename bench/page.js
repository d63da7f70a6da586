#!/usr/bin/env node
// Measures the page in Chromium against a running stack of its own, and prints
// Markdown: what the first load fetches, long tasks while a long answer streams,
// listeners and nodes that stay, keys pressed meanwhile.
//
//	LLMSELECT_BUILD=build node bench/page.js [--minutes 10] [--only a,b]

import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";

import { openPage } from "../tests/browser/lib/page.js";
import { startSpeaker } from "../tests/browser/lib/speaker.js";
import { startStack } from "../tests/flow/harness.js";

const ANSWER_BYTES = 100_000;
const CODE_BLOCKS = 40;
const TOKENS_PER_SECOND = 100;
const TOKEN_CHARS = 16;		// four times the usual, so that it takes a minute
const LONG_MS = 50;
const WORK_MS = 5;
const FIRST_MS = 1000;		// in which a long task is allowed
const KEYS = 100;
const KEY_EVERY_MS = 150;

const { values } = parseArgs({ options: {
	minutes: { type: "string", default: "10" },
	only: { type: "string", default: "size,long,keys,leaks" },
} });

// Prose, lists, tables and code by turns, to the size asked for.
function longAnswer() {
	const code = Array.from({ length: 30 }, (_, i) =>
		`\tconst value${i} = await store.find("name ${i}", { limit: ${i} });`);
	const part = (i) => [
		`## Part ${i + 1}`,
		`Some **bold** words with \`code\`, a [link](https://x.example/${i}) `
			+ "and *more of them*, ".repeat(12),
		"- one item\n- another, with **stress**\n- and a third",
		`\`\`\`js\nasync function part${i}(store) {\n`
			+ `${code.slice(0, 26).join("\n")}\n}\n\`\`\``,
		`| a | b |\n|---|---|\n${"| one | two |\n".repeat(4)}`,
	].join("\n\n");
	const text = Array.from({ length: CODE_BLOCKS },
		(_, i) => part(i)).join("\n\n");

	return text + "\n\nAnd so on.".repeat(
		Math.max(0, Math.ceil((ANSWER_BYTES - text.length) / 12)));
}

const percentile = (list, p) =>
	[...list].sort((a, b) => a - b)[Math.ceil(list.length * p) - 1];

const rows = [];
const row = (...cells) => {
	rows.push(cells);
	process.stderr.write(`${cells.join(" | ")}\n`);
};

async function watchTasks(page) {
	await page.evaluate(() => {
		globalThis.tasks = [];
		globalThis.watchedFrom = performance.now();
		new PerformanceObserver((list) => {
			for (const { startTime, duration } of list.getEntries())
				globalThis.tasks.push({ at: startTime, ms: duration });
		}).observe({ type: "longtask" });
	});
}

const longTasks = (page, from) => page.evaluate(([first]) =>
	globalThis.tasks.filter(({ at }) => at >= globalThis.watchedFrom + first)
		.map(({ ms }) => Math.round(ms)), [from]);

async function newChat(visitor, model) {
	await visitor.page.goto(visitor.base);
	await visitor.pickModel([model], "speaker");
}

async function size(visitor, asked) {
	let bytes = 0;

	for (const url of asked.filter((each) => each.endsWith(".js")))
		bytes += gzipSync(Buffer.from(await (await visitor.page.request
			.get(url)).body())).length;
	row("first load, script, compressed", "≤ 250 KB",
		`${Math.round(bytes / 1024)} KB`);
}

// What the machine does to anybody: pieces of WORK_MS of our own work that took
// over LONG_MS, while others had the processors.
function watchMachine() {
	let late = 0;
	const timer = setInterval(() => {
		const begun = performance.now();
		const cpu = process.cpuUsage();
		let spent = 0;

		while (spent < WORK_MS) {
			const { user, system } = process.cpuUsage(cpu);

			spent = (user + system) / 1000;
		}
		if (performance.now() - begun > LONG_MS)
			late++;
	}, 100);

	return () => {
		clearInterval(timer);
		return late;
	};
}

async function long(visitor) {
	const { page } = visitor;

	await newChat(visitor, "speaker");
	await visitor.ask("say:long");
	await page.locator("[data-role=assistant] .answer").waitFor();
	await watchTasks(page);
	const machine = watchMachine();
	const begun = Date.now();

	await visitor.lastAnswer().and(page.locator("[data-state=complete]"))
		.waitFor({ timeout: 300_000 });
	const tasks = await longTasks(page, FIRST_MS);

	row(`tasks over ${LONG_MS} ms while ${text.length} characters with `
		+ `${CODE_BLOCKS} blocks of code come in `
		+ `${Math.round((Date.now() - begun) / 1000)} s`, "0",
		`${tasks.length}${tasks.length ? ` (${tasks.join(", ")} ms)` : ""}; `
		+ `${WORK_MS} ms of another process took as long ${machine()} times`);
}

// From the key's event to the frame that has its character.
async function keys(visitor) {
	const { page } = visitor;

	await newChat(visitor, "speaker");
	await visitor.ask("say:long");
	await page.locator("[data-role=assistant] .answer").waitFor();
	await page.evaluate(() => {
		globalThis.keyMs = [];
		addEventListener("keydown", ({ timeStamp }) => {
			requestAnimationFrame(() => {
				const { port1, port2 } = new MessageChannel();

				port1.onmessage = () => globalThis.keyMs.push(
					performance.now() - timeStamp);
				port2.postMessage(0);
			});
		}, true);
	});
	await visitor.box().focus();
	for (let i = 0; i < KEYS; i++) {
		await page.keyboard.press("a");
		await page.waitForTimeout(KEY_EVERY_MS);
	}
	const ms = await page.evaluate(() => globalThis.keyMs);

	row("key to painted character while streaming, p50 / p95", "p95 ≤ 50 ms",
		`${percentile(ms, 0.5).toFixed(0)} / ${percentile(ms, 0.95).toFixed(0)} ms`);
}

async function counts(page, cdp) {
	await cdp.send("HeapProfiler.enable");
	for (let i = 0; i < 3; i++)
		await cdp.send("HeapProfiler.collectGarbage");
	const { metrics } = await cdp.send("Performance.getMetrics");
	const of = (name) => metrics.find((each) => each.name === name).value;
	const attached = await page.evaluate(() => {
		const walker = document.createTreeWalker(document, NodeFilter.SHOW_ALL);
		let count = 1;

		while (walker.nextNode())
			count++;
		return count;
	});

	return { listeners: of("JSEventListeners"), detached: of("Nodes") - attached };
}

// One short answer after another in new chats, so that what stays is not text.
async function leaks(visitor, minutes) {
	const { page } = visitor;
	const cdp = await page.context().newCDPSession(page);
	const turn = async () => {
		await page.getByRole("button", { name: /New/ }).first().click();
		await visitor.pickModel(["speaker"], "speaker");
		await visitor.ask("say:short");
		await visitor.stateBecomes("complete");
	};
	const empty = async () => {
		await page.getByRole("button", { name: /New/ }).first().click();
		await page.getByRole("heading", { name: "What would you like to ask?" })
			.waitFor();
		await page.waitForTimeout(500);
	};

	await cdp.send("Performance.enable");
	await newChat(visitor, "speaker");
	for (let i = 0; i < 5; i++)
		await turn();
	await empty();
	const before = await counts(page, cdp);
	const conversations = page.locator(".conversation");
	const listed = await conversations.count();
	const end = Date.now() + minutes * 60_000;
	let turns = 0;

	for (; Date.now() < end; turns++)
		await turn();
	await empty();
	const after = await counts(page, cdp);

	row(`listeners, before → after ${turns} answers in ${minutes} min`,
		"no growth", `${before.listeners} → ${after.listeners}, `
		+ `conversations listed ${listed} → ${await conversations.count()}`);
	row("detached nodes, the same", "no growth",
		`${before.detached} → ${after.detached}`);
}

const text = longAnswer();
const speaker = await startSpeaker({ long: text, short: text.slice(0, 3000) },
	{ tokens: TOKEN_CHARS, everyMs: 1000 / TOKENS_PER_SECOND });
const stack = await startStack({ settings: speaker.settings });
const visitor = await openPage();
const only = values.only.split(",");
const asked = [];

try {
	visitor.base = stack.url;
	visitor.page.on("request", (request) => asked.push(request.url()));
	await visitor.page.goto(stack.url);
	await visitor.register({ username: "bench", password: "correct horse battery" });
	const load = loadavg()[0];

	if (only.includes("size"))
		await size(visitor, asked);
	if (only.includes("long"))
		await long(visitor);
	if (only.includes("keys"))
		await keys(visitor);
	if (only.includes("leaks"))
		await leaks(visitor, Number(values.minutes));
	console.log("| | accept | measured |\n|---|---|---|");
	for (const cells of rows)
		console.log(`| ${cells.join(" | ")} |`);
	console.log(`\nLoad average of the machine: ${load.toFixed(1)} before, `
		+ `${loadavg()[0].toFixed(1)} after.`);
} finally {
	await visitor.close();
	await stack.stop();
	speaker.stop();
}
