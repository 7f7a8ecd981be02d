// Values that cross from process to process: what they are in JavaScript, and
// their bytes (MessagePack, as docs/guest-abi.md fixes it).
//
// | value            | written from                          | read as                        |
// |------------------|---------------------------------------|--------------------------------|
// | nil              | null, undefined                       | null                           |
// | boolean          | boolean                               | boolean                        |
// | integer          | a safe integer, BigInt                | number, BigInt beyond 2^53 - 1 |
// | float            | any other number, Float               | number; Float where it is whole|
// | string           | string                                | string                         |
// | string of bytes  | Uint8Array, other views, ArrayBuffer  | Uint8Array                     |
// | array            | Array                                 | Array                          |
// | map              | plain object, Map                     | object; Map where a key is no string |
// | structured error | WarrenError, any other Error          | WarrenError                    |
//
// The libraries of the registry read 1.0 as 1, and keys that are no strings as
// strings: hence this one.

/** Maximum nesting of values. */
const MAX_DEPTH = 100;
// An event holds a map, which holds an outcome, which holds a value.
const MAX_READ_DEPTH = MAX_DEPTH + 8;

/** Bytes of the longest value that crosses: no host's `max_message` is more. */
const MAX_MESSAGE = 1 << 20;

/** The extension types: of structured errors, and of JSON's null. */
const ERROR = 1;
const NULL = 2;

const MIN_INTEGER = -(2n ** 63n);
const MAX_INTEGER = 2n ** 63n - 1n;

/**
 * A float that is a whole number, such as 1.0: a plain `1` is an integer to
 * other languages. It counts as any number does: `new Float(1) + 1` is 2.
 */
export class Float extends Number {}

/** `float(1)` is 1.0. */
export const float = (number) => new Float(number);

/** The engine's exception for want of memory: a text, since there is no room for an object. */
const OUT_OF_MEMORY = "out of memory";

/** A structured error: the error of a failed call, and of a process that failed. */
export class WarrenError extends Error {
  name = "WarrenError";

  constructor(message, { kind = "", retryable = null, details = null, stack = null, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.retryable = retryable;
    this.details = details;
    if (stack) this.stack = stack;
  }

  /** Converts any thrown value; values of other classes are bugs. */
  static from(thrown) {
    if (thrown instanceof WarrenError) return thrown;
    // The runtime makes the error of the limit of this kind, if it has refused memory.
    if (thrown === OUT_OF_MEMORY) return new WarrenError(thrown, { kind: "OutOfMemory", stack: "" });
    if (thrown?.payload?.kind !== undefined) return ofRecord(thrown.payload);
    if (!(thrown instanceof Error)) return new WarrenError(String(thrown), { kind: "Internal", stack: "" });
    const { name, message, stack } = thrown;
    // Line by line, and no long line: a message in the stack may be any text.
    const lines = (stack ?? "").split("\n", MAX_DEPTH).filter((line) => line.length < 1000);
    const place = lines.map((line) => /[^@]+:\d+:\d+$/.exec(line)?.[0]).find(Boolean);
    const text = name === "Error" ? message : `${name}: ${message}`;
    return new WarrenError(place ? `${place}: ${text}` : text, { kind: "Internal", stack, cause: thrown });
  }
}

/** Converts the error of a failed import. */
function ofRecord({ kind, message, retryable, details, stack }) {
  return new WarrenError(message, { kind, retryable, stack, details: details ? decode(details) : null });
}

/** The beginning of the places in this SDK, as in `@warren-guest/values.js:12:3`. */
const [, SDK] = /@([^@\n]*)values\.js:\d+:\d+$/m.exec(new Error().stack) ?? [];

/** Frames of the script of the engine, which calls `start`. */
const OF_ENGINE = /@[^@]*\/initializer\.js:\d+:\d+$/;

/** Calls of a stack that are told: of a longer one, these many of each end. */
const TOLD = 15;

/** Returns a stack without the calls of this SDK and of the engine, and without most of a recursion. */
function ofProgram(stack) {
  if (SDK === undefined || !stack) return stack;
  const files = ["warren", "values", "imports"].map((name) => `@${SDK}${name}.js:`);
  const isOwn = (line) => OF_ENGINE.test(line) || files.some((file) => line.includes(file));
  const lines = stack.split("\n").filter((line) => line && !isOwn(line));
  const more = lines.length - 2 * TOLD;
  if (more > 1) lines.splice(TOLD, more, `... ${more} more`);
  return lines.join("\n");
}

/** Converts an error to the record of imports. */
export function toRecord(error) {
  const { kind, message, retryable, details } = error;
  const stack = ofProgram(error.stack);
  return {
    kind,
    message,
    retryable: retryable ?? undefined,
    details: details == null ? undefined : encode(details, "details"),
    stack: stack || undefined,
  };
}

/**
 * Returns the bytes of one value; `what` begins the path in messages.
 * Throws a `WarrenError` of kind `Invalid` if the value cannot cross, or as soon as
 * it exceeds MAX_MESSAGE bytes.
 */
export function encode(value, what) {
  const writer = new Writer(what);
  new Encoder(writer).value(value, what);
  return writer.taken();
}

/** Returns the bytes of n values. */
export function encodeAll(values, what) {
  if (!Array.isArray(values)) throw invalid(`${what}: an array was expected`);
  const writer = new Writer(what);
  const encoder = new Encoder(writer);
  writer.header(values.length, 0x90, 16, 0xdc);
  values.forEach((value, index) => encoder.value(value, `${what}[${index}]`));
  return writer.taken();
}

/** Returns the value of bytes. Throws a `WarrenError` if they are not a value. */
export function decode(bytes) {
  const decoder = new Decoder(bytes);
  const value = decoder.value(0);
  decoder.end();
  return value;
}

/** Returns the n values of bytes. */
export function decodeAll(bytes) {
  const values = decode(bytes);
  if (!Array.isArray(values)) throw invalid("not an array of values");
  return values;
}

function invalid(message, details = null) {
  return new WarrenError(message, { kind: "Invalid", details });
}

function tooLarge(what) {
  return invalid(`${what}: more than ${MAX_MESSAGE} bytes (max_message) cannot leave the process`, {
    limit: "max_message",
    value: MAX_MESSAGE,
  });
}

function tooDeep(path) {
  return invalid(`${path}: nested deeper than ${MAX_DEPTH}`, { limit: "max_nesting", value: MAX_DEPTH });
}

/** A Uint8Array that grows up to MAX_MESSAGE; `what` begins the message beyond. */
class Writer {
  constructor(what) {
    this.what = what;
  }

