// S31: limits that all workers count together, of who is not signed in: tries to
// sign in, and sign-ups.  Each test comes from addresses of its own.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startStack, until } from "./harness.js";
import { assertLimited, newName, newPlace } from "./lib/limits.js";
import { countRows, spread } from "./lib/turn.js";

const TRIES = 3, ADDRESS_TRIES = 10, WAIT_MAX_S = 2, SIGN_UPS = 4;
const SETTINGS = `
[limits]
sign_in_tries = ${TRIES}
sign_in_tries_per_address = ${ADDRESS_TRIES}
sign_in_wait_max = ${WAIT_MAX_S}s
sign_ups_per_hour = ${SIGN_UPS}
`;
const PASSWORD = "correct horse battery";

let stack, ann;

const login = (username, password, from, headers) => stack.api("POST",
	"/auth/login", { body: { username, password }, from, headers });
const register = (username, from, headers) => stack.api("POST",
	"/auth/register", { body: { username, password: PASSWORD }, from, headers });

// A new user, who is known at no address but `from`.
async function newUser(from = newPlace()) {
	const username = newName();
	const { status, body, text } = await register(username, from);

	assert.equal(status, 201, text);
	return { username, token: body.access_token };
}

const NAME = /^Too many wrong passwords for this name\. Try again in \d seconds?\.$/;
const ADDRESS = /^Too many failed sign-ins from your address\. Try again in \d seconds?\.$/;

async function failTimes(n, username, from) {
	for (let i = 0; i < n; i++)
		assert.equal((await login(username, "wrong", from)).status, 401);
}

const pidOf = ({ body }) => stack.logLines().find((entry) =>
	entry.request_id === body.request_id).pid;

before(async () => {
	stack = await startStack({ settings: SETTINGS });
	ann = await newUser();
});
after(() => stack?.stop());

