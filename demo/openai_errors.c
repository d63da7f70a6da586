/* The bodies of errors: OpenAI's own, or those of a flavour. */
#include "openai.h"

#include <string.h>

#define MASK_MAX 8	/* bytes of a key that an error shows at each end */

struct error_row {
	int status;
	bool is_quota;
	const char *type, *param, *code, *message;
};

#define REQUEST "\"invalid_request_error\""
#define NONE "null"

/* `%m` in a message is the model, `%k` the masked key. */
static const struct error_row ERRORS[] = {
	{ 400, false, REQUEST, "\"messages\"", "\"context_length_exceeded\"",
		"This model's maximum context length is 8192 tokens. However, "
		"your messages resulted in 9001 tokens. Please reduce the "
		"length of the messages." },
	{ 401, false, REQUEST, NONE, "\"invalid_api_key\"",
		"Incorrect API key provided: %k. You can find your API key at "
		"https://platform.openai.com/account/api-keys." },
	{ 403, false, "\"request_forbidden\"", NONE,
		"\"unsupported_country_region_territory\"",
		"Country, region, or territory not supported" },
	{ 404, false, REQUEST, NONE, "\"model_not_found\"",
		"The model `%m` does not exist or you do not have access to "
		"it." },
	{ 408, false, "\"server_error\"", NONE, "\"request_timeout\"",
		"Request timed out." },
	{ 429, false, "\"requests\"", NONE, "\"rate_limit_exceeded\"",
		"Rate limit reached for %m in organization org-demo on "
		"requests per min (RPM): Limit 3, Used 3, Requested 1. Please "
		"try again in 20s." },
	{ 429, true, "\"insufficient_quota\"", NONE, "\"insufficient_quota\"",
		"You exceeded your current quota, please check your plan and "
		"billing details." },
	{ 500, false, "\"server_error\"", NONE, NONE,
		"The server had an error while processing your request. Sorry "
		"about that!" },
	{ 503, false, "\"service_unavailable_error\"", NONE, NONE,
		"The engine is currently overloaded, please try again later." },
	{ 0, false, "\"server_error\"", NONE, NONE,
		"The demo provider was asked for this status." },
};

static const struct error_row *
find_error(const struct refusal *r)
{
	size_t i = 0;

	while (ERRORS[i].status != 0
		&& (ERRORS[i].status != r->status
			|| ERRORS[i].is_quota != r->is_quota))
		i++;
	return &ERRORS[i];
}

/* The provider shows the ends of a key it refuses; so a relay that passes
 * the message on would show them to whoever reads it. */
static void
add_masked(struct slice k, struct buf *out)
{
	size_t shown = k.n / 4 < MASK_MAX ? k.n / 4 : MASK_MAX;

	buf_add_json(out, k.p, shown);
	buf_adds(out, "********");
	if (k.p)
		buf_add_json(out, k.p + k.n - shown, shown);
}

static void
add_template(const char *m, const struct refusal *r, struct buf *out)
{
	for (; *m; m++) {
		if (m[0] == '%' && m[1] == 'm') {
			buf_add_json(out, r->model, strlen(r->model));
			m++;
		} else if (m[0] == '%' && m[1] == 'k') {
			add_masked(r->key, out);
			m++;
		} else {
			buf_add(out, m, 1);
		}
	}
}

static void
write_own(const struct refusal *r, struct buf *out)
{
	const struct error_row *row = find_error(r);
	const char *code = r->message && r->status == 400
		? "\"invalid_value\"" : row->code;
	const char *param = r->message ? NONE : row->param;

	buf_adds(out, "{\n    \"error\": {\n        \"message\": \"");
	if (r->message)
		buf_add_json(out, r->message, strlen(r->message));
	else
		add_template(row->message, r, out);
	buf_addf(out, "\",\n        \"type\": %s,\n        \"param\": %s,\n"
		"        \"code\": %s\n    }\n}\n", row->type,
		r->param ? r->param : param, r->code ? r->code : code);
}

/* An error that the script itself is wrong is told in OpenAI's words. */
static const struct error_body *
find_body(const struct refusal *r)
{
	const struct error_body *row =
		r->flavour ? r->flavour->errors : NULL;

	if (r->message)
		return NULL;
	while (row && row->body && row->status != 0
		&& (row->status != r->status || row->is_quota != r->is_quota))
		row++;
	return row && row->body ? row : NULL;
}

void
openai_write_refusal(const struct refusal *r, struct buf *out)
{
	const struct error_body *row = find_body(r);

	if (!row)
		write_own(r, out);
	else
		add_template(row->body, r, out);
}
