//! `warren repl` and `warren attach`.

#![allow(clippy::unwrap_used, reason = "this is test code")]

use std::fs;
use std::path::Path;

use crate::support::controlled::{ask, end, start};
use crate::support::{outcome, warren};
use warren_tests::{Outcome, Program};

/// Runs a command with these inputs in a pipe.
#[track_caller]
fn piped(dir: &Path, args: &[&str], inputs: &str) -> Outcome {
    let file = tempfile_in(dir, inputs);
    let mut command = warren(dir, args);
    command.env("XDG_STATE_HOME", dir).stdin(file);
    outcome(command)
}

fn tempfile_in(dir: &Path, text: &str) -> fs::File {
    let path = dir.join("inputs");
    fs::write(&path, text).unwrap();
    fs::File::open(path).unwrap()
}

/// Runs these inputs in a program without files.
#[track_caller]
fn repl(inputs: &str) -> Outcome {
    piped(Program::of::<&str>(&[]).path(), &["repl"], inputs)
}

#[test]
fn values_are_printed_and_variables_stay() {
    repl(
        "1 + 1\n'te\"xt'\n{1, 2, a = {b = true}}\nx = 5\nx * 2\n_ + 1\nlocal y = 7\ny\n\n\
         print('hi', nil)\nnil\nio.write('a', 1, '\\n') and nil\n",
    )
    .ends_with(0)
    .says_nothing()
    .prints("2\n\"te\\\"xt\"\n{ 1, 2, a = { b = true } }\n10\n11\n7\nhi\tnil\nnil\na1\nnil\n");
}

#[test]
fn cycles_functions_and_pids_have_a_text() {
    repl(
        "t = {n = 1} t.me = {t}\nt\nprocess.send\nfunction f() end\nf\nprocess.pid()\n\
         setmetatable({}, {__tostring = function() return 'mine' end})\n1, 'two', {}\n",
    )
    .ends_with(0)
    .prints(
        "{ me = { <cycle to .> }, n = 1 }\n<function process.send>\n<function input 4:1>\n\
         {app:processes|0x00001}\nmine\n1  \"two\"  {}\n",
    );
}

#[test]
fn an_input_may_have_several_lines() {
    repl("for i = 1, 2 do\n  print(i)\nend\n(1 +\n2)\nfunction g()\n  return 'g'\nend\ng()\n")
        .ends_with(0)
        .prints("1\n2\n3\n\"g\"\n");
    repl("1\nprint(\n")
        .ends_with(1)
        .prints("1\n")
        .says(&["the last input is not complete"]);
}

#[test]
fn errors_are_told_and_end_no_prompt() {
    let ended = repl(
        "error('broken')\nfunction deep() error('in here') end\ndeep()\nx = = 1\n\
         process.registry.lookup('nobody')\nerror({code = 7})\n'goes on'\n",
    )
    .ends_with(1)
    .says(&[
        "input 1:1: broken",
        "input 2:1: in here",
        "\n  input 2:1: in ",
        "input 4:1: unexpected symbol near '='",
        "{ code = 7 }",
    ]);
    assert!(!ended.stderr.contains("warren:prompt"), "{ended}");
    let lines: Vec<_> = ended.text().lines().collect();
    assert_eq!(lines[0], "nil");
    assert_eq!(lines[1], "error NotFound: name not registered: nobody");
    assert_eq!(lines.last(), Some(&"\"goes on\""), "{ended}");
}

#[test]
fn an_input_may_wait_as_any_process() {
    let worker = "return function(to) process.send(to, 'hello', 'from worker') end";
    let dir = Program::of(&[("worker.lua", worker)]);
    let inputs = "process.spawn('app:worker', nil, process.pid())\n\
                  process.listen('hello'):receive()\n\
                  channel.new():receive('1ms')\n";
    piped(dir.path(), &["repl"], inputs)
        .ends_with(0)
        .prints("{app:processes|0x00002}\n\"from worker\"  true\nnil  false  \"timeout\"\n");
}

