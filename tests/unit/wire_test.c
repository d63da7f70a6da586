#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <string.h>

#include "tests/unit/wire_test.h"

enum { DEEP = 100000 };

/* ---- the request ---- */

const struct llm_message WIRE_HI = { LLM_USER, "Hi", 2 };

void
wire_ask(const struct llm_provider *provider, const struct llm_request *rq,
    struct llm_ask *out)
{
	llm_ask_init(out);
	assert_int_equal(provider->wire->ask(provider, rq, out), ERR_OK);
}

static void
check_ask(const struct llm_provider *provider, const struct wire_ask_row *row)
{
	const struct llm_request rq = {
		.model = row->model, .system = row->system,
		.messages = &WIRE_HI, .n_messages = 1,
		.has_temperature = row->temperature >= 0,
		.temperature = row->temperature,
		.max_tokens = row->max_tokens,
		.reasoning_effort = row->effort,
	};
	json_auto_t *root = NULL;
	struct llm_ask ask;

	wire_ask(provider, &rq, &ask);
	root = json_loads(ask.body.p, 0, NULL);
	assert_non_null(root);
	assert_string_equal(ask.body.p, row->body);
	llm_ask_free(&ask);
}

void
wire_check_asks(const struct llm_provider *provider,
    const struct wire_ask_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		print_message("  %s\n", rows[i].name);
		check_ask(provider, &rows[i]);
	}
}

void
wire_check_turns(const struct llm_provider *provider,
    const struct llm_message *turns, size_t n, const char *part)
{
	const struct llm_request rq = {
		.model = "m", .messages = turns, .n_messages = n,
	};
	struct llm_ask ask;

	wire_ask(provider, &rq, &ask);
	assert_non_null(strstr(ask.body.p, part));
	llm_ask_free(&ask);
}

/* ---- errors ---- */

bool
wire_error(const struct llm_provider *provider, int status, const char *body,
    size_t n, struct llm_end *end)
{
	struct llm_head head;
	bool is_error;

	llm_head_init(&head);
	head.status = status;
	llm_end_init(end);
	is_error = provider->wire->error_body(provider, &head, body, n, end);
	assert_int_equal(end->provider_status, status);
	return is_error;
}

void
wire_check_errors(const struct llm_provider *provider,
    const struct wire_error_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct wire_error_row *row = &rows[i];
		struct llm_end end;

		print_message("  %s\n", row->name);
		wire_error(provider, row->status, row->body,
		    strlen(row->body), &end);
		assert_string_equal(err_code(end.err), err_code(row->err));
		assert_int_equal(end.retryable, row->retryable);
		assert_non_null(strstr(end.message, provider->label));
		assert_null(strstr(end.message, "CANARY"));
		assert_null(strstr(end.note, "CANARY"));
	}
}

void
wire_check_hostile_bodies(const struct llm_provider *provider)
{
	static const char FILL[] = { '[', (char)0xff, '\0' };
	struct buf body;
	struct llm_end end;

	buf_init(&body, WIRE_BYTES_MAX);
	for (size_t i = 0; i < sizeof(FILL); i++) {
		buf_reset(&body);
		for (int n = 0; n < LLM_ERROR_BODY_MAX; n++)
			buf_add(&body, &FILL[i], 1);
		assert_false(wire_error(provider, 400, body.p, body.len,
		    &end));
		assert_int_equal(end.err, ERR_PROVIDER_REJECTED);
	}
	buf_free(&body);
}

/* ---- answers ---- */

static void
take_delta(void *arg, const struct llm_delta *delta)
{
	struct wire_answer *a = arg;

	buf_add(delta->kind == LLM_TEXT ? &a->text : &a->reasoning,
	    delta->text, delta->len);
}

void
wire_read_whole(const struct llm_provider *provider, const char *body,
    size_t n, struct wire_answer *out)
{
	json_auto_t *root = json_loadb(body, n, 0, NULL);

	assert_non_null(root);
	*out = (struct wire_answer){ .is_one = false };
	buf_init(&out->text, WIRE_BYTES_MAX);
	buf_init(&out->reasoning, WIRE_BYTES_MAX);
	llm_parse_init(&out->parse, provider, take_delta, out);
	out->is_one = provider->wire->whole(&out->parse, root);
	assert_int_equal(out->parse.is_over, out->is_one);
}

void
wire_answer_free(struct wire_answer *a)
{
	llm_parse_free(&a->parse);
	buf_free(&a->text);
	buf_free(&a->reasoning);
}

void
wire_check_hostile_event(const struct llm_provider *provider,
    const char *name, const char *text)
{
	struct wire_answer a;
	struct buf deep;
	struct sse_event event = { .name = name, .id = "", .is_whole = true };

	buf_init(&deep, WIRE_BYTES_MAX);
	for (int i = 0; i < DEEP; i++)
		assert_int_equal(buf_adds(&deep, text), ERR_OK);
	wire_read_whole(provider, "{}", 2, &a);
	event.data = deep.p;
	event.len = deep.len;
	provider->wire->event(&a.parse, &event);
	assert_true(a.parse.is_over);
	assert_int_equal(a.parse.end.err, ERR_PROTOCOL);
	assert_string_equal(a.parse.end.note, "bad JSON in event 1");
	wire_answer_free(&a);
	buf_free(&deep);
}

/* ---- lists of models ---- */

static void
note_model(void *arg, const struct llm_listed *m)
{
	buf_addf(arg, "%s|%s|%lld|%lld\n", m->id, m->name,
	    (long long)m->context, (long long)m->max_output);
}

static void
check_list(const struct llm_provider *provider,
    const struct wire_list_row *row)
{
	json_auto_t *root = json_loads(row->body, 0, NULL);
	struct buf models, after;

	assert_non_null(root);
	buf_init(&models, WIRE_BYTES_MAX);
	buf_init(&after, LLM_URL_MAX);
	assert_int_equal(provider->wire->models(root, note_model, &models,
	    &after), row->is_list);
	assert_string_equal(models.p, row->models);
	assert_string_equal(after.p, row->after);
	buf_free(&models);
	buf_free(&after);
}

void
wire_check_lists(const struct llm_provider *provider,
    const struct wire_list_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		print_message("  %s\n", rows[i].name);
		check_list(provider, &rows[i]);
	}
}

void
wire_check_list_url(const struct llm_provider *provider, const char *after,
    const char *url)
{
	struct buf out;

	buf_init(&out, LLM_URL_MAX);
	assert_int_equal(provider->wire->models_url(provider, after, &out),
	    ERR_OK);
	assert_string_equal(out.p, url);
	buf_free(&out);
}
