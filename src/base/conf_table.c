#include "base/conf_private.h"

#include <stdio.h>
#include <string.h>

const char *const conf_registration_names[] = {
	"first", "invite", "open", NULL
};

#define AT(s, k) offsetof(struct conf, s##_##k)
#define AT_MS(s, k) offsetof(struct conf, s##_##k##_ms)
#define ROW_TEXT(s, k, d, doc) \
	{ #s, #k, CONF_TEXT, AT(s, k), d, 0, 0, 0, NULL, doc },
#define ROW_PATH(s, k, d, doc) \
	{ #s, #k, CONF_PATH, AT(s, k), d, 0, 0, 0, NULL, doc },
#define ROW_INT(s, k, d, lo, hi, doc) \
	{ #s, #k, CONF_INT, AT(s, k), NULL, d, lo, hi, NULL, doc },
#define ROW_BOOL(s, k, d, doc) \
	{ #s, #k, CONF_BOOL, AT(s, k), NULL, d, 0, 0, NULL, doc },
#define ROW_SECONDS(s, k, d, lo, hi, doc) \
	{ #s, #k, CONF_SECONDS, AT_MS(s, k), NULL, d, lo, hi, NULL, doc },
#define ROW_SIZE(s, k, d, lo, hi, doc) \
	{ #s, #k, CONF_SIZE, AT(s, k), NULL, d, lo, hi, NULL, doc },
#define ROW_CHOICE(s, k, d, names, doc) \
	{ #s, #k, CONF_CHOICE, AT(s, k), NULL, d, 0, 0, names, doc },

static const struct conf_setting rows[] = {
	CONF_TABLE(ROW_TEXT, ROW_PATH, ROW_INT, ROW_BOOL, ROW_SECONDS,
	    ROW_SIZE, ROW_CHOICE)
};

#define AT_PROVIDER(k) offsetof(struct conf_provider, k)
#define PROVIDER_ROW_TEXT(k, d, doc) \
	{ NULL, #k, CONF_TEXT, AT_PROVIDER(k), d, 0, 0, 0, NULL, doc },
#define PROVIDER_ROW_PATH(k, d, doc) \
	{ NULL, #k, CONF_PATH, AT_PROVIDER(k), d, 0, 0, 0, NULL, doc },
#define PROVIDER_ROW_BOOL(k, d, doc) \
	{ NULL, #k, CONF_BOOL, AT_PROVIDER(k), NULL, d, 0, 0, NULL, doc },

static const struct conf_setting provider_rows[] = {
	PROVIDER_TABLE(PROVIDER_ROW_TEXT, PROVIDER_ROW_PATH, PROVIDER_ROW_BOOL)
};

const struct conf_table conf_settings = {
	rows, sizeof(rows) / sizeof(rows[0])
};
const struct conf_table conf_provider_settings = {
	provider_rows, sizeof(provider_rows) / sizeof(provider_rows[0])
};

bool
conf_is_same_section(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

const struct conf_setting *
conf_find(const struct conf_table *table, const char *section,
    const char *key)
{
	for (size_t i = 0; i < table->n; i++)
		if (conf_is_same_section(table->rows[i].section, section) &&
		    strcmp(table->rows[i].key, key) == 0)
			return &table->rows[i];
	return NULL;
}

bool
conf_is_section(const char *name)
{
	for (size_t i = 0; i < conf_settings.n; i++)
		if (strcmp(conf_settings.rows[i].section, name) == 0)
			return true;
	return false;
}

static void
print_default(const struct conf_setting *s)
{
	printf("# %s\n#%s =", s->doc, s->key);
	if (s->text != NULL)
		printf("%s%s\n\n", s->text[0] != '\0' ? " " : "", s->text);
	else if (s->type == CONF_BOOL)
		printf(" %s\n\n", s->number != 0 ? "yes" : "no");
	else if (s->type == CONF_CHOICE)
		printf(" %s\n\n", s->names[s->number]);
	else
		printf(" %lld\n\n", s->number);
}

void
conf_print_defaults(void)
{
	const char *section = "";

	for (size_t i = 0; i < conf_settings.n; i++) {
		if (strcmp(rows[i].section, section) != 0) {
			section = rows[i].section;
			printf("[%s]\n\n", section);
		}
		print_default(&rows[i]);
	}
	printf("# One such section for each provider.\n#[%sNAME]\n\n",
	    CONF_PROVIDER_PREFIX);
	for (size_t i = 0; i < conf_provider_settings.n; i++)
		print_default(&provider_rows[i]);
}
