// LLMSelect itself, as the flow tests start it: worker, nginx with the shipped
// configuration, a private database.  Everything that bench knows about that
// harness is here.

const HARNESS = new URL("../tests/flow/harness.js", import.meta.url);

// `provider` is "host:port" of the demo provider.  Gives
//
//     { url, token, pids: { worker: [], nginx: [], mariadbd: [] }, stop() }
//
// where the pids are the roots of their process trees.
export async function startLLMSelect({ provider }) {
	const { startStack } = await import(HARNESS);
	const stack = await startStack({ provider });

	return {
		url: stack.url,
		token: stack.token,
		pids: {
			worker: stack.pids.worker,
			nginx: stack.pids.nginx,
			mariadbd: stack.pids.mariadbd ?? [],
		},
		stop: () => stack.stop(),
	};
}
