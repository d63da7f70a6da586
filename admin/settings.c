#include "admin/admin.h"

#include <stdio.h>
#include <stdlib.h>

#include "llm/provider.h"

struct conf *
admin_load_conf(const struct options *o)
{
	struct conf *conf = calloc(1, sizeof(*conf));
	char why[CONF_WHY_MAX];

	if (conf == NULL) {
		admin_fail("Memory is out.");
		return NULL;
	}
	if (conf_load(o->confs, o->n_confs, conf, why) == ERR_OK)
		return conf;
	admin_fail("%s", why);
	free(conf);
	return NULL;
}

int
admin_check_conf(const struct options *o)
{
	struct conf *conf = admin_load_conf(o);
	struct llm_providers *providers = NULL;
	char why[CONF_WHY_MAX];
	enum err err;

	if (conf == NULL)
		return ADMIN_FAILED;
	err = llm_providers_load(conf, &providers, why, sizeof(why));
	free(conf);
	if (err) {
		admin_fail("%s", err == ERR_VALIDATION ? why :
		    err_sentence(err));
		return ADMIN_FAILED;
	}
	llm_providers_free(providers);
	printf("ok\n");
	return ADMIN_DONE;
}

int
admin_defaults(const struct options *o)
{
	(void)o;
	conf_print_defaults();
	return ADMIN_DONE;
}
