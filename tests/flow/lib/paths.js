// Where things are.

import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

export const ROOT = fileURLToPath(new URL("../../../", import.meta.url))
	.replace(/\/$/, "");
export const BUILD = process.env.LLMSELECT_BUILD ?? join(ROOT, "build");

// Debian keeps servers out of the PATH of ordinary users.
process.env.PATH += ":/usr/sbin:/sbin";

export const program = (name) => join(BUILD, name);
export const script = (name) => join(ROOT, "scripts", name);

// A port on loopback that nobody uses at this moment.
export function freePort() {
	return new Promise((resolve, reject) => {
		const server = createServer();

		server.once("error", reject);
		server.listen(0, "127.0.0.1", () => {
			const { port } = server.address();

			server.close(() => resolve(port));
		});
	});
}
