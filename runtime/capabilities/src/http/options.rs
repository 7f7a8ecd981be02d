//! The request of a program: method, URL and options, read and checked.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{HeaderMap, Method};
use url::Url;
use warren_engine::capability::Origin;
use warren_kernel::{Error, text};

use super::headers;
use super::in_flight::MAX_BODIES;
use super::multipart;
use super::payload::{Part, Payload, Streams};
use super::texts::texts_of;
use super::tls::TlsOptions;
use crate::forms;
use crate::limit::beyond;
use crate::request::{Arguments, Fields};

/// The request of a program.
pub(super) struct Wish {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) origin: Origin,
    pub(super) headers: HeaderMap,
    pub(super) payload: Payload,
    pub(super) timeout: Duration,
    /// True if the body of the answer becomes a stream.
    pub(super) is_streamed: bool,
    /// The most bytes of the body of the answer; `None` for a stream without a limit.
    pub(super) max_body: Option<usize>,
    pub(super) redirects: u32,
    /// True if the body of the answer is decoded, which the request asks for by a field.
    pub(super) is_decoded: bool,
    pub(super) tls: Option<TlsOptions>,
}

/// Bytes of a URL.
const MAX_URL: usize = 8 << 10;

/// Bytes of the options of TLS, each.
const MAX_PEM: usize = 64 << 10;

/// Redirects that a request may follow.
const MAX_REDIRECTS: i64 = 20;

/// Redirects that a request follows if its program does not say.
const REDIRECTS: i64 = 10;

/// Time for a request, if its program does not say.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

/// The encodings of bodies that the client decodes. A stream goes on after its call, which is
/// what the memory of Brotli is charged to.
const ENCODINGS: &str = "gzip, br";
const ENCODINGS_OF_STREAMS: &str = "gzip";

const AGENT: &str = concat!("warren/", env!("CARGO_PKG_VERSION"));

impl Wish {
    /// Reads the arguments of a request: method, URL and options.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the argument or the option.
    pub(super) fn read(request: &[u8], streams: &mut Streams<'_>) -> Result<Wish, Error> {
        let mut arguments = Arguments::new(request)?;
        let method = method(arguments.text("method")?)?;
        let mut url = url(arguments.text("url")?)?;
        let mut options = arguments.fields("options")?;
        for (name, values) in texts_of("options.query", options.value("query"))? {
            for value in values {
                url.query_pairs_mut().append_pair(&name, &value);
            }
        }
        check_length(url.as_str())?;
        let origin = Origin::of(url.as_str());
        let origin = origin.ok_or_else(|| Error::invalid("url has no host"))?;
        let mut headers = headers::read(options.value("headers"))?;
        let cookies = texts_of("options.cookies", options.value("cookies"))?;
        if let Some(cookie) = headers::cookie(&cookies)? {
            headers.append(header::COOKIE, cookie);
        }
        if let Some(value) = authorization(options.value("auth"))? {
            headers.insert(header::AUTHORIZATION, value);
        }
        let payload = payload(&mut options, &mut headers, streams)?;
        let is_streamed = options.boolean_or("stream", false)?;
        let is_decoded = !headers.contains_key(header::ACCEPT_ENCODING);
        let encodings = match is_streamed {
            true => ENCODINGS_OF_STREAMS,
            false => ENCODINGS,
        };
        for (name, value) in [
            (header::ACCEPT_ENCODING, encodings),
            (header::ACCEPT, "*/*"),
            (header::USER_AGENT, AGENT),
        ] {
            headers::set_default(&mut headers, name, HeaderValue::from_static(value));
        }
        let wish = Wish {
            method,
            url,
            origin,
            headers,
            payload,
            timeout: timeout(options.integer_or("timeout", -1)?)?,
            is_streamed,
            max_body: max_body(options.integer_or_nil("max_response_body")?, is_streamed)?,
            redirects: redirects(options.integer_or("redirects", REDIRECTS)?)?,
            is_decoded,
            tls: tls(options.value("tls"))?,
        };
        options.end()?;
        Ok(wish)
    }
}

