//! The promises of the SDKs for compiled languages.

use warren_tests::{Outcome, Program, Site, Warren, guests, project, scripts};

const TARGETS: [&str; 2] = ["wasm32-unknown-unknown", "wasm32-wasip1"];
const RUST: &str = "tests/guests/rust";
const C: &str = "tests/guests/c";
// One component a language: compiling one takes 15 s.
const JS: &str = "tests/guests/js/tour.js";
const PYTHON: &str = "tests/guests/python/faults.py";

/// The stores of the tours.
const STORES: &str = r#"
[stores."app:memory"]

[stores."app:durable"]
kind = "durable"

[grants."app:main"]
store = ["memory", "durable"]
"#;

/// Makes every call of the Rust SDK, against the real runtime.
#[test]
fn rust_calls() {
    for target in TARGETS {
        let tour = guests::rust(RUST, target).module("tour");
        let manifest = STORES.as_bytes().to_vec();
        Program::of(&[("main.wasm", tour), ("warren.toml", manifest)])
            .run()
            .ends_with(0)
            .prints("the tour is over\n");
    }
}

/// Sends requests over HTTP in Rust and in C.
#[test]
fn requests_over_http() {
    let site = Site::start();
    let main = r#"
        local site = "http://127.0.0.1:8080"
        local _, err = process.exec("app:rust", nil, site)
        assert(not err, err)

        local function fetch(path, len)
            return assert(process.exec("app:c", nil, site .. path, len))
        end
        local answer = fetch("/echo", 3)
        assert(answer[1] == 200 and answer[2] == "application/json" and answer[3] == "")
        local sent = { '"method":"PUT"', '"x-two":"1","x-two":"2"', '"x-one":"alone"', '"body":"xxx"' }
        for _, part in ipairs(sent) do
            assert(answer[4]:find(part, 1, true), answer[4])
        end
        print(table.concat(fetch("/fields", 0), "|"))
        print(table.concat(fetch("/empty", 0), "|"))
        -- It is longer than a message.
        print(table.concat(fetch("/count", 3000000), "|"))
        _, err = process.exec("app:c", nil, "http://other.example/", 0)
        assert(err:kind() == errors.PERMISSION_DENIED, err)
    "#;
    let manifest = r#"
        [grants."app:rust"]
        http = [{ origin = "http://127.0.0.1:8080", private = true }]

        [grants."app:c"]
        http = [{ origin = "http://127.0.0.1:8080", private = true }]
    "#;
    let rust = guests::rust(RUST, TARGETS[0]).module("fetch");
    Program::of(&[
        ("main.lua", site.put_into(main).into_bytes()),
        ("warren.toml", site.put_into(manifest).into_bytes()),
        ("rust.wasm", rust),
        ("c.wasm", guests::c(C, "c-http").module("fetch")),
    ])
    .run()
    .ends_with(0)
    .prints("all is fetched\n200||1|fields\n204|||\n200|||3000000\n");
}

/// Calls a server in Rust from Lua, and a server in Lua from Rust: one protocol.
#[test]
fn servers_answer_callers_in_the_other_language() {
    let caller = guests::rust(RUST, TARGETS[0]).module("caller");
    let counter = guests::rust("examples/counter", TARGETS[0]).module("counter");
    let files = [
        ("caller.wasm", &*caller),
        ("counter.wasm", &*counter),
        ("main.lua", CALLS.as_bytes()),
        ("called.lua", CALLED.as_bytes()),
        ("mute.lua", MUTE.as_bytes()),
    ];
    Program::of(&files)
        .run()
        .ends_with(0)
        .prints("the caller has ended\n");
}

/// A server in Lua.
const CALLED: &str = r#"
local server = require("server")
local called = {}
function called.init(n)
  return { n = n }
end
function called.call(state, request)
  if request == "fail" then
    return nil, errors.new { kind = errors.CONFLICT, message = "as asked" }
  end
  if request == "crash" then
    error("worn out", 0)
  end
  state.n = state.n + request
  return state.n
