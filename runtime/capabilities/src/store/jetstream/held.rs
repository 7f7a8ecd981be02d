//! An entry as the server has it.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use async_nats::jetstream::message::StreamMessage;
use bytes::Bytes;
use warren_kernel::Error;
use warren_values::msgpack::Input;

use super::super::entry::Entry;

/// The header with the end of an entry's life, in milliseconds since 1970; 0 for none.
pub(super) const ENDS: &str = "Warren-Ends";

/// An entry. It may have ended.
pub(super) struct Held {
    /// Encoded.
    pub(super) value: Bytes,
    pub(super) version: u64,
    /// Milliseconds since 1970.
    pub(super) ends: Option<u64>,
}

impl Held {
    /// Reads a message of the stream.
    ///
    /// # Errors
    ///
    /// `Internal` for a message that no runtime has written.
    pub(super) fn of(message: StreamMessage) -> Result<Held, Error> {
        let mut input = Input::new(&message.payload);
        if input.value().is_err() || !input.is_empty() {
            return Err(Error::internal(
                "the server has something under the key that is no value",
            ));
        }
        let ends = message.headers.get(ENDS);
        let ends: Option<u64> = ends.and_then(|ends| ends.as_str().parse().ok());
        Ok(Held {
            ends: ends.filter(|ends| *ends > 0),
            version: message.sequence,
            value: message.payload,
        })
    }

    /// Returns true for an entry that has not ended.
    pub(super) fn lives(&self) -> bool {
        self.ends.is_none_or(|ends| now() < ends)
    }

    pub(super) fn entry(self, key: Arc<str>) -> Entry {
        Entry {
            key,
            value: Arc::from(&self.value[..]),
            version: self.version,
        }
    }
}

/// Returns the end of a life of so many nanoseconds that begins now.
pub(super) fn end_of(lifetime: u64) -> u64 {
    now().saturating_add(lifetime.div_ceil(1_000_000))
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(now.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_lives_to_its_end() {
        let held = |ends| Held {
            value: Bytes::new(),
            version: 1,
            ends,
        };
        for (ends, lives) in [
            (None, true),
            (Some(1), false),
            (Some(end_of(u64::MAX)), true),
        ] {
            assert_eq!(held(ends).lives(), lives, "{ends:?}");
        }
    }
}
