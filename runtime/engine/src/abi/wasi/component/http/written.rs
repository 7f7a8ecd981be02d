//! Bodies that a component writes, on their way to their reader.

use std::sync::Arc;

use http::{HeaderMap, header};
use warren_kernel::{Error, Kind};

use super::pipe::{Pipe, Reader};
use super::{Http, Open};

/// The direction of a body, which its error codes tell.
#[derive(Clone, Copy)]
pub(super) enum Direction {
    Request,
    Response,
}

/// The body of a request or a response that was not sent yet.
pub(super) struct Unsent {
    pub(super) direction: Direction,
    /// Present once the component has asked for the body.
    pub(super) reader: Option<Reader>,
}

/// The body of a request or a response, as the component writes it.
pub(super) struct Written {
    pub(super) pipe: Arc<Pipe>,
    pub(super) direction: Direction,
    /// The number of bytes that the header fields promise.
    pub(super) length: Option<u64>,
    /// True once the component has its stream.
    pub(super) is_streamed: bool,
    /// Counts the body against the limit of bodies.
    pub(super) open: Arc<Open>,
}

impl Unsent {
    pub(super) fn new(direction: Direction) -> Unsent {
        Unsent {
            direction,
            reader: None,
        }
    }

    /// Makes the body that the component writes. `None` if it has it, if the length in the
    /// header fields is none, or at the limit of bodies.
    pub(super) fn body(&mut self, headers: &HeaderMap, http: &Http) -> Option<Written> {
        if self.reader.is_some() {
            return None;
        }
        let length = length(headers).ok()?;
        let open = http.body()?;
        let pipe = Arc::new(Pipe::default());
        self.reader = Some(Reader::new(Arc::clone(&pipe), length));
        Some(Written {
            pipe,
            direction: self.direction,
            length,
            is_streamed: false,
            open,
        })
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        // Ignored if the body was finished.
        let message = "the component ended before its body was complete";
        self.pipe.finish(Err(Error::new(Kind::Canceled, message)));
    }
}

/// Returns the length of the body that header fields promise.
pub(super) fn length(headers: &HeaderMap) -> Result<Option<u64>, ()> {
    let mut values = headers.get_all(header::CONTENT_LENGTH).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let digits = value.to_str().map_err(drop)?;
    let are_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits || values.next().is_some() {
        return Err(());
    }
    digits.parse().map(Some).map_err(drop)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(lengths: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for length in lengths {
            headers.append(header::CONTENT_LENGTH, HeaderValue::from_static(length));
        }
        headers
    }

    #[test]
    fn a_length_is_one_number() {
        assert_eq!(length(&of(&[])), Ok(None));
        assert_eq!(length(&of(&["12"])), Ok(Some(12)));
        for wrong in [&["1", "1"][..], &[""], &["-1"], &["+1"], &["1,1"], &["0x1"]] {
            assert_eq!(length(&of(wrong)), Err(()), "{wrong:?}");
        }
        let beyond = "18446744073709551616";
        assert_eq!(length(&of(&[beyond])), Err(()));
    }

    #[test]
    fn bodies_are_limited() {
        let http = Http::default();
        let mut unsent: Vec<_> = (0..=super::super::MAX_BODIES)
            .map(|_| Unsent::new(Direction::Response))
            .collect();
        let bodies: Vec<_> = unsent
            .iter_mut()
            .map_while(|unsent| unsent.body(&HeaderMap::new(), &http))
            .collect();
        assert_eq!(bodies.len(), super::super::MAX_BODIES);
        drop(bodies);
        let mut one = Unsent::new(Direction::Response);
        assert!(one.body(&HeaderMap::new(), &http).is_some());
    }
}
