//! The options of a socket, read and checked.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use url::Url;
use warren_engine::capability::Origin;
use warren_kernel::Error;

use super::socket::Times;
use crate::http::{headers, options};
use crate::limit::beyond;
use crate::request::Arguments;

/// A socket that a program wants.
pub(super) struct Wish {
    /// The URL, with the scheme of HTTP.
    pub(super) url: Url,
    pub(super) origin: Origin,
    pub(super) headers: HeaderMap,
    /// Time for the connection and the handshake.
    pub(super) dial: Duration,
    pub(super) times: Times,
    /// The most bytes of a message of the server.
    pub(super) max_message: usize,
}

/// Time for the connection and the handshake, if the program does not say.
const DIAL_TIMEOUT: Duration = Duration::from_secs(30);

/// Time for each message that is sent, if the program does not say.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// The most bytes of a message of the server, if the program does not say.
const READ_LIMIT: usize = 1 << 20;

/// The most bytes that a program may say.
const MAX_READ_LIMIT: usize = 16 << 20;

/// The most protocols that a program offers.
const MAX_PROTOCOLS: usize = 16;

/// Compression of messages that the runtime has: none.
const NO_COMPRESSION: i64 = 0;

impl Wish {
    /// Reads the arguments: URL and options.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the argument or the option.
    pub(super) fn read(request: &[u8]) -> Result<Wish, Error> {
        let mut arguments = Arguments::new(request)?;
        let url = url(arguments.text("url")?)?;
        let origin = Origin::of(url.as_str());
        let origin = origin.ok_or_else(|| Error::invalid("url has no host"))?;
        let mut options = arguments.fields("options")?;
        let mut headers = headers::read(options.value("headers"))?;
        let is_own = |name: &header::HeaderName| name.as_str().starts_with("sec-websocket-");
        if let Some(name) = headers.keys().find(|name| is_own(name)) {
            return Err(Error::invalid(format!(
                "options.headers: `{name}` is not for programs: the client writes it"
            )));
        }
        if let Some(protocols) = protocols(&options.texts("protocols")?)? {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocols);
        }
        let mut time = |name| time(name, options.integer_or(name, 0)?);
        let dial = time("dial_timeout")?.unwrap_or(DIAL_TIMEOUT);
        let times = Times {
            read: time("read_timeout")?,
            write: time("write_timeout")?.unwrap_or(WRITE_TIMEOUT),
        };
        let max_message = read_limit(options.integer_or("read_limit", READ_LIMIT as i64)?)?;
        if options.integer_or("compression", NO_COMPRESSION)? != NO_COMPRESSION {
            return Err(Error::invalid(
                "options.compression: messages are not compressed",
            ));
        }
        options.end()?;
        Ok(Wish {
            url,
            origin,
            headers,
            dial,
            times,
            max_message,
        })
    }
}

/// Reads a URL of the schemes `ws` and `wss`, and those of HTTP.
fn url(text: &str) -> Result<Url, Error> {
    let of_http = match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ws") => format!("http://{rest}"),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("wss") => format!("https://{rest}"),
        _ => text.to_owned(),
    };
    options::url(&of_http)
}

/// Reads a time in nanoseconds; none for 0.
fn time(name: &str, nanoseconds: i64) -> Result<Option<Duration>, Error> {
    match u64::try_from(nanoseconds) {
        Ok(0) => Ok(None),
        Ok(nanoseconds) => Ok(Some(Duration::from_nanos(nanoseconds))),
        Err(_) => Err(Error::invalid(format!("options.{name} is below 0"))),
    }
}

fn read_limit(bytes: i64) -> Result<usize, Error> {
    let bytes = usize::try_from(bytes).unwrap_or(0);
    match bytes {
        0 => Err(Error::invalid("options.read_limit is not above 0")),
        1..=MAX_READ_LIMIT => Ok(bytes),
        _ => {
            let message = format!("options.read_limit is above max_read_limit = {MAX_READ_LIMIT}");
            Err(beyond("max_read_limit", MAX_READ_LIMIT, message))
        }
    }
}

/// Makes the field of a request of a list of protocols.
fn protocols(list: &[String]) -> Result<Option<HeaderValue>, Error> {
    let is_token = |text: &String| {
        let is_of_token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        !text.is_empty() && text.bytes().all(is_of_token)
    };
    if list.len() > MAX_PROTOCOLS || !list.iter().all(is_token) {
        return Err(Error::invalid(
            "options.protocols: expected a list of words, 16 at most",
        ));
    }
    if list.is_empty() {
        return Ok(None);
    }
    let value = headers::value_of("options.protocols", list.join(", ").as_bytes())?;
    Ok(Some(value))
}

#[cfg(test)]
mod tests {
    use warren_values::Value;

    use super::*;

    fn read(url: &str, options: &[(&str, Value)]) -> Result<Wish, Error> {
        let options = options.iter();
        let options = options.map(|(name, value)| ((*name).into(), value.clone()));
        let options = Value::Map(options.collect());
        let request = warren_values::to_values(&(url, options)).unwrap();
        Wish::read(request.as_slice())
    }

    #[test]
    fn a_socket_has_the_origin_of_a_request() {
        let wish = read("wss://a.example/chat?x", &[]).unwrap();
        assert_eq!(wish.origin.as_str(), "https://a.example");
        assert_eq!(wish.url.as_str(), "https://a.example/chat?x");
        assert_eq!((wish.dial, wish.max_message), (DIAL_TIMEOUT, READ_LIMIT));
        assert_eq!(wish.times.read, None);
        assert_eq!(
            read("ws://a.example:81/", &[]).unwrap().origin.as_str(),
            "http://a.example:81"
        );
        let list = Value::Array(vec!["chat.v2".into(), "chat".into()]);
        let wish = read("ws://a/", &[("protocols", list)]).unwrap();
        assert_eq!(
            wish.headers[header::SEC_WEBSOCKET_PROTOCOL],
            "chat.v2, chat"
        );
    }

    #[test]
    fn other_wishes_are_refused() {
        assert!(read("ftp://a/", &[]).is_err() && read("ws:a", &[]).is_err());
        let headers = Value::Map(vec![("Sec-WebSocket-Key".into(), "x".into())]);
        for (name, value) in [
            ("headers", headers),
            ("protocols", Value::Array(vec!["a b".into()])),
            ("protocols", Value::Array(vec!["a\r\nb".into()])),
            ("dial_timeout", (-1).into()),
            ("read_limit", 0.into()),
            ("read_limit", (1_i64 << 40).into()),
            ("compression", 1.into()),
            ("other", 1.into()),
        ] {
            assert!(read("ws://a/", &[(name, value)]).is_err(), "{name}");
        }
    }
}
