/*
 * A call from its request to its end, against a scripted server on loopback:
 * what it says, when, and how it breaks off.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "llm/call.h"
#include "llm/wire.h"

enum {
	BYTES_MAX = 8 * 1024 * 1024,
	STEPS_MAX = 8,
	POLL_MS = 5,
	TLS_HANDSHAKE = 0x16, /* first byte of a TLS client */
	GIVE_UP_MS = 10000, /* of a test that hangs */
};

#define KEY "sk-CANARY0123456789"

/* ---- the server ---- */

/* One thing that the server does: wait, say, or break off. */
struct step {
	int wait_ms;
	const char *say;
	int times;     /* say it so often; 0 is once */
	bool is_reset; /* close with RST */
};

struct server {
	int listener, port;
	const struct step *steps;
	int requests; /* that each connection may bring */
	int connections;
	struct buf asked; /* all the requests */
	pthread_t thread;
};

/* Read one request; false where the peer closed. */
static bool
read_request(struct server *s, int fd)
{
	size_t from = s->asked.len, need = 0;
	char chunk[4096];

	while (need == 0 || s->asked.len < need) {
		ssize_t n = recv(fd, chunk, sizeof(chunk), 0);
		const char *end, *length;

		if (n <= 0)
			return false;
		if (need == 0 && chunk[0] == TLS_HANDSHAKE)
			return true;
		buf_add(&s->asked, chunk, (size_t)n);
		end = strstr(s->asked.p + from, "\r\n\r\n");
		length = strcasestr(s->asked.p + from, "content-length:");
		if (end != NULL && length != NULL)
			need = (size_t)(end - s->asked.p) + 4 +
			    strtoul(length + 15, NULL, 10);
	}
	return true;
}

static void
say(int fd, const struct step *step)
{
	for (int i = 0; i < (step->times > 0 ? step->times : 1); i++)
		if (send(fd, step->say, strlen(step->say), MSG_NOSIGNAL) < 0)
			return;
}

static void
play(int fd, const struct step *steps)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	for (int i = 0; i < STEPS_MAX; i++) {
		if (steps[i].wait_ms > 0)
			usleep((useconds_t)steps[i].wait_ms * 1000);
		if (steps[i].say != NULL)
			say(fd, &steps[i]);
		if (steps[i].is_reset)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset,
			    sizeof(reset));
	}
}

static void *
serve(void *arg)
{
	struct server *s = arg;
	int fd;

	while ((fd = accept(s->listener, NULL, NULL)) >= 0) {
		s->connections++;
		for (int i = 0; i < s->requests && read_request(s, fd); i++)
			play(fd, s->steps);
		close(fd);
	}
	return NULL;
}

static void
server_open(struct server *s, const struct step *steps, int requests)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t n = sizeof(at);

	*s = (struct server){ .steps = steps, .requests = requests };
	buf_init(&s->asked, BYTES_MAX);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&at, n), 0);
	assert_int_equal(listen(s->listener, 8), 0);
	getsockname(s->listener, (struct sockaddr *)&at, &n);
	s->port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void
server_close(struct server *s)
{
	shutdown(s->listener, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->listener);
	buf_free(&s->asked);
}

/* ---- a call ---- */

struct result {
	struct buf text, reasoning;
	struct llm_end end;
	struct llm_times times;
};

static void
result_free(struct result *r)
{
	buf_free(&r->text);
	buf_free(&r->reasoning);
}

static void
take_delta(void *arg, const struct llm_delta *delta)
{
	struct result *r = arg;

	buf_add(delta->kind == LLM_TEXT ? &r->text : &r->reasoning,
	    delta->text, delta->len);
}

/* One turn of the loop; true: the call is through. */
static bool
turn(CURLM *multi, struct llm_call *call)
{
	struct CURLMsg *msg;
	int running, left;

	curl_multi_perform(multi, &running);
	while ((msg = curl_multi_info_read(multi, &left)) != NULL) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		llm_call_finished(call, msg->data.result);
		return true;
	}
	return llm_call_is_over(call) ||
	    llm_call_check_time(call, clock_us()) != ERR_OK;
}