/// Reads a method. CONNECT would open a tunnel, and TRACE shows a page the fields that it may
/// not see.
fn method(text: &str) -> Result<Method, Error> {
    let method = Method::from_bytes(text.to_ascii_uppercase().as_bytes());
    match method {
        Ok(Method::CONNECT | Method::TRACE) | Err(_) => {
            let shown = text::quoted(text);
            Err(Error::invalid(format!(
                "method: `{shown}` is not a method of requests"
            )))
        }
        Ok(method) => Ok(method),
    }
}

/// Reads a URL, which loses its fragment.
///
/// # Errors
///
/// `Invalid` for another scheme than HTTP's, a user, a password, a control character, a host
/// that ends with a dot.
pub(super) fn url(text: &str) -> Result<Url, Error> {
    let wrong = |why: &str| {
        let shown = text::clipped(text, 100);
        Error::invalid(format!("url: `{shown}` {why}"))
    };
    if text.is_empty() {
        return Err(Error::invalid("url is empty"));
    }
    check_length(text)?;
    // The parser would leave them out.
    if text.contains(|letter: char| letter.is_ascii_control()) || text.trim() != text {
        return Err(wrong(
            "has a control character, or begins or ends with a space",
        ));
    }
    let mut url = Url::parse(text).map_err(|error| wrong(&format!("is not a URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("has another scheme than http and https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("has a user or a password; use the option `auth`"));
    }
    // To a resolver it is the host without the dot, and to grants and policies another one.
    if url.host_str().is_some_and(|host| host.ends_with('.')) {
        return Err(wrong("has a host that ends with a dot"));
    }
    url.set_fragment(None);
    Ok(url)
}

fn check_length(url: &str) -> Result<(), Error> {
    if url.len() <= MAX_URL {
        return Ok(());
    }
    let message = format!("url is {} bytes, more than max_url = {MAX_URL}", url.len());
    Err(beyond("max_url", MAX_URL, message))
}

fn timeout(nanoseconds: i64) -> Result<Duration, Error> {
    match u64::try_from(nanoseconds) {
        _ if nanoseconds == -1 => Ok(TIMEOUT),
        Ok(nanoseconds @ 1..) => Ok(Duration::from_nanos(nanoseconds)),
        _ => Err(Error::invalid("options.timeout is not above 0")),
    }
}

fn max_body(wanted: Option<i64>, is_streamed: bool) -> Result<Option<usize>, Error> {
    let Some(bytes) = wanted else {
        return Ok((!is_streamed).then_some(MAX_BODIES));
    };
    let bytes = usize::try_from(bytes);
    let bytes = bytes.map_err(|_| Error::invalid("options.max_response_body is below 0"))?;
    if !is_streamed && bytes > MAX_BODIES {
        let message = format!(
            "options.max_response_body: {bytes} is more than the {MAX_BODIES} bytes of a body in \
             memory: take a longer one as a stream"
        );
        return Err(beyond("max_response_body", MAX_BODIES, message));
    }
    Ok(Some(bytes))
}

fn redirects(number: i64) -> Result<u32, Error> {
    if number > MAX_REDIRECTS {
        let most = MAX_REDIRECTS;
        let message = format!("options.redirects: {number} is more than max_redirects = {most}");
        return Err(beyond(
            "max_redirects",
            most.unsigned_abs() as usize,
            message,
        ));
    }
    u32::try_from(number).map_err(|_| Error::invalid("options.redirects is below 0"))
}

/// Reads user and password.
fn authorization(table: &[u8]) -> Result<Option<HeaderValue>, Error> {
    if table == NIL {
        return Ok(None);
    }
    let mut fields = Fields::of("options.auth", table)?;
    let (user, pass) = (fields.text_or_nil("user")?, fields.text_or_nil("pass")?);
    fields.end()?;
    let user = user.ok_or_else(|| Error::invalid("options.auth.user is missing"))?;
    if user.contains(':') {
        return Err(Error::invalid("options.auth.user has a colon"));
    }
    let both = format!("{user}:{}", pass.unwrap_or_default());
    let value = format!("Basic {}", BASE64.encode(both));
    let mut value = headers::value_of("options.auth", value.as_bytes())?;
    value.set_sensitive(true);
    Ok(Some(value))
}

/// Reads the body, and sets the field with its type.
fn payload(
    options: &mut Fields<'_>,
    headers: &mut HeaderMap,
    streams: &mut Streams<'_>,
) -> Result<Payload, Error> {
    let body = options.bytes_or_nil("body")?;
    let stream = options.integer_or("body_stream", -1)?;
    let json = options.value("json");
    let form = options.value("form");
    let files = options.value("files");
    let (has_form, has_files) = (form != NIL, files != NIL);
    let given = [
        body.is_some(),
        stream != -1,
        json != NIL,
        has_form || has_files,
    ];
    if given.into_iter().filter(|is_given| *is_given).count() > 1 {
        let message = "options: body, json, and form or files exclude each other";
        return Err(Error::invalid(message));
    }
    if let Some(body) = body {
        return Ok(Payload::of(Bytes::copy_from_slice(body)));
    }
    if stream != -1 {
        return Ok(Payload::new([Part::Stream(streams(stream)?)]));
    }
    if json != NIL {
        let value =
            forms::json(json).map_err(|why| Error::invalid(format!("options.json{why}")))?;
        set_type(headers, HeaderValue::from_static("application/json"));
        return Ok(Payload::of(value.to_string()));
    }
    let fields = texts_of("options.form", form)?;
    if has_files {
        let (parts, content_type) = multipart::read(&fields, files, streams)?;
        set_type(headers, content_type);
        return Ok(Payload::new(parts));
    }
    if has_form {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, values) in &fields {
            for value in values {
                form.append_pair(name, value);
            }
        }
        set_type(
            headers,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        return Ok(Payload::of(form.finish()));
    }
    Ok(Payload::default())
}

fn set_type(headers: &mut HeaderMap, value: HeaderValue) {
    headers::set_default(headers, header::CONTENT_TYPE, value);
}

/// Reads the options of TLS.
fn tls(table: &[u8]) -> Result<Option<TlsOptions>, Error> {
    if table == NIL {
        return Ok(None);
    }
    let mut fields = Fields::of("options.tls", table)?;
    let mut text = |key: &str| -> Result<Option<String>, Error> {
        let text = fields.text_or_nil(key)?;
        match text {
            Some(text) if text.len() > MAX_PEM => {
                let message = format!("options.tls.{key} is more than max_pem = {MAX_PEM} bytes");
                Err(beyond("max_pem", MAX_PEM, message))
            }
            text => Ok(text.map(str::to_owned)),
        }
    };
    let (ca, cert, key) = (text("ca")?, text("cert")?, text("key")?);
    let server_name = text("server_name")?;
    fields.end()?;
    let identity = match (cert, key) {
        (Some(cert), Some(key)) => Some((cert, key)),
        (None, None) => None,
        _ => return Err(Error::invalid("options.tls: cert and key belong together")),
    };
    Ok(Some(TlsOptions {
        ca,
        identity,
        server_name,
    }))
}

/// Nil, encoded.
pub(super) const NIL: &[u8] = &[0xc0];

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use warren_kernel::Kind;
    use warren_values::Value;

    use super::*;
    use crate::http::texts::MAX_FIELDS;

    fn read(method: &str, url: &str, options: Vec<(&str, Value)>) -> Result<Wish, Error> {
        let options = options.into_iter().map(|(key, value)| (key.into(), value));
        let request = [method.into(), url.into(), Value::Map(options.collect())];
        let request = warren_values::to_value(&request[..]).unwrap();
        Wish::read(request.as_slice(), &mut |number| {
            Err(Error::not_found(format!("stream {number}")))
        })
    }

    fn table(pairs: &[(&str, &str)]) -> Value {
        let pairs = pairs
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()));
        Value::Map(pairs.collect())
    }

    #[track_caller]
    fn refused(url: &str, options: Vec<(&str, Value)>, expected: &str) {
        let error = read("GET", url, options).err().expect("it is refused");
        assert_eq!(error.kind, Kind::Invalid, "{error}");
        assert!(error.message.contains(expected), "{error}");
    }

    async fn body(wish: Wish) -> String {
        let bytes = wish.payload.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn a_url_cannot_be_mistaken_for_another_one() {
        for (url, why) in [
            ("", "empty"),
            ("a.org", "not a URL"),
            ("ftp://a.org", "another scheme"),
            ("file:///etc/passwd", "another scheme"),
            ("javascript:alert(1)", "another scheme"),
            ("http://user@a.org", "a user"),
            ("http://good.org:x@127.0.0.1/", "a user"),
            ("http://good.org%40@evil.org/", "a user"),
            ("http://a.org/\r\nHost: b.org", "a control character"),
            ("http://a.org/\tx", "a control character"),
            ("http://a\n.org/", "a control character"),
            (" http://a.org", "a control character"),
            ("http://", "not a URL"),
            ("http://a b/", "not a URL"),
            ("http://EXAMPLE.org./", "ends with a dot"),
            ("http://example.org%2e/", "ends with a dot"),
        ] {
            refused(url, vec![], why);
        }
        for (url, origin) in [
            ("http://0x7f.1/", "http://127.0.0.1"),
            ("http://127.1:80/", "http://127.0.0.1"),
            ("http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]"),
            ("http://good.org\\@evil.org/", "http://good.org"),
            ("http://good.org#@evil.org/", "http://good.org"),
            ("http://127.0.0.1./", "http://127.0.0.1"),
        ] {
            let wish = read("GET", url, vec![]).unwrap();
            assert_eq!(wish.origin.as_str(), origin, "{url}");
        }
        let long = format!("http://a.org/{}", "x".repeat(MAX_URL));
        refused(&long, vec![], "max_url");
    }

    #[test]
    fn a_method_is_one_of_requests() {
        assert_eq!(read("get", "http://a", vec![]).unwrap().method, Method::GET);
        assert_eq!(
            read("PURGE", "http://a", vec![]).unwrap().method.as_str(),
            "PURGE"
        );
        for method in [
            "CONNECT",
            "trace",
            "",
            "G T",
            "GET\r\n",
            "GET /x HTTP/1.1\r\nA: b",
        ] {
            let error = read(method, "http://a", vec![]).err().unwrap();
            assert!(error.message.contains("not a method"), "{error}");
        }
    }

    #[test]
    fn the_query_is_added_to_the_url() {
        let options = vec![("query", table(&[("b", "1 2&"), ("a", "ä")]))];
        let wish = read("GET", "http://a/p?x=1#y", options).unwrap();
        assert_eq!(wish.url.as_str(), "http://a/p?x=1&a=%C3%A4&b=1+2%26");
        let list = Value::Map(vec![("n".into(), vec![1, 2].into())]);
        let wish = read("GET", "http://a", vec![("query", list)]).unwrap();
        assert_eq!(wish.url.as_str(), "http://a/?n=1&n=2");
        let many = vec!["x"; MAX_FIELDS + 1];
        let many = Value::Map(vec![("n".into(), many.into())]);
        refused("http://a", vec![("query", many)], "max_fields");
    }

    #[tokio::test]
    async fn bodies_have_their_type() {
        let typed = |options| read("POST", "http://a", options).unwrap();
        let of = |wish: &Wish| wish.headers.get(header::CONTENT_TYPE).cloned();
        let plain = typed(vec![("body", "a".into())]);
        assert_eq!(of(&plain), None);
        assert_eq!(body(plain).await, "a");
        let form = typed(vec![("form", table(&[("a", "1 2"), ("b", "&")]))]);
        assert_eq!(of(&form).unwrap(), "application/x-www-form-urlencoded");
        assert_eq!(body(form).await, "a=1+2&b=%26");
        let json = typed(vec![("json", table(&[("a", "1")]))]);
        assert_eq!(of(&json).unwrap(), "application/json");
        assert_eq!(body(json).await, r#"{"a":"1"}"#);
        let headers = table(&[("content-type", "text/x")]);
        let own = typed(vec![("json", true.into()), ("headers", headers)]);
        assert_eq!(of(&own).unwrap(), "text/x");
        refused(
            "http://a",
            vec![("body", "a".into()), ("json", 1.into())],
            "exclude each other",
        );
        let error = read("POST", "http://a", vec![("body_stream", 7.into())]);
        assert_eq!(error.err().unwrap().message, "stream 7");
    }

    #[test]
    fn options_have_their_ranges() {
        let wish = read("GET", "http://a", vec![]).unwrap();
        assert_eq!((wish.timeout, wish.redirects), (TIMEOUT, 10));
        assert_eq!(wish.max_body, Some(MAX_BODIES));
        assert!(wish.is_decoded && !wish.is_streamed);
        let most = vec![(
            "max_response_body",
            i64::try_from(MAX_BODIES).unwrap().into(),
        )];
        let most = read("GET", "http://a", most).unwrap().max_body;
        assert_eq!(most, Some(MAX_BODIES));
        let streamed: Vec<(&str, Value)> = vec![("stream", true.into())];
        let unbounded = read("GET", "http://a", streamed.clone()).unwrap();
        assert_eq!(unbounded.max_body, None);
        let huge: Vec<(&str, Value)> = vec![("max_response_body", (1_i64 << 40).into())];
        let streamed = read("GET", "http://a", [streamed, huge].concat()).unwrap();
        assert_eq!(streamed.max_body, Some(1 << 40));
        let encodings = table(&[("Accept-Encoding", "gzip")]);
        assert!(
            !read("GET", "http://a", vec![("headers", encodings)])
                .unwrap()
                .is_decoded
        );
        let cases: Vec<(&str, Value, &str)> = vec![
            ("timeout", 0.into(), "timeout is not above 0"),
            ("timeout", (-2).into(), "timeout is not above 0"),
            ("redirects", 21.into(), "max_redirects"),
            ("redirects", (-1).into(), "below 0"),
            ("max_response_body", (-1).into(), "below 0"),
            ("max_response_body", (1_i64 << 40).into(), "is more than"),
            (
                "insecure_skip_verify",
                true.into(),
                "unknown key insecure_skip_verify",
            ),
            ("unix_socket", "/x".into(), "unknown key unix_socket"),
            ("auth", table(&[("pass", "x")]), "auth.user is missing"),
            ("auth", table(&[("user", "a:b")]), "colon"),
            ("tls", table(&[("cert", "x")]), "belong together"),
            ("tls", table(&[("skip", "x")]), "unknown key skip"),
            ("query", "x".into(), "expected a table of texts"),
            (
                "form",
                Value::Map(vec![("a".into(), true.into())]),
                "expected a table of texts",
            ),
        ];
        for (key, value, why) in cases {
            refused("http://a", vec![(key, value)], why);
        }
    }

    #[test]
    fn user_and_password_become_a_field() {
        let auth = vec![("auth", table(&[("user", "ada"), ("pass", "a:b\n")]))];
        let wish = read("GET", "http://a", auth).unwrap();
        let field = &wish.headers[header::AUTHORIZATION];
        assert_eq!(field.as_bytes(), b"Basic YWRhOmE6Ygo=");
        assert!(field.is_sensitive());
    }
}
