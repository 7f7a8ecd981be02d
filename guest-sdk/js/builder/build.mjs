// Builds one component for `warren build`: `node build.mjs REQUEST`, where REQUEST is
// JSON, `{ source, root, out }`: the process's file, the directory of its program, and
// the component to write. Prints one line of JSON: `{ packages, notes }`, or `{ fault }`
// if the sources are wrong.
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
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

/** Bundles, runs the top level of the modules in the engine, and writes the component. */
async function build() {
  const sources = Sources.of(resolve(source), resolve(root));
  const stage = await realpath(await mkdtemp(join(tmpdir(), "warren-js-")));
  try {
    const built = await bundle(sources.packages, stage);
    await sources.write(stage);
    // The engine sees the files below the current directory, and names them from there.
    process.chdir(stage);
    const { component } = await componentize({
      sourcePath: join(stage, sources.entry.name),
      witPath: join(here, "wit"),
      worldName: "guest",
      // A process has no network.
      disableFeatures: ["http", "fetch-event"],
    }).catch((error) => {
      throw ofEngine(error, sources);
    });
    await writeFile(out, component);
    return built;
  } finally {
    process.chdir(here);
    await rm(stage, { recursive: true, force: true });
  }
}

try {
  console.log(JSON.stringify(await build()));
} catch (error) {
  if (!(error instanceof Fault)) throw error;
  console.log(JSON.stringify({ fault: error }));
}