end
function called.cast(state, request)
  state.n = state.n + request
end
return server.entry(called)
"#;

/// A server that answers nothing, and leaves or dies when it is asked to.
const MUTE: &str = r#"
return function()
  local inbox = process.inbox()
  repeat
    local _, request = inbox:receive():payload()
    if request == "die" then
      process.terminate(process.pid())
    end
  until request == "leave"
end
"#;

/// Calls a server in Rust, with more late replies than it would notice.
const CALLS: &str = r#"
local server = require("server")
local counter = assert(process.spawn("app:counter", nil, 1))
assert(server.call(counter, { Add = 5 }) == 6)
assert(server.cast(counter, { Add = 10 }))
assert(server.call(counter, "Get") == 16)
local value, err = server.call(counter, { Divide = 0 })
assert(value == nil and err:kind() == errors.INVALID, err)
value, err = server.call(counter, { Multiply = 2 })
assert(value == nil and err:kind() == errors.INVALID, err)
for _ = 1, 100 do
  server.call(counter, { Add = 1 }, 0)
end
assert(server.call(counter, "Get") == 116)
value, err = server.call(counter, "Crash", "1m")
assert(value == nil and tostring(err):find("asked to crash at 116"), err)
assert(process.exec("app:caller") == nil)
assert(process.inbox():receive(0) == nil)
print("the caller has ended")
"#;

/// Ends a supervisor whose workers read no events: it waits for none of them.
#[test]
fn a_supervisor_in_rust_waits_for_no_worker_that_cannot_notice() {
    let keeper = guests::rust(RUST, TARGETS[0]).module("keeper");
    let main = r#"
        local function await(name)
          local pid = process.registry.lookup(name)
          while not pid do
            time.sleep("1ms")
            pid = process.registry.lookup(name)
          end
          return pid
        end
        local keeper = assert(process.spawn_monitored("app:keeper"))
        for _, name in ipairs { "a", "b", "c" } do await(name) end
        assert(process.cancel(keeper))
        local event = process.events():receive()
        assert(event.kind == process.event.EXIT and event.result.error == nil, event.result.error)
        for _, name in ipairs { "a", "b", "c" } do
          assert(not process.registry.lookup(name), name)
        end
        print("all have ended")
    "#;
    let worker = "return function() process.inbox():receive() end";
    Program::of(&[
        ("main.lua", main.as_bytes()),
        ("worker.lua", worker.as_bytes()),
        ("keeper.wasm", &*keeper),
    ])
    .run()
    .ends_with(0)
    .prints("all have ended\n");
}

/// Uses the standard library of Rust: it works on one target, and says what to use in its
/// place on the other.
#[test]
fn the_standard_library_of_rust_works_or_says_what_to_use() {
    let program = |target| {
        let library = guests::rust(RUST, target).module("library");
        Program::of(&[("main.wasm", library)])
    };
    program("wasm32-wasip1")
        .run()
        .ends_with(0)
        .prints("printed by the SDK\nprinted by the library\n")
        .says(&["an error of the library"]);
    program("wasm32-unknown-unknown")
        .run()
        .ends_with(1)
        .prints("printed by the SDK\n")
        .says(&[
            "error: time not implemented on this platform: `std::time` has no clock on \
             wasm32-unknown-unknown; use `warren_guest::time`, or build for wasm32-wasip1\n",
            "main at src/bin/library.rs:14:17",
        ]);
}

