// The functions of warren.js. Times are milliseconds; every call blocks the
// process until it is done. A call that fails throws a `WarrenError`.

/** A value that can leave its process; values.js lists the conversions. */
export type Value =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | Float
  | string
  | Uint8Array
  | Error
  | Value[]
  | { [key: string]: Value }
  | Map<string | number | bigint | boolean, Value>;

/** A float that is a whole number: `new Float(1)` is 1.0, where `1` is an integer. */
export class Float extends Number {}
export function float(number: number): Float;

export interface ErrorParts {
  /** One of `kinds`, or the program's own; empty if unknown. */
  kind?: string;
  /** True if the same call may succeed later; null if unknown. */
  retryable?: boolean | null;
  /** A value for programs. */
  details?: Value;
  /** Place of the failure; by default the constructor's. */
  stack?: string | null;
  cause?: unknown;
}

/** A structured error: the error of a failed call, and of a process that failed. */
export class WarrenError extends Error {
  constructor(message: string, parts?: ErrorParts);
  kind: string;
  retryable: boolean | null;
  details: Value;
  /** Converts any thrown value; values of other classes are bugs. */
  static from(thrown: unknown): WarrenError;
}

export const kinds: Readonly<{
  NOT_FOUND: "NotFound";
  ALREADY_EXISTS: "AlreadyExists";
  INVALID: "Invalid";
  PERMISSION_DENIED: "PermissionDenied";
  UNAVAILABLE: "Unavailable";
  INTERNAL: "Internal";
  CANCELED: "Canceled";
  CONFLICT: "Conflict";
  TIMEOUT: "Timeout";
  RATE_LIMITED: "RateLimited";
}>;

/**
 * Returns the function that a module exports as `start`. `run` gets the arguments
 * of the process. Its return value, or the value of its promise, is the result; a
 * thrown value is the error of the process.
 */
export function main(run: (...args: any[]) => Value | void | Promise<Value | void>): () => void | Promise<void>;

/** The text of a PID, for example `{app:processes|0x00002}`. */
export type Pid = string;
/** A PID or a registered name. */
export type Destination = string;

export function pid(): Pid;
/** The identifier of this call chain. */
export function frameId(): string;
/** Queues one message of n values. */
export function send(to: Destination, topic: string, ...values: Value[]): void;

export interface ExecOptions {
  /** Merged over the inherited context. */
  context?: { [key: string]: Value };
  actor?: Actor;
  scope?: Scope;
  /** Claimed together with the start. */
  name?: string;
  /** `[topic, value, ...]` each: found before any other message. */
  messages?: [string, ...Value[]][];
}

export interface SpawnOptions extends ExecOptions {
  /** Asks for one event when the process ends. */
  monitored?: boolean;
  /** Links the two processes. */
  linked?: boolean;
}

/** Starts a process of a definition. Without a host, it runs in the one that the definition is bound to, else in `app:processes`. */
export function spawn(definition: string, host?: string | null, args?: Value[], options?: SpawnOptions): Pid;
/** Starts a process, waits for its end and returns its result; throws its error. */
export function exec(definition: string, host?: string | null, args?: Value[], options?: ExecOptions): any;
/** Runs `exec` in two steps, the second of which is `result`, or `select`. */
export function execStart(definition: string, host?: string | null, args?: Value[], options?: ExecOptions): Pending;
/** Ends a process by force. */
export function terminate(target: Destination): void;
/** Asks a process to end; at the deadline, it is terminated. */
export function cancel(target: Destination, deadline?: number): void;
export function monitor(target: Destination): void;
export function unmonitor(target: Destination): void;
export function link(target: Destination): void;
export function unlink(target: Destination): void;

export interface Options {
  /** True if the failure of a linked process is an event instead of the caller's end. */
  trapLinks: boolean;
}
export function getOptions(): Options;
export function setOptions(options: Partial<Options>): void;
/** Replaces the running code by another definition, or with null starts this one afresh. Throws on failure, and never returns. */
export function upgrade(definition: string | null, args?: Value[]): never;
/** In the program's first process, ends the program with this status. */
export function exit(status?: number): never;

