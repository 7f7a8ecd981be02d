// Hands random bytes to the decoder of values: `node fuzz.mjs SECONDS [SEED]`.
// Decoded values must encode to bytes that decode to the same values; other
// bytes must be refused as INVALID. On a fault it prints the bytes and ends
// with status 1.
import { isDeepStrictEqual } from "node:util";

import { WarrenError, decode, encode, float } from "./values.js";

const seconds = Number(process.argv[2] ?? 10);
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 32);

/** mulberry32, by Tommy Ettinger. */
function generator(state) {
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const random = generator(seed);

const VALUES = [
  null,
  [true, -1, 255, 65536, 2 ** 40, -(2n ** 63n), float(1), 1.5, NaN],
  { text: "text", bytes: new Uint8Array([255, 0]), list: [[], {}], deep: [[[[[1]]]]] },
  new Map([[1, "a"], [true, "b"], [1.5, null]]),
  new WarrenError("message", { kind: "Invalid", retryable: true, details: { a: [1] } }),
  "x".repeat(300),
];
/** Every SDK refuses these: keys of wrong types, malformed errors, trailing bytes. */
const REFUSED = [
  "81cb7ff800000000000000", "81ca7fc0000000", "819000", "81c000", "c7030191a16b", "c7060192a16ba16dc0",
  "c7060193a16ba16d01", "c7080195a16ba16dc0c001", "c70301920102", "0101", "c1",
];
/** Every SDK takes these: errors with few parts, with bytes for text, with JSON's null. */
const TAKEN = ["c7050192a16ba16d", "c7060192a16bc401ff", "c7080193a16ba16dd40200", "c70a0195a16ba16dc0c0d40200", "c7070193c4016ba16dc3"];
/** Inputs that found something once. */
const KEPT = ["81c401ff01", "d6ff00000001", "81813cfe06"].map((hex) => Uint8Array.from(Buffer.from(hex, "hex")));

const seeds = VALUES.map((value) => encode(value, "value"));

function mutated(bytes) {
  const list = [...bytes];
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const at = random(list.length + 1);
    switch (random(5)) {
      case 0: list.splice(at, 0, random(256)); break;
      case 1: list.splice(at, 1 + random(4)); break;
      case 2: list.splice(at, 0, ...list.slice(random(list.length + 1)).slice(0, 64)); break;
      case 3: list[at] = [0xc1, 0xc7, 0xc9, 0xd4, 0xdc, 0xdd, 0xde, 0xdf, 0xdb, 0xc6][random(10)]; break;
      default: list[at] = random(256);
    }
  }
  return Uint8Array.from(list);
}

let decoded = 0;

function check(bytes) {
  let value;
  try {
    value = decode(bytes);
  } catch (error) {
    if (error instanceof WarrenError && error.kind === "Invalid") return;
    throw error;
  }
  decoded++;
  // A stack is written as JavaScript makes it, and may differ.
  const again = decode(encode(value, "value"));
  if (!isDeepStrictEqual(again, value)) throw new Error("it decodes to something else");
}

for (const [list, taken] of [[REFUSED, 0], [TAKEN, 1]]) {
  for (const hex of list) {
    const before = decoded;
    check(Uint8Array.from(Buffer.from(hex, "hex")));
    if (decoded - before !== taken) throw new Error(`${hex} is ${taken ? "refused" : "taken"}`);
  }
}

const until = Date.now() + seconds * 1000;
let executions = 0;
while (Date.now() < until) {
  const bytes = KEPT[executions] ?? mutated(seeds[random(seeds.length)]);
  executions++;
  try {
    check(bytes);
  } catch (error) {
    console.error(`error: seed ${seed}: ${Buffer.from(bytes).toString("hex")}: ${error.stack ?? error}`);
    process.exit(1);
  }
}
// The format of libFuzzer, for `cargo xtask fuzz`.
console.log(`stat::number_of_executed_units: ${executions}\nreached::values decoded: ${decoded}`);
