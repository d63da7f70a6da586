#include "stats.h"

#include <string.h>

#include "clock.h"

static struct tag_counts *
find_tag(const struct stats *st, const char *tag, size_t n)
{
	for (size_t i = 0; i < STATS_TAGS_MAX; i++) {
		const struct tag_counts *t = &st->tags[i];

		if (t->is_taken && strlen(t->tag) == n
		    && memcmp(t->tag, tag, n) == 0)
			return (struct tag_counts *)t;
	}
	return NULL;
}

/* A free place, or that of the longest unused tag with nothing open. */
static struct tag_counts *
make_tag(struct stats *st, const char *tag)
{
	struct tag_counts *place = NULL;

	for (size_t i = 0; i < STATS_TAGS_MAX; i++) {
		struct tag_counts *t = &st->tags[i];

		if (t->is_taken && t->counts.open > 0)
			continue;
		if (!place || t->used < place->used)
			place = t;
	}
	if (!place)
		return NULL;
	*place = (struct tag_counts){ .is_taken = true };
	memcpy(place->tag, tag, strlen(tag) + 1);
	return place;
}

int
stats_open(struct stats *st, const char *tag)
{
	struct tag_counts *t = find_tag(st, tag, strlen(tag));

	st->all.requests++;
	st->all.open++;
	if (!t)
		t = make_tag(st, tag);
	if (!t)
		return STATS_NO_TAG;
	t->used = ++st->serial;
	t->counts.requests++;
	t->counts.open++;
	return (int)(t - st->tags);
}

int64_t
stats_ordinal(const struct stats *st, int handle)
{
	return handle == STATS_NO_TAG ? st->all.requests
		: st->tags[handle].counts.requests;
}

void
stats_tokens(struct stats *st, int handle, int64_t tokens)
{
	st->all.tokens_sent += tokens;
	if (handle != STATS_NO_TAG)
		st->tags[handle].counts.tokens_sent += tokens;
}

void
stats_complete(struct stats *st, int handle)
{
	st->all.open--;
	st->all.completed++;
	if (handle == STATS_NO_TAG)
		return;
	st->tags[handle].counts.open--;
	st->tags[handle].counts.completed++;
}

void
stats_early(struct stats *st, int handle, const struct script *s,
	int64_t at_ns, int64_t tokens_sent)
{
	struct early *e = &st->early[st->early_seq % STATS_EARLY_MAX];

	st->all.open--;
	st->all.early_closed++;
	if (handle != STATS_NO_TAG) {
		st->tags[handle].counts.open--;
		st->tags[handle].counts.early_closed++;
	}
	e->seq = ++st->early_seq;
	e->at_ns = at_ns;
	e->tokens_sent = tokens_sent;
	memcpy(e->tag, s->tag, sizeof(e->tag));
	memcpy(e->model, s->model, sizeof(e->model));
}

static void
reset_counts(struct counts *c)
{
	*c = (struct counts){ .open = c->open };
}

void
stats_reset(struct stats *st)
{
	reset_counts(&st->all);
	for (size_t i = 0; i < STATS_TAGS_MAX; i++)
		reset_counts(&st->tags[i].counts);
	st->early_seq = 0;
	st->connections = st->connections_open;
}

static bool
is_wanted(const struct early *e, struct slice tag)
{
	return !tag.p || slice_is(tag, e->tag);
}

static json_t *
early_json(const struct stats *st, struct slice tag)
{
	json_t *list = json_array();
	int64_t from = st->early_seq > STATS_EARLY_MAX
		? st->early_seq - STATS_EARLY_MAX : 0;

	for (int64_t i = from; i < st->early_seq; i++) {
		const struct early *e = &st->early[i % STATS_EARLY_MAX];

		if (!is_wanted(e, tag))
			continue;
		json_array_append_new(list, json_pack(
			"{s:I, s:s, s:s, s:I, s:I, s:b}",
			"seq", (json_int_t)e->seq, "tag", e->tag,
			"model", e->model, "at_ns", (json_int_t)e->at_ns,
			"tokens_sent", (json_int_t)e->tokens_sent,
			"first_token_sent", e->tokens_sent > 0));
	}
	return list;
}

json_t *
stats_json(const struct stats *st, struct slice tag)
{
	const struct tag_counts *t =
		tag.p ? find_tag(st, tag.p, tag.n) : NULL;
	static const struct counts none;
	const struct counts *c = tag.p ? t ? &t->counts : &none : &st->all;

	return json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
		"s:o}",
		"tag", tag.p ? json_stringn(tag.p, tag.n) : json_null(),
		"now_ns", (json_int_t)clock_ns(),
		"requests", (json_int_t)c->requests,
		"streams_open", (json_int_t)c->open,
		"open", (json_int_t)c->open,
		"tokens_sent", (json_int_t)c->tokens_sent,
		"completed", (json_int_t)c->completed,
		"early_closed", (json_int_t)c->early_closed,
		"connections", (json_int_t)st->connections,
		"connections_open", (json_int_t)st->connections_open,
		"early", early_json(st, tag));
}