#[test]
fn help_shows_the_page_of_the_api() {
    let text =
        repl("help(process.send)\nhelp('ch:receive')\nhelp(json)\nhelp(print)\nhelp('zzz')\n")
            .ends_with(0);
    for part in [
        "process.send(destination, topic, ...)\n\nSends one message of any number of values.",
        "ch:send(value), ch:receive(timeout?), ch:close()\n",
        "  json.encode(value, options?)\n",
        "  print(...): writes a whole line to standard output",
        "there is no such entry",
    ] {
        assert!(text.text().contains(part), "{part}: {text}");
    }
    repl("help(function() end)\n")
        .ends_with(1)
        .says(&["this function is none of the API"]);
}

#[test]
fn the_program_is_there_with_its_services_and_without_its_first_process() {
    let manifest = "[app]\nname = \"shop\"\n[services.\"shop:stock\"]\nprocess = \"shop:stock\"\n";
    let dir = Program::of(&[
        ("warren.toml", manifest),
        ("main.lua", "print('started')"),
        (
            "stock.lua",
            "return function() process.inbox():receive() end",
        ),
        ("lib/price.lua", "return 42"),
        ("secret.txt", "granted"),
    ]);
    let inputs = "process.registry.lookup('shop:stock')\nrequire('lib.price')\n\
                  io.open('secret.txt') == nil\n";
    piped(dir.path(), &["repl"], inputs)
        .ends_with(0)
        .prints("{app:processes|0x00001}\n42  \"lib/price.lua\"\ntrue\n");
    piped(dir.path(), &["repl", "--no-services"], "process.pid()\n")
        .ends_with(0)
        .prints("{app:processes|0x00001}\n");
    let read = "io.open('secret.txt'):read('a')\n";
    piped(dir.path(), &["repl", "--read", "secret.txt", "."], read)
        .ends_with(0)
        .prints("\"granted\"\n");
    // The prompt itself asks for no permission.
    piped(
        dir.path(),
        &["repl", "--strict", "--no-services"],
        "1 + 1\n",
    )
    .ends_with(0)
    .prints("2\n");
}

#[test]
fn durable_things_without_a_directory_are_warned_of() {
    let manifest = "[stores.\"app:carts\"]\nkind = \"durable\"\n";
    let dir = Program::of(&[("warren.toml", manifest)]);
    piped(dir.path(), &["repl"], "1 + 1\n")
        .ends_with(0)
        .prints("2\n")
        .says(&["app:carts is durable, but without --data"]);
    piped(dir.path(), &["repl", "--data", "kept"], "1 + 1\n")
        .ends_with(0)
        .prints("2\n")
        .says_nothing();
}

#[test]
fn the_process_may_end_and_another_takes_its_place() {
    let inputs = "x = 1\nprocess.terminate(process.pid()) process.inbox():receive()\nx\n";
    repl(inputs)
        .ends_with(1)
        .prints("nil\n")
        .says(&["the process of the prompt has ended, and its variables with it"]);
    repl("os.exit(7)\n1\n").ends_with(7).prints("");
}

#[test]
fn what_an_input_prints_is_bounded() {
    let ended = repl("for i = 1, 300 do print(('x'):rep(9999)) end\n'next'\n")
        .ends_with(1)
        .says(&["bytes more were not printed"]);
    let printed = ended.text().len();
    assert!((1 << 20..(1 << 20) + 100).contains(&printed), "{printed}");
    assert!(ended.text().ends_with("\"next\"\n"));
}

#[test]
fn a_program_that_cannot_be_opened_has_no_prompt() {
    let dir = Program::of(&[("warren.toml", "x = 1\n")]);
    piped(dir.path(), &["repl"], "1\n")
        .ends_with(2)
        .prints("")
        .says(&["unknown key `x`"]);
    piped(dir.path(), &["repl", "nowhere"], "1\n").ends_with(2);
}

