/*
 * How a failure at a provider is told: a code of ours, a sentence of ours that
 * names the provider, and a note for the log.  Nothing that the provider wrote
 * gets into the sentence, and into the note only words that cannot be a key.
 */
#ifndef LLM_FAULT_H
#define LLM_FAULT_H

#include "llm/head.h"
#include "llm/llm.h"

/* An end of which nothing is known yet: no error, no finish, no usage. */
void
llm_end_init(struct llm_end *end);

/* `err`, its usual sentence, and whether another try makes sense. */
void
llm_fault_set(struct llm_end *end, const struct llm_provider *provider,
    enum err err);

/* The same with another sentence; its one %s becomes the label. */
void
llm_fault_say(struct llm_end *end, const struct llm_provider *provider,
    enum err err, const char *sentence);

/* What an HTTP status says by itself; 0 is "some trouble of its own". */
void
llm_fault_status(struct llm_end *end, const struct llm_provider *provider,
    int status);

/* What the head of the answer adds: status, Retry-After, x-should-retry. */
void
llm_fault_head(struct llm_end *end, const struct llm_head *head);

/*
 * Add "name word" to the note.  A word that could hold a key (it is long, has
 * many digits, or other characters than letters, digits and _ . [ ]) is
 * written as "?"; NULL and "" are left out.
 */
void
llm_fault_note(struct llm_end *end, const char *name, const char *word);

#endif
