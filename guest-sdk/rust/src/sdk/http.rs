//! Requests over HTTP to granted origins.
//!
//! The manifest grants origins (`http` in `[grants]`) to definitions. `docs/web.md` of the
//! runtime describes the client.
//!
//! ```no_run
//! use std::time::Duration;
//! use warren_guest::{Error, http};
//!
//! # fn example() -> Result<(), Error> {
//! let answer = http::post("https://api.example.com/orders")
//!     .header("X-Request-Id", "7")
//!     .json(&[("tea", 3)])
//!     .timeout(Duration::from_secs(5))
//!     .send()?;
//! if answer.status() == 201 {
//!     println!("{}", answer.text()?);
//! }
//! # Ok(()) }
//! ```
//!
//! An answer of any status is an answer, not an error. [`Request::send`] waits for all of it,
//! and [`Request::stream`] yields the body piece by piece.

use core::fmt;
use core::time::Duration;
use std::collections::BTreeMap;
use std::io;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::call::call;
use super::codec::{from_value, to_value};
use super::process::nanoseconds;
use super::{Value, refusal};
use crate::Error;

/// A request of a URL, built step by step.
///
/// ```
/// use std::time::Duration;
/// use warren_guest::{http, kind};
///
/// # use warren_guest::{Error, Value, codec, mock};
/// # fn shop(_: &str, request: &[u8]) -> Result<Vec<u8>, Error> {
/// #     let (method, url, options): (String, String, Value) = codec::from_values(request)?;
/// #     assert_eq!((&*method, &*url), ("POST", "https://shop.example/orders"));
/// #     let order = Value::Array(vec!["tea".into(), 3.into()]);
/// #     assert_eq!(options.get("json"), Some(&order));
/// #     assert_eq!(options.get("timeout"), Some(&Value::Integer(5_000_000_000)));
/// #     let answer = Value::Map(vec![
/// #         ("status".into(), 201.into()),
/// #         ("url".into(), url.into()),
/// #         ("headers".into(), Value::Array(Vec::new())),
/// #         ("cookies".into(), Value::Map(Vec::new())),
/// #     ]);
/// #     Ok(codec::to_value(&answer)?.as_slice().to_vec())
/// # }
/// # mock::with(|runtime| runtime.capability = Some(shop));
/// let order = http::post("https://shop.example/orders")
///     .header("X-Request-Id", "7")
///     .json(("tea", 3))
///     .timeout(Duration::from_secs(5));
/// assert_eq!(order.send()?.status(), 201);
///
/// // An integer that cannot cross: nothing is sent.
/// let order = http::post("https://shop.example/orders").json(u64::MAX);
/// assert!(order.send().is_err_and(|error| error.is(kind::INVALID)));
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[must_use = "nothing is sent before `send` or `stream`"]
pub struct Request {
    method: String,
    url: String,
    options: Options,
    /// The stream that becomes the body.
    from: Option<Body>,
    /// The first value that could not be encoded; returned by the sending.
    mistake: Option<Error>,
}

macro_rules! methods {
    ($($name:ident $method:literal)*) => { $(
        #[doc = concat!("Begins a request ", $method, ".")]
        pub fn $name(url: impl Into<String>) -> Request {
            Request::new($method, url)
        }
    )* };
}

methods! {
    get "GET"
    head "HEAD"
    post "POST"
    put "PUT"
    patch "PATCH"
    delete "DELETE"
}

