/*
 * One request, without any FastCGI in it: what was asked, who asks, what went
 * wrong, and the answer.  The texts from the client are borrowed from the
 * connection and live as long as it does.
 *
 * A handler reads the request, does its work, and returns ERR_OK with
 * `reply` and perhaps `status` set, or the value of req_fail().  The first
 * failure wins.  A handler that hands the connection to somebody else sets
 * `conn` to NULL on that line.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/uuid.h"
#include "http/conn.h"

enum http_method {
	HTTP_GET,
	HTTP_POST,
	HTTP_PUT,
	HTTP_PATCH,
	HTTP_DELETE,
	HTTP_OTHER,
};

enum {
	REQ_ID_SIZE = 17,      /* 16 hexadecimal digits and the NUL */
	REQ_TEXT_MAX = 512,    /* a failure's sentence, a log note */
	REQ_HEADERS_MAX = 4,   /* headers that a handler may add */
	REQ_HEADER_SIZE = 512, /* one of them */
	REQ_NAME_MAX = 33,     /* a name in the path, NUL included */
	REQ_QUERY_MAX = 256,   /* one value of the query, NUL included */
};

/* Who is asking; `id` of zeros: nobody signed in. */
struct user {
	struct uuid id;
	char username[201]; /* 50 characters of at most 4 bytes */
	bool is_admin;
	int64_t created_at; /* wall ms */
	struct uuid session;
	unsigned char token_hash[32];
	int64_t expires_at; /* wall ms */
	bool by_cookie;     /* else by Authorization */
	int questions_per_minute, streams_max; /* -1: as the settings say */
};

struct req {
	/* what was asked; never NULL, "" where it was not sent */
	enum http_method method;
	const char *path;  /* after the base path: "/chat/stream" */
	const char *query; /* after the "?" */
	const char *content_type;
	const char *authorization;
	const char *cookie;
	const char *csrf;
	const char *origin;
	const char *sec_fetch_site;
	const char *host;
	const char *last_event_id;
	const char *user_agent;
	const char *remote_addr;
	bool https;
	long long content_length; /* -1: not said */
	struct buf body;
	json_t *json;  /* the body, where it was JSON; owned */

	char path_text[REQ_TEXT_MAX]; /* room for `path`, where it is a copy */

	/* from the path */
	struct uuid path_id;
	char path_name[REQ_NAME_MAX];
	int path_index;

	struct user user;
	char id[REQ_ID_SIZE]; /* request_id of errors and log lines */
	int64_t began_us;

	/* how it went */
	enum err err;
	char message[REQ_TEXT_MAX]; /* for the person; "" = the err's own */
	char note[REQ_TEXT_MAX];    /* for the log alone */
	json_t *details;            /* field → sentence; owned */
	int retry_after;            /* seconds; 0: not said */

	/* the answer */
	int status;   /* 0: 200, or the err's */
	json_t *reply; /* owned; NULL with status 204 */
	struct buf whole; /* instead of `reply`, an answer that is no JSON tree:
	                   * all of it, head included (see resp_begin()) */
	char headers[REQ_HEADERS_MAX][REQ_HEADER_SIZE]; /* "Name: value" */
	int n_headers;
	struct conn *conn; /* NULL once handed over */
};

/* The borrowed texts become "", the rest zero. */
void
req_init(struct req *rq);

/* Everything owned, but for the connection. */
void
req_free(struct req *rq);

/*
 * Record a failure and return its code.  The sentence is for the person; an
 * empty one means the code's own.
 */
enum err
req_fail(struct req *rq, enum err err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* One field that cannot be used: ERR_VALIDATION.  The sentence is whole, for it
 * stands beside the field in a form. */
enum err
req_fail_field(struct req *rq, const char *field, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Something for the log line alone; the first one stays. */
void
req_note(struct req *rq, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Add a header to the answer; one too many or too long is ERR_INTERNAL. */
enum err
req_header(struct req *rq, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The decoded value of a query parameter; false where it is not there. */
bool
req_query(const struct req *rq, const char *name,
    char out[static REQ_QUERY_MAX]);

/* The same, where what is there but cannot be read is a failure; "" where it is
 * not there. */
enum err
req_query_text(struct req *rq, const char *name,
    char out[static REQ_QUERY_MAX]);

/* A whole number of the query within limits; `otherwise` where it is absent. */
enum err
req_query_int(struct req *rq, const char *name, int least, int most,
    int otherwise, int *out);

#endif