/// Builds for the target without a system, where some of the standard library is silent.
#[test]
fn a_build_tells_of_what_the_standard_library_cannot_do() {
    let out = Program::of(&[("x.txt", "")]);
    let built = Warren::tool("build", project().join(RUST))
        .env("WARREN_CARGO", guests::cargo_for(TARGETS[0]))
        .env("GUEST_TOOLCHAIN", guests::toolchain())
        .env("CARGO_NET_OFFLINE", "true")
        .options(["--no-compile", "--target", TARGETS[0], "--target-dir"])
        .options([project().join("target/guests")])
        .options(["--out"])
        .options([out.path()])
        .outcome()
        .ends_with(0);
    for (fault, instead) in [
        ("`std::println!` prints nothing", "`warren_guest::println!`"),
        ("`std::time` has no clock", "`warren_guest::time`"),
        ("`std::thread::sleep` panics", "`warren_guest::time::sleep`"),
    ] {
        let lines: Vec<&str> = built.stderr.lines().collect();
        let told = lines.iter().filter(|line| line.contains(fault));
        let told: Vec<_> = told.collect();
        let [line] = told[..] else {
            panic!("{fault} is told {} times: {built}", told.len());
        };
        assert!(
            line.starts_with("warning: ") && line.contains("library.wasm: "),
            "{line}"
        );
        assert!(
            line.contains(instead) && !line.contains("tour.wasm"),
            "{line}"
        );
    }
}

#[test]
fn rust_fails_with_message_and_place() {
    let faults = guests::rust(RUST, TARGETS[0]).module("faults");
    let program = Program::of(&[("main.wasm", faults)]);
    let run = |fault: &str| -> Outcome { program.command().arguments([fault]).outcome() };
    for (fault, texts) in [
        (
            "panic",
            &[
                "error: src/bin/faults.rs:8:20: a bug in main\n",
                "\n  at src/bin/faults.rs:8:20\n  stack traceback:\n",
                // Inlined or not, as the compiler likes.
                "main at src/bin/faults.rs:8:20",
            ][..],
        ),
        (
            "index",
            &["faults.rs:11:36: index out of bounds: the len is 1"],
        ),
        ("memory", &["refused memory: max_memory = 64 MiB"]),
        (
            "recursion",
            &[
                "error: stack overflow: the guest's calls nest too deeply (RateLimited)\n",
                "\n  \tfaults::deeper at src/bin/faults.rs:",
                " more\n",
            ],
        ),
        ("error", &["entity not found"]),
        ("parse", &["invalid digit found in string"]),
        ("nothing", &["no fault `nothing`"]),
    ] {
        run(fault).ends_with(1).says(texts);
    }
    run("exit").ends_with(7);
    run("log").ends_with(0).says(&[
        "something here is odd",
        "logger=\"faults\"",
        "src/bin/faults.rs",
    ]);
}

#[test]
fn arguments_of_another_type_are_named() {
    let faults = guests::rust(RUST, TARGETS[0]).module("faults");
    Program::of(&[("main.wasm", faults)])
        .command()
        .options(["--args-json", "[7]"])
        .outcome()
        .ends_with(1)
        .says(&["arguments: invalid type: integer `7`, expected a string"]);
}

/// Reads the stack of a trap in another process. The variables of the engine have no say.
#[test]
fn traps_are_readable() {
    let main = r#"
        for _, guest in ipairs { "app:rust", "app:c" } do
          local _, err = process.exec(guest, nil, "recursion")
          assert(err:kind() == errors.RATE_LIMITED and tostring(err):find("^stack overflow: "), err)
          local stack = err:stack()
          assert(stack:find("^stack traceback:\n\t"), stack)
          assert(stack:find("\n\t[%w:]*deeper at [^\n]*faults%.%a+:%d+"), stack)
          assert(stack:find("\n\t%.%.%. %d+ more\n"), stack)
          assert(not stack:find("WASMTIME"), stack)
        end
        print("both are readable")
    "#;
    let program = Program::of(&[
        ("main.lua", main.as_bytes().to_vec()),
        ("rust.wasm", guests::rust(RUST, TARGETS[1]).module("faults")),
        ("c.wasm", guests::c(C, "c-traps").module("faults")),
    ]);
    for details in ["0", "1"] {
        program
            .command()
            .env("WASMTIME_BACKTRACE_DETAILS", details)
            .outcome()
            .ends_with(0)
            .prints("both are readable\n");
    }
}

