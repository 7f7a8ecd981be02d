//! The limit behind an error.

use crate::Error;
use crate::msgpack::{Full, Input, Malformed, Output, Token};

/// A limit that has refused a call or ended a process, as the details of the error name it:
/// `{limit, value, host}`.
///
/// ```
/// use warren_values::{Error, Limit, kind};
///
/// # fn example(error: &Error) {
/// match error.limit() {
///     Some(Limit { name, value, .. }) if name == "max_memory" => {
///         println!("it needs more than {value} bytes");
///     }
///     Some(limit) => println!("{} = {}", limit.name, limit.value),
///     None => println!("no limit: {error}"),
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limit {
    /// The name of the limit, such as `max_memory`. `docs/limits.md` lists all names.
    pub name: String,
    /// The value of the limit: a number, or bytes, or nanoseconds, as the page says.
    pub value: u64,
    /// The host of the limit or, for a limit that is not of a host, of the process that has
    /// met it. Absent if a guest has met the limit before it called the runtime.
    pub host: Option<String>,
}

impl Error {
    /// Returns the limit that the error is about, if it is about one.
    pub fn limit(&self) -> Option<Limit> {
        read(&self.details).ok().flatten()
    }

    /// Sets the details of an error at a limit: `{limit, value, host}`.
    pub fn with_limit(mut self, name: &str, value: u64, host: Option<&str>) -> Self {
        let mut out = Output::new();
        // Short texts and a number fit; an error must not be lost for its details.
        if write(&mut out, name, value, host).is_ok() {
            self.details = out.as_slice().to_vec();
        }
        self
    }
}

fn write(out: &mut Output, name: &str, value: u64, host: Option<&str>) -> Result<(), Full> {
    out.map(2 + u32::from(host.is_some()))?;
    out.string(b"limit")?;
    out.string(name.as_bytes())?;
    out.string(b"value")?;
    out.integer(i64::try_from(value).unwrap_or(i64::MAX))?;
    if let Some(host) = host {
        out.string(b"host")?;
        out.string(host.as_bytes())?;
    }
    Ok(())
}

/// Reads details; `None` if they name no limit.
fn read(details: &[u8]) -> Result<Option<Limit>, Malformed> {
    let mut input = Input::new(details);
    let Token::Map(len) = input.token()? else {
        return Ok(None);
    };
    let (mut name, mut value, mut host) = (None, None, None);
    for _ in 0..len {
        let key = Input::new(input.value()?).token()?;
        let field = Input::new(input.value()?).token()?;
        match (key, field) {
            (Token::String(b"limit"), Token::String(text)) => name = Some(owned(text)),
            (Token::String(b"host"), Token::String(text)) => host = Some(owned(text)),
            (Token::String(b"value"), Token::Integer(number)) => value = u64::try_from(number).ok(),
            // An integer of more than 63 bits: a limit that is none.
            (Token::String(b"value"), Token::Float(number)) if number >= i64::MAX as f64 => {
                value = Some(number as u64);
            }
            _ => {}
        }
    }
    let limit = name.zip(value);
    Ok(limit.map(|(name, value)| Limit { name, value, host }))
}

fn owned(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_name_a_limit() {
        let error = Error::invalid("too large").with_limit("max_message", 7, None);
        let limit = error.limit().unwrap();
        assert_eq!((limit.name.as_str(), limit.value), ("max_message", 7));
        assert_eq!(limit.host, None);
        let error = error.with_limit("max_message", 8, Some("a:b"));
        let limit = error.limit().unwrap();
        assert_eq!((limit.value, limit.host.as_deref()), (8, Some("a:b")));
        let mut out = Output::new();
        out.map(4).unwrap();
        for (key, value) in [("host", "a:b"), ("limit", "max_links"), ("queue", "inbox")] {
            out.string(key.as_bytes()).unwrap();
            out.string(value.as_bytes()).unwrap();
        }
        out.string(b"value").unwrap();
        out.float(1e30).unwrap();
        let error = Error {
            details: out.as_slice().to_vec(),
            ..Error::rate_limited("too many")
        };
        let limit = error.limit().unwrap();
        assert_eq!((&*limit.name, limit.value), ("max_links", u64::MAX));
        assert_eq!(limit.host.as_deref(), Some("a:b"));
    }

    #[test]
    fn other_details_name_none() {
        for details in [&b""[..], b"\x07", b"\x81\xa5limit\xa1x", b"\x81", b"\x90"] {
            let error = Error {
                details: details.to_vec(),
                ..Error::internal("a bug")
            };
            assert_eq!(error.limit(), None);
        }
    }
}
