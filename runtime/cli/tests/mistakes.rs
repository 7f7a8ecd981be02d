//! Mistakes of programs, as `warren run` tells them.

use std::process::Stdio;
use std::time::Duration;

use crate::support::{run, warren};
use warren_tests::{Outcome, Program, Session};

/// Runs a program of one file, `main.lua`, with these options.
#[track_caller]
fn lua(source: &str, options: &[&str]) -> Outcome {
    let dir = Program::of(&[
        ("main.lua", source),
        ("failing.lua", "return nil, 'no luck'"),
    ]);
    let arguments: Vec<&str> = options.iter().copied().chain(["main.lua"]).collect();
    run(dir.path(), &arguments)
}

#[track_caller]
fn stderr_of(source: &str, options: &[&str]) -> String {
    lua(source, options).ends_with(0).stderr
}

const DISCARDED: &str = "for _ = 1, 20 do\n\
     \x20 process.send('nobody', 'topic')\n\
     end\n\
     process.spawn('app:nothing')\n\
     process.exec('app:failing')\n\
     assert(process.with_context {}):spawn('app:nothing')\n";

#[test]
fn a_discarded_error_is_told_once_for_each_place() {
    assert_eq!(
        stderr_of(DISCARDED, &["--log", "off"]),
        "warning: main.lua:2: the error of process.send is discarded: name not registered: \
         nobody; look at its results, for example with assert\n\
         warning: main.lua:4: the error of process.spawn is discarded: definition not found: \
         app:nothing: found none of nothing.lua, nothing.wasm, nothing.wat; look at its results, \
         for example with assert\n\
         warning: main.lua:5: the error of process.exec is discarded: no luck; look at its \
         results, for example with assert\n\
         warning: main.lua:6: the error of spawner:spawn is discarded: definition not found: \
         app:nothing: found none of nothing.lua, nothing.wasm, nothing.wat; look at its results, \
         for example with assert\n"
    );
}

#[test]
fn each_call_of_a_line_is_told() {
    let source = "for _ = 1, 5 do process.send('a', 'x') process.send('b', 'x') end\n\
         time.sleep(1) time.sleep(2) process.send('c', 'x') -- lint: off\n";
    let stderr = stderr_of(source, &["--log", "off"]);
    let told: Vec<_> = stderr
        .lines()
        .filter_map(|line| line.split_once("; ").map(|(told, _)| told))
        .collect();
    let expected = ["a", "b"].map(|name| {
        format!(
            "warning: main.lua:1: the error of process.send is discarded: name not registered: \
             {name}"
        )
    });
    assert_eq!(told, expected);
}

#[test]
fn a_place_counts_once_in_all_processes() {
    let dir = Program::of(&[
        (
            "main.lua",
            "for _ = 1, 5 do assert(process.exec('app:worker')) end",
        ),
        (
            "worker.lua",
            "return function()\nprocess.send('nobody', 'x')\nreturn true\nend",
        ),
    ]);
    let ended = run(dir.path(), &["."]).ends_with(0);
    assert_eq!(ended.stderr.matches("warning: worker.lua:2: ").count(), 1);
}

#[test]
fn results_that_are_taken_are_no_mistake() {
    let source = "local _ = process.send('nobody', 'x')\n\
         local ok, err = process.spawn('app:nothing')\n\
         pcall(process.send, 'nobody', 'x')\n\
         print(process.send('nobody', 'x'))\n\
         if not process.send('nobody', 'x') then end\n\
         process.send(process.pid(), 'x')\n\
         process.terminate('nobody')\n\
         local pid = assert(process.spawn_monitored('app:failing'))\n\
         process.events():receive()\n\
         process.send(pid, 'x')\n\
         process.send('nobody', 'x') -- lint: off\n\
         time.sleep(1) -- lint: off\n\
         time.sleep(0) time.sleep('1ns') time.sleep(1000) time.sleep(time.MILLISECOND)\n\
         local function last() return process.send('nobody', 'x') end\n\
         local _ = last()\n";
    assert_eq!(stderr_of(source, &["--log", "off"]), "");
}