impl Request {
    /// Begins a request of any method.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Request {
            method: method.into(),
            url: url.into(),
            options: Options::default(),
            from: None,
            mistake: None,
        }
    }

    /// Adds a header field.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        add(&mut self.options.headers, name, value.into());
        self
    }

    /// Adds a parameter to the query of the URL, encoded as it needs to be.
    pub fn query(mut self, name: &str, value: impl Into<String>) -> Self {
        add(&mut self.options.query, name, value.into());
        self
    }

    /// Adds a cookie.
    pub fn cookie(mut self, name: &str, value: impl Into<String>) -> Self {
        add(&mut self.options.cookies, name, value.into());
        self
    }

    /// Sets user and password of basic authentication.
    pub fn auth(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.options.auth = Some(Auth {
            user: user.into(),
            pass: password.into(),
        });
        self
    }

    /// Sets the body. A request has one: this, JSON, a form, or the body of an answer.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.options.body = Some(Bytes(body.into()));
        self
    }

    /// Sends the body of an answer on, as it comes.
    pub fn body_of(mut self, body: Body) -> Self {
        self.options.body_stream = Some(body.stream);
        self.from = Some(body);
        self
    }

    /// Sets a body of JSON: any value that serde knows.
    pub fn json(mut self, value: impl Serialize) -> Self {
        let encoded = to_value(&value).and_then(|encoded| from_value(encoded.as_slice()));
        match encoded {
            Ok(value) => self.options.json = Some(value),
            Err(error) => {
                let mistake = || refusal(error).wrap("json");
                self.mistake.get_or_insert_with(mistake);
            }
        }
        self
    }

    /// Adds a field to a body that is a form.
    pub fn form(mut self, name: &str, value: impl Into<String>) -> Self {
        add(&mut self.options.form, name, value.into());
        self
    }

    /// Sets the time for the whole of the request, redirects and the body of the answer
    /// included; 30 seconds if it is not set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(nanoseconds(timeout));
        self
    }

    /// Sets the number of redirects that are followed, 20 at most; 10 if it is not set. With
    /// 0, the answer is the redirect.
    pub fn redirects(mut self, redirects: u32) -> Self {
        self.options.redirects = Some(redirects);
        self
    }

    /// Sets the most bytes of the body of the answer, decoded.
    pub fn max_response_body(mut self, bytes: usize) -> Self {
        self.options.max_response_body = Some(bytes);
        self
    }

    /// Sends the request, and waits for the answer with its body.
    ///
    /// # Errors
    ///
    /// `Invalid`: a URL, a field or an option that is wrong. `PermissionDenied`: the origin, or
    /// that of a redirect, is not granted, or the address is not. `Timeout`. `Unavailable`,
    /// retryable: no connection, or one that broke. `RateLimited`: a
    /// [`limit`](Error::limit) such as `max_response_body` refuses it.
    pub fn send(self) -> Result<Response, Error> {
        let answer = self.call()?;
        let body = answer.body.unwrap_or_default().0;
        Ok(Response {
            head: answer.head,
            body,
        })
    }

    /// Sends the request, and waits for the head of the answer. The body follows.
    ///
    /// ```no_run
    /// use std::io::Read as _;
    /// use warren_guest::{Error, http};
    ///
    /// # fn example() -> Result<(), Error> {
    /// let (head, mut body) = http::get("https://example.com/log").stream()?;
    /// let mut piece = [0; 1024];
    /// while head.is_success() && body.read(&mut piece)? > 0 {}
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn stream(mut self) -> Result<(Head, Body), Error> {
        self.options.stream = true;
        let answer = self.call()?;
        let stream = answer.stream;
        let stream = stream.ok_or_else(|| Error::internal("the answer has no stream"))?;
        Ok((answer.head, Body { stream }))
    }

    fn call(self) -> Result<Answer, Error> {
        if let Some(mistake) = self.mistake {
            return Err(mistake);
        }
        let answer = call("http.request", (self.method, self.url, self.options));
        // The request has taken it over, or was refused.
        drop(self.from);
        answer
    }
}

/// A request may hold secrets.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// An answer without its body.
///
/// ```
/// use warren_guest::http;
///
/// # use warren_guest::{Error, Value, codec, mock};
/// # fn shop(operation: &str, _: &[u8]) -> Result<Vec<u8>, Error> {
/// #     let answer = match operation {
/// #         "http.request" => Value::Map(vec![
/// #             ("status".into(), 200.into()),
/// #             ("url".into(), "https://shop.example/teas/green".into()),
/// #             ("headers".into(), vec![vec!["Content-Type", "text/plain"]].into()),
/// #             ("cookies".into(), Value::Map(vec![("visits".into(), "1".into())])),
/// #             ("stream".into(), 7.into()),
/// #         ]),
/// #         _ => true.into(), // `stream.drop`
/// #     };
/// #     Ok(codec::to_value(&answer)?.as_slice().to_vec())
/// # }
/// # mock::with(|runtime| runtime.capability = Some(shop));
/// let (head, body) = http::get("https://shop.example/tea").stream()?;
/// assert!(head.is_success());
/// assert_eq!(head.url(), "https://shop.example/teas/green"); // after a redirect
/// assert_eq!(head.header("content-type"), Some("text/plain"));
/// assert_eq!(head.cookie("visits"), Some("1"));
/// drop(body); // ends the request
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    status: u16,
    url: String,
    headers: Vec<(String, Vec<u8>)>,
    cookies: Vec<(String, String)>,
}