/// Makes the calls of the C SDK that the pairs do not cover.
#[test]
fn c_calls() {
    let guests = guests::c(C, "c-calls");
    Program::of(&[("main.wasm", guests.module("tour"))])
        .run()
        .ends_with(0)
        .prints("the tour is over\n");
    let program = Program::of(&[("main.wasm", guests.module("faults"))]);
    for (fault, texts) in [
        (
            "panic",
            &[
                "tests/guests/c/faults.c:14: a bug in main",
                "\n  stack traceback:\n  \t",
                "\twarren_main at ",
                "tests/guests/c/faults.c:14:",
            ][..],
        ),
        (
            "assert",
            &["faults.c:15: warren_main: assertion failed: fault.len == 0"],
        ),
        (
            "abort",
            &[
                "the guest aborted",
                "\tabort",
                "\twarren_main at ",
                "tests/guests/c/faults.c:16:",
            ],
        ),
        ("memory", &["not enough memory: max_memory = 64 MiB"]),
        (
            "recursion",
            &[
                "stack overflow",
                "\tdeeper at ",
                "tests/guests/c/faults.c:9:",
                " more\n",
            ],
        ),
        ("status", &["warren_main returned 5"]),
        ("results", &["result: 2 values where one was expected"]),
        (
            "unfinished",
            &["result: an array or map has too few elements"],
        ),
        ("deep", &["result: nested deeper than 100"]),
        ("nothing", &["no fault `nothing`"]),
    ] {
        let run = program.command().arguments([fault]).outcome();
        run.ends_with(1).says(texts);
    }
    program.command().arguments(["exit"]).outcome().ends_with(7);
    let logged = program.command().arguments(["log"]).outcome();
    logged
        .ends_with(0)
        .says(&["something here is odd", "faults.c"]);
}

/// Ends a process in C in every way after it has written a file that it does not close.
#[test]
fn c_files_that_are_not_closed_are_kept() {
    let writer = guests::c(C, "c-files").module("files");
    let program = Program::of(&[
        ("main.lua", KEPT.as_bytes()),
        ("nothing.lua", b"return function() end"),
        ("writer.wasm", &writer),
    ]);
    let out = program.path().join("out");
    std::fs::create_dir(&out).expect("the directory is writable");
    program
        .command()
        .options(["--log", "off", "--write"])
        .options([&out])
        .arguments([out.join("kept")])
        .outcome()
        .ends_with(0)
        .prints("12 ends\n");
}

/// Runs the writer to each of its ends.
const KEPT: &str = r#"
local path = ...
local ends = {
  ["return"] = true, exit = true, ["exit of C"] = true, upgrade = true,
  fail = false, status = false, panic = false, assert = false, ["failing exit"] = false,
  ["failing exit of C"] = false, ["refused upgrade"] = false, results = false,
}
local count = 0
for how, ends_well in pairs(ends) do
  local _, err = process.exec("app:writer", nil, how, path)
  assert((err == nil) == ends_well, how .. ": " .. tostring(err))
  local file = assert(io.open(path))
  local text = file:read("a")
  file:close()
  assert(os.remove(path))
  assert(text == "one\ntwo", how .. ": " .. text)
  count = count + 1
end
print(count .. " ends")
"#;

