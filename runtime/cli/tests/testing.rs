//! `warren test`, by its report.

mod coverage;
mod formats;
mod page;
mod time;

use serde_json::Value;
use warren_tests::{Outcome, Program, Session};

use crate::support::{outcome, warren};

/// Runs `warren test` with these options in a program's directory.
#[track_caller]
fn test(program: &Program, options: &[&str]) -> Outcome {
    let arguments: Vec<&str> = ["test"].iter().chain(options).copied().collect();
    outcome(warren(program.path(), &arguments))
}

/// Returns the lines of a report of what has come of tests and cases, without times.
fn lines(ended: &Outcome) -> Vec<&str> {
    let words = ["ok ", "FAILED ", "skipped ", "not run ", "left "];
    let lines = ended.text().lines().map(str::trim_start);
    let told = lines.filter(|line| words.iter().any(|word| line.starts_with(word)));
    told.map(|line| line.split(" (").next().unwrap_or(line))
        .collect()
}

/// Returns the records of a report of JSON.
#[track_caller]
fn records(ended: &Outcome) -> Vec<Value> {
    let lines = ended.text().lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect()
}

const PASSES: &str = "return function() end";
const FAILS: &str = "return function() error('it fails') end";

#[test]
fn the_place_or_the_manifest_makes_a_test() {
    let manifest = "[processes.\"app:by_table\"]\ntest = { suite = \"zoo\", name = \"by its table\" }\n\
                    [processes.\"app.test:helper\"]\ntest = { enabled = false }\n\
                    [processes.\"app:other\"]\nsource = \"named_test.lua\"\n";
    let program = Program::of(&[
        ("warren.toml", manifest),
        ("main.lua", FAILS),
        ("by_name_test.lua", PASSES),
        ("named_test.lua", PASSES),
        ("orders/deep_test.lua", PASSES),
        ("test/by_directory.lua", PASSES),
        ("test/helper.lua", "return {}"),
        ("by_table.lua", PASSES),
        ("test.lua", FAILS),
        ("by_name_tests.lua", FAILS),
    ]);
    let ended = test(&program, &["."]).ends_with(0).says_nothing();
    assert_eq!(
        lines(&ended),
        [
            "ok      app:by_name_test",
            "ok      app:other",
            "ok      app.orders:deep_test",
            "ok      app.test:by_directory",
            "ok      by its table",
        ]
    );
    let suites: Vec<&str> = ended
        .text()
        .lines()
        .filter(|line| matches!(*line, "app" | "app.orders" | "app.test" | "zoo"))
        .collect();
    assert_eq!(suites, ["app", "app.orders", "app.test", "zoo"]);
}

#[test]
fn statuses_and_patterns() {
    // Without `main`: tests are enough.
    let program = Program::of(&[("good_test.lua", PASSES), ("bad_test.lua", FAILS)]);
    let ended = test(&program, &[]).ends_with(1);
    assert_eq!(
        lines(&ended),
        ["FAILED  app:bad_test", "ok      app:good_test"]
    );
    assert!(
        ended
            .text()
            .contains("\nfailures:\n\napp:bad_test\n  bad_test.lua:1: it fails\n"),
        "{ended}"
    );
    assert!(ended.text().ends_with(": 1 passed, 1 failed\n"), "{ended}");

    let ended = test(&program, &[".", "good"]).ends_with(0);
    assert_eq!(lines(&ended), ["ok      app:good_test"]);
    let ended = test(&program, &[".", "nothing", "d_test"]).ends_with(1);
    assert_eq!(lines(&ended).len(), 2);
    let ended = test(&program, &["good_test.lua"]).ends_with(0);
    assert_eq!(lines(&ended), ["ok      app:good_test"]);

    test(&program, &[".", "nothing"])
        .ends_with(2)
        .prints("")
        .says(&["no test has an id that contains `nothing`"]);
    test(&program, &["good"])
        .ends_with(2)
        .prints("")
        .says(&["use `warren test . good`"]);
    test(&program, &["--timeout", "0s"])
        .ends_with(2)
        .says(&["expected more than 0"]);
    test(&program, &["--jobs", "0"]).ends_with(2);
    for files in [
        &[("main.lua", PASSES)][..],
        &[("other.lua", PASSES)],
        &[("main.lua", PASSES), ("test.lua", PASSES)],
    ] {
        test(&Program::of(files), &["."])
            .ends_with(2)
            .prints("")
            .says(&[".: no tests", "main_test.lua"]);
    }
}

