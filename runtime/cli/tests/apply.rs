//! `warren apply`.

#![allow(clippy::unwrap_used, reason = "this is test code")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use serde_json::{Value, json};
use warren_tests::{Outcome, Program, TIMEOUT};

use crate::support::controlled::{ask, end, go, start};
use crate::support::{outcome, warren};

/// Runs `app:worker` for each message "go", and "stop" ends it.
const MAIN: &str = r#"
process.registry.register("main")
local go, stop = process.listen("go"), process.listen("stop")
print("ready")
while true do
  local got = channel.select {go:case_receive(), stop:case_receive()}
  if got.channel == stop then return end
  local result, err = process.exec("app:worker")
  print(result or tostring(err))
end
"#;

/// Waits for its end.
const SERVICE: &str = r#"
return function()
  print("up")
  process.events():receive()
  print("down")
end
"#;

fn write(dir: &Path, name: &str, text: &str) {
    fs::write(dir.join(name), text).unwrap();
}

fn program() -> Program {
    Program::of(&[
        ("main.lua", MAIN),
        ("worker.lua", "return function() return 'one' end"),
        ("service.lua", SERVICE),
        ("warren.toml", "[hosts.\"app:old\"]\n"),
    ])
}

/// A manifest with a host and a service more, and a host less.
const NEXT: &str = r#"[hosts."app:new"]
max_processes = 5

[services."app:service"]
process = "app:service"
host = "app:new"
"#;

fn apply(dir: &Path, args: &[&str]) -> Outcome {
    ask(dir, &[&["apply"], args].concat())
}

fn json_of(told: &Outcome) -> Value {
    serde_json::from_str(told.text()).unwrap()
}

/// Returns the path of the manifest as plans show it.
fn manifest(dir: &Path) -> String {
    let dir = std::path::absolute(dir).unwrap();
    dir.join("warren.toml").display().to_string()
}

#[test]
fn a_plan_is_shown_and_then_applied() {
    let program = program();
    let dir = program.path();
    let mut session = start(dir);
    apply(dir, &[".", "--yes"])
        .ends_with(0)
        .says_nothing()
        .prints("nothing to change\n");
    go(dir);
    session.wait_for_line("one");

    write(dir, "worker.lua", "return function() return 'two' end");
    write(dir, "warren.toml", NEXT);
    let toml = manifest(dir);
    let plan = format!(
        "+ host app:new ({toml}:1)\n\
         - host app:old\n\
         ~ definition app:worker: code (worker.lua)\n\
         + service app:service ({toml}:4)\n\
         2 to add, 1 to replace, 1 to remove\n"
    );
    apply(dir, &[".", "--dry-run"])
        .ends_with(0)
        .says_nothing()
        .prints(&plan);
    go(dir);
    session.wait_for_line("one");
    apply(dir, &[".", "--yes"])
        .ends_with(0)
        .says_nothing()
        .prints(&format!("{plan}version 2 is in place\n"));
    session.wait_for_line("up");
    go(dir);
    session.wait_for_line("two");

    // Back, and back again, without a look at the files.
    write(dir, "worker.lua", "return function( end");
    apply(dir, &["--rollback", "--yes"]).ends_with(0).prints(
        "- host app:new\n\
         + host app:old\n\
         ~ definition app:worker: code (worker.lua)\n\
         - service app:service\n\
         1 to add, 1 to replace, 2 to remove\n\
         version 3 is in place\n",
    );
    session.wait_for_line("down");
    go(dir);
    session.wait_for_line("one");
    end(dir, session).ends_with(0).says_nothing();
}

#[test]
fn a_manifest_that_says_the_same_is_taken_without_a_step() {
    let program = program();
    let dir = program.path();
    let session = start(dir);
    let manifest_changed = || {
        let reloaded = json_of(&ask(dir, &["reload", "--json"]).ends_with(0));
        reloaded["manifest_changed"] == json!(true)
    };
    write(dir, "warren.toml", "# No other.\n[hosts.\"app:old\"]\n");
    assert!(manifest_changed());
    for (option, taken) in [("--dry-run", false), ("--yes", true)] {
        apply(dir, &[".", option])
            .ends_with(0)
            .says_nothing()
            .prints("nothing to change\n");
        assert_eq!(manifest_changed(), !taken);
    }
    end(dir, session).ends_with(0).says_nothing();
}

