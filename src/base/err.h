/*
 * Every way a request can end, one row each.
 *
 * A function that can fail returns an `enum err`; 0 (ERR_OK) is well.  A
 * function that fails leaves its results alone.  The row gives the code that
 * clients see, the HTTP status, and the sentence for a person that is used
 * where nobody had a better one.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define ERR_TABLE(X) \
X(OK, "ok", 200, "All is well.") \
/* what the caller got wrong */ \
X(BAD_JSON, "bad_json", 400, "The request body is not readable JSON.") \
X(UNAUTHENTICATED, "unauthenticated", 401, "Sign in first.") \
X(CSRF, "csrf_failed", 403, \
	"This request did not come from the page. Reload it and try again.") \
X(FORBIDDEN, "forbidden", 403, "You may not do that.") \
X(NOT_FOUND, "not_found", 404, "There is nothing here by that name.") \
X(METHOD, "method_not_allowed", 405, "This address does not do that.") \
X(CONFLICT, "conflict", 409, "That clashes with what is already there.") \
X(BUSY, "busy", 409, \
	"An answer is still being written in this conversation. " \
	"Stop it or wait for its end.") \
X(TOO_LARGE, "too_large", 413, "The request is too large.") \
X(MEDIA_TYPE, "unsupported_media_type", 415, \
	"Send JSON, with Content-Type: application/json.") \
X(VALIDATION, "validation_error", 422, \
	"Some of what was sent cannot be used.") \
X(RATE_LIMITED, "rate_limited", 429, \
	"Too many requests. Wait a little and try again.") \
X(KEY_MISSING, "provider_key_missing", 424, \
	"There is no API key for this provider. Add one in Keys.") \
/* what went wrong here */ \
X(INTERNAL, "internal", 500, \
	"Something went wrong here. It has been written to the log.") \
X(UNAVAILABLE, "unavailable", 503, \
	"The server cannot answer this right now. Try again in a moment.") \
/* what went wrong at the provider */ \
X(PROVIDER_AUTH, "provider_auth", 424, \
	"The provider refused the API key. Check it in Keys.") \
X(PROVIDER_QUOTA, "provider_quota", 424, \
	"The provider account has no credit left.") \
X(PROVIDER_REJECTED, "provider_rejected", 424, \
	"The provider did not accept the request.") \
X(MODEL_NOT_FOUND, "model_not_found", 424, \
	"The provider does not know this model.") \
X(CONTEXT_LENGTH, "context_length", 424, \
	"The conversation is too long for this model.") \
X(PROVIDER_RATE, "provider_rate_limited", 429, \
	"The provider is limiting requests. Try again later.") \
X(PROVIDER_UNAVAILABLE, "provider_unavailable", 502, \
	"The provider has a problem of its own. Try again later.") \
X(NETWORK, "network", 502, "The provider could not be reached.") \
X(PROTOCOL, "provider_protocol", 502, \
	"The provider sent something that is not an answer.") \
X(TIMEOUT, "timeout", 504, "The provider took too long.") \
X(INTERRUPTED, "interrupted", 503, \
	"The answer was cut off here. What came is kept.") \
X(SPEND_LIMIT, "spend_limit", 429, "Your spending limit is reached.")

enum err {
#define ERR_ENUM(name, code, status, sentence) ERR_##name,
	ERR_TABLE(ERR_ENUM)
#undef ERR_ENUM
	ERR_COUNT
};

/* The code that clients see, such as "not_found". */
const char *
err_code(enum err err);

/* The HTTP status that goes with it. */
int
err_status(enum err err);

/* A sentence for a person: what happened, then what to do. */
const char *
err_sentence(enum err err);

/* The error with this code; ERR_INTERNAL where there is none. */
enum err
err_by_code(const char *code);

#endif