  bytes = new Uint8Array(128);
  view = new DataView(this.bytes.buffer);
  length = 0;

  /** Makes room for `count` bytes and returns their offset. */
  grow(count) {
    const at = this.length;
    if (count > MAX_MESSAGE - at) throw tooLarge(this.what);
    this.length += count;
    if (this.length > this.bytes.length) {
      const larger = new Uint8Array(Math.min(this.length * 2, MAX_MESSAGE));
      larger.set(this.bytes);
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    return at;
  }

  byte(value) {
    const at = this.grow(1);
    this.bytes[at] = value;
  }

  all(bytes) {
    const at = this.grow(bytes.length);
    this.bytes.set(bytes, at);
  }

  /** Writes a length: within the first byte, or after it as 16 or 32 bits. */
  header(count, fixed, limit, wide) {
    if (count < limit) return this.byte(fixed | count);
    if (count < 0x10000) return this.marked(wide, 2, "setUint16", count);
    this.marked(wide + 1, 4, "setUint32", count);
  }

  /** Writes a length of 8, 16 or 32 bits. */
  sized(count, first) {
    if (count < 0x100) return this.marked(first, 1, "setUint8", count);
    if (count < 0x10000) return this.marked(first + 1, 2, "setUint16", count);
    this.marked(first + 2, 4, "setUint32", count);
  }

  marked(mark, size, set, value) {
    const at = this.grow(1 + size);
    this.bytes[at] = mark;
    this.view[set](at + 1, value);
  }

  taken() {
    return this.bytes.slice(0, this.length);
  }
}

const encoder = new TextEncoder();

class Encoder {
  /** The containers around the value being written. */
  around = [];

  constructor(writer) {
    this.writer = writer;
  }

  value(value, path) {
    const { writer } = this;
    if (value === null || value === undefined) return writer.byte(0xc0);
    switch (typeof value) {
      case "boolean":
        return writer.byte(value ? 0xc3 : 0xc2);
      case "number":
        return this.number(value);
      case "bigint":
        return this.bigint(value, path);
      case "string":
        return this.string(value, path);
      case "object":
        return this.object(value, path);
      default:
        throw invalid(`${path}: a ${typeof value} cannot leave its process`);
    }
  }

