// LLMSelect itself, as the flow tests start it: worker, nginx with the shipped
// configuration, a private database.  Everything that bench knows about that
// harness is here.

const HARNESS = new URL("../tests/flow/harness.js", import.meta.url);

// One user starts a thousand streams at once, which no person does: the limits
// of a user are off, and with them what they cost a claim.
const SETTINGS = `
[limits]
questions_per_minute = 0
streams_per_user = 0
`;

// `provider` is "host:port" of the demo provider.  Gives
//
//     { url, token, pids: { worker: [], nginx: [], mariadbd: [] }, stop() }
//
// where the pids are the roots of their process trees.
export async function startLLMSelect({ provider }) {
	const { startStack } = await import(HARNESS);
	const stack = await startStack({ provider, settings: SETTINGS });
	const { token } = await stack.register();
	const { master, nginx, mariadbd } = stack.pids;

	return {
		url: stack.url,
		token,
		pids: { worker: [master], nginx: [nginx], mariadbd: [mariadbd] },
		stop: () => stack.stop(),
	};
}
