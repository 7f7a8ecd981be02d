//! `compress`: answers in gzip.

use std::io::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderValue, Response, StatusCode, header};
use http_body::{Body, Frame};
use warren_engine::capability::http::Body as BoxedBody;
use warren_engine::capability::web::{Compress, CompressLevel};
use warren_kernel::Error;

use super::body::Served;

/// Compresses an answer that gets smaller by it, for a client that takes gzip.
pub(super) fn compress(settings: Compress, takes_gzip: bool, response: &mut Response<Served>) {
    if !is_compressible(response) {
        return;
    }
    let headers = response.headers_mut();
    // Also for those that get the plain answer: it depends on what they take.
    headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    let length = response.body().size_hint().exact();
    let is_short = length.is_some_and(|length| length < settings.min_length);
    if !takes_gzip || is_short {
        return;
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::ACCEPT_RANGES);
    weaken(headers);
    let level = match settings.level {
        CompressLevel::Fastest => Compression::fast(),
        CompressLevel::Default => Compression::default(),
        CompressLevel::Best => Compression::best(),
    };
    response
        .body_mut()
        .replace(|body| Box::pin(Compressed::new(body, level)));
}

/// Makes the tag of an answer weak: the bytes are others than those of the plain answer.
fn weaken(headers: &mut http::HeaderMap) {
    let weak = headers.get(header::ETAG).and_then(|tag| {
        let tag = tag.to_str().ok()?;
        let weak = (!tag.starts_with("W/")).then(|| format!("W/{tag}"))?;
        HeaderValue::from_str(&weak).ok()
    });
    if let Some(weak) = weak {
        headers.insert(header::ETAG, weak);
    }
}

/// Returns true for an answer with a body whose type is worth compressing.
fn is_compressible(response: &Response<Served>) -> bool {
    let headers = response.headers();
    let has_body = !response.body().is_end_stream();
    let is_whole = response.status() != StatusCode::PARTIAL_CONTENT;
    if !has_body || !is_whole || headers.contains_key(header::CONTENT_ENCODING) {
        return false;
    }
    let media_type = headers.get(header::CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok());
    media_type.is_some_and(is_compressible_type)
}

fn is_compressible_type(media_type: &str) -> bool {
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    let media_type = media_type.to_ascii_lowercase();
    // Events are small, and must not wait for more.
    if media_type == "text/event-stream" {
        return false;
    }
    media_type.starts_with("text/")
        || media_type.ends_with("+json")
        || media_type.ends_with("+xml")
        || matches!(
            &*media_type,
            "application/json"
                | "application/javascript"
                | "application/xml"
                | "application/wasm"
                | "application/manifest+json"
        )
}

/// A body that is compressed part by part. Each part is sent on when it has come.
struct Compressed {
    body: BoxedBody,
    /// Absent once the end was sent.
    encoder: Option<GzEncoder<Vec<u8>>>,
    /// Bytes that were compressed since others of the thread had their turn.
    worked: usize,
}

/// Bytes that are compressed at once, which takes some milliseconds.
const AT_ONCE: usize = 64 << 10;

impl Compressed {
    fn new(body: BoxedBody, level: Compression) -> Compressed {
        Compressed {
            body,
            encoder: Some(GzEncoder::new(Vec::new(), level)),
            worked: 0,
        }
    }

    /// Compresses a part. Returns the bytes that are ready.
    fn part(&mut self, bytes: &[u8]) -> Result<Bytes, Error> {
        let Some(encoder) = &mut self.encoder else {
            return Ok(Bytes::new());
        };
        encoder.write_all(bytes).map_err(|error| failed(&error))?;
        encoder.flush().map_err(|error| failed(&error))?;
        Ok(std::mem::take(encoder.get_mut()).into())
    }
}

#[cold]
fn failed(error: &std::io::Error) -> Error {
    Error::internal(format!("the answer could not be compressed: {error}"))
}

impl Body for Compressed {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        loop {
            if self.encoder.is_none() {
                return Poll::Ready(None);
            }
            if self.worked >= AT_ONCE {
                self.worked = 0;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let frame = match ready!(self.body.as_mut().poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    let encoder = self.encoder.take();
                    let end = encoder.map_or_else(|| Ok(Vec::new()), GzEncoder::finish);
                    let end = end.map_err(|error| failed(&error));
                    return Poll::Ready(Some(end.map(|end| Frame::data(end.into()))));
                }
            };
            // Trailers have no place behind another coding.
            let Ok(bytes) = frame.into_data() else {
                continue;
            };
            self.worked += bytes.len();
            let part = self.part(&bytes);
            if part.as_ref().is_ok_and(Bytes::is_empty) {
                continue;
            }
            return Poll::Ready(Some(part.map(Frame::data)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn texts_are_worth_it() {
        for media_type in [
            "text/html; charset=utf-8",
            "Application/JSON",
            "image/svg+xml",
        ] {
            assert!(is_compressible_type(media_type), "{media_type}");
        }
        for media_type in ["image/png", "text/event-stream", "application/gzip", ""] {
            assert!(!is_compressible_type(media_type), "{media_type}");
        }
    }

    #[tokio::test]
    async fn a_body_comes_back_as_it_was() {
        let text = "a line of text\n".repeat(10_000);
        let body: BoxedBody = Box::pin(Served::whole(text.clone().into()));
        let mut body = Compressed::new(body, Compression::default());
        let mut all = Vec::new();
        let next = |body: &mut Compressed, cx: &mut Context<'_>| Pin::new(body).poll_frame(cx);
        while let Some(frame) = std::future::poll_fn(|cx| next(&mut body, cx)).await {
            all.extend_from_slice(&frame.unwrap().into_data().unwrap());
        }
        assert!(all.len() < text.len() / 10);
        let mut back = String::new();
        GzDecoder::new(&all[..]).read_to_string(&mut back).unwrap();
        assert_eq!(back, text);
    }

    #[test]
    fn others_have_their_turn_between_the_parts_of_a_large_body() {
        let waits = |len: usize| {
            let body: BoxedBody = Box::pin(Served::whole(vec![b'a'; len].into()));
            let mut body = Compressed::new(body, Compression::fast());
            let mut cx = Context::from_waker(std::task::Waker::noop());
            let mut waits = 0;
            loop {
                match Pin::new(&mut body).poll_frame(&mut cx) {
                    Poll::Pending => waits += 1,
                    Poll::Ready(Some(frame)) => drop(frame.unwrap()),
                    Poll::Ready(None) => return waits,
                }
            }
        };
        assert_eq!(waits(AT_ONCE - 1), 0);
        assert_eq!(waits(10 * AT_ONCE), 10);
    }
}