static void
drive(CURLM *multi, struct llm_call *call)
{
	int64_t until = clock_ms() + GIVE_UP_MS;

	llm_call_begin(call);
	curl_multi_add_handle(multi, llm_call_easy(call));
	while (!turn(multi, call)) {
		assert_true(clock_ms() < until);
		curl_multi_poll(multi, NULL, 0, POLL_MS, NULL);
	}
	curl_multi_remove_handle(multi, llm_call_easy(call));
}

static const struct llm_limits LIMITS = {
	.connect_ms = 2000, .first_byte_ms = 5000, .idle_ms = 5000,
	.total_ms = 8000,
};

static void
ask(CURLM *multi, const char *scheme, int port,
    const struct llm_limits *limits, struct result *r)
{
	const struct llm_message hi = { LLM_USER, "Hi", 2 };
	const struct llm_request rq = {
		.model = "m", .messages = &hi, .n_messages = 1,
	};
	struct llm_provider provider = {
		.name = "openai", .label = "OpenAI", .wire = &llm_wire_openai,
	};
	struct llm_call *call;

	snprintf(provider.base_url, sizeof(provider.base_url),
	    "%s://127.0.0.1:%d/v1", scheme, port);
	buf_init(&r->text, BYTES_MAX);
	buf_init(&r->reasoning, BYTES_MAX);
	assert_int_equal(llm_call_open(&provider, KEY, &rq, limits,
	    take_delta, r, &call), ERR_OK);
	llm_call_end(call, &r->end);
	assert_int_equal(r->end.err, ERR_NETWORK);
	drive(multi, call);
	llm_call_end(call, &r->end);
	r->times = *llm_call_times(call);
	llm_call_free(call);
}

/* ---- rows ---- */

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
#define CLOSE "Connection: close\r\n\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"
#define DELTA(t) "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" \
	t "\"},\"finish_reason\":null}]}\n\n"
#define STOP "data: {\"choices\":[{\"index\":0,\"delta\":{}," \
	"\"finish_reason\":\"stop\"}]}\n\n"
#define USAGE "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3," \
	"\"completion_tokens\":2}}\n\n"
#define DONE "data: [DONE]\n\n"
#define JSON "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

