//! The standard streams at a terminal: incomplete lines that show, and typed
//! input.

#![allow(clippy::expect_used, reason = "a test program")]

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Instant;

use warren_tests::{Program, TIMEOUT, Warren};

/// A command whose streams are pipes, killed when dropped.
struct Talk {
    child: Child,
    typed: Option<ChildStdin>,
    shown: Pieces,
    errors: Pieces,
}

/// The bytes that came through a pipe, without regard to lines.
struct Pieces {
    read: Receiver<Vec<u8>>,
    text: Vec<u8>,
}

impl Pieces {
    fn of(mut pipe: impl Read + Send + 'static) -> Pieces {
        let (piece, read) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = vec![0; 64 * 1024];
            while let Ok(count @ 1..) = pipe.read(&mut bytes) {
                if piece.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Pieces {
            read,
            text: Vec::new(),
        }
    }

    /// Waits until the whole output so far is this text.
    #[track_caller]
    fn wait_for(&mut self, wanted: &str) {
        let deadline = Instant::now() + TIMEOUT;
        while self.text != wanted.as_bytes() {
            let shown = String::from_utf8_lossy(&self.text).into_owned();
            assert!(
                wanted.starts_with(&shown),
                "{shown:?} is shown, not {wanted:?}"
            );
            let left = deadline.saturating_duration_since(Instant::now());
            match self.read.recv_timeout(left) {
                Ok(piece) => self.text.extend_from_slice(&piece),
                Err(why) => panic!("{shown:?} is shown, not {wanted:?}: {why}"),
            }
        }
    }
}

impl Talk {
    fn with(program: &Program) -> Talk {
        Talk::start(program.command())
    }

    fn start(command: Warren) -> Talk {
        Talk::of(command.into_command())
    }

    /// Starts a command at a terminal, which `script` of util-linux makes.
    fn at_a_terminal(command: Warren) -> Talk {
        let command = command.into_command();
        let words = [command.get_program()]
            .into_iter()
            .chain(command.get_args());
        let quoted: Vec<String> = words
            .map(|word| {
                let word = word.to_str().expect("the tests' own paths are UTF-8");
                format!("'{}'", word.replace('\'', r"'\''"))
            })
            .collect();
        let mut script = Command::new("script");
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => script.env(name, value),
                None => script.env_remove(name),
            };
        }
        if let Some(directory) = command.get_current_dir() {
            script.current_dir(directory);
        }
        script.args(["--quiet", "--command", &quoted.join(" "), "/dev/null"]);
        Talk::of(script)
    }

    fn of(mut command: Command) -> Talk {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        Talk {
            typed: child.stdin.take(),
            shown: Pieces::of(child.stdout.take().expect("standard output is piped")),
            errors: Pieces::of(child.stderr.take().expect("standard error is piped")),
            child,
        }
    }

    #[track_caller]
    fn types(&mut self, text: &str) {
        let typed = self.typed.as_mut().expect("standard input is piped");
        typed.write_all(text.as_bytes()).expect("it is read");
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        // Both fail if the command has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_terminal_shows_lines_and_prompts_at_once() {
    let program = Program::lua(
        r#"print("a line")
        io.write("name? ")
        print("Hello " .. io.read())
        io.stderr:write("half")
        io.read()
        -- A line of a process that computes.
        print("computing")
        while true do end"#,
    );
    let mut talk = Talk::at_a_terminal(program.command());
    talk.shown.wait_for("a line\r\nname? ");
    // The terminal shows what is typed, too.
    talk.types("Ada\n");
    let mut shown = "a line\r\nname? Ada\r\nHello Ada\r\nhalf".to_owned();
    talk.shown.wait_for(&shown);
    talk.types("\n");
    shown += "\r\ncomputing\r\n";
    talk.shown.wait_for(&shown);
    // The interrupt character of the terminal ends the program.
    talk.types("\x03");
    talk.child.wait().expect("the command ends");
}

