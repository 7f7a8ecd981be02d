// The packages of npm that a process imports, each bundled with what it needs.
//
// Each imported name of a package (`slugify`, `lodash/fp`) becomes one file. Modules that
// several of them need are in files of their own, so that they exist once.
import { readFile, writeFile, mkdir } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { dirname, join } from "node:path";

import { rolldown } from "rolldown";

import { Fault } from "./fault.mjs";
import { withoutLateImports } from "./late.mjs";

/** The export of a bundle that is the package's namespace object. */
export const NAMESPACE = "warren_namespace";

/** Returns the file of a package's bundle. */
export const fileOf = (specifier) => `node_modules/${specifier}.js`;

const ENTRY = "\0warren-package:";
const EMPTY = "\0warren-empty:";

/**
 * Writes the bundles below a directory. Returns the names and versions of all packages in
 * them, and notes.
 */
export async function bundle(wanted, directory) {
  const notes = new Set();
  let fault = null;
  const plugin = {
    name: "warren",
    async resolveId(source, importer) {
      if (source.startsWith(ENTRY)) return source;
      const entry = importer?.startsWith(ENTRY) ? wanted.get(importer.slice(ENTRY.length)) : undefined;
      const found = await this.resolve(source, entry?.importer ?? importer, { skipSelf: true });
      if (found && !found.external) return found;
      if (entry) {
        fault ??= missing(source, entry);
        throw fault;
      }
      if (!isBuiltin(source)) return null;
      notes.add(`${packageOf(importer ?? "") ?? importer} imports ${source} of Node.js, which is empty in a process`);
      return EMPTY + source;
    },
    load(id) {
      if (id.startsWith(ENTRY)) {
        const specifier = id.slice(ENTRY.length);
        return entryOf(specifier, wanted.get(specifier));
      }
      return id.startsWith(EMPTY) ? "module.exports = {};" : null;
    },
  };
  const input = Object.fromEntries([...wanted.keys()].map((name) => [fileOf(name).slice(0, -3), ENTRY + name]));
  if (wanted.size === 0) return { packages: [], notes: [] };
  let output;
  try {
    const bundler = await rolldown({
      input,
      plugins: [plugin],
      platform: "browser",
      // The code of a package for a worker of a browser fits a process best: there is no page.
      resolve: { conditionNames: ["worker", "browser"] },
      external: /^(warren|wasi):/,
      transform: { define: { "process.env.NODE_ENV": '"production"', global: "globalThis" } },
      logLevel: "silent",
    });
    ({ output } = await bundler.generate({
      format: "esm",
      entryFileNames: "[name].js",
      chunkFileNames: "node_modules/shared-[hash].js",
    }));
    await bundler.close();
  } catch (error) {
    throw fault ?? ofBundler(error, wanted);
  }
  const ids = new Set();
  for (const chunk of output) {
    const path = join(directory, chunk.fileName);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, chunk.type === "chunk" ? withoutLateImports(chunk.code) : chunk.source);
    for (const id of chunk.moduleIds ?? []) ids.add(id);
  }
  return { packages: await versions(ids), notes: [...notes] };
}

/** Returns the module that has what the process imports of a package. */
function entryOf(specifier, { names, isNamespace, isAll }) {
  const from = JSON.stringify(specifier);
  const name = (name) => (/^[\w$]+$/.test(name) ? name : JSON.stringify(name));
  const lines = [`export { ${[...names].map(name).join(", ")} } from ${from};`];
  if (isNamespace) lines.push(`import * as ${NAMESPACE} from ${from};`, `export { ${NAMESPACE} };`);
  if (isAll) lines.push(`export * from ${from};`);
  return lines.join("\n");
}

function missing(specifier, { place, isBuiltin: isOfNode }) {
  if (isOfNode) {
    return new Fault(`${specifier} is a module of Node.js, which a process does not have`, {
      place,
      help: "use the functions of the SDK, or a package that also works in browsers",
    });
  }
  if (/^warren(-guest)?(\/|$)/.test(specifier)) {
    return new Fault(`there is no package ${specifier}`, {
      place,
      help: "the SDK is a directory: import \"./warren-guest/warren.js\", by the path from this file",
    });
  }
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  return new Fault(`there is no package ${specifier}`, {
    place,
    help: `run \`npm install ${name}\` in the directory of package.json`,
  });
}

/** Converts an error of the bundler: its first one, at its place if the bundler knows it. */
function ofBundler(error, wanted) {
  const first = error.errors?.[0] ?? error;
  const [line] = first.message.replace(/\x1b\[[0-9;]*m/g, "").split("\n");
  const message = line.replace(/^\[[A-Z_]+\] (Error: )?/, "").replaceAll("\0", "");
  const file = first.loc?.file ?? first.id;
  const entry = file?.startsWith(ENTRY) ? wanted.get(file.slice(ENTRY.length)) : undefined;
  const own = first.loc && { file, line: first.loc.line, column: first.loc.column + 1, length: 0 };
  return new Fault(message.replaceAll(ENTRY.slice(1), "the import of "), { place: entry?.place ?? own ?? null });
}

/** Returns the directory of the package that a file belongs to. */
function directoryOf(id) {
  return /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id.replaceAll("\\", "/"))?.[1];
}

const packageOf = (id) => directoryOf(id)?.split("/node_modules/").pop();

/** Returns `name version` of the packages of these files, sorted. */
async function versions(ids) {
  const directories = new Set([...ids].map(directoryOf).filter(Boolean));
  const names = [...directories].map(async (directory) => {
    const { name, version } = JSON.parse(await readFile(join(directory, "package.json"), "utf8"));
    return `${name} ${version}`;
  });
  return (await Promise.all(names)).sort();
}
