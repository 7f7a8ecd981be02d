//! The imports, answered by the [`mock`].

#![allow(missing_docs, clippy::missing_safety_doc, clippy::too_many_arguments)]

use std::slice;
use std::time::Duration;

use crate::mock::{Signal, Spawned, signal, with};
use crate::{Error, mock};

/// # Safety
/// The range is readable.
unsafe fn bytes<'a>(start: *const u8, len: usize) -> &'a [u8] {
    // SAFETY: as promised by the caller.
    unsafe { slice::from_raw_parts(start, len) }
}

/// # Safety
/// The range is readable.
unsafe fn text(start: *const u8, len: usize) -> String {
    // SAFETY: as promised by the caller.
    String::from_utf8_lossy(unsafe { bytes(start, len) }).into_owned()
}

fn not_found(what: &str) -> Error {
    Error::not_found(what)
}

/// Returns true if a destination is the tested process.
fn is_own(target: &str) -> bool {
    target == mock::PID || with(|r| r.lookup(target) == Some(mock::PID))
}

/// Does something to a process, and returns the status. The tested process itself
/// notices nothing.
fn signal_status(target: &str, what: Signal) -> i32 {
    if is_own(target) {
        return 0;
    }
    match signal(target, what) {
        Ok(_) => 0,
        Err(error) => with(|r| r.fail(&error)),
    }
}

/// Returns the time until a deadline of the flat ABI.
fn deadline(nanoseconds: i64) -> Option<Duration> {
    u64::try_from(nanoseconds).ok().map(Duration::from_nanos)
}

/// Returns the record of a chunk.
fn chunk(name: &str, code: &[u8], covered: bool) -> Vec<u8> {
    let mark = u32::from(covered) << 29;
    [
        &(name.len() as u32 | mark).to_le_bytes()[..],
        name.as_bytes(),
        code,
    ]
    .concat()
}

pub mod held {
    use super::*;

    pub unsafe fn take(out: *mut u8, cap: usize) -> i32 {
        // SAFETY: the guest gives a range of its own.
        with(|r| unsafe { r.take(out, cap) })
    }
}

pub mod process {
    use super::*;

    pub unsafe fn pid(out: *mut u8, cap: usize) -> i32 {
        // SAFETY: the guest gives a range of its own.
        with(|r| unsafe { r.settle(Ok(mock::PID.into()), out, cap) })
    }

    pub unsafe fn frame_id(out: *mut u8, cap: usize) -> i32 {
        // SAFETY: the guest gives a range of its own.
        with(|r| unsafe { r.settle(Ok(b"app:test#1".to_vec()), out, cap) })
    }

    pub unsafe fn send(
        to: *const u8,
        to_len: usize,
        topic: *const u8,
        topic_len: usize,
        payload: *const u8,
        payload_len: usize,
    ) -> i32 {
        // SAFETY: the guest gives ranges of its own.
        let (to, topic, payload) = unsafe {
            (
                text(to, to_len),
                text(topic, topic_len),
                bytes(payload, payload_len),
            )
        };
        if is_own(&to) {
            with(|r| r.deliver(mock::PID, &topic, payload));
            return 0;
        }
        let payload = payload.to_vec();
        signal_status(&to, Signal::Message { topic, payload })
    }

    pub unsafe fn spawn(
        definition: *const u8,
        definition_len: usize,
        host: *const u8,
        host_len: usize,
        arguments: *const u8,
        arguments_len: usize,
        relation: u32,
        options: *const u8,
        options_len: usize,
        out: *mut u8,
        cap: usize,
    ) -> i32 {
        // The answer of a watched spawn begins with the number of the watch. The first
        // subscription stands for all watches.
        let watch: &[u8] = if relation & 4 == 0 {
            &[]
        } else {
            &[1, 0, 0, 0]
        };
        // SAFETY: the guest gives ranges of its own.
        unsafe {
            let options = bytes(options, options_len);
            let pid = match with(|r| r.begin(relation, options)) {
                Ok(pid) => pid,
                Err(error) => return with(|r| r.fail(&error)),
            };
            let spawned = Spawned {
                pid: pid.clone(),
                definition: text(definition, definition_len),
                host: text(host, host_len),
                arguments: bytes(arguments, arguments_len).to_vec(),
                options: options.to_vec(),
            };
            let definition = spawned.definition.clone();
            with(|r| r.spawned.push(spawned));
            mock::tell_spawned(&definition, &pid);
            with(|r| r.settle(Ok([watch, pid.as_bytes()].concat()), out, cap))
        }
    }