#[test]
fn the_return_value_of_a_test_decides() {
    let program = Program::of(&[
        ("a_test.lua", "return function() return true end"),
        ("b_test.lua", "return function() return false end"),
        ("c_test.lua", "return function() return nil, 'no luck' end"),
        (
            "d_test.lua",
            "return function() return nil, errors.new('no hope') end",
        ),
        ("e_test.lua", "return function() return nil, false end"),
        ("f_test.lua", "return function() return 7, 'text' end"),
        ("g_test.lua", "return function() os.exit(3) end"),
        (
            "h_test.lua",
            "return function() coroutine.spawn(error, 'beside', 0) time.sleep('1h') end",
        ),
        ("i_test.lua", "return function( end"),
        ("j_test.lua", "return { mian = function() end }"),
        ("k_test.lua", "assert(true)"),
        (
            "l_test.lua",
            "return function() return { failed_tests = 2 } end",
        ),
        (
            "m_test.lua",
            "return function(options) assert(options.ref_id == 'app:m_test') end",
        ),
    ]);
    let ended = test(&program, &["."]).ends_with(1);
    let passed: Vec<&str> = lines(&ended)
        .iter()
        .filter_map(|line| line.strip_prefix("ok      app:"))
        .collect();
    assert_eq!(passed, ["a_test", "e_test", "k_test", "m_test"], "{ended}");
    for told in [
        "app:b_test\n  the test returned false\n",
        "app:c_test\n  no luck\n",
        "app:d_test\n  no hope\n",
        "app:f_test\n  text\n",
        "app:g_test\n  the test called os.exit(3)\n",
        "app:h_test\n  beside\n",
        "app:i_test\n  i_test.lua:1: ",
        "app:j_test\n  function 'main' not found",
        "app:l_test\n  cases failed",
    ] {
        assert!(ended.text().contains(told), "{told}: {ended}");
    }
    assert!(ended.text().ends_with("4 passed, 9 failed\n"), "{ended}");
}

#[test]
fn lower_orders_end_first() {
    let manifest = "[processes.\"app:a_test\"]\ntest = { suite = \"s\", order = 2 }\n\
                    [processes.\"app:b_test\"]\ntest = { suite = \"s\", order = 1 }\n\
                    [processes.\"app:c_test\"]\ntest = { suite = \"s\", order = 1 }\n";
    // Each of the first two waits for the other one; the last one comes behind both.
    let waits = |own: &str, other: &str| {
        format!(
            "return function()
               local hello = process.listen('hello')
               process.registry.register('{own}')
               while not process.registry.lookup('{other}') do time.sleep('1ms') end
               process.send('{other}', 'hello')
               hello:receive()
               print('{own}')
             end"
        )
    };
    let program = Program::of(&[
        ("warren.toml", manifest.to_owned()),
        (
            "a_test.lua",
            "return function() print('last') end".to_owned(),
        ),
        ("b_test.lua", waits("b", "c")),
        ("c_test.lua", waits("c", "b")),
    ]);
    let ended = test(&program, &["--jobs", "3", "."]).ends_with(0);
    assert_eq!(
        lines(&ended),
        [
            "ok      app:b_test",
            "ok      app:c_test",
            "ok      app:a_test"
        ]
    );
    let at = |line: &str| ended.text().find(&format!("{line}\n"));
    assert!(at("b") < at("last") && at("c") < at("last"), "{ended}");
}

#[test]
fn tests_run_side_by_side() {
    // As many processes as tests, and none sees what another one has in memory.
    let source = "counter = (counter or 0) + 1
                  return function()
                    assert(counter == 1)
                    local go = process.listen('go')
                    process.groups.join('all')
                    while #process.groups.members('all') < 4 do
                      local _, _, why = go:receive('1ms')
                      if why ~= 'timeout' then return end
                    end
                    process.groups.broadcast('all', 'go')
                  end";
    let files = ["a", "b", "c", "d"].map(|name| (format!("{name}_test.lua"), source));
    let files: Vec<_> = files
        .iter()
        .map(|(name, source)| (name.as_str(), *source))
        .collect();
    let ended = test(&Program::of(&files), &["--jobs", "4"]).ends_with(0);
    assert!(ended.text().ends_with("4 passed, 0 failed\n"), "{ended}");
}

#[test]
fn a_test_that_is_late_shows_its_stacks() {
    let program = Program::of(&[
        (
            "waits_test.lua",
            "return function()
               assert(process.spawn('app:spins'))
               process.listen('never'):receive()
             end",
        ),
        (
            "spins.lua",
            "return function()
               while true do tostring(1) end
             end",
        ),
        ("good_test.lua", PASSES),
    ]);
    let ended = test(&program, &["--timeout", "500ms"]).ends_with(1);
    assert_eq!(
        lines(&ended),
        ["ok      app:good_test", "FAILED  app:waits_test"]
    );
    for told in [
        "\napp:waits_test\n  not done within 500ms\n",
        "waits_test.lua:3: in function",
        "app:spins\n",
        "spins.lua:2: in ",
    ] {
        assert!(ended.text().contains(told), "{told}: {ended}");
    }
}

