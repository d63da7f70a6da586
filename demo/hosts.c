/*
 * Hosts that speak OpenAI's chat completions in their own way, each below a
 * path of its own: what they were seen to do, in recordings and in their SDKs,
 * is a flavour, and so is a row for each kind of error.
 */
#include <string.h>

#include "openai.h"

#define QUOTED(text) "\"" text "\""
#define ERROR(more) "{\"error\":{\"message\":" more "}}"

/* Azure: `api-key`, the deployment in the path or in the body, filters. */

#define FILTERS(is) "{\"hate\":{\"filtered\":" is ",\"severity\":\"safe\"}," \
	"\"self_harm\":{\"filtered\":false,\"severity\":\"safe\"}}"
#define DEPLOYMENTS "/azure/openai/deployments/"
#define ASK_END "/chat/completions"

static const struct error_body AZURE_ERRORS[] = {
	{ 400, false, ERROR("\"The response was filtered due to the prompt "
		"triggering Azure OpenAI's content management policy.\","
		"\"type\":null,\"param\":\"prompt\",\"code\":"
		"\"content_filter\",\"status\":400") },
	{ 401, false, "{\"error\":{\"code\":\"401\",\"message\":\"Access "
		"denied due to invalid subscription key or wrong API "
		"endpoint.\"}}" },
	{ 404, false, "{\"error\":{\"type\":\"invalid_request_error\","
		"\"code\":\"DeploymentNotFound\",\"message\":\"The API "
		"deployment for this resource does not exist.\"}}" },
	{ 429, false, "{\"error\":{\"code\":\"429\",\"message\":\"Requests to "
		"this deployment have exceeded the call rate limit.\"}}" },
	{ 0, false, NULL },
};

static const struct flavour AZURE = {
	.thought = "reasoning_content",
	.before = "data: {\"choices\":[],\"created\":0,\"id\":\"\","
		"\"model\":\"\",\"object\":\"\",\"prompt_filter_results\":"
		"[{\"prompt_index\":0,\"content_filter_results\":"
		FILTERS("false") "}]}",
	.choice_more = "\"content_filter_results\":" FILTERS("false"),
	.blocks_message = true,
	.errors = AZURE_ERRORS,
};

static bool
asks_azure(struct slice path)
{
	size_t before = strlen(DEPLOYMENTS), after = strlen(ASK_END);

	if (slice_is(path, "/azure/openai/v1" ASK_END))
		return true;
	return path.n > before + after
		&& memcmp(path.p, DEPLOYMENTS, before) == 0
		&& memcmp(path.p + path.n - after, ASK_END, after) == 0;
}

static struct slice
azure_key(const struct http_request *rq)
{
	return http_header(rq, "api-key");
}

/* Without a version nothing is found. */
static struct objection
azure_objects(const struct http_request *rq, json_t *body)
{
	(void)body;
	return (struct objection){
		http_query(rq, "api-version").p ? 0 : 404, NULL,
	};
}

/* DeepSeek: comments while it is busy, 402 for an empty account. */

static const struct error_body DEEPSEEK_ERRORS[] = {
	{ 401, false, ERROR("\"Authentication Fails, Your api key: %k is "
		"invalid\",\"type\":\"authentication_error\",\"param\":null,"
		"\"code\":\"invalid_request_error\"") },
	{ 402, false, ERROR("\"Insufficient Balance\",\"type\":"
		"\"unknown_error\",\"param\":null,"
		"\"code\":\"invalid_request_error\"") },
	{ 400, false, ERROR("\"This model's maximum context length is 65536 "
		"tokens. However, you requested 70000 tokens.\",\"type\":"
		"\"invalid_request_error\",\"param\":null,"
		"\"code\":\"invalid_request_error\"") },
	{ 0, false, NULL },
};

static const struct flavour DEEPSEEK = {
	.thought = "reasoning_content",
	.usage = USAGE_LAST,
	.before = ": keep-alive",
	.error = "data: {\"id\":\"demo\",\"choices\":[{\"index\":0,\"delta\":"
		"{\"content\":\"\"},\"finish_reason\":"
		"\"insufficient_system_resource\"}]}",
	.has_done_after_error = true,
	.errors = DEEPSEEK_ERRORS,
};

/* Groq: usage in x_groq, an error as an event of that name, no [DONE]. */

static const struct flavour GROQ = {
	.thought = "reasoning",
	.usage = USAGE_X_GROQ,
	.error = "event: error\ndata: " ERROR("\"Tool call validation failed: "
		"missing properties: 'name'\",\"type\":"
		"\"invalid_request_error\",\"code\":\"tool_use_failed\","
		"\"status_code\":400"),
};

/* Ollama: errors as an object, and as a string where a model is missing. */

