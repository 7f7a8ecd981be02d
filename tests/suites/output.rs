//! Standard output and the end of the command: by itself, by its reader, by
//! signals.

use std::collections::HashMap;

use warren_tests::Program;

#[test]
fn lines_of_many_processes_never_mix() {
    const PROCESSES: usize = 50;
    const LINES: usize = 200;
    let main = format!(
        "local events = process.events()
         for i = 1, {PROCESSES} do
           assert(process.spawn_monitored('app:writer', 'app:processes', i, {LINES}))
         end
         for _ = 1, {PROCESSES} do
           local result = events:receive().result
           assert(not result.error, result.error)
         end"
    );
    // Lines are built in many ways, and long enough that no single write of the
    // system takes all waiting bytes.
    let writer = "
        local number, lines = ...
        for line = 1, lines do
          local tail = (number % 10 .. ''):rep(line * 7 % 300)
          if line % 3 == 0 then
            print(number, line, tail)
          elseif line % 3 == 1 then
            io.write(number, '\\t', line, '\\t')
            io.write(tail, '\\n')
          else
            io.stdout:write(number .. '\\t')
            time.sleep('10us')
            io.stdout:write(line .. '\\t' .. tail .. '\\n')
          end
        end";
    let ended = Program::of(&[("main.lua", main.as_str()), ("writer.lua", writer)])
        .run()
        .ends_with(0)
        .says_nothing();
    let mut written: HashMap<usize, usize> = HashMap::new();
    for line in ended.text().lines() {
        let mut parts = line.split('\t');
        let mut number = || parts.next().and_then(|part| part.parse::<usize>().ok());
        let (Some(process), Some(line_number)) = (number(), number()) else {
            panic!("not a whole line: {line:?}");
        };
        let last = written.entry(process).or_default();
        *last += 1;
        assert_eq!(line_number, *last, "a line is missing or late: {line:?}");
        let tail = (process % 10).to_string().repeat(line_number * 7 % 300);
        assert_eq!(parts.next(), Some(&*tail), "not a whole line: {line:?}");
        assert_eq!(parts.next(), None, "two lines in one: {line:?}");
    }
    assert_eq!(written.len(), PROCESSES);
    assert!(written.values().all(|lines| *lines == LINES), "{written:?}");
}

#[test]
fn long_lines_never_mix() {
    let main = "
        local events = process.events()
        for i = 1, 8 do
          assert(process.spawn_monitored('app:writer', 'app:processes', i))
        end
        for _ = 1, 8 do
          local result = events:receive().result
          assert(not result.error, result.error)
        end";
    let writer = "local number = ... for _ = 1, 10 do print(('%d'):format(number):rep(50000)) end";
    let ended = Program::of(&[("main.lua", main), ("writer.lua", writer)])
        .run()
        .ends_with(0);
    let mut lines = 0;
    for line in ended.text().lines() {
        lines += 1;
        assert_eq!(line.len(), 50_000);
        let first = &line[..1];
        assert_eq!(line, first.repeat(50_000), "lines of two processes mixed");
    }
    assert_eq!(lines, 80);
}

#[test]
fn a_line_that_is_not_complete_comes_at_the_end() {
    let main = "
        local events = process.events()
        assert(process.spawn_monitored('app:child', 'app:processes', 'returns'))
        events:receive()
        assert(process.spawn_monitored('app:child', 'app:processes', 'fails'))
        events:receive()
        io.write('main') io.stdout:flush() io.write(' ends')";
    let child = "
        local how = ...
        io.write(how, ';')
        if how == 'fails' then error('x') end";
    Program::of(&[("main.lua", main), ("child.lua", child)])
        .run()
        .ends_with(0)
        .prints("returns;\nfails;\nmain ends");
}

