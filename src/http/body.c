#include "http/body.h"

#include <string.h>
#include <strings.h>

/*
 * NUL is let through here so that a field can refuse it by its name, and what
 * is no object so that it can be called that.
 */
enum {
	FLAGS = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY,
};

static bool
is_json(const char *content_type)
{
	static const char want[] = "application/json";
	size_t n = sizeof(want) - 1;

	if (strncasecmp(content_type, want, n) != 0)
		return false;
	content_type += n;
	while (*content_type == ' ' || *content_type == '\t')
		content_type++;
	return *content_type == '\0' || *content_type == ';';
}

enum err
body_read(struct req *rq)
{
	json_error_t fault;

	if (!is_json(rq->content_type))
		return req_fail(rq, ERR_MEDIA_TYPE, "%s", "");
	rq->json = json_loadb(rq->body.p, rq->body.len, FLAGS, &fault);
	if (rq->json == NULL)
		return req_fail(rq, ERR_BAD_JSON,
		    "The request body is not readable JSON: line %d, column %d.",
		    fault.line, fault.column);
	if (!json_is_object(rq->json))
		return req_fail(rq, ERR_BAD_JSON,
		    "The request body has to be a JSON object.");
	return ERR_OK;
}
