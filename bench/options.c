#include "options.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net.h"

#define NUMBER_MAX 1000000000

enum kind { NUMBER, TEXT, HEADER, HELP };

struct row {
	const char *name;
	enum kind kind;
	size_t where;
	int64_t min;
	const char *value, *what;
};

#define AT(member) offsetof(struct options, member)

static const struct row ROWS[] = {
	{ "to", TEXT, AT(host), 0, "HOST:PORT", "where to (an IPv4 address)" },
	{ "path", TEXT, AT(path), 0, "PATH", "the request's path" },
	{ "body", TEXT, AT(body), 0, "JSON", "its body" },
	{ "header", HEADER, 0, 0, "'NAME: VALUE'", "one more header field" },
	{ "streams", NUMBER, AT(streams), 1, "N", "streams in all (1)" },
	{ "at-once", NUMBER, AT(at_once), 1, "N",
		"at most N at a time (all of them)" },
	{ "ramp", NUMBER, AT(ramp_ms), 0, "MS",
		"spread the starts over this time (0)" },
	{ "tokens", NUMBER, AT(tokens), 0, "N",
		"tokens that each stream should bring (0: not checked)" },
	{ "first-ms", NUMBER, AT(first_ms), 0, "MS",
		"the provider's own delay before the first token (0)" },
	{ "stop-after-tokens", NUMBER, AT(stop_tokens), 0, "N",
		"close after N tokens" },
	{ "stop-after-ms", NUMBER, AT(stop_ms), 0, "MS",
		"close this long after the request was sent" },
	{ "tag", TEXT, AT(tag), 0, "TEXT", "how a closed stream is named" },
	{ "timeout", NUMBER, AT(timeout_s), 1, "S",
		"what is not over by then has failed (120)" },
	{ "help", HELP, 0, 0, NULL, "this text" },
};

#define ROW_COUNT (sizeof(ROWS) / sizeof(ROWS[0]))

static void
show_help(void)
{
	printf("Usage: bench-load --to HOST:PORT --path PATH --body JSON "
		"[options]\n\nOpens streaming requests, reads the stamped "
		"tokens, and prints one JSON object.\n'%%n' in the path, the "
		"header fields, the body and the tag is the request's\n"
		"number, from 0.\n\n");
	for (size_t i = 0; i < ROW_COUNT; i++)
		printf("  --%s %s\n        %s\n", ROWS[i].name,
			ROWS[i].value ? ROWS[i].value : "", ROWS[i].what);
}

static void
die(const char *what, const char *value)
{
	fprintf(stderr, "bench-load: %s: %s\n", what, value);
	exit(2);
}

static void
set(struct options *o, const struct row *row, const char *value)
{
	char *end = NULL;
	int64_t number;

	switch (row->kind) {
	case HELP:
		show_help();
		exit(0);
	case HEADER:
		if (o->header_count == HEADERS_MAX)
			die(row->name, "too many");
		o->headers[o->header_count++] = value;
		return;
	case TEXT:
		memcpy((char *)o + row->where, &value, sizeof(value));
		return;
	case NUMBER:
		number = strtoll(value, &end, 10);
		if (*value == '\0' || *end != '\0' || number < row->min
		    || number > NUMBER_MAX)
			die(row->name, value);
		memcpy((char *)o + row->where, &number, sizeof(number));
	}
}

static void
check(struct options *o)
{
	if (!o->host || !net_read_address(o->host, &o->address))
		die("--to", "HOST:PORT is needed");
	if (!o->path || !o->body)
		die("--path and --body", "are needed");
	if (strlen(o->path) + strlen(o->body) > TEMPLATE_MAX / 2)
		die("--body", "too long");
	if (o->streams > STREAMS_MAX)
		die("--streams", "at most 10000");
	if (o->at_once == 0 || o->at_once > o->streams)
		o->at_once = o->streams;
}

void
options_read(struct options *o, int argc, char **argv)
{
	struct option table[ROW_COUNT + 1] = { 0 };
	int i;

	*o = (struct options){ .streams = 1, .timeout_s = 120, .tag = "%n",
		.stop_tokens = -1, .stop_ms = -1 };
	for (size_t k = 0; k < ROW_COUNT; k++) {
		table[k].name = ROWS[k].name;
		table[k].has_arg = ROWS[k].value ? required_argument
			: no_argument;
		table[k].val = (int)k + 1;
	}
	while ((i = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (i < 1 || i > (int)ROW_COUNT)
			exit(2);
		set(o, &ROWS[i - 1], optarg);
	}
	if (optind < argc)
		die("what is", argv[optind]);
	check(o);
}
