// Waiting for something to be so, never for time to pass.

import { setTimeout as sleep } from "node:timers/promises";

const STEP_MS = 5;

// Calls `check` until it gives something true, which is returned.  What it
// throws counts as "not yet", and is named when time is up.
export async function until(check, what, ms = 10_000) {
	const end = performance.now() + ms;
	let last;

	for (;;) {
		try {
			const result = await check();

			if (result)
				return result;
			last = undefined;
		} catch (error) {
			if (error.final || error instanceof ReferenceError)
				throw error;
			last = error;
		}
		if (performance.now() >= end)
			throw new Error(`${what}: not within ${ms} ms`
				+ (last ? ` (${last.message})` : ""));
		await sleep(STEP_MS);
	}
}

// An error that no more waiting can heal.
export function final(message) {
	return Object.assign(new Error(message), { final: true });
}
