//! Texts that guests and files choose are shown within their line, whatever
//! they contain.

#![allow(clippy::unwrap_used, reason = "this is test code")]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use serde_json::Value;

#[cfg(target_os = "linux")]
use crate::control::Top;
use crate::support::{outcome, run, warren};
use warren_tests::{Outcome, Program, Session};

/// A text that ends a line, moves the cursor, renames the window, and turns
/// text around.
const HOSTILE: &str = "a\nFORGED\r\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}2J\u{202e}\u{2028}\u{7f}b";

/// [`HOSTILE`] in a Lua string, and in one of TOML and Cedar.
const IN_LUA: &str = r"a\nFORGED\r\27[2J\27]0;x\7\u{9b}2J\u{202e}\u{2028}\127b";

/// Asserts that no printed text begins a line of its own or controls a
/// terminal.
#[track_caller]
fn is_harmless(ended: &Outcome) {
    for text in [ended.text(), &ended.stderr] {
        assert!(
            !text.lines().any(|line| line.starts_with("FORGED")),
            "{ended}"
        );
        let plain = |c: char| matches!(c, '\n' | '\t' | ' '..='~' | '\u{fffd}');
        assert!(text.chars().all(plain), "{:?}", text);
    }
}

/// Asserts, too, that no message is split where a name in it has a newline.
#[track_caller]
fn is_in_one_line(ended: &Outcome) {
    is_harmless(ended);
    assert!(!ended.stderr.contains("\n  | FORGED"), "{ended}");
}

fn lua(source: &str) -> String {
    source.replace("HOSTILE", IN_LUA)
}

