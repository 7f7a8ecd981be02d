//! `web.status`, `web.header`, `web.write` and `web.flush`: the answer of the process that
//! calls.

use http::{StatusCode, header};
use warren_engine::capability::{Answer, Caller, Step};
use warren_kernel::Error;

use super::exchange::Draft;
use super::{exchange, values_of};
use crate::answer;
use crate::request::Arguments;

/// The types that a write gives a body whose type is not set.
const TYPES: [&str; 3] = [
    "text/plain; charset=utf-8",
    "application/json",
    "text/event-stream",
];

fn done() -> Answer {
    answer::write(|out| out.boolean(true))
}

/// `web.status(number)`: sets the status of the answer, from 200 to 599; true.
pub(super) fn status(caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let number = Arguments::new(request)?.integer("status")?;
    let status = u16::try_from(number).ok();
    let status = status.filter(|status| (200..600).contains(status));
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let status =
        status.ok_or_else(|| Error::invalid(format!("status {number} is not from 200 to 599")))?;
    exchange(caller)?.change(|draft| {
        draft.status = Some(status);
        Ok(())
    })?;
    Ok(Step::Done(done()))
}

/// `web.header(name, value)`: sets a header field of the answer; a list has several values,
/// and nil removes the field; true.
pub(super) fn header(caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let name = arguments.bytes("name")?;
    let values = arguments.value()?;
    let values = values_of("value", values)?;
    exchange(caller)?.change(|draft| draft.set(name, &values))?;
    Ok(Step::Done(done()))
}

/// `web.write(bytes, type)`: sends the head, unless it is sent, and bytes of the body; true
/// once all bytes have room. A body without a type gets `type`, if that is not nil. Behind
/// `text/event-stream`, which replaces another type, the answer is not kept by anybody.
pub(super) fn write(caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let bytes = arguments.bytes("bytes")?;
    let given = match arguments.text_or_nil("type")? {
        None => None,
        Some(text) => {
            let known = TYPES.into_iter().find(|known| *known == text);
            Some(known.ok_or_else(|| Error::invalid("type is none that a write can give"))?)
        }
    };
    let prepare = |draft: &mut Draft| match given {
        Some("text/event-stream") => {
            // The values are constants.
            let _ = draft.set(header::CONTENT_TYPE.as_str().as_bytes(), &[EVENTS]);
            let _ = draft.set(header::CACHE_CONTROL.as_str().as_bytes(), &[b"no-cache"]);
        }
        Some(media_type) => draft.set_type_if_absent(media_type),
        None => {}
    };
    match exchange(caller)?.write(prepare, bytes)? {
        None => Ok(Step::Done(done())),
        // The copy is a part of the request, which is charged.
        Some(rest) => Ok(Step::wait(0, move |_| async move {
            rest.await?;
            done()
        })),
    }
}

/// The type of a stream of events.
const EVENTS: &[u8] = b"text/event-stream";

/// `web.flush()`: sends the head, unless it is sent; true. What was written is on its way.
pub(super) fn flush(caller: &mut dyn Caller) -> Result<Step, Error> {
    exchange(caller)?.write(|_| {}, b"")?;
    Ok(Step::Done(done()))
}
