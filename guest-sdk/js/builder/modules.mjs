// The modules of a process: its file, and the files that it imports by relative path.
//
// The engine loads these files as they are, so that places in traces are those of the
// sources. Only names of packages are replaced, in their line, by the names of the files
// into which the packages are bundled, and `import()` by what was imported at the build.
// Types of TypeScript become spaces.
import { existsSync, readFileSync, statSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { basename, dirname, join, relative, resolve, sep } from "node:path";

import { parseSync } from "rolldown/utils";

import { Fault, placeIn } from "./fault.mjs";
import { editsOfUnknown, literalOf } from "./late.mjs";
import { NAMESPACE, fileOf } from "./packages.mjs";
import { isTyped, withoutTypes } from "./types.mjs";

/** Imports that the runtime provides. */
const HOST = /^(warren|wasi):/;

/** The end of the name by which TypeScript imports a file, of what it would be compiled to. */
const COMPILED = /\.(m?)js$/;
/** The end of the name of that file itself. */
const TYPED = ".$1ts";

/** All modules of a process, and the packages that they import. */
export class Sources {
  modules = new Map();
  /** The imports of each package, by its name in the import. */
  packages = new Map();

  static of(path, root) {
    const sources = new Sources();
    sources.entry = sources.add(path);
    if (isTyped(path) && !sources.hasSdk()) {
      throw new Fault(`${basename(path)} does not import the SDK`, {
        place: placeIn(path, sources.entry.text, 0),
        help: 'import "./warren-guest/warren.js"; for AssemblyScript, its own compiler builds the module, by `npx asc`',
      });
    }
    const starts = (statement) => statement.entries.some(({ exportName }) => exportName.name === "start");
    if (!sources.entry.parsed.staticExports.some(starts)) {
      throw new Fault(`${basename(path)} does not export \`start\``, {
        place: placeIn(path, sources.entry.text, 0),
        help: "export the function of the process: `export const start = main((name) => ...)`",
      });
    }
    const bare = bareStart(sources.entry);
    if (bare && sources.hasSdk()) {
      throw new Fault("`start` is a function of its own, so nothing begins the process", {
        place: placeIn(path, sources.entry.text, bare.start, bare.end),
        help: "export what `main` of the SDK returns: `export const start = main((name) => ...)`",
      });
    }
    const base = commonDirectory([root, ...[...sources.modules.keys()].map(dirname)]);
    for (const module of sources.modules.values()) module.name = relative(base, module.path).split(sep).join("/");
    return sources;
  }

  /** Returns the module of that name in traces. */
  named(name) {
    return [...this.modules.values()].find((module) => module.name === name);
  }

  /** Tells if the SDK is among the modules. */
  hasSdk() {
    const paths = [...this.modules.keys()];
    return paths.some((path) => basename(path) === "warren.js" && this.modules.has(join(dirname(path), "imports.js")));
  }

  add(path) {
    const known = this.modules.get(path);
    if (known) return known;
    const module = new Module(path);
    this.modules.set(path, module);
    for (const request of module.requests) this.#follow(module, request);
    return module;
  }

  #follow(module, request) {
    const { specifier, start, end } = request;
    const place = placeIn(module.path, module.text, start, end);
    if (HOST.test(specifier)) return;
    if (/^\.{0,2}\//.test(specifier)) {
      const path = resolve(dirname(module.path), specifier);
      const found = fileAt(path, specifier, place);
      request.target = this.add(found);
      request.isRenamed = found !== path;
      if (request.isRenamed) request.specifier = specifier.replace(COMPILED, TYPED);
      const type = request.names.find((name) => request.target.isType(name));
      if (type === undefined) return;
      throw new Fault(`${type} of ${specifier} is a type, which the build removes`, {
        place,
        help: `write \`type ${type}\` in the list of names`,
      });
    }
    const wanted = this.packages.get(specifier) ?? {
      importer: module.path,
      place,
      names: new Set(),
      isBuiltin: isBuiltin(specifier),
      isNamespace: false,
      isAll: false,
    };
    this.packages.set(specifier, wanted);
    for (const name of request.names) wanted.names.add(name);
    wanted.isNamespace ||= request.isNamespace;
    wanted.isAll ||= request.isAll;
  }

  /** Writes the modules below a directory, each under its name. */
  async write(directory) {
    for (const module of this.modules.values()) {
      const path = join(directory, module.name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, module.rewritten());
    }
  }
}

/** A source file. */
class Module {
  constructor(path) {
    this.path = path;
    this.text = readFileSync(path, "utf8");
    /** The text as the engine loads it, but for its imports, and the names of exported types. */
    this.code = this.text;
    this.types = new Set();
    if (isTyped(path)) ({ code: this.code, names: this.types } = withoutTypes(path, this.text));
    const parsed = parseSync(path, this.code, { lang: "js", sourceType: "module" });
    const [error] = parsed.errors;
    if (error) {
      const [label] = error.labels;
      throw new Fault(error.message, {
        place: label ? placeIn(path, this.text, label.start, label.end) : placeIn(path, this.text, 0),
        help: error.helpMessage,
      });
    }
    this.parsed = parsed.module;
    this.program = parsed.program;
    this.requests = requestsOf(parsed.module, this.code);
    this.unknown = editsOfUnknown(parsed.module.dynamicImports, this.code);
  }