/// Runs the examples of the C SDK, one of them in C++.
#[test]
fn c_examples() {
    let guests = guests::c("guest-sdk/c/examples", "c-examples");
    let greeter = "local pid = assert(process.spawn_monitored('app:greet', 'app:processes'))\n\
         local replies = process.listen('reply')\n\
         process.send(pid, 'greet', 'Lua')\n\
         process.send(pid, 'greet', 7)\n\
         print((replies:receive()))\n\
         process.cancel(pid)\n\
         print(process.events():receive().kind)\n\
         print(process.exec('app:greet', 'app:processes', 'Ada', 'Bob'))\n\
         print(process.exec('app:sum', 'app:processes', 1, 2.5, -1))\n\
         print(select(2, process.exec('app:sum', 'app:processes', 'x')))\n";
    Program::of(&[
        ("main.lua", greeter.as_bytes().to_vec()),
        ("greet.wasm", guests.module("greet")),
        ("sum.wasm", guests.module("sum")),
    ])
    .run()
    .ends_with(0)
    .prints(
        "hello, Lua\npid.exit\nhello, Ada\nhello, Bob\nnil\tnil\n2.5\tnil\n\
         arguments: expected a number\n",
    );
}

/// Makes every call of the JavaScript SDK, and shows its faults.
#[test]
fn js_calls() {
    let tour = scripts::js(&[JS]).module("tour");
    let program = Program::of(&[("main.wasm", tour)]);
    program
        .run()
        .ends_with(0)
        .prints("the console is standard output\nthe tour is over\n");
    for (fault, texts) in [
        (
            "type",
            &[
                "tests/guests/js/tour.js:161:15: TypeError: can't access",
                "type@tests/guests/js/tour.js",
            ][..],
        ),
        ("later", &["tour.js:159:11: TypeError: a bug, later"]),
        (
            "conflict",
            &["as asked", "conflict@tests/guests/js/tour.js"],
        ),
        ("text", &["a text"]),
        (
            "result",
            &["result.run: a function cannot leave its process"],
        ),
        (
            "memory",
            &["out of memory: max_memory = 64 MiB", "(RateLimited)"],
        ),
        ("excused", &["a mistake after that"]),
        ("nothing", &["TypeError: roles[role] is not a function"]),
    ] {
        let run = program.command().arguments([fault]).outcome();
        run.ends_with(1).says(texts);
    }
    exits_and_logs(&program, &["logger=\"tour\"", "tests/guests/js/tour.js"]);
}

/// Has processes of both SDKs end for want of memory, and one by a mistake after it had caught
/// that.
#[test]
fn scripts_without_memory_end_at_the_limit() {
    let main = "for _, of in ipairs { { 'js', 'memory' }, { 'python', 'memory' }, \
                { 'js', 'excused' } } do\n\
                local _, err = process.exec('app:' .. of[1], 'app:processes', of[2])\n\
                local at_limit = err:kind() == errors.RATE_LIMITED and err:details() or {}\n\
                print(of[1], err:kind(), err:retryable(), at_limit.limit, at_limit.value)\n\
                end\n";
    let tour = scripts::js(&[JS]).module("tour");
    let faults = scripts::python(&[PYTHON]).module("faults");
    Program::of(&[
        ("main.lua", main.as_bytes().to_vec()),
        ("js.wasm", tour),
        ("python.wasm", faults),
    ])
    .run()
    .ends_with(0)
    .prints(
        "js\tRateLimited\tfalse\tmax_memory\t67108864\n\
         python\tRateLimited\tfalse\tmax_memory\t67108864\n\
         js\tInternal\tnil\tnil\tnil\n",
    );
}

/// Asserts that `exit` ends the program with its status, and a line of the log
/// says where from.
#[track_caller]
fn exits_and_logs(program: &Program, place: &[&str]) {
    program.command().arguments(["exit"]).outcome().ends_with(7);
    let logged = program.command().arguments(["log"]).outcome();
    logged
        .ends_with(0)
        .says(&["something here is odd"])
        .says(place);
}

