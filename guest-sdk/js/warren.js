// Write warren processes in JavaScript; see README.md for a start, and
// warren.d.ts for each function.
//
// Every call blocks the process until it is done, as receiving does: there is
// nothing to await. Times are milliseconds. A call that fails throws a
// `WarrenError`.
import {
  begin, capability, clock, context as contextValues, logger as logging, mailbox, process, program,
  random as randomness, registry, security as rights, stdio,
} from "./imports.js";
import { WarrenError, decode, decodeAll, encode, encodeAll, toRecord } from "./values.js";

export { Float, WarrenError, float } from "./values.js";

/** The kinds of errors. */
export const kinds = Object.freeze({
  NOT_FOUND: "NotFound",
  ALREADY_EXISTS: "AlreadyExists",
  INVALID: "Invalid",
  PERMISSION_DENIED: "PermissionDenied",
  UNAVAILABLE: "Unavailable",
  INTERNAL: "Internal",
  CANCELED: "Canceled",
  CONFLICT: "Conflict",
  TIMEOUT: "Timeout",
  RATE_LIMITED: "RateLimited",
});

// --- The program

/** The function a module exports as `start`: runs `run` as the process. */
export function main(run) {
  return () => {
    begin();
    try {
      const result = run(...decodeAll(program.arguments()));
      if (typeof result?.then === "function") return result.then(finish).catch(fail);
      finish(result);
    } catch (thrown) {
      fail(thrown);
    }
  };
}

// Named, because `arguments` cannot be a parameter's name.
function finish(result) {
  program.finish(result == null ? undefined : encode(result, "result"));
}

function fail(thrown) {
  const error = WarrenError.from(thrown);
  try {
    program.fail(toRecord(error));
  } catch (reason) {
    // Details that cannot cross.
    program.fail(toRecord(WarrenError.from(reason)));
  }
}

// The engine has a `fetch`, which would trap.
globalThis.fetch = () => {
  throw new WarrenError("fetch: a process has no network", { kind: kinds.UNAVAILABLE });
};

/** Makes an import's failure a `WarrenError` of this place. */
function tried(imported, ...values) {
  try {
    return imported(...values);
  } catch (thrown) {
    throw WarrenError.from(thrown);
  }
}

/** Returns text for an import, which would put another character in place of half a surrogate pair. */
function text(value, what) {
  if (typeof value !== "string") {
    throw new WarrenError(`${what}: a string was expected`, { kind: kinds.INVALID });
  }
  if (value.isWellFormed()) return value;
  throw new WarrenError(`${what}: a string with half a surrogate pair`, { kind: kinds.INVALID });
}

const optionalText = (value, what) => (value == null ? undefined : text(value, what));

// --- Itself and others

export const pid = () => process.pid();
export const frameId = () => process.frameId();

export function send(to, topic, ...values) {
  tried(process.send, text(to, "destination"), text(topic, "topic"), encodeAll(values, "payload"));
}

export function spawn(definition, host, args = [], options = {}) {
  const relation = { monitored: options.monitored === true, linked: options.linked === true };
  const encoded = encodeAll(args, "arguments");
  return tried(process.spawn, ...place(definition, host), encoded, relation, spawnOptions(options));
}

export function exec(definition, host, args = [], options = {}) {
  return execStart(definition, host, args, options).result();
}

export function execStart(definition, host, args = [], options = {}) {
  const encoded = encodeAll(args, "arguments");
  return new Pending(tried(process.exec, ...place(definition, host), encoded, spawnOptions(options)));
}

const place = (definition, host) => [text(definition, "definition"), text(host ?? "", "host")];

function spawnOptions({ context, actor, scope, name, messages = [] }) {
  return {
    context: context && encode(context, "context"),
    actor: actor && { id: text(actor.id, "actor"), meta: encode(actor.meta ?? {}, "actor.meta") },
    scope: scope && { policies: Array.from(scope.policies, (policy) => text(policy, "policy")) },
    name: optionalText(name, "name"),
    messages: messages.map(([topic, ...values]) => ({
      topic: text(topic, "topic"),
      payload: encodeAll(values, `messages.${topic}`),
    })),
  };
}

export const terminate = (target) => tried(process.terminate, text(target, "destination"));
export const cancel = (target, deadline) =>
  tried(process.cancel, text(target, "destination"), deadline == null ? undefined : nanoseconds(deadline));
