/*
 * One question to one model.  chat_run() is the whole turn, a line a step: read
 * by ask.c, given its history by prompt.c, carried on by stream/relay.c.
 *
 * Everything that can be refused is refused before the claim, so that a
 * question that nobody will answer is not kept; the claim is on disk before the
 * provider hears of it.
 */
#include <stdio.h>

#include "api/ask.h"
#include "api/keys.h"
#include "api/prompt.h"
#include "api/routes.h"
#include "api/streams.h"
#include "api/throttle.h"
#include "api/title.h"
#include "llm/call.h"
#include "llm/catalog.h"
#include "llm/provider.h"
#include "store/conversations.h"
#include "store/messages.h"
#include "store/stops.h"
#include "stream/relay.h"

enum { KEY_SIZE = LLM_KEY_MAX + 1 }; /* an API key, NUL included */

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
	struct prompt prompt;
	unsigned char request_hash[CRYPT_HASH_SIZE]; /* of a named request */
	char key[KEY_SIZE];
	bool reserved;
	struct stream *stream; /* ours until it is handed over */
};

static void
chat_free(struct chat *c)
{
	prompt_free(&c->prompt);
	crypt_wipe(c->key, sizeof(c->key));
	stream_free(c->stream);
	if (c->reserved)
		relay_unreserve(c->app->relay);
}

/* ---- validate ---- */

static enum err
find_model(struct chat *c)
{
	c->provider = llm_provider_find(c->app->providers, c->ask.provider.p);
	if (c->provider == NULL)
		return req_fail_field(c->rq, "provider",
		    "This server has no such provider. GET /models lists "
		    "them.");
	c->model = catalog_find(c->app->catalog, c->ask.provider.p,
	    c->ask.model.p);
	return ERR_OK;
}

static enum err
validate(struct chat *c)
{
	enum err err = ask_read(c->rq, c->app->conf->limits_message_max,
	    &c->ask);

	return err ? err : find_model(c);
}

/* ---- has it been asked before? ---- */

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
	if ((err = ask_hash(c->rq, c->request_hash)) ||
	    (err = msg_status_by_request(c->db, &c->rq->user.id, name, &first)))
		return err;
	if (!crypt_equal(first.request_hash, c->request_hash, CRYPT_HASH_SIZE))
		return req_fail(c->rq, ERR_CONFLICT,
		    "This client_request_id was used before, "
		    "for something else.");
	return streams_follow(c->app, c->db, c->rq, &first.id, kind,
	    (struct position){ 0 });
}

/* ---- load the history ---- */

static enum err
find_conversation(struct chat *c)
{
	enum err err;

	c->is_new = uuid_is_none(&c->ask.conversation_id);
	if (c->is_new) {
		c->conv.id = uuid_make();
		return ERR_OK;
	}
	err = conv_get(c->db, &c->rq->user.id, &c->ask.conversation_id,
	    &c->conv);
	if (err == ERR_NOT_FOUND)
		return req_fail(c->rq, err, "There is no such conversation.");
	return err;
}

static enum err
load_history(struct chat *c)
{
	enum err err = find_conversation(c);

	return err ? err : prompt_load(&c->prompt, c->db, c->rq, &c->ask,
	    c->model, c->is_new ? NULL : &c->conv);
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
	snprintf(lane->provider, sizeof(lane->provider), "%s",
	    c->provider->name);
	snprintf(lane->label, sizeof(lane->label), "%s", c->provider->label);
	snprintf(lane->model, sizeof(lane->model), "%s", c->ask.model.p);
	lane->known = c->model;
	lane->input_bytes = (int64_t)(c->prompt.bytes + c->ask.system.len);
}

static void
describe_stream(struct chat *c, struct stream *s)
{
	s->id = s->lanes[0].message_id;
	s->user = c->rq->user.id;
	s->owner = c->app->worker;
	s->conversation = c->conv.id;
	s->question = c->prompt.question;
	s->left_out = c->prompt.left_out;
	s->stop_on_leave = ask_stops_on_leave(&c->ask);
}

static enum err
build_call(struct chat *c, struct stream_lane *lane)
{
	const struct conf *conf = c->app->conf;
	struct llm_limits limits = {
		.connect_ms = conf->timeouts_connect_ms,
		.first_byte_ms = conf->timeouts_first_byte_ms,
		.idle_ms = conf->timeouts_idle_ms,
		.total_ms = conf->timeouts_total_ms,
	};
	struct llm_request request = ask_request(&c->ask, c->model,
	    c->stream->ignored);
	enum err err;

	if ((err = llm_question_take(&request, c->prompt.messages, c->prompt.n,
	    &lane->question)))
		return err;
	prompt_give(&c->prompt); /* the question's from here on */
	return llm_call_open(c->provider, c->key, &lane->question->request,
	    &limits, relay_delta, lane, &lane->call);
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

static enum err
fail_clash(struct chat *c, enum msg_clash clash, enum reader_kind kind)
{
	switch (clash) {
	case MSG_CLASH_REPEAT:
		return join_first(c, kind);
	case MSG_CLASH_RUNNING:
	case MSG_CLASH_MOVED:
		return req_fail(c->rq, ERR_BUSY, "%s", "");
	case MSG_CLASH_ENDED:
		return req_fail(c->rq, ERR_UNAUTHENTICATED,
		    "This session has ended. Sign in again.");
	case MSG_CLASH_NONE:
		break;
	}
	return ERR_INTERNAL;
}

static struct quota
quota_of(const struct chat *c)
{
	const struct user *u = &c->rq->user;
	const struct conf *conf = c->app->conf;

	return (struct quota){
		.questions_per_minute = u->questions_per_minute >= 0 ?
		    u->questions_per_minute : conf->limits_questions_per_minute,
		.streams = u->streams_max >= 0 ?
		    u->streams_max : conf->limits_streams_per_user,
	};
}

/* The same request once more is no question more, however many there were. */
static enum err
fail_quota(struct chat *c, const struct quota *most,
    const struct quota_refusal *refusal, enum reader_kind kind)
{
	enum err err = join_first(c, kind);

	return err != ERR_NOT_FOUND ? err :
	    throttle_fail_quota(c->rq, most, refusal);
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
		.title = title, .system = c->prompt.system_given,
		.leaf = c->conv.leaf, .parent = c->prompt.parent,
		.depth = c->prompt.depth,
		.question = c->stream->question, .answer = c->stream->id,
		.text = c->ask.message.p, .text_len = c->ask.message.len,
		.provider = c->ask.provider.p, .model = c->ask.model.p,
		.left_out = c->prompt.left_out,
		.client_request_id = c->ask.client_request_id.p,
		.request_hash = c->ask.client_request_id.p != NULL ?
		    c->request_hash : NULL,
		.most = quota_of(c),
	};
	enum msg_clash clash;
	struct quota_refusal refusal;
	enum err err;

	title_make(c->ask.message.p, c->ask.message.len, title, sizeof(title));
	err = msg_claim(c->db, &k, &clash, &refusal);
	if (err == ERR_RATE_LIMITED)
		return fail_quota(c, &k.most, &refusal, kind);
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
	reader_add(s, kind, conn, c->rq->id, (struct position){ 0 });
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
