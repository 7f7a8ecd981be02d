// Builds one component for `warren build`: `node build.mjs REQUEST`, where REQUEST is
// JSON, `{ source, root, out }`: the process's file, the directory of its program, and
// the component to write. Prints one line of JSON: `{ packages, notes }`, or `{ fault }`
// if the sources are wrong.
import { rmSync } from "node:fs";
import { mkdtemp, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { componentize } from "@bytecodealliance/componentize-js";

import { ofEngine } from "./engine.mjs";
import { Fault } from "./fault.mjs";
import { Sources } from "./modules.mjs";
import { bundle } from "./packages.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const { source, root, out } = JSON.parse(process.argv[2]);
const asker = process.ppid;

// The engine splits its arguments at spaces.
if (/\s/.test(tmpdir())) process.env.TMPDIR = "/tmp";
/** The entry in place of a file with a space in its path. */
const ENTRY = "warren-entry.js";

/** Bundles, runs the top level of the modules in the engine, and writes the component. */
async function build() {
  const sources = Sources.of(resolve(source), resolve(root));
  const stage = await realpath(await mkdtemp(join(tmpdir(), "warren-js-")));
  const clear = () => rmSync(stage, { recursive: true, force: true });
  for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143]]) {
    process.on(signal, () => {
      clear();
      process.exit(status);
    });
  }
  try {
    const built = await bundle(sources.packages, stage);
    await sources.write(stage);
    let { name } = sources.entry;
    if (/\s/.test(name)) {
      await writeFile(join(stage, ENTRY), `export { start } from ${JSON.stringify(`./${name}`)};\n`);
      name = ENTRY;
    }
    // The engine sees the files below the current directory, and names them from there.
    process.chdir(stage);
    const { component } = await componentize({
      sourcePath: join(stage, name),
      witPath: join(here, "wit"),
      worldName: "guest",
      // A process has no network.
      disableFeatures: ["http", "fetch-event"],
    }).catch((error) => {
      throw ofEngine(error, sources);
    });
    // Nobody would put a component in its place, or remove it, once the command has ended.
    if (process.ppid === asker) await writeFile(out, component);
    return built;
  } finally {
    process.chdir(here);
    clear();
  }
}

try {
  console.log(JSON.stringify(await build()));
} catch (error) {
  const fault = error.syscall ? new Fault(`cannot build: ${error.message}`) : error;
  if (!(fault instanceof Fault)) throw error;
  console.log(JSON.stringify({ fault }));
}
