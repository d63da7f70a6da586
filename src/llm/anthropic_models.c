#include "llm/anthropic.h"

#include <ctype.h>
#include <string.h>

#include "llm/json.h"

enum { PAGE = 1000 }; /* the most it gives at once; the usual is 20 */

/* As part of a query: RFC 3986, 2.3. */
static enum err
add_escaped(struct buf *b, const char *text)
{
	enum err err = ERR_OK;

	for (; err == ERR_OK && *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (isascii(c) && (isalnum(c) || strchr("-._~", c) != NULL))
			err = buf_add(b, text, 1);
		else
			err = buf_addf(b, "%%%02X", c);
	}
	return err;
}

enum err
anthropic_models_url(const struct llm_provider *provider, const char *after,
    struct buf *url)
{
	enum err err = buf_addf(url, "%s/models?limit=%d", provider->base_url,
	    PAGE);

	if (err == ERR_OK && after[0] != '\0' &&
	    (err = buf_adds(url, "&after_id=")) == ERR_OK)
		err = add_escaped(url, after);
	return err;
}

static int64_t
tokens_of(const json_t *model, const char *name)
{
	int64_t n = llm_json_tokens(model, name);

	return n > 0 ? n : 0;
}

/* All models of the list chat. */
bool
anthropic_models(const json_t *root, llm_listed_fn *each, void *arg,
    struct buf *after)
{
	const json_t *data = json_object_get(root, "data");
	const json_t *model;
	size_t i;

	if (!json_is_array(data))
		return false;
	json_array_foreach(data, i, model) {
		struct llm_listed listed = {
			.id = llm_json_text(model, "id"),
			.name = llm_json_text(model, "display_name"),
			.context = tokens_of(model, "max_input_tokens"),
			.max_output = tokens_of(model, "max_tokens"),
		};

		if (listed.id[0] != '\0')
			each(arg, &listed);
	}
	if (json_is_true(json_object_get(root, "has_more")))
		buf_adds(after, llm_json_text(root, "last_id"));
	return true;
}