static const struct row {
	const char *name;
	struct step steps[STEPS_MAX];
	const char *text;
	enum err err;
	const char *finish;
	const char *message; /* part of it; NULL: none */
	int64_t input;       /* tokens */
	bool is_tls;         /* we speak TLS, the server does not */
} ROWS[] = {
	{ "a whole answer", { { .say = HEAD CLOSE DELTA("Hel") DELTA("lo")
	    STOP USAGE DONE } }, "Hello", ERR_OK, "stop", NULL, 3, false },
	{ "in slices", { { .say = "HTTP/1.1 200 OK\r\nConte" },
	    { 5, "nt-Type: text/event-stream\r\n" CLOSE "da", 0, false },
	    { 5, "ta: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\xf0",
	    0, false },
	    { 5, "\x9f\x98", 0, false }, { 5, "\x84\"}}]}\n", 0, false },
	    { 5, "\n" STOP USAGE DONE, 0, false } },
	    "\xf0\x9f\x98\x84", ERR_OK, "stop", NULL, 3, false },
	{ "no [DONE]", { { .say = HEAD CLOSE DELTA("Hi") STOP } }, "Hi",
	    ERR_OK, "stop", NULL, -1, false },
	{ "broken behind its end", { { .say = HEAD
	    "Content-Length: 9999\r\n\r\n" DELTA("Hi") STOP } }, "Hi",
	    ERR_OK, "stop", NULL, -1, false },
	{ "no end", { { .say = HEAD CLOSE DELTA("Hi") } }, "Hi", ERR_NETWORK,
	    "", "The connection to OpenAI broke.", -1, false },
	{ "no end, part of a body", { { .say = HEAD
	    "Content-Length: 9999\r\n\r\n" DELTA("Hi") } }, "Hi", ERR_NETWORK,
	    "", "The connection to OpenAI broke.", -1, false },
	{ "reset", { { .say = HEAD CLOSE DELTA("Hi") }, { .wait_ms = 50,
	    .is_reset = true } }, "Hi", ERR_NETWORK, "",
	    "The connection to OpenAI broke.", -1, false },
	{ "closed at once", { { 0, NULL, 0, false } }, "", ERR_NETWORK, "",
	    "The connection to OpenAI broke.", -1, false },
	{ "reset at once", { { .is_reset = true } }, "", ERR_NETWORK, "",
	    "The connection to OpenAI broke.", -1, false },
	{ "cut in the head", { { .say = "HTTP/1.1 200 OK\r\nConte" } }, "",
	    ERR_NETWORK, "", "The connection to OpenAI broke.", -1, false },
	{ "an empty stream", { { .say = HEAD CLOSE } }, "", ERR_NETWORK, "",
	    "The connection to OpenAI broke.", -1, false },
	{ "cut in a field's name", { { .say = HEAD CLOSE "dat" } }, "",
	    ERR_NETWORK, "", "The connection to OpenAI broke.", -1, false },
	{ "an endless head", { { .say = "HTTP/1.1 200 OK\r\nX: " },
	    { .say = "0123456789abcdef", .times = 40000 } }, "", ERR_PROTOCOL,
	    "", "127.0.0.1 answers with a head that is too long.", -1, false },
	{ "many lines of head", { { .say = "HTTP/1.1 200 OK\r\n" },
	    { .say = "X-Much: 0123456789abcdef0123456789abcdef\r\n",
	    .times = 40000 } }, "", ERR_NETWORK, "",
	    "The connection to OpenAI broke.", -1, false },
	{ "no HTTP", { { .say = "SSH-2.0-x\r\n" } }, "", ERR_PROTOCOL, "",
	    "OpenAI could not be asked: 127.0.0.1 does not speak HTTP.", -1,
	    false },
	{ "no TLS", { { .say = HEAD CLOSE } }, "", ERR_NETWORK, "",
	    "OpenAI could not be reached: no secure connection to 127.0.0.1",
	    -1, true },
	{ "401 with the key in it", { { .say = "HTTP/1.1 401 x\r\n" CLOSE
	    "{\"error\":{\"message\":\"bad " KEY "\",\"code\":\"" KEY
	    "\"}}" } }, "", ERR_PROVIDER_AUTH, "",
	    "OpenAI refused the API key.", -1, false },
	{ "429", { { .say = "HTTP/1.1 429 x\r\nRetry-After: 7\r\n" CLOSE } },
	    "", ERR_PROVIDER_RATE, "", "OpenAI is limiting requests.", -1,
	    false },
	{ "an error that is cut", { { .say = "HTTP/1.1 401 x\r\n"
	    "Content-Length: 999\r\n\r\n{\"err" } }, "", ERR_PROVIDER_AUTH,
	    "", "OpenAI refused the API key.", -1, false },
	{ "an endless error", { { .say = "HTTP/1.1 500 x\r\n" CLOSE },
	    { .say = "0123456789abcdef", .times = 10000 } }, "",
	    ERR_PROVIDER_UNAVAILABLE, "", "OpenAI has a problem", -1, false },
	{ "a redirect", { { .say = "HTTP/1.1 302 x\r\n"
	    "Location: http://127.0.0.1:1/\r\n" CLOSE } }, "", ERR_PROTOCOL,
	    "", "OpenAI answered with a redirect", -1, false },
	{ "100 in front", { { .say = "HTTP/1.1 100 Continue\r\n\r\n" HEAD
	    CLOSE DELTA("Hi") STOP DONE } }, "Hi", ERR_OK, "stop", NULL, -1,
	    false },
	{ "a whole answer for a stream", { { .say = JSON CLOSE
	    "{\n\"choices\":[{\"message\":{\"content\":\"x\"},"
	    "\"finish_reason\":\"length\"}],\"usage\":{\"prompt_tokens\":3,"
	    "\"completion_tokens\":1}}" } }, "x", ERR_OK, "length", NULL, 3,
	    false },
	{ "a whole answer without a reason", { { .say = JSON CLOSE
	    "{\"choices\":[{\"message\":{\"content\":\"x\"}}]}" } }, "x",
	    ERR_OK, "stop", NULL, -1, false },
	{ "a whole answer that is cut", { { .say = JSON
	    "Content-Length: 999\r\n\r\n"
	    "{\"choices\":[{\"message\":{\"content\":\"x\"}}" } }, "",
	    ERR_NETWORK, "", "The connection to OpenAI broke.", -1, false },
	{ "a stream that is called JSON", { { .say = JSON CLOSE DELTA("Hi")
	    STOP DONE } }, "Hi", ERR_OK, "stop", NULL, -1, false },
	{ "an endless whole answer", { { .say = JSON CLOSE "{\"a\":\"" },
	    { .say = "0123456789abcdef0123456789abcdef", .times = 100000 } },
	    "", ERR_PROTOCOL, "", "OpenAI sent more at once", -1, false },
	{ "other JSON for a stream", { { .say = JSON CLOSE "{\"x\":\n1}" } },
	    "", ERR_PROTOCOL, "", "OpenAI answered with something that is not "
	    "a stream.", -1, false },
	{ "broken JSON for a stream", { { .say = JSON CLOSE "{\"x\":" } },
	    "", ERR_PROTOCOL, "", "OpenAI answered with something that is not "
	    "a stream.", -1, false },
	{ "an error for a stream", { { .say = "HTTP/1.1 200 OK\r\n"
	    "Content-Type: application/json\r\n" CLOSE
	    "{\n \"error\":\n {\"code\": \"insufficient_quota\"}\n}" } }, "",
	    ERR_PROVIDER_QUOTA, "", "no credit left", -1, false },
	{ "an error behind events", { { .say = HEAD CLOSE DELTA("Hi")
	    "{\"error\": {\"type\": \"server_error\"}}" } }, "Hi",
	    ERR_PROVIDER_UNAVAILABLE, "", "OpenAI has a problem", -1, false },
	{ "HTML for a stream", { { .say = "HTTP/1.1 200 OK\r\n"
	    "Content-Type: text/html\r\n" CLOSE "<html>x</html>" } }, "",
	    ERR_PROTOCOL, "", "not a stream", -1, false },
	{ "an error in the stream", { { .say = HEAD CLOSE DELTA("Hi")
	    "event: error\ndata: {\"error\":{\"code\":\"invalid_api_key\"}}"
	    "\n\n" } }, "Hi", ERR_PROVIDER_AUTH, "", "OpenAI refused", -1,
	    false },
	{ "bad JSON", { { .say = HEAD CLOSE DELTA("Hi") "data: {\n\n"
	    DELTA("more") STOP DONE } }, "Hi", ERR_PROTOCOL, "",
	    "OpenAI sent something that is not an answer. Try again, or "
	    "choose another model.", -1, false },
	{ "an endless line", { { .say = HEAD CLOSE DELTA("Hi") "data: " },
	    { .say = "0123456789abcdef0123456789abcdef", .times = 100000 } },
	    "Hi", ERR_PROTOCOL, "", "OpenAI sent more at once", -1, false },
};

