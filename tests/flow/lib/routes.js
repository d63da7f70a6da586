// The routes as the program has them, read from src/api/routes.h, so that what
// has to hold for every route is looked at for a new one too.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./paths.js";

export const NOBODYS_ID = "0190a000-0000-7000-8000-000000000000";

const ROW = /^X\((\w+), "([^"]+)", \w+, ([^)]*)\)/gm;

// [{ method, path, name, isPublic, isAdmin, hasBody }]
export const ROUTES = [...readFileSync(join(ROOT, "src/api/routes.h"), "utf8")
	.matchAll(ROW)].map(([, method, path, flags]) => ({ method, path,
		name: `${method} ${path}`, isPublic: flags.includes("ROUTE_PUBLIC"),
		isAdmin: flags.includes("ROUTE_ADMIN"), hasBody: flags.includes("ROUTE_BODY") }));

export const PROTECTED = ROUTES.filter((route) => !route.isPublic);

assert.ok(ROUTES.length >= 17 && PROTECTED.length >= 12,
	"src/api/routes.h is not read as it is written");

// The path with an id and a name in it.
export const fill = (path, id = NOBODYS_ID, name = "demo") =>
	path.replace("{id}", id).replace("{name}", name);