#[test]
fn files_are_taken_by_reload() {
    let dir = Program::of(&[("worker.lua", "return function() return 'one' end")]);
    let inputs = "process.exec('app:worker')\n\
                  os.rename('other', 'worker.lua')\n\
                  reload()\n\
                  process.exec('app:worker')\n\
                  io.open('worker.lua', 'w'):write('\\nreturn = 1'):close()\n\
                  reload()\n\
                  process.exec('app:worker')\n";
    fs::write(
        dir.path().join("other"),
        "return function() return 'two' end",
    )
    .unwrap();
    let ended = piped(dir.path(), &["repl", "--write", "."], inputs)
        .ends_with(1)
        .says(&["nothing was reloaded; the old code stays", "worker.lua:2:"]);
    let lines: Vec<_> = ended.text().lines().collect();
    assert_eq!(lines[0], "\"one\"  nil", "{ended}");
    assert_eq!(lines[2], "1 changed (app:worker), 0 unchanged", "{ended}");
    assert_eq!(lines[3], "\"two\"  nil", "{ended}");
    assert_eq!(lines.last(), Some(&"\"two\"  nil"), "{ended}");
}

/// A worker that waits, and a main process that says when it runs.
const MAIN: &str = r#"
process.registry.register("main")
local stop = process.listen("stop")
process.registry.register("worker", assert(process.spawn("app:worker")))
print("ready")
stop:receive()
"#;

const WORKER: &str = "return function() process.inbox():receive() end";

fn program() -> Program {
    Program::of(&[("main.lua", MAIN), ("worker.lua", WORKER)])
}

#[test]
fn a_prompt_is_attached_to_a_running_program() {
    let program = program();
    let dir = program.path();
    let session = start(dir);
    let inputs = "process.registry.lookup('worker')\nprint('\\27[31mseen')\n\
                  process.send('worker', 'x')\nhelp(process.pid)\nerror('no')\n";
    let ended = piped(dir, &["attach", "control"], inputs)
        .ends_with(1)
        .says(&["input 5:1: no"]);
    let text = ended.text();
    assert!(text.starts_with("{app:processes|0x00002}\n"), "{ended}");
    assert!(text.contains("\\u{1b}[31mseen\n"), "{ended}");
    assert!(text.contains("Returns the PID of this process"), "{ended}");
    // Its process ends with the prompt.
    let mut listed = ask(dir, &["ps", "warren:prompt"]).ends_with(0);
    let begun = std::time::Instant::now();
    while listed.text().contains("warren:prompt") && begun.elapsed() < warren_tests::TIMEOUT {
        listed = ask(dir, &["ps", "warren:prompt"]).ends_with(0);
    }
    piped(dir, &["attach", "--control", "control"], "os.exit(3)\n").ends_with(3);
    piped(dir, &["attach", "control", "--control", "control"], "").ends_with(2);
    // Nothing of that was printed by the program.
    end(dir, session).ends_with(0).prints("ready\n");
    piped(dir, &["attach", "control"], "1\n")
        .ends_with(1)
        .says(&["cannot connect"]);
    piped(dir, &["attach"], "1\n")
        .ends_with(2)
        .says(&["no control socket is given"]);
}

#[test]
fn a_process_of_the_program_is_not_obeyed_by_a_prompt() {
    let main = r#"
process.registry.register("main")
local answers, stop = process.listen("answer"), process.listen("stop")
local code = "process.send('{app:processes|0x00001}', 'answer', io.open('secret.txt'))"
local prompt = assert(process.spawn("warren:prompt"))
process.send(prompt, "prompt:run", 1, code, 80)
print((select(3, answers:receive("500ms"))))
local _, err = require("capability").call("prompt.say", "out", "forged")
print(err)
print("ready")
stop:receive()
"#;
    let dir = Program::of(&[("main.lua", main)]);
    let session = start(dir.path());
    end(dir.path(), session)
        .ends_with(0)
        .prints("timeout\nthis process is not that of a prompt\nready\n");
    // Without a control socket there is no such definition.
    let run = "print(process.spawn('warren:prompt'))";
    outcome(warren(dir.path(), &["run", "-e", run]))
        .ends_with(0)
        .prints("nil\tdefinition not found: warren:prompt: files of the program are definitions that begin with `app`\n");
}

