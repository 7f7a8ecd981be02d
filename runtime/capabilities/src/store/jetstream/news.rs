//! News of changes between the programs that share a store: texts beside the stream, so that a
//! watch hears of deletions, too.

use std::sync::Arc;

use async_nats::Subscriber;
use futures::StreamExt as _;
use tokio::task::AbortHandle;
use warren_kernel::Error;
use warren_values::msgpack::{self, Full, Input, Output, Token};

use super::super::watch::{Change, Watchers};

/// Tells the watches of a store what other programs tell. Ends when it is dropped.
pub(super) struct Listener(AbortHandle);

impl Listener {
    /// Listens, in a task of tokio.
    pub(super) fn new(mut news: Subscriber, store: Arc<str>, watchers: Arc<Watchers>) -> Listener {
        let listening = tokio::spawn(async move {
            while let Some(message) = news.next().await {
                match read(&message.payload) {
                    Some((key, Some(version))) => watchers.tell(&store, &Change::set(key, version)),
                    Some((key, None)) => watchers.tell(&store, &Change::deleted(key)),
                    None => tracing::debug!("news of a store in another format were dropped"),
                }
            }
        });
        Listener(listening.abort_handle())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Encodes a change: the key, and its version or nil for one that was removed.
///
/// # Errors
///
/// `Internal` if there is no memory for it.
pub(super) fn write(key: &str, version: Option<u64>) -> Result<Vec<u8>, Error> {
    let mut out = Output::new();
    out.lift_limit();
    let mut encode = || -> Result<(), Full> {
        out.array(2)?;
        out.string(key.as_bytes())?;
        match version {
            Some(version) => out.integer(version.cast_signed()),
            None => out.nil(),
        }
    };
    encode().map_err(|_| Error::internal("no memory for the news of a change"))?;
    Ok(out.as_slice().to_vec())
}

/// Reads a change; `None` for another text.
fn read(payload: &[u8]) -> Option<(&str, Option<u64>)> {
    let mut input = Input::new(payload);
    let Ok(Token::Array(2)) = input.token() else {
        return None;
    };
    let Ok(Token::String(key)) = input.token() else {
        return None;
    };
    let version = match input.token().ok()? {
        Token::Integer(version) => Some(version.cast_unsigned()),
        Token::Nil => None,
        _ => return None,
    };
    input.is_empty().then_some((msgpack::text(key)?, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_read_as_it_was_written() {
        for (key, version) in [("orders/7", Some(12)), ("\u{e9}", None)] {
            let written = write(key, version).unwrap();
            assert_eq!(read(&written), Some((key, version)));
        }
        for other in [
            &b""[..],
            b"hello",
            b"\x92\xa1k",
            b"\x92\xa1k\xa1v",
            b"\x92\xa1k\xc0\x01",
        ] {
            assert_eq!(read(other), None, "{other:?}");
        }
    }
}
