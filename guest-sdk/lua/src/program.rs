//! The exports `prepare` and `start`: compiling a program, and running it.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::msgpack::{Full, Malformed, Output};
use warren_guest::{Buffer, Error, mailbox, program};
use warren_values::kind;

use crate::arg;
use crate::boot;
use crate::chunk::{Refusal, compile, load_prepared, uses_arg};
use crate::coverage;
use crate::ending;
use crate::errors;
use crate::exchange;
use crate::interpreter::{Anchored, interpreter, push_text};
use crate::late;
use crate::lua::{Function, State};
use crate::module;
use crate::outcome;
use crate::scheduler::{self, RunEnd, again};

/// Compiles the source of the program and hands over its bytecode, or the
/// reason why it does not compile.
pub(crate) fn prepare() {
    let Some(l) = boot::state() else {
        return program::fail_out_of_memory();
    };
    let mut buffer = Buffer::new();
    let record = match program::code(&mut buffer) {
        Ok(record) => record,
        Err(failure) => return program::fail_encoded(failure.0),
    };
    let Some(chunk) = program::Chunk::parse(record) else {
        return program::fail(&Error::new("Invalid", "there is no source to compile"));
    };
    match compile(l, chunk.name, chunk.code) {
        Ok(code) => program::prepared(code.as_slice()),
        Err(Some(refusal)) => program::fail(&error_of(chunk.name, refusal)),
        Err(None) => program::fail_out_of_memory(),
    }
}

/// Returns the error of a source that does not compile. Its details are the file and the line
/// of an error of syntax, or the limit of a source that nests too deeply.
fn error_of(file: &[u8], refusal: Refusal) -> Error {
    let mut error = Error::new("Invalid", refusal.message);
    if let Some(overflow) = refusal.overflow {
        return error.with_limit(overflow.limit, overflow.most as u64, None);
    }
    if let Some(line) = refusal.line {
        let mut details = Output::new();
        // Without memory the message has to do.
        if write_place(file, line, &mut details).is_ok() {
            error.details = details.as_slice().to_vec();
        }
    }
    error
}

fn write_place(file: &[u8], line: u32, details: &mut Output) -> Result<(), Full> {
    details.map(2)?;
    details.string(b"file")?;
    details.string(file)?;
    details.string(b"line")?;
    details.integer(line.into())
}

/// Runs the program of the process to its end.
pub(crate) fn start() {
    let Some(l) = boot::state() else {
        return program::fail_out_of_memory();
    };
    // The thread that set everything up stays as it is in the image.
    let l = interpreter(l)
        .runner
        .get()
        .map_or(l, |runner| runner.thread);
    enter(l, run);
}

/// Goes on with the program, which has returned to wait.
pub(crate) fn resume() {
    let runner = boot::state().and_then(|l| interpreter(l).runner.get());
    let Some(Anchored { thread, .. }) = runner else {
        return program::fail_out_of_memory();
    };
    enter(thread, run_on);
}

/// Calls a function with the values that its predecessor has left on the stack: those
/// of a program that has returned to wait.
fn enter(l: State, function: Function) {
    let values = l.top();
    l.push_function(function);
    l.insert(1);
    if l.pcall(values, LUA_MULTRET) != LUA_OK {
        interpreter(l).returning.set(false);
        outcome::fail_without_thread(l);
    }
    if interpreter(l).returning.take() && await_once_returned(l) {
        return;
    }
    ending::end(l);
}

/// Says what the tasks wait for. False where the runtime refuses that, which ends the
/// process.
fn await_once_returned(l: State) -> bool {
    let interpreter = interpreter(l);
    let scheduler = interpreter.scheduler.borrow();
    let (wanted, deadline) = (&scheduler.wanted, scheduler.next_alarm());
    let mut buffer = interpreter.buffer.take();
    let awaited = mailbox::await_once_returned(wanted, deadline, &mut buffer);
    let refused = awaited.map_err(|failure| failure.0.to_vec()).err();
    interpreter.buffer.set(buffer);
    if let Some(failure) = &refused {
        program::fail_encoded(failure);
    }
    refused.is_none()
}

/// The program from its first line to its outcome.
extern "C-unwind" fn run(l: State) -> c_int {
    // The file itself is called with the arguments, then what it returns.
    match exchange::call(l, Some(build_program), program::code) {
        1 => l.push_nil(),
        WITH_ARG => l.pop(1),
        _ => return outcome::fail_with_top(l),
    }
    let arguments = exchange::call(l, Some(exchange::values), program::arguments);
    // Code is longer than most results: its room goes to the program.
    interpreter(l).buffer.take();
    l.need_room(arguments + LUA_MINSTACK, c"too many arguments");
    if !l.is_nil(FILE) {
        arg::set(l, FILE, arguments);
    }
    l.remove(FILE);
    let first = l.top() - arguments + 1;
    copy(l, first - 1, arguments + 1);
    let thread = scheduler::spawn(l, arguments);
    interpreter(l).program.set(Some(thread));
    run_file(l, thread)
}

/// Goes on with the program. The function of its file and the arguments are on the stack.
extern "C-unwind" fn run_on(l: State) -> c_int {
    let interpreter = interpreter(l);
    match interpreter.program.get() {
        Some(thread) if interpreter.function_runs.get() => run_function(l, thread),
        Some(thread) => run_file(l, thread),
        None => 0,
    }
}