  /** Returns true if the module exports a type of this name, and no value. */
  isType(name) {
    const exported = this.parsed.staticExports.flatMap(({ entries }) => entries);
    return this.types.has(name) && !exported.some(({ exportName }) => exportName.name === name);
  }

  /** Returns the text with the names of packages, and `import()`, replaced. */
  rewritten() {
    const edits = [...this.requests.flatMap((request) => this.#editsOf(request)), ...this.unknown];
    edits.sort((a, b) => b.start - a.start);
    const text = edits.reduce((text, { start, end, by }) => text.slice(0, start) + by + text.slice(end), this.code);
    const late = this.requests.filter((request) => request.late).map((request) => this.#lateImport(request));
    // At the end, so that no line moves.
    return [text, ...late].join("\n");
  }

  #editsOf(request) {
    const { start, end, edits, late } = request;
    if (late) return [{ start: late.start, end: late.end, by: `Promise.resolve(${late.name})` }];
    if (this.#isOfPackage(request)) return [{ start, end, by: this.#bundleOf(request) }, ...edits];
    return request.isRenamed ? [{ start, end, by: JSON.stringify(request.specifier) }] : [];
  }

  #lateImport(request) {
    const { late, specifier } = request;
    if (!this.#isOfPackage(request)) return `import * as ${late.name} from ${JSON.stringify(specifier)};`;
    return `import { ${NAMESPACE} as ${late.name} } from ${this.#bundleOf(request)};`;
  }

  #isOfPackage({ target, specifier }) {
    return !target && !HOST.test(specifier);
  }

  #bundleOf({ specifier }) {
    const from = relative(dirname(`/${this.name}`), `/${fileOf(specifier)}`);
    return JSON.stringify(from.startsWith(".") ? from : `./${from}`);
  }
}

/** Returns the name in an export of a function or class as `start`, as opposed to a value. */
function bareStart({ program }) {
  const functions = ["FunctionDeclaration", "ClassDeclaration", "FunctionExpression", "ArrowFunctionExpression"];
  for (const { type, declaration } of program.body) {
    if (type !== "ExportNamedDeclaration" || !declaration) continue;
    const declared = declaration.declarations ?? [declaration];
    const found = declared.find(({ id }) => id?.name === "start");
    if (found && functions.includes((found.init ?? found).type)) return found.id;
  }
  return null;
}

/** Returns the imports and re-exports of a module, with the edits that name a bundle's parts. */
function requestsOf({ staticImports, staticExports, dynamicImports }, text) {
  const requests = [];
  const request = ({ value, start, end }) => {
    const made = { specifier: value, start, end, names: [], isNamespace: false, isAll: false, edits: [] };
    requests.push(made);
    return made;
  };
  for (const { moduleRequest, entries } of staticImports) {
    const made = request(moduleRequest);
    for (const { importName, localName } of entries) {
      if (importName.kind !== "NamespaceObject") {
        made.names.push(importName.kind === "Default" ? "default" : importName.name);
        continue;
      }
      // `* as x` becomes `{ NAMESPACE as x }`.
      made.isNamespace = true;
      const star = text.lastIndexOf("*", localName.start);
      made.edits.push({ start: star, end: localName.end, by: `{ ${NAMESPACE} as ${localName.value} }` });
    }
  }
  for (const { entries } of staticExports) {
    const from = entries.find(({ moduleRequest }) => moduleRequest)?.moduleRequest;
    if (!from) continue;
    const made = request(from);
    for (const { importName, exportName } of entries) {
      if (importName.kind === "AllButDefault") {
        made.isAll = true;
      } else if (importName.kind === "All") {
        made.isNamespace = true;
        const star = text.lastIndexOf("*", exportName.start);
        made.edits.push({ start: star, end: exportName.end, by: `{ ${NAMESPACE} as ${exportName.name} }` });
      } else {
        made.names.push(importName.name ?? "default");
      }
    }
  }
  for (const { moduleRequest, start, end } of dynamicImports) {
    const value = literalOf(moduleRequest, text);
    if (value === null) continue;
    const made = request({ ...moduleRequest, value });
    made.isNamespace = true;
    made.late = { start, end, name: `warren_late_${requests.length}` };
  }
  return requests;
}

/** Returns the file of a relative import. */
function fileAt(path, specifier, place) {
  const isFile = (file) => existsSync(file) && statSync(file).isFile();
  const own = [path, path.replace(COMPILED, TYPED)].find(isFile);
  if (own) return own;
  const near = [".js", ".mjs", ".ts", ".mts", "/index.js", "/index.ts"].map((end) => path + end).find(isFile);
  throw new Fault(`there is no file ${specifier}`, {
    place,
    help: near && `write the whole name: ${specifier}${near.slice(path.length)}`,
  });
}

/** Returns the deepest directory that contains all of these. */
function commonDirectory(directories) {
  return directories.reduce((common, directory) => {
    let shared = common;
    while (relative(shared, directory).startsWith("..")) shared = dirname(shared);
    return shared;
  });
}
