//! Decoders of values that run on this side.

use warren_guest::{Value, from_value, to_value};

use crate::Reached;

pub(crate) static VALUES: [Reached; 1] = [Reached::new("values decoded")];
pub(crate) static C: [Reached; 1] = [Reached::new("values decoded")];

/// What decodes is written as bytes that decode to the same.
pub(super) fn values(bytes: &[u8]) {
    let Ok(value) = from_value::<Value>(bytes) else {
        return;
    };
    VALUES[0].add(1);
    let again = to_value(&value).expect("what was read can be written");
    let read = from_value::<Value>(again.as_slice()).expect("what was written can be read");
    // NaN is no equal of itself; its text is.
    let text = |value| format!("{:?}", with_plain_details(value));
    assert_eq!(text(value), text(read));
}

/// The same value, where the details of errors are encoded as the SDK does it: it
/// keeps those it reads as they are until they are written.
fn with_plain_details(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(with_plain_details).collect()),
        Value::Map(pairs) => {
            let pairs = pairs.into_iter();
            Value::Map(
                pairs
                    .map(|(key, value)| (key, with_plain_details(value)))
                    .collect(),
            )
        }
        Value::Error(mut error) => {
            if let Ok(details) = from_value::<Value>(&error.details) {
                let plain = to_value(&with_plain_details(details)).expect("was read");
                error.details = plain.as_slice().to_vec();
            }
            Value::Error(error)
        }
        other => other,
    }
}

/// The decoder in C stays within its bytes and comes to an end.
pub(super) fn c(bytes: &[u8]) {
    // SAFETY: the function reads `len` bytes at `bytes` and keeps none of them.
    let decoded = unsafe { warren_fuzz_decode(bytes.as_ptr(), bytes.len()) };
    C[0].add(u64::from(decoded));
}

unsafe extern "C" {
    /// Reads one value; 1 where it is whole; see `src/c/decode.c`.
    fn warren_fuzz_decode(bytes: *const u8, len: usize) -> u32;
}
