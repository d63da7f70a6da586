/*
 * What goes wrong in the middle of a stream: a row for each fault, with the
 * member of the script that says after how many tokens.
 */
#ifndef DEMO_FAULT_H
#define DEMO_FAULT_H

#include "play.h"

/* What happens instead of the next token, or NULL. */
play_step_fn *
fault_due(const struct play *p);

#endif
