// The definition `app:greeter`, named after its file. It runs until the program ends.
import { greeting } from "./greeting.js";
import { listen, main, pid, send } from "./warren-guest/warren.js";

export const start = main(() => {
  for (const message of listen("greet")) {
    send(message.from, "reply", `${greeting(message.value)}, from process ${pid()}`);
  }
});
