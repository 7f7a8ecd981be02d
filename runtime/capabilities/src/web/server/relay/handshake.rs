//! The handshake of a WebSocket.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version, header};
use hyper::upgrade::OnUpgrade;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// The request of a client for a WebSocket.
pub(super) struct Handshake {
    accept: String,
    /// The connection, once the answer was sent.
    pub(super) upgrade: OnUpgrade,
}

/// Bytes of the key of a client.
const KEY: usize = 16;

impl Handshake {
    /// Takes the handshake out of a request; `None` for another request.
    pub(super) fn take(parts: &mut Parts) -> Option<Handshake> {
        let accept = accept_of(parts)?;
        let upgrade = parts.extensions.remove()?;
        Some(Handshake { accept, upgrade })
    }

    /// Writes the header fields of the answer.
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        if let Ok(accept) = HeaderValue::from_str(&self.accept) {
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        }
    }
}

/// Returns the answer to the key of a handshake that is sound.
fn accept_of(parts: &Parts) -> Option<String> {
    let headers = &parts.headers;
    // Bytes of a body would be taken for frames.
    let has_body = headers.contains_key(header::TRANSFER_ENCODING)
        || headers
            .get(header::CONTENT_LENGTH)
            .is_some_and(|length| length != "0");
    let is_upgrade = parts.method == Method::GET
        && parts.version == Version::HTTP_11
        && !has_body
        && has(headers, &header::UPGRADE, "websocket")
        && has(headers, &header::CONNECTION, "upgrade")
        && headers
            .get(header::SEC_WEBSOCKET_VERSION)
            .is_some_and(|version| version == "13");
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?.as_bytes();
    let is_key = BASE64.decode(key).is_ok_and(|key| key.len() == KEY);
    (is_upgrade && is_key).then(|| derive_accept_key(key))
}

/// Returns true if a list in header fields has a word.
fn has(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    let mut words = texts.flat_map(|text| text.split(','));
    words.any(|other| other.trim().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    /// The handshake of RFC 6455, with one header field in another form.
    fn accept(changed: (&str, &str)) -> Option<String> {
        let mut request = Request::builder().uri("/chat");
        for (name, value) in [
            ("upgrade", "websocket"),
            ("connection", "keep-alive, Upgrade"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ] {
            let value = if name == changed.0 { changed.1 } else { value };
            request = request.header(name, value);
        }
        if changed.0.starts_with("content") {
            request = request.header(changed.0, changed.1);
        }
        accept_of(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn the_key_is_answered() {
        let answer = Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".to_owned());
        assert_eq!(accept(("", "")), answer);
        assert_eq!(accept(("upgrade", "WebSocket")), answer);
        assert_eq!(accept(("content-length", "0")), answer);
        for changed in [
            ("upgrade", "h2c"),
            ("connection", "keep-alive"),
            ("sec-websocket-version", "8"),
            ("content-length", "1"),
            ("sec-websocket-key", "short"),
            ("sec-websocket-key", ""),
        ] {
            assert_eq!(accept(changed), None, "{changed:?}");
        }
    }
}
