#include "llm/json.h"

const char *
llm_json_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

int64_t
llm_json_tokens(const json_t *object, const char *name)
{
	const json_t *n = json_object_get(object, name);

	return json_is_integer(n) && json_integer_value(n) >= 0 ?
	    json_integer_value(n) : -1;
}
