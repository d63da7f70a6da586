/* Reading what a provider wrote: a member that is not there, or of another
 * type, is "nothing", never a failure. */
#ifndef LLM_JSON_H
#define LLM_JSON_H

#include <jansson.h>
#include <stdint.h>

/* The string member of that name; "" where there is none. */
const char *
llm_json_text(const json_t *object, const char *name);

/* A number of tokens; -1 where there is none, or a negative one. */
int64_t
llm_json_tokens(const json_t *object, const char *name);

#endif