static const struct error_body OLLAMA_ERRORS[] = {
	{ 400, false, ERROR("\"prompt too long; exceeded max context length "
		"by 11 tokens\",\"type\":\"invalid_request_error\","
		"\"param\":null,\"code\":null") },
	{ 401, false, ERROR("\"Unauthorized\",\"type\":\"api_error\","
		"\"param\":null,\"code\":null") },
	{ 404, false, "{\"error\":\"model '%m' not found, try pulling it "
		"first\"}" },
	{ 0, false, NULL },
};

static const struct flavour OLLAMA = {
	.thought = "reasoning",
	.error = "data: {\"error\":\"an error was encountered while running "
		"the model: unexpected EOF\"}",
	.errors = OLLAMA_ERRORS,
};

/* OpenRouter: comments while it waits, an error inside a usual chunk. */

static const struct error_body OPENROUTER_ERRORS[] = {
	{ 401, false, ERROR("\"No auth credentials found\",\"code\":401") },
	{ 402, false, ERROR("\"Insufficient credits\",\"code\":402") },
	{ 429, false, ERROR("\"Provider returned error\",\"code\":429,"
		"\"metadata\":{\"raw\":\"%m is temporarily rate-limited "
		"upstream.\"}") },
	{ 0, false, NULL },
};

static const struct flavour OPENROUTER = {
	.thought = "reasoning",
	.usage = USAGE_LAST,
	.before = ": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING",
	.error = "data: {\"id\":\"gen-demo\",\"provider\":\"Demo\",\"error\":"
		"{\"code\":502,\"message\":\"Provider disconnected\"},"
		"\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":"
		"0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},"
		"\"finish_reason\":\"error\",\"native_finish_reason\":null}]}",
	.has_done_after_error = true,
	.errors = OPENROUTER_ERRORS,
};

/* Perplexity: CRLF, and no [DONE]. */

static const struct error_body PERPLEXITY_ERRORS[] = {
	{ 400, false, ERROR("\"The total length of all messages is too long.\""
		",\"type\":\"too_many_prompt_tokens\",\"code\":400") },
	{ 401, false, ERROR("\"Invalid API key provided.\",\"type\":"
		"\"invalid_api_key\",\"code\":401") },
	{ 0, false, NULL },
};

static const struct flavour PERPLEXITY = {
	.thought = "reasoning",
	.usage = USAGE_LAST,
	.is_crlf = true,
	.has_no_done = true,
	.errors = PERPLEXITY_ERRORS,
};

/* vLLM: the error is the body. */

#define VLLM_ERROR(text, type, code) "{\"object\":\"error\",\"message\":" \
	QUOTED(text) ",\"type\":" QUOTED(type) ",\"param\":null,\"code\":" code \
	"}"

static const struct error_body VLLM_ERRORS[] = {
	{ 400, false, VLLM_ERROR("This model's maximum context length is 8192 "
		"tokens.", "BadRequestError", "400") },
	{ 401, false, "{\"error\":\"Unauthorized\"}" },
	{ 404, false, VLLM_ERROR("The model `%m` does not exist.",
		"NotFoundError", "404") },
	{ 0, false, NULL },
};

static const struct flavour VLLM = {
	.thought = "reasoning_content",
	.error = "data: " VLLM_ERROR("EngineCore encountered an issue.",
		"InternalServerError", "500"),
	.has_done_after_error = true,
	.errors = VLLM_ERRORS,
};

/* ---- the dialects ---- */

#define ASKS(host, base) \
static bool \
asks_##host(struct slice path) \
{ \
	return slice_is(path, base ASK_END); \
}

ASKS(deepseek, "/deepseek")
ASKS(groq, "/groq/openai/v1")
ASKS(ollama, "/ollama/v1")
ASKS(openrouter, "/openrouter/api/v1")
ASKS(perplexity, "/perplexity")
ASKS(vllm, "/vllm/v1")

#define DIALECT(HOST, host, base, read_key, objects) \
const struct dialect DIALECT_##HOST = { \
	.name = #host, \
	.flavour = &HOST, \
	.is_ask = asks_##host, \
	.read = openai_read, \
	.key = read_key, \
	.object = objects, \
	.stream_type = "text/event-stream; charset=utf-8", \
	.write_head = openai_write_head, \
	.write_thought = openai_write_thought, \
	.write_token = openai_write_token, \
	.write_end = openai_write_end, \
	.write_error = openai_write_error, \
	.write_whole = openai_write_whole, \
	.write_refusal = openai_write_refusal, \
	.models_path = base "/models", \
	.write_models = openai_write_models, \
};

DIALECT(AZURE, azure, "/azure/openai/v1", azure_key, azure_objects)
DIALECT(DEEPSEEK, deepseek, "/deepseek", openai_key, NULL)
DIALECT(GROQ, groq, "/groq/openai/v1", openai_key, NULL)
DIALECT(OLLAMA, ollama, "/ollama/v1", openai_key, NULL)
DIALECT(OPENROUTER, openrouter, "/openrouter/api/v1", openai_key, NULL)
DIALECT(PERPLEXITY, perplexity, "/perplexity", openai_key, NULL)
DIALECT(VLLM, vllm, "/vllm/v1", openai_key, NULL)
