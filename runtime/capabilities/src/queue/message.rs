//! Messages of queues: a value, and headers that travel with it.

use std::sync::Arc;
use std::time::Duration;

use warren_kernel::{Error, text};
use warren_values::msgpack::{self, Full, Input, Output, Token};

use crate::limit::beyond;

/// The most bytes of the headers of a message, encoded.
pub(crate) const MAX_HEADERS: usize = 64 << 10;

/// The beginning of the headers that the runtime adds.
const OF_RUNTIME: &str = "warren.";

/// The most characters of the text of an error that a message is given up with.
const MAX_REASON: usize = 1_024;

/// A message as it is published.
pub(super) struct NewMessage {
    pub(super) id: Arc<str>,
    pub(super) content: Content,
    /// Time until which nobody takes it.
    pub(super) delay: Duration,
}

/// Headers and value. Clones share both.
#[derive(Clone)]
pub(super) struct Content {
    /// An encoded map with text keys.
    pub(super) headers: Arc<[u8]>,
    /// Encoded.
    pub(super) value: Arc<[u8]>,
}

impl Content {
    pub(super) fn bytes(&self) -> u64 {
        (self.headers.len() + self.value.len()) as u64
    }

    /// Returns the value as the arguments of a process.
    pub(super) fn arguments(&self) -> Arc<[u8]> {
        /// The head of an array of one value.
        const ONE: u8 = 0x91;
        let mut arguments = Vec::with_capacity(1 + self.value.len());
        arguments.push(ONE);
        arguments.extend_from_slice(&self.value);
        arguments.into()
    }

    /// Returns the content of a message that was given up, whose headers tell of it.
    pub(super) fn given_up(
        &self,
        queue: &str,
        attempts: u32,
        reason: &str,
    ) -> Result<Content, Error> {
        let reason = text::clipped(reason, MAX_REASON);
        let headers = told(&self.headers, queue, attempts, &reason);
        let headers = headers.map_err(|_| Error::internal("no memory for the headers"))?;
        Ok(Content {
            headers: headers.into(),
            value: Arc::clone(&self.value),
        })
    }
}

/// Reads headers from an encoded map; empty bytes are none.
///
/// # Errors
///
/// `Invalid` for a key that is no text or that the runtime keeps for itself, and for too many
/// bytes.
pub(super) fn headers(map: &[u8]) -> Result<Arc<[u8]>, Error> {
    if map.len() > MAX_HEADERS {
        let message = format!(
            "headers are {} bytes, more than max_headers = {MAX_HEADERS}",
            map.len()
        );
        return Err(beyond("max_headers", MAX_HEADERS, message));
    }
    if map.is_empty() {
        return Ok(NONE.into());
    }
    for (key, _) in pairs(map) {
        let key = match key {
            Token::String(key) => msgpack::text(key),
            _ => None,
        };
        match key {
            None => return Err(Error::invalid("headers: a key is not text")),
            Some(key) if key.starts_with(OF_RUNTIME) => {
                let key = text::line(key);
                let message = format!("headers: {key} begins with {OF_RUNTIME}, as the runtime's");
                return Err(Error::invalid(message));
            }
            Some(_) => {}
        }
    }
    Ok(map.into())
}

/// No headers, encoded.
const NONE: &[u8] = &[0x80];

/// Returns the pairs of an encoded map, up to the first one that is malformed.
fn pairs(map: &[u8]) -> impl Iterator<Item = (Token<'_>, &[u8])> {
    let mut input = Input::new(map);
    let mut left = match input.token() {
        Ok(Token::Map(len)) => len,
        _ => 0,
    };
    std::iter::from_fn(move || {
        left = left.checked_sub(1)?;
        Some((input.token().ok()?, input.value().ok()?))
    })
}

/// Writes headers again, with those of a message that was given up.
fn told(headers: &[u8], queue: &str, attempts: u32, reason: &str) -> Result<Vec<u8>, Full> {
    let own = |key: &Token<'_>| matches!(key, Token::String(key) if key.starts_with(OF_RUNTIME.as_bytes()));
    let kept: Vec<_> = pairs(headers).filter(|(key, _)| !own(key)).collect();
    let mut output = Output::new();
    output.lift_limit();
    output.map(
        u32::try_from(kept.len())
            .unwrap_or(u32::MAX)
            .saturating_add(3),
    )?;
    for (key, value) in kept {
        let Token::String(key) = key else { continue };
        output.string(key)?;
        output.raw(value)?;
    }
    output.string(b"warren.queue")?;
    output.string(queue.as_bytes())?;
    output.string(b"warren.attempts")?;
    output.integer(attempts.into())?;
    output.string(b"warren.error")?;
    output.string(reason.as_bytes())?;
    Ok(output.as_slice().to_vec())
}

#[cfg(test)]
mod tests {
    use warren_values::Value;

    use super::*;

    fn map(pairs: &[(Value, Value)]) -> Vec<u8> {
        let map = Value::Map(pairs.to_vec());
        warren_values::to_value(&map).unwrap().as_slice().to_vec()
    }

    #[test]
    fn headers_have_texts_as_keys_that_are_not_the_runtimes() {
        assert_eq!(&*headers(b"").unwrap(), NONE);
        let fine = map(&[
            ("priority".into(), 7.into()),
            ("tags".into(), Value::Array(vec![])),
        ]);
        assert_eq!(&*headers(&fine).unwrap(), fine);
        for (key, says) in [
            (Value::from(1), "a key is not text"),
            (Value::from("warren.queue"), "as the runtime's"),
        ] {
            let error = headers(&map(&[(key, 1.into())])).unwrap_err();
            assert!(error.message.contains(says), "{error}");
        }
        let long = map(&[("x".into(), "x".repeat(MAX_HEADERS).as_str().into())]);
        let error = headers(&long).unwrap_err();
        assert!(error.message.contains("max_headers"), "{error}");
    }

    #[test]
    fn a_message_that_was_given_up_tells_why() {
        let content = Content {
            headers: map(&[("a".into(), 1.into())]).into(),
            value: Arc::from(*b"\x07"),
        };
        let first = content.given_up("t:q", 3, &"ü".repeat(MAX_REASON)).unwrap();
        let again = first.given_up("t:dead", 2, "why").unwrap();
        let read: Value = warren_values::from_value(&again.headers).unwrap();
        assert_eq!(read.get("a"), Some(&Value::from(1)));
        assert_eq!(read.get("warren.queue"), Some(&Value::from("t:dead")));
        assert_eq!(read.get("warren.attempts"), Some(&Value::from(2)));
        assert_eq!(read.get("warren.error"), Some(&Value::from("why")));
        assert_eq!(pairs(&again.headers).count(), 4);
        assert_eq!(&*again.arguments(), b"\x91\x07");
    }
}
