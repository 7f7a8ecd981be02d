//! Decoders of values on the host's side.

use warren_values::{Value, from_value, to_value};

use crate::Reached;

pub(crate) static VALUES: [Reached; 1] = [Reached::new("values decoded")];
pub(crate) static C: [Reached; 1] = [Reached::new("values decoded")];

/// Decodes the bytes: a decoded value encodes to bytes that decode to the same
/// value.
pub(super) fn values(bytes: &[u8]) {
    let Ok(value) = from_value::<Value>(bytes) else {
        return;
    };
    VALUES[0].add(1);
    let again = match to_value(&value) {
        Ok(again) => again,
        // The SDK reads somewhat deeper than it writes.
        Err(error) => {
            assert!(depth(&value) > 100, "what was read can be written: {error}");
            return;
        }
    };
    let read = from_value::<Value>(again.as_slice()).expect("what was written can be read");
    // NaN does not equal itself; its text does.
    let text = |value| format!("{:?}", with_plain_details(value));
    assert_eq!(text(value), text(read));
}

/// Returns the value with the details of errors as the SDK encodes them: it
/// keeps read details unchanged until they are written, and then drops details
/// that are not a value, or nil, which means none.
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
            let details = from_value(&error.details).map(with_plain_details);
            error.details = match details {
                Ok(Value::Nil) | Err(_) => Vec::new(),
                Ok(details) => to_value(&details)
                    .map_or_else(|_| Vec::new(), |plain| plain.as_slice().to_vec()),
            };
            Value::Error(error)
        }
        other => other,
    }
}

/// Returns the number of containers around the innermost value, an error as
/// two: its extension and its fields.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Map(pairs) => {
            let inside = pairs
                .iter()
                .map(|(key, value)| depth(key).max(depth(value)));
            1 + inside.max().unwrap_or(0)
        }
        Value::Error(error) => {
            2 + from_value::<Value>(&error.details).map_or(0, |details| depth(&details))
        }
        _ => 0,
    }
}

/// Decodes in C: the decoder stays within its bytes and comes to an end.
pub(super) fn c(bytes: &[u8]) {
    // SAFETY: the function reads `len` bytes at `bytes` and keeps none of them.
    let decoded = unsafe { warren_fuzz_decode(bytes.as_ptr(), bytes.len()) };
    C[0].add(u64::from(decoded));
}

unsafe extern "C" {
    /// Reads one value. Returns 1 if it is whole; see `src/c/decode.c`.
    fn warren_fuzz_decode(bytes: *const u8, len: usize) -> u32;
}