export const monitor = (target) => tried(process.monitor, text(target, "destination"));
export const unmonitor = (target) => tried(process.unmonitor, text(target, "destination"));
export const link = (target) => tried(process.link, text(target, "destination"));
export const unlink = (target) => tried(process.unlink, text(target, "destination"));
export const getOptions = () => process.getOptions();

export function setOptions(options) {
  for (const [key, value] of Object.entries(options)) {
    if (key !== "trapLinks" || typeof value !== "boolean") {
      throw new WarrenError(`${key}: the only option is trapLinks, a boolean`, { kind: kinds.INVALID });
    }
  }
  process.setOptions({ ...process.getOptions(), ...options });
}

export function upgrade(definition, args = []) {
  const encoded = encodeAll(args, "arguments");
  throw WarrenError.from({ payload: process.upgrade(optionalText(definition, "definition"), encoded) });
}

export function exit(status = 0) {
  program.exit(status);
}

// --- Receiving

/** A message to this process. */
export class Message {
  constructor({ topic, sender }, values) {
    this.topic = topic;
    this.from = sender ?? null;
    this.values = values;
  }

  /** The first value: most messages have one. */
  get value() {
    return this.values[0] ?? null;
  }
}

/** A source of `select`: its number, and the reader of its messages. */
class Source {
  constructor(subscription, read) {
    this.subscription = subscription;
    this.read = read;
  }

  receive(timeout) {
    return select([this], timeout)?.item;
  }
}

/** The messages of the inbox or of one topic, or the events. */
class Queue extends Source {
  *[Symbol.iterator]() {
    for (;;) yield this.receive();
  }
}

/** The messages of one topic. */
class Topic extends Queue {
  close() {
    mailbox.unlisten(this.subscription);
  }
}

/** A process whose result is awaited. */
class Pending extends Source {
  constructor(subscription) {
    super(subscription, (_, values) => outcome(values[0]));
  }

  /** Returns its result; throws its error. */
  result() {
    const { value, error } = this.receive();
    if (error) throw error;
    return value;
  }
}

/** A timer: `after(50)` is ready once 50 ms have passed. */
class Timer {
  constructor(delay) {
    this.at = deadline(delay);
  }
}

export const after = (delay) => new Timer(delay);

const read = (record, values) => new Message(record, values);

export const inbox = () => new Queue(mailbox.inbox(), read);
export const listen = (topic) => new Topic(tried(mailbox.listen, text(topic, "topic")), read);
export const events = () => new Queue(mailbox.events(), (_, values) => event(values[0]));

function event({ kind, from, at, result, deadline, node, name }) {
  return {
    kind, at, ...(from && { from }), ...(result && outcome(result)), ...(deadline && { deadline }),
    ...(node && { node }), ...(name && { name }),
  };
}

function outcome(result) {
  if (result?.error === undefined) return { value: result?.value ?? null, error: null };
  return { value: null, error: result.cause ?? new WarrenError(result.error, { kind: kinds.INTERNAL }) };
}

export function select(sources, timeout) {
  const limit = timeout == null ? undefined : deadline(timeout);
  for (;;) {
    const now = clock.monotonic();
    const rung = sources.findIndex((source) => source instanceof Timer && source.at <= now);
    // If several are ready at once, the first named wins.
    const asked = rung === -1 ? sources : sources.slice(0, rung);
    const queues = asked.filter((source) => source instanceof Source);
    const until = rung === -1 ? earliest(asked, limit) : 0n;
    const came = rung === 0 ? undefined : take(queues, until);
    if (came) return came;
    if (rung !== -1) return { source: sources[rung], item: null };
    const passed = clock.monotonic();
    const ring = sources.find((source) => source instanceof Timer && source.at <= passed);
    if (ring) return { source: ring, item: null };
    if (limit !== undefined && limit <= passed) return undefined;
  }
}

function earliest(sources, limit) {
  const times = sources.filter((source) => source instanceof Timer).map((timer) => timer.at);
  if (limit !== undefined) times.push(limit);
  return times.length === 0 ? undefined : times.reduce((a, b) => (a < b ? a : b));
}

/** Returns the next message of the first queue that has one; undefined at the deadline. */
function take(queues, until) {
  const numbers = Uint32Array.from(queues, (queue) => queue.subscription);
  for (;;) {
    const record = mailbox.receive(numbers, until);
    if (!record) return undefined;
    const source = queues.find((queue) => queue.subscription === record.subscription);
    const item = readable(record, source);
    if (item) return { source, item };
  }
}

