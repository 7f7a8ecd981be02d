//! Guests that start `t:child`.

use rmpv::Value;

use super::{HOST, decoded};

/// A call that spawns or execs `t:child` in the test's host. The guest holds the
/// two names at addresses 0 and 16.
pub const CHILD: &str = "(i32.const 0) (i32.const 7) (i32.const 16) (i32.const 9)";

pub fn names() -> String {
    format!(
        r#"(data (i32.const 0) "t:child") (data (i32.const 16) "{HOST}") (data (i32.const 32) "\90")"#
    )
}

/// Spawns `t:child` with this relation. The PID goes to 2048, its length to the
/// local `$pid`.
pub fn spawn(relation: u32) -> String {
    format!(
        "(local.set $pid (call $process.spawn {CHILD} (i32.const 32) (i32.const 1) (i32.const {relation})
           (i32.const 0) (i32.const 0) (i32.const 2048) (i32.const 256)))
         (if (i32.lt_s (local.get $pid) (i32.const 0)) (then unreachable))"
    )
}

/// Waits for one event and finishes with its record.
pub const FINISH_WITH_EVENT: &str = "(call $finish-bytes (i32.const 4096)
    (call $mailbox.receive-one (call $mailbox.events) (i64.const -1) (i32.const 4096) (i32.const 8192)))";

/// The event in a message's record.
pub fn event(record: &[u8]) -> Value {
    let number = |at: usize| u32::from_le_bytes(record[at..at + 4].try_into().unwrap()) as usize;
    let payload = &record[12 + number(4) + number(8)..];
    let values = decoded(payload);
    let values = values.as_array().expect("is an array");
    assert_eq!(values.len(), 1);
    values[0].clone()
}

pub const BUSY: &str = "(loop (br 0))";
