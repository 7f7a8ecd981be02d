//! Guests that misuse everything they can reach. Each ends with a clear error, and the node
//! goes on.

mod code;
mod faults;
mod floods;
mod lengths;
mod ranges;
mod records;
mod text;
mod values;

use rmpv::Value;

use crate::support::imports;
use crate::support::{World, bytes, decoded, echo, in_time};

/// Checks that a good guest still works.
async fn check_good(world: &World) {
    world.define("good", &echo());
    let mut good = world.start("good").await;
    world.send(&good, "topic", b"\xc3");
    let record = bytes(&in_time(good.wait()).await);
    assert!(record.ends_with(b"topic\xc3"), "{record:?}");
}

/// The body of a `start` that makes one call. Its result is the held error, or
/// empty if the call succeeded.
fn refusal_of(call: &str) -> String {
    format!(
        "{call} (call $finish-bytes (i32.const 4096) (call $held.take (i32.const 4096) (i32.const 8192)))"
    )
}

/// Kind and message of an encoded error.
fn refusal(bytes: &[u8]) -> (String, String) {
    let Value::Ext(1, payload) = decoded(bytes) else {
        panic!("no error: {bytes:?}");
    };
    let parts = decoded(&payload);
    let part = |place: usize| parts[place].as_str().unwrap_or_default().to_owned();
    (part(0), part(1))
}

/// Returns true if this import returns a status, which can be a refusal.
fn has_status(import: &imports::Import) -> bool {
    import.result == "i" && !matches!(import.name, "can" | "inbox" | "events" | "get-options")
}