static void
check_row(const struct row *row)
{
	CURLM *multi = curl_multi_init();
	struct server s;
	struct result r;

	server_open(&s, row->steps, 1);
	ask(multi, row->is_tls ? "https" : "http", s.port, &LIMITS, &r);
	curl_multi_cleanup(multi);
	server_close(&s);
	assert_string_equal(r.text.p, row->text);
	assert_string_equal(err_code(r.end.err), err_code(row->err));
	assert_string_equal(llm_finish_name(r.end.finish), row->finish);
	assert_int_equal(r.end.usage.input, row->input);
	if (row->message != NULL)
		assert_non_null(strstr(r.end.message, row->message));
	assert_null(strstr(r.end.message, "CANARY"));
	assert_null(strstr(r.end.note, "CANARY"));
	result_free(&r);
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		print_message("  %s\n", ROWS[i].name);
		check_row(&ROWS[i]);
	}
}

/* ---- what is sent, and what is measured ---- */

static void
test_request(void **state)
{
	static const struct step STEPS[STEPS_MAX] = {
		{ .wait_ms = 20, .say = HEAD CLOSE },
		{ .wait_ms = 20, .say = DELTA("a") },
		{ .wait_ms = 20, .say = DELTA("b") STOP DONE },
	};
	static const char *const SENT[] = {
		"POST /v1/chat/completions HTTP/1.1\r\n",
		"\r\nAuthorization: Bearer " KEY "\r\n",
		"\r\nContent-Type: application/json\r\n",
		"\r\nUser-Agent: LLMSelect/", "\r\n\r\n{\"model\":\"m\",",
	};
	CURLM *multi = curl_multi_init();
	const struct llm_times *t;
	struct server s;
	struct result r;

	(void)state;
	server_open(&s, STEPS, 1);
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	ask(multi, "http", s.port, &LIMITS, &r);
	unsetenv("http_proxy");
	curl_multi_cleanup(multi);
	for (size_t i = 0; i < sizeof(SENT) / sizeof(SENT[0]); i++)
		assert_non_null(strstr(s.asked.p, SENT[i]));
	assert_null(strcasestr(s.asked.p, "expect:"));
	assert_null(strcasestr(s.asked.p, "accept-encoding:"));
	server_close(&s);
	t = &r.times;
	assert_true(t->began > 0 && t->began <= t->connected);
	assert_true(t->connected < t->first_byte);
	assert_true(t->first_byte < t->first_delta);
	assert_int_equal(t->first_delta, t->first_text);
	assert_true(t->first_text < t->last_delta);
	assert_true(t->last_delta <= t->ended);
	result_free(&r);
}

