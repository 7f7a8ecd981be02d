//! Calls of operations of capabilities.

use serde::Serialize;
use serde::de::DeserializeOwned;
use warren_values::write_values;

use super::codec::{CodecError, from_value};
use super::spawn::Pending;
use super::{Value, pid, refusal, scratch};
use crate::Error;
use crate::capability;
use crate::msgpack::Output;

/// The most bytes of the arguments of a call.
const MAX_REQUEST: usize = 16 << 20;

/// Calls an operation of the runtime, or of the program that embeds it, and waits for its value.
/// `docs/guest-abi.md` lists the operations of the runtime. A tuple is n arguments, anything
/// else one, and `()` none.
///
/// ```no_run
/// use warren_guest::{Error, call};
///
/// # fn example() -> Result<(), Error> {
/// let digest: String = call("hash.sha256", "text")?;
/// let price: u64 = call("pricing.quote", ("app:tea", 3))?;
/// # Ok(()) }
/// ```
///
/// Other calls of the process wait meanwhile. [`begin_call`] lets the process go on.
///
/// # Errors
///
/// `NotFound`: no such operation. `Invalid`: arguments that cannot cross or are wrong, or a value
/// of another type. `PermissionDenied`. The errors of the operation.
pub fn call<T: DeserializeOwned>(operation: &str, args: impl Serialize) -> Result<T, Error> {
    match begin(operation, &args, from_value)? {
        Begun::Done(value) => Ok(value),
        Begun::Pending(pending) => pending.wait(),
    }
}

/// Calls an operation and returns at once.
///
/// ```no_run
/// use std::time::Duration;
/// use warren_guest::{Called, Error, Select, begin_call, time::Timer};
///
/// # fn example() -> Result<(), Error> {
/// let key = match begin_call("crypto.pbkdf2", ("password", "salt", 100_000, 32))? {
///     Called::Done(key) => Some(key),
///     Called::Pending(pending) => {
///         let late = Timer::after(Duration::from_secs(1));
///         let first = Select::new().on(&pending, Some).on(&late, |()| None);
///         first.wait()?.transpose()?
///     }
/// };
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// As [`call`], but for the errors of an operation that is pending: its wait returns them.
pub fn begin_call(operation: &str, args: impl Serialize) -> Result<Called, Error> {
    Ok(match begin(operation, &args, from_value)? {
        Begun::Done(value) => Called::Done(value),
        Begun::Pending(pending) => Called::Pending(pending),
    })
}

/// A call that has begun.
///
/// ```
/// use warren_guest::{Called, Spawn, begin_call};
///
/// let visits = match begin_call("store.incr", ("app:cache", "visits", 1))? {
///     Called::Done(value) => value.to::<i64>()?,
///     Called::Pending(pending) => pending.wait()?,
/// };
/// assert_eq!(visits, 1);
///
/// let worker = Spawn::new("app:worker").start()?;
/// let Called::Pending(end) = begin_call("process.watch", worker.as_str())? else {
///     panic!("the worker has not ended");
/// };
/// # use warren_guest::mock::{self, Outcome};
/// # mock::play(worker.as_str(), |_, _| {}).end(Outcome::Finished(Some(vec![7])));
/// assert_eq!(end.wait::<i64>()?, 7); // the result of the worker
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug)]
pub enum Called {
    /// The value of an operation that is done.
    Done(Value),
    /// An operation that goes on: [`Pending::wait`] and [`Select`](super::Select) wait for its
    /// value, and the end of the process stops it.
    Pending(Pending),
}

enum Begun<T> {
    Done(T),
    Pending(Pending),
}

fn begin<T>(
    operation: &str,
    args: &impl Serialize,
    read: impl FnOnce(&[u8]) -> Result<T, CodecError>,
) -> Result<Begun<T>, Error> {
    let request = encode(args)?;
    scratch::with(
        |buffer| match capability::call(operation, request.as_slice(), buffer) {
            Ok(capability::Called::Value(value)) => match read(value) {
                Ok(value) => Ok(Begun::Done(value)),
                Err(error) => Err(Error::from(error).wrap(operation)),
            },
            Ok(capability::Called::Handle(subscription)) => {
                Ok(Begun::Pending(Pending::of(subscription)))
            }
            Err(error) => Err(error.decode()),
        },
    )
}