#[test]
fn json_has_the_plan_and_what_became_of_it() {
    let program = program();
    let dir = program.path();
    let session = start(dir);
    write(
        dir,
        "warren.toml",
        "[hosts.\"app:old\"]\nmax_processes = 7\n",
    );
    let step = json!({
        "action": "replace", "object": "host", "name": "app:old",
        "differences": ["max_processes 100000 -> 7"], "file": manifest(dir), "line": 1,
    });
    let plan = json!({"version": 1, "steps": [step]});
    let told = apply(dir, &[".", "--dry-run", "--json"]).ends_with(0);
    assert_eq!(json_of(&told), json!({"plan": plan, "applied": false}));
    let told = apply(dir, &[".", "--yes", "--json"]).ends_with(0);
    assert_eq!(
        json_of(&told),
        json!({"plan": plan, "applied": true, "version": 2, "settled": true})
    );
    let told = apply(dir, &[".", "--yes", "--json"]).ends_with(0);
    assert_eq!(
        json_of(&told),
        json!({"plan": {"version": 2, "steps": []}, "applied": false})
    );
    write(dir, "worker.lua", "\nreturn function( end");
    let told = apply(dir, &[".", "--yes", "--json"])
        .ends_with(1)
        .says_nothing();
    let problem = &json_of(&told)["error"]["problems"][0];
    assert_eq!(
        (&problem["definition"], &problem["file"], &problem["line"]),
        (&json!("app:worker"), &json!("worker.lua"), &json!(2)),
    );
    write(
        dir,
        "warren.toml",
        "\n[hosts.\"app:old\"]\nmax_processes = \"many\"\n",
    );
    let told = apply(dir, &[".", "--yes", "--json"])
        .ends_with(1)
        .says_nothing();
    let problem = &json_of(&told)["error"]["problems"][0];
    assert_eq!(
        (&problem["file"], &problem["line"]),
        (&json!(manifest(dir)), &json!(3)),
    );
    end(dir, session).ends_with(0);
}

#[test]
fn a_grant_is_logged_once_it_is_given() {
    let program = program();
    let dir = program.path();
    let session = start(dir);
    write(
        dir,
        "warren.toml",
        "[grants.\"app:worker\"]\nwrite = [\".\"]\n",
    );
    for _ in 0..3 {
        apply(dir, &[".", "--dry-run"]).ends_with(0).says_nothing();
    }
    apply(dir, &[".", "--yes"]).ends_with(0).says_nothing();
    // The same again gives nothing.
    apply(dir, &[".", "--yes"]).ends_with(0).says_nothing();
    let ended = end(dir, session).ends_with(0);
    let told = ended.stderr.matches("is granted to app:worker").count();
    assert_eq!(told, 1, "{ended}");
}

#[test]
fn a_service_that_does_not_come_up_is_told() {
    let program = program();
    let dir = program.path();
    let session = start(dir);
    write(dir, "service.lua", "return function() error('no luck') end");
    let manifest = |restart: &str| {
        let service = "[services.\"app:service\"]\nprocess = \"app:service\"\n";
        format!("[hosts.\"app:old\"]\n{service}restart = {restart}\n")
    };
    write(dir, "warren.toml", &manifest("{ policy = \"never\" }"));
    let told = apply(dir, &[".", "--yes"]).ends_with(3).says(&[
        "error: the service app:service failed and has used up its restarts (0): \
         service.lua:1: no luck\n",
        "warren apply --rollback",
    ]);
    assert!(told.text().ends_with("version 2 is in place\n"), "{told}");
    apply(dir, &["--rollback", "--yes"])
        .ends_with(0)
        .says_nothing();

    // It is tried again in an hour.
    write(
        dir,
        "warren.toml",
        &manifest("{ initial_delay = \"1h\", max_delay = \"1h\" }"),
    );
    let told = apply(dir, &[".", "--yes", "--json"])
        .ends_with(3)
        .says_nothing();
    let told = json_of(&told);
    assert_eq!(
        (&told["applied"], &told["version"], &told["settled"]),
        (&json!(true), &json!(4), &json!(false)),
        "{told}"
    );
    let error = told["service_error"].as_str().unwrap();
    assert!(
        error.starts_with("the service app:service is not up, and is tried again: "),
        "{error}"
    );
    // The program would wait for that start.
    apply(dir, &["--rollback", "--yes"])
        .ends_with(0)
        .says_nothing();
    end(dir, session).ends_with(0);
}