#[test]
fn no_end_takes_printed_lines_away() {
    let main = "
        local events, ready = process.events(), process.listen('ready')
        for _, how in ipairs { 'returns', 'fails', 'exits', 'terminates', 'is terminated' } do
          local pid = assert(process.spawn_monitored('app:child', 'app:processes', process.pid(), how))
          if how == 'is terminated' then
            ready:receive()
            process.terminate(pid)
          end
          print(how, events:receive().result.error)
        end
        assert(process.spawn_monitored('app:child', 'app:short', process.pid(), 'computes'))
        print('computes', (events:receive().result.error:gsub(':.*', '')))
        assert(process.spawn_monitored('app:trap', 'app:processes'))
        print('traps', (events:receive().result.error:gsub(' %(.*', '')))";
    let child = "
        local parent, how = ...
        for line = 1, 3 do print(how, line) end
        if how == 'fails' then error('failed', 0) end
        if how == 'exits' then os.exit(4) end
        if how == 'terminates' then process.terminate(process.pid()) end
        if how == 'is terminated' then process.send(parent, 'ready') while true do end end
        if how == 'computes' then while true do end end";
    let trap = r#"(module
        (import "warren:core/stdio@0.1.0" "write" (func $write (param i32 i32 i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "traps 1\0atraps 2\0a")
        (func (export "start")
            (call $write (i32.const 0) (i32.const 0) (i32.const 8))
            (call $write (i32.const 0) (i32.const 8) (i32.const 8))
            unreachable))"#;
    let manifest = "[hosts.\"app:short\"]\nmax_cpu = \"20ms\"\n";
    let ended = Program::of(&[
        ("main.lua", main),
        ("child.lua", child),
        ("trap.wat", trap),
        ("warren.toml", manifest),
    ])
    .run()
    .ends_with(0);
    let lines =
        |how: &str| (1..=3).fold(String::new(), |all, line| format!("{all}{how}\t{line}\n"));
    let expected = [
        ("returns", "nil"),
        ("fails", "failed"),
        ("exits", "exited with status 4"),
        ("terminates", "process terminated"),
        ("is terminated", "process terminated"),
        ("computes", "out of processor time"),
    ]
    .map(|(how, error)| format!("{}{how}\t{error}\n", lines(how)))
    .concat();
    let traps = "traps 1\ntraps 2\ntraps\tthe guest aborted\n";
    assert_eq!(ended.text(), expected + traps);
}

#[test]
fn a_line_comes_before_the_effects_of_what_its_process_does_next() {
    let main = "
        local events = process.events()
        local other = assert(process.spawn_monitored('app:other', 'app:processes'))
        for round = 1, 300 do
          print('a', round)
          process.send(other, 'round', round)
          for _ = 1, 20000 do end
        end
        process.send(other, 'round', 0)
        events:receive()";
    let other = "
        local rounds = process.listen('round')
        while true do
          local round = rounds:receive()
          if round == 0 then return end
          print('b', round)
        end";
    let ended = Program::of(&[("main.lua", main), ("other.lua", other)])
        .run()
        .ends_with(0);
    let lines: Vec<&str> = ended.text().lines().collect();
    assert_eq!(lines.len(), 600);
    let place = |line: String| lines.iter().position(|other| **other == line);
    for round in 1..=300 {
        let (first, second) = (place(format!("a\t{round}")), place(format!("b\t{round}")));
        assert!(
            first.is_some() && first < second,
            "round {round}: {first:?} {second:?}"
        );
    }
}

#[test]
fn an_incomplete_line_of_a_component_does_not_join_another() {
    let main = "
        for _, how in ipairs {'returns', 'exits', 'traps'} do
          assert(process.spawn_monitored('app:word', 'app:processes', how))
          process.events():receive()
          print('next')
        end";
    let ended = Program::of(&[("main.lua", main), ("word.wat", WORD)])
        .run()
        .ends_with(0);
    assert_eq!(ended.text(), "ab\ncd\nnext\n".repeat(3));
}

/// A component that writes a line and a half, and flushes neither. It exits where
/// its argument has five letters and traps where they begin with `t`.
const WORD: &str = r#"(component
  (import "wasi:io/error@0.2.0" (instance $io-error
    (export "error" (type (sub resource)))))
  (alias export $io-error "error" (type $error))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "output-stream" (type $output-stream (sub resource)))
    (alias outer 1 $error (type $error'))
    (export "error" (type $error (eq $error')))
    (type $stream-error' (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $stream-error')))
    (export "[method]output-stream.write" (func
      (param "self" (borrow $output-stream)) (param "contents" (list u8))
      (result (result (error $stream-error)))))))
  (alias export $streams "output-stream" (type $output-stream))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $output-stream (type $outer))
    (export "output-stream" (type $output-stream (eq $outer)))
    (export "get-stdout" (func (result (own $output-stream))))))
  (import "wasi:cli/exit@0.2.0" (instance $exit (export "exit" (func (param "status" (result))))))
  (import "warren:process/program@0.1.0" (instance $program
    (export "arguments" (func (result (list u8))))))
  (core module $Memory
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (data (i32.const 64) "ab\ncd"))
  (core instance $memory (instantiate $Memory))
  (core func $stdout (canon lower (func $stdout "get-stdout")))
  (core func $write (canon lower (func $streams "[method]output-stream.write")
    (memory (core memory $memory "memory"))))
  (core func $exit (canon lower (func $exit "exit")))
  (core func $arguments (canon lower (func $program "arguments")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core module $Main
    (import "host" "memory" (memory 1))
    (import "host" "stdout" (func $stdout (result i32)))
    (import "host" "write" (func $write (param i32 i32 i32 i32)))
    (import "host" "exit" (func $exit (param i32)))
    (import "host" "arguments" (func $arguments (param i32)))
    (func (export "start")
      (call $write (call $stdout) (i32.const 64) (i32.const 5) (i32.const 0))
      (call $arguments (i32.const 0))
      ;; An array of one, a text of five: 0x91 0xa5.
      (if (i32.eq (i32.load8_u (i32.const 1025)) (i32.const 0xa5)) (then
        (if (i32.eq (i32.load8_u (i32.const 1026)) (i32.const 0x74)) (then unreachable))
        (call $exit (i32.const 0))))))
  (core instance $main (instantiate $Main (with "host" (instance
      (export "memory" (memory $memory "memory"))
      (export "stdout" (func $stdout))
      (export "write" (func $write))
      (export "exit" (func $exit))
      (export "arguments" (func $arguments))))))
  (func (export "start") (canon lift (core func $main "start"))))"#;