/** Reads an untrusted message; drops it if its payload is not values of the ABI. */
function readable(record, source) {
  try {
    return source.read(record, decodeAll(record.payload));
  } catch (error) {
    const { topic, sender } = record;
    log.warn(`dropped a message that is not values of the guest ABI: ${error.message}`, { topic, from: sender ?? null });
    return undefined;
  }
}

export function sleep(delay) {
  mailbox.receive(new Uint32Array(), deadline(delay));
}

/** Returns the instant `delay` milliseconds from now. */
function deadline(delay) {
  return clock.monotonic() + nanoseconds(delay);
}

function nanoseconds(milliseconds) {
  if (!(milliseconds >= 0)) {
    throw new WarrenError(`${milliseconds} is not a number of milliseconds`, { kind: kinds.INVALID });
  }
  return BigInt(Math.round(Math.min(milliseconds, Number.MAX_SAFE_INTEGER / 1e6) * 1e6));
}

// --- Operations

export function call(operation, ...args) {
  const encoded = encodeAll(args, "arguments");
  const called = tried(capability.call, text(operation, "operation"), encoded);
  return called.tag === "done" ? decode(called.val) : new Pending(called.val).result();
}

// --- Names, context, identity

export const register = (name, target) => tried(registry.register, text(name, "name"), optionalText(target, "PID"));
export const lookup = (name) => tried(registry.lookup, text(name, "name"));
export const unregister = (name) => tried(registry.unregister, text(name, "name"));

// --- The nodes of a cluster

export const node = () => call("process.node");
export const nodes = () => call("process.nodes");
export const monitorNodes = (on = true) => void call("process.monitor_nodes", Boolean(on));
export const registerInCluster = (name, target) =>
  void call("process.register", text(name, "name"), optionalText(target, "PID") ?? null);
export const unregisterInCluster = (name) => call("process.unregister", text(name, "name"));

export const context = Object.freeze({
  get(key) {
    const bytes = tried(contextValues.get, text(key, "key"));
    return bytes === undefined ? null : decode(bytes);
  },
  all: () => decode(contextValues.all()),
});

export const security = Object.freeze({
  actor() {
    const actor = rights.actor();
    return actor ? { id: actor.id, meta: decode(actor.meta) } : null;
  },
  scope: () => rights.scope() ?? null,
  can: (action, resource, attributes) =>
    rights.can(text(action, "action"), text(resource, "resource"), attributes && encode(attributes, "attributes")),
  policy: (id) => tried(rights.policy, text(id, "id")),
  namedScope: (id) => tried(rights.namedScope, text(id, "id")),
});

// --- Output, log, randomness

const utf8 = new TextEncoder();

/** Writes a line to standard output; lines of processes never mix. */
export function print(...values) {
  stdio.write("stdout", utf8.encode(values.map(String).join("\t") + "\n"));
}

/** Writes to the program's log, with file and line. */
class Logger {
  constructor(name = "", fields = {}) {
    this.name = name;
    this.fields = fields;
  }

  named = (name) => new Logger(name, this.fields);
  with = (fields) => new Logger(this.name, { ...this.fields, ...fields });
  debug = (message, fields) => this.#log("debug", message, fields);
  info = (message, fields) => this.#log("info", message, fields);
  warn = (message, fields) => this.#log("warn", message, fields);
  error = (message, fields) => this.#log("error", message, fields);

  #log(level, message, fields) {
    const all = { ...callSite(new Error().stack), ...this.fields, ...fields };
    logging.log(level, this.name, String(message), encode(all, "fields"));
  }
}

/** Returns file and line of the first call outside this file. */
function callSite(stack) {
  for (const [, file, line] of stack.matchAll(/@([^@\n]+):(\d+):\d+$/gm)) {
    if (!file.endsWith("warren.js")) return { file, line: Number(line) };
  }
  return {};
}

export const log = new Logger();

const MAX_RANDOM = 65536;

/** Returns `count` random bytes, fit for keys; at most 65,536. */
export function randomBytes(count) {
  if (Number.isInteger(count) && count >= 0 && count <= MAX_RANDOM) return randomness.bytes(count);
  throw new WarrenError(`${count} is not a number of bytes up to ${MAX_RANDOM}`, { kind: kinds.INVALID });
}
