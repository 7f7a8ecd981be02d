//! `warren reload` and `warren run --watch`.

#![allow(clippy::unwrap_used, reason = "this is test code")]

use std::fs;
use std::path::Path;

use crate::support::controlled::{ask, end, go, start};
use crate::support::{outcome, run, warren};
use serde_json::{Value, json};
use warren_tests::{Program, Session};

/// Runs `app:worker` for each message "go", and "end" ends it. With OUTDATED it says so.
const MAIN: &str = r#"
process.registry.register("main")
local go, stop, events = process.listen("go"), process.listen("stop"), process.events()
process.set_options { upgradable = true }
print("ready")
while true do
  local got = channel.select {go:case_receive(), stop:case_receive(), events:case_receive()}
  if got.channel == stop then return end
  if got.channel == events then
    print(got.value.kind .. ": " .. table.concat(got.value.sources, " "))
  else
    local result, err = process.exec("app:worker")
    print(result or tostring(err))
  end
end
"#;

const WORKER: &str = "return function() return (require('lib')) end";

fn write(dir: &Path, name: &str, text: &str) {
    fs::write(dir.join(name), text).unwrap();
}

fn program() -> Program {
    Program::of(&[
        ("main.lua", MAIN),
        ("worker.lua", WORKER),
        ("lib.lua", "return 'one'"),
    ])
}

#[test]
fn reload_says_what_has_changed() {
    let program = program();
    let dir = program.path();
    let mut session = start(dir);
    go(dir);
    session.wait_for_line("one");
    write(dir, "lib.lua", "return 'two'");
    go(dir);
    session.wait_for_line("one");
    write(dir, "new.lua", "");
    ask(dir, &["reload"])
        .ends_with(0)
        .says_nothing()
        .prints("2 changed (app:lib, app:worker), 1 added (app:new), 1 unchanged\n");
    go(dir);
    session.wait_for_line("two");
    ask(dir, &["reload"]).ends_with(0).prints("4 unchanged\n");

    fs::remove_file(dir.join("new.lua")).unwrap();
    write(dir, "warren.toml", "[app]\nname = \"other\"\n");
    let told = ask(dir, &["reload", "--json"]).ends_with(0);
    let told: Value = serde_json::from_str(told.text()).unwrap();
    let expected = json!({
        "changed": [], "added": [], "removed": ["app:new"], "unchanged": 3,
        "manifest_changed": true,
    });
    assert_eq!(told, expected);
    ask(dir, &["reload"]).ends_with(0).prints(
        "3 unchanged\n\
         warren.toml has changed and was not taken: use `warren apply`, or start the program again\n",
    );

    write(dir, "main.lua", &format!("{MAIN} -- 2"));
    ask(dir, &["reload"]).ends_with(0);
    session.wait_for_line("pid.outdated: app:main");
    end(dir, session).ends_with(0).says_nothing();
}

#[test]
fn a_new_file_is_told_also_if_a_process_has_asked_for_it() {
    let program = Program::of(&[("main.lua", MAIN)]);
    let dir = program.path();
    let mut session = start(dir);
    write(dir, "worker.lua", WORKER);
    write(dir, "lib.lua", "return 'one'");
    go(dir);
    session.wait_for_line(
        "definition not found: app:worker: worker.lua was added after the program's files were \
         read; a reload takes it",
    );
    ask(dir, &["reload"])
        .ends_with(0)
        .prints("2 added (app:lib, app:worker), 1 unchanged\n");
    go(dir);
    session.wait_for_line("one");
    end(dir, session).ends_with(0).says_nothing();
}

#[test]
fn a_reload_that_is_refused_shows_the_lines() {
    let program = program();
    let dir = program.path();
    let mut session = start(dir);
    go(dir);
    session.wait_for_line("one");
    write(dir, "lib.lua", "return 'two'");
    write(dir, "worker.lua", "\nreturn function( end");
    write(dir, "guest.wat", "(module\n(func x))");
    // Lua's own message has only the end of such a name.
    let long = "a_name_longer_than_what_lua_shows_of_it_in_its_messages_of_errors.lua";
    write(dir, long, "\n\nreturn = 1");
    ask(dir, &["reload"]).ends_with(1).prints("").says(&[
        "error: nothing was reloaded; the old code stays\n",
        "  | worker.lua:2:",
        "guest.wat:2:",
    ]);
    let told = ask(dir, &["reload", "--json"]).ends_with(1).says_nothing();
    let told: Value = serde_json::from_str(told.text()).unwrap();
    let error = &told["error"];
    assert_eq!(error["kind"], "Invalid", "{told}");
    let problems = error["problems"].as_array().unwrap();
    let places: Vec<_> = problems
        .iter()
        .map(|problem| {
            let message = problem["message"].as_str().unwrap();
            assert!(error["message"].as_str().unwrap().contains(message));
            json!([problem["definition"], problem["file"], problem["line"]])
        })
        .collect();
    assert_eq!(
        places,
        [
            json!([format!("app:{}", long.trim_end_matches(".lua")), long, 3]),
            json!(["app:guest", "guest.wat", 2]),
            json!(["app:worker", "worker.lua", 2]),
        ]
    );
    write(dir, "worker.wat", "(module)");
    let told = ask(dir, &["reload", "--json"]).ends_with(1).says_nothing();
    let told: Value = serde_json::from_str(told.text()).unwrap();
    let problem = &told["error"]["problems"][0];
    assert_eq!(
        (&problem["file"], &problem["line"]),
        (&json!("worker.lua"), &Value::Null),
        "{told}"
    );
    go(dir);
    session.wait_for_line("one");
    end(dir, session).ends_with(0);
    ask(dir, &["reload"]).ends_with(1).says(&["cannot connect"]);
    ask(dir, &["reload", "."]).ends_with(2);
    outcome(warren(dir, &["reload"]))
        .ends_with(2)
        .says(&["no control socket is given"]);
}

