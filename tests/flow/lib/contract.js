// Holds every answer to docs/openapi.yaml: its status, type, headers and JSON
// have to be described there for its route, and a body that was accepted too.
// client.js asks for each; what does not fit fails the test, or at the latest
// its file, where a test would have caught it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { ROOT } from "./paths.js";

// The packages are the page's, for it is the one that has any: npm ci in www/.
const require = createRequire(join(ROOT, "www/package.json"));
const Ajv = require("ajv/dist/2020.js").default;
const addFormats = require("ajv-formats").default;
const YAML = require("yaml");

const FILE = "docs/openapi.yaml";
const BASE = "/api/v1";
const SHOWN_MAX = 200;	// characters of a value in a sentence

export const DOCUMENT = YAML.parse(readFileSync(join(ROOT, FILE), "utf8"));

// ---- the document ----

const escaped = (key) => key.replaceAll("~", "~0").replaceAll("/", "~1");
const unescaped = (key) => key.replaceAll("~1", "/").replaceAll("~0", "~");

// Where something is: the keys that lead to it, as a JSON pointer.
const pointer = (...keys) => keys.map((key) => `/${escaped(key)}`).join("");

const at = (place) => place.split("/").slice(1)
	.reduce((node, key) => node?.[unescaped(key)], DOCUMENT);

// The place that is meant, where there is only a reference.
function follow(place) {
	const ref = at(place)?.$ref;

	return ref === undefined ? place : follow(ref.slice(1));
}

// A header's values are texts, and a text of OpenAPI may have any keyword.
const ajv = new Ajv({ strict: false, allErrors: true, validateSchema: false });

addFormats(ajv);
ajv.addSchema({ $id: FILE, ...DOCUMENT });

// A schema is compiled when it is met first.
const validator = (place) => ajv.getSchema(`${FILE}#${place}`);

// ---- what is wrong, in words ----

