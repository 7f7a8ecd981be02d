//! The answer of a request, encoded as its body comes.
//!
//! The body is the last field, behind a length of fixed size, so it is written once.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use url::Url;
use warren_engine::capability::Charge;
use warren_kernel::Error;
use warren_values::msgpack::{Full, Output};

use super::headers::{canonical, cookies};

/// An answer whose body is still coming.
pub(super) struct Growing {
    bytes: Vec<u8>,
    /// The place of the body.
    at: usize,
}

/// The head of an answer.
pub(super) struct Head<'a> {
    pub(super) status: StatusCode,
    pub(super) headers: &'a HeaderMap,
    /// The URL that answered.
    pub(super) url: &'a Url,
}

/// The format of bytes with a length of 32 bits.
const BIN_32: u8 = 0xc6;

/// Nil, encoded.
const NIL: u8 = 0xc0;

/// The least bytes by which an answer grows.
const GROWTH: usize = 64 << 10;

impl Growing {
    /// Writes the head of an answer, and begins its body.
    ///
    /// # Errors
    ///
    /// `Internal` if there is no memory.
    pub(super) fn begin(head: &Head<'_>) -> Result<Growing, Error> {
        let mut bytes = head.encode(None)?;
        bytes.push(BIN_32);
        bytes.extend([0; 4]);
        Ok(Growing {
            at: bytes.len(),
            bytes,
        })
    }

    /// Adds bytes of the body, which the process is charged for first.
    ///
    /// # Errors
    ///
    /// `RateLimited` beyond the process's memory.
    pub(super) fn add(&mut self, part: &Bytes, charge: &Charge) -> Result<(), Error> {
        self.reserve(part.len(), charge)?;
        self.bytes.extend_from_slice(part);
        Ok(())
    }

    /// Makes room for bytes of the body.
    ///
    /// # Errors
    ///
    /// As [`Growing::add`].
    pub(super) fn reserve(&mut self, more: usize, charge: &Charge) -> Result<(), Error> {
        let needed = self.bytes.len().saturating_add(more);
        if needed <= self.bytes.capacity() {
            return Ok(());
        }
        // By half: the copies of a long body cost less than reading it.
        let grown = self.bytes.capacity() + (self.bytes.capacity() / 2).max(GROWTH);
        let capacity = grown.max(needed);
        let added = capacity - self.bytes.capacity();
        charge.grow(added)?;
        self.bytes
            .try_reserve_exact(capacity - self.bytes.len())
            .map_err(|_| Error::internal("no memory for the body of the answer"))
    }

    /// Returns the bytes of the body so far.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// Returns the answer.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let len = self.len();
        match u32::try_from(len) {
            Ok(0) => {
                self.bytes.truncate(self.at - 5);
                self.bytes.push(NIL);
            }
            // The limit of bodies is far below 4 GiB.
            Ok(len) => self.bytes[self.at - 4..self.at].copy_from_slice(&len.to_be_bytes()),
            Err(_) => self.bytes.truncate(self.at),
        }
        self.bytes
    }
}

impl Head<'_> {
    /// Encodes an answer whose body is a stream of the process.
    ///
    /// # Errors
    ///
    /// `Internal` if there is no memory.
    pub(super) fn with_stream(&self, number: u32) -> Result<Vec<u8>, Error> {
        self.encode(Some(number))
    }

    /// Encodes the head: a map of `status`, `url`, `headers` (a list of pairs of name and
    /// value), `cookies` (a map), and `stream` or `body`. The value of the latter is to follow.
    fn encode(&self, stream: Option<u32>) -> Result<Vec<u8>, Error> {
        let mut output = Output::new();
        output.lift_limit();
        self.write(&mut output, stream)
            .map_err(|_| Error::internal("no memory for the head of the answer"))?;
        Ok(output.as_slice().to_vec())
    }

    fn write(&self, out: &mut Output, stream: Option<u32>) -> Result<(), Full> {
        out.map(5)?;
        out.string(b"status")?;
        out.integer(self.status.as_u16().into())?;
        out.string(b"url")?;
        out.string(self.url.as_str().as_bytes())?;
        out.string(b"headers")?;
        out.array(u32::try_from(self.headers.len()).unwrap_or(u32::MAX))?;
        for (name, value) in self.headers {
            out.array(2)?;
            out.string(canonical(name).as_bytes())?;
            out.string(value.as_bytes())?;
        }
        let cookies = cookies(self.headers);
        out.string(b"cookies")?;
        out.map(u32::try_from(cookies.len()).unwrap_or(u32::MAX))?;
        for (name, value) in cookies {
            out.string(name)?;
            out.string(value)?;
        }
        match stream {
            None => out.string(b"body"),
            Some(number) => {
                out.string(b"stream")?;
                out.integer(number.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use http::header::{HeaderName, HeaderValue};
    use warren_values::Value;

    use super::*;

    fn read(bytes: &[u8]) -> Value {
        warren_values::from_value(bytes).unwrap()
    }

    fn answer(parts: &[&'static str]) -> (Value, usize) {
        let mut headers = HeaderMap::new();
        for (name, value) in [("x-a", "1"), ("set-cookie", "s=7; Path=/"), ("x-a", "2")] {
            let name = HeaderName::from_static(name);
            headers.append(name, HeaderValue::from_static(value));
        }
        let url = Url::parse("http://a.org/x").unwrap();
        let head = Head {
            status: StatusCode::NOT_FOUND,
            headers: &headers,
            url: &url,
        };
        let mut growing = Growing::begin(&head).unwrap();
        let charge = Charge::new(|_| Ok(()));
        for part in parts {
            growing.add(&Bytes::from(*part), &charge).unwrap();
        }
        let len = growing.len();
        (read(&growing.finish()), len)
    }

    #[test]
    fn an_answer_is_a_map() {
        let (value, len) = answer(&["ab", "c"]);
        assert_eq!(len, 3);
        assert_eq!(value.get("status"), Some(&Value::Integer(404)));
        assert_eq!(value.get("url"), Some(&"http://a.org/x".into()));
        assert_eq!(value.get("body"), Some(&"abc".into()));
        let cookies = Value::Map(vec![("s".into(), "7".into())]);
        assert_eq!(value.get("cookies"), Some(&cookies));
        let Some(Value::Array(headers)) = value.get("headers") else {
            panic!("{value:?}");
        };
        assert!(headers.contains(&vec!["X-A", "2"].into()), "{headers:?}");
        assert_eq!(headers.len(), 3);
        let (empty, _) = answer(&[]);
        assert_eq!(empty.get("body"), Some(&Value::Nil));
    }

    #[test]
    fn the_process_is_charged_before_bytes_are_held() {
        let headers = HeaderMap::new();
        let url = Url::parse("http://a.org/x").unwrap();
        let head = Head {
            status: StatusCode::OK,
            headers: &headers,
            url: &url,
        };
        let mut growing = Growing::begin(&head).unwrap();
        let full = Charge::new(|_| Err(Error::internal("full")));
        let part = Bytes::from(vec![0; 1 << 20]);
        assert_eq!(growing.add(&part, &full).unwrap_err().message, "full");
        assert_eq!(growing.len(), 0);
        let charged = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = std::sync::Arc::clone(&charged);
        let charge = Charge::new(move |bytes| {
            counted.fetch_add(bytes, std::sync::atomic::Ordering::SeqCst);
            Ok(())
        });
        for _ in 0..8 {
            growing.add(&part, &charge).unwrap();
        }
        let charged = charged.load(std::sync::atomic::Ordering::SeqCst);
        assert!((8 << 20..13 << 20).contains(&charged), "{charged}");
    }
}
