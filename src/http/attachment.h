/*
 * The header by which an answer becomes a file (RFC 6266): the name twice, in
 * ASCII for who knows no better, and in UTF-8 as RFC 8187 has it.
 *
 * The name is made from a title: what a file system gives a meaning to becomes
 * "_", what is not seen is left out, and it neither begins with a dot nor ends
 * with one.
 */
#ifndef HTTP_ATTACHMENT_H
#define HTTP_ATTACHMENT_H

#include "http/request.h"

enum { ATTACHMENT_NAME_MAX = 96 }; /* bytes, without the suffix */

/* `suffix` with its dot, such as ".md"; `otherwise` is the name where the title
 * gives none. */
enum err
attachment_header(struct req *rq, const char *title, const char *otherwise,
    const char *suffix);

#endif