impl Head {
    /// Returns the status, such as 200.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns true for a status from 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Returns the URL that answered: the last one, after redirects.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the first header field of a name, in any case, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers();
        let (_, value) = headers.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        core::str::from_utf8(value).ok()
    }

    /// Returns all header fields, names and values.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let pairs = self.headers.iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// Returns the value of a cookie that the answer sets.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let mut cookies = self.cookies.iter();
        let (_, value) = cookies.find(|(known, _)| known == name)?;
        Some(value)
    }
}

/// An answer.
///
/// ```
/// use warren_guest::http;
///
/// # use warren_guest::{Error, Value, codec, mock};
/// # fn shop(_: &str, _: &[u8]) -> Result<Vec<u8>, Error> {
/// #     let answer = Value::Map(vec![
/// #         ("status".into(), 404.into()),
/// #         ("url".into(), "https://shop.example/coffee".into()),
/// #         ("headers".into(), vec![vec!["Content-Type", "text/plain"]].into()),
/// #         ("cookies".into(), Value::Map(Vec::new())),
/// #         ("body".into(), "no coffee".into()),
/// #     ]);
/// #     Ok(codec::to_value(&answer)?.as_slice().to_vec())
/// # }
/// # mock::with(|runtime| runtime.capability = Some(shop));
/// let answer = http::get("https://shop.example/coffee").send()?;
/// assert_eq!(answer.status(), 404);
/// assert_eq!(answer.header("content-type"), Some("text/plain"));
/// assert_eq!(answer.text()?, "no coffee");
/// assert_eq!(answer.into_body(), b"no coffee");
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    head: Head,
    body: Vec<u8>,
}

/// Status, header fields and cookies.
impl core::ops::Deref for Response {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

impl Response {
    /// Returns the body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Returns the body as the caller's own.
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }

    /// Returns the body as text.
    ///
    /// # Errors
    ///
    /// `Invalid`: it is not UTF-8.
    pub fn text(&self) -> Result<&str, Error> {
        core::str::from_utf8(&self.body)
            .map_err(|error| Error::invalid(format!("the body is not text: {error}")))
    }
}

/// The body of an answer that is still coming. Dropped, it ends the request.
///
/// ```
/// use std::io::Read as _;
/// use warren_guest::http;
///
/// # use std::sync::atomic::{AtomicBool, Ordering};
/// # use warren_guest::{Error, Value, codec, mock};
/// # static IS_READ: AtomicBool = AtomicBool::new(false);
/// # fn shop(operation: &str, _: &[u8]) -> Result<Vec<u8>, Error> {
/// #     let answer = match operation {
/// #         "http.request" => Value::Map(vec![
/// #             ("status".into(), 200.into()),
/// #             ("url".into(), "https://shop.example/teas".into()),
/// #             ("headers".into(), Value::Array(Vec::new())),
/// #             ("cookies".into(), Value::Map(Vec::new())),
/// #             ("stream".into(), 7.into()),
/// #         ]),
/// #         "stream.read" if IS_READ.swap(true, Ordering::Relaxed) => Value::Nil,
/// #         "stream.read" => "green, black".into(),
/// #         _ => true.into(), // `stream.drop`
/// #     };
/// #     Ok(codec::to_value(&answer)?.as_slice().to_vec())
/// # }
/// # mock::with(|runtime| runtime.capability = Some(shop));
/// let (_, mut body) = http::get("https://shop.example/teas").stream()?;
/// let mut teas = String::new();
/// body.read_to_string(&mut teas)?;
/// assert_eq!(teas, "green, black");
/// assert_eq!(body.chunk()?, None); // its end
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug)]
pub struct Body {
    /// The number of the stream.
    stream: u32,
}

/// The most bytes that one call reads.
const MAX_READ: usize = 64 << 10;

impl Body {
    /// Waits for the next bytes of the body, and returns as many as have come; `None` at its
    /// end.
    ///
    /// # Errors
    ///
    /// `Unavailable`: the connection broke. `Timeout`. `RateLimited`: the body is longer than
    /// `max_response_body`.
    pub fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        self.read_up_to(MAX_READ)
    }

    fn read_up_to(&self, most: usize) -> Result<Option<Vec<u8>>, Error> {
        let bytes: Option<Bytes> = call("stream.read", (self.stream, most))?;
        Ok(bytes.map(|bytes| bytes.0))
    }
}

/// The errors are those of [`Body::chunk`]: `?` makes of an error of `std::io` the [`Error`] in
/// it.
impl io::Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let bytes = self.read_up_to(buffer.len().min(MAX_READ));
        let bytes = bytes.map_err(io::Error::other)?.unwrap_or_default();
        let len = bytes.len().min(buffer.len());
        buffer[..len].copy_from_slice(&bytes[..len]);
        Ok(len)
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        // The runtime drops the streams of a process that ends, if this cannot.
        let _ = call::<bool>("stream.drop", self.stream);
    }
}

