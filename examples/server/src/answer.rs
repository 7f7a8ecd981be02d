//! The answer of a Lua handler.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::header::{self, HeaderName};
use axum::http::{self, HeaderValue};
use axum::response::Response;
use serde::Deserialize;
use thiserror::Error;
use warren::Value;

/// `{ status = 200, headers = { ... }, body = "..." }`; each may be absent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: Value,
}

/// The reason why a handler's value is not an answer.
#[derive(Debug, Error)]
pub(crate) enum NoAnswer {
    #[error("status {0} is none of 200 to 599")]
    Status(u16),
    #[error("the body is no string")]
    Body,
    #[error("`{0}` is the server's to set")]
    ServersOwn(HeaderName),
    #[error(transparent)]
    Http(#[from] http::Error),
}

/// Headers about the end of a message and the state of its connection, which
/// the server sets.
const SERVERS_OWN: [HeaderName; 4] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

impl Answer {
    /// Converts to HTTP. A body without a type is text.
    pub(crate) fn into_response(self) -> Result<Response, NoAnswer> {
        if !(200..600).contains(&self.status) {
            return Err(NoAnswer::Status(self.status));
        }
        let body = match self.body {
            Value::Nil => Body::empty(),
            Value::String(text) => Body::from(text),
            Value::Bytes(bytes) => Body::from(bytes),
            _ => return Err(NoAnswer::Body),
        };
        let mut builder = http::Response::builder().status(self.status);
        for (name, value) in self.headers {
            builder = builder.header(name, value);
        }
        let mut response = builder.body(body)?;
        let headers = response.headers_mut();
        if let Some(name) = SERVERS_OWN.iter().find(|name| headers.contains_key(*name)) {
            return Err(NoAnswer::ServersOwn(name.clone()));
        }
        headers
            .entry(header::CONTENT_TYPE)
            .or_insert(HeaderValue::from_static("text/plain; charset=utf-8"));
        Ok(response)
    }
}

fn ok() -> u16 {
    200
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(json: serde_json::Value) -> Result<Response, NoAnswer> {
        Value::of(&json)
            .unwrap()
            .to::<Answer>()
            .unwrap()
            .into_response()
    }

    #[test]
    fn each_part_may_be_absent() {
        let empty = answer(serde_json::json!({})).unwrap();
        assert_eq!(empty.status(), 200);
        assert_eq!(empty.headers()["content-type"], "text/plain; charset=utf-8");
        let full = serde_json::json!({
            "status": 404, "headers": { "Content-Type": "text/html" }, "body": "<p>",
        });
        let full = answer(full).unwrap();
        assert_eq!(full.status(), 404);
        assert_eq!(full.headers()["content-type"], "text/html");
    }

    #[test]
    fn an_answer_that_breaks_http_is_refused() {
        for (json, why) in [
            (serde_json::json!({ "status": 101 }), "status 101"),
            (serde_json::json!({ "status": 600 }), "status 600"),
            (serde_json::json!({ "body": 7 }), "the body is no string"),
            (
                serde_json::json!({ "headers": { "Content-Length": "1" } }),
                "`content-length` is the server's",
            ),
            (serde_json::json!({ "headers": { "a b": "" } }), "invalid"),
            (
                serde_json::json!({ "headers": { "a": "b\r\nc: d" } }),
                "failed",
            ),
        ] {
            let error = answer(json).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
        let nonsense = Value::of(&serde_json::json!({ "status": "fine" })).unwrap();
        assert!(nonsense.to::<Answer>().is_err());
    }
}
