#include "admin/admin.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "(not from a release)"
#endif

/* What a subcommand takes. */
enum {
	TAKES_CONF = 1,
	NEEDS_CONF = 2,
	TAKES_FILE = 4,
	TAKES_PRINT = 8,
	NEEDS_OPERAND = 16,
	TAKES_OPERAND = 32,
	TAKES_ROTATION = 64, /* --pid, --wait, --force */
	TAKES_JSON = 128,
	TAKES_WISH = 256, /* what an invitation is to be */
	ON_USER = TAKES_CONF | TAKES_JSON | NEEDS_OPERAND,
};

enum {
	WAIT_S = 60, /* unless --wait says otherwise */
	WAIT_S_MAX = 3600,
};

static const struct command {
	const char *name;
	int (*run)(const struct options *o);
	unsigned takes;
	const char *usage, *sentence;
} commands[] = { /* a name has one word or two */
	{ "keygen", admin_keygen, NEEDS_OPERAND, "FILE",
	  "make a master key in a new file" },
	{ "rotate-key", admin_rotate_key,
	  TAKES_CONF | TAKES_OPERAND | TAKES_ROTATION | TAKES_JSON,
	  "[begin|use|reseal|retire|status] [--conf FILE]...\n"
	  "                  [--pid PID] [--wait SECONDS] [--force] [--json]",
	  "make a new master key and take it into use while workers run" },
	{ "schema", admin_schema, TAKES_CONF | TAKES_FILE | TAKES_PRINT,
	  "[--conf FILE]... [--file FILE] [--print]",
	  "make the tables that are not there yet, or print how" },
	{ "check-conf", admin_check_conf, TAKES_CONF | NEEDS_CONF,
	  "--conf FILE...", "say what is wrong with the settings" },
	{ "defaults", admin_defaults, 0, "",
	  "print every setting as it is when nobody sets it" },
	{ "models check", admin_models_check,
	  TAKES_CONF | NEEDS_CONF | TAKES_JSON, "--conf FILE... [--json]",
	  "compare the file of models with what the providers list" },
	{ "users list", admin_users_list, TAKES_CONF | TAKES_JSON,
	  "[--conf FILE]... [--json]", "list the users" },
	{ "users disable", admin_users_disable, ON_USER,
	  "NAME [--conf FILE]... [--json]",
	  "end all sessions of a user and let no new one begin" },
	{ "users enable", admin_users_enable, ON_USER,
	  "NAME [--conf FILE]... [--json]", "let a user sign in again" },
	{ "users promote", admin_users_promote, ON_USER,
	  "NAME [--conf FILE]... [--json]", "make a user an administrator" },
	{ "users demote", admin_users_demote, ON_USER,
	  "NAME [--conf FILE]... [--json]", "make a user none any more" },
	{ "users password", admin_users_password, ON_USER,
	  "NAME [--conf FILE]... [--json]",
	  "set a user's password, read from standard input" },
	{ "invites create", admin_invites_create,
	  TAKES_CONF | TAKES_JSON | TAKES_WISH,
	  "[--note TEXT] [--uses N] [--expires-in SECONDS] "
	  "[--conf FILE]... [--json]", "make an invitation to register" },
	{ "invites list", admin_invites_list, TAKES_CONF | TAKES_JSON,
	  "[--conf FILE]... [--json]", "list the invitations" },
	{ "invites revoke", admin_invites_revoke,
	  TAKES_CONF | TAKES_JSON | NEEDS_OPERAND,
	  "ID [--conf FILE]... [--json]", "let an invitation admit nobody" },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
print_command(FILE *f, const struct command *c)
{
	fprintf(f, "  llmselect-admin %s %s\n        %s\n", c->name, c->usage,
	    c->sentence);
}

static int
help(void)
{
	printf("Usage:\n");
	for (size_t i = 0; i < COUNT(commands); i++)
		print_command(stdout, &commands[i]);
	printf("  llmselect-admin --help | --version\n"
	    "It ends with 0 when all went well, 1 when something failed, and\n"
	    "2 when it was not called as above.\n");
	return ADMIN_DONE;
}

static int
version(void)
{
	printf("llmselect-admin %s\n", PACKAGE_VERSION);
	return ADMIN_DONE;
}

static int __attribute__((format(printf, 2, 3)))
misuse(const struct command *c, const char *format, ...)
{
	va_list ap;

	fputs("llmselect-admin: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputs("\nUsage:\n", stderr);
	for (size_t i = 0; i < COUNT(commands); i++)
		if (c == NULL || c == &commands[i])
			print_command(stderr, &commands[i]);
	return ADMIN_MISUSED;
}

int
admin_fail(const char *format, ...)
{
	va_list ap;

	fputs("llmselect-admin: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return ADMIN_FAILED;
}

int
admin_misused(const char *format, ...)
{
	va_list ap;

	fputs("llmselect-admin: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return ADMIN_MISUSED;
}

static bool
add_conf(struct options *o, const char *value)
{
	if (o->n_confs == CONF_FILES_MAX)
		return false;
	o->confs[o->n_confs++] = value;
	return true;
}

static bool
set_file(struct options *o, const char *value)
{
	o->file = value;
	return true;
}

static bool
set_print(struct options *o, const char *value)
{
	(void)value;
	o->print = true;
	return true;
}

static bool
set_force(struct options *o, const char *value)
{
	(void)value;
	o->force = true;
	return true;
}

static bool
set_json(struct options *o, const char *value)
{
	(void)value;
	o->json = true;
	return true;
}

static bool
set_number(const char *value, long least, long most, int *out)
{
	char *end;
	long n = strtol(value, &end, 10);

	if (end == value || *end != '\0' || n < least || n > most)
		return false;
	*out = (int)n;
	return true;
}

static bool
set_note(struct options *o, const char *value)
{
	o->note = value;
	return true;
}

static bool
set_pid(struct options *o, const char *value)
{
	return set_number(value, 2, INT_MAX, &o->pid);
}

static bool
set_wait(struct options *o, const char *value)
{
	return set_number(value, 0, WAIT_S_MAX, &o->wait_s);
}

static bool
set_uses(struct options *o, const char *value)
{
	o->uses = value;
	return true;
}

static bool
set_expires_in(struct options *o, const char *value)
{
	o->expires_in = value;
	return true;
}

static const struct option {
	const char *name;
	unsigned takes;
	bool has_value;
	bool (*set)(struct options *o, const char *value);
} option_table[] = {
	{ "--conf", TAKES_CONF, true, add_conf },
	{ "--file", TAKES_FILE, true, set_file },
	{ "--print", TAKES_PRINT, false, set_print },
	{ "--pid", TAKES_ROTATION, true, set_pid },
	{ "--wait", TAKES_ROTATION, true, set_wait },
	{ "--force", TAKES_ROTATION, false, set_force },
	{ "--json", TAKES_JSON, false, set_json },
	{ "--note", TAKES_WISH, true, set_note },
	{ "--uses", TAKES_WISH, true, set_uses },
	{ "--expires-in", TAKES_WISH, true, set_expires_in },
};

static const struct option *
find_option(const struct command *c, const char *name)
{
	for (size_t i = 0; i < COUNT(option_table); i++)
		if (strcmp(option_table[i].name, name) == 0 &&
		    c->takes & option_table[i].takes)
			return &option_table[i];
	return NULL;
}

/* One word that is no option: more settings where they are taken, else what
 * the subcommand works on. */
static bool
take_operand(const struct command *c, struct options *o, const char *word)
{
	if (c->takes & NEEDS_CONF && o->n_confs > 0)
		return add_conf(o, word);
	if (!(c->takes & (NEEDS_OPERAND | TAKES_OPERAND)) || o->operand != NULL)
		return false;
	o->operand = word;
	return true;
}

static int
read_options(const struct command *c, char **words, struct options *o)
{
	for (; *words != NULL; words++) {
		const struct option *opt = find_option(c, *words);
		const char *name = *words;

		if (opt == NULL && (name[0] == '-' ||
		    !take_operand(c, o, name)))
			return misuse(c, "%s: what is %s?", c->name, name);
		if (opt == NULL)
			continue;
		if (opt->has_value && *++words == NULL)
			return misuse(c, "%s needs a value.", name);
		if (!opt->set(o, *words))
			return misuse(c, "%s does not fit, or is there too "
			    "often.", name);
	}
	if (c->takes & NEEDS_OPERAND && o->operand == NULL)
		return misuse(c, "%s needs %.*s.", c->name,
		    (int)strcspn(c->usage, " "), c->usage);
	if (c->takes & NEEDS_CONF && o->n_confs == 0)
		return misuse(c, "%s needs --conf.", c->name);
	return ADMIN_DONE;
}

static int
run(const struct command *c, char **words)
{
	struct options o = { .wait_s = WAIT_S };
	int rc;

	if (*words != NULL && strcmp(*words, "--help") == 0) {
		print_command(stdout, c);
		return ADMIN_DONE;
	}
	rc = read_options(c, words, &o);
	return rc != ADMIN_DONE ? rc : c->run(&o);
}

/* How many words a command's name takes up of these; 0: it is another. */
static int
words_of(const struct command *c, char **words)
{
	size_t n = strcspn(c->name, " ");

	if (strlen(words[0]) != n || strncmp(c->name, words[0], n) != 0)
		return 0;
	if (c->name[n] == '\0')
		return 1;
	return words[1] != NULL && strcmp(c->name + n + 1, words[1]) == 0 ?
	    2 : 0;
}

int
main(int argc, char **argv)
{
	int n;

	if (argc < 2)
		return misuse(NULL, "it needs a subcommand.");
	if (strcmp(argv[1], "--help") == 0)
		return help();
	if (strcmp(argv[1], "--version") == 0)
		return version();
	for (size_t i = 0; i < COUNT(commands); i++)
		if ((n = words_of(&commands[i], argv + 1)) > 0)
			return run(&commands[i], argv + 1 + n);
	return misuse(NULL, "there is no subcommand %s.", argv[1]);
}
