//! `warren run --control`, and the commands that use its socket.

#![allow(clippy::unwrap_used, reason = "this is test code")]

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::support::{outcome, warren};
use serde_json::{Value, json};
use warren_tests::{Outcome, Program, Session, TIMEOUT};

/// A main process, which reads events, and a worker with a name, a link to main
/// and an unread message.
const MAIN: &str = r#"
local worker = assert(process.spawn_linked("app:worker", "app:processes"))
process.set_options({trap_links = true})
local replies, events = process.listen("reply"), process.events()
replies:receive()
process.send(worker, "unread", "x")
print("ready")
while true do
  local event = channel.select {replies:case_receive(), events:case_receive()}
  if event.channel == replies then
    print("reply: " .. tostring(event.value))
  else
    print("event: " .. event.value.kind)
    if event.value.kind == process.event.CANCEL then return end
  end
end
"#;

const WORKER: &str = r#"
return function()
  process.registry.register("worker")
  local requests = process.listen("request")
  process.send("{app:processes|0x00001}", "reply", "up")
  while true do
    local request = requests:receive()
    process.send("{app:processes|0x00001}", "reply", request)
  end
end
"#;

/// Starts the program and waits until it is ready.
fn start(dir: &Path) -> Session {
    let mut session = Session::start(warren(dir, &["run", "--control", "control", "."]));
    session.wait_for_line("ready");
    session
}

fn ask(dir: &Path, args: &[&str]) -> Outcome {
    let args: Vec<&str> = args
        .iter()
        .copied()
        .chain(["--control", "control"])
        .collect();
    outcome(warren(dir, &args))
}

fn ask_json(dir: &Path, args: &[&str]) -> Value {
    let answer = ask(dir, &[args, &["--json"]].concat()).ends_with(0);
    serde_json::from_str(answer.text()).unwrap()
}

