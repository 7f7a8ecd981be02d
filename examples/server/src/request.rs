//! A request, as a handler in Lua gets it.

use std::collections::BTreeMap;

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::Serialize;
use warren::Value;

/// `{ method, path, query, headers, body }`.
#[derive(Debug, Serialize)]
pub(crate) struct Request<'a> {
    method: &'a str,
    /// Behind the tenant's name, as it was sent: nothing is decoded.
    path: &'a str,
    /// Decoded; of a name that comes twice, the last.
    query: BTreeMap<String, String>,
    /// By their names in lower case. Several of one name are joined.
    headers: BTreeMap<&'a str, Value>,
    body: Value,
}

impl<'a> Request<'a> {
    /// The request of these parts for a path of a tenant's.
    pub(crate) fn new(parts: &'a Parts, path: &'a str, body: &[u8]) -> Request<'a> {
        let query = parts.uri.query().unwrap_or_default();
        Request {
            method: parts.method.as_str(),
            path,
            query: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            headers: headers(&parts.headers),
            body: string(body.to_vec()),
        }
    }
}

fn headers(headers: &HeaderMap) -> BTreeMap<&str, Value> {
    let joined = headers.keys().map(|name| {
        let between: &[u8] = if name == header::COOKIE { b"; " } else { b", " };
        let values: Vec<&[u8]> = headers
            .get_all(name)
            .iter()
            .map(|value| value.as_bytes())
            .collect();
        (name.as_str(), string(values.join(between)))
    });
    joined.collect()
}

/// A string of Lua's, which may hold any bytes.
fn string(bytes: Vec<u8>) -> Value {
    match String::from_utf8(bytes) {
        Ok(text) => Value::String(text),
        Err(error) => Value::Bytes(error.into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_of_it_is_there() {
        let (parts, ()) = axum::http::Request::builder()
            .method("PUT")
            .uri("/acme/a%20b?x=1&y=two+words&x=3")
            .header("Cookie", "a=1")
            .header("Cookie", "b=2")
            .header("Accept", "text/html")
            .header("Accept", "text/plain")
            .header("X-Old", &b"caf\xe9"[..])
            .body(())
            .unwrap()
            .into_parts();
        let request = Value::of(&Request::new(&parts, "/a%20b", b"\xff")).unwrap();
        assert_eq!(request.get("method"), Some(&"PUT".into()));
        assert_eq!(request.get("path"), Some(&"/a%20b".into()));
        let query = request.get("query").unwrap();
        assert_eq!(query.get("x"), Some(&"3".into()));
        assert_eq!(query.get("y"), Some(&"two words".into()));
        let headers = request.get("headers").unwrap();
        assert_eq!(headers.get("cookie"), Some(&"a=1; b=2".into()));
        assert_eq!(headers.get("accept"), Some(&"text/html, text/plain".into()));
        assert_eq!(
            headers.get("x-old"),
            Some(&Value::Bytes(b"caf\xe9".to_vec()))
        );
        assert_eq!(request.get("body"), Some(&Value::Bytes(vec![0xff])));
    }
}
