//! The way from `start` to `main` and back.

use core::fmt::Display;
use std::panic::PanicHookInfo;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec::{CodecError, from_value, from_values, to_value};
use super::{Value, refusal, scratch};
use crate::msgpack::{Input, Output, Token};
use crate::{Error, kind, program};

/// The arguments of a process.
///
/// ```
/// use warren_guest::{Args, Error};
///
/// /// Started with the arguments `("resize", 3, 4)`.
/// fn area(args: Args) -> Result<i64, Error> {
///     assert_eq!(args.nth::<String>(0)?.as_deref(), Some("resize"));
///     let (_, width, height): (String, i64, i64) = args.get()?;
///     Ok(width * height)
/// }
/// # use warren_guest::mock::{self, Outcome};
/// # mock::with(|runtime| runtime.arguments = b"\x93\xa6resize\x03\x04".to_vec());
/// # warren_guest::__private::start(area);
/// # let outcome = mock::with(|runtime| runtime.outcome.clone());
/// # assert_eq!(outcome, Some(Outcome::Finished(Some(vec![12]))));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Args {
    /// An encoded array.
    encoded: Vec<u8>,
}

impl Args {
    /// Returns all arguments as this type: a tuple takes n, any other type one.
    ///
    /// ```no_run
    /// # use warren_guest::{Args, Error};
    /// #[warren_guest::main]
    /// fn main(args: Args) -> Result<i64, Error> {
    ///     let (a, b): (i64, i64) = args.get()?;
    ///     Ok(a + b)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// `Invalid`: the arguments have another type; the message names the type
    /// and the place.
    pub fn get<T: DeserializeOwned>(&self) -> Result<T, Error> {
        from_values(&self.encoded).map_err(|error| Error::from(error).wrap("arguments"))
    }

    /// Returns one argument, counted from 0; `None` beyond the last.
    ///
    /// # Errors
    ///
    /// `Invalid`: the argument is not of this type.
    pub fn nth<T: DeserializeOwned>(&self, index: usize) -> Result<Option<T>, Error> {
        let read = || -> Result<Option<T>, CodecError> {
            let mut input = Input::new(&self.encoded);
            let Token::Array(count) = input.token()? else {
                return Err(crate::msgpack::Malformed::Unexpected.into());
            };
            if index >= count as usize {
                return Ok(None);
            }
            for _ in 0..index {
                input.value()?;
            }
            from_value(input.value()?).map(Some)
        };
        read().map_err(|error| Error::from(error).wrap(format_args!("argument {index}")))
    }

    /// Returns the arguments as values of any type.
    ///
    /// # Errors
    ///
    /// `Invalid`: the arguments nest deeper than a value may.
    pub fn values(&self) -> Result<Vec<Value>, Error> {
        from_value(&self.encoded).map_err(|error| Error::from(error).wrap("arguments"))
    }
}

/// A return type of `main`: nothing, or a `Result` of any value that can cross
/// and any error that converts to [`Error`].
///
/// ```
/// use warren_guest::{Args, Error, MainResult};
///
/// /// Runs any `main`, between two lines.
/// fn told<R: MainResult>(main: impl FnOnce(Args) -> R, args: Args) -> R {
///     warren_guest::println!("begin");
///     let result = main(args);
///     warren_guest::println!("end");
///     result
/// }
///
/// fn double(args: Args) -> Result<i64, Error> {
///     Ok(2 * args.get::<i64>()?)
/// }
/// # use warren_guest::mock::{self, Outcome};
/// # mock::with(|runtime| runtime.arguments = b"\x91\x07".to_vec());
/// # warren_guest::__private::start(|args| told(double, args));
/// # let (outcome, output) = mock::with(|runtime| (runtime.outcome.clone(), runtime.output()));
/// # assert_eq!(outcome, Some(Outcome::Finished(Some(vec![14]))));
/// # assert_eq!(output, "begin\nend\n");
/// ```
pub trait MainResult {
    /// Returns the encoded result, none for `()`.
    #[doc(hidden)]
    fn into_result(self) -> Result<Option<Output>, Error>;
}

impl MainResult for () {
    fn into_result(self) -> Result<Option<Output>, Error> {
        Ok(None)
    }
}

impl<T: Serialize, E: Into<Error>> MainResult for Result<T, E> {
    fn into_result(self) -> Result<Option<Output>, Error> {
        let value = self.map_err(Into::into)?;
        let encoded = to_value(&value).map_err(|error| refusal(error).wrap("result"))?;
        // Nil is the result of a process that returns nothing.
        Ok((encoded.as_slice() != b"\xc0").then_some(encoded))
    }
}

/// Runs `main` as the process. The expansion of `#[warren_guest::main]` calls
/// this function.
pub fn start<R: MainResult>(main: impl FnOnce(Args) -> R) {
    install();
    let result = arguments().and_then(|args| main(args).into_result());
    match result {
        Ok(value) => program::finish(value.as_ref().map(Output::as_slice)),
        Err(error) => program::fail(&error),
    }
}