  number(value) {
    const { writer } = this;
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) return writer.marked(0xcb, 8, "setFloat64", value);
    if (value >= -0x20 && value < 0x80) return writer.byte(value & 0xff);
    if (value < -0x80000000 || value >= 0x100000000) return this.wide(BigInt(value));
    if (value < -0x8000) return writer.marked(0xd2, 4, "setInt32", value);
    if (value < -0x80) return writer.marked(0xd1, 2, "setInt16", value);
    if (value < 0) return writer.marked(0xd0, 1, "setInt8", value);
    writer.sized(value, 0xcc);
  }

  wide(value) {
    if (value < 0n) return this.writer.marked(0xd3, 8, "setBigInt64", value);
    this.writer.marked(0xcf, 8, "setBigUint64", value);
  }

  bigint(value, path) {
    if (value < MIN_INTEGER || value > MAX_INTEGER) throw invalid(`${path}: ${value} does not fit 64 bits`);
    const number = Number(value);
    if (Number.isSafeInteger(number)) return this.number(number);
    this.wide(value);
  }

  string(value, path) {
    // Checked before every character is scanned: each takes at least a byte.
    if (value.length > MAX_MESSAGE) throw tooLarge(this.writer.what);
    if (!value.isWellFormed()) throw invalid(`${path}: a string with half a surrogate pair; send its bytes`);
    const bytes = encoder.encode(value);
    if (bytes.length < 32) this.writer.byte(0xa0 | bytes.length);
    else this.writer.sized(bytes.length, 0xd9);
    this.writer.all(bytes);
  }

  object(value, path) {
    if (value instanceof Float) return this.writer.marked(0xcb, 8, "setFloat64", value.valueOf());
    const bytes = asBytes(value);
    if (bytes) {
      this.writer.sized(bytes.length, 0xc4);
      return this.writer.all(bytes);
    }
    if (this.around.includes(value)) throw invalid(`${path}: it contains itself`);
    if (this.around.length === MAX_DEPTH) throw tooDeep(path);
    this.around.push(value);
    if (Array.isArray(value)) this.array(value, path);
    else if (value instanceof Map) this.map([...value], path);
    else if (value instanceof Error) this.error(WarrenError.from(value), path);
    else if (isPlain(value)) this.map(Object.entries(value), path);
    else throw invalid(`${path}: a ${value.constructor?.name ?? "value of unknown class"} cannot leave its process`);
    this.around.pop();
  }

  array(value, path) {
    this.writer.header(value.length, 0x90, 16, 0xdc);
    for (let index = 0; index < value.length; index++) this.value(value[index], `${path}[${index}]`);
  }

  map(entries, path) {
    this.writer.header(entries.length, 0x80, 16, 0xde);
    for (const [key, value] of entries) {
      const inner = typeof key === "string" ? `${path}.${key}` : `${path}[${String(key)}]`;
      const scalar = ["string", "number", "bigint", "boolean"].includes(typeof key);
      if (!scalar && !(key instanceof Float) && !(key instanceof Uint8Array)) {
        throw invalid(`${inner}: a key is a string, a number or a boolean`);
      }
      if (Number.isNaN(key.valueOf())) {
        throw invalid(`${inner}: a key cannot be NaN`);
      }
      this.value(key, inner);
      this.value(value, inner);
    }
  }

