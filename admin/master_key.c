#include "admin/admin.h"

#include <stdio.h>

#include "base/keyring.h"

int
admin_keygen(const struct options *o)
{
	char why[CONF_WHY_MAX];

	if (keyring_create(o->operand, why, sizeof(why)))
		return admin_fail("%s", why);
	printf("%s holds a new master key. Keep a copy of it in a safe place: "
	    "without it,\nno stored provider key and no password can be used "
	    "again.\n", o->operand);
	return ADMIN_DONE;
}