export class Message {
  readonly topic: string;
  /** The sender; null if no process sent it. */
  readonly from: Pid | null;
  readonly values: any[];
  /** The first of the values, null if there is none. */
  readonly value: any;
}

/** The end of a process: `error` is null if it returned `value`. */
export interface Outcome {
  value: any;
  error: WarrenError | null;
}

export interface Event extends Partial<Outcome> {
  kind: "pid.exit" | "pid.link.down" | "pid.cancel" | "node.up" | "node.down" | "name.lost";
  /** The process that ended, or asked to cancel; absent in news of the cluster. */
  from?: Pid;
  /** Of `node.up` and `node.down`. */
  node?: string;
  /** Of `name.lost`. */
  name?: string;
  /** RFC 3339. */
  at: string;
  /** RFC 3339; of `pid.cancel`, if it has one. */
  deadline?: string;
}

export interface Source<T> {
  /** Waits, for `timeout` at most; undefined at the timeout. */
  receive(): T;
  receive(timeout: number | undefined): T | undefined;
}
/** Iterating receives for ever. */
export interface Queue<T> extends Source<T>, Iterable<T> {}
export interface Topic extends Queue<Message> {
  /** Ends listening. */
  close(): void;
}
export interface Pending extends Source<Outcome> {
  /** Returns the result; throws the process's error. */
  result(): any;
}
export interface Timer {}

/** Returns the messages that no topic claims. */
export function inbox(): Queue<Message>;
/** Returns the events of other processes. */
export function events(): Queue<Event>;
/** Returns the messages of exactly this topic. */
export function listen(topic: string): Topic;
/** Returns a source for `select` that is ready after `delay`. */
export function after(delay: number): Timer;
/** Waits for the first of several; if several are ready at once, the first named wins. Undefined at the timeout. */
export function select<S extends Source<any> | Timer>(sources: S[]): { source: S; item: any };
export function select<S extends Source<any> | Timer>(sources: S[], timeout: number | undefined): { source: S; item: any } | undefined;
export function sleep(delay: number): void;

/**
 * Calls an operation of the runtime, such as `hash.sha256`, or of the program that embeds it, and
 * waits for its value. docs/guest-abi.md lists the operations of the runtime.
 */
export function call(operation: string, ...args: Value[]): any;

/** Gives a process, by default this one, a name. */
export function register(name: string, target?: Pid): void;
export function lookup(name: string): Pid;
/** Frees a name. Returns false if it was free. */
export function unregister(name: string): boolean;

/** The name of this node; null without a cluster. */
export function node(): string | null;
/** The names of all nodes that are up, this one among them. */
export function nodes(): string[];
/** Sets whether this process gets the events `node.up` and `node.down`. */
export function monitorNodes(on?: boolean): void;
/** Gives a process of this node, by default this one, a name that is unique in the cluster. */
export function registerInCluster(name: string, target?: Pid): void;
/** Frees a name of the cluster. Returns false if it was free. */
export function unregisterInCluster(name: string): boolean;

export const context: Readonly<{
  /** Returns null if it was not set. */
  get(key: string): any;
  all(): { [key: string]: any };
}>;

export interface Actor {
  id: string;
  meta?: { [key: string]: Value };
}
export interface Scope {
  policies: string[];
}
export const security: Readonly<{
  actor(): Actor | null;
  scope(): Scope | null;
  can(action: string, resource: string, attributes?: { [key: string]: Value }): boolean;
  /** Throws if there is no such policy. */
  policy(id: string): void;
  namedScope(id: string): Scope;
}>;

/** Writes a line to standard output. */
export function print(...values: unknown[]): void;

export interface Logger {
  named(name: string): Logger;
  with(fields: { [key: string]: Value }): Logger;
  debug(message: string, fields?: { [key: string]: Value }): void;
  info(message: string, fields?: { [key: string]: Value }): void;
  warn(message: string, fields?: { [key: string]: Value }): void;
  error(message: string, fields?: { [key: string]: Value }): void;
}
/** The program's log; lines name this call's file and line. */
export const log: Logger;
/** Random bytes fit for keys; at most 65,536. */
export function randomBytes(count: number): Uint8Array;
