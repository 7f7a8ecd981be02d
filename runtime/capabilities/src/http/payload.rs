//! The bodies of requests.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use warren_engine::capability::http::Body as AnyBody;
use warren_kernel::Error;

/// The body of a request, in parts.
#[derive(Default)]
pub(super) struct Payload(VecDeque<Part>);

/// A part of a body.
pub(super) enum Part {
    Bytes(Bytes),
    Stream(Source),
}

/// The bytes of a stream.
pub(super) type Source = Pin<Box<dyn Read + Send>>;

/// Finds a stream of the process by its number.
pub(super) type Streams<'a> = dyn FnMut(i64) -> Result<Source, Error> + 'a;

/// Yields the bytes of a stream, part by part.
pub(super) trait Read {
    /// Reads the next bytes; `None` at the end.
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>>;
}

impl Payload {
    /// Makes the body of these parts.
    pub(super) fn new(parts: impl IntoIterator<Item = Part>) -> Payload {
        Payload(parts.into_iter().collect())
    }

    /// Makes the body of these bytes.
    pub(super) fn of(bytes: impl Into<Bytes>) -> Payload {
        Payload::new([Part::Bytes(bytes.into())])
    }

    /// Returns the bytes that are in memory.
    pub(super) fn memory(&self) -> usize {
        self.0.iter().map(Part::len).sum()
    }

    /// Returns the same body, if it can be sent again: if it has no stream.
    pub(super) fn again(&self) -> Option<Payload> {
        let parts = self.0.iter().map(|part| match part {
            Part::Bytes(bytes) => Some(Part::Bytes(bytes.clone())),
            Part::Stream(_) => None,
        });
        parts.collect::<Option<_>>().map(Payload)
    }

    /// Returns the body in the form that requests have.
    pub(super) fn into_body(self) -> AnyBody {
        Box::pin(self)
    }
}

impl Part {
    fn len(&self) -> usize {
        match self {
            Part::Bytes(bytes) => bytes.len(),
            Part::Stream(_) => 0,
        }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        loop {
            match self.0.front_mut() {
                None => return Poll::Ready(None),
                Some(Part::Bytes(bytes)) => {
                    let bytes = std::mem::take(bytes);
                    self.0.pop_front();
                    if !bytes.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(bytes))));
                    }
                }
                Some(Part::Stream(stream)) => {
                    match std::task::ready!(stream.as_mut().poll_next(cx)) {
                        Some(read) => return Poll::Ready(Some(read.map(Frame::data))),
                        None => {
                            self.0.pop_front();
                        }
                    }
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.iter().all(|part| match part {
            Part::Bytes(bytes) => bytes.is_empty(),
            Part::Stream(_) => false,
        })
    }

    fn size_hint(&self) -> SizeHint {
        let bytes = self.memory() as u64;
        let has_stream = self.0.iter().any(|part| matches!(part, Part::Stream(_)));
        if !has_stream {
            return SizeHint::with_exact(bytes);
        }
        let mut hint = SizeHint::new();
        hint.set_lower(bytes);
        hint
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    /// Yields its parts, and waits before each.
    struct Slow(VecDeque<&'static str>, bool);

    impl Read for Slow {
        fn poll_next(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Bytes, Error>>> {
            self.1 = !self.1;
            if self.1 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(self.0.pop_front().map(|part| Ok(Bytes::from(part))))
        }
    }

    fn bytes(text: &'static str) -> Part {
        Part::Bytes(Bytes::from(text))
    }

    #[tokio::test]
    async fn parts_come_in_order() {
        let slow = Slow(["b", "c"].into(), false);
        let payload = Payload::new([
            bytes("a"),
            bytes(""),
            Part::Stream(Box::pin(slow)),
            bytes("d"),
        ]);
        assert!(payload.again().is_none());
        assert_eq!(payload.size_hint().lower(), 2);
        assert_eq!(payload.size_hint().exact(), None);
        let collected = payload.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(collected, "abcd");
    }

    #[tokio::test]
    async fn bytes_have_a_length_and_can_be_sent_again() {
        let payload = Payload::of("abc");
        assert_eq!(payload.size_hint().exact(), Some(3));
        let again = payload.again().unwrap();
        for payload in [payload, again] {
            let collected = payload.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(collected, "abc");
        }
        let empty = Payload::default();
        assert!(empty.is_end_stream() && empty.size_hint().exact() == Some(0));
    }
}
