//! The form of the crate's own example `http-proxy`: a handler of the interface itself.

// Elsewhere there is nothing that calls it.
#![cfg(target_arch = "wasm32")]

use std::io::Write as _;

use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingRequest, Method, OutgoingBody, OutgoingRequest, OutgoingResponse,
    ResponseOutparam, Scheme,
};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

wasip2::http::proxy::export!(Handler);

struct Handler;

impl wasip2::exports::http::incoming_handler::Guest for Handler {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        match path {
            "/echo" => echo(&request, out),
            "/fields" => say(out, 200, &fields(&request)),
            "/proxy" => match ask(query.strip_prefix("to=").unwrap_or_default()) {
                Ok(text) => say(out, 200, &text),
                Err(code) => say(out, 502, &code.to_string()),
            },
            other => say(out, 404, other),
        }
    }
}

/// Begins an answer, and gives a function its stream.
fn answer(
    out: ResponseOutparam,
    status: u16,
    field: (&str, &str),
    write: impl FnOnce(&mut OutputStream),
) {
    let fields = [(field.0.to_owned(), field.1.as_bytes().to_vec())];
    let response = OutgoingResponse::new(Fields::from_list(&fields).unwrap());
    response.set_status_code(status).unwrap();
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let mut stream = body.write().unwrap();
    write(&mut stream);
    drop(stream);
    OutgoingBody::finish(body, None).unwrap();
}

fn say(out: ResponseOutparam, status: u16, text: &str) {
    answer(out, status, ("content-type", "text/plain"), |stream| {
        stream.write_all(text.as_bytes()).unwrap();
        stream.blocking_flush().unwrap();
    });
}

/// Sends each part of the body back before it reads the next one.
fn echo(request: &IncomingRequest, out: ResponseOutparam) {
    let method = match request.method() {
        Method::Post => "post",
        _ => "another",
    };
    let body = request.consume().unwrap();
    let input = body.stream().unwrap();
    answer(out, 200, ("x-method", method), |output| {
        while let Some(part) = next(&input) {
            output.write_all(&part).unwrap();
            output.blocking_flush().unwrap();
        }
    });
}

/// Waits for a part of a body; `None` at its end.
fn next(stream: &InputStream) -> Option<Vec<u8>> {
    match stream.blocking_read(16 << 10) {
        Ok(part) => Some(part),
        Err(StreamError::Closed) => None,
        Err(error) => panic!("the body broke off: {error:?}"),
    }
}

/// Returns the fields of the request whose names begin with `x-`.
fn fields(request: &IncomingRequest) -> String {
    let entries = request.headers().entries();
    let own = entries.iter().filter(|(name, _)| name.starts_with("x-"));
    own.map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value)))
        .collect()
}

/// Sends a request for a URL of HTTP; returns the status and the body of the answer.
fn ask(url: &str) -> Result<String, ErrorCode> {
    let rest = url.strip_prefix("http://").unwrap_or(url);
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&Scheme::Http)).unwrap();
    request.set_authority(Some(authority)).unwrap();
    request
        .set_path_with_query(Some(&format!("/{path}")))
        .unwrap();
    let future = outgoing_handler::handle(request, None)?;
    future.subscribe().block();
    let answered = future.get().expect("the answer is there");
    let response = answered.expect("it is taken once")?;
    let status = response.status();
    let body = response.consume().unwrap();
    let stream = body.stream().unwrap();
    let mut content = Vec::new();
    while let Some(part) = next(&stream) {
        content.extend(part);
    }
    Ok(format!("{status} {}", String::from_utf8_lossy(&content)))
}
