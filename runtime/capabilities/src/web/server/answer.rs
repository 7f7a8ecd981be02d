//! The answers that the server makes: of its own, and of the outcomes of processes.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use warren_kernel::{Error, Outcome};
use warren_values::msgpack::{self, Input, Token};

use super::body::Served;
use super::status::{self, RETRY_AFTER};
use crate::forms;
use crate::web::exchange::Draft;
use crate::web::values_of;

/// Returns an answer of the server's own: the status, and its words.
pub(super) fn plain(status: StatusCode) -> Response<Served> {
    let words = status.canonical_reason().unwrap_or("Error");
    let mut response = Response::new(Served::whole(format!("{words}\n").into()));
    *response.status_mut() = status;
    set_type(&mut response, TEXT);
    response
}

/// Returns the answer to a request that failed: its status, and the id of the request, by
/// which the log has the reason.
pub(super) fn failure(status: StatusCode, id: &str) -> Response<Served> {
    let words = status.canonical_reason().unwrap_or("Error");
    let text = format!("{words}\nrequest {id}\n");
    let mut response = Response::new(Served::whole(text.into()));
    *response.status_mut() = status;
    set_type(&mut response, TEXT);
    if matches!(
        status,
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
    ) {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
    }
    response
}

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
const BYTES: &str = "application/octet-stream";

fn set_type(response: &mut Response<Served>, media_type: &'static str) {
    let value = HeaderValue::from_static(media_type);
    response.headers_mut().insert(header::CONTENT_TYPE, value);
}

/// Bytes of a result from which it is made an answer on a thread of its own.
const LARGE: usize = 32 << 10;

/// Returns the answer that the outcome of a process is, with the head that the process has
/// set.
///
/// # Errors
///
/// The error of the process, and `Internal` for a result that is no answer.
pub(super) async fn of_outcome(draft: Draft, outcome: &Outcome) -> Result<Response<Served>, Error> {
    let value = match outcome {
        Outcome::Failed(error) => return Err((**error).clone()),
        Outcome::Returned(None) => return Ok(with_draft(draft, Content::None)),
        Outcome::Returned(Some(value)) => value,
    };
    let made = if value.len() < LARGE {
        of_value(draft, value)
    } else {
        let value = std::sync::Arc::clone(value);
        let made = tokio::task::spawn_blocking(move || of_value(draft, &value));
        made.await
            .unwrap_or_else(|_| Err(Error::internal("it could not be read")))
    };
    // A fault of the program, and not of the client.
    made.map_err(|error| {
        Error::internal(format!(
            "the result of the process is no answer: {}",
            error.message
        ))
    })
}

/// The body of an answer.
enum Content {
    /// Nothing.
    None,
    Text(Bytes),
    Json(String),
}

fn of_value(mut draft: Draft, value: &[u8]) -> Result<Response<Served>, Error> {
    let Some(parts) = Parts::of(value) else {
        return Ok(with_draft(draft, content(value)?));
    };
    if let Some(number) = parts.status {
        draft.status = Some(status::parse(number)?);
    }
    for (name, value) in parts.headers {
        draft.set(name, &values_of("headers", value)?)?;
    }
    let content = match parts.body {
        Some(body) => content(body)?,
        None => Content::None,
    };
    Ok(with_draft(draft, content))
}

/// The parts of an answer: a table with no other fields than `status`, `headers` and `body`,
/// of which one of the first two is there and has its type.
struct Parts<'a> {
    status: Option<i64>,
    headers: Vec<(&'a [u8], &'a [u8])>,
    body: Option<&'a [u8]>,
}

impl<'a> Parts<'a> {
    fn of(value: &'a [u8]) -> Option<Parts<'a>> {
        let mut input = Input::new(value);
        let Token::Map(len @ 1..=3) = input.token().ok()? else {
            return None;
        };
        let mut parts = Parts {
            status: None,
            headers: Vec::new(),
            body: None,
        };
        let mut is_answer = false;
        for _ in 0..len {
            let name = input.token().ok()?;
            let value = input.value().ok()?;
            match (name, Input::new(value).token().ok()?) {
                (Token::String(b"status"), Token::Integer(number)) => {
                    parts.status = Some(number);
                    is_answer = true;
                }
                (Token::String(b"headers"), Token::Map(fields)) => {
                    parts.headers = fields_of(value, fields)?;
                    is_answer = true;
                }
                // A table without fields is a list to Lua.
                (Token::String(b"headers"), Token::Array(0)) => is_answer = true,
                (Token::String(b"body"), _) => parts.body = Some(value),
                _ => return None,
            }
        }
        is_answer.then_some(parts)
    }
}

fn fields_of(map: &[u8], len: u32) -> Option<Vec<(&[u8], &[u8])>> {
    let mut input = Input::new(map);
    input.token().ok()?;
    let mut fields = Vec::new();
    for _ in 0..len {
        let Token::String(name) = input.token().ok()? else {
            return None;
        };
        fields.push((name, input.value().ok()?));
    }
    Some(fields)
}

/// Returns the body that a value is. Text is itself; nil and true are nothing; an error is
/// one; everything else is JSON.
fn content(value: &[u8]) -> Result<Content, Error> {
    match Input::new(value).token() {
        Ok(Token::Nil | Token::Null | Token::Boolean(true)) => Ok(Content::None),
        Ok(Token::String(bytes)) => Ok(Content::Text(Bytes::copy_from_slice(bytes))),
        Ok(Token::Error(parts)) => {
            let message = forms::message(parts).unwrap_or_default();
            Err(Error::internal(format!(
                "the process returned an error: {message}"
            )))
        }
        Ok(_) => match forms::json(value) {
            Ok(json) => Ok(Content::Json(json.to_string())),
            Err(why) => Err(Error::internal(format!("the result{why}"))),
        },
        Err(why) => Err(Error::internal(format!("the result is malformed: {why}"))),
    }
}

/// Makes an answer of a head and a body.
fn with_draft(draft: Draft, content: Content) -> Response<Served> {
    let Draft { status, headers } = draft;
    let (body, media_type) = match content {
        Content::None => (None, None),
        Content::Text(bytes) => {
            let is_text = msgpack::text(&bytes).is_some();
            let media_type = if is_text { TEXT } else { BYTES };
            (Some(bytes), Some(media_type))
        }
        Content::Json(json) => (Some(json.into()), Some(JSON)),
    };
    let default = match body {
        Some(_) => StatusCode::OK,
        None => StatusCode::NO_CONTENT,
    };
    let mut response = Response::new(body.map_or_else(Served::empty, Served::whole));
    *response.status_mut() = status.unwrap_or(default);
    *response.headers_mut() = headers;
    if let Some(media_type) = media_type
        && !response.headers().contains_key(header::CONTENT_TYPE)
    {
        set_type(&mut response, media_type);
    }
    response
}

#[cfg(test)]
mod tests {
    use http_body::Body as _;
    use warren_values::Value;