/// Texts under names.
type Texts = BTreeMap<String, Vec<String>>;

fn add(texts: &mut Texts, name: &str, value: String) {
    texts.entry(name.to_owned()).or_default().push(value);
}

/// The options of the operation. What is not set is left out.
#[derive(Default, Serialize)]
struct Options {
    #[serde(skip_serializing_if = "Texts::is_empty")]
    headers: Texts,
    #[serde(skip_serializing_if = "Texts::is_empty")]
    query: Texts,
    #[serde(skip_serializing_if = "Texts::is_empty")]
    cookies: Texts,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth: Option<Auth>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Bytes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_stream: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    json: Option<Value>,
    #[serde(skip_serializing_if = "Texts::is_empty")]
    form: Texts,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redirects: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_response_body: Option<usize>,
    stream: bool,
}

#[derive(Serialize)]
struct Auth {
    user: String,
    pass: String,
}

/// The value of the operation.
struct Answer {
    head: Head,
    body: Option<Bytes>,
    stream: Option<u32>,
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Fields {
            status: u16,
            url: String,
            headers: Vec<(String, Bytes)>,
            // A server may write names and values that are not text.
            cookies: Value,
            #[serde(default)]
            body: Option<Bytes>,
            #[serde(default)]
            stream: Option<u32>,
        }
        let fields = Fields::deserialize(deserializer)?;
        let headers = fields.headers.into_iter();
        let cookies = match fields.cookies {
            Value::Map(pairs) => pairs,
            _ => Vec::new(),
        };
        let cookies = cookies.into_iter().filter_map(|pair| match pair {
            (Value::String(name), Value::String(value)) => Some((name, value)),
            _ => None,
        });
        Ok(Answer {
            head: Head {
                status: fields.status,
                url: fields.url,
                headers: headers.map(|(name, value)| (name, value.0)).collect(),
                cookies: cookies.collect(),
            },
            body: fields.body,
            stream: fields.stream,
        })
    }
}