#[test]
fn only_a_comment_of_its_own_silences_a_line() {
    let source = "time.sleep(1, '-- lint: off')\n\
         time.sleep(2) -- lint: offline\n\
         time.sleep(3) --[[ -- lint: off ]]\n\
         local text = [[\n\
         ]] time.sleep(4) --  lint:off\n";
    let stderr = stderr_of(source, &[]);
    let lines: Vec<_> = stderr
        .lines()
        .map(|line| line.split(": time").next().unwrap_or(line))
        .collect();
    let told = [1, 2, 3].map(|line| format!("warning: main.lua:{line}"));
    assert_eq!(lines, told);
}

#[test]
fn a_number_of_nanoseconds_is_told() {
    let source = "time.sleep(1)\n\
         time.after(0.5)\n\
         time.timer(250):stop()\n\
         time.ticker(5):stop()\n\
         time.timer('1h'):reset(30)\n";
    assert_eq!(
        stderr_of(source, &[]),
        "warning: main.lua:1: time.sleep(1) means 1 nanosecond; write \"1s\" or 1 * time.SECOND\n\
         warning: main.lua:2: time.after(0.5) means 0.5 nanoseconds; write \"0.5s\" or \
         0.5 * time.SECOND\n\
         warning: main.lua:3: time.timer(250) means 250 nanoseconds; write \"250ms\" or \
         250 * time.MILLISECOND\n\
         warning: main.lua:4: time.ticker(5) means 5 nanoseconds; write \"5s\" or \
         5 * time.SECOND\n\
         warning: main.lua:5: timer:reset(30) means 30 nanoseconds; write \"30s\" or \
         30 * time.SECOND\n"
    );
}

#[test]
fn warnings_can_be_turned_off() {
    assert_eq!(stderr_of(DISCARDED, &["--lint-off", "--log", "off"]), "");
}

#[test]
fn a_warning_beside_json_is_json() {
    let stderr = stderr_of("time.sleep(1)", &["--log-format", "json"]);
    let record: serde_json::Value = serde_json::from_str(stderr.trim()).expect("one object");
    assert_eq!(record["target"], "warren::mistake", "{stderr}");
    let message = record["fields"]["message"].as_str().unwrap_or_default();
    assert!(
        message.starts_with("main.lua:1: time.sleep(1) means"),
        "{stderr}"
    );
}

#[test]
fn a_returned_error_of_the_first_file_is_a_failure() {
    lua("return nil, 'bad'", &[])
        .ends_with(1)
        .says(&["error: bad"]);
}

/// A program whose three processes wait for one another.
const DEADLOCKED: &[(&str, &str)] = &[
    (
        "main.lua",
        "local replies = process.listen('reply')\n\
         assert(process.spawn('app:worker'))\n\
         coroutine.spawn(function() channel.new():receive() end)\n\
         print('asked')\n\
         local reply = replies:receive()\n\
         print(reply)\n",
    ),
    (
        "worker.lua",
        "assert(process.spawn('app:helper'))\nlocal jobs = process.inbox()\nlocal job = jobs:receive()\n",
    ),
    (
        "helper.lua",
        "return function()\n  return process.exec('app:last')\nend",
    ),
    (
        "last.lua",
        "local value = process.listen('never'):receive()",
    ),
];

