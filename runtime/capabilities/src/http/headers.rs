//! The fields of a request, as programs write them, and the form of names in answers.

use http::HeaderMap;
use http::header::{self, HeaderName, HeaderValue};
use warren_kernel::{Error, text};

use super::texts::{Texts, texts_of};
use crate::limit::beyond;

/// Bytes of all fields of a request or of an answer.
pub(super) const MAX_HEADERS: usize = 64 << 10;

/// Fields that the client writes itself, or that belong to the connection.
const REFUSED: [&str; 10] = [
    "connection",
    "content-length",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Returns the bytes of names and values.
pub(super) fn bytes_of(headers: &HeaderMap) -> usize {
    let fields = headers.iter();
    fields
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum()
}

/// Reads the fields of a request: an encoded table of names, each with a text or a list of
/// texts.
///
/// # Errors
///
/// `Invalid`, naming the field.
pub(super) fn read(table: &[u8]) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    let mut bytes = 0;
    for (name, values) in texts_of("options.headers", table)? {
        for value in values {
            bytes += name.len() + value.len();
            if bytes > MAX_HEADERS {
                let message = format!("options.headers is more than max_headers = {MAX_HEADERS}");
                return Err(beyond("max_headers", MAX_HEADERS, message));
            }
            add(&mut headers, &name, value.as_bytes())?;
        }
    }
    Ok(headers)
}

fn add(headers: &mut HeaderMap, name: &str, value: &[u8]) -> Result<(), Error> {
    let shown = text::quoted(name);
    let Ok(known) = HeaderName::from_bytes(name.as_bytes()) else {
        return Err(Error::invalid(format!(
            "options.headers: `{shown}` is not the name of a field"
        )));
    };
    if REFUSED.contains(&known.as_str()) {
        return Err(Error::invalid(format!(
            "options.headers: `{shown}` is not for programs: the client writes it"
        )));
    }
    let mut value = value_of(&format!("options.headers: `{shown}`"), value)?;
    value.set_sensitive(known == header::AUTHORIZATION || known == header::COOKIE);
    let added = headers.try_append(known, value);
    added.map_err(|_| Error::invalid("options.headers has too many fields"))?;
    Ok(())
}

/// Reads the value of a field.
///
/// # Errors
///
/// `Invalid` for a value that would end the field: with CR, LF, NUL or another control
/// character.
pub(super) fn value_of(what: &str, value: &[u8]) -> Result<HeaderValue, Error> {
    HeaderValue::from_bytes(value)
        .map_err(|_| Error::invalid(format!("{what} has a control character")))
}

/// Sets a field that the program has not set.
pub(super) fn set_default(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    if !headers.contains_key(&name) {
        headers.insert(name, value);
    }
}

/// Returns a name as programs read it: `Content-Type`.
pub(super) fn canonical(name: &HeaderName) -> String {
    let mut is_first = true;
    let letters = name.as_str().chars().map(|letter| {
        let shown = match is_first {
            true => letter.to_ascii_uppercase(),
            false => letter,
        };
        is_first = letter == '-';
        shown
    });
    letters.collect()
}

/// Returns the cookies that an answer sets: names and values, without their attributes.
pub(super) fn cookies(headers: &HeaderMap) -> Vec<(&[u8], &[u8])> {
    let mut cookies: Vec<(&[u8], &[u8])> = Vec::new();
    for field in headers.get_all(header::SET_COOKIE) {
        let pair = field.as_bytes().split(|byte| *byte == b';').next();
        let pair = pair.unwrap_or_default();
        let Some(at) = pair.iter().position(|byte| *byte == b'=') else {
            continue;
        };
        let (name, value) = (pair[..at].trim_ascii(), pair[at + 1..].trim_ascii());
        if name.is_empty() {
            continue;
        }
        // The later one counts, as in a browser.
        cookies.retain(|(known, _)| *known != name);
        cookies.push((name, value));
    }
    cookies
}

/// The fields that tell a server who asks. A redirect to another origin loses them.
pub(super) fn drop_credentials(headers: &mut HeaderMap) {
    for name in [
        header::AUTHORIZATION,
        header::COOKIE,
        header::PROXY_AUTHORIZATION,
    ] {
        headers.remove(name);
    }
}