#[test]
fn a_refused_apply_tells_the_line_and_changes_nothing() {
    let program = program();
    let dir = program.path();
    let mut session = start(dir);
    write(dir, "worker.lua", "\nreturn function( end");
    write(dir, "warren.toml", NEXT);
    let nothing = "error: nothing was changed; the program goes on as it was\n";
    apply(dir, &[".", "--yes"])
        .ends_with(1)
        .prints("")
        .says(&[nothing, "  | worker.lua:2:"]);

    write(dir, "worker.lua", "return function() return 'two' end");
    for (manifest, line) in [
        ("[hosts.\"app:old\"]\nmax_processes = \"many\"\n", 2),
        ("\n\n[services.\"app:s\"]\nprocess = \"app:none\"\n", 4),
        ("\n[app]\npayloads = \"object\"\n", 3),
        ("\n[app]\nname = \"other\"\n", 3),
    ] {
        write(dir, "warren.toml", manifest);
        apply(dir, &[".", "--yes"])
            .ends_with(1)
            .prints("")
            .says(&[nothing, &format!("warren.toml:{line}:")]);
    }
    apply(dir, &["absent", "--yes"])
        .ends_with(1)
        .says(&[nothing, "absent"]);
    apply(dir, &["--rollback", "--yes"])
        .ends_with(1)
        .says(&[nothing, "there is no version before this one"]);
    go(dir);
    session.wait_for_line("one");
    end(dir, session).ends_with(0).says_nothing();
    apply(dir, &[".", "--yes"])
        .ends_with(1)
        .says(&["cannot connect"]);
}

/// Shows a plan to a client for each of `takes`, and is gone then: once it was told to apply
/// the plan, or before.
fn pretend(dir: &Path, takes: &'static [bool]) -> JoinHandle<()> {
    let listener = UnixListener::bind(dir.join("control")).unwrap();
    thread::spawn(move || {
        for takes in takes {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let greeting = json!({"protocol": 1, "version": "0", "program": "a", "pid": 1});
            writeln!(stream, "{greeting}").unwrap();
            let mut request = String::new();
            reader.read_line(&mut request).unwrap();
            if !takes {
                stream.shutdown(Shutdown::Read).unwrap();
            }
            let step = json!({"action": "add", "object": "host", "name": "a:h"});
            let plan = json!({"ok": {"version": 1, "steps": [step]}});
            writeln!(stream, "{plan}").unwrap();
            reader.read_line(&mut request).unwrap();
        }
    })
}

#[test]
fn a_program_that_is_lost_may_have_applied_the_plan() {
    let program = program();
    let dir = program.path();
    let serve = pretend(dir, &[true, true, false]);
    let plan = "+ host a:h\n1 to add, 0 to replace, 0 to remove\n";
    apply(dir, &[".", "--yes"])
        .ends_with(1)
        .prints(plan)
        .says(&["does not answer", "the plan may have been applied"]);
    let told = apply(dir, &[".", "--yes", "--json"])
        .ends_with(1)
        .says_nothing();
    let error = &json_of(&told)["error"];
    assert_eq!(error["kind"], json!("Unavailable"), "{told}");
    let texts = [
        ("message", "does not answer"),
        ("help", "the plan may have been applied"),
    ];
    for (key, text) in texts {
        assert!(error[key].as_str().unwrap().contains(text), "{told}");
    }
    // It does not take the request.
    apply(dir, &[".", "--yes"])
        .ends_with(1)
        .prints(plan)
        .says(&["nothing was changed: run `warren apply` again"]);
    serve.join().unwrap();
}

#[test]
fn json_also_tells_that_the_program_cannot_be_reached() {
    let program = program();
    let dir = program.path();
    let commands = [
        &["apply", ".", "--yes", "--json"][..],
        &["apply", ".", "--dry-run", "--json"],
        &["apply", "--rollback", "--yes", "--json"],
        &["reload", "--json"],
        &["ps", "--json"],
    ];
    for command in commands {
        let told = ask(dir, command).ends_with(1).says_nothing();
        let error = &json_of(&told)["error"];
        assert_eq!(error["kind"], json!("Unavailable"), "{told}");
        for (key, text) in [("message", "cannot connect"), ("help", "start the program")] {
            assert!(error[key].as_str().unwrap().contains(text), "{told}");
        }
        let told = outcome(warren(dir, command)).ends_with(2).says_nothing();
        let error = &json_of(&told)["error"];
        assert_eq!(error["kind"], json!("Invalid"), "{told}");
    }
    let session = start(dir);
    let told = ask(dir, &["ps", "--show", "nobody", "--json"])
        .ends_with(1)
        .says_nothing();
    let error = &json_of(&told)["error"];
    assert_eq!(error["kind"], json!("NotFound"), "{told}");
    // Standard input is no terminal here.
    let told = apply(dir, &[".", "--json"]).ends_with(2).says_nothing();
    let error = &json_of(&told)["error"];
    assert_eq!(error["kind"], json!("Invalid"), "{told}");
    end(dir, session).ends_with(0).says_nothing();
}