#[test]
fn ps_shows_the_processes_and_others_step_in() {
    let dir = Program::of(&[("main.lua", MAIN), ("worker.lua", WORKER)]);
    let mut session = start(dir.path());
    let socket = std::fs::symlink_metadata(dir.path().join("control")).unwrap();
    assert!(socket.file_type().is_socket());
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);

    let table = ask(dir.path(), &["ps"]).ends_with(0);
    let table = table.text();
    assert!(table.lines().next().unwrap().starts_with("PID"), "{table}");
    assert_eq!(table.lines().count(), 4, "{table}");
    let budgets = table.lines().last().unwrap();
    assert!(budgets.contains("   app:processes "), "{budgets}");

    // The worker has said that it is up, and is about to wait.
    let begun = Instant::now();
    let listing = loop {
        let listing = ask_json(dir.path(), &["ps", "worker"]);
        if listing["processes"][0]["state"] == "waiting" {
            break listing;
        }
        assert!(begun.elapsed() < TIMEOUT, "{listing}");
    };
    assert_eq!(listing["matched"], 1);
    assert_eq!(listing["totals"]["processes"], 2);
    let worker = &listing["processes"][0];
    assert_eq!(worker["definition"], "app:worker");
    assert_eq!(worker["names"], json!(["worker"]));
    assert_eq!(worker["parent"], "{app:processes|0x00001}");
    assert_eq!(
        (&worker["links"], &worker["messages"]),
        (&json!(1), &json!(1))
    );
    assert!(worker["memory"].as_u64().unwrap() > 0, "{worker}");

    let details = ask_json(dir.path(), &["ps", "--show", "worker"]);
    assert_eq!(details["linked_to"], json!(["{app:processes|0x00001}"]));
    assert_eq!(details["queues"][0]["name"], "@unclaimed");
    assert_eq!(details["queues"][0]["messages"], 1);
    assert_eq!(details["queues"][1]["name"], "request");
    let stack = details["stack"].as_str().unwrap();
    assert!(stack.contains("worker.lua:7: in function"), "{details}");
    let text = ask(dir.path(), &["ps", "--show", "worker"]).ends_with(0);
    assert!(
        text.text().contains("    worker.lua:7: in function"),
        "{text:?}"
    );

    ask(dir.path(), &["send", "worker", "request", r#""hello""#]).ends_with(0);
    session.wait_for_line("reply: hello");
    ask(dir.path(), &["terminate", "worker"]).ends_with(0);
    session.wait_for_line("event: pid.link.down");
    ask(dir.path(), &["terminate", "worker"])
        .ends_with(1)
        .says(&["name not registered: worker", "warren ps"]);
    ask(dir.path(), &["cancel", "{app:processes|0x00001}"]).ends_with(0);
    session.wait_for_line("event: pid.cancel");
    session.end().ends_with(0);
    assert!(!dir.path().join("control").exists());
}

#[test]
fn the_number_of_a_pid_serves_alone() {
    let dir = Program::of(&[("main.lua", MAIN), ("worker.lua", WORKER)]);
    let mut session = start(dir.path());
    for number in ["1", "0x1", "00001"] {
        let details = ask_json(dir.path(), &["ps", "--show", number]);
        assert_eq!(details["pid"], "{app:processes|0x00001}");
    }
    ask(dir.path(), &["ps", "--show", "2a"])
        .ends_with(1)
        .says(&["name not registered: 2a", "its number, 2,"]);
    ask(dir.path(), &["send", "2", "request", r#""hello""#]).ends_with(0);
    session.wait_for_line("reply: hello");
    ask(dir.path(), &["terminate", "2"]).ends_with(0);
    session.wait_for_line("event: pid.link.down");
    ask(dir.path(), &["cancel", "1"]).ends_with(0);
    session.wait_for_line("event: pid.cancel");
    session.end().ends_with(0);
}

#[test]
fn a_name_that_looks_like_a_number_is_a_name() {
    let main = "process.registry.register('2', process.pid())\n\
                process.spawn('app:worker')\nprint('ready')\nprocess.events():receive()";
    let worker = "return function() process.inbox():receive() end";
    let dir = Program::of(&[("main.lua", main), ("worker.lua", worker)]);
    let session = start(dir.path());
    let details = ask_json(dir.path(), &["ps", "--show", "2"]);
    assert_eq!(details["pid"], "{app:processes|0x00001}");
    ask(dir.path(), &["cancel", "2"]).ends_with(0);
    session.end().ends_with(0);
}

#[test]
fn the_client_that_ends_the_program_gets_its_answer() {
    let main = "print('ready') process.events():receive()";
    let dir = Program::of(&[("main.lua", main)]);
    // The program ends while the answer is on its way.
    for _ in 0..20 {
        let session = start(dir.path());
        ask(dir.path(), &["cancel", "{app:processes|0x00001}"]).ends_with(0);
        session.end().ends_with(0);
    }
}

#[test]
fn clients_that_idle_keep_nobody_out() {
    let dir = Program::of(&[("main.lua", "print('ready') process.events():receive()")]);
    let session = start(dir.path());
    let connect = || UnixStream::connect(dir.path().join("control")).unwrap();
    // More clients than are served at a time: silent ones, and some in the
    // midst of a request.
    let idle: Vec<_> = (0..40)
        .map(|number| {
            let mut client = connect();
            if number % 2 == 0 {
                // Fails if the client's seat is taken already.
                let _ = client.write_all(b"{\"do\":\"li");
            }
            client
        })
        .collect();
    // The clients may have come a moment ago.
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < TIMEOUT, "they keep their seats");
        let ended = outcome(warren(dir.path(), &["ps", "--control", "control"]));
        if ended.status == Some(0) {
            break;
        }
        ended.ends_with(1).says(&["too many clients"]);
    }
    drop(idle);
    ask(dir.path(), &["cancel", "{app:processes|0x00001}"]).ends_with(0);
    session.end().ends_with(0);
}

#[test]
fn another_version_of_the_protocol_is_refused() {
    let dir = Program::of::<&str>(&[]);
    let listener = UnixListener::bind(dir.path().join("control")).unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let greeting = json!({"protocol": 99, "version": "9.9", "program": "x", "pid": 1});
        writeln!(stream, "{greeting}").unwrap();
    });
    ask(dir.path(), &["ps"])
        .ends_with(1)
        .says(&["version 99", "warren 9.9", "use the `warren`"]);
    server.join().unwrap();
}

