// docs/openapi.yaml is OpenAPI, and says enough to hold answers to it.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { DOCUMENT, checkAnswer, eventChecker } from "./lib/contract.js";
import { ROOT } from "./lib/paths.js";

const require = createRequire(join(ROOT, "www/package.json"));
const Ajv = require("ajv/dist/2020.js").default;
const { Validator } = require("@seriousme/openapi-schema-validator");

const operations = Object.entries(DOCUMENT.paths).flatMap(([path, item]) =>
	Object.entries(item).filter(([, { responses }]) => responses)
		.map(([method, operation]) => ({ ...operation, path,
			name: `${method.toUpperCase()} ${path}` })));

const isBroken = async (change) => {
	const copy = structuredClone(DOCUMENT);

	change(copy);
	return !(await new Validator().validate(copy)).valid;
};

test("it is valid OpenAPI 3.1", async () => {
	const validator = new Validator();
	const { valid, errors } = await validator.validate(
		structuredClone(DOCUMENT));

	assert.ok(valid, JSON.stringify(errors, null, 2));
	assert.equal(validator.version, "3.1");
	// and the validator does look
	assert.ok(await isBroken((copy) => delete copy.info.title));
	assert.ok(await isBroken((copy) =>
		copy.paths["/health"].get.responses["600"] = { description: "?" }));
});

// The schemas are JSON Schema, which OpenAPI's own schema leaves open.
function* schemasIn(node, key) {
	if (node === null || typeof node !== "object")
		return;
	if (key === "schema")
		yield node;
	for (const [name, value] of Object.entries(node))
		yield* schemasIn(value, name);
}

test("its schemas are JSON Schema of 2020-12", () => {
	const ajv = new Ajv();
	const isSchema = (schema) => ajv.validateSchema(schema);
	const found = [...schemasIn(DOCUMENT),
		...Object.values(DOCUMENT.components.schemas)];

	assert.ok(found.length > 60);
	for (const schema of found)
		assert.ok(isSchema(schema), `${JSON.stringify(schema)}: ${
			ajv.errorsText()}`);
	assert.ok(!isSchema({ properties: { id: { type: "word" } } }));
});

// What is meant without a reference: see the document's first lines.
const BY_NAME = new Set(["bearer", "cookie", "NotFound", "MethodNotAllowed"]);

test("every reference leads somewhere, and everything is referred to", () => {
	const text = JSON.stringify(DOCUMENT);
	const refs = new Set([...text.matchAll(/"\$ref":"#\/([^"]+)"/g)]
		.map(([, ref]) => ref));

	for (const ref of refs)
		assert.ok(ref.split("/").reduce((node, key) => node?.[key], DOCUMENT),
			ref);
	for (const [kind, all] of Object.entries(DOCUMENT.components))
		for (const name of Object.keys(all))
			assert.ok(refs.has(`components/${kind}/${name}`)
				|| BY_NAME.has(name), `${kind}/${name} is not used`);
});

// An object says what it has, what it must have, and that it has nothing else.
function* objectsIn(node, at) {
	if (node === null || typeof node !== "object")
		return;
	if ([node.type].flat().includes("object"))
		yield [at, node];
	for (const [key, value] of Object.entries(node))
		yield* objectsIn(value, `${at}/${key}`);
}

test("every object is closed", () => {
	const found = [...objectsIn(DOCUMENT, "")];

	assert.ok(found.length > 30);
	for (const [at, object] of found)
		assert.notEqual(object.additionalProperties, undefined, at);
});

for (const operation of operations)
	test(`${operation.name} says what it answers`, () => {
		const statuses = Object.keys(operation.responses);

		assert.ok(statuses.some((status) => /^2/.test(status)));
		assert.equal(operation.responses.default?.$ref,
			"#/components/responses/WebServer",
			"name each status of its own, and WebServer as the default");
	});

