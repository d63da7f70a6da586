#include "llm/transport.h"

#include <stdio.h>
#include <string.h>

#include "llm/fault.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0"
#endif

enum { HOST_MAX = 128 }; /* of a host's name in a sentence */

static const struct {
	CURLoption option;
	long value;
} NUMBERS[] = {
	{ CURLOPT_QUICK_EXIT, 1 },
	{ CURLOPT_NOSIGNAL, 1 },
	{ CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
	{ CURLOPT_FOLLOWLOCATION, 0 },
	{ CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 }, /* or later */
	{ CURLOPT_SSL_VERIFYPEER, 1 },
	{ CURLOPT_SSL_VERIFYHOST, 2 },
	{ CURLOPT_TCP_NODELAY, 1 },
	{ CURLOPT_TCP_KEEPALIVE, 1 },
	{ CURLOPT_SUPPRESS_CONNECT_HEADERS, 1 },
	/* Tokens are small and streams are many: an eighth of curl's own. */
	{ CURLOPT_BUFFERSIZE, 2048 },
	/* With TLS a question goes out through this one, 64 KB by default. */
	{ CURLOPT_UPLOAD_BUFFERSIZE, 16384 },
};

/* There is no Accept-Encoding: a decoder would hold back what it reads. */
static const struct {
	CURLoption option;
	const char *value;
} TEXTS[] = {
	{ CURLOPT_PROXY, "" }, /* none, whatever the environment says */
	{ CURLOPT_PROTOCOLS_STR, "http,https" },
	{ CURLOPT_USERAGENT, "LLMSelect/" PACKAGE_VERSION },
};

void
llm_transport_start(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

void
llm_transport_stop(void)
{
	curl_global_cleanup();
}

bool
llm_transport_set(CURL *easy, const struct llm_provider *provider,
    int64_t connect_ms)
{
	for (size_t i = 0; i < sizeof(NUMBERS) / sizeof(NUMBERS[0]); i++)
		if (curl_easy_setopt(easy, NUMBERS[i].option,
		    NUMBERS[i].value) != CURLE_OK)
			return false;
	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++)
		if (curl_easy_setopt(easy, TEXTS[i].option,
		    TEXTS[i].value) != CURLE_OK)
			return false;
	if (provider->ca_file[0] != '\0' &&
	    curl_easy_setopt(easy, CURLOPT_CAINFO, provider->ca_file) !=
	    CURLE_OK)
		return false;
	return curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)connect_ms) == CURLE_OK;
}

/* The other codes are ways in which a connection breaks.  %s: the label, then
 * the host. */
static const struct {
	CURLcode code;
	enum err err;
	const char *sentence; /* NULL: the usual one */
} FAULTS[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, ERR_NETWORK,
	    "%s could not be reached: the name %s is not known." },
	{ CURLE_COULDNT_CONNECT, ERR_NETWORK,
	    "%s could not be reached: %s takes no connections." },
	{ CURLE_OPERATION_TIMEDOUT, ERR_TIMEOUT,
	    "%s could not be reached: %s did not answer in time." },
	{ CURLE_PEER_FAILED_VERIFICATION, ERR_NETWORK,
	    "%s could not be reached: the certificate of %s is not valid." },
	{ CURLE_SSL_CONNECT_ERROR, ERR_NETWORK,
	    "%s could not be reached: no secure connection to %s came about." },
	{ CURLE_UNSUPPORTED_PROTOCOL, ERR_PROTOCOL,
	    "%s could not be asked: %s does not speak HTTP." },
	{ CURLE_WEIRD_SERVER_REPLY, ERR_PROTOCOL,
	    "%s could not be asked: %s does not speak HTTP." },
	/* libcurl's word for a line of a head over its ceiling of 100 KB; where
	 * memory is really out, nobody gets as far as here. */
	{ CURLE_OUT_OF_MEMORY, ERR_PROTOCOL,
	    "%s could not be asked: %s answers with a head that is too long. "
	    "Check its base_url." },
};

static void
copy_host(const char *url, char out[static HOST_MAX])
{
	const char *p = strstr(url, "://");
	size_t n;

	p = p != NULL ? p + 3 : url;
	n = p[0] == '[' ? strcspn(p, "]") + 1 : strcspn(p, ":/");
	snprintf(out, HOST_MAX, "%.*s", (int)n, p);
}

static void
note_code(struct llm_end *end, CURLcode code)
{
	size_t n = strlen(end->note);

	snprintf(end->note + n, sizeof(end->note) - n, "%scurl %d: %s",
	    n > 0 ? ", " : "", (int)code, code == CURLE_OK ?
	    "closed without an end" : curl_easy_strerror(code));
}

void
llm_transport_fault(struct llm_end *end, const struct llm_provider *provider,
    CURLcode code)
{
	char host[HOST_MAX];

	llm_fault_set(end, provider, ERR_NETWORK);
	note_code(end, code);
	for (size_t i = 0; i < sizeof(FAULTS) / sizeof(FAULTS[0]); i++) {
		if (FAULTS[i].code != code)
			continue;
		llm_fault_set(end, provider, FAULTS[i].err);
		if (FAULTS[i].sentence == NULL)
			return;
		copy_host(provider->base_url, host);
		snprintf(end->message, sizeof(end->message),
		    FAULTS[i].sentence, provider->label, host);
		return;
	}
}
