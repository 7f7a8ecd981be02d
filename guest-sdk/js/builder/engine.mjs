// Failures of the engine, which runs the top level of the modules.
import { Fault } from "./fault.mjs";

/** The report of an exception: a place, and the exception. */
const EXCEPTION = /^Exception while .*\n[^\n:]+:\d+:\d+ (.*)$/m;

/** A value that was thrown and is no error: there is no place. */
const THROWN = /^uncaught exception: (.*)$/m;

/** The engine's words for an export without a value: the top level has not come to its end. */
const UNFINISHED = "can't access lexical declaration 'start' before initialization";

const TOP_LEVEL = "the top level of a module runs when the component is built";

/** A frame of the engine's stack. */
const FRAME = /([^@:()\n]+\.m?[jt]s):(\d+):(\d+)/g;

/** Lines of the tool: frames of WebAssembly, and the tool's own causes. */
const OF_TOOL = /^\s*(\d+: |Caused by:|Error: the `|Failed to initialize|Redirecting call|Stack:|note: using|wasm trap)/;

/** Converts the error of componentize-js to a fault. */
export function ofEngine(error, sources) {
  const text = error.message.replace(/\x1b\[[0-9;]*m/g, "");
  const [, raised] = EXCEPTION.exec(text) ?? [];
  if (raised !== undefined) {
    return new Fault(raised.replace(/^Error: /, ""), {
      place: placeOf(text, sources),
      help: raised.startsWith("SyntaxError: ") ? null : TOP_LEVEL,
    });
  }
  const [thrown] = THROWN.exec(text) ?? [];
  if (thrown !== undefined) return new Fault(thrown, { help: `${TOP_LEVEL}; an \`Error\` would have its line` });
  if (text.includes(UNFINISHED)) {
    return new Fault("the top level of a module awaits what does not come while the component is built", {
      help: "await inside `main`",
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
    const module = sources.named(name.trim().replace(/^\/+/, ""));
    if (module && !/(^|\/)(warren|values|imports)\.js$/.test(module.name)) {
      return { file: module.path, line: Number(line), column: Number(column), length: 0 };
    }
  }
  return null;
}