/// Makes the calls of the Python SDK that the pairs do not cover, and shows its
/// faults.
#[test]
fn python_calls() {
    let faults = scripts::python(&[PYTHON]).module("faults");
    let program = Program::of(&[("main.wasm", faults)]);
    program.run().ends_with(0).prints("the tour is over\n");
    for (fault, texts) in [
        (
            "key",
            &["faults.py:96: KeyError: 'missing'", "in main", "line 96"][..],
        ),
        ("conflict", &["as asked", "in conflict"]),
        (
            "result",
            &["result.run: a builtin_function_or_method cannot leave its process"],
        ),
        ("memory", &["MemoryError", "max_memory = 64 MiB"]),
        // Half a surrogate pair is shown as its escape.
        (
            "half",
            &["logged \\ud83d", "ValueError: half \\ud83d of a pair"],
        ),
    ] {
        let run = program.command().arguments([fault]).outcome();
        run.ends_with(1).says(texts);
    }
    let refused = program.command().arguments(["refuse"]).outcome();
    refused.ends_with(1).says(&["no stock \\ud83d"]);
    let out = program.path().join("out");
    std::fs::create_dir(&out).expect("the directory is writable");
    let path = out.join("kept.txt");
    let kept = program
        .command()
        .options(["--write".as_ref(), out.as_os_str()]);
    let arguments = ["keep".as_ref(), path.as_os_str()];
    kept.arguments(arguments).outcome().ends_with(0);
    let written = std::fs::read_to_string(&path).expect("it is there");
    assert_eq!(written, "kept");
    exits_and_logs(&program, &["logger=\"faults\"", "\"file\": \"faults.py\""]);
}

/// Runs a program in Lua, JavaScript and Python.
#[test]
fn the_receipts_example() {
    let receipts = project().join("examples/receipts");
    let main = std::fs::read(receipts.join("main.lua")).unwrap_or_else(|e| panic!("{e}"));
    let parser = scripts::js(&["examples/receipts/parser.js"]).module("parser");
    let prices = scripts::python(&["examples/receipts/prices.py"]).module("prices");
    Program::of(&[
        ("main.lua", main),
        ("parser.wasm", parser),
        ("prices.wasm", prices),
    ])
    .run()
    .ends_with(0)
    .prints(
        "coffee   3 x  2.40\n\
             cake     1 x  4.00\n\
             skipped: no line of a receipt: some tip (Invalid)\n\
             total        11.20\n\
             median        3.20\n\
             no prices\n",
    );
}

/// Pairs each language with every other: values, errors, exec, messages,
/// upgrade, and the other duties of an SDK. Each has a test of its own, since one
/// for all of them takes as long as the rest of the tests on busy cores.
macro_rules! languages_in_pairs {
    ($($test:ident: $peer:literal;)*) => {
        mod languages_in_pairs {
            $(#[test]
            fn $test() {
                super::in_pairs_with_all($peer);
            })*
        }

        const PEERS: &[&str] = &[$($peer),*];
    };
}

languages_in_pairs! {
    lua: "app:lua";
    rust: "app:rust";
    rust_wasi: "app:rust-wasi";
    c: "app:c";
    cpp: "app:cpp";
    js: "app:js";
    python: "app:python";
    zig: "app:zig";
}

fn in_pairs_with_all(peer: &str) {
    let conformance = project().join("guest-sdk/conformance");
    let read = |name: &str| match std::fs::read(conformance.join(name)) {
        Ok(content) => content,
        Err(error) => panic!("{name}: {error}"),
    };
    let c = guests::c(C, "c-pairs");
    let program = Program::of(&[
        ("main.lua", read("main.lua")),
        ("garbage.wat", read("garbage.wat")),
        ("lua.lua", read("lua.lua")),
        ("rust.wasm", guests::rust(RUST, TARGETS[0]).module("peer")),
        (
            "rust-wasi.wasm",
            guests::rust(RUST, TARGETS[1]).module("peer"),
        ),
        ("c.wasm", c.module("peer")),
        ("cpp.wasm", c.module("peer_cpp")),
        ("js.wasm", scripts::js(&[JS]).module("tour")),
        ("python.wasm", scripts::python(&[PYTHON]).module("faults")),
        ("zig.wasm", scripts::zig_with_sdk("peer")),
    ]);
    program
        .command()
        // Every failure in the output is requested by the test.
        .options(["--log", "error"])
        .arguments(["--only", peer].iter().chain(PEERS))
        .outcome()
        .ends_with(0)
        .prints("8 pairs, 31 values, 0 failures\n")
        .says_nothing();
}

