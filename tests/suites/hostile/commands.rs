//! Attacks by what stands on the command line and in the environment.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use warren_tests::{Program, Session, Warren};

use crate::scene::{Scene, refused};

pub(crate) const SCENES: &[Scene] = &[
    Scene {
        name: "commands/variables",
        tries: "names and values of variables that are long, no text, or that a terminal obeys",
        end: "they reach the program as they are, or are refused, shown escaped",
        run: variables,
    },
    Scene {
        name: "commands/arguments",
        tries: "arguments that are long, many, no text, or that a terminal obeys",
        end: "they reach the program as they are, or are refused with the limit",
        run: arguments,
    },
    Scene {
        name: "commands/arguments_as_json",
        tries: "JSON that is long, nests deep, repeats keys or has numbers that are none",
        end: "each is refused with its place or limit, in a moment",
        run: json,
    },
    Scene {
        name: "commands/send",
        tries: "messages, topics and names with all of that, for a running program",
        end: "each is refused or arrives as it is, and the program goes on",
        run: send,
    },
    Scene {
        name: "commands/options",
        tries: "options that are no text or that a terminal obeys, of every command",
        end: "refused, shown escaped",
        run: options,
    },
];

/// Control sequences that a terminal obeys.
const OBEYED: &str = "\u{1b}[2J\u{7}\r\nERROR forged";

/// No text.
const BYTES: &[u8] = b"\xff\xfe\xc0\x80";

fn variables() {
    let program = Program::lua(
        "for _, name in ipairs { ... } do print(#(os.getenv(name) or ''), os.getenv(name) ~= nil) end",
    );
    let long = "x".repeat(100_000);
    let name = "N".repeat(10_000);
    let outcome = program
        .command()
        .env("LONG", &long)
        .env("OBEYED", OBEYED)
        .env("EMPTY", "")
        .env(&name, "1")
        .options([
            "--env", "LONG", "--env", "OBEYED", "--env", "EMPTY", "--env", &name,
        ])
        .options(["--env", "NOT_THERE", "--env", &format!("GIVEN={OBEYED}")])
        .options(["--env", &format!("A{OBEYED}=1"), "--env", "LAST==="])
        .arguments(["LONG", "OBEYED", "EMPTY", &name, "NOT_THERE", "GIVEN"])
        .arguments([&*format!("A{OBEYED}"), "LAST", "HOME", "PATH"])
        .outcome()
        .ends_with(0)
        .says_nothing();
    let obeyed = OBEYED.len();
    let expected = format!(
        "100000\ttrue\n{obeyed}\ttrue\n0\ttrue\n1\ttrue\n0\tfalse\n{obeyed}\ttrue\n1\ttrue\n\
         2\ttrue\n0\tfalse\n0\tfalse\n"
    );
    outcome.prints(&expected);

    let no_text = OsStr::from_bytes(BYTES);
    let given = program
        .command()
        .env("BYTES", no_text)
        .options(["--env", "BYTES"]);
    refused(given.outcome(), 2, &["BYTES", "UTF-8"]);
    let named = program.command().options(["--env".as_ref(), no_text]);
    refused(named.outcome(), 2, &["UTF-8"]);
    refused(
        program.command().options(["--env", "=x"]).outcome(),
        2,
        &["--env"],
    );
    let program = Program::of(&[
        ("main.lua", ""),
        (
            "warren.toml",
            "[grants]\nenv = [\"A\\u0000B\", \"C=D\", \"\\u001b[2J\"]",
        ),
    ]);
    refused(program.run(), 2, &["warren.toml", "env"]);
}

fn arguments() {
    let program = Program::lua("print(select('#', ...), #(...), (...))");
    let run = |words: &[&OsStr]| program.command().arguments(words).outcome();
    run(&[OBEYED.as_ref()])
        .ends_with(0)
        .prints(&format!("1\t{}\t{OBEYED}\n", OBEYED.len()));
    let no_text = run(&[OsStr::from_bytes(BYTES)]).ends_with(0);
    assert!(
        no_text.stdout.starts_with(b"1\t4\t\xff\xfe\xc0\x80"),
        "{no_text}"
    );
    let many = vec!["".as_ref(); 50_000];
    run(&many).ends_with(0).prints("50000\t0\t\n");
    // Linux takes 128 KiB in one argument and 2 MiB in all.
    let long = "x".repeat(120_000);
    let long = vec![long.as_ref(); 12];
    refused(run(&long), 1, &["max_message"]);
}