/* The end of the body comes with the last event, so the connection stays. */
static void
test_warm_connection(void **state)
{
	static const struct step STEPS[STEPS_MAX] = {
		{ .say = HEAD CHUNKED "e\r\n" DONE "\r\n0\r\n\r\n" },
	};
	CURLM *multi = curl_multi_init();
	struct server s;

	(void)state;
	server_open(&s, STEPS, 2);
	for (int i = 0; i < 2; i++) {
		struct result r;

		ask(multi, "http", s.port, &LIMITS, &r);
		assert_int_equal(r.end.err, ERR_OK);
		assert_true(r.times.connected >= r.times.began);
		result_free(&r);
	}
	curl_multi_cleanup(multi);
	assert_int_equal(s.connections, 1);
	server_close(&s);
}

static void
test_refused(void **state)
{
	CURLM *multi = curl_multi_init();
	struct server s;
	struct result r;
	int port;

	(void)state;
	server_open(&s, NULL, 0);
	port = s.port;
	server_close(&s);
	ask(multi, "http", port, &LIMITS, &r);
	curl_multi_cleanup(multi);
	assert_int_equal(r.end.err, ERR_NETWORK);
	assert_true(r.end.retryable);
	assert_int_equal(r.end.provider_status, 0);
	assert_int_equal(r.times.connected, 0);
	assert_string_equal(r.end.message,
	    "OpenAI could not be reached: 127.0.0.1 takes no connections.");
	result_free(&r);
}

static void
test_retry_after(void **state)
{
	static const struct step STEPS[STEPS_MAX] = {
		{ .say = "HTTP/1.1 429 x\r\nRetry-After: 7\r\n" CLOSE },
	};
	CURLM *multi = curl_multi_init();
	struct server s;
	struct result r;

	(void)state;
	server_open(&s, STEPS, 1);
	ask(multi, "http", s.port, &LIMITS, &r);
	curl_multi_cleanup(multi);
	server_close(&s);
	assert_int_equal(r.end.provider_status, 429);
	assert_int_equal(r.end.retry_after_ms, 7000);
	assert_true(r.end.retryable);
	result_free(&r);
}

/* ---- limits ---- */

