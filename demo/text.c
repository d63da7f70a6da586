#include "text.h"

#include <inttypes.h>
#include <string.h>

#include "clock.h"

#define QUOTE_MAX 120		/* bytes of the question that are quoted */
#define MEASURED_TOKENS 20	/* of a stamp, seq, … without tokens-N */
#define LONG_TOKENS 2000

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *const NOTE =
	"This is **canned text from the demo provider**. No model was asked, "
	"and nothing left this machine.\n\n";

static const char *const PLAIN =
	"What you see is real all the same: the words came as a stream, "
	"one small piece at a time, through the same path an answer from "
	"a hosted model takes.\n\n"
	"- The question was stored before the provider was asked.\n"
	"- Every piece was shown as it came.\n"
	"- The answer is kept with its usage and timing.\n\n"
	"To talk to a model, add a key for its provider and choose it in "
	"the list.\n";

static const char *const FAST =
	"This one speaks quickly, about two hundred tokens in a second, "
	"so that a page has something to keep up with. Press *Stop* if you "
	"can. A reader who blinks will find the answer already finished, "
	"stored, and waiting below the question.\n";

static const char *const SLOW =
	"This one takes its time: two seconds of silence first, then five "
	"tokens in a second. That leaves room to try *Stop*, to reload the "
	"page in the middle, or to open a second tab and watch the same "
	"words arrive in both.\n";

static const char *const THINKER =
	"The reasoning shown above is canned as well. Models that show "
	"their thinking send it first, apart from the answer, and it is "
	"counted in the usage.\n\n"
	"1. Reasoning is folded away when the answer begins.\n"
	"2. The answer itself is ordinary Markdown.\n";

static const char *const THOUGHTS[] = {
	"The ", "user ", "asked ", "something, ", "and ", "there ", "is ",
	"no ", "model ", "here ", "to ", "answer ", "it. ", "So ", "say ",
	"that ", "plainly ", "and ", "briefly.\n",
};

static const char *const SECTION_TITLES[] = {
	"Streams", "Positions", "Readers", "Ends", "Limits",
};

static const char *const SECTION =
	"A long answer shows what a short one cannot: the page has to keep "
	"the newest line in view, leave a reader alone who has scrolled up, "
	"and stay quick while the text grows.\n\n"
	"- one small piece of text per event\n"
	"- **bold**, *emphasis*, and `code` that may be cut anywhere\n"
	"  - a nested point\n"
	"- a [link](https://example.org/) that must wait for its bracket\n\n"
	"```c\n"
	"for (size_t i = 0; i < n; i++)\n"
	"\tif (!relay_token(stream, &token[i]))\n"
	"\t\treturn ERR_READER_GONE;\n"
	"```\n\n"
	"| piece | bytes | sum |\n"
	"|---|--:|--:|\n"
	"| first | 12 | 12 |\n"
	"| second | 30 | 42 |\n\n";

/* One emoji of seven code points, a flag, CJK, a base with two combining
 * marks, right to left, four-byte letters, a variation selector. */
static const char *const MULTIBYTE[] = {
	"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d"
		"\xf0\x9f\x91\xa7\xe2\x80\x8d\xf0\x9f\x91\xa6 ",
	"\xf0\x9f\x87\xaa\xf0\x9f\x87\xba ",
	"\xe6\x95\xb0\xe6\x8d\xae\xe5\xba\x93 ",
	"e\xcc\x81\xcc\xa3 ",
	"\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d ",
	"\xf0\x9d\x94\x98\xf0\xa0\x9c\x8e ",
	"\xe2\x9d\xa4\xef\xb8\x8f ",
	"na\xc3\xafve \xe2\x82\xac" "5 ",
};

/* A stray byte, a cut sequence, an encoded surrogate, an overlong slash. */
static const char *const BAD_UTF8[] = {
	"a\xff" "b ", "good ", "c\xe2\x82 ", "d\xed\xa0\x80 ", "e\xc0\xaf ",
};

static size_t
token_length(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] != ' ' && p[i] != '\n')
		i++;
	while (i < n && (p[i] == ' ' || p[i] == '\n'))
		i++;
	return i;
}

static int64_t
count_tokens(const struct buf *b)
{
	int64_t tokens = 0;

	for (size_t i = 0; i < b->n; tokens++)
		i += token_length(b->p + i, b->n - i);
	return tokens;
}

/* The question in one line, cut at a character, as a Markdown quotation. */
static void
add_quote(struct buf *out, const char *question, size_t n)
{
	size_t end = n > QUOTE_MAX ? QUOTE_MAX : n;

	while (end < n && end > 0 && ((unsigned char)question[end] >> 6) == 2)
		end--;
	buf_adds(out, "You asked:\n\n> ");
	for (size_t i = 0; i < end; i++) {
		unsigned char c = (unsigned char)question[i];

		buf_add(out, c < 0x20 ? " " : question + i, 1);
	}
	buf_adds(out, end < n ? "\xe2\x80\xa6\n\n" : "\n\n");
}

