//! `warren run` as its user sees it: output, arguments, grants, exit statuses,
//! signals.

#![allow(clippy::unwrap_used, reason = "this is test code")]

use std::time::Duration;

use crate::support::{outcome, run, warren};
use warren_tests::{Outcome, Program, Session};

/// Runs a program of one file, `main.lua`, with these arguments.
#[track_caller]
fn lua(source: &str, args: &[&str]) -> Outcome {
    let dir = Program::of(&[("main.lua", source)]);
    let args: Vec<&str> = ["main.lua"]
        .into_iter()
        .chain(args.iter().copied())
        .collect();
    run(dir.path(), &args)
}

#[test]
fn a_file_is_run() {
    lua("print('hello', process.pid())", &[])
        .ends_with(0)
        .prints("hello\t{app:processes|0x00001}\n");
}

#[test]
fn a_directory_is_run() {
    let dir = Program::of(&[
        ("shop/main.lua", "print(require('lib.util').name)"),
        ("shop/lib/util.lua", "return {name = 'util'}"),
    ]);
    run(dir.path(), &["shop"]).ends_with(0).prints("util\n");
}

#[test]
fn without_a_path_the_program_of_the_directory_is_run() {
    let dir = Program::of(&[("main.lua", "print('here', select('#', ...))")]);
    run(dir.path(), &[]).ends_with(0).prints("here\t0\n");
    let empty = Program::of::<&str>(&[]);
    run(empty.path(), &[]).ends_with(2).says(&["main.lua"]);
}

#[test]
fn code_of_the_command_line_is_run_in_the_program_of_the_directory() {
    let dir = Program::of(&[
        ("main.lua", "error('not this one')"),
        ("lib/util.lua", "return { name = 'util' }"),
        ("worker.lua", "return function(n) return n + 1 end"),
        ("warren.toml", "[app]\nname = \"shop\"\n"),
    ]);
    let code = "print(require('lib.util').name, process.exec('shop:worker', nil, 1), ...)";
    run(dir.path(), &["-e", code, "a", "-e"])
        .ends_with(0)
        .prints("util\t2\ta\t-e\n");
    run(dir.path(), &["--eval", "os.exit(7)"]).ends_with(7);
    run(dir.path(), &["-e", "print((io.open('main.lua')))"])
        .ends_with(0)
        .prints("nil\n");
    let granted = "print(io.open('main.lua'):read('a'))";
    run(dir.path(), &["--read", "main.lua", "-e", granted])
        .ends_with(0)
        .prints("error('not this one')\n");
    run(dir.path(), &["-e", "\nprint("])
        .ends_with(1)
        .says(&["-e:2:"]);
    run(dir.path(), &["-e", "\nerror('broken')"])
        .ends_with(1)
        .says(&["-e:2: broken"]);
    // An empty directory is enough.
    let empty = Program::of::<&str>(&[]);
    run(empty.path(), &["-e", "print(process.id())"])
        .ends_with(0)
        .prints("warren:input#1\n");
}

#[test]
fn code_of_standard_input_is_run() {
    let dir = Program::of(&[("lib.lua", "return 'lib'")]);
    let typed = |code: &str, args: &[&str]| {
        std::fs::write(dir.path().join("code"), code).unwrap();
        let mut command = warren(dir.path(), args);
        command.stdin(std::fs::File::open(dir.path().join("code")).unwrap());
        outcome(command)
    };
    typed(
        "print(require('lib'), ...)\nprint(io.read())",
        &["run", "-", "x"],
    )
    .ends_with(0)
    .prints("lib\tx\nnil\n");
    typed("error('broken')", &["run", "-"])
        .ends_with(1)
        .says(&["stdin:1: broken"]);
}

#[test]
fn a_manifest_says_what_to_run_and_where() {
    let manifest = r#"
        [app]
        name = "shop"
        main = "shop:begin"
        [hosts."shop:workers"]
        max_processes = 3
        [processes."shop:begin"]
        source = "src/start.lua"
        method = "go"
        host = "shop:workers"
    "#;
    let source = "return {go = function(...) print(process.pid(), ...) end}";
    let dir = Program::of(&[("warren.toml", manifest), ("src/start.lua", source)]);
    run(dir.path(), &[".", "x"])
        .ends_with(0)
        .prints("{shop:workers|0x00001}\tx\n");
}

