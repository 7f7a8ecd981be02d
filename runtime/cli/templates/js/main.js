// The definition `app:main`, which `warren run` starts with the arguments of the command
// line.
import { listen, main, print, send, spawn } from "./warren-guest/warren.js";

export const start = main((name = "world") => {
  const replies = listen("reply");
  const greeter = spawn("app:greeter", "app:processes");
  send(greeter, "greet", name);
  print(replies.receive().value);
});