describe("S31: sign-ins", () => {
	for (const [what, name] of [["known", () => ann.username],
		["unknown", () => "nobody-at-all"]])
		test(`after ${TRIES} wrong passwords a ${what} name has to wait, at `
			+ "both workers, for longer each time", async () => {
			const from = newPlace();

			await failTimes(TRIES, name(), from);
			assert.equal(assertLimited(await login(name(), "wrong", from),
				NAME), 1);
			const pids = new Set();

			// the wait ends, though it is tried all the while
			await until(async () => {
				const answer = await login(name(), "wrong", from);

				if (answer.status === 429)
					pids.add(pidOf(answer));
				return answer.status === 401;
			}, "one more may be tried", 3000);
			for (let i = 0; i < 50 && pids.size < 2; i++)
				pids.add(pidOf(await login(name(), "wrong", from)));
			assert.equal(pids.size, 2);
			assert.equal(assertLimited(await login(name(), "wrong", from),
				NAME), WAIT_MAX_S);
		});

	test("S2: held back, a known and an unknown name are told the same",
		async () => {
			const told = [];

			for (const name of [(await newUser()).username, "nobody-2"]) {
				const from = newPlace();

				await failTimes(TRIES, name, from);
				const { status, headers, body } = await login(name, "x", from);

				told.push([status, headers["retry-after"],
					{ ...body, request_id: "" }]);
			}
			assert.deepEqual(told[0], told[1]);
		});

	test("a name is one, however it is written", async () => {
		for (const names of [["Zoe Known", "zoe known", "ZOE KNOWN", "zoé known"],
			["nobody-3", "NOBODY-3", "Nobody-3", "nobodý-3"]]) {
			const from = newPlace();

			if (names[0].startsWith("Zoe"))
				assert.equal((await register(names[0], newPlace())).status, 201);
			for (const name of names.slice(0, TRIES))
				await failTimes(1, name, from);
			assertLimited(await login(names[TRIES], "wrong", from), NAME);
		}
	});

	test(`of 20 tries at once ${TRIES} are looked at`, async () => {
		const from = newPlace();
		const { username } = await newUser();
		const began = performance.now();
		const answers = await Promise.all(Array.from({ length: 20 },
			() => login(username, "wrong", from)));
		const seconds = Math.floor((performance.now() - began) / 1000);
		const looked = answers.filter(({ status }) => status === 401).length;

		// on a slow machine the first waits may end meanwhile
		assert.ok(looked >= TRIES && looked <= TRIES + seconds, `${looked}`);
		for (const answer of answers)
			if (answer.status !== 401)
				assertLimited(answer, NAME);
	});

	test("a right password clears the count", async () => {
		const { username } = await newUser();

		for (let i = 0; i < 3; i++) {
			await failTimes(TRIES - 1, username, newPlace());
			assert.equal((await login(username, PASSWORD, newPlace())).status,
				200);
		}
	});

	test("a right password that comes too early is not looked at either",
		async () => {
			const from = newPlace();
			const { username } = await newUser();

			await failTimes(TRIES, username, from);
			assertLimited(await login(username, PASSWORD, from), NAME);
			const answer = await until(async () => {
				const tried = await login(username, PASSWORD, from);

				return tried.status !== 429 && tried;
			}, "the wait ends", 3000);

			assert.equal(answer.status, 200);
		});

	test("strangers do not keep a user out of where he has been", async () => {
		const home = newPlace();
		const { username } = await newUser(home);
		const from = newPlace();

		await failTimes(TRIES, username, from);
		assertLimited(await login(username, PASSWORD, from), NAME);
		assert.equal((await login(username, PASSWORD, home)).status, 200);
		assertLimited(await login(username, PASSWORD, newPlace()), NAME);
		// and there he has a count as well
		await failTimes(TRIES, username, home);
		assertLimited(await login(username, PASSWORD, home), NAME);
	});

	test("one who is held back costs no hash", async () => {
		const from = newPlace(), cpu = { looked: [], held: [] };
		const time = async () => {
			const began = performance.now();
			const { status } = await login("nobody-4", "wrong", from);

			cpu[status === 401 ? "looked" : "held"].push(
				performance.now() - began);
		};

		for (let i = 0; i < 20; i++)
			await time();
		const { looked, held } = cpu;

		assert.ok(looked.length >= TRIES && held.length > 5);
		assert.ok(spread(held).median < spread(looked).median / 2,
			`${spread(held).median} and ${spread(looked).median} ms`);
	});

	test(`an address has ${ADDRESS_TRIES} tries, whatever the names`,
		async () => {
			const from = newPlace();

			for (let i = 0; i < ADDRESS_TRIES; i++)
				await failTimes(1, `guess-${i}`, from);
			assertLimited(await login("guess-more", "wrong", from), ADDRESS);
			assertLimited(await login(ann.username, PASSWORD, from), ADDRESS);
			await failTimes(1, "guess-more", newPlace());
		});

	test("right passwords do not count against an address", async () => {
		const from = newPlace();
		const { username } = await newUser();

		for (let i = 0; i < ADDRESS_TRIES + 2; i++)
			assert.equal((await login(username, PASSWORD, from)).status, 200);
		assert.deepEqual(await stack.db("SELECT n FROM tries WHERE"
			+ ` what = 'address' AND address = '${from}'`), []);
	});

	test("a password that cannot be one is not counted", async () => {
		const from = newPlace();

		for (let i = 0; i < ADDRESS_TRIES + 2; i++)
			assert.equal((await login("ann", 7, from)).status, 422);
		await failTimes(1, "nobody-5", from);
	});

	test("S38: who was held back is in the log", async () => {
		const from = newPlace();

		await failTimes(TRIES, "nobody-6", from);
		const { body } = await login("nobody-6", "wrong", from);
		const entry = stack.logLines().find((line) =>
			line.request_id === body.request_id);

		assert.equal(entry.status, 429);
		assert.equal(entry.code, "rate_limited");
		assert.match(entry.note, /held back/);
		assert.equal(entry.address, from);
	});

	test("counts outlive the workers", async () => {
		const from = newPlace();

		await failTimes(TRIES, "nobody-7", from);
		await stack.parts.llmselect.restart();
		await until(async () => (await login("nobody-7", "wrong", from))
			.status === 401, "the wait ends", 4000);
		assertLimited(await login("nobody-7", "wrong", from), NAME);
	});
});

describe("S31: sign-ups", () => {
	test(`${SIGN_UPS} from an address in an hour, refused ones included`,
		async () => {
			const from = newPlace();
			const names = Array.from({ length: SIGN_UPS }, newName);
			const made = [];

			for (let i = 1; i < SIGN_UPS; i++)
				made.push((await register(names[i - 1], from)).status);
			made.push((await register(names[0], from)).status);
			assert.deepEqual(made, [...Array(SIGN_UPS - 1).fill(201), 409]);
			const before = await countRows(stack);
			const seconds = assertLimited(await register("up-more", from),
				/^Too many sign-ups from your address\. Try again in 60 minutes\.$/);

			assert.ok(seconds > 3500 && seconds <= 3600);
			assert.deepEqual(await countRows(stack), before);
			assert.equal((await register("up-more", newPlace())).status, 201);
		});

	test("of 20 at once no more", async () => {
		const from = newPlace();
		const answers = await Promise.all(Array.from({ length: 20 },
			(_, i) => register(`crowd-${i}`, from)));

		assert.deepEqual([201, 429].map((wanted) => answers.filter(
			({ status }) => status === wanted).length), [SIGN_UPS, 20 - SIGN_UPS]);
	});

	test("what cannot be a name is not counted", async () => {
		const from = newPlace();

		for (let i = 0; i < SIGN_UPS + 1; i++)
			assert.equal((await register("x", from)).status, 422);
		assert.equal((await register(newName(), from)).status, 201);
	});
});