#[test]
fn watch_takes_files_that_have_changed() {
    let program = program();
    let dir = program.path();
    let args = ["run", "--watch", "--control", "control", "."];
    let mut session = Session::start(warren(dir, &args));
    session.wait_for_line("ready");
    go(dir);
    session.wait_for_line("one");

    write(dir, "lib.lua", "return 'two'");
    session.wait_for_error("reloaded: 2 changed (app:lib, app:worker), 1 unchanged");
    go(dir);
    session.wait_for_line("two");

    // The first half of a file: it is shown once, and the old code stays.
    write(dir, "lib.lua", "return 'thr");
    session.wait_for_error("error: nothing was reloaded; the old code stays");
    go(dir);
    session.wait_for_line("two");

    // An editor that writes beside the file and renames over it.
    write(dir, "lib.lua.tmp", "return 'three'");
    fs::rename(dir.join("lib.lua.tmp"), dir.join("lib.lua")).unwrap();
    session.wait_for_error("reloaded: 2 changed (app:lib, app:worker), 1 unchanged");
    go(dir);
    session.wait_for_line("three");

    write(dir, "main.lua", &format!("{MAIN} -- 2"));
    session.wait_for_line("pid.outdated: app:main");
    write(dir, "warren.toml", "[app]\n");
    session.wait_for_error(
        "warning: warren.toml has changed and was not taken: use `warren apply`, or start the program again",
    );
    let ended = end(dir, session).ends_with(0).says(&["lib.lua:1:"]);
    let shown = ended.stderr.matches("nothing was reloaded").count();
    assert_eq!(shown, 1, "{ended:?}");
}

#[test]
fn a_watched_program_that_waits_does_not_end() {
    let waits = "print('ready') local event = process.events():receive() print(event.kind)";
    let program = Program::of(&[("main.lua", waits)]);
    let dir = program.path();
    let mut session = Session::start(warren(dir, &["run", "--watch", "."]));
    session.wait_for_line("ready");
    write(dir, "new.lua", "");
    session.wait_for_error("reloaded: 1 added (app:new), 1 unchanged");
    assert!(!session.has_ended());
    session.signal("INT");
    session.end().ends_with(130);
}

#[test]
fn a_deadlock_of_a_watched_program_is_told_once_and_ends_nothing() {
    let program = Program::of(&[("main.lua", "print('ready')\nprocess.inbox():receive()")]);
    let dir = program.path();
    let mut session = Session::start(warren(dir, &["run", "--watch", "."]));
    session.wait_for_line("ready");
    session.wait_for_error(
        "warning: deadlock: every process waits, and nothing is left that could wake one; \
         --watch goes on until Ctrl-C",
    );
    session.wait_for_error("  {app:processes|0x00001} (app:main) waits at main.lua:2");
    write(dir, "new.lua", "");
    session.wait_for_error("reloaded: 1 added (app:new), 1 unchanged");
    assert!(!session.has_ended());
    session.signal("INT");
    let ended = session.end().ends_with(130);
    assert_eq!(ended.stderr.matches("deadlock").count(), 1, "{ended}");
}

#[test]
fn a_directory_of_too_many_files_is_not_watched() {
    let program = Program::of(&[("main.lua", "print('ran')")]);
    let dir = program.path();
    let many = dir.join("many");
    fs::create_dir(&many).unwrap();
    for n in 0..10_001 {
        fs::write(many.join(format!("{n}.lua")), "").unwrap();
    }
    run(dir, &["--watch", "."]).ends_with(2).prints("").says(&[
        "--watch: the program cannot be reloaded",
        "10000 files of code",
    ]);
    run(dir, &["."]).ends_with(0).prints("ran\n");
}
