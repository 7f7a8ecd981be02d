// Packages of npm: modules of CommonJS and of ECMAScript, by default, by name, as a
// namespace, as a part of the package, and when the process runs.
import ms from "ms";
import { customAlphabet, nanoid } from "nanoid";
import * as unsafe from "nanoid/non-secure";

import { main, print } from "./warren-guest/warren.js";

export const start = main(async () => {
  print(ms("2 days"));
  print(nanoid().length);
  print(customAlphabet("ab", 8)().length);
  const late = await import("ms");
  print(late.default === ms && unsafe.nanoid() !== unsafe.nanoid());
});
