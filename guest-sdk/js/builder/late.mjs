// Imports while the process runs, `import("./x.js")`: there are no files then, so each
// becomes the module that was imported when the component was built.
import { parseSync } from "rolldown/utils";

/** Returns the name in a dynamic import; null if only the running process knows it. */
export function literalOf({ start, end }, text) {
  const literal = /^(["'])([^"'\\]*)\1$/.exec(text.slice(start, end));
  return literal && literal[2];
}

/** Returns the edits that make imports of unknown names fail with an error of their own. */
export function editsOfUnknown(dynamicImports, text) {
  const unknown = dynamicImports.filter(({ moduleRequest }) => literalOf(moduleRequest, text) === null);
  const by = "((name) => Promise.reject(new TypeError(`cannot import ${name}: a process has no files`)))";
  return unknown.map(({ start }) => ({ start, end: start + "import".length, by }));
}

/** Returns a module of a bundle without imports while the process runs. */
export function withoutLateImports(text) {
  const { dynamicImports } = parseSync("bundle.js", text, { lang: "js", sourceType: "module" }).module;
  const edits = editsOfUnknown(dynamicImports, text);
  const imports = [];
  for (const { moduleRequest, start, end } of dynamicImports) {
    const specifier = literalOf(moduleRequest, text);
    if (specifier === null) continue;
    const name = `warren_late_${imports.length}`;
    imports.push(`import * as ${name} from ${JSON.stringify(specifier)};`);
    edits.push({ start, end, by: `Promise.resolve(${name})` });
  }
  edits.sort((a, b) => b.start - a.start);
  const edited = edits.reduce((text, { start, end, by }) => text.slice(0, start) + by + text.slice(end), text);
  return [edited, ...imports].join("\n");
}
