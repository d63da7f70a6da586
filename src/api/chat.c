/*
 * One question to one model.  chat_run() is the whole turn, a line a step; what
 * comes after it is in stream/relay.c.
 *
 * Everything that can be refused is refused before the claim, so that a
 * question that nobody will answer is not kept; the claim is on disk before the
 * provider hears of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/keys.h"
#include "api/routes.h"
#include "api/streams.h"
#include "http/fields.h"
#include "llm/call.h"
#include "llm/catalog.h"
#include "llm/provider.h"
#include "store/conversations.h"
#include "store/messages.h"
#include "store/stops.h"
#include "stream/relay.h"

enum {
	HISTORY_MAX = 10000,                  /* messages sent to a model */
	HISTORY_BYTES_MAX = 16 * 1024 * 1024, /* of their text */
	TITLE_CHARACTERS_MAX = 80,            /* taken from the first question */
	KEY_SIZE = LLM_KEY_MAX + 1,           /* an API key, NUL included */
	MESSAGE_MAX = 4194304,                /* see limits.message_max */
	SYSTEM_MAX = 65536,
	TOKENS_MAX = 10000000,
};

struct ask {
	struct text message; /* absent with `regenerate` */
	bool regenerate;     /* answer the last question once more */
	struct text provider, model;
	struct uuid conversation_id;
	struct text system;
	struct number temperature, max_tokens;
	int reasoning_effort, on_disconnect;
	struct text client_request_id;
};

static const char *const efforts[] = {
	"none", "minimal", "low", "medium", "high", "xhigh", "max", NULL,
};

enum { LEAVE_STOPS, LEAVE_CONTINUES };

static const char *const on_disconnects[] = { "stop", "continue", NULL };

static const struct field ask_fields[] = {
	FIELD_TEXT(struct ask, message, 1, MESSAGE_MAX, 0),
	FIELD_BOOL(struct ask, regenerate, 0),
	FIELD_MODEL(struct ask, provider, FIELD_MUST),
	FIELD_MODEL(struct ask, model, FIELD_MUST),
	FIELD_UUID(struct ask, conversation_id, 0),
	FIELD_TEXT(struct ask, system, 1, SYSTEM_MAX, 0),
	FIELD_REAL(struct ask, temperature, 0, 2, 0),
	FIELD_INT(struct ask, max_tokens, 1, TOKENS_MAX, 0),
	FIELD_CHOICE(struct ask, reasoning_effort, efforts, 0),
	FIELD_CHOICE(struct ask, on_disconnect, on_disconnects, 0),
	FIELD_OF(FIELD_IS_MODEL, struct ask, client_request_id,
	    1, MSG_REQUEST_ID_SIZE - 1, NULL, 0),
};

/* A turn in the making. */
struct chat {
	const struct app *app;
	struct db_conn *db;
	struct req *rq;
	struct ask ask;
	const struct llm_provider *provider;
	const struct catalog_model *model; /* NULL: not in the catalog */
	struct conv conv;
	bool is_new;
	struct uuid question;
	int depth; /* of the question */

	/* the branch so far and the question, as the model is to see it */
	struct llm_message *history;
	size_t n_history, cap_history;
	size_t history_bytes;

	unsigned char request_hash[CRYPT_HASH_SIZE]; /* of a named request */

	char key[KEY_SIZE];
	bool reserved;
	struct stream *stream; /* ours until it is handed over */
};

static void
chat_free(struct chat *c)
{
	for (size_t i = 0; i < c->n_history; i++)
		free((void *)(uintptr_t)c->history[i].text);
	free(c->history);
	crypt_wipe(c->key, sizeof(c->key));
	stream_free(c->stream);
	if (c->reserved)
		relay_unreserve(c->app->relay);
}

/* ---- validate ---- */

static enum err
check_regenerate(struct chat *c)
{
	if (c->ask.message.p != NULL)
		return req_fail_field(c->rq, "message",
		    "cannot go with regenerate, which answers the last "
		    "question once more");
	if (uuid_is_none(&c->ask.conversation_id))
		return req_fail_field(c->rq, "conversation_id",
		    "is required with regenerate");
	return ERR_OK;
}

