// Reads lines of a receipt: `3 x coffee 2.40`.
import { WarrenError, float, kinds, listen, main, send } from "../../guest-sdk/js/warren.js";

const LINE = /^(?<count>\d+) x (?<item>.+) (?<price>\d+\.\d\d)$/;

function parse(line) {
  const found = LINE.exec(line.trim());
  if (!found) throw new WarrenError(`no line of a receipt: ${line}`, { kind: kinds.INVALID, details: { line } });
  const { count, item, price } = found.groups;
  // A price is a float, also where it is whole.
  return { item, count: Number(count), price: float(Number(price)) };
}

/** Answers every `line` with an `item` or with what is wrong with it. */
export const start = main(() => {
  for (const message of listen("line")) {
    try {
      send(message.from, "item", parse(message.value));
    } catch (error) {
      send(message.from, "item", error);
    }
  }
});