/// A client of the control socket that makes plans.
struct Planner(BufReader<UnixStream>);

impl Planner {
    /// Connects, and reads the greeting.
    fn connect(dir: &Path) -> Planner {
        let stream = UnixStream::connect(dir.join("control")).unwrap();
        let mut planner = Planner(BufReader::new(stream));
        planner.answer();
        planner
    }

    fn ask(&mut self, request: &Value) -> Value {
        writeln!(self.0.get_mut(), "{request}").unwrap();
        self.answer()
    }

    fn plan(&mut self, dir: &Path) -> Value {
        self.ask(&json!({"do": "plan", "path": std::path::absolute(dir).unwrap()}))
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

#[test]
fn a_plan_that_waits_keeps_its_place_however_many_clients_come() {
    let program = program();
    let dir = program.path();
    let session = start(dir);
    write(dir, "warren.toml", "[hosts.\"app:new\"]\n");
    let mut planner = Planner::connect(dir);
    let plan = planner.plan(dir);
    assert_eq!(plan["ok"]["version"], json!(1), "{plan}");
    // They take all seats, and are idle for less time than the plan waits.
    let others: Vec<_> = (0..40)
        .map(|_| UnixStream::connect(dir.join("control")).unwrap())
        .collect();
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < TIMEOUT, "nobody gives way");
        let ended = ask(dir, &["ps"]);
        if ended.status == Some(0) {
            break;
        }
        ended.ends_with(1).says(&["too many clients"]);
    }
    drop(others);
    let applied = planner.ask(&json!({"do": "apply"}));
    assert_eq!(applied["ok"]["version"], json!(2), "{applied}");
    end(dir, session).ends_with(0).says_nothing();
}

#[test]
fn plans_have_places_of_their_own_and_no_more_than_those() {
    let program = program();
    let dir = program.path();
    let session = start(dir);
    write(dir, "warren.toml", "[hosts.\"app:new\"]\n");
    let mut planners: Vec<_> = (0..4).map(|_| Planner::connect(dir)).collect();
    for planner in &mut planners {
        // A second plan takes the place of the first.
        for _ in 0..2 {
            let plan = planner.plan(dir);
            assert!(plan["ok"]["steps"].is_array(), "{plan}");
        }
    }
    let full = "4 other plans wait for an answer: answer them, or end their commands";
    apply(dir, &[".", "--dry-run"])
        .ends_with(1)
        .prints("")
        .says(&["nothing was changed", full]);
    // The place of one is free once it was answered, and that of another once it is gone.
    let applied = planners[0].ask(&json!({"do": "apply"}));
    assert_eq!(applied["ok"]["version"], json!(2), "{applied}");
    apply(dir, &[".", "--dry-run"]).ends_with(0).says_nothing();
    // The program hears of the end of that command in a moment.
    let begun = Instant::now();
    loop {
        assert!(
            begun.elapsed() < TIMEOUT,
            "the place of a command that ended is not free"
        );
        let again = planners[0].plan(dir);
        if again["ok"]["steps"].is_array() {
            break;
        }
        assert_eq!(again["error"]["kind"], json!("RateLimited"), "{again}");
    }
    planners.pop();
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < TIMEOUT, "its place is not free");
        let ended = apply(dir, &[".", "--dry-run"]);
        if ended.status == Some(0) {
            break;
        }
        ended.ends_with(1).says(&[full]);
    }
    drop(planners);
    end(dir, session).ends_with(0).says_nothing();
}

#[test]
fn a_person_has_to_be_asked() {
    let program = program();
    let dir = program.path();
    let session = start(dir);
    write(dir, "warren.toml", NEXT);
    // Standard input is no terminal here.
    apply(dir, &["."])
        .ends_with(2)
        .prints("")
        .says(&["nobody can be asked", "--yes"]);
    apply(dir, &["--yes"]).ends_with(2);
    apply(dir, &[".", "--rollback", "--yes"]).ends_with(2);
    outcome(warren(dir, &["apply", ".", "--yes"]))
        .ends_with(2)
        .says(&["no control socket is given"]);
    apply(dir, &[".", "--dry-run"]).ends_with(0).says_nothing();
    end(dir, session).ends_with(0).says_nothing();
}
