// Faults of the sources of a process.

/** A fault in a source. `place` is `{ file, line, column, length }`, counted from 1. */
export class Fault extends Error {
  constructor(message, { place = null, help = null, notes = [] } = {}) {
    super(message);
    this.place = place;
    this.help = help;
    this.notes = notes;
  }

  toJSON() {
    const { message, place, help, notes } = this;
    return { message, place, help, notes };
  }
}

/** Returns the place of a range of a text, as `Fault` has it. */
export function placeIn(file, text, start, end = start) {
  const before = text.slice(0, start);
  const lineStart = before.lastIndexOf("\n") + 1;
  const count = (from, to) => [...text.slice(from, to)].length;
  return {
    file,
    line: before.split("\n").length,
    column: count(lineStart, start) + 1,
    length: count(start, end),
  };
}