#[test]
fn a_prompt_shows_before_every_way_to_read() {
    let program = Program::lua(
        r#"local lines, numbers = io.lines(), io.stdin:lines("n", "l")
        local ways = {
          function() return io.read() end,
          function() return io.read("L") end,
          function() return io.read("n", "l") end,
          function() return io.read(2, 1) end,
          function() return io.stdin:read("l") end,
          function() return io.input():read(0, "l") end,
          lines, numbers,
        }
        for i, way in ipairs(ways) do
          io.write(i, "? ")
          print(way())
        end
        io.stdout:write("all? ")
        print(#io.read("a"))"#,
    );
    let mut talk = Talk::with(&program);
    let mut shown = String::new();
    let mut turn = |talk: &mut Talk, prompt: &str, typed: &str, answer: &str| {
        shown += prompt;
        talk.shown.wait_for(&shown);
        talk.types(typed);
        shown += answer;
    };
    turn(&mut talk, "1? ", "one\n", "one\n");
    turn(&mut talk, "2? ", "two\n", "two\n\n");
    turn(&mut talk, "3? ", "12abc\n", "12\tabc\n");
    turn(&mut talk, "4? ", "ab\n", "ab\t\n\n");
    turn(&mut talk, "5? ", "five\n", "five\n");
    turn(&mut talk, "6? ", "six\n", "\tsix\n");
    turn(&mut talk, "7? ", "seven\n", "seven\n");
    turn(&mut talk, "8? ", "0x8p0 eight\n", "8.0\t eight\n");
    turn(&mut talk, "all? ", "last\n and more", "14\n");
    talk.typed = None;
    talk.shown.wait_for(&shown);
}

#[test]
fn unbuffered_output_shows_at_once() {
    // Nothing reads here, and main waits for ever.
    let wait = "process.inbox():receive()";
    let program = Program::lua(&format!(
        "io.stdout:setvbuf('no') io.write('a', 1) io.stderr:write('b', 2) {wait}"
    ));
    let mut talk = Talk::with(&program);
    talk.shown.wait_for("a1");
    talk.errors.wait_for("b2");
    let program = Program::lua(&format!(
        "io.write('whole\\nhalf') io.stderr:setvbuf('line') io.stderr:write('whole\\nhalf')
         coroutine.spawn(function() time.sleep('1ms') io.flush() io.stderr:flush() end) {wait}"
    ));
    let mut talk = Talk::with(&program);
    talk.shown.wait_for("whole\nhalf");
    talk.errors.wait_for("whole\nhalf");
}

#[test]
fn a_line_shows_while_its_process_computes() {
    let program = Program::lua("print('begun') io.write('half') while true do end");
    let mut talk = Talk::with(&program);
    talk.shown.wait_for("begun\n");
}

#[test]
fn both_streams_are_written_in_the_order_of_printing() {
    let program =
        Program::lua("for i = 1, 500 do print(2 * i) io.stderr:write(2 * i + 1, '\\n') end");
    let path = program.path().join("output.txt");
    let file = std::fs::File::create(&path).expect("the program's directory is there");
    let same = file.try_clone().expect("a second handle");
    let status = program
        .command()
        .into_command()
        .stdout(file)
        .stderr(same)
        .status()
        .expect("the command starts");
    assert!(status.success());
    let written = std::fs::read_to_string(&path).expect("it was written");
    let expected: String = (2..=1001).map(|number| format!("{number}\n")).collect();
    assert_eq!(written, expected);
}

#[test]
fn lines_of_standard_input_are_cut_nowhere_else() {
    // Longer and shorter than every buffer on their way, and without a newline at the end.
    let lengths = [
        0, 1, 7, 8, 9, 1_023, 1_024, 1_025, 0, 16_384, 65_535, 65_536, 70_000, 3,
    ];
    let mut text = String::new();
    for (number, length) in lengths.iter().cycle().take(700).enumerate() {
        text += &char::from(b'a' + (number % 26) as u8)
            .to_string()
            .repeat(*length);
        text.push('\n');
    }
    text += "no newline";
    let program = Program::lua(
        r#"local file = assert(io.open("input.txt"))
        for line in io.lines() do
          assert(line == file:read("l"))
          print(#line, line:sub(1, 1), line == line:sub(1, 1):rep(#line))
        end
        print(file:read("l"), io.read("l"))
        file:seek("set")
        local whole = file:read("a")
        local joined = {}
        for line in io.lines("input.txt", "L") do joined[#joined + 1] = line end
        print(#joined, table.concat(joined) == whole)"#,
    );
    let path = program.path().join("input.txt");
    std::fs::write(&path, &text).expect("the program's directory is there");
    let input = std::fs::File::open(&path).expect("it was just written");
    let ended = program
        .command()
        .options(["--read", "."])
        .stdin(input)
        .outcome()
        .ends_with(0);
    let mut expected = String::new();
    for (number, length) in lengths.iter().cycle().take(700).enumerate() {
        let first = char::from(b'a' + (number % 26) as u8).to_string();
        let first = if *length == 0 { "" } else { &first };
        expected += &format!("{length}\t{first}\ttrue\n");
    }
    expected += "10\tn\tfalse\nnil\tnil\n701\ttrue\n";
    assert_eq!(ended.text(), expected);
}

#[test]
fn long_lines_of_standard_input_are_read_whole() {
    let program = Program::lua(
        r#"local first = io.read("l")
        assert(first == ("x"):rep(#first))
        local second = io.read(3000000)
        assert(second == ("y"):rep(#second))
        print(#first, #second, io.read("l"), #io.read("a"), io.read("l"))"#,
    );
    let mut input = "x".repeat(4_000_000) + "\n";
    input += &("y".repeat(3_000_000) + "rest\n" + &"z\n".repeat(500_000));
    let path = program.path().join("input.txt");
    std::fs::write(&path, input).expect("the program's directory is there");
    let input = std::fs::File::open(&path).expect("it was just written");
    let ended = program.command().stdin(input).outcome().ends_with(0);
    assert_eq!(ended.text(), "4000000\t3000000\trest\t1000000\tnil\n");
}

/// The rows are those of `lua5.4` on Linux.
#[test]
fn standard_input_that_is_a_directory_is_an_error_with_its_number() {
    let program = Program::lua(
        r#"for _, format in ipairs { "n", "l", "L", 0, 5 } do print(io.read(format)) end
        print(io.read())
        print(io.read("a"))
        print(io.stdin:read("n", "l"))
        print(pcall(io.lines()))
        local file = io.open("written", "w")
        print(file:read("n"))
        print(file:read("l"))"#,
    );
    let input = std::fs::File::open(program.path()).expect("a directory opens");
    program
        .command()
        .current_dir(program.path())
        .options(["--write", "."])
        .stdin(input)
        .outcome()
        .ends_with(0)
        .prints(&format!(
            "{}false\tIs a directory\n{}",
            "nil\tIs a directory\t21\n".repeat(8),
            "nil\tBad file descriptor\t9\n".repeat(2),
        ));
}

#[test]
fn a_guest_of_any_language_shows_prompts_and_errors() {
    let guest = r#"(module
        (import "wasi_snapshot_preview1" "fd_write"
            (func $fd_write (param i32 i32 i32 i32) (result i32)))
        (import "warren:core/stdio@0.1.0" "write" (func $write (param i32 i32 i32)))
        (import "warren:core/stdio@0.1.0" "read" (func $read (param i32 i32) (result i32)))
        (memory (export "memory") 1)
        ;; One vector: 5 bytes at 16.
        (data (i32.const 0) "\10\00\00\00\05\00\00\00")
        (data (i32.const 16) "error")
        (data (i32.const 32) "name? ")
        (func (export "start")
            (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
            (call $write (i32.const 0) (i32.const 32) (i32.const 6))
            (drop (call $read (i32.const 64) (i32.const 100)))))"#;
    // With a grant, preview 1 has another implementation.
    for options in [&[][..], &["--read", "."]] {
        let program = Program::of(&[("main.wat", guest)]);
        let mut talk = Talk::start(program.command().options(options));
        talk.errors.wait_for("error");
        talk.shown.wait_for("name? ");
        talk.types("somebody\n");
    }
}