/// Has panics and log records reach the runtime.
pub(super) fn install() {
    std::panic::set_hook(Box::new(report_panic));
    super::log::install();
}

/// Returns the arguments of the process.
pub(super) fn arguments() -> Result<Args, Error> {
    scratch::with(|buffer| match program::arguments(buffer) {
        Ok(arguments) => Ok(Args {
            encoded: arguments.to_vec(),
        }),
        Err(error) => Err(error.decode()),
    })
}

/// Reports the panic as the process's error, before the process traps.
fn report_panic(info: &PanicHookInfo<'_>) {
    let message = info
        .payload_as_str()
        .unwrap_or("a panic whose payload is not text");
    let error = match info.location() {
        Some(place) => Error {
            stack: Some(format!("at {place}")),
            ..Error::new(kind::INTERNAL, described(place.file(), place, message))
        },
        None => Error::new(kind::INTERNAL, message),
    };
    program::fail(&error);
}

/// Returns the message of a panic at a place in a file. A place in the standard library is
/// left to the stack, where the calls from the program follow it.
fn described(file: &str, place: impl Display, message: &str) -> String {
    match advice_for(file) {
        Some(advice) => format!("{message}{advice}"),
        None if file.starts_with("/rustc/") => message.to_owned(),
        None => format!("{place}: {message}"),
    }
}

/// Returns what to use in place of a part of the standard library that the target lacks,
/// known by the file in which that library panics.
fn advice_for(file: &str) -> Option<&'static str> {
    let advice = [
        (
            "/sys/time/unsupported.rs",
            ": `std::time` has no clock on wasm32-unknown-unknown; use `warren_guest::time`, or \
             build for wasm32-wasip1",
        ),
        (
            "/sys/thread/unsupported.rs",
            ": `std::thread` cannot wait on wasm32-unknown-unknown; use \
             `warren_guest::time::sleep`, or build for wasm32-wasip1",
        ),
    ];
    let known = advice.into_iter().find(|(known, _)| file.ends_with(known));
    known.map(|(_, advice)| advice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::{self, Outcome};

    fn run<R: MainResult>(arguments: &[u8], main: impl FnOnce(Args) -> R) -> Outcome {
        mock::reset();
        mock::with(|runtime| runtime.arguments = arguments.to_vec());
        let hook = std::panic::take_hook();
        start(main);
        std::panic::set_hook(hook);
        mock::with(|runtime| runtime.outcome.clone()).unwrap()
    }

    #[test]
    fn main_is_given_arguments_and_its_result_is_the_process_s() {
        let sum = run(b"\x92\x01\x02", |args| {
            let (a, b): (i64, i64) = args.get()?;
            assert_eq!(args.nth::<u8>(1)?, Some(2));
            assert_eq!(args.nth::<u8>(2)?, None);
            assert_eq!(args.values()?, [Value::Integer(1), Value::Integer(2)]);
            Ok::<_, Error>(a + b)
        });
        assert_eq!(sum, Outcome::Finished(Some(vec![3])));
        assert_eq!(run(b"\x90", |_| ()), Outcome::Finished(None));
        assert_eq!(
            run(b"\x90", |_| Ok::<_, Error>(())),
            Outcome::Finished(None)
        );
    }

    #[test]
    fn an_error_is_the_process_s() {
        let failed = run(b"\x91\xa1x", |args| args.get::<u8>());
        let Outcome::Failed(error) = failed else {
            panic!("{failed:?}")
        };
        assert_eq!(
            error.message,
            "arguments: invalid type: string \"x\", expected u8"
        );
        assert!(error.is(kind::INVALID));
        let text = run(b"\x90", |_| "7x".parse::<u8>().map_err(Error::from));
        assert!(matches!(text, Outcome::Failed(_)));
    }

    #[test]
    fn a_function_that_the_target_lacks_has_advice() {
        let advice = advice_for("/rustc/library/std/src/sys/time/unsupported.rs").unwrap();
        assert!(advice.contains("use `warren_guest::time`"), "{advice}");
        assert_eq!(advice_for("src/time/unsupported.rs"), None);
    }

    #[test]
    fn a_message_has_a_place_of_the_program_alone() {
        let of = |file: &str| described(file, format_args!("{file}:3:9"), "wrong");
        assert_eq!(of("src/main.rs"), "src/main.rs:3:9: wrong");
        assert_eq!(
            of("/rustc/1/library/std/src/collections/hash/map.rs"),
            "wrong"
        );
        let advised = of("library/std/src/sys/time/unsupported.rs");
        assert!(
            advised.starts_with("wrong: `std::time` has no clock"),
            "{advised}"
        );
    }

    #[test]
    fn log_lines_reach_the_log() {
        run(b"\x90", |_| log::info!("seen"));
        assert!(mock::with(|runtime| runtime
            .logged
            .contains(&"seen".to_owned())));
    }
}
