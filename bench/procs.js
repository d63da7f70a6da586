// CPU time and memory of whole process trees, from /proc.

import { readdirSync, readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;	// USER_HZ, the same on every Linux

// The fields of /proc/PID/stat after the command, which may hold spaces and
// brackets itself; or null when the process is gone.
function statFields(pid) {
	try {
		const text = readFileSync(`/proc/${pid}/stat`, "utf8");

		return text.slice(text.lastIndexOf(")") + 2).split(" ");
	} catch {
		return null;
	}
}

function childrenByParent() {
	const children = new Map();

	for (const name of readdirSync("/proc")) {
		const fields = /^\d+$/.test(name) ? statFields(name) : null;
		const parent = fields && Number(fields[1]);

		if (!fields)
			continue;
		if (!children.has(parent))
			children.set(parent, []);
		children.get(parent).push(Number(name));
	}
	return children;
}

// The processes and all that descend from them, each once.
export function tree(roots) {
	const children = childrenByParent();
	const all = new Set(roots);

	for (const pid of all)
		for (const child of children.get(pid) ?? [])
			all.add(child);
	return [...all];
}

// User and system time of living processes, in seconds; exact to a tick each.
export function cpuSeconds(pids) {
	let ticks = 0;

	for (const pid of pids) {
		const fields = statFields(pid);

		if (fields)
			ticks += Number(fields[11]) + Number(fields[12]);
	}
	return ticks / TICKS_PER_SECOND;
}

// Proportional set size in KB: shared pages count by their share.
export function pssKb(pids) {
	let kb = 0;

	for (const pid of pids) {
		try {
			const text = readFileSync(
				`/proc/${pid}/smaps_rollup`, "utf8");

			kb += Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
		} catch {
			// It ended, or is not ours to look at.
		}
	}
	return kb;
}

// What all processors together worked since the start, in seconds.
export function machineBusySeconds() {
	const line = readFileSync("/proc/stat", "utf8").split("\n")[0];
	const [user, nice, system, , , irq, softirq] =
		line.split(/\s+/).slice(1).map(Number);

	return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}
