#include "llm/tokens.h"

/*
 * In thirds of a token.  English prose has about four bytes to a token and code
 * about three.  A Chinese character, three bytes, is about one token, and a
 * letter of most other scripts, two or three bytes, at most one.  An emoji or a
 * rare character, four bytes, is cut into two or three.
 */
enum {
	THIRDS_OF_ASCII = 1,
	THIRDS_OF_LETTER = 3,
	THIRDS_OF_RARE = 6,
};

enum {
	ANSWER_SHARE = 4, /* a quarter, where nobody says how long it may be */
	OUTPUT_SHARE = 2, /* a max_output above half the context is no room
	                   * that an answer needs: some lists give the context
	                   * itself there */
	MARGIN_SHARE = 16, /* for what a guess cannot know: roles, separators,
	                    * digits and names that are cut finely */
};

static int
thirds(unsigned char lead)
{
	if (lead < 0x80)
		return THIRDS_OF_ASCII;
	if (lead < 0xC0)
		return 0; /* inside of a character */
	return lead < 0xF0 ? THIRDS_OF_LETTER : THIRDS_OF_RARE;
}

int64_t
tokens_guess(const char *text, size_t len)
{
	int64_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += thirds((unsigned char)text[i]);
	return (n + 2) / 3;
}

static int64_t
answer_room(int64_t context, int64_t max_output, int64_t max_tokens)
{
	if (max_tokens > 0)
		return max_tokens;
	if (max_output > 0 && max_output <= context / OUTPUT_SHARE)
		return max_output;
	return context / ANSWER_SHARE;
}

int64_t
tokens_room(int64_t context, int64_t max_output, int64_t max_tokens)
{
	int64_t room = context - context / MARGIN_SHARE -
	    answer_room(context, max_output, max_tokens);

	if (context <= 0)
		return INT64_MAX;
	return room > 0 ? room : 0;
}