#[test]
fn a_late_test_shows_all_of_many_processes() {
    let program = Program::of(&[
        (
            "waits_test.lua",
            "return function()
               for _ = 1, 14 do assert(process.spawn('app:waits')) end
               process.inbox():receive()
             end",
        ),
        (
            "waits.lua",
            "return function() process.inbox():receive() end",
        ),
    ]);
    let ended = test(&program, &["--json", "--timeout", "500ms"]).ends_with(1);
    let records = records(&ended);
    assert_eq!(records[1]["message"], "not done within 500ms", "{ended}");
    let waiting = records[1]["waiting"].as_array();
    let stacks: Vec<&str> = waiting
        .into_iter()
        .flatten()
        .filter_map(|process| process["stack"].as_str())
        .collect();
    assert_eq!(stacks.len(), 15, "{ended}");
    // The test itself is the oldest one.
    assert!(stacks[0].contains("waits_test.lua:3:"), "{ended}");
    for stack in &stacks[1..] {
        assert!(stack.contains("waits.lua:1:"), "{ended}");
    }
}

/// A core module whose processes send each message back.
const ECHO: &str = r#"(module
  (import "warren:core/mailbox@0.1.0" "inbox" (func $inbox (result i32)))
  (import "warren:core/mailbox@0.1.0" "receive-one"
    (func $receive (param i32 i64 i32 i32) (result i32)))
  (import "warren:core/process@0.1.0" "send"
    (func $send (param i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 17)
  (data (i32.const 0) "echo")
  (func (export "start") (local $end i32) (local $sender i32) (local $payload i32)
    (loop $next
      (local.set $end (i32.add (i32.const 16)
        (call $receive (call $inbox) (i64.const -1) (i32.const 16) (i32.const 1114096))))
      (local.set $sender (i32.load (i32.const 20)))
      (local.set $payload
        (i32.add (i32.const 28) (i32.add (local.get $sender) (i32.load (i32.const 24)))))
      (drop (call $send (i32.const 28) (local.get $sender) (i32.const 0) (i32.const 4)
        (local.get $payload) (i32.sub (local.get $end) (local.get $payload))))
      (br $next))))"#;

#[test]
fn wasm_guests_are_tests_and_processes_of_tests() {
    let guest = |body: &str| {
        format!("(module (memory (export \"memory\") 1) (func (export \"start\") {body}))")
    };
    let asks = "return function()
        local answers = process.listen('echo')
        local echo = assert(process.spawn('app:echo'))
        assert(process.send(echo, 'ask', 42))
        time.sleep('1h')
        assert(answers:receive() == 42)
      end";
    let program = Program::of(&[
        ("asks_test.lua", asks.to_owned()),
        ("echo.wat", ECHO.to_owned()),
        ("returns_test.wat", guest("")),
        ("traps_test.wat", guest("unreachable")),
    ]);
    let ended = test(&program, &[]).ends_with(1);
    let told = lines(&ended);
    assert_eq!(told.len(), 4, "{ended}");
    assert_eq!(told[0], "ok      app:asks_test");
    assert!(
        told[1].starts_with("left    {app:processes|0x") && told[1].ends_with("} app:echo"),
        "{ended}"
    );
    assert_eq!(
        told[2..],
        ["ok      app:returns_test", "FAILED  app:traps_test"]
    );
    assert!(ended.text().contains("unreachable"), "{ended}");
}

#[test]
fn a_case_without_end_is_told() {
    let program = Program::of(&[(
        "cases_test.lua",
        "local test = require('test')
         return test.run_cases(function()
           test.describe('cases', function()
             test.it('ends', function() end)
             test.it('waits', function() process.listen('never'):receive() end)
             test.it('comes late', function() end)
           end)
         end)",
    )]);
    let ended = test(&program, &["--timeout", "500ms"]).ends_with(1);
    assert_eq!(
        lines(&ended),
        [
            "FAILED  app:cases_test",
            "ok      cases > ends",
            "FAILED  cases > waits",
            "not run cases > comes late",
        ]
    );
    assert!(
        ended
            .text()
            .contains("\napp:cases_test: cases > waits\n  not done within 500ms\n"),
        "{ended}"
    );
    assert!(
        ended.text().ends_with("1 passed, 1 failed, 1 not run\n"),
        "{ended}"
    );
}

#[test]
fn a_process_that_ends_within_a_case_fails_it() {
    let program = Program::of(&[(
        "cases_test.lua",
        "local test = require('test')
         return test.run_cases(function()
           test.it('crashes', function()
             coroutine.spawn(error, 'beside', 0)
             time.sleep('1h')
           end)
           test.it('comes late', function() end)
         end)",
    )]);
    let ended = test(&program, &[]).ends_with(1);
    assert_eq!(
        lines(&ended),
        [
            "FAILED  app:cases_test",
            "FAILED  crashes",
            "not run comes late"
        ]
    );
    assert!(
        ended
            .text()
            .contains("\napp:cases_test: crashes\n  beside\n"),
        "{ended}"
    );
}

#[test]
fn processes_that_a_test_leaves_behind_are_told_and_ended() {
    let manifest = "[processes.\"app:a_test\"]\ntest = { suite = \"s\", order = 1 }\n\
                    [processes.\"app:b_test\"]\ntest = { suite = \"s\", order = 2 }\n";
    let program = Program::of(&[
        ("warren.toml", manifest),
        (
            "a_test.lua",
            "return function()
               local ready = process.listen('ready')
               assert(process.spawn('app:first', nil, process.pid()))
               assert(process.spawn('app:short'))
               ready:receive()
             end",
        ),
        // It starts another one, which is a part of the same chain of calls.
        (
            "first.lua",
            "return function(test)
               assert(process.with_context({}):with_name('left over'):spawn('app:second'))
               process.send(test, 'ready')
               process.inbox():receive()
             end",
        ),
        (
            "second.lua",
            "process.events():receive() process.inbox():receive()",
        ),
        ("short.lua", PASSES),
        (
            "b_test.lua",
            "return function()
               local _, err = process.registry.lookup('left over')
               assert(errors.is(err, errors.NOT_FOUND))
             end",
        ),
    ]);
    let ended = test(&program, &[]).ends_with(0);
    let told = lines(&ended);
    assert_eq!(told.len(), 4, "{ended}");
    assert_eq!(
        (told[0], told[3]),
        ("ok      app:a_test", "ok      app:b_test")
    );
    assert!(
        told[1].starts_with("left    {app:processes|0x") && told[1].ends_with("} app:first"),
        "{ended}"
    );
    assert!(
        told[2].ends_with("} app:second, named left over"),
        "{ended}"
    );
    assert!(
        ended
            .text()
            .ends_with("2 passed, 0 failed, 2 processes left\n"),
        "{ended}"
    );
}

const CASES: &str = "local test = require('test')
    return test.run_cases(function()
      test.describe('sum', function()
        test.it('adds', function() test.eq(1 + 1, 2) end)
        test.describe('carry', function()
          test.it('fails', function()
            test.eq({ 1, 2 }, { 1, 3 }, 'totals')
          end)
          test.it_skip('later')
        end)
      end)
    end)";

#[test]
fn cases_are_told_one_by_one() {
    let ended = test(&Program::of(&[("sum_test.lua", CASES)]), &[]).ends_with(1);
    assert_eq!(
        lines(&ended),
        [
            "FAILED  app:sum_test",
            "ok      sum > adds",
            "FAILED  sum > carry > fails",
            "skipped sum > carry > later",
        ]
    );
    let told = "\napp:sum_test: sum > carry > fails\n  sum_test.lua:7: totals: expected {1, 3}, \
                got {1, 2}\n    [2]: expected 3, got 2\n";
    assert!(ended.text().contains(told), "{ended}");
    assert!(
        ended.text().ends_with("1 passed, 1 failed, 1 skipped\n"),
        "{ended}"
    );
    assert!(!ended.text().contains('\u{1b}'), "{ended}");
}

#[test]
fn many_cases_come_through() {
    // More than the queue of a process has by default.
    let source = "local test = require('test')
        return test.run_cases(function()
          for i = 1, 12000 do test.it('case ' .. i, function() end) end
        end)";
    let ended = test(&Program::of(&[("many_test.lua", source)]), &["--json"]).ends_with(0);
    let records = records(&ended);
    assert_eq!(records[records.len() - 1]["passed"], 12_000);
}

#[test]
fn records_of_json() {
    let program = Program::of(&[
        ("sum_test.lua", CASES),
        ("prints_test.lua", "return function() print('printed') end"),
        (
            "waits_test.lua",
            "return function() process.inbox():receive() end",
        ),
        (
            "leaves_test.lua",
            "return function() process.with_context({}):with_name('n'):spawn('app:left') end",
        ),
        ("left.lua", "process.inbox():receive()"),
    ]);
    let ended = test(&program, &["--json", "--jobs", "1", "--timeout", "1s"])
        .ends_with(1)
        .says(&["printed\n"]);
    let records = records(&ended);
    let types: Vec<&str> = records
        .iter()
        .map(|record| record["type"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(
        types,
        [
            "start", "test", "test", "case", "case", "case", "test", "test", "end"
        ]
    );
    assert_eq!(
        (&records[0]["tests"], &records[0]["jobs"]),
        (&4.into(), &1.into())
    );
    let leaves = &records[1];
    assert_eq!(
        (&leaves["id"], &leaves["status"]),
        (&"app:leaves_test".into(), &"passed".into())
    );
    assert_eq!(leaves["left"][0]["names"][0], "n");
    assert_eq!(leaves["left"][0]["definition"], "app:left");
    let passed = &records[3];
    assert_eq!(
        (&passed["suite"], &passed["name"]),
        (&"sum".into(), &"adds".into())
    );
    assert!(passed["duration_ms"].is_number() && passed["message"].is_null());
    let failed = &records[4];
    assert_eq!(failed["status"], "failed");
    assert_eq!(
        (&failed["file"], &failed["line"]),
        (&"sum_test.lua".into(), &7.into())
    );
    let message = failed["message"].as_str().unwrap_or_default();
    assert!(
        message.starts_with("sum_test.lua:7: totals: expected {1, 3}, got {1, 2}\n"),
        "{message}"
    );
    assert_eq!(
        (&records[6]["status"], &records[6]["cases"]),
        (&"failed".into(), &3.into())
    );
    let waits = &records[7];
    assert_eq!(waits["message"], "not done within 1s");
    let stack = waits["waiting"][0]["stack"].as_str().unwrap_or_default();
    assert!(stack.contains("waits_test.lua:1"), "{stack}");
    let end = &records[8];
    for (field, count) in [
        ("passed", 3),
        ("failed", 2),
        ("skipped", 1),
        ("not_run", 0),
        ("left", 1),
    ] {
        assert_eq!(end[field], count, "{field}: {ended}");
    }
}

#[test]
fn a_test_that_may_send_nothing_has_its_cases() {
    let program = Program::of(&[("sum_test.lua", CASES)]);
    let ended = test(&program, &["--strict", "--log", "off"]).ends_with(1);
    assert_eq!(
        lines(&ended),
        [
            "FAILED  app:sum_test",
            "ok      sum > adds",
            "FAILED  sum > carry > fails",
            "skipped sum > carry > later",
        ],
        "{ended}"
    );
}

#[test]
fn services_serve_the_tests() {
    let manifest = "[services.\"app:store\"]\nprocess = \"app:store\"\n";
    let program = Program::of(&[
        ("warren.toml", manifest),
        ("store.lua", "process.inbox():receive()"),
        (
            "store_test.lua",
            "return function() assert(process.registry.lookup('app:store')) end",
        ),
    ]);
    let ended = test(&program, &[]).ends_with(0);
    assert!(ended.text().ends_with("1 passed, 0 failed\n"), "{ended}");
    let ended = test(&program, &["--no-services"]).ends_with(1);
    assert!(
        ended.text().contains("name not registered: app:store"),
        "{ended}"
    );

    let broken = Program::of(&[
        ("warren.toml", manifest),
        ("store.lua", "return function( end"),
        ("store_test.lua", PASSES),
    ]);
    test(&broken, &[])
        .ends_with(1)
        .says(&["the service app:store was not started"]);
}

#[test]
fn an_interrupt_ends_the_run() {
    let program = Program::of(&[
        ("a_test.lua", PASSES),
        (
            "b_test.lua",
            "return function() print('ready') process.inbox():receive() end",
        ),
    ]);
    let mut session = Session::start(warren(program.path(), &["test", "--jobs", "1"]));
    session.wait_for_line("ready");
    session.signal("INT");
    let ended = session.end().ends_with(130);
    assert_eq!(lines(&ended), ["ok      app:a_test"]);
    assert!(ended.text().contains("\n1 of 2 tests in "), "{ended}");
}

#[test]
fn a_report_without_a_reader_ends_the_run() {
    let program = Program::of(&[("a_test.lua", PASSES), ("b_test.lua", FAILS)]);
    let mut command = warren(program.path(), &["test"]);
    let (reader, writer) = std::io::pipe().unwrap_or_else(|error| panic!("{error}"));
    drop(reader);
    let status = command
        .stdout(writer)
        .stderr(std::process::Stdio::null())
        .status();
    assert_eq!(status.ok().and_then(|status| status.code()), Some(141));
}