#[test]
fn a_log_record_is_a_line() {
    let main = lua(r#"
        logger.info("HOSTILE")
        logger:named("HOSTILE"):warn("HOSTILE", { ["HOSTILE"] = "HOSTILE" })
        process.spawn_monitored("app:fails", "app:processes")
        process.events():receive()
    "#);
    let fails = lua(r#"error("HOSTILE", 0)"#);
    let dir = Program::of(&[("main.lua", main), ("fails.lua", fails)]);
    let ended = run(dir.path(), &["."]).ends_with(0);
    is_harmless(&ended);
    assert_eq!(ended.stderr.lines().count(), 3, "{ended}");
    for line in ended.stderr.lines() {
        assert!(
            line.starts_with("20") && line.contains("{app:processes|"),
            "{line}"
        );
        assert!(line.contains(r"a\nFORGED\r\u{1b}[2J"), "{line}");
    }

    let ended = run(dir.path(), &["--log-format", "json", "."]).ends_with(0);
    is_harmless(&ended);
    for line in ended.stderr.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let message = record["fields"]["message"].as_str().unwrap();
        assert!(message.contains(HOSTILE), "{line}");
    }
}

#[test]
fn a_failure_of_the_program_is_told_in_lines_of_the_runtimes() {
    for main in [
        r#"error("HOSTILE", 0)"#,
        r#"error(errors.new(errors.INVALID, "HOSTILE", { a = "HOSTILE" }))"#,
        r#"local function f() error("HOSTILE") end; f()"#,
    ] {
        let dir = Program::of(&[("main.lua", lua(main))]);
        let ended = run(dir.path(), &["."]).ends_with(1);
        is_harmless(&ended);
        let first = ended.stderr.lines().filter(|line| !line.starts_with("  "));
        assert_eq!(first.count(), 1, "{ended}");
    }
}

#[test]
fn a_report_of_tests_is_told_in_its_lines() {
    let cases = lua(r#"
        local test = require("test")
        return test.run_cases(function()
          test.describe("HOSTILE", function()
            test.it("HOSTILE", function() error("HOSTILE", 0) end)
            test.it_skip("HOSTILE")
            test.it("leaves", function()
              assert(process.with_context({}):with_name("HOSTILE"):spawn("app:left"))
            end)
          end)
        end)
    "#);
    let dir = Program::of(&[
        ("cases_test.lua", cases),
        ("plain_test.lua", lua(r#"error("HOSTILE", 0)"#)),
        ("left.lua", "process.inbox():receive()".to_owned()),
    ]);
    let ended = outcome(warren(dir.path(), &["test"])).ends_with(1);
    is_harmless(&ended);
    assert!(ended.text().contains(r"a\nFORGED\r\u{1b}[2J"), "{ended}");
    is_harmless(&outcome(warren(dir.path(), &["test", "--json"])).ends_with(1));
}

#[test]
fn a_service_that_fails_is_told_in_lines_of_the_runtimes() {
    let manifest = "[services.\"app:s\"]\nprocess = \"app:s\"\ncritical = true\n\
                    restart = { policy = \"never\" }\n";
    let dir = Program::of(&[
        ("warren.toml", manifest.to_owned()),
        ("main.lua", "process.inbox():receive()".to_owned()),
        ("s.lua", lua(r#"error("HOSTILE", 0)"#)),
    ]);
    is_harmless(&run(dir.path(), &["."]).ends_with(1));
}

/// Returns [`HOSTILE`] as it is written within a string of TOML.
fn in_toml() -> String {
    HOSTILE
        .chars()
        .map(|c| match c {
            '\n' => "\\n".to_owned(),
            '\r' => "\\r".to_owned(),
            '\u{1b}' | '\u{7}' | '\u{7f}' => format!("\\u{:04X}", u32::from(c)),
            c => c.to_string(),
        })
        .collect()
}

#[test]
fn a_manifest_is_shown_with_what_is_in_it() {
    let key = in_toml();
    for manifest in [
        format!("\"{key}\" = 1\n"),
        format!("[processes.\"{key}\"]\n"),
        format!("[app]\nname = \"{key}\"\n"),
        format!("[app]\nmain = \"{key}\"\n"),
        format!("[hosts.\"app:x\"]\nmax_cpu = \"{key}\"\nmax_memory = \"{key}\"\n"),
        format!("[grants.\"app:main\"]\nread = [\"{key}\"]\n"),
        format!("[services.\"app:s\"]\nprocess = \"app:main\"\ndepends_on = [\"{key}\"]\n"),
        format!("[security]\npolicies = [\"{key}\"]\n"),
        format!("[scopes.\"app:s\"]\n[hosts.\"app:h\"]\nscope = \"{key}\"\n"),
        format!("{HOSTILE}\n"),
        format!("# {HOSTILE}\nx = y\n"),
    ] {
        let dir = Program::of(&[("main.lua", ""), ("warren.toml", &manifest)]);
        for command in ["run", "check", "doctor"] {
            let ended = outcome(warren(dir.path(), &[command, "."])).ends_with(2);
            is_harmless(&ended);
            assert!(ended.stderr.contains("warren.toml:"), "{ended}");
        }
    }
}

#[test]
fn names_of_files_are_shown_as_text() {
    let dir = Program::of(&[("main.lua", "")]);
    let name = OsStr::from_bytes(b"a\nFORGED\x1b]0;x\x07\xff.cedar");
    let policies = dir.path().join("policies");
    std::fs::create_dir(&policies).unwrap();
    std::fs::write(policies.join(name), "").unwrap();
    // A name that is not UTF-8 cannot be a policy's, and is not skipped.
    is_harmless(&run(dir.path(), &["."]).ends_with(2));
    std::fs::remove_dir_all(&policies).unwrap();
    std::fs::create_dir(&policies).unwrap();
    let policy = format!("permit (principal, action, resource) when {{ \"{HOSTILE}\" }};");
    std::fs::write(policies.join(format!("{HOSTILE}.cedar")), policy).unwrap();
    is_harmless(&outcome(warren(dir.path(), &["policy", "check", "."])).ends_with(2));
    let path = policies.join(format!("{HOSTILE}.cedar"));
    std::fs::write(path, "permit (principal, action, resource);").unwrap();
    is_harmless(&outcome(warren(dir.path(), &["policy", "check", "."])).ends_with(0));
    let file = format!("{HOSTILE}.lua");
    is_harmless(&run(dir.path(), &[&file]).ends_with(2));
    std::fs::write(dir.path().join(&file), "local x = = 1").unwrap();
    is_harmless(&run(dir.path(), &[&file]).ends_with(1));
    for words in [
        &["run", "--read", HOSTILE, "."][..],
        &["run", "--log", HOSTILE, "."],
        &["run", "--grace", HOSTILE, "."],
        &["run", &format!("--{HOSTILE}"), "."],
        &["run", "--audit", HOSTILE, "."],
        &["run", "--args-json", HOSTILE, "."],
        &[HOSTILE],
        &["new", HOSTILE],
        &["build", HOSTILE],
        &["inspect", HOSTILE],
    ] {
        let ended = outcome(warren(dir.path(), words));
        assert_ne!(ended.status, Some(101), "{ended}");
        is_in_one_line(&ended);
    }
}

#[test]
fn a_module_is_described_with_its_names() {
    let name = |c: u8| format!("\\{c:02x}");
    let hostile: String = HOSTILE.bytes().map(name).collect();
    let module = format!(
        "(module (import \"{hostile}\" \"{hostile}\" (func)) (memory (export \"memory\") 1)\
         (func (export \"start\")) (func (export \"{hostile}\")))"
    );
    let dir = Program::of(&[("main.wat", module)]);
    for (command, status) in [("inspect", 1), ("run", 1), ("check", 1)] {
        let ended = outcome(warren(dir.path(), &[command, "main.wat"])).ends_with(status);
        is_in_one_line(&ended);
        let said = format!("{}{}", ended.text(), ended.stderr);
        assert!(said.contains(r"FORGED\r\u{1b}[2J"), "{ended}");
    }
}

#[test]
fn decisions_are_explained_with_what_was_asked() {
    let policy = format!(
        "@reason(\"{}\")\nforbid (principal, action, resource);",
        IN_LUA
            .replace(r"\27", r"\u{1b}")
            .replace(r"\7\", r"\u{7}\")
            .replace(r"\127", r"\u{7f}")
    );
    let dir = Program::of(&[
        ("main.lua", "".to_owned()),
        ("warren.toml", "[security]\npolicies = [\"p\"]\n".to_owned()),
        ("policies/p.cedar", policy),
    ]);
    let why = [
        "policy",
        "why",
        ".",
        "--action",
        HOSTILE,
        "--resource",
        HOSTILE,
    ];
    let ended = outcome(warren(dir.path(), &why)).ends_with(1);
    is_harmless(&ended);
    assert!(
        ended.text().contains(r"the process is told: a\nFORGED"),
        "{ended}"
    );
    let ended = outcome(warren(dir.path(), &[&why[..], &["--json"]].concat())).ends_with(1);
    is_harmless(&ended);
    let answer: serde_json::Value = serde_json::from_str(ended.text()).unwrap();
    assert_eq!(answer["resource"], HOSTILE);
}

#[test]
fn processes_are_listed_with_their_names() {
    let main = lua(r#"
        assert(process.registry.register("HOSTILE"))
        for n = 1, 200 do
          assert(process.registry.register(n .. string.rep("x", 1000)))
        end
        pcall(process.send, "HOSTILE-nobody", "t")
        print("ready")
        process.listen("HOSTILE"):receive()
    "#);
    let dir = Program::of(&[("main.lua", main)]);
    let mut session = Session::start(warren(dir.path(), &["run", "--control", "control", "."]));
    session.wait_for_line("ready");
    let pid = "{app:processes|0x00001}";
    for words in [
        &["ps"][..],
        &["ps", "--json"],
        &["ps", "--show", pid],
        &["ps", "--show", pid, "--json"],
        &["ps", "--show", HOSTILE],
        &["ps", "--show", "nobody\nFORGED\u{9b}"],
        &["cancel", "nobody\nFORGED\u{9b}"],
    ] {
        let ended = outcome(warren(
            dir.path(),
            &[words, &["--control", "control"]].concat(),
        ));
        assert!(matches!(ended.status, Some(0 | 1)), "{ended}");
        is_harmless(&ended);
        if words.contains(&"--json") {
            let json = serde_json::from_str::<serde_json::Value>(ended.text());
            let names = json.unwrap().to_string();
            assert!(names.contains("x".repeat(1000).as_str()));
        }
    }
    session.signal("INT");
    session.end().ends_with(130);
}

/// The end of [`HOSTILE`] as text: Lua leaves out the beginning of a long name.
const SHOWN: &str = r"\u{9b}2J\u{202e}\u{2028}\u{7f}b.lua:1";

#[test]
fn a_deadlock_names_files_as_text() {
    let file = format!("{HOSTILE}.lua");
    let dir = Program::of(&[(&*file, "process.inbox():receive()")]);
    let ended = run(dir.path(), &[&file]).ends_with(3);
    is_in_one_line(&ended);
    assert!(ended.stderr.contains(" waits at "), "{ended}");
    assert!(ended.stderr.contains(SHOWN), "{ended}");
}

#[test]
fn a_reload_names_files_as_text() {
    let main = "
        assert(process.exec('app:odd') == 1)
        print('ready')
        process.listen('end'):receive()";
    let file = format!("{HOSTILE}.lua");
    let manifest = format!("[processes.\"app:odd\"]\nsource = \"{}.lua\"\n", in_toml());
    let dir = Program::of(&[
        ("main.lua", main),
        ("warren.toml", &manifest),
        (&file, "return function() return 1 end"),
    ]);
    let mut session = Session::start(warren(dir.path(), &["run", "--control", "control", "."]));
    session.wait_for_line("ready");
    let reload = |status: i32| {
        for words in [&["reload"][..], &["reload", "--json"]] {
            let words = [words, &["--control", "control"]].concat();
            let ended = outcome(warren(dir.path(), &words)).ends_with(status);
            is_in_one_line(&ended);
            if status != 0 && !words.contains(&"--json") {
                assert!(ended.stderr.contains(SHOWN), "{ended}");
            }
        }
    };
    reload(0);
    std::fs::write(dir.path().join(&file), "return function() return 2 end").unwrap();
    std::fs::write(dir.path().join(format!("new{HOSTILE}.lua")), "").unwrap();
    reload(0);
    std::fs::write(dir.path().join(&file), "local x = = 1").unwrap();
    reload(1);
    let words = ["reload", "--json", "--control", "control"];
    let refused = outcome(warren(dir.path(), &words)).ends_with(1);
    let refused: Value = serde_json::from_str(refused.text()).unwrap();
    // As data the name is whole.
    let problem = &refused["error"]["problems"][0];
    assert_eq!(problem["file"], file, "{refused}");
    assert_eq!(problem["line"], 1, "{refused}");
    std::fs::write(dir.path().join(&file), "return 3").unwrap();
    reload(0);
    session.signal("TERM");
    is_harmless(&session.end().ends_with(143));
}

#[test]
fn an_apply_names_files_as_text() {
    let main = "print('ready') process.listen('end'):receive()";
    let file = format!("two/{HOSTILE}.lua");
    let policy = format!("two/policies/{HOSTILE}.cedar");
    let manifest = format!("[processes.\"app:odd\"]\nsource = \"{}.lua\"\n", in_toml());
    let dir = Program::of(&[
        ("one/main.lua", main),
        ("two/main.lua", main),
        ("two/warren.toml", &manifest),
        (&file, "local x = = 1"),
    ]);
    let run = ["run", "--control", "control", "one"];
    let mut session = Session::start(warren(dir.path(), &run));
    session.wait_for_line("ready");
    // Prints plans and refusals of all sorts, for people and as JSON.
    let apply = |options: &[&str], status: i32| {
        for form in [&[] as &[&str], &["--json"]] {
            let words = [&["apply", "--control", "control", "two"][..], form, options].concat();
            let ended = outcome(warren(dir.path(), &words)).ends_with(status);
            is_in_one_line(&ended);
            assert!(
                format!("{}{}", ended.text(), ended.stderr).contains("202e"),
                "{ended}"
            );
        }
    };
    apply(&["--yes"], 1);
    std::fs::write(dir.path().join(&file), "return function() return 1 end").unwrap();
    std::fs::create_dir(dir.path().join("two/policies")).unwrap();
    std::fs::write(
        dir.path().join(&policy),
        "permit (principal, action, resource);",
    )
    .unwrap();
    apply(&["--yes"], 1);
    std::fs::remove_file(dir.path().join(&policy)).unwrap();
    apply(&["--dry-run"], 0);
    session.signal("TERM");
    is_harmless(&session.end().ends_with(143));
}

#[cfg(target_os = "linux")]
#[test]
fn top_shows_names_and_files_as_text() {
    let main = lua(r#"
        assert(process.registry.register("HOSTILE"))
        print("ready")
        process.listen("HOSTILE"):receive()
    "#);
    let file = format!("{HOSTILE}.lua");
    let dir = Program::of(&[(&file, main)]);
    let run = ["run", "--control", "control", &file];
    let mut session = Session::start(warren(dir.path(), &run));
    session.wait_for_line("ready");
    let mut top = Top::start_with(dir.path(), "control", "");
    top.shows("Enter details");
    // The details of the first process, with its names and its stack.
    top.press("\u{1b}[B\r");
    top.shows("Esc back");
    top.press("q");
    let (status, seen) = top.end();
    assert_eq!(status, Some(0));
    assert!(seen.contains("FORGED"), "{seen:?}");
    // The commands of the name, and not those by which `top` draws.
    for forged in [
        "\nFORGED",
        "\u{1b}]0;x",
        "\u{7}",
        "\u{9b}",
        "\u{202e}",
        "\u{2028}",
    ] {
        assert!(!seen.contains(forged), "{forged:?} in {seen:?}");
    }
    session.signal("TERM");
    session.end().ends_with(143);
}
