/*
 * One question to one model: the HTTP request, its answer parsed as it comes.
 * A call is made by one thread, then belongs to the thread that runs its easy
 * handle in a multi handle.  Every handle has HTTP/1.1, no redirects, no proxy
 * from the environment, TLS checked, signals off and CURLOPT_QUICK_EXIT set;
 * docs/decisions says why.
 */
#ifndef LLM_CALL_H
#define LLM_CALL_H

#include <curl/curl.h>

#include "llm/llm.h"

/* All in ms. */
struct llm_limits {
	int64_t connect_ms, first_byte_ms, idle_ms, total_ms;
};

/* Clock readings in µs of the monotonic clock; 0: it did not happen. */
struct llm_times {
	int64_t began, connected;
	int64_t first_byte; /* of the answer, its head included */
	int64_t first_delta, first_text, last_delta, ended;
};

struct llm_call;

/*
 * Make the request; nothing is sent yet.  `key` is copied and wiped in the
 * end; `provider` must outlive the call; `request` need not.  Deltas are given
 * inside the multi handle's call.
 *
 * `key` is NULL where there is none, for hosts that want none.
 * ERR_PROVIDER_AUTH: the key holds bytes that no key has, such as a line end.
 * ERR_CONTEXT_LENGTH: the request is larger than any model takes.
 * ERR_INTERNAL: memory is out.
 */
enum err
llm_call_open(const struct llm_provider *provider, const char *key,
    const struct llm_request *request, const struct llm_limits *limits,
    llm_delta_fn *on_delta, void *arg, struct llm_call **out);

/*
 * The handle to add to a multi handle.  Its CURLOPT_PRIVATE is what
 * llm_call_set_private() was given.
 */
CURL *
llm_call_easy(struct llm_call *call);

void
llm_call_set_private(struct llm_call *call, void *owner);

/* To be called on the line before curl_multi_add_handle(): the clock starts. */
void
llm_call_begin(struct llm_call *call);

/*
 * Ask once more, after it was over and out of its multi handle: the call is as
 * new, but for the limit of the whole answer, which goes on.  The key and the
 * connections are those of before.  ERR_INTERNAL, ERR_CONTEXT_LENGTH as in
 * llm_call_open(); the call then tells the end that it had.
 */
enum err
llm_call_again(struct llm_call *call, const struct llm_request *request);

/* ms until the limit of the whole answer. */
int64_t
llm_call_left_ms(const struct llm_call *call, int64_t now_us);

/*
 * True where the parser has seen all it needs (the last event, or something
 * that ends the answer badly), so that the connection need not be waited for.
 * Ask after curl_multi_info_read(): mostly the end of the transfer comes in the
 * same read, and a handle that is done leaves its connection warm.
 */
bool
llm_call_is_over(const struct llm_call *call);

/*
 * Which limit has passed at `now_us`: ERR_OK for none, else ERR_TIMEOUT, which
 * llm_call_end() will then tell.  The caller takes the handle out of the multi.
 * May deliver a last delta.
 *
 * Waiting for the first byte is waiting for the body: some hosts send the head
 * at once and think for minutes.
 *
 * An answer whose end marker was seen is waited for a moment longer, for its
 * usage; that limit is ERR_TIMEOUT here too, and a good end in llm_call_end().
 */
enum err
llm_call_check_time(struct llm_call *call, int64_t now_us);

/* curl is done with it (CURLMSG_DONE).  May deliver a last delta. */
void
llm_call_finished(struct llm_call *call, CURLcode code);

/* How it ended; valid after llm_call_finished(), or once it is over or timed
 * out.  Before that it says ERR_NETWORK, as for a broken connection. */
void
llm_call_end(const struct llm_call *call, struct llm_end *out);

const struct llm_times *
llm_call_times(const struct llm_call *call);

/* Must be out of its multi handle.  NULL is well. */
void
llm_call_free(struct llm_call *call);

#endif
