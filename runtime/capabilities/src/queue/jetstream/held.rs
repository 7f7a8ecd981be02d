//! A message that was taken from a stream.

use std::sync::Arc;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::{AckKind, Message};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use warren_kernel::{Error, Kind};
use warren_values::msgpack::{Full, Input, Output, Token};

use super::{ACK_WAIT, DUE, ID, MARK, now};
use crate::queue::message::Content;

/// A message in hand. The server hears of it until it is settled or dropped.
pub(in crate::queue) struct Held {
    message: Arc<Message>,
    id: Arc<str>,
    content: Content,
    attempts: u32,
    keeper: AbortHandle,
    is_settled: bool,
}

impl Held {
    /// Takes a message; `None` for one that is not due, or that cannot be read.
    pub(super) async fn of(message: Message) -> Option<Held> {
        let due = message
            .headers
            .as_ref()
            .and_then(|headers| number(headers, DUE));
        let early = due.unwrap_or_default().saturating_sub(now());
        if early > 0 {
            let delay = Duration::from_millis(u64::try_from(early).unwrap_or(u64::MAX));
            note(message.ack_with(AckKind::Nak(Some(delay))).await);
            return None;
        }
        let Some(content) = content(&message) else {
            tracing::error!("a message of another format was dropped");
            note(message.ack_with(AckKind::Term).await);
            return None;
        };
        let (sequence, delivered) = match message.info() {
            Ok(info) => (info.stream_sequence, info.delivered),
            Err(_) => (0, 1),
        };
        // The first delivery of a delayed message is no attempt.
        let others = 1 + i64::from(due.is_some());
        let id = message.headers.as_ref().and_then(|headers| headers.get(ID));
        let id: Arc<str> = match id {
            Some(id) => id.as_str().into(),
            None => sequence.to_string().into(),
        };
        let message = Arc::new(message);
        Some(Held {
            keeper: keep(Arc::clone(&message)),
            message,
            id,
            content,
            attempts: u32::try_from(delivered.saturating_sub(others)).unwrap_or_default(),
            is_settled: false,
        })
    }

    pub(in crate::queue) fn id(&self) -> Arc<str> {
        Arc::clone(&self.id)
    }

    pub(in crate::queue) fn content(&self) -> &Content {
        &self.content
    }

    /// Returns the attempts that have failed.
    pub(in crate::queue) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Removes the message, and returns once the server has done so.
    ///
    /// # Errors
    ///
    /// `Unavailable` without an answer of the server: the message may come again.
    pub(in crate::queue) async fn remove(mut self) -> Result<(), Error> {
        self.is_settled = true;
        let acknowledged = self.message.double_ack().await;
        acknowledged.map_err(|error| unavailable(&*error))
    }

    /// Has the server deliver the message again after a delay.
    ///
    /// # Errors
    ///
    /// `Unavailable` if the server cannot be told: the message comes again by itself.
    pub(in crate::queue) async fn put_back(mut self, delay: Duration) -> Result<(), Error> {
        self.is_settled = true;
        let delay = (!delay.is_zero()).then_some(delay);
        let told = self.message.ack_with(AckKind::Nak(delay)).await;
        told.map_err(|error| unavailable(&*error))
    }

    pub(in crate::queue) async fn later(self, delay: Duration) {
        // It comes again in any case.
        let _ = self.put_back(delay).await;
    }

    /// Has the server deliver the message again at once.
    pub(in crate::queue) async fn cut(self) {
        self.later(Duration::ZERO).await;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.keeper.abort();
        if !self.is_settled
            && let Ok(tokio) = Handle::try_current()
        {
            let message = Arc::clone(&self.message);
            tokio.spawn(async move { note(message.ack_with(AckKind::Nak(None)).await) });
        }
    }
}

/// Tells the server again and again that a message is worked on.
fn keep(message: Arc<Message>) -> AbortHandle {
    let keeper = tokio::spawn(async move {
        loop {
            tokio::time::sleep(ACK_WAIT / 3).await;
            note(message.ack_with(AckKind::Progress).await);
        }
    });
    keeper.abort_handle()
}

/// Notes that the server could not be told: it delivers the message again by itself.
fn note(told: Result<(), async_nats::Error>) {
    if let Err(error) = told {
        tracing::debug!("a message of a queue could not be returned: {error}");
    }
}

fn unavailable(error: &(dyn std::error::Error + Send + Sync)) -> Error {
    let message = format!("the server of the queue does not answer: {error}");
    Error::new(Kind::Unavailable, message)
}

fn number(headers: &HeaderMap, name: &str) -> Option<u128> {
    headers.get(name)?.as_str().parse().ok()
}

/// Reads headers and value of a message; `None` for one that claims to be of a runtime and is
/// not.
fn content(message: &Message) -> Option<Content> {
    let headers = message.headers.as_ref();
    if headers.and_then(|headers| headers.get(MARK)).is_some() {
        return of_runtime(&message.payload);
    }
    foreign(headers, &message.payload).ok()
}

fn of_runtime(payload: &[u8]) -> Option<Content> {
    let mut input = Input::new(payload);
    let Ok(Token::Array(2)) = input.token() else {
        return None;
    };
    let (value, headers) = (input.value().ok()?, input.value().ok()?);
    let is_map = matches!(Input::new(headers).token(), Ok(Token::Map(_)));
    (is_map && input.is_empty()).then(|| Content {
        headers: headers.into(),
        value: value.into(),
    })
}

/// Makes the content of a message of another program: text, and its headers.
fn foreign(headers: Option<&HeaderMap>, payload: &[u8]) -> Result<Content, Full> {
    let mut value = Output::new();
    value.lift_limit();
    value.string(payload)?;
    let mut map = Output::new();
    map.lift_limit();
    let pairs: Vec<_> = headers.into_iter().flat_map(HeaderMap::iter).collect();
    map.map(u32::try_from(pairs.len()).unwrap_or(u32::MAX))?;
    for (name, values) in pairs {
        let name: &[u8] = name.as_ref();
        map.string(name)?;
        let first = values.first().map_or("", |value| value.as_str());
        map.string(first.as_bytes())?;
    }
    Ok(Content {
        headers: map.as_slice().into(),
        value: value.as_slice().into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_a_runtime_is_read_back_and_nothing_else() {
        let content = of_runtime(b"\x92\x07\x80").unwrap();
        assert_eq!(
            (&*content.value, &*content.headers),
            (&b"\x07"[..], &b"\x80"[..])
        );
        for wrong in [
            &b""[..],
            b"\x92\x07",
            b"\x92\x07\x07",
            b"\x92\x07\x80\x01",
            b"\x91\x07",
        ] {
            assert!(of_runtime(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn a_message_of_another_program_is_text_with_its_headers() {
        let mut headers = HeaderMap::new();
        headers.insert("Kind", "order");
        let content = foreign(Some(&headers), b"hello").unwrap();
        assert_eq!(&*content.value, b"\xa5hello");
        assert_eq!(&*content.headers, b"\x81\xa4Kind\xa5order");
    }
}