    pub unsafe fn exec(
        definition: *const u8,
        definition_len: usize,
        host: *const u8,
        host_len: usize,
        arguments: *const u8,
        arguments_len: usize,
        options: *const u8,
        options_len: usize,
    ) -> i32 {
        // SAFETY: the guest gives ranges of its own.
        let spawned = unsafe {
            Spawned {
                pid: String::new(),
                definition: text(definition, definition_len),
                host: text(host, host_len),
                arguments: bytes(arguments, arguments_len).to_vec(),
                options: bytes(options, options_len).to_vec(),
            }
        };
        with(|r| r.exec(spawned)) as i32
    }

    macro_rules! on_target {
        ($($name:ident = $signal:ident;)*) => { $(
            pub unsafe fn $name(target: *const u8, len: usize) -> i32 {
                // SAFETY: the guest gives a range of its own.
                signal_status(&unsafe { text(target, len) }, Signal::$signal)
            }
        )* };
    }

    on_target! {
        terminate = Terminate;
        monitor = Monitor;
        unmonitor = Unmonitor;
        link = Link;
        unlink = Unlink;
    }

    pub unsafe fn cancel(target: *const u8, len: usize, nanoseconds: i64) -> i32 {
        // SAFETY: the guest gives a range of its own.
        let target = unsafe { text(target, len) };
        let (deadline, reason) = (deadline(nanoseconds), None);
        signal_status(&target, Signal::Cancel { deadline, reason })
    }

    pub unsafe fn get_options() -> u32 {
        with(|r| r.options)
    }

    pub unsafe fn set_options(options: u32) {
        with(|r| r.options = options);
    }

    pub unsafe fn upgrade(_: *const u8, _: isize, _: *const u8, _: usize) -> i32 {
        with(|r| r.fail(&not_found("definition not found")))
    }
}

pub mod mailbox {
    use super::*;

    pub unsafe fn inbox() -> u32 {
        with(|r| r.open_inbox())
    }

    pub unsafe fn events() -> u32 {
        with(|r| r.open("@events"))
    }

    pub unsafe fn listen(topic: *const u8, len: usize) -> i32 {
        // SAFETY: the guest gives a range of its own.
        let topic = unsafe { text(topic, len) };
        with(|r| {
            if topic.is_empty() || topic.starts_with('@') {
                r.fail(&Error::invalid(
                    "a topic may not be empty or begin with '@'",
                ))
            } else {
                r.open(&topic) as i32
            }
        })
    }

    pub unsafe fn unlisten(subscription: u32) {
        with(|r| r.close(subscription));
    }

    pub unsafe fn receive(
        wanted: *const u32,
        count: usize,
        deadline: i64,
        out: *mut u8,
        cap: usize,
    ) -> i32 {
        // SAFETY: the guest gives ranges of its own; an empty one may dangle.
        unsafe {
            let wanted = slice::from_raw_parts(wanted, count);
            with(|r| {
                if r.asks_to_return(wanted, deadline) {
                    return i32::MIN;
                }
                let result = r.receive(wanted, deadline);
                r.settle(result, out, cap)
            })
        }
    }

    pub unsafe fn await_once_returned(wanted: *const u32, count: usize, _deadline: i64) -> i32 {
        // SAFETY: the guest gives a range of its own; an empty one may dangle.
        let wanted = unsafe { slice::from_raw_parts(wanted, count) };
        with(|r| r.awaited = Some(wanted.to_vec()));
        0
    }

    pub unsafe fn receive_one(wanted: u32, deadline: i64, out: *mut u8, cap: usize) -> i32 {
        // SAFETY: as `receive`.
        unsafe { receive(&wanted, 1, deadline, out, cap) }
    }
}

pub mod registry {
    use super::*;

    pub unsafe fn register(
        name: *const u8,
        name_len: usize,
        target: *const u8,
        target_len: isize,
    ) -> i32 {
        // SAFETY: the guest gives ranges of its own, or a negative length.
        let (name, target) = unsafe {
            let target = usize::try_from(target_len).map(|len| text(target, len));
            (text(name, name_len), target)
        };
        let pid = target.as_deref().unwrap_or(mock::PID);
        with(|r| match r.register(&name, pid) {
            Ok(()) => 0,
            Err(error) => r.fail(&error),
        })
    }

    pub unsafe fn lookup(name: *const u8, len: usize, out: *mut u8, cap: usize) -> i32 {
        // SAFETY: the guest gives ranges of its own.
        unsafe {
            let name = text(name, len);
            with(|r| {
                let pid = r.lookup(&name).map(|pid| pid.as_bytes().to_vec());
                let missing = || not_found(&format!("name not registered: {name}"));
                r.settle(pid.ok_or_else(missing), out, cap)
            })
        }
    }