#[test]
fn words_after_the_path_are_the_programs() {
    lua("print(select('#', ...), ...)", &["a", "--read", "-x", "--"])
        .ends_with(0)
        .prints("4\ta\t--read\t-x\t--\n");
}

#[test]
fn typed_arguments() {
    let source =
        "local n, f, t = ...\nprint(math.type(n), math.type(f), t.list[2], select('#', ...))";
    let dir = Program::of(&[("main.lua", source)]);
    run(
        dir.path(),
        &[
            "--args-json",
            r#"[3, 3.0, {"list": [1, "two"]}, null]"#,
            "main.lua",
        ],
    )
    .ends_with(0)
    .prints("integer\tfloat\ttwo\t4\n");
}

#[test]
fn a_failed_main_ends_with_1_and_says_where() {
    lua("local function f()\n  error('boom')\nend\nf()", &[])
        .ends_with(1)
        .says(&[
            "main.lua:2: boom",
            "stack traceback",
            "{app:processes|0x00001}",
        ])
        .prints("");
}

#[test]
fn a_returned_error_ends_with_1() {
    lua("return function() return nil, errors.new{message = 'no stock', kind = errors.NOT_FOUND} end", &[])
        .ends_with(1)
        .says(&["no stock (NotFound)", "{app:processes|0x00001}"]);
}

#[test]
fn a_result_is_no_failure() {
    lua("return function() return 42 end", &[])
        .ends_with(0)
        .prints("");
}

#[test]
fn a_missing_method_is_a_failure_of_the_process() {
    lua("return {other = function() end}", &[])
        .ends_with(1)
        .says(&["main"]);
}

#[test]
fn os_exit_is_the_status() {
    lua("print('a') os.exit(7)", &[]).ends_with(7).prints("a\n");
    lua("os.exit(true)", &[]).ends_with(0);
    lua("os.exit(false)", &[]).ends_with(1);
}

#[test]
fn output_and_errors_are_apart() {
    lua("io.write('out') io.stderr:write('err')", &[])
        .ends_with(0)
        .prints("out")
        .says(&["err"]);
}

#[test]
fn standard_input_is_the_first_process() {
    let dir = Program::of(&[
        ("main.lua", "print(io.read('l'))"),
        ("in.txt", "a line\nmore\n"),
    ]);
    let mut command = warren(dir.path(), &["run", "main.lua"]);
    command.stdin(std::fs::File::open(dir.path().join("in.txt")).unwrap());
    outcome(command).ends_with(0).prints("a line\n");
}

#[test]
fn only_what_is_granted_is_reached() {
    let source = r#"
        local f, err = io.open("data/x.txt")
        print(f and f:read("a") or "refused", os.getenv("SHOP_REGION"))
    "#;
    let dir = Program::of(&[("main.lua", source), ("data/x.txt", "content")]);
    run(dir.path(), &["main.lua"])
        .ends_with(0)
        .prints("refused\tnil\n");
    run(
        dir.path(),
        &["--read", "data", "--env", "SHOP_REGION=eu", "main.lua"],
    )
    .ends_with(0)
    .prints("content\teu\n");
    run(dir.path(), &["--read", "data/x.txt", "main.lua"])
        .ends_with(0)
        .prints("content\tnil\n");
    let mut command = warren(dir.path(), &["run", "--env", "SHOP_REGION", "main.lua"]);
    command.env("SHOP_REGION", "us");
    outcome(command).ends_with(0).prints("refused\tus\n");
}

#[test]
fn reading_is_not_writing() {
    let source = r#"
        local f = io.open(..., "w")
        print(f and "open" or "refused")
        if f then f:write("new") f:close() end
    "#;
    let dir = Program::of(&[("main.lua", source), ("data/x.txt", "old")]);
    let content = || std::fs::read_to_string(dir.path().join("data/x.txt")).unwrap();
    run(dir.path(), &["--read", "data", "main.lua", "data/x.txt"])
        .ends_with(0)
        .prints("refused\n");
    assert_eq!(content(), "old");
    run(dir.path(), &["--write", "data", "main.lua", "data/x.txt"])
        .ends_with(0)
        .prints("open\n");
    assert_eq!(content(), "new");
    run(dir.path(), &["--write", "out.txt", "main.lua", "out.txt"])
        .ends_with(0)
        .prints("open\n");
    assert_eq!(
        std::fs::read_to_string(dir.path().join("out.txt")).unwrap(),
        "new"
    );
}

