//! Calls of the runtime whose result becomes Lua values, and values that are
//! encoded for a call.
//!
//! Building Lua values may run out of memory, which raises, and may run
//! finalizers, which may make calls of their own. So the bytes being read are
//! taken out of the [`Interpreter`](crate::interpreter::Interpreter) for that time, and
//! the building happens inside a `pcall`: whatever happens, the buffer is put
//! back, and no destructor is skipped.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::msgpack::{Input, Malformed, Output};
use warren_guest::{Buffer, Failure, process};
use warren_values::kind;

use crate::decode;
use crate::encode::{self, Limit, Stop};
use crate::errors::{self, part};
use crate::interpreter::{interpreter, push_text};
use crate::lua::State;

/// Builds Lua values from bytes; yields how many it pushed.
/// May raise.
pub(crate) type Build = fn(State, &[u8]) -> Result<c_int, Malformed>;

/// The outcome of [`protected`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Built {
    /// So many values are on top of the stack.
    Values(c_int),
    /// The bytes are no value of the guest ABI; nothing was pushed.
    Malformed(Malformed),
    /// An error to be raised is on top of the stack.
    Raised,
}

/// Builds values from `bytes` without letting an error through.
pub(crate) fn protected(l: State, bytes: &[u8], build: Build) -> Built {
    let mut job = Job {
        bytes,
        build,
        malformed: None,
    };
    let top = l.top();
    l.push_function(run);
    l.push_address((&raw mut job).cast());
    if l.pcall(1, LUA_MULTRET) != LUA_OK {
        return Built::Raised;
    }
    match job.malformed {
        Some(malformed) => Built::Malformed(malformed),
        None => Built::Values(l.top() - top),
    }
}

struct Job<'a> {
    bytes: &'a [u8],
    build: Build,
    malformed: Option<Malformed>,
}

extern "C-unwind" fn run(l: State) -> c_int {
    let job: *mut Job<'_> = l.to_userdata(1).cast();
    l.set_top(0);
    // SAFETY: only `protected` calls this, with the address of its job, which outlives
    // the call and is not used meanwhile.
    let job = unsafe { &mut *job };
    match (job.build)(l, job.bytes) {
        Ok(results) => results,
        Err(malformed) => {
            job.malformed = Some(malformed);
            0
        }
    }
}

/// Makes a call that yields bytes and builds values from them; without
/// `build`, one that yields nothing, and true. A failed call yields nil and its
/// error.
/// May raise.
pub(crate) fn call(
    l: State,
    build: Option<Build>,
    make: impl FnOnce(&mut Buffer) -> Result<&[u8], Failure<'_>>,
) -> c_int {
    // The buffer is back before the raise.
    let interpreter = interpreter(l);
    let mut buffer = interpreter.buffer.take();
    let built = match make(&mut buffer) {
        Ok(bytes) => answer(l, bytes, build),
        Err(failure) => protected(l, failure.0, nil_and_failure),
    };
    interpreter.buffer.set(buffer);
    settle(l, built)
}

/// The same for a call that is given the stack slots `first..=last` as encoded
/// values. Where one of them may not cross, nothing is called, and the result
/// is nil and an error of kind INVALID with its path, which begins with `root`.
pub(crate) fn call_with_values(
    l: State,
    range: (c_int, c_int),
    root: &str,
    build: Option<Build>,
    make: impl for<'b> FnOnce(&[u8], &'b mut Buffer) -> Result<&'b [u8], Failure<'b>>,
) -> c_int {
    call_with_values_within(l, range, (root, encode::MESSAGE), build, make)
}

/// The same with a limit of its own for the encoded values.
pub(crate) fn call_with_values_within(
    l: State,
    (first, last): (c_int, c_int),
    (root, limit): (&str, Limit),
    build: Option<Build>,
    make: impl for<'b> FnOnce(&[u8], &'b mut Buffer) -> Result<&'b [u8], Failure<'b>>,
) -> c_int {
    call_encoded(
        l,
        (root, limit),
        |output| encode::values(l, first, last, root, output),
        build,
        make,
    )
}

/// The same for a call that is given what `encode` writes.
pub(crate) fn call_encoded(
    l: State,
    (root, limit): (&str, Limit),
    encode: impl FnOnce(&mut Output) -> Result<(), Stop>,
    build: Option<Build>,
    make: impl for<'b> FnOnce(&[u8], &'b mut Buffer) -> Result<&'b [u8], Failure<'b>>,
) -> c_int {
    let interpreter = interpreter(l);
    let mut output = interpreter.output.take();
    output.clear();
    output.limit_to(limit.most);
    if let Err(stop) = encode(&mut output) {
        interpreter.output.set(output);
        let stop = match stop {
            Stop::TooLarge => limit.refusal(root),
            stop => stop,
        };
        return stopped(l, stop, root);
    }
    let mut buffer = interpreter.buffer.take();
    let built = match make(output.as_slice(), &mut buffer) {
        Ok(bytes) => answer(l, bytes, build),
        Err(failure) => protected(l, failure.0, nil_and_failure),
    };
    interpreter.buffer.set(buffer);
    interpreter.output.set(output);
    settle(l, built)
}

