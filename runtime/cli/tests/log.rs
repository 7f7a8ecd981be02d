//! The log as its readers use it: to find what a process did, and why.

#![allow(clippy::unwrap_used, reason = "this is test code")]

use crate::support::run;
use serde_json::Value;
use warren_tests::Program;

const MANIFEST: &str = r#"
[processes."app:worker"]
source = "worker.lua"
host = "app:small"
actor = { id = "ada" }
scope = "app:all"

[scopes."app:all"]
policies = ["all"]

[hosts."app:small"]
"#;

const MAIN: &str = r#"
local replies = process.listen("reply")
local worker = assert(process.spawn_monitored("app:worker", "app:small"))
assert(process.send(worker, "work", 1))
replies:receive()
process.events():receive() -- its end, before that of the program
"#;

const WORKER: &str = r#"
return function()
  local n = process.listen("work"):receive()
  logger.info("priced", { n = n })
  process.send("{app:processes|0x00001}", "reply", n)
end
"#;

/// Returns the log lines of this program.
fn log_of(options: &[&str]) -> Vec<Value> {
    let dir = Program::of(&[
        ("warren.toml", MANIFEST),
        ("main.lua", MAIN),
        ("worker.lua", WORKER),
        (
            "policies/all.cedar",
            "permit (principal, action, resource);",
        ),
    ]);
    let options = [options, &["--log-format", "json", "."]].concat();
    let ended = run(dir.path(), &options).ends_with(0);
    let lines = ended.stderr.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn of<'a>(log: &'a [Value], target: &str) -> Vec<&'a Value> {
    log.iter().filter(|line| line["target"] == target).collect()
}

#[test]
fn a_process_is_a_span_that_says_what_it_is() {
    let log = log_of(&["--log", "warren::span=debug,warren::process=info"]);
    let life = of(&log, "warren::span");
    let of_worker: Vec<_> = life
        .iter()
        .filter(|line| line["span"]["definition"] == "app:worker")
        .collect();
    let words: Vec<_> = of_worker
        .iter()
        .map(|line| &line["fields"]["message"])
        .collect();
    assert_eq!(words, ["started", "ended"], "{log:#?}");
    assert_eq!(of_worker[1]["fields"]["outcome"], "returned");
    // The worker's own log record names the worker.
    let own = of(&log, "warren::process");
    assert_eq!(own.len(), 1, "{log:#?}");
    for line in of_worker.into_iter().chain(&own) {
        let span = &line["span"];
        assert_eq!(span["name"], "process");
        assert_eq!(span["pid"], "{app:small|0x00002}");
        assert_eq!(span["frame"], "app:main#1");
        assert_eq!(span["host"], "app:small");
        assert_eq!(span["actor"], "ada");
    }
    let main = life
        .iter()
        .find(|line| line["span"]["definition"] == "app:main");
    assert_eq!(main.unwrap()["span"].get("actor"), None);
}

#[test]
fn without_a_wish_for_spans_there_is_none() {
    let log = log_of(&["--log", "warren::process=info"]);
    assert_eq!(log.len(), 1, "{log:#?}");
    assert_eq!(log[0].get("span"), None);
    assert_eq!(log[0]["fields"]["frame"], "app:main#1");
    assert_eq!(log[0]["fields"].get("trace"), None);
}

#[test]
fn the_fields_of_a_record_are_an_object() {
    let source = r#"
    logger:info("many", {
      1, nan = 0 / 0, huge = -math.huge, bytes = "x\255", half = 0.5, [true] = 2,
      t = { a = { "b", c = 1 } }, text = 'a "text"\nof \27[2J lines', error = errors.new("sold"),
    })
    logger.info("none")
    pcall(logger.info, "bare")
    "#;
    let dir = Program::of(&[("main.lua", source)]);
    let options = ["--log-format", "json", "main.lua"];
    let ended = run(dir.path(), &options).ends_with(0);
    let log: Vec<Value> = ended
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        log[0]["fields"]["fields"],
        serde_json::json!({
            "1": 1, "nan": "NaN", "huge": "-inf", "bytes": "x\u{fffd}", "half": 0.5, "true": 2,
            "t": { "a": { "1": "b", "c": 1 } }, "text": "a \"text\"\nof \u{1b}[2J lines",
            "error": "sold", "location": "app:main:2",
        }),
        "{log:#?}"
    );
    assert_eq!(log[1]["fields"]["fields"]["location"], "app:main:6");
    assert!(log[2]["fields"]["fields"].is_object(), "{log:#?}");
}

#[test]
fn messages_tell_what_caused_them() {
    let log = log_of(&["--trace-messages", "--log", "info"]);
    let messages = of(&log, "warren::process::message");
    let told = |word: &str, topic: &str| {
        let found = messages
            .iter()
            .find(|line| line["fields"]["message"] == word && line["fields"]["topic"] == topic);
        found.unwrap_or_else(|| panic!("{word} {topic}: {log:#?}"))["fields"].clone()
    };
    let (work, worked) = (told("sent", "work"), told("received", "work"));
    let (reply, replied) = (told("sent", "reply"), told("received", "reply"));
    assert_eq!(work.get("cause"), None);
    assert_eq!(work["from"], "{app:processes|0x00001}");
    assert_eq!(work["to"], "{app:small|0x00002}");
    assert_eq!(work["number"], worked["number"]);
    assert_eq!(reply["cause"], work["number"]);
    assert_eq!(reply["number"], replied["number"]);
    for line in [
        &worked,
        &reply,
        &replied,
        &of(&log, "warren::process")[0]["fields"],
    ] {
        assert_eq!(line["trace"], work["trace"]);
    }
    assert_eq!(messages.len(), 4, "{log:#?}");
}
