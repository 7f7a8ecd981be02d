// The conformance peer in JavaScript, a part of the component of tour.js;
// guest-sdk/conformance/lua.lua describes the commands.
import {
  WarrenError, cancel, context, events, exec, inbox, kinds, listen, lookup, monitor, pid,
  register, select, after, send, setOptions, spawn, upgrade,
} from "../../../guest-sdk/js/warren.js";

const HOST = "app:processes";

const parts = ({ kind, message, retryable, details }) => ({ kind, message, retryable, details });

function failure(attempt) {
  try {
    attempt();
  } catch (error) {
    if (!(error instanceof WarrenError)) throw error;
    return error;
  }
  throw new Error("it did not fail");
}

/** Starts a process that fails, and returns what the event says of it. */
function down(relation, other, details) {
  const target = spawn(other, HOST, ["fail", details], relation);
  const { kind, from, error } = events().receive();
  if (from !== target) throw new Error(`an event of ${from}`);
  return { event: kind, cause: parts(error) };
}

export const commands = {
  echo: (value) => value,
  exec: (other, value) => exec(other, HOST, ["echo", value]),
  upgrade: (other, value) => upgrade(other, ["echo", value]),
  fail(details) {
    throw new WarrenError("it contradicts", { kind: kinds.CONFLICT, retryable: true, details });
  },
  catch: (other, details) => parts(failure(() => exec(other, HOST, ["fail", details]))),
  reply() {
    const { from, value } = listen("ask").receive();
    send(from, "answer", value);
  },
  ask(other, value) {
    const answers = listen("answer");
    send(spawn(other, HOST, ["reply"]), "ask", value);
    return answers.receive().value;
  },
  refusals: () =>
    [
      () => send("nobody is called this", "topic", 1),
      () => send(pid(), "@topic", 1),
      () => spawn("app:no-such-definition", HOST),
      () => register("@name"),
      () => lookup("nobody is called this"),
      () => monitor(pid()),
      () => upgrade("app:no-such-definition"),
    ].map((attempt) => failure(attempt).kind),
  watch: (other, details) => down({ monitored: true }, other, details),
  trap(other, details) {
    setOptions({ trapLinks: true });
    return down({ linked: true }, other, details);
  },
  await_event() {
    const { kind, deadline } = events().receive();
    return { event: kind, deadline: deadline !== undefined };
  },
  cancel(other) {
    const target = spawn(other, HOST, ["await_event"], { monitored: true });
    cancel(target, 60_000);
    const { value, error } = events().receive();
    if (error) throw error;
    return value;
  },
  context: (key) => context.get(key),
  dress: (other, value) =>
    exec(other, HOST, ["found"], {
      context: { dress: value },
      name: "dressed",
      messages: [["first", 1, null], ["second", value]],
    }),
  found() {
    const [first, second] = [inbox().receive(), inbox().receive()];
    return {
      named: lookup("dressed") === pid(),
      context: context.get("dress"),
      topics: [first.topic, second.topic],
      counts: [first.values.length, second.values.length],
      value: second.value,
    };
  },
  wait() {
    const began = performance.now();
    const never = listen("never");
    const { source } = select([never, after(2)]);
    return { came: source === never, waited: performance.now() - began >= 2 };
  },
  bug() {
    throw new Error("a bug");
  },
};