static void
add_long(struct buf *out)
{
	for (unsigned i = 0; count_tokens(out) < LONG_TOKENS; i++) {
		buf_addf(out, "## %u. %s\n\n", i + 1,
			SECTION_TITLES[i % COUNT(SECTION_TITLES)]);
		buf_adds(out, SECTION);
	}
}

static void
write_canned(struct buf *out, enum voice voice, const char *question, size_t n)
{
	if (n > 0)
		add_quote(out, question, n);
	buf_adds(out, NOTE);
	switch (voice) {
	case VOICE_PLAIN:
		buf_adds(out, PLAIN);
		break;
	case VOICE_FAST:
		buf_adds(out, FAST);
		break;
	case VOICE_SLOW:
		buf_adds(out, SLOW);
		break;
	case VOICE_THINKER:
		buf_adds(out, THINKER);
		break;
	case VOICE_LONG:
		add_long(out);
		break;
	}
}

static void
say_canned(struct text *t, int64_t i, struct buf *out)
{
	size_t n = token_length(t->canned.p + t->at, t->canned.n - t->at);

	(void)i;
	buf_add_json(out, t->canned.p + t->at, n);
	t->at += n;
	if (t->at == t->canned.n)
		t->at = 0;
}

/* What a stamp or a number lacks to the size asked for. */
static void
pad(struct buf *out, size_t start, int64_t size)
{
	if (size > 0 && out->n - start < (size_t)size)
		buf_fill(out, '.', (size_t)size - (out->n - start));
}

static void
say_stamp(struct text *t, int64_t i, struct buf *out)
{
	size_t start = out->n;

	(void)i;
	buf_addf(out, "%" PRId64 " ", clock_ns());
	pad(out, start, t->script->size);
}

static void
say_seq(struct text *t, int64_t i, struct buf *out)
{
	size_t start = out->n;

	buf_addf(out, "%" PRId64 " ", i);
	pad(out, start, t->script->size);
}

static void
say_multibyte(struct text *t, int64_t i, struct buf *out)
{
	(void)t;
	buf_adds(out, MULTIBYTE[(size_t)i % COUNT(MULTIBYTE)]);
}

static void
say_surrogate(struct text *t, int64_t i, struct buf *out)
{
	(void)t;
	buf_adds(out, i % 2 ? "\\ude00" : "\\ud83d");
}

static void
say_badutf8(struct text *t, int64_t i, struct buf *out)
{
	(void)t;
	buf_adds(out, BAD_UTF8[(size_t)i % COUNT(BAD_UTF8)]);
}

/* Letters that shift by one from token to token, and a space. */
static void
say_sized(struct text *t, int64_t i, struct buf *out)
{
	for (int64_t k = 0; k + 1 < t->script->size; k++) {
		char c = (char)('a' + (i + k) % 26);

		buf_add(out, &c, 1);
	}
	if (t->script->size > 0)
		buf_adds(out, " ");
}

struct saying {
	size_t flag;		/* the script's member that asks for it */
	int64_t unset;
	void (*say)(struct text *t, int64_t i, struct buf *out);
};

#define AT(member) offsetof(struct script, member)

/* The first row that the script asks for decides. */
static const struct saying SAYINGS[] = {
	{ AT(stamp), 0, say_stamp },
	{ AT(seq), 0, say_seq },
	{ AT(multibyte), 0, say_multibyte },
	{ AT(surrogate), 0, say_surrogate },
	{ AT(badutf8), 0, say_badutf8 },
	{ AT(size), SCRIPT_UNSET, say_sized },
};

static void
choose_saying(struct text *t)
{
	t->say = say_canned;
	for (size_t i = COUNT(SAYINGS); i-- > 0;) {
		int64_t value;

		memcpy(&value, (const char *)t->script + SAYINGS[i].flag,
			sizeof(value));
		if (value != SAYINGS[i].unset)
			t->say = SAYINGS[i].say;
	}
}

static int64_t
count_answer(const struct text *t)
{
	const struct script *s = t->script;

	if (s->empty || s->block)
		return 0;
	if (s->tokens != SCRIPT_UNSET)
		return s->tokens;
	if (t->say != say_canned)
		return MEASURED_TOKENS;
	return s->voice == VOICE_LONG ? LONG_TOKENS : count_tokens(&t->canned);
}

void
text_open(struct text *t, const struct script *s, const char *question,
	size_t n)
{
	*t = (struct text){ .script = s };
	choose_saying(t);
	if (t->say == say_canned && !s->empty)
		write_canned(&t->canned, s->voice, question, n);
	t->tokens = count_answer(t);
	t->thoughts = s->reasoning > 0 ? s->reasoning : 0;
}

void
text_token(struct text *t, int64_t i, struct buf *out)
{
	if (t->script->longline > 0 && i == 0)
		buf_fill(out, 'x', (size_t)t->script->longline);
	else
		t->say(t, i, out);
}

void
text_thought(const struct text *t, int64_t i, struct buf *out)
{
	const char *word = THOUGHTS[(size_t)i % COUNT(THOUGHTS)];

	if (t->script->seq)
		buf_addf(out, "r%" PRId64 " ", i);
	else
		buf_add_json(out, word, strlen(word));
}

void
text_free(struct text *t)
{
	buf_free(&t->canned);
}
