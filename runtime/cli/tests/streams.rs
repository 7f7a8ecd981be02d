//! Standard streams that nobody reads, that are full, or whose reader is gone.

#![allow(clippy::unwrap_used, reason = "this is test code")]

use std::cell::Cell;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::support::warren;
use warren_tests::{Program, Session, TIMEOUT};

/// A command whose streams are pipes that nobody reads by default. Killed when
/// dropped.
struct Unread(Child);

impl Unread {
    fn start(dir: &Path, args: &[&str]) -> Unread {
        let mut command = warren(dir, args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Unread(command.spawn().unwrap())
    }

    /// Reads standard output up to this line, and no further than its buffer.
    fn wait_for_line(&mut self, wanted: &str) {
        let mut stdout = BufReader::with_capacity(1, self.0.stdout.take().unwrap());
        let mut line = String::new();
        while line != format!("{wanted}\n") {
            line.clear();
            assert!(stdout.read_line(&mut line).unwrap() > 0, "no {wanted:?}");
        }
        self.0.stdout = Some(stdout.into_inner());
    }

    fn signal(&self, name: &str) {
        let id = self.0.id().to_string();
        let kill = ["-c", "kill -s \"$0\" \"$1\"", name, &id];
        let sent = Command::new("sh").args(kill).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end and returns the status.
    fn end(mut self) -> Option<i32> {
        let id = self.0.id();
        let (done, ended) = mpsc::channel::<()>();
        let watch = thread::spawn(move || {
            // Ends when the other side is dropped.
            if ended.recv_timeout(TIMEOUT) == Err(mpsc::RecvTimeoutError::Timeout) {
                let _ = Command::new("kill").args(["-9", &id.to_string()]).status();
            }
        });
        let status = self.0.wait().unwrap();
        drop(done);
        watch.join().unwrap();
        status.code()
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        // Both fail if the child has ended, as it should have.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Bytes of a record. The records sent exceed all queues and pipes.
const RECORD: usize = 8_000;
const RECORDS: usize = 3_000;

/// Floods a stream in the given way, and prints when it is done.
const FLOOD: &str = "
return function(how, parent, count, size)
  local text = ('x'):rep(size)
  for i = 1, count do
    if how == 'log' then logger.info(text)
    elseif how == 'stderr' then io.stderr:write(text, '\\n')
    elseif how == 'stdout' then print(text)
    else process.spawn('app:fails', 'app:processes', text)
    end
  end
  process.send(parent, 'flooded')
end";

const FAILS: &str = "return function(text) error(text, 0) end";

fn program(main: &str) -> Program {
    Program::of(&[
        ("main.lua", main),
        ("flood.lua", FLOOD),
        ("fails.lua", FAILS),
    ])
}

#[test]
fn a_log_that_nobody_reads_holds_nobody_up() {
    for how in ["log", "fails"] {
        let main = format!(
            "local flooded = process.listen('flooded')
             for _ = 1, 2 do
               process.spawn('app:flood', 'app:processes', '{how}', process.pid(), {RECORDS}, {RECORD})
             end
             for _ = 1, 2 do flooded:receive() end
             print('done')"
        );
        let dir = program(&main);
        let mut command = Unread::start(dir.path(), &["run", "--grace", "1s", "."]);
        command.wait_for_line("done");
        assert_eq!(command.end(), Some(0), "{how}");
    }
}

#[test]
fn a_signal_ends_a_program_whose_streams_nobody_reads() {
    for how in ["log", "stderr", "stdout"] {
        // The flooding processes never stop; main waits for a message that does
        // not come.
        let main = format!(
            "for _ = 1, 2 do
               process.spawn('app:flood', 'app:processes', '{how}', process.pid(), math.maxinteger, {RECORD})
             end
             local events = process.events()
             print('ready')
             events:receive()"
        );
        let dir = program(&main);
        for (signal, status) in [("TERM", 143), ("INT", 130)] {
            let mut command = Unread::start(dir.path(), &["run", "--grace", "500ms", "."]);
            command.wait_for_line("ready");
            command.signal(signal);
            assert_eq!(command.end(), Some(status), "{how}");
        }
    }
}

#[test]
fn lines_that_are_lost_are_counted_and_said_and_others_are_not_lost() {
    // One process floods the log, another logs now and then.
    let main = format!(
        "local flooded, said = process.listen('flooded'), process.listen('said')
         process.spawn('app:flood', 'app:processes', 'log', process.pid(), {RECORDS}, {RECORD})
         flooded:receive()
         process.spawn('app:says', 'app:processes', process.pid())
         said:receive()
         print('done')
         io.read()"
    );
    let says = "
        for i = 1, 20 do logger.warn('said', { number = i }) end
        process.send(..., 'said')";
    let dir = Program::of(&[
        ("main.lua", main.as_str()),
        ("flood.lua", FLOOD),
        ("says.lua", says),
    ]);
    let mut command = warren(dir.path(), &["run", "--log-format", "json", "."]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut command = Unread(command.spawn().unwrap());
    command.wait_for_line("done");
    // The first read of standard error.
    let mut stderr = command.0.stderr.take().unwrap();
    let read = thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).unwrap();
        text
    });
    drop(command.0.stdin.take());
    assert_eq!(command.end(), Some(0));
    let (mut logged, mut said, mut lost) = (0, 0, 0);
    for line in read.join().unwrap().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let fields = &line["fields"];
        match (fields["message"].as_str(), fields["lost"].as_u64()) {
            (_, Some(count)) => lost += count,
            (Some("said"), None) => said += 1,
            _ => logged += 1,
        }
    }
    assert_eq!(said, 20);
    assert!(lost > 0 && logged > 0, "{lost} of {logged}");
    assert_eq!(logged + lost, RECORDS as u64);
}

/// Commands that print on standard output.
const PRINTING: [&[&str]; 14] = [
    &["--help"],
    &["run", "--help"],
    &["--version"],
    &["check", "main.lua"],
    &["inspect", "guest.wat"],
    &["policy", "check", "main.lua"],
    &[
        "policy",
        "why",
        "desk",
        "--actor=ada",
        "--scope=app:guest",
        "--action=process.send",
        "--resource=desk",
    ],
    &["run", "main.lua"],
    &["doctor", "--json"],
    &["completions", "bash"],
    &["new", NEW],
    &["ps"],
    &["ps", "--json"],
    &["ps", "--show", "waits"],
];

/// Stands for a directory that is not there.
const NEW: &str = "NEW";

/// A directory with what the commands of [`PRINTING`] read, and a program to ask.
struct Printing {
    dir: Program,
    made: Cell<u32>,
    _running: Session,
}

impl Printing {
    fn set_up() -> Printing {
        let guest = r#"(module (memory (export "memory") 1) (func (export "start")))"#;
        let waits = "process.registry.register('waits')
            print('ready')
            process.inbox():receive()";
        let permit = "permit (principal, action == Action::\"process.send\", resource);";
        let dir = Program::of(&[
            ("main.lua", "print('x')"),
            ("guest.wat", guest),
            ("waits.lua", waits),
            ("desk/main.lua", ""),
            (
                "desk/warren.toml",
                "[scopes.\"app:guest\"]\npolicies = [\"guest\"]\n",
            ),
            ("desk/policies/guest.cedar", permit),
        ]);
        let run = ["run", "--wait", "--control", "control", "waits.lua"];
        let mut running = Session::start(warren(dir.path(), &run));
        running.wait_for_line("ready");
        Printing {
            dir,
            made: Cell::new(0),
            _running: running,
        }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Returns a command of [`PRINTING`].
    fn command(&self, args: &[&str]) -> Command {
        let made = self.made.get() + 1;
        self.made.set(made);
        let new = format!("new{made}");
        let words: Vec<&str> = args
            .iter()
            .map(|word| if *word == NEW { new.as_str() } else { word })
            .collect();
        let mut command = warren(self.path(), &words);
        command.env("WARREN_CONTROL", "control");
        command
    }
}

/// Every command that prints ends with an error if its standard output is this file.
fn every_command_says(printing: &Printing, stdout: &File, why: &str) {
    for args in PRINTING {
        let output = printing
            .command(args)
            .stdout(stdout.try_clone().unwrap())
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {stderr}");
        let message = format!("standard output cannot be written: {why}");
        assert!(stderr.contains(&message), "{args:?}: {stderr}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_is_said_by_every_command() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let printing = Printing::set_up();
    every_command_says(&printing, &full, "No space left");
    // This one prints nothing.
    let output = printing
        .command(&["man", NEW])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_standard_output_that_is_not_open_for_writing_is_said_by_every_command() {
    let printing = Printing::set_up();
    for path in [printing.path(), &printing.path().join("main.lua")] {
        let unwritable = File::open(path).unwrap();
        every_command_says(&printing, &unwritable, "Bad file descriptor");
    }
}

#[test]
fn closed_streams_are_as_dev_null() {
    let printing = Printing::set_up();
    let man: &[&str] = &["man", NEW];
    for args in PRINTING.into_iter().chain([man]) {
        let mut command = printing.command(args);
        let usual = command.stderr(Stdio::null()).output().unwrap();
        for closed in [">&-", "<&- >&-", "<&- >&- 2>&-"] {
            let command = printing.command(args);
            let mut shell = Command::new("sh");
            shell
                .args(["-c", &format!("exec \"$0\" \"$@\" {closed}")])
                .arg(command.get_program())
                .args(command.get_args())
                .current_dir(printing.path())
                .stdin(Stdio::null());
            for (name, value) in command.get_envs() {
                match value {
                    Some(value) => shell.env(name, value),
                    None => shell.env_remove(name),
                };
            }
            let output = shell.output().unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            let status = output.status.code();
            assert_eq!(status, usual.status.code(), "{args:?} {closed}: {stderr}");
            assert_eq!(output.stdout, b"", "{args:?} {closed}");
            assert!(!stderr.contains("panicked"), "{args:?} {closed}: {stderr}");
        }
    }
}

#[test]
fn no_file_takes_the_place_of_a_closed_stream() {
    let main = "
        local file = assert(io.open('out/file', 'w'))
        print('printed')
        io.stderr:write('written\\n')
        logger.error('logged')
        assert(io.read('a') == '')
        file:write('kept')
        file:close()";
    let dir = Program::of(&[("main.lua", main)]);
    fs::create_dir(dir.path().join("out")).unwrap();
    let inner = warren(dir.path(), &[]);
    let closed = "exec \"$0\" run --write out main.lua <&- >&- 2>&-";
    let status = Command::new("sh")
        .args(["-c", closed])
        .arg(inner.get_program())
        .current_dir(dir.path())
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
    let written = fs::read_to_string(dir.path().join("out/file")).unwrap();
    assert_eq!(written, "kept");
}

/// Signals that a terminal or a shell sends a program that goes on.
#[test]
fn signals_that_end_nothing_lose_no_input() {
    let main = "print('ready') for line in io.lines() do print('read ' .. line) end print('done')";
    let dir = Program::of(&[
        ("main.lua", main),
        (
            "warren.toml",
            "[scopes.\"app:guest\"]\npolicies = [\"guest\"]\n",
        ),
        ("policies/guest.cedar", ""),
    ]);
    let mut command = warren(dir.path(), &["run", "."]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut command = Unread(command.spawn().unwrap());
    let mut stdin = command.0.stdin.take().unwrap();
    command.wait_for_line("ready");
    let signals = ["WINCH", "CONT", "STOP", "CONT", "HUP", "CHLD", "URG"];
    for number in 0..10 {
        // The program reads when the first ones come, and has half a line at the others.
        for half in ["half ", "whole "] {
            for signal in signals {
                command.signal(signal);
            }
            write!(stdin, "{half}").unwrap();
        }
        writeln!(stdin, "{number}").unwrap();
        command.wait_for_line(&format!("read half whole {number}"));
    }
    drop(stdin);
    command.wait_for_line("done");
    assert_eq!(command.end(), Some(0));
}

#[test]
fn a_reader_that_is_gone_ends_every_command_quietly() {
    let printing = Printing::set_up();
    for args in PRINTING {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = printing.command(args);
        let output = command
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        // Other failures take precedence: `doctor` and `inspect` may end with
        // 1.
        let status = output.status.code();
        let otherwise = ["doctor", "inspect"].contains(&args[0]) && status == Some(1);
        assert!(status == Some(141) || otherwise, "{args:?}: {status:?}");
        assert_eq!(stderr, "", "{args:?}");
    }
}

#[test]
fn a_closed_standard_error_changes_no_status() {
    let dir = Program::of(&[
        ("main.lua", "logger.error('x') print('y')"),
        ("bad.lua", "error('x')"),
    ]);
    for (file, status) in [("main.lua", 0), ("bad.lua", 1), ("none.lua", 2)] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = warren(dir.path(), &["run", file]);
        let output = command
            .stdout(Stdio::piped())
            .stderr(writer)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(status), "{file}");
    }
}

#[test]
fn few_open_files_are_an_error_that_says_what_to_do() {
    let dir = Program::of(&[("main.lua", "print('x')")]);
    for command in ["run", "check"] {
        for limit in 3..=24 {
            let inner = warren(dir.path(), &[command, "main.lua"]);
            let mut shell = Command::new("sh");
            shell
                .args(["-c", "ulimit -n \"$0\" && exec \"$@\""])
                .arg(limit.to_string())
                .arg(inner.get_program())
                .args(inner.get_args())
                .current_dir(dir.path())
                .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
                .stdin(Stdio::null());
            let output = shell.output().unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            let status = output.status.code();
            // Below a certain limit, not even the command's libraries are
            // found.
            let started = !stderr.contains("loading shared libraries");
            if started {
                assert!(
                    matches!(status, Some(0..=2)),
                    "{limit}: {status:?} {stderr}"
                );
            }
            // A start without the code cache is a warning.
            let failed = stderr.contains("error: ") || !started;
            assert_eq!(status == Some(0), !failed, "{limit}: {stderr}");
            assert!(!stderr.contains("panicked"), "{limit}: {stderr}");
        }
    }
}

#[test]
fn few_threads_are_an_error_that_says_so() {
    const NOBODY: &str = "65534";
    let wat = r#"(module (memory (export "memory") 1) (func (export "start")))"#;
    let dir = Program::of(&[("main.wat", wat), ("main.lua", "print('x')")]);
    // The limit does not hold for root, and `nobody` may not read root's files.
    let command = dir.path().join("warren");
    fs::copy(warren(dir.path(), &[]).get_program(), &command).unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let is_root = fs::metadata(dir.path()).unwrap().uid() == 0;
    let limits = (5..=20).map(|limit| (limit, "main.wat"));
    for (limit, program) in limits.chain((14..=18).map(|limit| (limit, "main.lua"))) {
        let mut shell = if is_root {
            let mut other = Command::new("setpriv");
            other.args([
                "--reuid",
                NOBODY,
                "--regid",
                NOBODY,
                "--clear-groups",
                "bash",
            ]);
            other
        } else {
            Command::new("bash")
        };
        shell
            .args(["-c", "ulimit -u \"$0\" && exec \"$@\"", &limit.to_string()])
            .args([command.as_os_str(), "run".as_ref(), program.as_ref()])
            .current_dir(dir.path())
            .env_remove("HOME")
            .env_remove("XDG_CACHE_HOME")
            .stdin(Stdio::null());
        let output = shell.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        let status = output.status.code();
        assert!(
            matches!(status, Some(0 | 1)),
            "{limit}: {status:?} {stderr}"
        );
        // A start without the code cache is a warning.
        let failed = stderr.contains("error: ");
        assert_eq!(status == Some(0), !failed, "{limit}: {stderr}");
        assert!(!stderr.contains("panicked"), "{limit}: {stderr}");
    }
}

#[test]
fn an_idle_reader_of_the_log_is_waited_for_no_longer_than_the_grace() {
    let main = format!(
        "local flooded = process.listen('flooded')
         process.spawn('app:flood', 'app:processes', 'log', process.pid(), {RECORDS}, {RECORD})
         flooded:receive()
         print('done')
         error('it failed')"
    );
    let dir = program(&main);
    let mut command = Unread::start(dir.path(), &["run", "--grace", "200ms", "."]);
    command.wait_for_line("done");
    // Nobody reads the command's own failure either.
    assert_eq!(command.end(), Some(1));
}

#[test]
fn output_waits_for_a_slow_reader() {
    let main = "for i = 1, 200000 do print(i) end";
    let dir = Program::of(&[("main.lua", main)]);
    let mut command = warren(dir.path(), &["run", "--grace", "1ms", "main.lua"]);
    let mut command = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = command.stdout.take().unwrap();
    let mut byte = [0];
    stdout.read_exact(&mut byte).unwrap();
    // Longer than the grace, and than the least wait for the log: a command
    // that does not wait has ended by then.
    thread::sleep(Duration::from_millis(1_500));
    let mut rest = Vec::from(byte);
    stdout.read_to_end(&mut rest).unwrap();
    assert!(rest.ends_with(b"\n200000\n"));
    assert_eq!(command.wait().unwrap().code(), Some(0));
}