#[test]
fn processes_left_when_main_returns_are_asked_to_end() {
    let worker = r#"
        local events = process.events()
        print("waiting")
        process.send(..., "started")
        local event = events:receive()
        print(event.kind)
    "#;
    let main = r#"
        local inbox = process.inbox()
        process.spawn("app:worker", "app:processes", process.pid())
        process.spawn("app:busy", "app:processes", process.pid())
        inbox:receive()
        inbox:receive()
    "#;
    let busy = "process.send(..., 'started') while true do end";
    let dir = Program::of(&[
        ("main.lua", main),
        ("worker.lua", worker),
        ("busy.lua", busy),
    ]);
    run(dir.path(), &["--grace", "10m", "."])
        .ends_with(0)
        .prints("waiting\npid.cancel\n");
}

/// A program that waits for CANCEL, prints it, and goes on if told to.
const LISTENER: &str = r#"
    local events = process.events()
    print("ready")
    local event = events:receive()
    print(event.kind)
    if ... == "stay" then events:receive() end
"#;

#[test]
fn an_interrupt_asks_and_ends_with_130() {
    let dir = Program::of(&[("main.lua", LISTENER)]);
    let mut session = Session::start(warren(dir.path(), &["run", "--grace", "10m", "main.lua"]));
    session.wait_for_line("ready");
    session.signal("INT");
    session.end().ends_with(130).prints("ready\npid.cancel\n");
}

#[test]
fn sigterm_asks_and_ends_with_143() {
    let dir = Program::of(&[("main.lua", LISTENER)]);
    let mut session = Session::start(warren(dir.path(), &["run", "--grace", "10m", "main.lua"]));
    session.wait_for_line("ready");
    session.signal("TERM");
    session.end().ends_with(143).prints("ready\npid.cancel\n");
}

#[test]
fn a_process_that_stays_is_ended_after_the_grace() {
    let dir = Program::of(&[("main.lua", LISTENER)]);
    let mut session = Session::start(warren(
        dir.path(),
        &["run", "--grace", "50ms", "main.lua", "stay"],
    ));
    session.wait_for_line("ready");
    session.signal("INT");
    session.end().ends_with(130);
}

#[test]
fn a_second_interrupt_ends_all_at_once() {
    let dir = Program::of(&[("main.lua", LISTENER)]);
    let mut session = Session::start(warren(
        dir.path(),
        &["run", "--grace", "1h", "main.lua", "stay"],
    ));
    session.wait_for_line("ready");
    session.signal("INT");
    session.wait_for_line("pid.cancel");
    // A second signal within 50 ms is an echo of the first: the next counts.
    while !session.has_ended() {
        session.signal("INT");
        std::thread::sleep(Duration::from_millis(60));
    }
    session.end().ends_with(130);
}

#[test]
fn an_interrupt_that_arrives_twice_is_one() {
    let main = r#"
        local events = process.events()
        print("ready")
        print(events:receive().kind)
        -- Time to hear a second request, if there were one.
        events:receive()
    "#;
    let dir = Program::of(&[("main.lua", main)]);
    let grace = Duration::from_secs(2);
    // Returns the time to the end, which is the grace or more if the signals were one.
    let took = || {
        let arguments = ["run", "--grace", "2s", "main.lua"];
        let mut session = Session::start(warren(dir.path(), &arguments));
        session.wait_for_line("ready");
        let sent = std::time::Instant::now();
        // The child itself, and again as a member of the group.
        session.signals("INT", 2);
        session.wait_for_line("pid.cancel");
        session.end().ends_with(130);
        sent.elapsed()
    };
    // A busy machine may deliver the second signal after 50 ms: the two are two requests.
    let mut times = Vec::new();
    while times.len() < 5 && times.last().is_none_or(|took| *took < grace) {
        times.push(took());
    }
    assert!(times.last() >= Some(&grace), "ended after {times:?}");
}

