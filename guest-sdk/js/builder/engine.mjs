// Failures of the engine, which runs the top level of the modules.
import { Fault } from "./fault.mjs";

/** The report of an exception: a place, and the exception. */
const EXCEPTION = /^Exception while .*\n\S+:\d+:\d+ (.*)$/m;

/** A frame of the engine's stack. */
const FRAME = /([^\s@()]+\.m?js):(\d+):(\d+)/g;

/** Lines of the tool: frames of WebAssembly, and the tool's own causes. */
const OF_TOOL = /^\s*(\d+: |Caused by:|Error: the `|Failed to initialize|Redirecting call|Stack:|note: using|wasm trap)/;

/** Converts the error of componentize-js to a fault. */
export function ofEngine(error, sources) {
  const text = error.message.replace(/\x1b\[[0-9;]*m/g, "");
  const [, raised] = EXCEPTION.exec(text) ?? [];
  if (raised !== undefined) {
    return new Fault(raised.replace(/^Error: /, ""), {
      place: placeOf(text, sources),
      help: "the top level of a module runs when the component is built",
    });
  }
  if (text.includes("warren:process")) {
    return new Fault("the top level of a module calls the runtime", {
      help: "the top level runs when the component is built: call the runtime inside `main`",
    });
  }
  const notes = text.split("\n").filter((line) => line.trim() && !OF_TOOL.test(line));
  return new Fault("the engine could not run the modules", { notes: notes.slice(0, 20) });
}

/** Returns the place of the innermost frame in a source outside of the SDK. */
function placeOf(text, sources) {
  for (const [, name, line, column] of text.matchAll(FRAME)) {
    const module = sources.named(name.replace(/^\/+/, ""));
    if (module && !/(^|\/)(warren|values|imports)\.js$/.test(module.name)) {
      return { file: module.path, line: Number(line), column: Number(column), length: 0 };
    }
  }
  return null;
}
