/*
 * The JSON body of a request.  Whatever is in it, the process lives on: the
 * reader is jansson's, with no more than server.body_max bytes and 2048 levels
 * of objects and lists in one another (its own ceiling); numbers that do not fit
 * into 64 bits or a double, doubled keys, and what is not UTF-8 are refused.
 */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include "http/request.h"

/*
 * Set rq->json, an object, from rq->body.  ERR_MEDIA_TYPE where rq->content_type
 * is not application/json; ERR_BAD_JSON, with line and column, where it cannot
 * be read, or is something else than an object.
 */
enum err
body_read(struct req *rq);

#endif