#[test]
fn a_process_without_events_is_ended_at_once() {
    let dir = Program::of(&[("main.lua", "print('ready') while true do end")]);
    let mut session = Session::start(warren(dir.path(), &["run", "--grace", "1h", "main.lua"]));
    session.wait_for_line("ready");
    session.signal("INT");
    session.end().ends_with(130);
}

#[test]
fn waiting_for_standard_input_does_not_hold_the_end_up() {
    let dir = Program::of(&[("main.lua", "print('ready') io.read('l')")]);
    let mut command = warren(dir.path(), &["run", "main.lua"]);
    command.stdin(std::process::Stdio::piped());
    let mut session = Session::start(command);
    session.wait_for_line("ready");
    session.signal("INT");
    session.end().ends_with(130);
}

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    let dir = Program::of(&[("main.lua", "while true do print('line') end")]);
    let mut session = Session::start(warren(dir.path(), &["run", "main.lua"]));
    session.wait_for_line("line");
    session.close_stdout();
    let ended = session.end().ends_with(141);
    assert_eq!(ended.stderr, "");
}

#[test]
fn a_failure_is_told_while_others_take_their_time() {
    let listener = r#"
        local events = process.events()
        process.send(..., "listening")
        events:receive()
        events:receive()
    "#;
    let main = r#"
        local inbox = process.inbox()
        process.spawn("app:listener", "app:processes", process.pid())
        inbox:receive()
        print("out")
        error("boom")
    "#;
    let dir = Program::of(&[("main.lua", main), ("listener.lua", listener)]);
    let mut session = Session::start(warren(dir.path(), &["run", "--grace", "1h", "."]));
    session.wait_for_error("error: main.lua:6: boom");
    session.signal("INT");
    session.end().ends_with(130).prints("out\n");
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let dir = Program::of(&[("main.lua", "print('x')")]);
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = warren(dir.path(), &["run", "main.lua"]);
    command.stdout(full).stderr(std::process::Stdio::piped());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("standard output cannot be written"),
        "{stderr}"
    );
}

#[test]
fn the_log_goes_to_standard_error() {
    let source = "logger.info('started', {region = 'eu'}) logger.debug('detail')";
    let ended = lua(source, &[])
        .ends_with(0)
        .prints("")
        .says(&["INFO", "started", "eu"]);
    assert!(!ended.stderr.contains("detail"), "{ended}");

    let dir = Program::of(&[("main.lua", source)]);
    run(dir.path(), &["--log", "debug", "main.lua"])
        .ends_with(0)
        .says(&["detail"]);
    let ended = run(dir.path(), &["--log", "off", "main.lua"]).ends_with(0);
    assert_eq!(ended.stderr, "");
    let mut command = warren(dir.path(), &["run", "main.lua"]);
    command.env("WARREN_LOG", "error");
    assert_eq!(outcome(command).ends_with(0).stderr, "");
}

#[test]
fn the_log_may_be_json() {
    let dir = Program::of(&[("main.lua", "logger.warn('careful')")]);
    let ended = run(dir.path(), &["--log-format", "json", "main.lua"]).ends_with(0);
    let line: serde_json::Value = serde_json::from_str(ended.stderr.trim()).unwrap();
    assert_eq!(line["level"], "WARN");
    assert_eq!(line["fields"]["message"], "careful");
    assert_eq!(line["fields"]["pid"], "{app:processes|0x00001}");
}

#[test]
fn help_and_version() {
    let dir = Program::of::<&str>(&[]);
    let help = outcome(warren(dir.path(), &["run", "--help"])).ends_with(0);
    for option in [
        "--args-json",
        "--read",
        "--write",
        "--env",
        "--grace",
        "Exit status",
    ] {
        assert!(help.text().contains(option), "{option}");
    }
    outcome(warren(dir.path(), &["--version"]))
        .ends_with(0)
        .prints(&format!("warren {}\n", env!("CARGO_PKG_VERSION")));
}