// What a client may say of where it comes from.
const SPOOFS = ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Client-IP",
	"True-Client-IP", "CF-Connecting-IP", "X-Client-IP", "Via", "Remote-Addr",
	"REMOTE_ADDR", "HTTP_REMOTE_ADDR", "X_Forwarded_For", "Proxy",
	"X-Remote-Addr", "FCGI-REMOTE-ADDR"];

describe("S31: the address is the connection's", () => {
	test("no header makes it another", async () => {
		const from = newPlace();

		for (let i = 0; i < ADDRESS_TRIES; i++)
			await failTimes(1, `spoof-${i}`, from);
		for (const name of SPOOFS) {
			const value = name === "Forwarded" ? "for=198.51.100.7"
				: "198.51.100.7";
			const answer = await login("spoof-more", "wrong", from,
				{ [name]: value });

			// a wait that has just ended counts for this address as well
			if (answer.status !== 429)
				assertLimited(await login("spoof-more", "wrong", from,
					{ [name]: value }), ADDRESS);
		}
		assert.deepEqual(await stack.db("SELECT * FROM tries WHERE"
			+ " address LIKE '198.51.%'"), []);
		const { body } = await login(ann.username, PASSWORD, newPlace(),
			Object.fromEntries(SPOOFS.map((name) => [name, "198.51.100.8"])));

		assert.ok(body.access_token);
		assert.deepEqual(await stack.db("SELECT * FROM sessions WHERE"
			+ " address LIKE '198.51.%'"), []);
		assert.ok(!stack.log("llmselect").includes("198.51.100"));
	});

	test("a proxy in front that nginx is told to trust is believed, no other",
		async () => {
			const hop = newPlace(), conf = join(stack.dir, "nginx/nginx.conf");
			const text = readFileSync(conf, "utf8");
			const through = (client, username, from = hop) => login(username,
				"wrong", from, { "X-Forwarded-For": `192.0.2.66, ${client}` });

			writeFileSync(conf, text.replace("include llmselect/server.conf;",
				`include llmselect/server.conf;
				set_real_ip_from ${hop};
				real_ip_header X-Forwarded-For;`));
			await stack.parts.nginx.stop();
			await stack.parts.nginx.start();
			try {
				for (let i = 0; i < ADDRESS_TRIES; i++)
					assert.equal((await through("203.0.113.5", `hop-${i}`))
						.status, 401);
				assertLimited(await through("203.0.113.5", "hop-more"), ADDRESS);
				assert.equal((await through("203.0.113.6", "hop-more")).status,
					401);
				// IPv6 is counted by /64
				for (let i = 0; i < ADDRESS_TRIES; i++)
					assert.equal((await through(`2001:db8:1:2::${i}`,
						`six-${i}`)).status, 401);
				assertLimited(await through("2001:db8:1:2:ffff::1", "six-more"),
					ADDRESS);
				assert.equal((await through("2001:db8:1:3::1", "six-more"))
					.status, 401);
				const stranger = newPlace();

				await through("203.0.113.7", "hop-other", stranger);
				const rows = await stack.db("SELECT address FROM tries WHERE"
					+ " what = 'address'");
				const seen = rows.map((row) => row.address);

				assert.ok(seen.includes(stranger));
				assert.ok(seen.includes("2001:db8:1:2::/64"));
				assert.ok(!seen.includes("203.0.113.7"));
				assert.ok(!seen.includes("192.0.2.66"));
			} finally {
				writeFileSync(conf, text);
				await stack.parts.nginx.stop();
				await stack.parts.nginx.start();
			}
		});
});

describe("S2", () => {
	const SAMPLES = 60, ROUNDS = 3, DIFFERENCE = 0.1;

	// The medians of interleaved samples, so that a slow minute meets both.
	async function difference(free, names) {
		const times = names.map(() => []);

		for (let i = 0; i < SAMPLES; i++)
			for (const [n, name] of names.entries()) {
				const began = performance.now();
				const { status } = await free.api("POST", "/auth/login",
					{ body: { username: name, password: "wrong one" },
						from: newPlace() });

				assert.equal(status, 401);
				times[n].push(performance.now() - began);
			}
		const [a, b] = times.map((t) => spread(t).median);

		return Math.abs(a - b) / Math.min(a, b);
	}

	test("an unknown name takes as long as a wrong password", async (t) => {
		const free = await startStack();

		try {
			const { username } = await free.register();

			for (let i = 1; ; i++) {
				const found = await difference(free, [username, "nobody"]);

				t.diagnostic(`${(100 * found).toFixed(1)} %`);
				if (found < DIFFERENCE)
					break;
				assert.ok(i < ROUNDS, `they differ by ${found}`);
			}
		} finally {
			await free.stop();
		}
	});
});
