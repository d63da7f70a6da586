// Where a secret must not be, and whether it is there.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { processesIn } from "./part.js";

// The files that hold secrets because that is what they are for.
const OWN = /\.(key|pem)$/;

// A secret as text, and as what it may have been made into.
const formsOf = (secret) => [secret, Buffer.from(secret).toString("base64")
	.replace(/=+$/, ""), Buffer.from(secret).toString("hex"),
encodeURIComponent(secret)];

function read(file) {
	try {
		return readFileSync(file);
	} catch {
		return Buffer.alloc(0);	// a socket, or gone meanwhile
	}
}

const filesIn = (dir) => readdirSync(dir, { recursive: true,
	withFileTypes: true })
	.filter((entry) => entry.isFile() && !OWN.test(entry.name))
	.map((entry) => join(entry.parentPath ?? entry.path, entry.name));

// Every file of the stack (logs, core files, the database's own files, which
// have more than a dump: what was deleted, too), and what anybody may see of
// its processes.
function* placesOf(stack) {
	for (const file of filesIn(stack.dir))
		yield [file.slice(stack.dir.length + 1), read(file)];
	for (const found of processesIn(stack.dir))
		for (const name of ["environ", "cmdline"])
			yield [`${found}: ${name}`,
				read(`/proc/${parseInt(found, 10)}/${name}`)];
}

// The rows of all tables, as text; bytes in hexadecimal.
export async function dumpOf(stack) {
	const columns = await stack.db("SELECT table_name AS t, column_name AS c,"
		+ " data_type LIKE '%binary' OR data_type LIKE '%blob' AS is_bytes FROM"
		+ " information_schema.columns WHERE table_schema = DATABASE()");
	const texts = [];

	for (const table of new Set(columns.map(({ t }) => t))) {
		const list = columns.filter(({ t }) => t === table)
			.map(({ c, is_bytes: isBytes }) => isBytes === "1"
				? `LOWER(HEX(\`${c}\`)) AS \`${c}\`` : `\`${c}\``);

		for (const row of await stack.db(
			`SELECT ${list.join(", ")} FROM \`${table}\``))
			texts.push(`${table}: ${JSON.stringify(row)}`);
	}
	return texts.join("\n");
}

// "WHAT is in PLACE" of every secret that is where it must not be.  `secrets`
// are texts by name; `texts` further places by name.
export async function leaks(stack, secrets, texts = {}) {
	const found = [];
	const places = [...placesOf(stack), ["a dump", await dumpOf(stack)],
		...Object.entries(texts)];

	for (const [place, bytes] of places)
		for (const [name, secret] of Object.entries(secrets))
			if (formsOf(secret).some((form) => bytes.includes(form)))
				found.push(`${name} is in ${place}`);
	return found;
}