function shown(value) {
	const text = JSON.stringify(value) ?? "absent";

	return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}…`;
}

const partOf = (value, path) => path.split("/").slice(1)
	.reduce((node, key) => node?.[unescaped(key)], value);

const WORDS = {
	additionalProperties: ({ additionalProperty: name }) =>
		`has "${name}", which is not described`,
	required: ({ missingProperty: name }) => `lacks "${name}"`,
	enum: ({ allowedValues: list }) => `must be one of ${list.join(", ")}`,
	const: ({ allowedValue: only }) => `must be ${JSON.stringify(only)}`,
};

function inWords(error, value) {
	const { instancePath: path, keyword, params, message } = error;
	const said = WORDS[keyword]?.(params) ?? message;

	return `${path || "it"} ${said}: ${shown(partOf(value, path))}`;
}

// Of several forms that something may have, the one that is missed by least is
// the one that was meant.
function faultsOf(place, value) {
	const validate = validator(place);

	if (validate(value))
		return [];
	const faults = validate.errors.map((error) => inWords(error, value));
	const meant = follow(place);
	const [choice, forms] = Object.entries(at(meant)).find(([key]) =>
		key === "oneOf" || key === "anyOf") ?? [];

	return (forms ?? []).map((_, i) =>
		faultsOf(`${meant}/${choice}/${i}`, value))
		.filter((list) => list.length > 0)
		.sort((a, b) => a.length - b.length)[0] ?? faults;
}

// ---- which part of the document is meant ----

const PATHS = Object.keys(DOCUMENT.paths).map((path) => ({ path,
	parts: path.split("/") }));

const isSlot = (part) => part.startsWith("{");

// A path that has a word where another has a slot comes first.
const BY_WORDS = [...PATHS].sort((a, b) =>
	a.parts.filter(isSlot).length - b.parts.filter(isSlot).length);

function pathOf(path) {
	const parts = path.split("/");

	return BY_WORDS.find((known) => known.parts.length === parts.length
		&& known.parts.every((part, i) => part === parts[i]
			|| (isSlot(part) && parts[i] !== "")))?.path;
}

const responseNamed = (name) => pointer("components", "responses", name);

const WEB_SERVER = responseNamed("WebServer");

function webServerMay(status) {
	return at(WEB_SERVER)["x-statuses"].includes(status) ? [WEB_SERVER] : [];
}

// The descriptions that an answer of this status may go by.
function responsesOf(operation, status) {
	if (operation === undefined)
		return [...status === 404 ? [responseNamed("NotFound")] : [],
			...status === 405 ? [responseNamed("MethodNotAllowed")] : [],
			...webServerMay(status)];
	const own = pointer("paths", operation.path, operation.method,
		"responses", String(status));
	const others = pointer("paths", operation.path, operation.method,
		"responses", "default");

	if (at(own))
		return [follow(own)];
	if (at(others) && follow(others) !== WEB_SERVER)
		return [follow(others)];
	return webServerMay(status);
}

function operationOf(method, path) {
	const known = pathOf(path);
	const name = method.toLowerCase();

	return known && DOCUMENT.paths[known][name]
		? { path: known, method: name } : undefined;
}

// ---- looking ----

const typeOf = (headers) =>
	(headers["content-type"] ?? "").split(";")[0].trim();

function headerFaults(response, headers) {
	return Object.keys(at(response).headers ?? {}).flatMap((name) => {
		const place = follow(`${response}${pointer("headers", name)}`);
		const values = [headers[name.toLowerCase()] ?? []].flat();

		if (values.length === 0)
			return at(place).required ? [`it lacks the header ${name}`] : [];
		return values.flatMap((value) => faultsOf(`${place}/schema`, value))
			.map((fault) => `the header ${name}: ${fault}`);
	});
}

function bodyFaults(response, { headers, text, body }) {
	const { content } = at(response);
	const type = typeOf(headers);

	if (content === undefined)
		return text === "" ? [] : [`it must have no body: ${shown(text)}`];
	if (content[type] === undefined)
		return [`it is ${type || "of no type"}, not ${Object.keys(content)}`];
	return type !== "application/json" ? [] : faultsOf(
		`${response}${pointer("content", type, "schema")}`, body);
}

const answerFaults = (response, answer) =>
	[...headerFaults(response, answer.headers), ...bodyFaults(response, answer)];

function jsonOf(sent) {
	return typeof sent === "string" || Buffer.isBuffer(sent)
		? JSON.parse(sent.toString("utf8")) : JSON.parse(JSON.stringify(sent));
}

function requestFaults(operation, status, sent) {
	if (operation === undefined || status >= 300 || sent === undefined)
		return [];
	const place = pointer("paths", operation.path, operation.method,
		"requestBody", "content", "application/json", "schema");

	return at(place) === undefined ? [] : faultsOf(place, jsonOf(sent))
		.map((fault) => `it was accepted, though ${fault}`);
}

// Everything that did not fit in this process.
const broken = [];

function tell(what, faults) {
	if (faults.length === 0)
		return;
	const message = `${what} is not as ${FILE} says:\n  ${faults.join("\n  ")}`;

	broken.push(message);
	// no waiting heals it
	throw Object.assign(new assert.AssertionError({ message }), { final: true });
}

function locate(method, url) {
	const { pathname } = new URL(url);

	if (!pathname.startsWith(`${BASE}/`))
		return undefined;	// the page's, or a provider's
	const path = pathname.slice(BASE.length);

	return { path, operation: operationOf(method, path) };
}

// A whole answer: { status, headers, body, text }; `sent` is the request's body.
export function checkAnswer(method, url, sent, answer) {
	const found = locate(method, url);

	if (found === undefined)
		return;
	const { path, operation } = found;
	const { status } = answer;
	const what = `${method} ${path}: ${status}`;
	const responses = responsesOf(operation, status);

	if (responses.length === 0)
		tell(what, [`the route does not describe this status: ${
			shown(answer.body)}`]);
	const told = responses.map((response) => answerFaults(response, answer));

	if (told.every((faults) => faults.length > 0))
		tell(what, told[0]);
	tell(what, requestFaults(operation, status, sent));
}

// The head of an answer of events; gives what looks at each of them.
export function eventChecker(method, url, status, headers, sent) {
	const { path, operation } = locate(method, url) ?? {};

	if (path === undefined)
		return () => {};
	const what = `${method} ${path}: ${status}`;
	const schema = pointer("content", "text/event-stream", "schema");
	const response = responsesOf(operation, status).find((one) =>
		at(one + schema));

	if (response === undefined)
		tell(what, ["the route does not describe events"]);
	tell(what, [...headerFaults(response, headers),
		...requestFaults(operation, status, sent)]);
	return (data) => tell(`an event of ${what}`,
		faultsOf(response + schema, data));
}

// That a value is what the schema of that name says.
export function checkSchema(name, value) {
	tell(`this ${name}`, faultsOf(pointer("components", "schemas", name),
		value));
}

// For the end of a file: nothing was wrong that a test has caught.
export function assertAllFit() {
	assert.deepEqual(broken, []);
}
