// Runs into medians, medians into one Markdown table.

const N = "nginx proxy_pass (N)";
const F = "FastCGI floor (F)";

export function median(values) {
	const known = values.filter((v) => v !== null).sort((a, b) => a - b);
	const half = known.length >> 1;

	if (known.length === 0)
		return null;
	return known.length % 2 ? known[half]
		: (known[half - 1] + known[half]) / 2;
}

const number = (v, digits) => v === null ? "–" : v.toFixed(digits);
const ratio = (a, b) => a === null || !b ? null : a / b;
const sum = (runs, pick) => runs.reduce((s, r) => s + pick(r), 0);

// One level and peer: medians, but sums of what must be 0.
function summarise(runs) {
	const of = (pick) => median(runs.map(pick));

	return {
		delivered: of((r) =>
			100 * r.load.tokens / r.load.tokens_expected),
		cpu: of((r) => r.cpu_us),
		database: of((r) => r.database_us),
		first50: of((r) => r.load.first_token_added_ms.p50),
		first99: of((r) => r.load.first_token_added_ms.p99),
		relay50: of((r) => r.load.relay_ms.p50),
		relay99: of((r) => r.load.relay_ms.p99),
		done99: of((r) => r.load.end_to_done_ms.p99),
		kb: of((r) => r.kb_per_stream),
		failed: sum(runs, (r) => r.load.failed),
		wrong: ["lost", "repeated", "out_of_order", "foreign"]
			.map((key) => sum(runs, (r) => r.load[key]))
			.join(" / "),
	};
}

// A column is a heading and the cell of a row; `at(name)` is another peer's
// row of the same level.
const COLUMNS = [
	["streams", (row) => String(row.level)],
	["", (row) => row.peer],
	["delivered %", (row) => number(row.delivered, 1)],
	["CPU µs/token", (row) => number(row.cpu, 1)],
	["÷ N", (row, at) => number(ratio(row.cpu, at(N)?.cpu), 2)],
	["÷ F", (row, at) => number(ratio(row.cpu, at(F)?.cpu), 2)],
	["mariadbd µs/token", (row) => number(row.database, 1)],
	["first token added p50 / p99 ms", (row) =>
		`${number(row.first50, 2)} / ${number(row.first99, 2)}`],
	["relay p50 / p99 ms", (row) =>
		`${number(row.relay50, 2)} / ${number(row.relay99, 2)}`],
	["KB/stream", (row) => number(row.kb, 1)],
	["end → done p99 ms", (row) => number(row.done99, 2)],
	["lost / repeated / reordered / foreign", (row) => row.wrong],
	["failed", (row) => String(row.failed)],
];

// `runs` are { level, peer, load, cpu_us, database_us, kb_per_stream }.
export function summaries(runs) {
	const groups = new Map();

	for (const run of runs) {
		const key = `${run.level} ${run.peer}`;

		groups.set(key, [...groups.get(key) ?? [], run]);
	}
	return [...groups.values()].map((group) => ({
		level: group[0].level, peer: group[0].peer,
		...summarise(group) }));
}

export function markdown(rows) {
	const line = (cells) => `| ${cells.join(" | ")} |`;
	const cells = (row) => {
		const at = (peer) => rows.find(
			(r) => r.level === row.level && r.peer === peer);

		return COLUMNS.map(([, cell]) => cell(row, at));
	};

	return [
		line(COLUMNS.map(([name]) => name)),
		`|${COLUMNS.map((_, i) => i === 1 ? "---|" : "--:|").join("")}`,
		...[...rows].sort((a, b) => a.level - b.level)
			.map((row) => line(cells(row))),
	].join("\n");
}