static enum err
check_message(struct chat *c)
{
	size_t max = c->app->conf->limits_message_max;

	if (c->ask.regenerate)
		return check_regenerate(c);
	if (c->ask.message.p == NULL)
		return req_fail_field(c->rq, "message", "is required");
	if (c->ask.message.len > max)
		return req_fail_field(c->rq, "message",
		    "must have at most %zu bytes, and has %zu",
		    max, c->ask.message.len);
	return ERR_OK;
}

static enum err
find_model(struct chat *c)
{
	c->provider = llm_provider_find(c->app->providers, c->ask.provider.p);
	if (c->provider == NULL)
		return req_fail_field(c->rq, "provider",
		    "is not a provider of this server; GET /models lists them");
	c->model = catalog_find(c->app->catalog, c->ask.provider.p,
	    c->ask.model.p);
	return ERR_OK;
}

static enum err
validate(struct chat *c)
{
	/* Both, so that all that is wrong is told at once. */
	enum err err = FIELDS_READ(c->rq, ask_fields, &c->ask);
	enum err message_err = check_message(c);

	if (err || message_err)
		return err ? err : message_err;
	return find_model(c);
}

/* ---- has it been asked before? ---- */

/* The same fields with the same values, whatever their order. */
static enum err
hash_request(struct chat *c)
{
	char *text = json_dumps(c->rq->json, JSON_COMPACT | JSON_SORT_KEYS);
	enum err err;

	if (text == NULL)
		return ERR_INTERNAL;
	err = crypt_sha256(text, strlen(text), c->request_hash);
	free(text);
	return err;
}

/*
 * A request that was here before, by the name its client gave it, is not asked
 * again: its reader joins the first one.  ERR_NOT_FOUND: it is new.
 */
static enum err
join_first(struct chat *c, enum reader_kind kind)
{
	const char *name = c->ask.client_request_id.p;
	struct msg_status first;
	enum err err;

	if (name == NULL)
		return ERR_NOT_FOUND;
	if ((err = hash_request(c)) || (err = msg_status_by_request(c->db,
	    &c->rq->user.id, name, &first)))
		return err;
	if (!crypt_equal(first.request_hash, c->request_hash,
	    sizeof(first.request_hash)))
		return req_fail(c->rq, ERR_CONFLICT,
		    "This client_request_id was used before, "
		    "for something else.");
	return streams_follow(c->app, c->db, c->rq, &first.id, kind,
	    (struct position){ 0 });
}

/* ---- load the history ---- */

static enum err
make_room(struct chat *c)
{
	size_t cap = c->cap_history > 0 ? c->cap_history * 2 : 16;
	struct llm_message *list;

	if (c->n_history < c->cap_history)
		return ERR_OK;
	list = realloc(c->history, cap * sizeof(*list));
	if (list == NULL)
		return ERR_INTERNAL;
	c->history = list;
	c->cap_history = cap;
	return ERR_OK;
}

static enum err
add_history(struct chat *c, enum llm_role role, const char *text, size_t len)
{
	char *copy;
	enum err err;

	if (c->n_history >= HISTORY_MAX ||
	    c->history_bytes + len > HISTORY_BYTES_MAX)
		return req_fail(c->rq, ERR_CONTEXT_LENGTH,
		    "This conversation is too long. Start a new one.");
	if ((err = make_room(c)))
		return err;
	copy = malloc(len + 1);
	if (copy == NULL)
		return ERR_INTERNAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	c->history[c->n_history++] = (struct llm_message){ role, copy, len };
	c->history_bytes += len;
	return ERR_OK;
}

/* The question to answer once more is the last one of the branch. */
static void
note_question(struct chat *c, const struct msg *m, bool is_user)
{
	if (!c->ask.regenerate && c->depth == 0)
		c->depth = m->depth + 1;
	if (c->ask.regenerate && is_user && uuid_is_none(&c->question)) {
		c->question = m->id;
		c->depth = m->depth;
	}
}

