#include "report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define MS 1e6

/* Numbers to take percentiles of. */
struct list {
	int64_t *v;
	size_t n, room;
};

struct sums {
	int64_t ok, stopped, failed, tokens, lost, repeated, out_of_order;
	int64_t foreign;
	struct list relay, first, done, gaps, stamps;
	const struct stream *worst;	/* the first that failed */
};

static void
add(struct list *l, int64_t value)
{
	if (l->n == l->room) {
		l->room = l->room ? l->room * 2 : 1024;
		l->v = realloc(l->v, l->room * sizeof(*l->v));
		if (!l->v)
			abort();
	}
	l->v[l->n++] = value;
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
sort(struct list *l)
{
	if (l->n > 0)
		qsort(l->v, l->n, sizeof(*l->v), compare);
}

/* Of a sorted list, in milliseconds; 0 of an empty one. */
static double
percentile(const struct list *l, double p)
{
	size_t i = (size_t)(p * (double)l->n);

	if (l->n == 0)
		return 0;
	return (double)l->v[i < l->n ? i : l->n - 1] / MS;
}

static bool
was_seen(const struct stream *s, size_t before, int64_t stamp)
{
	for (size_t i = 0; i < before; i++)
		if (s->seen[i].stamp == stamp)
			return true;
	return false;
}

static void
add_tokens(struct sums *sums, const struct stream *s)
{
	int64_t newest = 0, gap = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct seen *t = &s->seen[i];

		add(&sums->relay, t->at - t->stamp);
		if (i > 0 && t->at - t[-1].at > gap)
			gap = t->at - t[-1].at;
		if (t->stamp > newest) {
			newest = t->stamp;
			add(&sums->stamps, t->stamp);
		} else if (was_seen(s, i, t->stamp)) {
			sums->repeated++;
		} else {
			sums->out_of_order++;
			add(&sums->stamps, t->stamp);
		}
	}
	sums->tokens += (int64_t)s->count;
	if (s->count > 1)
		add(&sums->gaps, gap);
}

static void
add_stream(struct sums *sums, const struct options *o,
	const struct stream *s)
{
	int64_t repeated = sums->repeated, fresh;

	sums->ok += s->over == OVER_OK;
	sums->stopped += s->over == OVER_STOPPED;
	sums->failed += s->over == OVER_FAILED;
	if (s->over == OVER_FAILED && !sums->worst)
		sums->worst = s;
	add_tokens(sums, s);
	if (s->count > 0)
		add(&sums->first, s->seen[0].at - s->sent_at
			- o->first_ms * 1000000);
	if (s->done_at && s->count > 0)
		add(&sums->done, s->done_at - s->seen[s->count - 1].at);
	fresh = (int64_t)s->count - (sums->repeated - repeated);
	if (s->over != OVER_STOPPED && fresh < o->tokens)
		sums->lost += o->tokens - fresh;
}

static void
count_foreign(struct sums *sums)
{
	for (size_t i = 1; i < sums->stamps.n; i++)
		sums->foreign += sums->stamps.v[i] == sums->stamps.v[i - 1];
}

static void
write_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c >= 0x20 && c < 0x7f)
			fputc(c, out);
	}
}

static void
write_first_failure(FILE *out, const struct stream *s)
{
	if (!s)
		return;
	fprintf(out, ", \"first_failure\": {\"number\": %" PRId64
		", \"why\": \"%s\", \"status\": %d, \"error\": \"",
		s->number, s->why, s->status);
	write_text(out, s->error);
	fputs("\"}", out);
}

static void
write_stops(FILE *out, const struct options *o, const struct stream *streams)
{
	const char *separator = "";
	char tag[256];

	fputs(", \"stops\": [", out);
	for (int64_t i = 0; i < o->streams; i++) {
		if (streams[i].over != OVER_STOPPED)
			continue;
		stream_expand(tag, sizeof(tag), o->tag, i);
		fprintf(out, "%s{\"tag\": \"", separator);
		write_text(out, tag);
		fprintf(out, "\", \"at_ns\": %" PRId64 ", \"tokens\": %zu}",
			streams[i].closed_at, streams[i].count);
		separator = ", ";
	}
	fputs("]", out);
}

/* What this program itself used, so that a script can tell how much of the
 * machine's time was nobody's we know. */
static double
own_cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec)
		+ (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void
write_sums(FILE *out, const struct options *o, const struct sums *s,
	int64_t wall_ns)
{
	fprintf(out, "{\"streams\": %" PRId64 ", \"ok\": %" PRId64
		", \"stopped\": %" PRId64 ", \"failed\": %" PRId64
		", \"tokens_expected\": %" PRId64 ", \"tokens\": %" PRId64
		", \"lost\": %" PRId64 ", \"repeated\": %" PRId64
		", \"out_of_order\": %" PRId64 ", \"foreign\": %" PRId64,
		o->streams, s->ok, s->stopped, s->failed,
		o->tokens * o->streams, s->tokens, s->lost, s->repeated,
		s->out_of_order, s->foreign);
	fprintf(out, ", \"relay_ms\": {\"p50\": %.4f, \"p99\": %.4f, "
		"\"max\": %.4f}", percentile(&s->relay, 0.5),
		percentile(&s->relay, 0.99), percentile(&s->relay, 1));
	fprintf(out, ", \"first_token_added_ms\": {\"p50\": %.4f, "
		"\"p99\": %.4f}", percentile(&s->first, 0.5),
		percentile(&s->first, 0.99));
	fprintf(out, ", \"end_to_done_ms\": {\"p50\": %.4f, \"p99\": %.4f}",
		percentile(&s->done, 0.5), percentile(&s->done, 0.99));
	fprintf(out, ", \"max_gap_ms\": {\"p99\": %.4f, \"max\": %.4f}",
		percentile(&s->gaps, 0.99), percentile(&s->gaps, 1));
	fprintf(out, ", \"wall_s\": %.4f, \"client_cpu_s\": %.4f",
		(double)wall_ns / 1e9, own_cpu());
}

void
report_write(FILE *out, const struct options *o, const struct stream *streams,
	int64_t wall_ns)
{
	struct sums sums = { 0 };
	struct list *lists[] = { &sums.relay, &sums.first, &sums.done,
		&sums.gaps, &sums.stamps };

	for (int64_t i = 0; i < o->streams; i++)
		add_stream(&sums, o, &streams[i]);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		sort(lists[i]);
	count_foreign(&sums);
	write_sums(out, o, &sums, wall_ns);
	write_first_failure(out, sums.worst);
	if (o->stop_tokens >= 0 || o->stop_ms >= 0)
		write_stops(out, o, streams);
	fputs("}\n", out);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		free(lists[i]->v);
}
