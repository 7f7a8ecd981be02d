//! Mistakes of programs, as `warren run` tells them.

use crate::support::run;
use warren_tests::{Outcome, Program};

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
         process.send('nobody', 'x') -- lint: off\n\
         time.sleep(1) -- lint: off\n\
         time.sleep(0) time.sleep('1ns') time.sleep(1000) time.sleep(time.MILLISECOND)\n\
         local function last() return process.send('nobody', 'x') end\n\
         local _ = last()\n";
    assert_eq!(stderr_of(source, &[]), "");
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