#[test]
fn a_line_that_is_no_request_is_answered_and_one_without_end_ends_the_talk() {
    let dir = Program::of(&[("main.lua", MAIN), ("worker.lua", WORKER)]);
    let session = start(dir.path());
    let stream = UnixStream::connect(dir.path().join("control")).unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    assert_eq!(next()["protocol"], 1);
    let mut writer = &stream;
    writeln!(writer, "{{}}").unwrap();
    assert_eq!(next()["error"]["kind"], "Invalid");
    writeln!(writer, r#"{{"do":"list","query":{{"limit":1}}}}"#).unwrap();
    assert_eq!(next()["ok"]["matched"], 2);
    // Refused after a mebibyte without a newline.
    let _ = writer.write_all(&vec![b'x'; 2 << 20]);
    assert_eq!(next()["error"]["message"], "the line is too long");
    drop(stream);

    // The program serves others meanwhile.
    let mut other = UnixStream::connect(dir.path().join("control")).unwrap();
    let mut byte = [0];
    other.read_exact(&mut byte).unwrap();
    ask(dir.path(), &["terminate", "{app:processes|0x00001}"]).ends_with(0);
    session.end().ends_with(1);
}

#[test]
fn metrics_are_printed_as_prometheus_reads_them() {
    let counts = r#"
require("metrics").counter_inc("orders.seen")
process.registry.register("main")
print("ready")
process.inbox():receive()
"#;
    let dir = Program::of(&[("main.lua", counts)]);
    let session = start(dir.path());
    let printed = ask(dir.path(), &["metrics"]).ends_with(0);
    let lines: Vec<&str> = printed.text().lines().collect();
    for wanted in [
        "warren_names 1",
        "warren_host_processes{host=\"app:processes\"} 1",
    ] {
        assert!(lines.contains(&wanted), "{wanted}: {lines:?}");
    }
    let own = "app_orders_seen_total{";
    assert!(lines.iter().any(|line| line.starts_with(own)), "{lines:?}");
    assert_eq!(lines.last(), Some(&"# EOF"));
    ask(dir.path(), &["send", "main", "stop"]).ends_with(0);
    session.end().ends_with(0);
    ask(dir.path(), &["metrics"])
        .ends_with(1)
        .says(&["control"]);
}

#[test]
fn top_needs_a_terminal() {
    let dir = Program::of::<&str>(&[]);
    ask(dir.path(), &["top"])
        .ends_with(2)
        .says(&["needs a terminal", "warren ps"]);
}

/// `warren top` on a terminal, which `script` of util-linux provides.
#[cfg(target_os = "linux")]
pub(crate) struct Top {
    child: std::process::Child,
    screen: std::process::ChildStdout,
    seen: Vec<u8>,
}

#[cfg(target_os = "linux")]
impl Top {
    fn start(dir: &Path) -> Top {
        Top::start_with(dir, "control", "")
    }

    pub(crate) fn start_with(dir: &Path, control: &str, options: &str) -> Top {
        let mut child = Command::new("script")
            .args(["-qec"])
            .arg(format!(
                "stty rows 30 cols 140; exec '{}' top --control {control} {options}",
                env!("CARGO_BIN_EXE_warren")
            ))
            .arg("/dev/null")
            .current_dir(dir)
            .env("TERM", "xterm")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let screen = child.stdout.take().unwrap();
        Top {
            child,
            screen,
            seen: Vec::new(),
        }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        let keyboard = self.child.stdin.as_mut().unwrap();
        keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Reads until this text was drawn; it is drawn in one piece.
    pub(crate) fn shows(&mut self, text: &str) {
        let before = self.seen.len();
        let mut buffer = [0; 4096];
        while !String::from_utf8_lossy(&self.seen[before..]).contains(text) {
            let read = self.screen.read(&mut buffer).unwrap();
            assert!(read > 0, "{text}: {}", String::from_utf8_lossy(&self.seen));
            self.seen.extend_from_slice(&buffer[..read]);
        }
    }

    /// Returns the exit status, and all text of the screen.
    pub(crate) fn end(self) -> (Option<i32>, String) {
        let (status, seen) = self.end_without_screen();
        // The previous screen is back.
        assert!(seen.contains("\u{1b}[?1049l"), "{seen}");
        (status, seen)
    }

    /// Returns the exit status and all text of a command that may not have drawn.
    pub(crate) fn end_without_screen(mut self) -> (Option<i32>, String) {
        self.screen.read_to_end(&mut self.seen).unwrap();
        let status = self.child.wait().unwrap().code();
        (status, String::from_utf8_lossy(&self.seen).into_owned())
    }
}

#[cfg(target_os = "linux")]
#[test]
fn top_shows_the_processes_on_a_terminal_until_q_is_pressed() {
    let dir = Program::of(&[("main.lua", MAIN), ("worker.lua", WORKER)]);
    let session = start(dir.path());
    let mut top = Top::start(dir.path());
    top.shows("app:worker");
    top.press("q");
    assert_eq!(top.end().0, Some(0));
    session.signal("TERM");
    session.end().ends_with(143);
}

#[cfg(target_os = "linux")]
#[test]
fn top_ends_with_the_program_and_says_so() {
    let dir = Program::of(&[("main.lua", MAIN), ("worker.lua", WORKER)]);
    let session = start(dir.path());
    let mut top = Top::start(dir.path());
    top.shows("app:worker");
    session.signal("KILL");
    let (status, seen) = top.end();
    assert_eq!(status, Some(1));
    let after = seen.rsplit("\u{1b}[?1049l").next().unwrap();
    assert!(
        after.contains("control: the program does not answer"),
        "{seen}"
    );
    drop(session);
    // Its remains do not disturb the next program.
    let session = start(dir.path());
    session.signal("TERM");
    session.end().ends_with(143);
}

#[cfg(target_os = "linux")]
#[test]
fn top_connects_again_where_another_was_given_its_place() {
    let main = r#"
        local go = process.listen("go")
        process.registry.register("main")
        print("ready")
        go:receive()
        assert(process.spawn("app:second", "app:processes"))
        print("spawned")
        process.inbox():receive()
    "#;
    let second = "return function() process.inbox():receive() end";
    let dir = Program::of(&[("main.lua", main), ("second.lua", second)]);
    let mut session = start(dir.path());
    // It looks once, and then when a key asks it to.
    let mut top = Top::start_with(dir.path(), "control", "--interval 1h");
    top.shows("app:main");
    // Everybody else has asked for something since.
    let connect = || {
        let stream = UnixStream::connect(dir.path().join("control")).unwrap();
        let mut client = BufReader::new(stream);
        let mut greeting = String::new();
        client.read_line(&mut greeting).unwrap();
        let is_served = greeting.contains("protocol");
        is_served.then(|| {
            writeln!(client.get_mut(), r#"{{"do":"list","query":{{"limit":0}}}}"#).unwrap();
            client.read_line(&mut greeting).unwrap();
            client
        })
    };
    let mut others: Vec<_> = (0..15).map(|_| connect().unwrap()).collect();
    let started = Instant::now();
    others.push(loop {
        if let Some(client) = connect() {
            break client;
        }
        assert!(started.elapsed() < TIMEOUT, "nobody gives way");
    });
    // The place was that of `top`: the others still have theirs.
    for client in &mut others {
        let mut answer = String::new();
        writeln!(client.get_mut(), r#"{{"do":"list","query":{{"limit":0}}}}"#).unwrap();
        client.read_line(&mut answer).unwrap();
        assert!(answer.contains("totals"), "{answer}");
    }
    drop(others);
    ask(dir.path(), &["send", "main", "go"]).ends_with(0);
    session.wait_for_line("spawned");
    top.press("s");
    top.shows("app:second");
    top.press("q");
    assert_eq!(top.end().0, Some(0));
    session.signal("TERM");
    session.end().ends_with(143);
}

#[test]
fn all_processes_of_a_host_end_at_once_and_others_go_on() {
    let main = r#"
        local pings = process.listen("ping")
        assert(process.spawn("app:chain", "app:wild"))
        assert(process.spawn("app:bomb", "app:wild"))
        print("ready")
        while pings:receive() do print("pong") end
    "#;
    let chain = r#"return function() process.spawn("app:chain", "app:wild") end"#;
    let bomb = r#"return function()
        while true do process.spawn("app:bomb", "app:wild") end
    end"#;
    let manifest = "[hosts.\"app:wild\"]\nmax_processes = 100\n[hosts.\"app:processes\"]";
    let dir = Program::of(&[
        ("main.lua", main),
        ("chain.lua", chain),
        ("bomb.lua", bomb),
        ("warren.toml", manifest),
    ]);
    let mut session = start(dir.path());
    ask(dir.path(), &["terminate", "--host", "app:wild"])
        .ends_with(0)
        .says_nothing();
    let listing = ask_json(dir.path(), &["ps"]);
    assert_eq!(listing["matched"], 1, "{listing}");
    let main = "{app:processes|0x00001}";
    ask(dir.path(), &["send", main, "ping", "1"]).ends_with(0);
    session.wait_for_line("pong");

    for command in ["terminate", "cancel"] {
        ask(dir.path(), &[command, "--host", "app:none"])
            .ends_with(1)
            .says(&["host not found: app:none"]);
        ask(dir.path(), &[command]).ends_with(2).says(&["--host"]);
        ask(dir.path(), &[command, "a", "--host", "b"]).ends_with(2);
    }
    // The first process is one of them, and its end that of the program.
    let hosts = ["--host", "app:wild", "--host", "app:processes"];
    let cancel = [&["cancel", "--within", "1ms"], &hosts[..]].concat();
    ask(dir.path(), &cancel).ends_with(0);
    session.end().ends_with(1);
}
