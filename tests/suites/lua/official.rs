//! The official test files of Lua 5.4.8 in user mode (`_soft`, `_port`), each as a program
//! of its own in the sandbox.
//!
//! Lines that cannot hold here are left out, and [`DIFFERENCES`] says why. Left out are
//! `main.lua`, which starts the command `lua` by the shell, `api.lua` and `code.lua`,
//! which need a Lua that is built for its tests, and `big.lua`, which user mode skips.

use std::fs;
use std::path::Path;
use std::time::Duration;

use libtest_mimic::Trial;
use warren_tests::{Outcome, Warren, packages};

/// A test file, and the value that it returns.
const FILES: [(&str, &str); 27] = [
    ("attrib", "27"),
    ("bitwise", "nil"),
    ("calls", "function"),
    ("closure", "nil"),
    ("constructs", "nil"),
    ("coroutine", "nil"),
    ("cstack", "nil"),
    ("db", "nil"),
    ("errors", "nil"),
    ("events", "12"),
    ("files", "nil"),
    ("gc", "nil"),
    ("gengc", "nil"),
    ("goto", "nil"),
    ("heavy", "nil"),
    ("literals", "nil"),
    ("locals", "5"),
    ("math", "nil"),
    ("nextvar", "nil"),
    ("pm", "nil"),
    ("sort", "nil"),
    ("strings", "nil"),
    ("tpack", "nil"),
    ("tracegc", "table"),
    ("utf8", "nil"),
    ("vararg", "nil"),
    ("verybig", "10"),
];

/// Lines of a test file that are left out.
struct Difference {
    file: &'static str,
    /// The first line and the last.
    lines: (usize, usize),
    reason: &'static str,
}

/// Only text is loaded, so that no program can bring the interpreter out of step with
/// its own bytecode: `string.dump` raises, and `load` refuses binary chunks.
const TEXT_ONLY: &str = "only text is loaded; there is no string.dump";

/// Functions of `table` and `string` that call back are left and come back to, so that
/// what they call may block. So it may yield, too.
const MAY_YIELD: &str = "a function that table.sort or string.gsub calls may yield";

/// As `coroutine.close` calls them where its caller is, they may block.
const CLOSED_ELSEWHERE: &str =
    "closing functions run in the coroutine that calls coroutine.close, not in the closed one";

/// The unnamed values of a function that is running hold parts of the interpreter.
const NAMED_LOCALS: &str = "debug.getlocal shows no unnamed values of Lua functions";

/// Differences from Lua, by file and line.
const DIFFERENCES: [Difference; 20] = [
    lines("calls", 331, 332, TEXT_ONLY),
    lines("calls", 335, 342, TEXT_ONLY),
    lines("calls", 345, 349, TEXT_ONLY),
    lines("calls", 368, 372, TEXT_ONLY),
    lines("calls", 391, 393, TEXT_ONLY),
    lines("calls", 398, 411, TEXT_ONLY),
    lines("calls", 428, 434, TEXT_ONLY),
    lines("calls", 454, 494, TEXT_ONLY),
    lines("coroutine", 161, 174, CLOSED_ELSEWHERE),
    lines("coroutine", 283, 283, MAY_YIELD),
    lines("coroutine", 325, 325, MAY_YIELD),
    lines("db", 54, 58, TEXT_ONLY),
    lines("db", 410, 419, NAMED_LOCALS),
    lines("db", 527, 560, NAMED_LOCALS),
    lines("db", 961, 1002, TEXT_ONLY),
    lines("db", 1004, 1019, TEXT_ONLY),
    lines("db", 1021, 1051, TEXT_ONLY),
    lines("errors", 278, 290, TEXT_ONLY),
    lines("errors", 373, 374, MAY_YIELD),
    lines("files", 554, 579, TEXT_ONLY),
];

const fn lines(file: &'static str, first: usize, last: usize, reason: &'static str) -> Difference {
    Difference {
        file,
        lines: (first, last),
        reason,
    }
}

/// The program that runs a test file. A process has no directory for temporary files:
/// they are made in its own.
const PROGRAM: &str = r#"
_soft, _port, _nomsg = true, true, true
local count = 0
function os.tmpname()
  count = count + 1
  return "temporary" .. count
end
function io.tmpfile()
  return io.open(os.tmpname(), "w+")
end
local assert, type, tostring = assert, type, tostring
local file, expected = ...
local value = assert(loadfile(file))(file)
if type(value) == "function" or type(value) == "table" then
  value = type(value)
end
assert(tostring(value) == expected, value)
"#;

/// Other files that the test files require.
const REQUIRED: [&str; 2] = ["bwcoercion", "tracegc"];

/// Far more than any of the files takes.
const TIMEOUT: Duration = Duration::from_secs(300);

/// Returns a test for each file, and one that each difference still is one.
pub(crate) fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> = FILES
        .iter()
        .map(|(file, value)| {
            Trial::test(format!("official: {file}"), move || {
                let tests = packages::official_lua_tests();
                run(&tests, file, value, |_| true).ends_with(0);
                Ok(())
            })
        })
        .collect();
    trials.extend(DIFFERENCES.iter().enumerate().map(|(number, difference)| {
        let Difference {
            file,
            lines: (first, last),
            reason,
        } = difference;
        let name = format!("official: {file}, lines {first} to {last}: {reason}");
        Trial::test(name, move || {
            let tests = packages::official_lua_tests();
            let value = FILES.iter().find(|(name, _)| name == file);
            let (_, value) = value.expect("a file of the list");
            run(&tests, file, value, |other| other != number).ends_with(1);
            Ok(())
        })
    }));
    trials
}

/// Runs a file without the lines of those differences that are left out.
fn run(tests: &Path, file: &str, value: &str, left_out: impl Fn(usize) -> bool) -> Outcome {
    let directory = tempfile::tempdir().expect("a directory for a program");
    let copy = |name: &str| {
        let name = format!("{name}.lua");
        fs::copy(tests.join(&name), directory.path().join(&name)).expect("a file is copied");
    };
    REQUIRED.iter().for_each(|name| copy(name));
    let path = directory.path().join(format!("{file}.lua"));
    let text = fs::read(tests.join(format!("{file}.lua"))).expect("the test file is there");
    let is_left_out = |line: usize| {
        DIFFERENCES.iter().enumerate().any(|(number, difference)| {
            let (first, last) = difference.lines;
            difference.file == file && (first..=last).contains(&line) && left_out(number)
        })
    };
    let kept: Vec<&[u8]> = text
        .split(|byte| *byte == b'\n')
        .zip(1..)
        .map(|(text, line)| if is_left_out(line) { &b""[..] } else { text })
        .collect();
    fs::write(&path, kept.join(&b'\n')).expect("the test file is written");
    fs::write(directory.path().join("main.lua"), PROGRAM).expect("the program is written");
    Warren::run("main.lua")
        .current_dir(directory.path())
        .options(["--read", ".", "--write", ".", "--env", "PATH"])
        .arguments([&format!("{file}.lua"), value])
        .start()
        .within(TIMEOUT)
        .end()
}