/// Makes a call that yields nothing: true, or nil and an error.
pub(crate) fn call_done(
    l: State,
    make: impl for<'b> FnOnce(&'b mut Buffer) -> Result<(), Failure<'b>>,
) -> c_int {
    call(l, None, |buffer| make(buffer).map(|()| &[][..]))
}

/// Makes a call that yields a number, which is pushed; or nil and an error.
pub(crate) fn call_number(
    l: State,
    make: impl for<'b> FnOnce(&'b mut Buffer) -> Result<u32, Failure<'b>>,
) -> c_int {
    let mut number = 0;
    let mut made = false;
    let results = call(l, None, |buffer| {
        number = make(buffer)?;
        made = true;
        Ok(&[])
    });
    if !made {
        return results;
    }
    l.pop(results);
    l.push_integer(number.into());
    1
}

/// Reports why values could not be encoded: nil and an error, or a raise where
/// memory ran out. `root` is what the paths in refusals begin with.
pub(crate) fn stopped(l: State, stop: Stop, root: &str) -> c_int {
    // The text is handed over before anything raises.
    match stop {
        Stop::Refused(why) => {
            l.push_nil();
            push_text(l, why);
            errors::wrap_message_here(l, kind::INVALID);
            2
        }
        Stop::Beyond(why, limit) => {
            l.push_nil();
            push_text(l, why);
            errors::wrap_message_here(l, kind::INVALID);
            note_limit(l, limit.name, limit.most);
            2
        }
        Stop::TooLarge => stopped(l, encode::MESSAGE.refusal(root), root),
        Stop::OutOfMemory => l.out_of_memory(),
    }
}

/// Sets the details of the error on top of the stack, which this process has met at a limit,
/// as the runtime sets them: `{limit, value, host}`. May raise.
pub(crate) fn note_limit(l: State, limit: &str, value: usize) {
    l.new_table(0, 3);
    let details = l.top();
    l.push_bytes(limit.as_bytes());
    l.set_field(details, c"limit");
    l.push_integer(value as lua_Integer);
    l.set_field(details, c"value");
    if call(l, Some(own_host), process::pid) == 1 {
        l.set_field(details, c"host");
    }
    l.set_top(details);
    l.set_user_value(details - 1, part::DETAILS);
}

/// Pushes the host in the text of a PID.
fn own_host(l: State, pid: &[u8]) -> Result<c_int, Malformed> {
    let end = pid.iter().rposition(|byte| *byte == b'|').unwrap_or(0);
    l.push_bytes(pid.get(1..end).unwrap_or_default());
    Ok(1)
}

/// Builds a string from the bytes themselves.
pub(crate) fn string(l: State, bytes: &[u8]) -> Result<c_int, Malformed> {
    l.push_bytes(bytes);
    Ok(1)
}

/// Builds the one value encoded; nil where there are no bytes.
pub(crate) fn value(l: State, bytes: &[u8]) -> Result<c_int, Malformed> {
    if bytes.is_empty() {
        l.push_nil();
    } else {
        decode::value(l, &mut Input::new(bytes))?;
    }
    Ok(1)
}

/// Builds the values of an encoded array.
pub(crate) fn values(l: State, bytes: &[u8]) -> Result<c_int, Malformed> {
    decode::values(l, &mut Input::new(bytes))
}

fn nil_and_failure(l: State, bytes: &[u8]) -> Result<c_int, Malformed> {
    l.push_nil();
    if decode::value(l, &mut Input::new(bytes)).is_err() {
        l.push_bytes(b"an error that could not be read");
        errors::wrap_message(l, kind::INTERNAL);
    }
    if errors::is_error(l, -1) {
        errors::note_place(l);
    }
    Ok(2)
}

/// Builds what a call that succeeded yields.
fn answer(l: State, bytes: &[u8], build: Option<Build>) -> Built {
    match build {
        Some(build) => protected(l, bytes, build),
        None => {
            l.push_boolean(true);
            Built::Values(1)
        }
    }
}

/// Turns what [`protected`] left into the results of a library function.
fn settle(l: State, built: Built) -> c_int {
    match built {
        Built::Values(n) => n,
        Built::Malformed(why) => errors::refuse(
            l,
            kind::INTERNAL,
            format_args!("cannot read the runtime's answer: {why}"),
        ),
        Built::Raised => l.error(),
    }
}