#[test]
fn os_exit_of_main_ends_all() {
    let main = "
        local ready = process.listen('ready')
        process.spawn('app:busy', 'app:processes', process.pid())
        ready:receive()
        io.write('to be seen')
        os.exit(3)
        print('not reached')";
    let busy = "process.send(..., 'ready') while true do end";
    Program::of(&[("main.lua", main), ("busy.lua", busy)])
        .command()
        .options(["--grace", "1h"])
        .outcome()
        .ends_with(3)
        .prints("to be seen");
}

#[test]
fn os_exit_of_another_process_ends_that_one() {
    let main = "
        local events = process.events()
        for _, status in ipairs { 0, 7 } do
          assert(process.spawn_monitored('app:child', 'app:processes', status))
          print(events:receive().result.error)
        end
        print('main goes on')";
    let child = "print('child') os.exit(...)";
    let ended = Program::of(&[("main.lua", main), ("child.lua", child)])
        .run()
        .ends_with(0);
    let lines: Vec<&str> = ended.text().lines().collect();
    assert_eq!(lines.len(), 5, "{ended}");
    assert_eq!(
        [lines[0], lines[1], lines[2], lines[4]],
        ["child", "nil", "child", "main goes on"]
    );
    assert!(lines[3].contains('7'), "{ended}");
}

#[test]
fn a_reader_that_goes_away_ends_writers_that_are_not_main() {
    let main = "
        for i = 1, 4 do
          assert(process.spawn('app:writer', 'app:processes'))
        end
        process.inbox():receive()";
    let writer = "while true do print('line') end";
    let program = Program::of(&[("main.lua", main), ("writer.lua", writer)]);
    let mut session = program.command().start();
    session.wait_for_line("line");
    session.close_stdout();
    session.end().ends_with(141).says_nothing();
}

/// Writes a program of many processes that wait for CANCEL; each prints `bye`
/// and ends, or stays.
fn crowd(processes: usize, how: &str) -> Program {
    let main = format!(
        "local ready, events = process.listen('ready'), process.events()
         for _ = 1, {processes} do
           assert(process.spawn('app:member', 'app:processes', process.pid(), '{how}'))
         end
         for _ = 1, {processes} do ready:receive() end
         print('ready')
         events:receive()
         print('main was asked')"
    );
    let member = "
        local parent, how = ...
        local events = process.events()
        process.send(parent, 'ready')
        local event = events:receive()
        assert(event.kind == process.event.CANCEL)
        print('bye')
        if how == 'stays' then events:receive() end";
    Program::of(&[("main.lua", main.as_str()), ("member.lua", member)])
}

#[test]
fn signals_ask_every_process_and_wait_for_it() {
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        let program = crowd(500, "ends");
        let mut session = program.command().options(["--grace", "1h"]).start();
        session.wait_for_line("ready");
        session.signal(signal);
        let ended = session.end().ends_with(status);
        assert_eq!(ended.text().matches("bye\n").count(), 500);
        assert!(ended.text().contains("main was asked\n"));
    }
}

#[test]
fn a_second_signal_ends_processes_that_stay() {
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        let program = crowd(20, "stays");
        let mut session = program.command().options(["--grace", "1h"]).start();
        session.wait_for_line("ready");
        session.signal(signal);
        for _ in 0..20 {
            session.wait_for_line("bye");
        }
        // Two signals within 50 ms count as one, and the last line may come as
        // soon.
        while !session.has_ended() {
            session.signal(signal);
            std::thread::sleep(std::time::Duration::from_millis(60));
        }
        session.end().ends_with(status);
    }
}

#[test]
fn a_signal_during_the_first_start_ends_it() {
    // While the interpreter is still being compiled.
    let cache = tempfile::tempdir();
    let Ok(cache) = cache else {
        panic!("a directory for a cache")
    };
    let program = Program::lua("print('not reached') while true do end");
    let session = program.command().cache(cache.path()).start();
    // The signal may arrive before the command catches signals; then the signal
    // itself ends the command.
    session.signal("INT");
    let ended = session.end();
    assert!(matches!(ended.status, Some(130) | None), "{ended}");
}