    pub unsafe fn unregister(name: *const u8, len: usize) -> i32 {
        // SAFETY: the guest gives a range of its own.
        let name = unsafe { text(name, len) };
        with(|r| r.unregister(&name)).into()
    }
}

pub mod context {
    use super::*;

    pub unsafe fn get(_: *const u8, _: usize, out: *mut u8, cap: usize) -> i32 {
        // SAFETY: the guest gives a range of its own.
        with(|r| unsafe { r.settle(Ok(Vec::new()), out, cap) })
    }

    pub unsafe fn all(out: *mut u8, cap: usize) -> i32 {
        // SAFETY: the guest gives a range of its own.
        with(|r| unsafe { r.settle(Ok(b"\x80".to_vec()), out, cap) })
    }
}

pub mod security {
    use super::*;

    pub unsafe fn actor(out: *mut u8, cap: usize) -> i32 {
        // SAFETY: the guest gives a range of its own.
        with(|r| unsafe { r.settle(Ok(Vec::new()), out, cap) })
    }

    pub unsafe fn scope(out: *mut u8, cap: usize) -> i32 {
        // SAFETY: the guest gives a range of its own.
        with(|r| unsafe { r.settle(Ok(Vec::new()), out, cap) })
    }

    pub unsafe fn can(
        _: *const u8,
        _: usize,
        _: *const u8,
        _: usize,
        _: *const u8,
        _: isize,
    ) -> i32 {
        1
    }

    pub unsafe fn policy(_: *const u8, _: usize) -> i32 {
        with(|r| r.fail(&not_found("no such policy")))
    }

    pub unsafe fn named_scope(_: *const u8, _: usize, _: *mut u8, _: usize) -> i32 {
        with(|r| r.fail(&not_found("no such scope")))
    }
}

pub mod capability {
    use super::*;
    use crate::msgpack::{Input, Token};

    pub unsafe fn call(
        operation: *const u8,
        operation_len: usize,
        request: *const u8,
        request_len: usize,
        out: *mut u8,
        cap: usize,
    ) -> i32 {
        // SAFETY: the guest gives ranges of its own.
        unsafe {
            let (operation, request) =
                (text(operation, operation_len), bytes(request, request_len));
            let answer = match with(|r| r.capability) {
                Some(answer) => answer(&operation, request),
                None => match operation.strip_prefix("store.") {
                    Some(operation) => with(|r| r.store(operation, request)),
                    None => on_process(&operation, request),
                },
            };
            with(|r| r.settle(answer, out, cap))
        }
    }

    /// The encoded value true.
    const TRUE: &[u8] = b"\xc3";

    /// Answers the operations on processes.
    fn on_process(operation: &str, request: &[u8]) -> Result<Vec<u8>, Error> {
        let mut input = Input::new(request);
        let mut next = || input.token().unwrap_or(Token::Nil);
        let (_, first, second, third) = (next(), next(), next(), next());
        let within = match second {
            Token::Integer(nanoseconds) => deadline(nanoseconds),
            _ => None,
        };
        let what = match operation {
            "process.abandon" => {
                let Token::Integer(subscription) = first else {
                    return Err(Error::invalid("the subscription is not a number"));
                };
                with(|r| r.abandon(subscription as u32));
                return Ok(TRUE.to_vec());
            }
            "process.watch" => Signal::Watch,
            "process.cancel" => Signal::Cancel {
                deadline: within,
                reason: match third {
                    Token::String(reason) => Some(String::from_utf8_lossy(reason).into_owned()),
                    _ => None,
                },
            },
            "process.stop" => Signal::Stop { deadline: within },
            _ => return Err(not_found("operation not found")),
        };
        let Token::String(to) = first else {
            return Err(Error::invalid("destination is missing or not text"));
        };
        let to = String::from_utf8_lossy(to);
        if is_own(&to) {
            return match what {
                Signal::Watch => Err(Error::invalid("a process cannot call or watch itself")),
                _ => Ok(TRUE.to_vec()),
            };
        }
        Ok(match signal(&to, what)? {
            // An extension of type 3 and four bytes.
            Some(subscription) => [&[0xd6, 3][..], &subscription.to_le_bytes()[..]].concat(),
            None => TRUE.to_vec(),
        })
    }
}

pub mod clock {
    use super::*;

    /// 2020-01-01T00:00:00Z, where the monotonic clock is 0.
    const BEGIN: i64 = 1_577_836_800_000_000_000;

    pub unsafe fn now() -> i64 {
        BEGIN + monotonic_nanoseconds()
    }

    pub unsafe fn monotonic() -> i64 {
        monotonic_nanoseconds()
    }

