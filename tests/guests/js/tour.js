// Every call of the JavaScript SDK against the real runtime, and its faults. The
// conformance peer is in the same component: compiling one takes 15 s.
import { commands } from "./peer.js";
import { large, refusals } from "./refusals.js";
import {
  Float, WarrenError, after, call, cancel, context, events, exec, execStart, exit, float, frameId,
  getOptions, inbox, kinds, link, listen, log, lookup, main, monitor, pid, print, randomBytes,
  register, security, select, send, setOptions, sleep, spawn, terminate, unlink, unmonitor,
  unregister, upgrade,
} from "../../../guest-sdk/js/warren.js";

const ME = "app:main";
const HOST = "app:processes";

function check(holds, what) {
  if (!holds) throw new Error(`not so: ${what}`);
}

function fails(kind, attempt) {
  try {
    attempt();
  } catch (error) {
    check(error instanceof WarrenError && error.kind === kind, `${kind}: ${error}`);
    return error;
  }
  throw new Error(`it did not fail with ${kind}`);
}

function itself() {
  check(pid().startsWith("{app:processes|"), "a PID");
  check(frameId().startsWith("app:main#"), "a frame id");
  check(randomBytes(16).length === 16, "random bytes");
  check(String(randomBytes(16)) !== String(randomBytes(16)), "others each time");
}

function values() {
  const cyclic = [];
  cyclic.push({ cyclic });
  for (const [value, message] of [
    [{ callback() {} }, "payload[0].callback: a function cannot leave its process"],
    [cyclic, "payload[0][0].cyclic: it contains itself"],
    [new Date(), "payload[0]: a Date cannot leave its process"],
    [2n ** 63n, "payload[0]: 9223372036854775808 does not fit 64 bits"],
    ["\ud800", "payload[0]: a string with half a surrogate pair; send its bytes"],
  ]) {
    check(fails(kinds.INVALID, () => send(pid(), "topic", value)).message === message, message);
  }
  let deep = [];
  for (let i = 0; i < 100; i++) deep = [deep];
  fails(kinds.INVALID, () => send(pid(), "topic", deep));
  const floats = listen("floats");
  send(pid(), "floats", 1, float(1), 0.5);
  const [integer, whole, half] = floats.receive().values;
  check(integer === 1 && whole instanceof Float && whole + 1 === 2 && half === 0.5, "integers and floats");
  floats.close();
}

function messages() {
  const jobs = listen("job");
  send(pid(), "job", "resize", 640);
  send(pid(), "other");
  const job = jobs.receive();
  check(job.topic === "job" && job.from === pid() && job.values[1] === 640, "a message");
  check(inbox().receive().value === null, "a message without values");
  check(jobs.receive(0) === undefined && jobs.receive(2) === undefined, "nothing to receive");
  jobs.close();
  send(pid(), "job", 1);
  check(inbox().receive().topic === "job", "what nobody listens on is the inbox's");
  fails(kinds.INVALID, () => listen(""));
  fails(kinds.NOT_FOUND, () => send("nobody", "job"));
  fails(kinds.INVALID, () => sleep("soon"));
}

function selecting() {
  const jobs = listen("job");
  const pending = execStart(ME, HOST, ["double", 21]);
  const timer = after(1);
  send(pid(), "job", 1);
  const seen = new Map();
  const sources = [jobs, pending, timer];
  while (sources.length > 0) {
    const { source, item } = select(sources);
    seen.set(source, item);
    sources.splice(sources.indexOf(source), 1);
  }
  check(seen.get(jobs).value === 1 && seen.get(pending).value === 42 && seen.has(timer), "three sources");
  check(select([jobs], 1) === undefined, "the time passes");
  jobs.close();
}

function processes() {
  check(exec(ME, HOST, ["double", 4]) === 8, "a result");
  const error = fails(kinds.CONFLICT, () => exec(ME, HOST, ["conflict"]));
  check(error.message === "as asked" && error.retryable === false && error.details.at === 7, "a whole error");
  fails(kinds.NOT_FOUND, () => spawn("app:none", HOST));
  fails(kinds.NOT_FOUND, () => upgrade("app:none"));
  check(exec(ME, HOST, ["upgrading"]) === "upgraded", "another code");
  const parked = spawn(ME, HOST, ["park"], { monitored: true });
  cancel(parked, 60_000);
  const exited = events().receive();
  check(exited.kind === "pid.exit" && exited.from === parked && exited.value === true, "asked to end");
  const busy = spawn(ME, HOST, ["busy"], { monitored: true });
  terminate(busy);
  check(events().receive().error.kind === kinds.CANCELED, "ended by force");
}

function ties() {
  const parked = spawn(ME, null, ["park"]);
  monitor(parked);
  unmonitor(parked);
  link(parked);
  unlink(parked);
  terminate(parked);
  setOptions({ trapLinks: true });
  check(getOptions().trapLinks, "trapping");
  const failing = spawn(ME, HOST, ["conflict"], { linked: true });
  const down = events().receive();
  check(down.kind === "pid.link.down" && down.from === failing, "a link down");
  setOptions({ trapLinks: false });
  fails(kinds.INVALID, () => setOptions({ trap: true }));
}

function names() {
  register("here");
  check(lookup("here") === pid(), "found");
  check(unregister("here") && !unregister("here"), "free again");
  fails(kinds.NOT_FOUND, () => lookup("here"));
  check(context.get("region") === null && Object.keys(context.all()).length === 0, "no context");
  const options = { context: { region: "eu" }, actor: { id: "ada", meta: { role: "admin" } } };
  const [region, actor] = exec(ME, HOST, ["who"], options);
  check(region === "eu" && actor.id === "ada" && actor.meta.role === "admin", "inherited");
  check(security.actor() === null && security.scope() === null, "nobody");
}

function operations() {
  const digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  check(call("hash.sha256", "abc") === digest, "a digest");
  // This one takes longer.
  check(call("crypto.pbkdf2", "password", "salt", 20_000, 32).length === 32, "a key");
  fails(kinds.NOT_FOUND, () => call("hash.none"));
  fails(kinds.INVALID, () => call("hash.sha256"));
  fails(kinds.NOT_FOUND, () => call("store.open", "none"));
}

const roles = {
  double: (value) => value * 2,
  conflict() {
    throw new WarrenError("as asked", { kind: kinds.CONFLICT, retryable: false, details: { at: 7 } });
  },
  park: () => events().receive().deadline !== undefined,
  busy() {
    for (;;);
  },
  upgrading: () => upgrade(null, ["upgraded"]),
  upgraded: () => "upgraded",
  who: () => [context.get("region"), security.actor()],
  later: async () => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    throw new TypeError("a bug, later");
  },
  type: () => undefined.property,
  text() {
    throw "a text";
  },
  result: () => ({ run() {} }),
  memory() {
    const all = [];
    for (;;) all.push(new Uint8Array(1 << 20).fill(1));
  },
  excused() {
    try {
      commands.memory();
    } catch {
      throw new Error("a mistake after that");
    }
  },
  exit: () => exit(7),
  large,
  log: () => log.named("tour").warn("something here is odd", { job: 7 }),
};

export const start = main((role, ...rest) => {
  if (Object.hasOwn(commands, role ?? "")) return commands[role](...rest);
  if (role) return roles[role](...rest);
  itself();
  values();
  messages();
  selecting();
  processes();
  ties();
  names();
  operations();
  refusals();
  console.log("the console is standard output");
  print("the tour is over");
});
