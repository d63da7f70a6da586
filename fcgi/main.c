/*
 * llmselect.fcgi: answers the requests of a web server over FastCGI.
 *
 * With --workers it is a master that starts that many processes; without, it
 * is one process, on the socket it was started with (fd 0) or on --listen.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fcgi_listen.h"
#include "master.h"
#include "worker.h"

enum { WORKERS_MAX = 64 };

static const char usage[] =
    "usage: llmselect.fcgi --conf FILE [--conf FILE]... [--workers N]\n"
    "                      [--listen PATH]\n"
    "\n"
    "  --conf FILE     settings; a later file wins, key by key\n"
    "  --workers N     start N processes and keep them running; 0: as many as\n"
    "                  server.workers says\n"
    "  --listen PATH   the Unix socket, in place of server.socket\n"
    "  --help          this text\n"
    "  --version       the version\n"
    "\n"
    "Without --workers it is one process, on the socket it was started with\n"
    "(fd 0) or on --listen. See llmselect.fcgi(8).\n";

static int
fail(const char *sentence)
{
	fprintf(stderr, "llmselect.fcgi: %s\n", sentence);
	return 2;
}

/* Fills `o`; -1 to go on, else the exit status. */
static int
read_options(int argc, char **argv, struct options *o)
{
	static const struct option table[] = {
		{ "conf", required_argument, NULL, 'c' },
		{ "workers", required_argument, NULL, 'w' },
		{ "listen", required_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	char *end;
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1)
		switch (c) {
		case 'c':
			if (o->n_files >= CONF_FILES_MAX)
				return fail("too many --conf files");
			o->files[o->n_files++] = optarg;
			break;
		case 'w':
			o->workers = (int)strtol(optarg, &end, 10);
			if (*end != '\0' || end == optarg || o->workers < 0 ||
			    o->workers > WORKERS_MAX)
				return fail("--workers takes a whole number "
				    "from 0 to 64");
			break;
		case 'l':
			o->listen = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'v':
			puts("llmselect.fcgi " PACKAGE_VERSION);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	return optind < argc ? fail("there is an argument too many; "
	    "see --help") : -1;
}

static int
run_alone(const struct options *o)
{
	char why[CONF_WHY_MAX] = "";
	struct conf *conf = options_load(o, why);
	int fd = STDIN_FILENO, status;

	if (conf == NULL)
		return fail(why);
	if (o->listen != NULL)
		fd = fcgi_listen(o->listen, why, sizeof(why));
	if (fd < 0) {
		free(conf);
		return fail(why);
	}
	status = worker_run(conf, fd, -1);
	free(conf);
	return status;
}

int
main(int argc, char **argv)
{
	struct options o = { .workers = -1 };
	int status = read_options(argc, argv, &o);

	if (status >= 0)
		return status;
	if (o.n_files == 0)
		return fail("--conf FILE is missing; see --help");
	return o.workers < 0 ? run_alone(&o) : master_run(&o);
}