#[test]
fn a_deadlock_is_told_with_the_line_of_each_process() {
    let dir = Program::of(DEADLOCKED);
    let ended = run(dir.path(), &["."]).ends_with(3).prints("asked\n");
    assert_eq!(
        ended.stderr.replace("  help:", "help:"),
        "error: deadlock: every process waits, and nothing is left that could wake one\n\
         help: let a process send, end or wait for a time; `warren run --wait` waits all the \
         same\n\
         \x20 {app:processes|0x00001} (app:main) waits at main.lua:5\n\
         \x20 {app:processes|0x00002} (app:worker) waits at worker.lua:3\n\
         \x20 {app:processes|0x00003} (app:helper) waits at helper.lua:2\n\
         \x20 {app:processes|0x00004} (app:last) waits at last.lua:1\n"
    );
}

#[test]
fn a_deadlock_of_many_processes_names_some() {
    let dir = Program::of(&[
        (
            "main.lua",
            "for _ = 1, 30 do assert(process.spawn('app:worker')) end process.inbox():receive()",
        ),
        ("worker.lua", "process.inbox():receive()"),
    ]);
    let ended = run(dir.path(), &["."]).ends_with(3);
    assert_eq!(ended.stderr.matches(" waits at ").count(), 20, "{ended}");
    ended.says(&["11 more processes wait"]);
}

/// A server that waits for ever, one that does not start, and a worker that does not end.
const STUCK: &[(&str, &str)] = &[
    ("idle.lua", "return require('server').entry {}"),
    (
        "init.lua",
        "return require('server').entry { init = function() process.listen('n'):receive() end }",
    ),
    (
        "work.lua",
        "return require('pool').worker(function() process.listen('n'):receive() end)",
    ),
    (
        "never.lua",
        "return function(idle)\n  process.send(idle, 'cast', 'x')\n  process.listen('n'):receive()\nend",
    ),
];

/// Processes that would read events wait for ever, too, unless the first one does.
#[test]
fn a_deadlock_beside_servers_supervisors_and_pools_is_told() {
    let sessions = [
        // The server waits for messages and events.
        (
            "local server = require('server')\n\
             local pid = assert(server.start('app:idle'))\n\
             assert(process.send(pid, 'cast', 'x'))\n\
             print(process.listen('never'):receive())\n",
            4,
        ),
        // It was called before, and its end is watched.
        (
            "local server = require('server')\n\
             local pid = assert(server.start('app:idle'))\n\
             server.call(pid, 'x', '10ms')\n\
             process.inbox():receive()\n",
            4,
        ),
        // A child does not start, a job is not done.
        (
            "local supervisor = require('supervisor')\n\
             supervisor.start { children = { { server = 'app:init' } } }\n",
            2,
        ),
        (
            "local pool = require('pool')\n\
             local jobs = assert(pool.start { worker = 'app:work', size = 1 })\n\
             print(pool.run(jobs, 'job'))\n",
            3,
        ),
        // The process that an exec waits for waits for a server.
        (
            "local idle = assert(require('server').start('app:idle'))\n\
             process.exec('app:never', nil, idle)\n",
            2,
        ),
    ]
    .map(|(main, line)| {
        let dir = Program::of(&[&[("main.lua", main)], STUCK].concat());
        let options = ["run", "--log", "off", "--lint-off", "."];
        let session = Session::start(warren(dir.path(), &options));
        (dir, session, line)
    });
    for (_dir, session, line) in sessions {
        let place = format!("(app:main) waits at main.lua:{line}");
        let ended = session.end().ends_with(3);
        ended.says(&["error: deadlock: every process waits", &place]);
    }
}

#[test]
fn a_deadlock_ends_soon_however_long_the_grace_is() {
    // The end of the second process wakes the first one, which then waits for ever again,
    // also for events that nobody sends.
    let main = "local events = process.events()\n\
         print(select(2, process.exec('app:stuck')))\n\
         print(events:receive().kind)\n\
         channel.select { process.inbox():case_receive(), events:case_receive() }\n";
    let stuck = "return function()\nprocess.inbox():receive()\nend";
    let dir = Program::of(&[("main.lua", main), ("stuck.lua", stuck)]);
    let mut session = Session::start(warren(dir.path(), &["run", "--grace", "10h", "."]));
    session.wait_for_line("pid.cancel");
    let ended = session.end().ends_with(3).says(&[
        "error: deadlock: every process waits",
        "(app:main) waits at main.lua:2",
        "(app:stuck) waits at stuck.lua:2",
    ]);
    assert_eq!(ended.stderr.matches("deadlock").count(), 1, "{ended}");
}