/* Called from the last message to the first. */
static enum err
read_message(void *arg, const struct msg *m)
{
	struct chat *c = arg;
	bool is_user = strcmp(m->role, "user") == 0;

	note_question(c, m, is_user);
	if (strcmp(m->state, "running") == 0)
		return req_fail(c->rq, ERR_BUSY, "%s", "");
	if (c->ask.regenerate && uuid_is_none(&c->question))
		return ERR_OK; /* the answers that are to be given anew */
	if (m->text_len == 0)
		return ERR_OK; /* an answer without text is left out */
	return add_history(c, is_user ? LLM_USER : LLM_ASSISTANT,
	    m->text, m->text_len);
}

static void
reverse(struct llm_message *list, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct llm_message m = list[i];

		list[i] = list[n - 1 - i];
		list[n - 1 - i] = m;
	}
}

/* Two texts of the user with an empty line between them, in the first one. */
static enum err
join(struct llm_message *into, struct llm_message *next)
{
	size_t len = into->len + 2 + next->len;
	char *text = malloc(len + 1);

	if (text == NULL)
		return ERR_INTERNAL;
	snprintf(text, len + 1, "%s\n\n%s", into->text, next->text);
	free((void *)(uintptr_t)into->text);
	free((void *)(uintptr_t)next->text);
	*next = (struct llm_message){ 0 };
	into->text = text;
	into->len = len;
	return ERR_OK;
}

/*
 * Where an answer was left out two questions stand side by side, which some
 * providers refuse.
 */
static enum err
join_neighbours(struct chat *c)
{
	size_t kept = 0;
	enum err err;

	for (size_t i = 0; i < c->n_history; i++) {
		struct llm_message *m = &c->history[i];

		if (kept > 0 && c->history[kept - 1].role == m->role) {
			if ((err = join(&c->history[kept - 1], m)))
				return err;
			continue;
		}
		c->history[kept++] = *m;
		if (kept - 1 != i)
			*m = (struct llm_message){ 0 };
	}
	c->n_history = kept;
	return ERR_OK;
}

static enum err
read_conversation(struct chat *c)
{
	struct req *rq = c->rq;
	enum err err;

	c->is_new = uuid_is_none(&c->ask.conversation_id);
	if (c->is_new) {
		c->conv.id = uuid_make();
		return ERR_OK;
	}
	err = conv_get(c->db, &rq->user.id, &c->ask.conversation_id, &c->conv);
	if (err == ERR_NOT_FOUND)
		return req_fail(rq, err, "There is no such conversation.");
	if (err)
		return err;
	return msg_branch(c->db, &rq->user.id, &c->conv.id, &c->conv.leaf,
	    read_message, c);
}

static enum err
add_question(struct chat *c)
{
	if (!c->ask.regenerate) {
		c->question = uuid_make();
		return add_history(c, LLM_USER, c->ask.message.p,
		    c->ask.message.len);
	}
	if (uuid_is_none(&c->question))
		return req_fail(c->rq, ERR_CONFLICT,
		    "There is no question here to answer once more.");
	return ERR_OK;
}

static enum err
load_history(struct chat *c)
{
	enum err err;

	if ((err = read_conversation(c)))
		return err;
	reverse(c->history, c->n_history);
	if ((err = add_question(c)))
		return err;
	return join_neighbours(c);
}

/* ---- open the key ---- */

static enum err
open_key(struct chat *c)
{
	enum err err = keys_open(c->app, c->db, &c->rq->user.id, c->provider,
	    c->key, sizeof(c->key));

	if (err == ERR_KEY_MISSING)
		return req_fail(c->rq, err,
		    "There is no API key for %s. Add one in Keys.",
		    c->provider->label);
	return err;
}

/* ---- build the request ---- */

