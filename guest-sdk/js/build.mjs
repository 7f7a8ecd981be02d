#!/usr/bin/env node
// Builds processes: `node build.mjs greeter.js` writes greeter.wasm beside it,
// or into DIR with `--out DIR`. Files imported by relative path are bundled.
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values: options, positionals: sources } = parseArgs({
  allowPositionals: true,
  options: { out: { type: "string" } },
});
if (sources.length === 0) stop(2, "usage: node build.mjs [--out DIR] FILE.js...");

const here = dirname(fileURLToPath(import.meta.url));
const componentize = await load();
// In a program of its own, the WIT lies beside this file.
const wit = [join(here, "wit"), join(here, "../../wit")].find(existsSync);
if (!wit) stop(1, `there is no directory wit in ${here}`);

for (const source of sources) {
  const path = resolve(source);
  const out = join(options.out ?? dirname(path), `${basename(path, ".js")}.wasm`);
  // Only files below the current directory can be imported; errors name them by
  // their path from there.
  if (relative(process.cwd(), path).startsWith("..")) stop(2, `${source}: run this in a directory above it`);
  try {
    const { component } = await componentize({
      sourcePath: path,
      witPath: wit,
      worldName: "guest",
      // A process has no network.
      disableFeatures: ["http", "fetch-event"],
    });
    await writeFile(out, component);
  } catch (error) {
    stop(1, `${source}: ${error.message}`);
  }
}

async function load() {
  try {
    return (await import("@bytecodealliance/componentize-js")).componentize;
  } catch (error) {
    stop(1, `componentize-js cannot be loaded: ${error.message}; run \`npm ci\` in ${here}`);
  }
}

function stop(status, message) {
  console.error(`error: ${message}`);
  process.exit(status);
}
