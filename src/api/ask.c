#include "api/ask.h"

#include <stdlib.h>
#include <string.h>

#include "store/conversations.h"
#include "store/messages.h"

enum {
	MESSAGE_MAX = 4194304,     /* see limits.message_max */
};

const char *const ask_efforts[] = {
	"none", "minimal", "low", "medium", "high", "xhigh", "max", NULL,
};

enum { LEAVE_STOPS, LEAVE_CONTINUES };

const char *const ask_on_disconnects[] = { "stop", "continue", NULL };

static const struct field ask_fields[] = {
	FIELD_TEXT(struct ask, message, 1, MESSAGE_MAX, 0),
	FIELD_BOOL(struct ask, regenerate, 0),
	FIELD_UUID(struct ask, edit_message_id, 0),
	FIELD_MODEL(struct ask, provider, FIELD_MUST),
	FIELD_MODEL(struct ask, model, FIELD_MUST),
	FIELD_UUID(struct ask, conversation_id, 0),
	FIELD_TEXT(struct ask, system, 0, CONV_SYSTEM_MAX, 0),
	FIELD_REAL(struct ask, temperature, 0, 2, 0),
	FIELD_INT(struct ask, max_tokens, 1, ASK_TOKENS_MAX, 0),
	FIELD_CHOICE(struct ask, reasoning_effort, ask_efforts, 0),
	FIELD_CHOICE(struct ask, on_disconnect, ask_on_disconnects, 0),
	FIELD_OF(FIELD_IS_MODEL, struct ask, client_request_id,
	    1, MSG_REQUEST_ID_SIZE - 1, NULL, 0),
};

static enum err
check_regenerate(struct req *rq, const struct ask *ask)
{
	if (ask->message.p != NULL)
		return req_fail_field(rq, "message",
		    "Leave this out: regenerate answers the last question "
		    "once more.");
	if (!uuid_is_none(&ask->edit_message_id))
		return req_fail_field(rq, "edit_message_id",
		    "Leave this out: regenerate changes no question.");
	if (uuid_is_none(&ask->conversation_id))
		return req_fail_field(rq, "conversation_id",
		    "This is required with regenerate.");
	return ERR_OK;
}

static enum err
check_message(struct req *rq, const struct ask *ask, size_t message_max)
{
	if (ask->regenerate)
		return check_regenerate(rq, ask);
	if (ask->message.p == NULL)
		return req_fail_field(rq, "message", "This is required.");
	if (ask->message.len > message_max)
		return req_fail_field(rq, "message",
		    "Use at most %zu bytes; this has %zu.",
		    message_max, ask->message.len);
	if (!uuid_is_none(&ask->edit_message_id) &&
	    uuid_is_none(&ask->conversation_id))
		return req_fail_field(rq, "conversation_id",
		    "This is required with edit_message_id.");
	return ERR_OK;
}

enum err
ask_read(struct req *rq, size_t message_max, struct ask *out)
{
	/* Both, so that all that is wrong is told at once. */
	enum err err = FIELDS_READ(rq, ask_fields, out);
	enum err message_err = check_message(rq, out, message_max);

	return err ? err : message_err;
}

bool
ask_stops_on_leave(const struct ask *ask)
{
	return ask->on_disconnect != LEAVE_CONTINUES;
}

enum err
ask_hash(const struct req *rq, unsigned char out[CRYPT_HASH_SIZE])
{
	char *text = json_dumps(rq->json, JSON_COMPACT | JSON_SORT_KEYS);
	enum err err;

	if (text == NULL)
		return ERR_INTERNAL;
	err = crypt_sha256(text, strlen(text), out);
	free(text);
	return err;
}

static void
leave_out_unsupported(struct llm_request *request,
    const struct catalog_model *model, json_t *ignored)
{
	if (request->has_temperature && !model->takes_temperature) {
		request->has_temperature = false;
		json_array_append_new(ignored, json_string("temperature"));
	}
	if (request->reasoning_effort != NULL && !model->has_reasoning) {
		request->reasoning_effort = NULL;
		json_array_append_new(ignored, json_string("reasoning_effort"));
	}
}

struct llm_request
ask_request(const struct ask *ask, const struct catalog_model *model,
    json_t *ignored)
{
	struct llm_request request = {
		.model = ask->model.p,
		.system = ask->system.len > 0 ? ask->system.p : NULL,
		.has_temperature = ask->temperature.set,
		.temperature = ask->temperature.r,
		.max_tokens = ask->max_tokens.set ? (int)ask->max_tokens.i : 0,
		.max_output = model != NULL ? model->max_output : 0,
		.reasoning_effort = ask->reasoning_effort >= 0 ?
		    ask_efforts[ask->reasoning_effort] : NULL,
	};

	if (model != NULL)
		leave_out_unsupported(&request, model, ignored);
	return request;
}