static void
describe_lane(struct chat *c, struct stream_lane *lane)
{
	lane->message_id = uuid_make();
	snprintf(lane->provider, sizeof(lane->provider), "%s", c->provider->name);
	snprintf(lane->label, sizeof(lane->label), "%s", c->provider->label);
	snprintf(lane->model, sizeof(lane->model), "%s", c->ask.model.p);
	lane->known = c->model;
	lane->input_bytes = (int64_t)(c->history_bytes + c->ask.system.len);
}

static void
describe_stream(struct chat *c, struct stream *s)
{
	s->id = s->lanes[0].message_id;
	s->user = c->rq->user.id;
	s->owner = c->app->worker;
	s->conversation = c->conv.id;
	s->question = c->question;
	s->stop_on_leave = c->ask.on_disconnect != LEAVE_CONTINUES;
}

/* What a model is known not to take is left out, and named. */
static void
leave_out_unsupported(struct chat *c, struct llm_request *request)
{
	json_t *ignored = c->stream->ignored;

	if (c->model == NULL)
		return;
	if (request->has_temperature && !c->model->takes_temperature) {
		request->has_temperature = false;
		json_array_append_new(ignored, json_string("temperature"));
	}
	if (request->reasoning_effort != NULL && !c->model->has_reasoning) {
		request->reasoning_effort = NULL;
		json_array_append_new(ignored, json_string("reasoning_effort"));
	}
}

static enum err
build_call(struct chat *c, struct stream_lane *lane)
{
	const struct conf *conf = c->app->conf;
	const struct ask *ask = &c->ask;
	struct llm_limits limits = {
		.connect_ms = conf->timeouts_connect_ms,
		.first_byte_ms = conf->timeouts_first_byte_ms,
		.idle_ms = conf->timeouts_idle_ms,
		.total_ms = conf->timeouts_total_ms,
	};
	struct llm_request request = {
		.model = ask->model.p,
		.system = ask->system.p,
		.messages = c->history,
		.n_messages = c->n_history,
		.has_temperature = ask->temperature.set,
		.temperature = ask->temperature.r,
		.max_tokens = ask->max_tokens.set ? (int)ask->max_tokens.i : 0,
		.reasoning_effort = ask->reasoning_effort >= 0 ?
		    efforts[ask->reasoning_effort] : NULL,
	};

	leave_out_unsupported(c, &request);
	return llm_call_open(c->provider, c->key, &request, &limits,
	    relay_delta, lane, &lane->call);
}

static enum err
build_stream(struct chat *c)
{
	c->stream = stream_new(1, c->app->conf->limits_answer_max);
	if (c->stream == NULL)
		return ERR_INTERNAL;
	describe_lane(c, &c->stream->lanes[0]);
	describe_stream(c, c->stream);
	return build_call(c, &c->stream->lanes[0]);
}

/* ---- claim ---- */

static enum err
reserve(struct chat *c)
{
	if (relay_reserve(c->app->relay))
		return req_fail(c->rq, ERR_UNAVAILABLE,
		    "Too many answers are running here. "
		    "Try again in a moment.");
	c->reserved = true;
	return ERR_OK;
}

/* The first line of the question, its white space folded, cut to size. */
static void
make_title(const struct text *message, char *out, size_t size)
{
	size_t used = 0, characters = 0;
	bool space = false;

	for (size_t i = 0; i < message->len && used + 5 < size; i++) {
		unsigned char b = (unsigned char)message->p[i];

		if (b <= ' ') {
			space = used > 0;
			continue;
		}
		if ((b & 0xC0) != 0x80 &&
		    (characters += 1 + space) > TITLE_CHARACTERS_MAX)
			break;
		if (space)
			out[used++] = ' ';
		space = false;
		out[used++] = (char)b;
	}
	out[used] = '\0';
}

static enum err
fail_clash(struct chat *c, enum msg_clash clash, enum reader_kind kind)
{
	switch (clash) {
	case MSG_CLASH_REPEAT:
		return join_first(c, kind);
	case MSG_CLASH_RUNNING:
	case MSG_CLASH_MOVED:
		return req_fail(c->rq, ERR_BUSY, "%s", "");
	case MSG_CLASH_NONE:
		break;
	}
	return ERR_INTERNAL;
}

