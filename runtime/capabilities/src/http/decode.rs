//! The bodies of answers, decoded part by part.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder};
use bytes::{Buf as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt as _, ReadBuf};
use warren_engine::capability::Charge;
use warren_kernel::Error;

use super::failure;

/// The body of an answer.
pub(super) struct AnswerBody {
    source: Source,
    /// The text of the origin that it comes from.
    origin: String,
}

enum Source {
    /// Parts as they come.
    Plain(Incoming),
    Gzip(Box<GzipDecoder<Parts>>),
    Brotli(Box<BrotliDecoder<Parts>>),
    /// There is no body.
    Empty,
}

/// Bytes that a decoder makes at a time.
const PART: usize = 32 << 10;

/// The encodings that are decoded.
#[derive(Clone, Copy)]
pub(super) enum Decode<'a> {
    Nothing,
    /// The one that needs little memory.
    Gzip,
    /// All, charged for the memory that they need.
    All(&'a Charge),
}

impl AnswerBody {
    /// Begins the body of an answer. If it is decoded, the fields that tell of its encoding are
    /// removed.
    ///
    /// # Errors
    ///
    /// `Unavailable` if the server fails; `RateLimited` beyond the process's memory.
    pub(super) async fn begin(
        mut body: Incoming,
        headers: &mut HeaderMap,
        decode: Decode<'_>,
        origin: &str,
    ) -> Result<AnswerBody, Error> {
        let encoding = headers.get(header::CONTENT_ENCODING);
        let encoding = encoding.map_or(&b""[..], HeaderValue::as_bytes);
        let is = |name: &[u8]| encoding.eq_ignore_ascii_case(name);
        let charge = match decode {
            Decode::All(charge) if is(b"br") => Some(charge),
            Decode::Gzip | Decode::All(_) if is(b"gzip") || is(b"x-gzip") => None,
            _ => return Ok(AnswerBody::new(Source::Plain(body), origin)),
        };
        if body.is_end_stream() {
            return Ok(AnswerBody::new(Source::Plain(body), origin));
        }
        headers.remove(header::CONTENT_ENCODING);
        headers.remove(header::CONTENT_LENGTH);
        let first = next(&mut body).await;
        let source = match first.map_err(|error| failure::of(&error, origin))? {
            // No decoder takes nothing for a text.
            None => Source::Empty,
            Some(part) => match charge {
                None => Source::Gzip(Box::new(GzipDecoder::new(Parts { body, part }))),
                Some(charge) => {
                    charge.grow(window(part.first().copied().unwrap_or_default()))?;
                    Source::Brotli(Box::new(BrotliDecoder::new(Parts { body, part })))
                }
            },
        };
        Ok(AnswerBody::new(source, origin))
    }

    fn new(source: Source, origin: &str) -> AnswerBody {
        AnswerBody {
            source,
            origin: origin.to_owned(),
        }
    }

    /// Returns the length, if it is known: that of a body which is not decoded.
    pub(super) fn length(&self) -> Option<u64> {
        match &self.source {
            Source::Plain(body) => body.size_hint().exact(),
            Source::Empty => Some(0),
            Source::Gzip(_) | Source::Brotli(_) => None,
        }
    }

    /// Reads the next bytes, at least one; `None` at the end.
    ///
    /// # Errors
    ///
    /// `Unavailable` if the server fails, or its body cannot be decoded.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let read = match &mut self.source {
            Source::Plain(body) => {
                let read = next(body).await;
                return read.map_err(|error| failure::of(&error, &self.origin));
            }
            Source::Gzip(decoder) => decoded(decoder).await,
            Source::Brotli(decoder) => decoded(decoder).await,
            Source::Empty => Ok(None),
        };
        read.map_err(|error| failure::of(&error, &self.origin))
    }
}

/// Returns the bytes of the window that a text of Brotli needs, by its first byte (RFC 7932,
/// 9.1).
fn window(first: u8) -> usize {
    let bits = match (first & 1, (first >> 1) & 7, (first >> 4) & 7) {
        (0, ..) => 16,
        (_, 0, 0) => 17,
        (_, 0, few) => 8 + few,
        (_, many, _) => 17 + many,
    };
    1 << bits
}

/// Reads the next part of a body that has bytes.
async fn next(body: &mut Incoming) -> Result<Option<Bytes>, hyper::Error> {
    while let Some(frame) = body.frame().await {
        // Trailers, which follow the bytes, are dropped.
        if let Ok(part) = frame?.into_data()
            && !part.is_empty()
        {
            return Ok(Some(part));
        }
    }
    Ok(None)
}

/// Decodes the next bytes.
async fn decoded(decoder: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Bytes>> {
    let mut part = BytesMut::with_capacity(PART);
    match decoder.read_buf(&mut part).await? {
        0 => Ok(None),
        _ => Ok(Some(part.freeze())),
    }
}

/// The encoded parts of a body, for a decoder.
struct Parts {
    body: Incoming,
    part: Bytes,
}

impl AsyncBufRead for Parts {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        while this.part.is_empty() {
            match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                None => break,
                Some(frame) => {
                    if let Ok(part) = frame.map_err(io::Error::other)?.into_data() {
                        this.part = part;
                    }
                }
            }
        }
        Poll::Ready(Ok(&this.part[..]))
    }

    fn consume(self: Pin<&mut Self>, bytes: usize) {
        let part = &mut self.get_mut().part;
        part.advance(bytes.min(part.len()));
    }
}

impl AsyncRead for Parts {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let bytes = {
            let part = ready!(self.as_mut().poll_fill_buf(cx))?;
            let bytes = part.len().min(buffer.remaining());
            buffer.put_slice(&part[..bytes]);
            bytes
        };
        self.consume(bytes);
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_brotli_tells_the_size_of_its_window() {
        // Bits of the examples of RFC 7932, the least significant first.
        for (first, bits) in [(0b0, 16), (0b0000_0001, 17), (0b0011, 18), (0b1111, 24)] {
            assert_eq!(window(first), 1 << bits, "{first:b}");
        }
        assert_eq!(window(0b0010_0001), 1 << 10);
        assert_eq!(window(0b0111_0001), 1 << 15);
    }
}