  error({ kind, message, retryable, details, stack }, path) {
    const writer = new Writer(this.writer.what);
    const inner = new Encoder(writer);
    inner.around = this.around;
    writer.byte(0x95);
    [kind, message, retryable, details, stack || null].forEach((part) => inner.value(part, path));
    const bytes = writer.taken();
    this.writer.sized(bytes.length, 0xc7);
    this.writer.byte(ERROR);
    this.writer.all(bytes);
  }
}

function asBytes(value) {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return value instanceof ArrayBuffer ? new Uint8Array(value) : null;
}

function isPlain(value) {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lossy = new TextDecoder("utf-8", { ignoreBOM: true });

/** Reads untrusted bytes: the rest of the input bounds every length. */
class Decoder {
  at = 0;

  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  end() {
    if (this.at !== this.bytes.length) throw invalid("bytes follow the value");
  }

  /** Returns the offset of the next `count` bytes. */
  take(count) {
    const at = this.at;
    if (count > this.bytes.length - at) throw invalid("the bytes end within a value");
    this.at += count;
    return at;
  }

  read(size, get) {
    return this.view[get](this.take(size));
  }

  length(size) {
    return this.read(size, size === 1 ? "getUint8" : size === 2 ? "getUint16" : "getUint32");
  }

  value(depth) {
    const mark = this.length(1);
    if (mark < 0x80) return mark;
    if (mark < 0x90) return this.map(mark & 0x0f, depth);
    if (mark < 0xa0) return this.array(mark & 0x0f, depth);
    if (mark < 0xc0) return this.string(mark & 0x1f);
    if (mark >= 0xe0) return mark - 0x100;
    switch (mark) {
      case 0xc0: return null;
      case 0xc2: return false;
      case 0xc3: return true;
      case 0xc4: case 0xc5: case 0xc6: return this.bin(this.length(1 << (mark - 0xc4)));
      case 0xc7: case 0xc8: case 0xc9: return this.extension(this.length(1 << (mark - 0xc7)), depth);
      case 0xca: return whole(this.read(4, "getFloat32"));
      case 0xcb: return whole(this.read(8, "getFloat64"));
      case 0xcc: case 0xcd: case 0xce: return this.length(1 << (mark - 0xcc));
      case 0xcf: return integer(this.read(8, "getBigUint64"));
      case 0xd0: return this.read(1, "getInt8");
      case 0xd1: return this.read(2, "getInt16");
      case 0xd2: return this.read(4, "getInt32");
      case 0xd3: return integer(this.read(8, "getBigInt64"));
      case 0xd4: case 0xd5: case 0xd6: case 0xd7: case 0xd8: return this.extension(1 << (mark - 0xd4), depth);
      case 0xd9: case 0xda: case 0xdb: return this.string(this.length(1 << (mark - 0xd9)));
      case 0xdc: case 0xdd: return this.array(this.length(mark === 0xdc ? 2 : 4), depth);
      case 0xde: case 0xdf: return this.map(this.length(mark === 0xde ? 2 : 4), depth);
      default: throw invalid("a byte that cannot begin a value");
    }
  }

  bin(length) {
    const at = this.take(length);
    return this.bytes.slice(at, at + length);
  }

  string(length) {
    const bytes = this.bin(length);
    try {
      return utf8.decode(bytes);
    } catch {
      return bytes;
    }
  }

  /** Returns the number of elements, each of `size` bytes at least. */
  bounded(count, size, depth) {
    if (depth === MAX_READ_DEPTH) throw invalid(`nested deeper than ${MAX_READ_DEPTH}`);
    if (count * size > this.bytes.length - this.at) throw invalid("a length beyond the end of the bytes");
    return count;
  }

  array(count, depth) {
    const array = [];
    for (let left = this.bounded(count, 1, depth); left > 0; left--) array.push(this.value(depth + 1));
    return array;
  }

  map(count, depth) {
    const entries = [];
    for (let left = this.bounded(count, 2, depth); left > 0; left--) {
      const key = this.value(depth + 1);
      const plain = typeof key !== "object" || key instanceof Float || key instanceof Uint8Array;
      if (key === null || !plain || Number.isNaN(key)) throw invalid("a key of another type than string, number or boolean, or NaN");
      entries.push([key instanceof Float ? key.valueOf() : key, this.value(depth + 1)]);
    }
    if (!entries.every(([key]) => typeof key === "string")) return new Map(entries);
    return Object.fromEntries(entries);
  }

  extension(length, depth) {
    const type = this.read(1, "getInt8");
    const bytes = this.bin(length);
    if (type === NULL) return null;
    if (type !== ERROR) throw invalid(`an extension of type ${type}`);
    const decoder = new Decoder(bytes);
    const parts = decoder.value(depth);
    decoder.end();
    if (!Array.isArray(parts)) throw invalid("an error that is not an array");
    const [kind, message, retryable, details, stack] = [parts[0], parts[1], parts[2] ?? null, parts[3] ?? null, parts[4] ?? null];
    if (!isText(kind) || !isText(message)) throw invalid("an error without kind and message");
    if (retryable !== null && typeof retryable !== "boolean") throw invalid("an error whose retryable is not a boolean");
    if (stack !== null && !isText(stack)) throw invalid("an error whose stack is not text");
    return new WarrenError(text(message), { kind: text(kind), retryable, details, stack: stack === null ? null : text(stack) });
  }
}

function isText(value) {
  return typeof value === "string" || value instanceof Uint8Array;
}

/** Returns text for people. Other languages may have written bytes that are not UTF-8. */
function text(value) {
  return typeof value === "string" ? value : lossy.decode(value);
}

function whole(number) {
  return Number.isSafeInteger(number) && !Object.is(number, -0) ? new Float(number) : number;
}

function integer(value) {
  const number = Number(value);
  return Number.isSafeInteger(number) || value > MAX_INTEGER ? number : value;
}