    fn monotonic_nanoseconds() -> i64 {
        with(|r| r.monotonic) as i64
    }
}

pub mod random {
    use super::*;

    /// Fills a range with the next bytes of a sequence that is the same for each runtime,
    /// so that tests repeat: splitmix64 of Sebastiano Vigna, which is in the public domain.
    pub unsafe fn bytes(out: *mut u8, len: usize) {
        // SAFETY: the guest gives a range of its own.
        let out = unsafe { slice::from_raw_parts_mut(out, len) };
        with(|r| {
            for chunk in out.chunks_mut(8) {
                r.random = r.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut mixed = r.random;
                mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
                mixed ^= mixed >> 31;
                chunk.copy_from_slice(&mixed.to_le_bytes()[..chunk.len()]);
            }
        });
    }
}

pub mod stdio {
    use super::*;

    pub unsafe fn write(stream: u32, start: *const u8, len: usize) {
        // SAFETY: the guest gives a range of its own.
        let written = unsafe { bytes(start, len) };
        with(|r| r.written[stream as usize & 1].extend_from_slice(written));
    }

    pub unsafe fn flush(stream: u32) {
        with(|r| r.flushed[stream as usize & 1] = r.written[stream as usize & 1].len());
    }

    pub unsafe fn read(out: *mut u8, cap: usize) -> i32 {
        with(|r| {
            let count = r.input.len().min(cap).min(65_536);
            let bytes = r.input.drain(..count).collect();
            // SAFETY: the guest gives a range of its own.
            unsafe { r.settle(Ok(bytes), out, cap) }
        })
    }
}

pub mod logger {
    use super::*;

    pub unsafe fn log(
        _: u32,
        _: *const u8,
        _: usize,
        message: *const u8,
        message_len: usize,
        _: *const u8,
        _: isize,
    ) {
        // SAFETY: the guest gives a range of its own.
        let message = unsafe { text(message, message_len) };
        with(|r| r.logged.push(message));
    }
}

pub mod program {
    use super::*;
    use crate::mock::Outcome;

    pub unsafe fn definition(out: *mut u8, cap: usize) -> i32 {
        // SAFETY: the guest gives a range of its own.
        with(|r| unsafe { r.settle(Ok(b"app:test".to_vec()), out, cap) })
    }

    pub unsafe fn method(out: *mut u8, cap: usize) -> i32 {
        // SAFETY: the guest gives a range of its own.
        with(|r| unsafe { r.settle(Ok(b"main".to_vec()), out, cap) })
    }

    pub unsafe fn arguments(out: *mut u8, cap: usize) -> i32 {
        with(|r| {
            let arguments = if r.arguments.is_empty() {
                vec![0x90]
            } else {
                r.arguments.clone()
            };
            // SAFETY: the guest gives a range of its own.
            unsafe { r.settle(Ok(arguments), out, cap) }
        })
    }

    pub unsafe fn code(out: *mut u8, cap: usize) -> i32 {
        with(|r| {
            let record = r
                .code
                .as_ref()
                .map(|(name, code)| chunk(name, code, r.covered))
                .unwrap_or_default();
            // SAFETY: the guest gives a range of its own.
            unsafe { r.settle(Ok(record), out, cap) }
        })
    }

    pub unsafe fn module(name: *const u8, len: usize, out: *mut u8, cap: usize) -> i32 {
        // SAFETY: the guest gives ranges of its own.
        unsafe {
            let name = text(name, len);
            with(|r| {
                let record = r
                    .modules
                    .get(&name)
                    .map(|code| chunk(&name, code, r.covered))
                    .unwrap_or_default();
                r.settle(Ok(record), out, cap)
            })
        }
    }

    pub unsafe fn prepared(start: *const u8, len: usize) {
        // SAFETY: the guest gives a range of its own.
        let code = unsafe { bytes(start, len) }.to_vec();
        with(|r| r.prepared = Some(code));
    }

    pub unsafe fn finish(value: *const u8, len: isize) {
        // SAFETY: the guest gives a range of its own, or a negative length.
        let value = usize::try_from(len)
            .ok()
            .map(|len| unsafe { bytes(value, len) }.to_vec());
        with(|r| r.outcome = Some(Outcome::Finished(value)));
    }

    pub unsafe fn fail(start: *const u8, len: usize) {
        // SAFETY: the guest gives a range of its own.
        let error = Error::decode(unsafe { bytes(start, len) });
        with(|r| r.outcome = Some(Outcome::Failed(error)));
    }

    /// Ends the test program: there is no caller to return to.
    pub unsafe fn exit(status: i32) -> ! {
        std::process::exit(status)
    }
}