fn json() {
    let program = Program::lua("print(select('#', ...))");
    let run = |json: &str| program.command().options(["--args-json", json]).outcome();
    let deep = format!("{}{}", "[".repeat(60_000), "]".repeat(60_000));
    let objects = "{\"a\":".repeat(20_000);
    for (json, texts) in [
        (&*deep, &["--args-json"][..]),
        (&objects, &["--args-json"]),
        ("[1e999]", &["--args-json"]),
        ("[-]", &["--args-json"]),
        ("[NaN]", &["--args-json"]),
        ("[\"\\ud800\"]", &["--args-json"]),
        ("[\"\u{1b}[2J\"]", &["--args-json"]),
        ("[] []", &["--args-json"]),
        ("\u{1b}[2J", &[r"\u{1b}"]),
        ("", &["--args-json"]),
    ] {
        refused(run(json), 2, texts);
    }
    let nested = format!("{}{}", "[".repeat(102), "]".repeat(102));
    refused(run(&nested), 2, &["deeper than 100"]);
    run(r#"[{"a": 1, "a": 2}, 18446744073709551615, 1e308, "\u0000"]"#)
        .ends_with(0)
        .prints("4\n");
}

fn send() {
    let main = r#"
        process.registry.register("main")
        local inbox = process.inbox()
        print("ready")
        while true do
            local message = inbox:receive()
            local value = message:payload()
            if value == "stop" then return end
            print(type(value), #message:topic(), type(value) == "string" and #value or 0)
        end
    "#;
    let program = Program::lua(main);
    let socket = program.path().join("control");
    let mut session: Session = program
        .command()
        .options(["--control".as_ref(), socket.as_os_str()])
        .start();
    session.wait_for_line("ready");
    let send = |words: &[&OsStr]| {
        // The path comes first.
        let command = Warren::tool("send", words[0]).arguments(&words[1..]);
        command.env("WARREN_CONTROL", &socket).outcome()
    };
    let text = |words: &[&str]| {
        let words: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
        send(&words)
    };
    let no_text = OsStr::from_bytes(BYTES);
    for words in [
        [no_text, "t".as_ref(), "1".as_ref()],
        ["main".as_ref(), no_text, "1".as_ref()],
        ["main".as_ref(), "t".as_ref(), no_text],
    ] {
        refused(send(&words), 2, &["UTF-8"]);
    }
    for (words, status, texts) in [
        (["main", "", "1"], 1, &["Invalid"][..]),
        (["main", "@pid", "1"], 1, &["Invalid"]),
        (["", "t", "1"], 1, &["Invalid"]),
        ([OBEYED, "t", "1"], 1, &[r"\u{1b}"]),
        (["main", "t", OBEYED], 2, &["JSON"]),
        (["main", "t", "[1e999]"], 2, &["JSON"]),
        (
            ["{app:processes|0x0000000000000000000001}", "t", "1"],
            1,
            &[],
        ),
        (
            ["{app:processes|0xfffffffffffffffffffff}", "t", "1"],
            1,
            &[],
        ),
    ] {
        refused(text(&words), status, texts);
    }
    let deep = format!("{}{}", "[".repeat(120), "]".repeat(120));
    refused(text(&["main", "t", &deep]), 1, &["nests too deep"]);
    let deep = format!("{}{}", "[".repeat(60_000), "]".repeat(60_000));
    refused(text(&["main", "t", &deep]), 2, &["JSON"]);
    let name = "n".repeat(100_000);
    refused(text(&[&name, "t", "1"]), 1, &[]);
    // A topic is part of the message, and as long as that may be.
    text(&["main", &name, "1"]).ends_with(0);
    session.wait_for_line("number\t100000\t0");

    text(&["main", OBEYED, "{}"]).ends_with(0);
    session.wait_for_line(&format!("table\t{}\t0", OBEYED.len()));
    let long = format!("\"{}\"", "\\u0000".repeat(20_000));
    text(&["main", "t", &long]).ends_with(0);
    session.wait_for_line("string\t1\t20000");
    text(&["main", "t", "\"stop\""]).ends_with(0);
    session.end().ends_with(0);
}

fn options() {
    let program = Program::lua("");
    let path = program.path();
    let no_text = OsStr::from_bytes(BYTES);
    for command in [
        "run",
        "repl",
        "attach",
        "test",
        "new",
        "build",
        "check",
        "inspect",
        "policy",
        "doctor",
        "data",
        "ps",
        "top",
        "cancel",
        "terminate",
        "send",
    ] {
        for option in [
            OsStr::new(&format!("--{OBEYED}")),
            OsStr::from_bytes(b"--\xff\xfe"),
        ] {
            let outcome = Warren::tool(command, ".")
                .current_dir(path)
                .options([option]);
            refused(outcome.outcome(), 2, &["error"]);
        }
    }
    for option in ["--log", "--grace", "--max-memory-total", "--args-json"] {
        for value in [OsStr::new(OBEYED), no_text, OsStr::new("")] {
            let command = program.command().options([OsStr::new(option), value]);
            refused(command.outcome(), 2, &["error"]);
        }
    }
    for option in ["--read", "--write", "--audit", "--control"] {
        let missing = format!("no/{OBEYED}");
        let command = program.command().options([option, &missing]);
        refused(command.outcome(), 2, &["error: --"]);
    }
}