/// Bytes, which cross as a string.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfString;

        impl Visitor<'_> for OfString {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }
        }

        deserializer.deserialize_bytes(OfString)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use crate::mock;

    fn answered_by(answer: mock::Capability) {
        mock::reset();
        mock::with(|runtime| runtime.capability = Some(answer));
    }

    fn encoded(value: impl Serialize) -> Result<Vec<u8>, Error> {
        Ok(to_value(&value).unwrap().as_slice().to_vec())
    }

    #[derive(Serialize)]
    struct Answered {
        status: u16,
        url: &'static str,
        headers: Vec<(&'static str, Value)>,
        cookies: BTreeMap<&'static str, Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        body: Option<Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        stream: Option<u32>,
    }

    const ANSWERED: Answered = Answered {
        status: 200,
        url: "http://a/b",
        headers: Vec::new(),
        cookies: BTreeMap::new(),
        body: None,
        stream: None,
    };

    fn read(request: &[u8]) -> (String, String, Value) {
        from_value(request).unwrap()
    }

    fn options(pairs: &[(&str, Value)]) -> Value {
        let pairs = pairs
            .iter()
            .map(|(key, value)| ((*key).into(), value.clone()));
        Value::Map(pairs.collect())
    }

    fn table(name: &str, values: &[&str]) -> Value {
        let values = values.iter().map(|value| (*value).into()).collect();
        options(&[(name, Value::Array(values))])
    }

    #[test]
    fn what_is_not_set_is_left_out() {
        answered_by(|operation, request| {
            assert_eq!(operation, "http.request");
            let (method, url, given) = read(request);
            assert_eq!((&*method, &*url), ("DELETE", "http://a/"));
            assert_eq!(given, options(&[("stream", false.into())]));
            encoded(ANSWERED)
        });
        let answer = delete("http://a/").send().unwrap();
        assert!(answer.is_success() && answer.body().is_empty());
    }

    #[test]
    fn a_request_has_its_options() {
        answered_by(|_, request| {
            let expected = options(&[
                ("headers", table("X-A", &["1", "2"])),
                ("query", table("q", &["a b"])),
                ("cookies", table("c", &["d"])),
                (
                    "auth",
                    options(&[("user", "anna".into()), ("pass", "secret".into())]),
                ),
                (
                    "json",
                    options(&[("list", Value::Array(vec![1.into(), 2.into()]))]),
                ),
                ("form", table("f", &["g"])),
                ("timeout", 2_000_000_000.into()),
                ("redirects", 0.into()),
                ("max_response_body", 9.into()),
                ("stream", false.into()),
            ]);
            assert_eq!(read(request).2, expected);
            encoded(ANSWERED)
        });
        let request = get("http://a/")
            .header("X-A", "1")
            .header("X-A", "2")
            .query("q", "a b")
            .cookie("c", "d")
            .auth("anna", "secret")
            .json(BTreeMap::from([("list", [1, 2])]))
            .form("f", "g")
            .timeout(Duration::from_secs(2))
            .redirects(0)
            .max_response_body(9);
        assert!(!format!("{request:?}").contains("secret"));
        request.send().unwrap();
    }

    #[test]
    fn an_answer_has_bytes_that_are_no_text() {
        answered_by(|_, request| {
            let body = options(&[("body", Value::Bytes(vec![0xff])), ("stream", false.into())]);
            assert_eq!(read(request).2, body);
            encoded(Answered {
                status: 404,
                headers: vec![
                    ("X-Bytes", Value::Bytes(vec![0xfe])),
                    ("Content-Type", "text/plain".into()),
                ],
                cookies: BTreeMap::from([("a", "b".into()), ("c", Value::Bytes(vec![0xfd]))]),
                body: Some(Value::Bytes(vec![0xff, 0])),
                ..ANSWERED
            })
        });
        let answer = put("http://a/").body([0xff]).send().unwrap();
        assert_eq!((answer.status(), answer.is_success()), (404, false));
        assert_eq!(answer.header("content-type"), Some("text/plain"));
        assert_eq!(answer.header("x-bytes"), None);
        assert_eq!(answer.headers().next(), Some(("X-Bytes", &[0xfe][..])));
        assert_eq!((answer.cookie("a"), answer.cookie("c")), (Some("b"), None));
        assert_eq!(
            (answer.url(), answer.body()),
            ("http://a/b", &[0xff, 0][..])
        );
        assert!(answer.text().unwrap_err().is(crate::kind::INVALID));
        assert_eq!(answer.into_body(), [0xff, 0]);
    }

    #[test]
    fn what_cannot_cross_is_not_sent() {
        answered_by(|_, _| panic!("called"));
        let error = post("http://a/").json(u64::MAX).send().unwrap_err();
        assert!(error.message.starts_with("json: "), "{error}");
    }

    #[test]
    fn a_body_comes_piece_by_piece() {
        answered_by(|operation, request| match operation {
            "http.request" => {
                assert_eq!(read(request).2, options(&[("stream", true.into())]));
                encoded(Answered {
                    stream: Some(7),
                    ..ANSWERED
                })
            }
            "stream.read" => match from_value::<(u32, u32)>(request).unwrap() {
                (7, 4) => encoded("four"),
                (7, 65_536) => encoded(Value::Bytes(vec![0xff])),
                (7, 5) => encoded(Value::Nil),
                (7, 6) => Err(Error::timeout("late")),
                other => panic!("{other:?}"),
            },
            "stream.drop" => {
                mock::with(|runtime| runtime.logged.push("dropped".into()));
                encoded(true)
            }
            other => panic!("{other}"),
        });
        let (head, mut body) = get("http://a/").stream().unwrap();
        assert_eq!(head.status(), 200);
        let mut piece = [0; 4];
        assert_eq!(body.read(&mut piece).unwrap(), 4);
        assert_eq!(&piece, b"four");
        assert_eq!(body.read(&mut []).unwrap(), 0);
        assert_eq!(body.chunk().unwrap(), Some(vec![0xff]));
        assert_eq!(body.read(&mut [0; 5]).unwrap(), 0);
        let error = body.read(&mut [0; 6]).unwrap_err();
        assert_eq!(Error::from(error), Error::timeout("late"));
        assert!(mock::with(|runtime| runtime.logged.is_empty()));
        drop(body);
        assert_eq!(mock::with(|runtime| runtime.logged.len()), 1);
    }

    #[test]
    fn a_body_goes_on_to_another_server() {
        answered_by(|operation, request| match operation {
            "http.request" => {
                let (method, _, given) = read(request);
                match &*method {
                    "GET" => encoded(Answered {
                        stream: Some(7),
                        ..ANSWERED
                    }),
                    _ => {
                        let body = [("body_stream", 7.into()), ("stream", false.into())];
                        assert_eq!(given, options(&body));
                        encoded(ANSWERED)
                    }
                }
            }
            "stream.drop" => encoded(true),
            other => panic!("{other}"),
        });
        let (_, body) = get("http://a/").stream().unwrap();
        post("http://b/").body_of(body).send().unwrap();
    }
}