#[test]
fn a_process_of_a_deadlock_may_end_in_order() {
    // It waits for a time, and not for ever.
    let main = "local events = process.events()\n\
         process.exec('app:stuck')\n\
         print(events:receive().kind)\n\
         time.sleep('1s')\n\
         print('in order')\n";
    let stuck = "return function() process.inbox():receive() end";
    let dir = Program::of(&[("main.lua", main), ("stuck.lua", stuck)]);
    run(dir.path(), &["--grace", "10h", "--lint-off", "."])
        .ends_with(3)
        .prints("pid.cancel\nin order\n");
}

/// Starts a program that waits, with standard input that nobody writes to.
fn waiting(files: &[(&str, &str)], options: &[&str]) -> (Program, Session) {
    let dir = Program::of(files);
    let mut arguments = vec!["run"];
    arguments.extend_from_slice(options);
    arguments.push(".");
    let mut command = warren(dir.path(), &arguments);
    command.stdin(Stdio::piped());
    let mut session = Session::start(command);
    session.wait_for_line("ready");
    (dir, session)
}

#[test]
fn a_program_that_something_may_wake_goes_on() {
    let files = [
        ("waits.lua", "process.inbox():receive()"),
        ("sleeps.lua", "time.sleep('1h')"),
        (
            "beats.lua",
            "return function(to) while true do process.send(to, 'beat') time.sleep('10ms') end end",
        ),
        (
            "events.lua",
            "return function() process.events():receive() end",
        ),
        ("idle.lua", "return require('server').entry {}"),
        (
            "callers.lua",
            "return function() return process.exec('app:events') end",
        ),
        (
            "ticks.lua",
            "local events, ticker = process.events(), time.ticker('1h')\n\
             channel.select { events:case_receive(), ticker:channel():case_receive() }",
        ),
        (
            "upgrades.lua",
            "process.set_options { upgradable = true } process.events():receive()",
        ),
    ];
    let mut waiting: Vec<_> = [
        // A signal may come.
        "process.events():receive()",
        // It may come in any coroutine, and to the process that an exec runs.
        "coroutine.spawn(function() process.events():receive() process.terminate(process.pid()) end) \
         process.inbox():receive()",
        "process.exec('app:events')",
        "process.exec('app:callers')",
        "coroutine.spawn(function() process.exec('app:events') end) process.inbox():receive()",
        // The first process is a server, or waits beside one.
        "require('server').run {}",
        "require('supervisor').run { children = { { server = 'app:idle' } } }",
        "assert(require('server').start('app:idle')) process.events():receive()",
        // A server has a timer, or is told of reloads.
        "assert(process.spawn('app:ticks')) process.inbox():receive()",
        "assert(process.spawn('app:upgrades')) process.inbox():receive()",
        // A time comes, in any coroutine of any process.
        "coroutine.spawn(time.sleep, '1h') process.inbox():receive()",
        "channel.select { process.inbox():case_receive(), time.after('1h'):case_receive() }",
        "assert(process.spawn('app:sleeps')) process.inbox():receive()",
        // Standard input may come.
        "assert(process.spawn('app:waits')) io.read()",
        // Messages go on.
        "assert(process.spawn('app:beats', nil, process.pid())) \
         local inbox = process.inbox() while true do inbox:receive() end",
    ]
    .into_iter()
    .map(|main| {
        let main = format!("print('ready') {main}");
        waiting(&[&[("main.lua", &*main)], &files[..]].concat(), &[])
    })
    .collect();
    let main = ("main.lua", "print('ready') process.inbox():receive()");
    waiting.push(self::waiting(&[main], &["--wait"]));
    waiting.push(self::waiting(&[main], &["--control", "control"]));
    let service = "[services.\"app:s\"]\nprocess = \"app:waits\"\n";
    let with_service = [&[main, ("warren.toml", service)], &files[..]].concat();
    waiting.push(self::waiting(&with_service, &[]));
    // Longer than a deadlock takes to be told.
    std::thread::sleep(Duration::from_secs(4));
    for (_dir, session) in waiting {
        session.signal("TERM");
        session.end().ends_with(143).says_nothing();
    }
}

