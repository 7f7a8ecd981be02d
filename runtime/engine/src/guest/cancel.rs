//! The operations `process.cancel` and `process.stop`: requests to end that tell their
//! reason.

use std::time::Duration;

use rmpv::Value;
use warren_kernel::{Error, Kind, MAX_REASON_BYTES};

use super::Guest;
use super::called::Called;
use super::watch::TRUE;
use crate::capability::AT_ONCE;
use crate::codec::{self, reader};
use crate::operand::NAME;
use crate::security::Refusal;

/// The operation that asks a process to end.
pub(super) const CANCEL: &str = "process.cancel";
/// The operation that ends a process at once if it cannot notice that it is asked.
pub(super) const STOP: &str = "process.stop";

/// The act of either operation, on a destination, with a deadline and a reason.
type Act = fn(&mut Guest, &str, Option<Duration>, Option<&str>) -> Result<(), Refusal>;

impl Guest {
    /// Asks a process to end by `act`: [`Guest::cancel`] or [`Guest::stop`]. The request has
    /// a destination, a deadline in nanoseconds or nil, and a reason or nil.
    ///
    /// # Errors
    ///
    /// `Invalid` for another request; those of `act`.
    pub(super) fn end_for_a_reason(&mut self, request: &[u8], act: Act) -> Result<Called, Refusal> {
        let arguments = read(request)?;
        let Request {
            target,
            deadline,
            reason,
        } = Request::of(&arguments)?;
        act(self, target, deadline, reason)?;
        Ok(Called::Answer(TRUE.to_vec()))
    }
}

/// The arguments of either operation.
struct Request<'a> {
    target: &'a str,
    deadline: Option<Duration>,
    reason: Option<&'a str>,
}

impl<'a> Request<'a> {
    fn of(arguments: &'a [Value]) -> Result<Request<'a>, Error> {
        let target = arguments.first().and_then(Value::as_str);
        let target = target.ok_or_else(|| invalid("destination"))?;
        NAME.check("destination", target.len())?;
        let deadline = match arguments.get(1) {
            None | Some(Value::Nil) => None,
            Some(deadline) => {
                let nanoseconds = deadline.as_u64().ok_or_else(|| invalid("deadline"))?;
                Some(Duration::from_nanos(nanoseconds))
            }
        };
        let reason = match arguments.get(2) {
            None | Some(Value::Nil) => None,
            Some(reason) => Some(reason.as_str().ok_or_else(|| invalid("reason"))?),
        };
        if reason.is_some_and(|reason| reason.len() > MAX_REASON_BYTES) {
            return Err(reason_too_long());
        }
        Ok(Request {
            target,
            deadline,
            reason,
        })
    }
}

/// Reads the arguments of a request.
fn read(request: &[u8]) -> Result<Vec<Value>, Error> {
    match codec::read(request) {
        _ if request.len() > AT_ONCE => Err(too_long(request)),
        Ok(Value::Array(arguments)) => Ok(arguments),
        _ => Err(invalid("destination")),
    }
}

fn invalid(what: &str) -> Error {
    Error::invalid(format!("{what} is missing or of another type"))
}

fn reason_too_long() -> Error {
    let most = MAX_REASON_BYTES;
    let message = format!("the reason of a cancel may not be longer than {most} bytes");
    Error::at_limit(Kind::Invalid, "max_reason", most as u64, message)
}

/// Returns the error of a request that is too long to be read: names the text that is too
/// long.
fn too_long(request: &[u8]) -> Error {
    let mut lengths = reader::lengths(request);
    let destination = lengths.next().unwrap_or(0);
    if let Err(error) = NAME.check("destination", destination) {
        return error;
    }
    match lengths.nth(1) {
        Some(reason) if reason > MAX_REASON_BYTES => reason_too_long(),
        _ => Error::invalid("an argument of a cancel is of another type"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_too_long_is_named() {
        let request = |destination: usize, reason: Value| {
            let destination = "x".repeat(destination).into();
            let mut out = Vec::new();
            let values = Value::Array(vec![destination, Value::Nil, reason]);
            rmpv::encode::write_value(&mut out, &values).unwrap();
            too_long(&out).message
        };
        let long = || Value::from("x".repeat(66_000));
        assert!(request(1, long()).contains("reason of a cancel"));
        assert!(request(66_000, long()).contains("`destination` is 66000 bytes"));
        let list = Value::Array(vec![Value::Nil; 66_000]);
        assert!(request(1, list).contains("of another type"));
        assert!(too_long(b"\xc0").message.contains("of another type"));
    }
}