/*
 * The connection broke during the claim, perhaps after its COMMIT.  Where the
 * rows are there, it was done.  Where nobody can tell, the stream goes to the
 * relay without a reader, to end the answer that may be there.
 */
static enum err
look_after_claim(struct chat *c)
{
	struct msg_status s;
	enum err err = msg_status(c->db, &c->rq->user.id, &c->stream->id, &s);

	if (err == ERR_OK)
		return ERR_OK;
	if (err != ERR_NOT_FOUND) {
		c->stream->stop_at_once = true;
		relay_add(c->app->relay, c->stream);
		c->stream = NULL;
		c->reserved = false;
	}
	return req_fail(c->rq, ERR_UNAVAILABLE,
	    "The database cannot be reached. Your question was not asked. "
	    "Try again in a moment.");
}

/* Where the same request was faster by a hair, its answer is joined, and this
 * one's connection is gone when it returns ERR_OK. */
static enum err
claim(struct chat *c, enum reader_kind kind)
{
	char title[CONV_TITLE_SIZE];
	struct msg_claim k = {
		.user = c->rq->user.id, .session = c->rq->user.session,
		.owner = c->app->worker,
		.conversation = c->conv.id, .is_new = c->is_new,
		.title = title, .leaf = c->conv.leaf, .depth = c->depth,
		.question = c->stream->question, .answer = c->stream->id,
		.text = c->ask.message.p, .text_len = c->ask.message.len,
		.provider = c->ask.provider.p, .model = c->ask.model.p,
		.client_request_id = c->ask.client_request_id.p,
		.request_hash = c->ask.client_request_id.p != NULL ?
		    c->request_hash : NULL,
	};
	enum msg_clash clash;
	enum err err;

	make_title(&c->ask.message, title, sizeof(title));
	err = msg_claim(c->db, &k, &clash);
	if (err == ERR_CONFLICT)
		return fail_clash(c, clash, kind);
	return err == ERR_UNAVAILABLE ? look_after_claim(c) : err;
}

/* Was it stopped before it came?  See streams_cancel_request(). */
static enum err
look_for_stop(struct chat *c)
{
	const char *name = c->ask.client_request_id.p;

	if (name != NULL &&
	    stop_find_early(c->db, &c->rq->user.id, name) == ERR_OK)
		c->stream->stop_at_once = true;
	return ERR_OK;
}

/* ---- hand over ---- */

static enum err
hand_over(struct chat *c, enum reader_kind kind)
{
	struct stream *s = c->stream;
	struct conn *conn = c->rq->conn;

	if (conn == NULL)
		return ERR_OK; /* it has joined the first of its name */
	c->rq->conn = NULL;
	c->stream = NULL;
	c->reserved = false;
	/* Where memory is out the reader is gone, and the stream says so. */
	stream_add_reader(s, kind, conn, c->rq->id, (struct position){ 0 });
	relay_add(c->app->relay, s);
	return ERR_OK;
}

static enum err
chat_run(struct chat *c, enum reader_kind kind)
{
	enum err err;

	if ((err = validate(c)) ||
	    (err = join_first(c, kind)) != ERR_NOT_FOUND)
		return err;
	if ((err = load_history(c)) ||
	    (err = open_key(c)) ||
	    (err = build_stream(c)) ||
	    (err = reserve(c)) ||
	    (err = claim(c, kind)) ||
	    (err = look_for_stop(c)))
		return err;
	return hand_over(c, kind);
}

static enum err
chat(const struct app *app, struct db_conn *db, struct req *rq,
    enum reader_kind kind)
{
	struct chat c = { .app = app, .db = db, .rq = rq };
	enum err err = chat_run(&c, kind);

	chat_free(&c);
	return err;
}

enum err
chat_stream(const struct app *app, struct db_conn *db, struct req *rq)
{
	return chat(app, db, rq, READER_EVENTS);
}

enum err
chat_answer(const struct app *app, struct db_conn *db, struct req *rq)
{
	return chat(app, db, rq, READER_ANSWER);
}
