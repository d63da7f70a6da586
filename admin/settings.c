#include "admin/admin.h"

#include <stdio.h>
#include <stdlib.h>

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

	if (conf == NULL)
		return ADMIN_FAILED;
	free(conf);
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