/// The processes of a test may be guests, which see virtual time, and are told of if the test
/// leaves them behind.
#[test]
fn tests_start_guests_like_any_process() {
    let checks = r#"
        local assert = require("assert")
        return function()
            local host <const> = "app:processes"
            for _, guest in ipairs { "app:rust", "app:c" } do
                assert.eq(process.exec(guest, host, "echo", { 1, "two" }), { 1, "two" })
                local canceled = assert.ok(process.exec(guest, host, "cancel", guest))
                assert.eq(canceled, { event = "pid.cancel", deadline = true })
                assert.ok(process.spawn(guest, host, "reply"))
            end
            time.sleep("1h")
        end"#;
    let program = Program::of(&[
        ("guests_test.lua", checks.as_bytes().to_vec()),
        ("rust.wasm", guests::rust(RUST, TARGETS[1]).module("peer")),
        ("c.wasm", guests::c(C, "c-tests").module("peer")),
    ]);
    let ended = Warren::tool("test", program.path()).outcome().ends_with(0);
    assert!(
        ended
            .text()
            .ends_with(": 1 passed, 0 failed, 2 processes left\n"),
        "{ended}"
    );
    for left in ["} app:rust\n", "} app:c\n"] {
        assert!(ended.text().contains(left), "{left:?}: {ended}");
    }
}

/// Finds out a peer that is wrong.
#[test]
fn the_conformance_program_notices() {
    let conformance = project().join("guest-sdk/conformance");
    let read = |name: &str| match std::fs::read_to_string(conformance.join(name)) {
        Ok(content) => content,
        Err(error) => panic!("{name}: {error}"),
    };
    let wrong = read("lua.lua")
        // Loses the kind of a number, and an error's details.
        .replace(
            "function commands.echo(value) return value end",
            "function commands.echo(value) return math.tointeger(value) or value end",
        )
        .replace("details = details }", "}");
    let ended = Program::of(&[
        ("main.lua", read("main.lua")),
        ("garbage.wat", read("garbage.wat")),
        ("wrong.lua", wrong),
    ])
    .command()
    .options(["--log", "error"])
    .arguments(["app:wrong"])
    .outcome()
    .ends_with(1);
    for text in [
        "app:wrong exec app:wrong, 1.0: got integer 1",
        "app:wrong catch app:wrong, true: ",
        "1 pairs, 31 values, ",
    ] {
        assert!(ended.text().contains(text), "{text:?}: {ended}");
    }
}

#[test]
fn the_counter_example() {
    let counter = guests::rust("examples/counter", TARGETS[0]);
    let main = match std::fs::read(project().join("examples/counter/main.lua")) {
        Ok(content) => content,
        Err(error) => panic!("{error}"),
    };
    Program::of(&[
        ("main.lua", main),
        ("counter.wasm", counter.module("counter")),
        ("supervisor.wasm", counter.module("supervisor")),
    ])
    .run()
    .ends_with(0)
    .prints(
        "add 5\t15\n\
         get\t115\n\
         divide by 0\tnil\tcannot divide by 0\n\
         what?\tnil\trequest: unknown variant `Multiply`, expected one of `Get`, `Add`, `Divide`, `Crash`\n\
         after a crash\t10\n\
         the supervisor ended\tnil\n\
         the counter is gone\tnil\tname not registered: counter\n",
    )
    .says(&["child counter", "asked to crash at 115"]);
}