    use super::*;

    /// Returns the status, the type and the body of the answer that a value is.
    fn answer(draft: Draft, value: &Value) -> Result<(u16, String, String), Error> {
        let value = warren_values::to_value(value).unwrap();
        let response = of_value(draft, value.as_slice())?;
        let media_type = response.headers().get(header::CONTENT_TYPE);
        let media_type = media_type.map_or("", |value| value.to_str().unwrap());
        let media_type = media_type.to_owned();
        let status = response.status().as_u16();
        let body = response.into_body().into_bytes().unwrap();
        Ok((
            status,
            media_type,
            String::from_utf8_lossy(&body).into_owned(),
        ))
    }

    fn map(pairs: &[(&str, Value)]) -> Value {
        let pairs = pairs.iter();
        Value::Map(
            pairs
                .map(|(key, value)| ((*key).into(), value.clone()))
                .collect(),
        )
    }

    fn is(value: &Value, status: u16, media_type: &str, body: &str) {
        let expected = (status, media_type.to_owned(), body.to_owned());
        assert_eq!(answer(Draft::default(), value), Ok(expected));
    }

    #[test]
    fn a_result_is_an_answer() {
        is(&"hello".into(), 200, TEXT, "hello");
        is(&Value::Bytes(vec![0xff]), 200, BYTES, "\u{fffd}");
        is(&Value::Nil, 204, "", "");
        is(&Value::Boolean(true), 204, "", "");
        is(&Value::Boolean(false), 200, JSON, "false");
        is(&Value::Integer(7), 200, JSON, "7");
        is(&map(&[("a", Value::Integer(1))]), 200, JSON, r#"{"a":1}"#);
        is(&Value::Array(vec![1.into()]), 200, JSON, "[1]");
    }

    #[test]
    fn a_table_of_status_headers_and_body_is_the_answer_itself() {
        let headers = map(&[("Content-Type", "text/html".into()), ("X-A", "1".into())]);
        let whole = map(&[
            ("status", 201.into()),
            ("headers", headers),
            ("body", "<p>".into()),
        ]);
        is(&whole, 201, "text/html", "<p>");
        is(&map(&[("status", 404.into())]), 404, "", "");
        let json = map(&[("status", 400.into()), ("body", map(&[("a", 1.into())]))]);
        is(&json, 400, JSON, r#"{"a":1}"#);
        // These are tables of the program.
        is(
            &map(&[("status", "ok".into())]),
            200,
            JSON,
            r#"{"status":"ok"}"#,
        );
        is(&map(&[("body", "a".into())]), 200, JSON, r#"{"body":"a"}"#);
        let other = map(&[("status", 200.into()), ("total", 1.into())]);
        is(&other, 200, JSON, r#"{"status":200,"total":1}"#);
    }

    #[test]
    fn a_head_that_was_set_counts_unless_the_result_has_another() {
        let draft = || {
            let mut draft = Draft {
                status: Some(StatusCode::ACCEPTED),
                ..Draft::default()
            };
            draft.set(b"Content-Type", &[b"text/csv"]).unwrap();
            draft
        };
        let (status, media_type, _) = answer(draft(), &"a,b".into()).unwrap();
        assert_eq!((status, &*media_type), (202, "text/csv"));
        assert_eq!(answer(draft(), &Value::Nil).unwrap().0, 202);
        let other = map(&[("status", 409.into())]);
        assert_eq!(answer(draft(), &other).unwrap().0, 409);
    }

    #[test]
    fn results_that_are_no_answer_fail() {
        for value in [
            map(&[("status", 99.into())]),
            map(&[("status", 600.into())]),
            map(&[
                ("status", 200.into()),
                ("headers", map(&[("X-A", "a\r\nb".into())])),
            ]),
            map(&[("headers", map(&[("X-A", map(&[]))]))]),
        ] {
            assert!(answer(Draft::default(), &value).is_err(), "{value:?}");
        }
        let error = warren_values::Error::not_found("gone");
        let error = answer(Draft::default(), &Value::Error(Box::new(error)));
        assert!(error.unwrap_err().message.ends_with(": gone"));
    }

    #[test]
    fn an_answer_of_the_server_has_its_words_and_the_id() {
        let response = failure(StatusCode::SERVICE_UNAVAILABLE, "12ab");
        assert_eq!(response.headers()[header::RETRY_AFTER], RETRY_AFTER);
        assert_eq!(response.body().size_hint().exact(), Some(33));
        let body = response.into_body().into_bytes().unwrap();
        assert_eq!(body, "Service Unavailable\nrequest 12ab\n");
    }
}