#[cfg(target_os = "linux")]
mod terminal {
    use std::io::{Read, Write};
    use std::process::{Child, ChildStdout, Command, Stdio};
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;

    /// A prompt on a terminal.
    struct Terminal {
        child: Child,
        screen: ChildStdout,
        seen: Vec<u8>,
        /// The part of `seen` that was looked at.
        read: usize,
        /// The last Ctrl-C.
        interrupted: Option<Instant>,
    }

    impl Terminal {
        fn start(dir: &Path, columns: u16, command: &str) -> Terminal {
            let mut child = Command::new("script")
                .arg("-qec")
                .arg(format!(
                    "stty rows 30 cols {columns}; exec '{}' {command}",
                    env!("CARGO_BIN_EXE_warren")
                ))
                .arg("/dev/null")
                .current_dir(dir)
                .env("TERM", "xterm")
                .env("NO_COLOR", "1")
                .env("XDG_STATE_HOME", dir.join("state"))
                .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let screen = child.stdout.take().unwrap();
            Terminal {
                child,
                screen,
                seen: Vec::new(),
                read: 0,
                interrupted: None,
            }
        }

        fn press(&mut self, keys: &str) {
            let keyboard = self.child.stdin.as_mut().unwrap();
            keyboard.write_all(keys.as_bytes()).unwrap();
            keyboard.flush().unwrap();
        }

        /// Presses Ctrl-C, no sooner after the last one than a person could: two within 50 ms
        /// are one.
        fn interrupt(&mut self) {
            if let Some(last) = self.interrupted {
                let next = last + Duration::from_millis(100);
                thread::sleep(next.saturating_duration_since(Instant::now()));
            }
            self.press("\u{3}");
            self.interrupted = Some(Instant::now());
        }

        /// Reads up to the end of this text.
        #[track_caller]
        fn shows(&mut self, text: &str) {
            let mut buffer = [0; 4096];
            loop {
                let new = &self.seen[self.read..];
                let found = new
                    .windows(text.len())
                    .position(|part| part == text.as_bytes());
                if let Some(at) = found {
                    self.read += at + text.len();
                    return;
                }
                let read = self.screen.read(&mut buffer).unwrap();
                assert!(
                    read > 0,
                    "{text:?}: {}",
                    String::from_utf8_lossy(&self.seen)
                );
                self.seen.extend_from_slice(&buffer[..read]);
            }
        }

        /// Types an input once the prompt is there, and reads up to this text of its output.
        #[track_caller]
        fn input(&mut self, input: &str, output: &str) {
            self.shows("> ");
            self.press(&format!("{input}\r"));
            self.shows("\n");
            self.shows(output);
        }

        /// Ends the prompt by Ctrl-D, and returns all that was seen. The prompt has to be there:
        /// a terminal that no program reads key by key loses a Ctrl-D.
        #[track_caller]
        fn end(mut self) -> String {
            self.press("\u{4}");
            self.screen.read_to_end(&mut self.seen).unwrap();
            let seen = String::from_utf8_lossy(&self.seen).into_owned();
            assert_eq!(self.child.wait().unwrap().code(), Some(0), "{seen}");
            seen
        }
    }

    #[test]
    fn a_person_types_at_a_prompt() {
        let dir = Program::of(&[("worker.lua", WORKER)]);
        let mut prompt = Terminal::start(dir.path(), 80, "repl");
        prompt.shows("help() explains");
        prompt.input("20 + 1", "21");
        // Several lines.
        prompt.input("for i = 1, 1 do", "... ");
        prompt.press("print('in' .. 'side') end\r");
        prompt.shows("inside");
        // Ctrl-C drops what was typed.
        prompt.shows("> ");
        prompt.press("nonsense(\u{3}");
        prompt.input("30 + 1", "31");
        prompt.shows("> ");
        // Names are completed.
        prompt.press("process.registry.loo\t('nobody')\r");
        prompt.shows("name not registered: nobody");
        prompt.shows("> ");
        prompt.press("answer = {value = 40}\r");
        prompt.shows("> ");
        prompt.press("ans\t.va\t + 1\r");
        prompt.shows("41");
        prompt.shows("> ");
        let seen = prompt.end();
        assert!(!seen.contains("\u{1b}[31m"), "{seen}");
        // The next prompt has the history.
        let mut prompt = Terminal::start(dir.path(), 80, "repl");
        prompt.shows("> ");
        prompt.press("\u{1b}[A");
        prompt.shows("answer.value + 1");
        prompt.press("\u{3}");
        prompt.shows("> ");
        prompt.end();
    }