/// Returns the only block of docs/guest-abi.md in a language.
#[track_caller]
fn documented(language: &str) -> String {
    let page = std::fs::read_to_string(project().join("docs/guest-abi.md"));
    let page = page.unwrap_or_else(|e| panic!("{e}"));
    let begin = format!("\n```{language}\n");
    let parts: Vec<&str> = page.split(&begin).collect();
    let [_, part] = parts[..] else {
        panic!("the page has {} blocks of {language}", parts.len() - 1);
    };
    let end = part.split_once("\n```\n");
    end.map_or_else(
        || panic!("no end of {language}"),
        |(block, _)| block.to_owned(),
    )
}

/// Sends messages to a process of the definition `app:echo`, which answers each with the
/// same values.
const ECHOED: &str = r#"
local echoes = process.listen("echo", { message = true })
local echo = assert(process.spawn_monitored("app:echo"))
local function check(...)
  assert(process.send(echo, "any topic", ...))
  local message = echoes:receive()
  assert(message:from() == echo)
  local sent, got = table.pack(...), table.pack(message:payload())
  assert(sent.n == got.n)
  for place = 1, sent.n do
    assert(sent[place] == got[place], place)
  end
end
check("hello")
check()
check(1, nil, 2.5, false)
check(("x"):rep(1000000))
process.terminate(echo)
print("all came back")
"#;

/// Runs the guest in WebAssembly text that the page shows.
#[test]
fn the_documented_guest_in_text_runs() {
    let guest = documented("wat");
    assert!(guest.lines().count() <= 22, "{}", guest.lines().count());
    Program::of(&[("main.lua", ECHOED.to_owned()), ("echo.wat", guest)])
        .run()
        .ends_with(0)
        .prints("all came back\n");
}

/// Runs the guest in AssemblyScript that the page shows, built as the page says.
#[test]
fn the_documented_guest_in_assemblyscript_runs() {
    let text = documented("ts");
    assert!(text.lines().count() <= 22, "{}", text.lines().count());
    let built = scripts::assemblyscript("echo", &text);
    Program::of(&[
        ("main.lua", ECHOED.as_bytes().to_vec()),
        ("echo.wasm", built),
    ])
    .run()
    .ends_with(0)
    .prints("all came back\n");
    // A failed assertion traps, and its stack has the names of the source.
    let failing = "export function start(): void { assert(memory.size() > 1000); }";
    Program::of(&[("main.wasm", scripts::assemblyscript("failing", failing))])
        .run()
        .ends_with(1)
        .says(&["the guest aborted", "stack traceback:\n  \tfailing/start"]);
}

/// Runs a command of WASI: a module with `_start` in place of `start`.
#[test]
fn a_command_of_wasi_is_a_process() {
    let command = |end: &str| {
        format!(
            r#"(module
                 (import "wasi_snapshot_preview1" "fd_write"
                   (func $write (param i32 i32 i32 i32) (result i32)))
                 (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
                 (memory (export "memory") 1)
                 (data (i32.const 0) "\08\00\00\00\06\00\00\00hello\0a")
                 (func (export "_start")
                   (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)))
                   {end}))"#
        )
    };
    for (end, status) in [("", 0), ("(call $exit (i32.const 3))", 3)] {
        Program::of(&[("main.wat", command(end))])
            .run()
            .ends_with(status)
            .prints("hello\n");
    }
    let program = Program::of(&[("main.wat", command(""))]);
    let inspected = Warren::tool("inspect", program.path().join("main.wat"));
    let inspected = inspected.outcome().ends_with(0);
    assert!(inspected.text().contains("It runs as a process."));
}

/// Runs a command of WASI in Zig, which also calls the process API.
#[test]
fn a_command_in_zig_is_a_process() {
    let program = Program::of(&[("main.wasm", scripts::zig("command"))]);
    program
        .run()
        .ends_with(7)
        .prints("process {app:processes|0x00001}\n");
    let failed = program.command().arguments(["x"]).outcome();
    failed.ends_with(1).says(&[
        "index out of bounds",
        "\tcommand.fault at ",
        "command.zig:20:",
    ]);
}