fn encode(args: &impl Serialize) -> Result<Output, Error> {
    let mut request = Output::new();
    request.limit_to(MAX_REQUEST);
    match write_values(args, &mut request) {
        Ok(()) => Ok(request),
        Err(error)
            if error
                .limit()
                .is_some_and(|limit| limit.name == "max_message") =>
        {
            let message = format!("the arguments are longer than max_request = {MAX_REQUEST}");
            let (limit, value) = ("max_request", MAX_REQUEST as u64);
            Err(Error::invalid(message).with_limit(limit, value, Some(pid().host())))
        }
        Err(error) => Err(refusal(error).wrap("arguments")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::codec::to_values;
    use super::super::{Outcome, Select};
    use super::*;
    use crate::mock;

    fn answered_by(answer: mock::Capability) {
        mock::reset();
        mock::with(|runtime| runtime.capability = Some(answer));
    }

    #[test]
    fn a_call_has_arguments_and_a_value() {
        answered_by(|operation, request| match (operation, request) {
            ("a.none", b"\x90") | ("a.one", b"\x91\xa1x") | ("a.two", b"\x92\x01\x91\x02") => {
                Ok(b"\x92\x07\xa1y".to_vec())
            }
            other => panic!("{other:?}"),
        });
        let answers: [(u8, String); 3] = [
            call("a.none", ()).unwrap(),
            call("a.one", "x").unwrap(),
            call("a.two", (1, vec![2])).unwrap(),
        ];
        for answer in answers {
            assert_eq!(answer, (7, "y".to_owned()));
        }
        let error = call::<bool>("a.none", ()).unwrap_err();
        assert!(error.is(crate::kind::INVALID), "{error}");
        assert!(error.message.starts_with("a.none: "), "{error}");
    }

    #[test]
    fn an_error_is_that_of_the_operation() {
        answered_by(|_, _| Err(Error::not_found("key not found: x")));
        let error = call::<()>("store.get", ("s", "x")).unwrap_err();
        assert_eq!(error, Error::not_found("key not found: x"));
    }

    #[test]
    fn what_cannot_cross_is_not_called() {
        answered_by(|_, _| panic!("called"));
        let error = call::<()>("a.b", (1, u64::MAX)).unwrap_err();
        assert!(error.message.starts_with("arguments: [1]"), "{error}");
        let error = call::<()>("a.b", "x".repeat(MAX_REQUEST)).unwrap_err();
        let limit = error.limit().unwrap();
        assert_eq!((&*limit.name, limit.value), ("max_request", 16 << 20));
    }

    /// An answer that comes later: the handle of a subscription that has its outcome.
    fn later(outcome: &Value) -> Result<Vec<u8>, Error> {
        let payload = to_values(outcome).unwrap();
        let handle = mock::with(|runtime| {
            let subscription = runtime.open_outcome();
            runtime.put_outcome(subscription, payload.as_slice().to_vec());
            subscription
        });
        Ok([&[0xd6, 3][..], &handle.to_le_bytes()[..]].concat())
    }

    #[test]
    fn a_call_waits_for_what_comes_later() {
        answered_by(|operation, _| match operation {
            "a.value" => later(&Value::Map(vec![("value".into(), 7.into())])),
            _ => later(&Value::Map(vec![
                ("error".into(), "late".into()),
                ("cause".into(), Error::timeout("late").into()),
            ])),
        });
        assert_eq!(call::<u8>("a.value", ()).unwrap(), 7);
        let error = call::<u8>("a.error", ()).unwrap_err();
        assert_eq!(error, Error::timeout("late"));
        let Called::Pending(pending) = begin_call("a.value", ()).unwrap() else {
            panic!("it is done");
        };
        let outcome: Outcome = Select::new()
            .on(&pending, |outcome| outcome)
            .wait()
            .unwrap();
        assert_eq!(outcome, Ok(Value::Integer(7)));
    }
}
