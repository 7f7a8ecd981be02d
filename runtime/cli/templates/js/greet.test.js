// `npm test` runs this, after `warren build`.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { greeting } from "../greeting.js";

const program = fileURLToPath(new URL("..", import.meta.url));

test("a greeting has the name", () => {
  assert.equal(greeting("Ada"), "hello, Ada");
});

test("the program greets", () => {
  const printed = execFileSync("warren", ["run", program, "Ada"], { encoding: "utf8" });
  assert.match(printed, /^hello, Ada, from process /);
});
