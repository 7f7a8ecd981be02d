//! The standard streams, and `warn`.

use warren_guest::mock;

use super::{Run, output_of, run, run_in};

fn run_with_input(input: &[u8], source: &str) -> Run {
    let mut runtime = mock::Runtime::default();
    runtime.input.extend(input);
    run_in(runtime, source)
}

#[test]
fn standard_streams_are_files() {
    let output = output_of(
        "print(io.write('a', 1, 2.5, '\\n') == io.stdout, io.type(io.stdout), io.type(5), tostring(io.stdout):match('^file %('))
         io.stdout:write('x', 'y'):write('\\n')
         print(io.read(), io.stdin:read('a'), io.read('n'), io.read(0))
         for line in io.lines() do print(line) end
         print(io.stdout:read()); print(io.stdin:write('x')); print(pcall(io.stdout.lines(io.stdout)))
         print(io.stdout:close()); print(io.close()); print(io.stdin:close()); print(io.type(io.stdin))
         print(io.stdin:setvbuf('no'), io.stdin:flush(), select('#', io.stdout:seek()), select('#', io.stdin:seek()))",
    );
    let expected = "a12.5\ntrue\tfile\tnil\tfile (\nxy\nnil\t\tnil\tnil\n\
        nil\tBad file descriptor\t9\nnil\tBad file descriptor\t9\nfalse\tBad file descriptor\n\
        nil\tcannot close standard file\nnil\tcannot close standard file\nnil\tcannot close standard file\nfile\n\
        true\ttrue\t3\t3\n";
    assert_eq!(output, expected);
}

#[test]
fn standard_input_is_read_as_files_are() {
    let run = run_with_input(
        b"12abc 0x1p4,1e+5 --7\nline\n\nlast\n 8",
        "print(io.read('n', 4, 'n', 1, 'n', 'n'))
         print(io.read('l', 'L', 'l'))
         io.stdin:setvbuf('no') io.stdin:flush()
         print(io.read(0, 3, 'l', 'n', 'n'))
         print(io.read('a', 'a', 'l'))",
    );
    assert_eq!(
        run.output,
        "12\tabc \t16.0\t,\t100000.0\tnil\n-7\tline\n\t\n\tlas\tt\t8\tnil\n\t\tnil\n"
    );
}

#[test]
fn long_lines_and_blocks_of_standard_input_arrive_whole() {
    let mut input = vec![b'x'; 3_000_000];
    input.extend_from_slice(b"\nshort\n");
    input.extend_from_slice(&[b'y'; 500_000]);
    let run = run_with_input(
        &input,
        "local long, short = io.read('l', 'L')
         print(#long, long == ('x'):rep(#long), #short)
         local block = io.read(200000)
         print(#block, io.read(1), #io.read('a'), io.read(1))",
    );
    assert_eq!(
        run.output, "3000000\ttrue\t6\n200000\ty\t299999\tnil\n",
        "{:?}",
        run.outcome
    );
}

#[test]
fn setvbuf_says_when_standard_output_is_passed_on() {
    let run = run("io.stdout:setvbuf('full', 100)
         print(('x'):rep(49)) print(('y'):rep(49))
         io.stderr:write(1, '\\n')
         print('z')
         io.stderr:write(2, '\\n')
         io.write(('w'):rep(200))
         assert(io.stdout:setvbuf('no') and io.stdout:setvbuf('line'))");
    // The output at the time of each line of standard error.
    assert_eq!(run.runtime.written[1], b"1\n2\n");
    assert_eq!(run.output.len(), 302);
    assert_eq!(
        run.runtime.flushed[0], 302,
        "setvbuf passes on what was kept"
    );
}

#[test]
fn each_call_that_leaves_a_line_open_is_passed_on_where_setvbuf_says_no() {
    let flushed = |source: &str| run(source).runtime.flushed;
    assert_eq!(flushed("io.write('abc')"), [0, 0]);
    assert_eq!(flushed("io.stderr:write('a', 1, 'b') print('x')"), [0, 3]);
    assert_eq!(
        flushed("io.stdout:setvbuf('no') io.write('a', 'bc') io.write('d\\n')"),
        [3, 0]
    );
    assert_eq!(
        flushed("io.stderr:setvbuf('line') io.stderr:write('ab')"),
        [0, 0]
    );
    assert_eq!(
        flushed("io.write('ab') io.flush() io.stderr:write('c\\n')"),
        [2, 0]
    );
}

#[test]
fn fully_buffered_output_is_written_at_the_end() {
    for end in [
        "",
        "error('x')",
        "coroutine.spawn(error, 'x') time.sleep(1)",
        "return 1",
    ] {
        let run = run(&format!(
            "io.stdout:setvbuf('full', 100) print('kept') {end}"
        ));
        assert_eq!(run.output, "kept\n", "{end}");
    }
}

#[test]
fn a_buffer_that_is_too_large_is_refused() {
    let output = output_of(
        "print(io.stdout:setvbuf('full', math.maxinteger))
         print(pcall(function() io.stdout:setvbuf('much') end))",
    );
    assert_eq!(
        output,
        "nil\tCannot allocate memory\t12\nfalse\ttest.lua:2: bad argument #1 to 'setvbuf' (invalid option 'much')\n"
    );
}

#[test]
fn warnings_are_off_until_they_are_turned_on() {
    let run = run(
        "warn('unheard')
         warn('@unknown') warn('@on')
         warn('one ', 'message', '') warn('@what') warn('@', 'off') warn('@on', '@off') warn('heard')
         warn('@off') warn('unheard', '@on') warn('unheard') warn('@on') warn('again')
         print(pcall(warn)) print(pcall(warn, 'a', {})) print(pcall(warn, 1, 2))
         setmetatable({}, { __gc = function() error('in a finalizer') end })
         collectgarbage()",
    );
    assert_eq!(
        run.runtime.logged[..6],
        ["one message", "@off", "@on@off", "heard", "again", "12"]
    );
    assert!(
        run.runtime.logged[6].contains("in a finalizer"),
        "{:?}",
        run.runtime.logged
    );
    assert_eq!(
        run.output,
        "false\tbad argument #1 to 'warn' (string expected, got no value)\n\
         false\tbad argument #2 to 'warn' (string expected, got table)\ntrue\n"
    );
}
