/*
 * Finding a word in a table of rows that begin with it: providers say most
 * things in words.
 */
#ifndef LLM_WORD_H
#define LLM_WORD_H

#include <stddef.h>
#include <string.h>

/* The first row whose first member, a `const char *`, is the word; -1: none. */
static inline int
llm_word_find(const void *rows, size_t n, size_t row_size, const char *word)
{
	const char *row = rows;

	for (size_t i = 0; i < n; i++, row += row_size)
		if (strcmp(*(const char *const *)(const void *)row, word) == 0)
			return (int)i;
	return -1;
}

#define LLM_WORD_FIND(table, word) llm_word_find((table), \
	sizeof(table) / sizeof((table)[0]), sizeof((table)[0]), (word))

#endif
