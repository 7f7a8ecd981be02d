//! `web.request`, `web.body`, `web.stream` and `web.multipart`: the request of the process that
//! calls.

use std::sync::Arc;
use std::time::Duration;

use warren_engine::capability::{Caller, Charge, Step};
use warren_kernel::{Error, Kind, nanoseconds};
use warren_values::msgpack::{Full, Output};

use super::head::Head;
use super::request_body::{BodyStream, READ_TIMEOUT, RequestBody, too_large};
use super::{exchange, multipart};
use crate::answer;
use crate::request::Arguments;
use crate::streams::Streams;

/// `web.request()`: a map of the head. `headers`, `parameters` and `query_parameters` are lists
/// of pairs.
pub(super) fn request(caller: &mut dyn Caller) -> Result<Step, Error> {
    let exchange = exchange(caller)?;
    Ok(Step::Done(answer::write(|out| {
        write_head(exchange.head(), out)
    })))
}

fn write_head(head: &Head, out: &mut Output) -> Result<(), Full> {
    let query = head.uri.query();
    let remote = head.remote.to_string();
    let texts = [
        ("id", head.id.as_str()),
        ("method", head.method.as_str()),
        ("path", head.path.as_str()),
        ("remote_addr", remote.as_str()),
    ];
    let optional = [("query", query), ("host", head.host.as_deref())];
    let given = optional.iter().filter(|(_, text)| text.is_some()).count();
    out.map(u32::try_from(texts.len() + given + 4).unwrap_or(u32::MAX))?;
    for (name, text) in texts {
        out.string(name.as_bytes())?;
        out.string(text.as_bytes())?;
    }
    for (name, text) in optional {
        if let Some(text) = text {
            out.string(name.as_bytes())?;
            out.string(text.as_bytes())?;
        }
    }
    out.string(b"content_length")?;
    let length = head.length.and_then(|length| i64::try_from(length).ok());
    out.integer(length.unwrap_or(-1))?;
    out.string(b"headers")?;
    out.array(count(head.headers.len()))?;
    for (name, value) in &head.headers {
        out.array(2)?;
        out.string(name.as_str().as_bytes())?;
        out.string(value.as_bytes())?;
    }
    out.string(b"parameters")?;
    out.array(count(head.parameters.len()))?;
    for (name, value) in &head.parameters {
        out.array(2)?;
        out.string(name.as_bytes())?;
        out.string(value.as_bytes())?;
    }
    let pairs: Vec<_> = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).collect();
    out.string(b"query_parameters")?;
    out.array(count(pairs.len()))?;
    for (name, value) in &pairs {
        out.array(2)?;
        out.string(name.as_bytes())?;
        out.string(value.as_bytes())?;
    }
    Ok(())
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// `web.body(max, timeout)`: all bytes of the body. `max` are the bytes that it may have, nil for
/// the limit of the listener, and `timeout` the nanoseconds in which it has to come, nil for
/// [`WHOLE_BODY`].
pub(super) fn body(caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let body = take(caller, &mut arguments)?;
    let timeout = timeout(&mut arguments)?;
    if body.is_empty() {
        return Ok(Step::Done(answer::write(|out| out.string(b""))));
    }
    Ok(Step::wait(0, move |charge| async move {
        let bytes = read(body, timeout, &charge).await?;
        // The answer is a copy.
        charge.grow(bytes.len())?;
        answer::write(|out| out.string(&bytes))
    }))
}

/// `web.multipart(max, timeout)`: the parts of a body that is a form with files: a list of
/// maps of `name`, `headers`, `content`, and `filename` for a file.
pub(super) fn multipart(caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let boundary = multipart::boundary(&exchange(caller)?.head().headers)?;
    let body = take(caller, &mut arguments)?;
    let timeout = timeout(&mut arguments)?;
    Ok(Step::wait(0, move |charge| async move {
        let bytes = read(body, timeout, &charge).await?;
        // The answer is a copy.
        charge.grow(bytes.len())?;
        // Large forms take a while.
        let parts = tokio::task::spawn_blocking(move || multipart::answer(&bytes, &boundary));
        parts
            .await
            .unwrap_or_else(|_| Err(Error::internal("the parts of the body were lost")))
    }))
}

/// Time for all of a body, if its process does not say.
const WHOLE_BODY: Duration = Duration::from_secs(300);

/// Reads a timeout in nanoseconds.
fn timeout(arguments: &mut Arguments<'_>) -> Result<Duration, Error> {
    let nanoseconds = u64::try_from(arguments.integer_or("timeout", 0)?);
    let nanoseconds = nanoseconds.ok().filter(|nanoseconds| *nanoseconds > 0);
    Ok(nanoseconds.map_or(WHOLE_BODY, Duration::from_nanos))
}

/// Reads a whole body, and charges each part.
async fn read(mut body: RequestBody, timeout: Duration, charge: &Charge) -> Result<Vec<u8>, Error> {
    let whole = async {
        let mut bytes = Vec::new();
        while let Some(part) = body.part().await? {
            charge.grow(part.len())?;
            bytes.extend_from_slice(&part);
        }
        Ok(bytes)
    };
    let read = tokio::time::timeout(timeout, whole).await;
    read.unwrap_or_else(|_| Err(too_slow(timeout)))
}

#[cold]
fn too_slow(timeout: Duration) -> Error {
    let message = format!("the body of the request did not come within {timeout:?}");
    Error::at_limit(Kind::Timeout, READ_TIMEOUT, nanoseconds(timeout), message)
}

/// `web.stream(max)`: the number of a stream that reads the body.
pub(super) fn stream(caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let length = exchange(caller)?.head().length;
    let body = take(caller, &mut arguments)?;
    let streams = caller.kept().state(Streams::default)?;
    let number = streams.open(Arc::new(BodyStream::new(body, length)))?;
    Ok(Step::Done(answer::write(|out| {
        out.integer(i64::from(number))
    })))
}

/// Takes the body, with the limit of its bytes that the arguments give.
fn take(caller: &mut dyn Caller, arguments: &mut Arguments<'_>) -> Result<RequestBody, Error> {
    /// Stands for a limit that is not given.
    const NONE: i64 = -1;
    let max = match arguments.integer_or("max", NONE)? {
        NONE => None,
        max => {
            let max = u64::try_from(max);
            Some(max.map_err(|_| Error::invalid("max is below 0"))?)
        }
    };
    let exchange = exchange(caller)?;
    let body = exchange.take_body()?.at_most(max);
    match exchange.head().length {
        Some(length) if length > body.max() => Err(too_large(body.max())),
        _ => Ok(body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_five_minutes_if_its_process_does_not_say() {
        let timeout_of = |request: &[u8]| timeout(&mut Arguments::new(request).unwrap());
        // Arrays without an element, of nil, and of the number 5.
        for (request, expected) in [
            (&[0x90][..], WHOLE_BODY),
            (&[0x91, 0xc0], WHOLE_BODY),
            (&[0x91, 0x05], Duration::from_nanos(5)),
        ] {
            assert_eq!(timeout_of(request), Ok(expected));
        }
        assert_eq!(WHOLE_BODY, Duration::from_secs(300));
    }
}