// What checkAnswer lets pass, and what not: [method, path, what came].
const UP = { status: "ok", version: "1", streams: 0 };
const QUESTION = { provider: "demo", model: "demo", message: "Hi" };
const JSON_TYPE = { "content-type": "application/json" };

const error = (code) => ({ error: code, message: "No.",
	request_id: "0123456789abcdef" });
const came = (status, body, headers = JSON_TYPE) => ({ status, headers, body,
	text: body === "" ? "" : JSON.stringify(body) });

const FIT = [
	["as described", "GET", "/health", came(200, UP)],
	["the web server's own", "GET", "/health", came(413, error("too_large"))],
	["no such path", "GET", "/nope", came(404, error("not_found"))],
	["no such id", "GET", "/streams/1", came(404, error("not_found"))],
	["not this method", "PUT", "/health", came(405,
		error("method_not_allowed"), { ...JSON_TYPE, allow: "GET" })],
	["no body", "DELETE", "/keys/demo", came(204, "", {})],
];

const UNFIT = [
	["a field too many", "GET", "/health", came(200, { ...UP, more: 1 }),
		/it has "more", which is not described/],
	["a field too few", "GET", "/ready", came(200, {}), /it lacks "status"/],
	["another type", "GET", "/health", came(200, { ...UP, streams: "0" }),
		/\/streams must be integer: "0"/],
	["an unknown status", "GET", "/health", came(418, UP),
		/does not describe this status/],
	["an unknown code", "GET", "/health", came(503, error("lazy"),
		{ ...JSON_TYPE, "retry-after": "1" }), /\/error must be/],
	["another route's code", "GET", "/streams/1", came(404, error("busy")),
		/\/error must be "not_found"/],
	["no Retry-After", "GET", "/health", came(503, error("unavailable")),
		/it lacks the header Retry-After/],
	["no Allow", "POST", "/health", came(405, error("not_found")),
		/it lacks the header Allow/],
	["HTML", "GET", "/health", came(200, "<p>",
		{ "content-type": "text/html" }), /it is text\/html, not/],
	["a body where none is", "DELETE", "/keys/demo", came(204, {}),
		/it must have no body/],
	["something where nothing is", "GET", "/nope", came(200, {}),
		/does not describe this status/],
];

const URL_OF = (path) => `http://host/api/v1${path}`;

for (const [name, method, path, answer] of FIT)
	test(`it fits: ${name}`, () =>
		checkAnswer(method, URL_OF(path), undefined, answer));

for (const [name, method, path, answer, says] of UNFIT)
	test(`it does not fit: ${name}`, () =>
		assert.throws(() => checkAnswer(method, URL_OF(path), undefined, answer),
			({ message, final }) => final && says.test(message)));

test("what is not the API's is not looked at", () =>
	checkAnswer("GET", "http://host/v1/models", undefined, came(200, {})));

test("a body that should not have been accepted is told of", () => {
	const take = (sent) => eventChecker("POST", URL_OF("/chat/stream"), 200,
		{}, sent);

	take(QUESTION);
	take(JSON.stringify({ ...QUESTION, temperature: null }));
	assert.throws(() => take({ ...QUESTION, temperature: "warm" }),
		/it was accepted, though \/temperature must be number,null: "warm"/);
	assert.throws(() => take({ ...QUESTION, modle: 1 }), /it has "modle"/);
});

test("each event is one of those that are described", () => {
	const check = eventChecker("POST", URL_OF("/chat/stream"), 200, {},
		QUESTION);

	check({ content: "Hi" });
	check({ restart: true });
	for (const [event, says] of [
		[{ content: 1 }, /\/content must be string: 1/],
		[{ content: "" }, /\/content must NOT have fewer than 1/],
		[{ content: "Hi", more: 1 }, /it has "more"/],
		[{ restart: false }, /\/restart must be true/],
		[{}, /it lacks/]])
		assert.throws(() => check(event), says);
});