    #[test]
    fn ctrl_c_ends_an_input() {
        let dir = Program::of::<&str>(&[]);
        let mut prompt = Terminal::start(dir.path(), 80, "repl");
        prompt.input("x = 7", "> ");
        prompt.press("print('be' .. 'gun') while true do end\r");
        prompt.shows("begun");
        prompt.interrupt();
        prompt.shows("interrupted");
        prompt.input(
            "print('wai' .. 'ting') process.inbox():receive()",
            "waiting",
        );
        prompt.interrupt();
        prompt.shows("interrupted");
        // The process is the same.
        prompt.input("x + 1", "8");
        // An input that catches what ends it ends with its process.
        let deaf = "print('de' .. 'af') while true do pcall(function() while true do end end) end";
        prompt.input(deaf, "deaf");
        prompt.interrupt();
        prompt.shows("Ctrl-C again");
        prompt.interrupt();
        prompt.shows("the process of the prompt has ended");
        prompt.input("x", "nil");
        prompt.shows("> ");
        prompt.end();
    }

    #[test]
    fn a_narrow_terminal_has_narrow_values() {
        let dir = Program::of::<&str>(&[]);
        let mut prompt = Terminal::start(dir.path(), 50, "repl");
        let list = "{('a'):rep(20), ('b'):rep(20), x = 1}";
        prompt.input(
            list,
            "{\r\n  \"aaaaaaaaaaaaaaaaaaaa\",\r\n  \"bbbbbbbbbbbbbbbbbbbb\",\r\n  x = 1,\r\n}",
        );
        prompt.input(
            "help(process.send)",
            "Sends one message of any number of values. true\r\n",
        );
        // The page has "> ", too.
        prompt.shows("warren> ");
        prompt.end();
    }

    #[test]
    fn the_prompt_says_which_processes_run_old_code() {
        let program = program();
        let dir = program.path();
        let session = start(dir);
        let mut prompt = Terminal::start(dir, 80, "attach control");
        prompt.input("1", "warren> ");
        fs::write(dir.join("worker.lua"), format!("{WORKER} -- 2")).unwrap();
        ask(dir, &["reload"]).ends_with(0);
        prompt.press("2\r");
        prompt.shows("old code runs in {app:processes|0x00002} (app:worker)");
        prompt.shows("warren (1 old)");
        prompt.input("process.terminate('worker')", "true");
        prompt.shows("> ");
        prompt.press("3\r");
        prompt.shows("warren> ");
        prompt.end();
        end(dir, session).ends_with(0).prints("ready\n");
    }

    #[test]
    fn a_watched_program_takes_changed_files() {
        let dir = Program::of(&[("worker.lua", WORKER)]);
        let mut prompt = Terminal::start(dir.path(), 80, "repl --watch");
        prompt.input("process.spawn('app:worker')", "0x00002}");
        fs::write(dir.path().join("worker.lua"), "return function( end").unwrap();
        prompt.shows("nothing was reloaded; the old code stays");
        prompt.shows("worker.lua:1:");
        fs::write(
            dir.path().join("worker.lua"),
            "return function() return 5 end",
        )
        .unwrap();
        prompt.shows("reloaded: 1 changed (app:worker)");
        prompt.press("process.exec('app:worker')\r");
        prompt.shows("5  nil");
        prompt.shows("warren (1 old)> ");
        prompt.end();
    }
}
