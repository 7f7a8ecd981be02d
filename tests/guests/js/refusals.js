// The refusals of the SDK before a value leaves the process: too large values, and those
// that are no text or not Unicode.
import {
  WarrenError, cancel, context, exec, execStart, inbox, kinds, link, listen, lookup, monitor, pid,
  randomBytes, register, security, send, spawn, terminate, unlink, unmonitor, unregister, upgrade,
} from "../../../guest-sdk/js/warren.js";

const ME = "app:main";
const HOST = "app:processes";

/** Tries a call, which must fail as `Invalid` with this in its message, at this limit if there is one. */
function refused(what, part, attempt, limit) {
  try {
    attempt();
  } catch (error) {
    const isInvalid = error instanceof WarrenError && error.kind === kinds.INVALID && error.message.includes(part);
    if (isInvalid && error.details?.limit === limit?.name && error.details?.value === limit?.value) return;
    throw new Error(`${what}: ${error}`);
  }
  throw new Error(`${what}: it was taken`);
}

/** A value of some bytes that is reached by 2^60 ways. */
function shared() {
  let value = ["x".repeat(1000)];
  for (let level = 0; level < 60; level++) value = level % 2 ? [value, value] : { a: value, b: value };
  return value;
}

function tooLarge() {
  const limit = "more than 1048576 bytes (max_message)";
  const most = { name: "max_message", value: 1 << 20 };
  for (const [what, value] of [["shared", shared()], ["text", "x".repeat(2 << 20)], ["bytes", new Uint8Array(2 << 20)]]) {
    refused(`${what} sent`, `payload: ${limit}`, () => send(pid(), "topic", value), most);
    refused(`${what} spawned`, `arguments: ${limit}`, () => spawn(ME, HOST, ["double", value]), most);
    refused(`${what} executed`, `arguments: ${limit}`, () => exec(ME, HOST, ["double", value]), most);
    refused(`${what} upgraded`, `arguments: ${limit}`, () => upgrade(null, [value]), most);
    refused(`${what} inherited`, `context: ${limit}`, () => spawn(ME, HOST, [], { context: { value } }), most);
    refused(`${what} first`, `messages.early: ${limit}`, () => spawn(ME, HOST, [], { messages: [["early", value]] }), most);
    refused(`${what} of an actor`, `actor.meta: ${limit}`, () => spawn(ME, HOST, [], { actor: { id: "ada", meta: { value } } }), most);
    refused(`${what} returned`, `result: ${limit}`, () => exec(ME, HOST, ["large", what]), most);
  }
}

function tooDeep() {
  let value = [];
  for (let level = 1; level <= 100; level++) value = [value];
  refused("nested", "nested deeper than 100", () => send(pid(), "topic", value), { name: "max_nesting", value: 100 });
}

/** Tries what is no text in the place of each text. */
function noText(half, why) {
  for (const [what, attempt] of [
    ["topic", () => send(pid(), half, 1)],
    ["destination", () => send(half, "topic", 1)],
    ["topic", () => listen(half)],
    ["definition", () => spawn(half, HOST)],
    ["host", () => spawn(ME, half)],
    ["definition", () => execStart(half, HOST)],
    ["definition", () => upgrade(half)],
    ["name", () => spawn(ME, HOST, [], { name: half })],
    ["actor", () => spawn(ME, HOST, [], { actor: { id: half } })],
    ["policy", () => spawn(ME, HOST, [], { scope: { policies: [half] } })],
    ["topic", () => spawn(ME, HOST, [], { messages: [[half, 1]] })],
    ["destination", () => terminate(half)],
    ["destination", () => cancel(half)],
    ["destination", () => monitor(half)],
    ["destination", () => unmonitor(half)],
    ["destination", () => link(half)],
    ["destination", () => unlink(half)],
    ["name", () => register(half)],
    ["PID", () => register("here", half)],
    ["name", () => lookup(half)],
    ["name", () => unregister(half)],
    ["key", () => context.get(half)],
    ["action", () => security.can(half, "x")],
    ["resource", () => security.can("process.send", half)],
    ["id", () => security.policy(half)],
    ["id", () => security.namedScope(half)],
  ]) {
    refused(attempt, `${what}: ${why}`, attempt);
  }
}

function notText() {
  const half = "half \ud83d of a pair";
  noText(half, "a string with half a surrogate pair");
  noText(5, "a string was expected");
  refused("no destination", "destination: a string was expected", () => send(undefined, "topic"));
  refused("a key", "half a surrogate pair", () => send(pid(), "topic", { [half]: 1 }));
  refused("an error", "half a surrogate pair", () => send(pid(), "topic", new WarrenError(half)));
}

export function refusals() {
  tooLarge();
  tooDeep();
  notText();
  refused("a count", "65537 is not a number of bytes", () => randomBytes(65537));
  if (inbox().receive(0) !== undefined) throw new Error("a refused message arrived");
}

/** Returns a value that is too large to be a result. */
export function large(what) {
  return what === "shared" ? shared() : what === "text" ? "x".repeat(2 << 20) : new Uint8Array(2 << 20);
}