/// Joins cookies of a request to the value of one field.
///
/// # Errors
///
/// `Invalid`, naming the cookie.
pub(super) fn cookie(cookies: &[(String, Texts)]) -> Result<Option<HeaderValue>, Error> {
    let mut all = String::new();
    for (name, values) in cookies {
        for value in values {
            let shown = text::quoted(name);
            let is_name = HeaderName::from_bytes(name.as_bytes()).is_ok();
            if !is_name || value.contains(';') {
                return Err(Error::invalid(format!(
                    "options.cookies: `{shown}` is not the name of a cookie, or has a value with \
                     a semicolon"
                )));
            }
            if !all.is_empty() {
                all.push_str("; ");
            }
            all.push_str(name);
            all.push('=');
            all.push_str(value);
        }
    }
    if all.is_empty() {
        return Ok(None);
    }
    if all.len() > MAX_HEADERS {
        let message = format!("options.cookies is more than max_headers = {MAX_HEADERS}");
        return Err(beyond("max_headers", MAX_HEADERS, message));
    }
    let mut field = value_of("options.cookies", all.as_bytes())?;
    field.set_sensitive(true);
    Ok(Some(field))
}

#[cfg(test)]
mod tests {
    use warren_values::Value;

    use super::*;

    fn encoded(fields: &[(&str, &str)]) -> Vec<u8> {
        let pairs = fields
            .iter()
            .map(|(name, value)| (Value::from(*name), Value::from(*value)));
        let table = Value::Map(pairs.collect());
        warren_values::to_value(&table).unwrap().as_slice().to_vec()
    }

    #[test]
    fn no_field_ends_early() {
        for value in ["a\r\nX-Evil: 1", "a\n", "a\r", "a\0b", "\x1b"] {
            let error = read(&encoded(&[("X-Test", value)])).unwrap_err();
            assert!(error.message.contains("`X-Test` has a control"), "{error}");
        }
        for name in ["a\r\nb", "a:b", "a b", "", "a\0", "ä"] {
            let error = read(&encoded(&[(name, "x")])).unwrap_err();
            assert!(error.message.contains("not the name of a field"), "{error}");
        }
    }

    #[test]
    fn fields_of_the_connection_are_refused() {
        for name in [
            "Host",
            "content-LENGTH",
            "Transfer-Encoding",
            "Connection",
            "Upgrade",
            "TE",
        ] {
            let error = read(&encoded(&[(name, "x")])).unwrap_err();
            assert!(error.message.contains(&format!("`{name}`")), "{error}");
        }
    }

    #[test]
    fn many_bytes_of_fields_are_refused() {
        let long = "x".repeat(MAX_HEADERS - 1);
        assert!(read(&encoded(&[("a", &long)])).is_ok());
        let error = read(&encoded(&[("a", &long), ("b", "")])).unwrap_err();
        assert!(error.message.contains("max_headers"), "{error}");
    }

    #[test]
    fn names_have_their_usual_form() {
        for (name, form) in [
            ("content-type", "Content-Type"),
            ("etag", "Etag"),
            ("x-a--b", "X-A--B"),
        ] {
            assert_eq!(canonical(&HeaderName::from_static(name)), form);
        }
    }

    #[test]
    fn cookies_of_an_answer_have_a_name_and_a_value() {
        let mut headers = HeaderMap::new();
        for value in ["a=1; Path=/", " b = 2 ;HttpOnly", "a=3", "=4", "c", "d="] {
            headers.append(header::SET_COOKIE, HeaderValue::from_static(value));
        }
        let cookies = cookies(&headers);
        let expected: [(&[u8], &[u8]); 3] = [(b"b", b"2"), (b"a", b"3"), (b"d", b"")];
        assert_eq!(cookies, expected);
    }

    #[test]
    fn a_cookie_ends_no_field_and_no_cookie() {
        let one = |name: &str, value: &str| cookie(&[(name.to_owned(), vec![value.to_owned()])]);
        assert_eq!(one("a", "1").unwrap().unwrap().as_bytes(), b"a=1");
        for (name, value) in [("a", "1; b=2"), ("a", "1\r\nX: y"), ("a=b", "1"), ("", "1")] {
            assert!(one(name, value).is_err(), "{name} {value}");
        }
    }
}