/// Runs the file of the program to its end, and then the function that it returns.
fn run_file(l: State, thread: State) -> c_int {
    let arguments = l.top() - 1;
    match scheduler::run(l, thread) {
        RunEnd::Returning => return l.top(),
        RunEnd::Failed(thread) => return outcome::failed(l, thread),
        RunEnd::Returned(0) => return outcome::finished_without_result(),
        RunEnd::Returned(results) => {
            // `return nil, err` is a failure, as from any function of a program.
            if thread.type_of(-results) == LUA_TNIL {
                return outcome::returned(l, thread, results);
            }
            if !matches!(thread.type_of(-results), LUA_TFUNCTION | LUA_TTABLE) {
                return fail_without_function(l, thread, results);
            }
            thread.pop(results - 1);
        }
    }
    if thread.type_of(-1) == LUA_TTABLE {
        thread.move_to(l, 1);
        if !find_method(l) {
            return outcome::fail_with_top(l);
        }
        l.move_to(thread, 1);
    }
    thread.need_room(arguments + LUA_MINSTACK, c"too many arguments");
    copy(l, 2, arguments);
    l.move_to(thread, arguments);
    again(interpreter(l), thread, arguments);
    interpreter(l).function_runs.set(true);
    run_function(l, thread)
}

/// Ends the process, whose file has returned neither a function nor a table nor nil as the
/// first of its `results`, on top of the stack of its thread. An error behind it is the reason.
fn fail_without_function(l: State, thread: State, results: c_int) -> c_int {
    let found = thread.type_name(-results);
    let why =
        format!("the file returned a {found}; a function or a table of functions was expected");
    l.set_top(0);
    thread.pop((results - 2).max(0));
    thread.move_to(l, results.min(2));
    l.set_top(2);
    // The second result of `require` is no error.
    let is_text = l.type_of(2) == LUA_TSTRING && !module::is_required(l);
    if is_text || errors::is_error(l, 2) {
        push_text(l, why);
        errors::wrap_by_top(l);
        return outcome::fail_with_returned(l);
    }
    push_text(l, why);
    errors::wrap_message(l, kind::INVALID);
    outcome::fail_with_top(l)
}

/// Runs the function of the program to its end.
fn run_function(l: State, thread: State) -> c_int {
    match scheduler::run(l, thread) {
        RunEnd::Returning => l.top(),
        RunEnd::Failed(thread) => outcome::failed(l, thread),
        RunEnd::Returned(results) => outcome::returned(l, thread, results),
    }
}

/// Returns the thread of the program's task for `config/debug.c`; null before it runs.
#[unsafe(no_mangle)]
extern "C" fn warren_program_thread(l: State) -> *mut lua_State {
    interpreter(l)
        .program
        .get()
        .map_or(std::ptr::null_mut(), State::as_ptr)
}

/// The index of the name of the program's file, while there is no other value below it
/// but the function of the program.
const FILE: c_int = 2;

/// The number of results of [`build_program`] for a file that uses `arg`. A call that
/// fails has two.
const WITH_ARG: c_int = 3;

/// Builds the function of the program, and the name of its file where it uses `arg`.
fn build_program(l: State, record: &[u8]) -> Result<c_int, Malformed> {
    let Some(chunk) = program::Chunk::parse(record) else {
        return Err(Malformed::Unexpected);
    };
    if chunk.payload_objects {
        interpreter(l).payload_objects.set(true);
    }
    if let Some(modules) = chunk.modules {
        late::leave_modules(l, modules);
    }
    // SAFETY: the runtime keeps what `prepare` has dumped.
    unsafe { load_prepared(l, chunk.code) };
    if chunk.covered {
        coverage::cover(l, chunk.name);
    }
    if !uses_arg(chunk.code) {
        return Ok(1);
    }
    l.push_bytes(chunk.name);
    l.push_nil();
    Ok(WITH_ARG)
}

/// Replaces the table on top of the stack by its function that the process is
/// to call; or, where there is none, pushes an error. Of several names, one a line, the
/// first that is a function counts.
fn find_method(l: State) -> bool {
    if exchange::call(l, Some(exchange::string), program::method) != 1 {
        return false;
    }
    let table = l.top() - 1;
    // SAFETY: the names are on the stack until the function returns.
    let names = unsafe { l.bytes(table + 1) }.unwrap_or_default();
    for name in names.split(|byte| *byte == b'\n') {
        l.push_bytes(name);
        if l.get(table) == LUA_TFUNCTION {
            return true;
        }
        l.pop(1);
    }
    let there = functions_of(l, table);
    let last = names.rsplit(|byte| *byte == b'\n').next();
    let method = String::from_utf8_lossy(last.unwrap_or_default());
    outcome::push_error(
        l,
        kind::NOT_FOUND,
        format_args!("function '{method}' not found: the file has {there}"),
    );
    false
}

/// The names of the functions in a table.
fn functions_of(l: State, table: c_int) -> String {
    let mut names = Vec::new();
    l.push_nil();
    while l.next(table) {
        if let (LUA_TFUNCTION, Some(name)) = (l.type_of(-1), l.lossy(-2)) {
            names.push(format!("'{name}'"));
        }
        l.pop(1);
    }
    names.sort();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

/// Pushes copies of `count` stack slots from `first` on.
fn copy(l: State, first: c_int, count: c_int) {
    for index in first..first + count {
        l.push_value(index);
    }
}