static const struct late_row {
	const char *name;
	struct llm_limits limits;
	struct step steps[STEPS_MAX];
	const char *text;
	enum err err;
	const char *message;
} LATE[] = {
	{ "no first byte", { 2000, 100, 5000, 5000 }, { { .wait_ms = 400 } },
	    "", ERR_TIMEOUT, "OpenAI did not begin to answer in time." },
	{ "a head is no first byte", { 2000, 100, 5000, 5000 },
	    { { .say = HEAD CLOSE }, { .wait_ms = 400 } }, "", ERR_TIMEOUT,
	    "OpenAI did not begin to answer in time." },
	{ "silence", { 2000, 5000, 100, 5000 },
	    { { .say = HEAD CLOSE DELTA("Hi") }, { .wait_ms = 400 } }, "Hi",
	    ERR_TIMEOUT, "OpenAI fell silent" },
	{ "first byte later than silence is allowed", { 2000, 5000, 100,
	    5000 }, { { .say = HEAD CLOSE }, { .wait_ms = 300 },
	    { .say = DELTA("Hi") STOP DONE } }, "Hi", ERR_OK, "" },
	{ "bytes, but too long", { 2000, 5000, 5000, 150 },
	    { { .say = HEAD CLOSE DELTA("a") }, { .wait_ms = 60, .say = ":\n" },
	    { .wait_ms = 60, .say = ":\n" }, { .wait_ms = 60, .say = ":\n" },
	    { .wait_ms = 60, .say = ":\n" } }, "a", ERR_TIMEOUT,
	    "OpenAI took longer over its answer" },
	{ "an end, then silence", { 2000, 5000, 100, 5000 },
	    { { .say = HEAD CLOSE DELTA("Hi") STOP }, { .wait_ms = 400 } },
	    "Hi", ERR_OK, "" },
	{ "an error's body that stalls", { 2000, 5000, 100, 5000 },
	    { { .say = "HTTP/1.1 401 x\r\n" CLOSE "{" }, { .wait_ms = 400 } },
	    "", ERR_PROVIDER_AUTH, "OpenAI refused the API key." },
};

static void
test_late(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(LATE) / sizeof(LATE[0]); i++) {
		const struct late_row *row = &LATE[i];
		CURLM *multi = curl_multi_init();
		struct server s;
		struct result r;

		print_message("  %s\n", row->name);
		server_open(&s, row->steps, 1);
		ask(multi, "http", s.port, &row->limits, &r);
		curl_multi_cleanup(multi);
		server_close(&s);
		assert_string_equal(r.text.p, row->text);
		assert_string_equal(err_code(r.end.err), err_code(row->err));
		assert_non_null(strstr(r.end.message, row->message));
		result_free(&r);
	}
}

/* With its usage there is nothing to wait for but the end of the body. */
static void
test_silence_behind_usage(void **state)
{
	static const struct step STEPS[STEPS_MAX] = {
		{ .say = HEAD CLOSE DELTA("Hi") STOP USAGE },
		{ .wait_ms = 2000 },
	};
	CURLM *multi = curl_multi_init();
	struct server s;
	struct result r;

	(void)state;
	server_open(&s, STEPS, 1);
	ask(multi, "http", s.port, &LIMITS, &r);
	curl_multi_cleanup(multi);
	server_close(&s);
	assert_int_equal(r.end.err, ERR_OK);
	assert_true(r.times.ended - r.times.began < 1900 * 1000);
	result_free(&r);
}

/* ---- what is refused ---- */

static void
test_bad_keys(void **state)
{
	static const char *const KEYS[] = {
		"a b", "a\r\nX: y", "a\n", "\x7f", "\xc3\xa4", " a",
	};
	const struct llm_provider provider = {
		.label = "OpenAI", .base_url = "http://127.0.0.1:1",
		.wire = &llm_wire_openai,
	};
	const struct llm_request rq = { .model = "m" };
	struct llm_call *call = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++) {
		assert_int_equal(llm_call_open(&provider, KEYS[i], &rq,
		    &LIMITS, take_delta, NULL, &call), ERR_PROVIDER_AUTH);
		assert_null(call);
	}
	assert_int_equal(llm_call_open(&provider, "", &rq, &LIMITS,
	    take_delta, NULL, &call), ERR_OK);
	llm_call_free(call);
	llm_call_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_warm_connection),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_silence_behind_usage),
		cmocka_unit_test(test_bad_keys),
	};

	signal(SIGPIPE, SIG_IGN);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
