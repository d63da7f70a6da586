/*
 * llmselect-demo: a stand-in for an LLM provider.  It answers on loopback
 * with canned or scripted text in a provider's own wire format, for a first
 * try of LLMSelect, for its tests, and for its measurements.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "server.h"

#define DEFAULT_LISTEN "127.0.0.1:0"

static const char *const USAGE =
	"Usage: llmselect-demo [--listen HOST:PORT] [--key KEY]\n"
	"\n"
	"A stand-in for an LLM provider, for trying, testing and measuring.\n"
	"It asks no model: what it answers is canned or scripted.\n"
	"\n"
	"  --listen HOST:PORT  where to listen; port 0 picks one (default\n"
	"                      " DEFAULT_LISTEN "); the line \"listening on\n"
	"                      HOST:PORT\" says when it is ready\n"
	"  --key KEY           refuse other keys with 401 (400 on the Gemini\n"
	"                      wire); without it every key will do\n"
	"  --help              this text\n"
	"\n"
	"  POST /v1/chat/completions  the OpenAI wire, streaming or not\n"
	"  POST /v1/messages          the Anthropic wire, likewise\n"
	"  GET /v1/models             the models of either; of Anthropic's\n"
	"                             with the header anthropic-version\n"
	"  POST /v1beta/models/MODEL:streamGenerateContent?alt=sse\n"
	"  POST /v1beta/models/MODEL:generateContent\n"
	"                             the Gemini wire\n"
	"  GET /v1beta/models         its models\n"
	"  GET /healthz               whether it is up\n"
	"  GET /stats[?tag=X]         sums, and the connections closed early\n"
	"  DELETE /stats              begins the sums anew\n"
	"  GET /requests[?tag=X]      the newest requests as they came\n"
	"\n";

static const struct option OPTIONS[] = {
	{ "listen", required_argument, NULL, 'l' },
	{ "key", required_argument, NULL, 'k' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static void
read_options(int argc, char **argv, const char **address, const char **key)
{
	int c;

	while ((c = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
		switch (c) {
		case 'l':
			*address = optarg;
			break;
		case 'k':
			*key = optarg;
			break;
		case 'h':
			fputs(USAGE, stdout);
			script_help(stdout);
			exit(0);
		default:
			exit(2);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "llmselect-demo: what is '%s'?\n",
			argv[optind]);
		exit(2);
	}
}

/* TERM and INT as a descriptor, so that the loop ends between two events. */
static int
open_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void
say_ready(const char *address, int port)
{
	printf("listening on %.*s:%d\n",
		(int)(strrchr(address, ':') - address), address, port);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	const char *address = DEFAULT_LISTEN, *key = NULL;
	struct pages *pages = calloc(1, sizeof(*pages));
	struct server server;
	int signals, result;

	read_options(argc, argv, &address, &key);
	signals = open_signals();
	if (!pages || signals < 0)
		return 1;
	pages->key = key;
	pages->port = server_open(&server, pages, address);
	if (pages->port < 0) {
		fprintf(stderr, "llmselect-demo: %s: %s\n", address,
			strerror(errno));
		free(pages);
		return 1;
	}
	say_ready(address, pages->port);
	result = server_run(&server, signals);
	server_free(&server);
	pages_free(pages);
	free(pages);
	close(signals);
	return result == 0 ? 0 : 1;
}