#[test]
fn a_process_that_computes_is_no_deadlock() {
    let dir = Program::of(&[
        (
            "main.lua",
            "assert(process.spawn('app:works', nil, process.pid()))\n\
             print((process.listen('done'):receive()))",
        ),
        (
            "works.lua",
            "return function(to)\n\
             local begun = time.now()\n\
             repeat until time.now():sub(begun):seconds() > 4\n\
             process.send(to, 'done', 'worked')\nend",
        ),
    ]);
    run(dir.path(), &["."]).ends_with(0).prints("worked\n");
}

/// Sends three messages to `app:worker`, which is ready, and returns.
const THREE_JOBS: &str = "local ready = process.listen('ready')\n\
    local worker = assert(process.spawn('app:worker', nil, process.pid()))\n\
    ready:receive()\n\
    for _ = 1, 3 do assert(process.send(worker, 'job')) end";

#[test]
fn messages_that_nobody_has_read_are_told() {
    let files = [
        ("main.lua", THREE_JOBS),
        (
            "worker.lua",
            "return function(parent)\n\
             process.send(parent, 'ready')\n\
             process.listen('other'):receive()\nend",
        ),
    ];
    let dir = Program::of(&files);
    let warning = "warning: 3 messages were not read when the first process ended, and all others \
                   with it: {app:processes|0x00002} had 3; let the first process wait for the \
                   others\n";
    assert_eq!(run(dir.path(), &["."]).ends_with(0).stderr, warning);
    run(dir.path(), &["--lint-off", "."])
        .ends_with(0)
        .says_nothing();
}

#[test]
fn messages_that_a_server_has_not_read_are_told() {
    let files = [
        (
            "main.lua",
            "local server = require('server')\n\
             local held = process.listen('held')\n\
             local pid = assert(server.start('app:holds', process.pid()))\n\
             assert(server.cast(pid, 'hold'))\n\
             held:receive()\n\
             for number = 1, 3 do assert(server.cast(pid, number)) end",
        ),
        (
            // It is in its handler until the end of the grace.
            "holds.lua",
            "return require('server').entry {\n\
             cast = function(main)\n\
             process.send(main, 'held')\n\
             process.listen('never'):receive()\nend }",
        ),
    ];
    let dir = Program::of(&files);
    let warning = "warning: 3 messages were not read when the first process ended, and all others \
                   with it: {app:processes|0x00002} had 3; let the first process wait for the \
                   others\n";
    let ended = run(dir.path(), &["--grace", "50ms", "."]).ends_with(0);
    assert_eq!(ended.stderr, warning);
}

#[test]
fn messages_that_are_read_at_the_end_are_no_mistake() {
    // The process has not read anything when the first one returns, and reads all when it is
    // asked to end.
    let files = [
        ("main.lua", THREE_JOBS),
        (
            "worker.lua",
            "return function(main)\n\
             local events, jobs = process.events(), process.inbox()\n\
             process.send(main, 'ready')\n\
             events:receive()\n\
             for _ = 1, 3 do jobs:receive() end\n\
             print('read')\nend",
        ),
    ];
    let dir = Program::of(&files);
    let ended = run(dir.path(), &["."]).ends_with(0).prints("read\n");
    ended.says_nothing();
}
