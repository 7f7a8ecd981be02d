//! The imports, answered by the [`mock`].

#![allow(missing_docs, clippy::missing_safety_doc, clippy::too_many_arguments)]

use std::slice;

use crate::mock::{Spawned, with};
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

fn target_status(target: &str) -> i32 {
    if target == mock::PID {
        0
    } else {
        with(|r| r.fail(&not_found("process not found")))
    }
}

/// Returns the record of a chunk.
fn chunk(name: &str, code: &[u8]) -> Vec<u8> {
    [
        &(name.len() as u32).to_le_bytes()[..],
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
        let status = target_status(&to);
        if status == 0 {
            with(|r| r.deliver(mock::PID, &topic, payload));
        }
        status
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
            let spawned = Spawned {
                definition: text(definition, definition_len),
                host: text(host, host_len),
                arguments: bytes(arguments, arguments_len).to_vec(),
                options: bytes(options, options_len).to_vec(),
            };
            with(|r| {
                r.spawned.push(spawned);
                r.settle(Ok([watch, &b"{app:test|0x00002}"[..]].concat()), out, cap)
            })
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
                definition: text(definition, definition_len),
                host: text(host, host_len),
                arguments: bytes(arguments, arguments_len).to_vec(),
                options: bytes(options, options_len).to_vec(),
            }
        };
        with(|r| r.exec(spawned)) as i32
    }

    macro_rules! on_target {
        ($($name:ident)*) => { $(
            pub unsafe fn $name(target: *const u8, len: usize) -> i32 {
                // SAFETY: the guest gives a range of its own.
                target_status(&unsafe { text(target, len) })
            }
        )* };
    }

    on_target!(terminate monitor unmonitor link unlink);

    pub unsafe fn cancel(target: *const u8, len: usize, _: i64) -> i32 {
        // SAFETY: the guest gives a range of its own.
        target_status(&unsafe { text(target, len) })
    }

    pub unsafe fn get_options() -> u32 {
        0
    }

    pub unsafe fn set_options(_: u32) {}

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
                let result = r.receive(wanted, deadline);
                r.settle(result, out, cap)
            })
        }
    }

    pub unsafe fn receive_one(wanted: u32, deadline: i64, out: *mut u8, cap: usize) -> i32 {
        // SAFETY: as `receive`.
        unsafe { receive(&wanted, 1, deadline, out, cap) }
    }
}

pub mod registry {
    use super::*;

    pub unsafe fn register(_: *const u8, _: usize, _: *const u8, _: isize) -> i32 {
        0
    }

    pub unsafe fn lookup(_: *const u8, _: usize, _: *mut u8, _: usize) -> i32 {
        with(|r| r.fail(&not_found("name not registered")))
    }

    pub unsafe fn unregister(_: *const u8, _: usize) -> i32 {
        0
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
                None => Err(not_found("operation not found")),
            };
            with(|r| r.settle(answer, out, cap))
        }
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
                .map(|(name, code)| chunk(name, code))
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
                    .map(|code| chunk(&name, code))
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
