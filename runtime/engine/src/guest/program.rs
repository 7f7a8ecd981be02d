//! The operations of `warren:process/program`.

use std::sync::Arc;

use warren_kernel::{Details, Error, Kind, Outcome};

use super::{Guest, Module, Purpose};
use crate::code::program::{Chunk, IMPORT};
use crate::codec::{self, check};
use crate::operand::{self, FAILURE, PREPARED};

impl Guest {
    /// The code for the interpreter to run or to prepare; absent for a wasm guest.
    pub(crate) fn code(&self) -> Option<&Arc<Chunk>> {
        self.run.program.chunk.as_ref()
    }

    /// The prepared code of one of the program's own modules; `None` if there is no
    /// module of this name.
    pub(crate) async fn module(&mut self, name: String) -> Result<Option<Arc<Chunk>>, Error> {
        let host = Arc::clone(self.process()?.host());
        let node = Arc::clone(&self.node);
        let program = Arc::clone(&self.run.program);
        let import = name.strip_prefix(IMPORT).map(str::to_owned);
        let module = node.module(program, name, host);
        let module = self.control.outside(module).await?;
        let source = module.as_ref().map(|module| &module.source);
        self.tells_of(import.as_deref(), source);
        Ok(module.map(|Module { chunk, .. }| chunk))
    }

    /// Takes the code that `prepare` made of the source.
    pub(crate) fn prepared(&mut self, code: &[u8]) {
        if let Purpose::Prepare { prepared } = &mut self.purpose {
            let checked = PREPARED.check("code", code.len());
            *prepared = Some(checked.map(|()| code.into()).map_err(Box::new));
        }
    }

    /// Takes the result of the process. The last call counts. [`settled_outcome`]
    /// checks at the end that the result is an encoded value.
    pub(crate) fn finish(&mut self, result: Option<&[u8]>) {
        let Ok(process) = self.process() else {
            return;
        };
        let limit = process.host().config().max_message;
        let bytes = result.map_or(0, <[u8]>::len);
        self.out_of_memory = false;
        self.outcome = Some(if bytes <= limit {
            Outcome::Returned(result.map(Arc::from))
        } else {
            Outcome::too_large(bytes, limit)
        });
    }

    /// Takes the error with which the process, or the preparation, ends.
    pub(crate) fn fail(&mut self, mut error: Error) {
        // Any other process may use the word as a kind of its own.
        self.out_of_memory =
            error.kind.as_str() == Kind::OUT_OF_MEMORY && self.limits.refused().is_some();
        if self.out_of_memory {
            error.kind = Kind::Internal;
        }
        match &mut self.purpose {
            Purpose::Prepare { prepared } => *prepared = Some(Err(Box::new(error))),
            Purpose::Process { process, .. } => {
                let limit = process.host().config().max_message;
                self.outcome = Some(Outcome::Failed(Box::new(error)).within(limit));
            }
            Purpose::Explain { .. } => {}
        }
    }

    /// Decodes an error and passes it to [`Guest::fail`]; malformed bytes become an
    /// error that says so.
    pub(crate) fn fail_encoded(&mut self, error: &[u8]) {
        let limit = match &self.purpose {
            Purpose::Process { .. } => FAILURE,
            Purpose::Prepare { .. } | Purpose::Explain { .. } => PREPARED,
        };
        let error = match limit.check("error", error.len()) {
            Ok(()) => codec::read_error(error).unwrap_or_else(|why| {
                operand::malformed("error", format_args!("program.fail: {why}"))
            }),
            Err(error) => error,
        };
        self.fail(error);
    }
}

/// Makes an outcome readable for every reader. A result that is not an encoded
/// value, and an error with such details, become an `Invalid` error.
pub(crate) fn settled_outcome(outcome: Outcome, max_message: usize) -> Outcome {
    // An outcome that is too large becomes an error before its bytes are checked.
    let outcome = outcome.within(max_message);
    let malformed = match &outcome {
        Outcome::Returned(None) => return outcome,
        Outcome::Returned(Some(value)) => check::value(value)
            .err()
            .map(|why| Error::invalid(format!("the result is not an encoded value: {why}"))),
        Outcome::Failed(error) => match &error.details {
            Some(Details::Encoded(details)) => check::value(details).err().map(|why| {
                Error::invalid(format!(
                    "{}: the details of this error are not an encoded value: {why}",
                    error.message
                ))
            }),
            Some(Details::Fields(_)) | None => None,
        },
    };
    malformed.map_or(outcome, |error| Outcome::Failed(Box::new(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(outcome: Outcome) -> Error {
        match settled_outcome(outcome, 200) {
            Outcome::Failed(error) => *error,
            outcome => panic!("it did not fail: {outcome:?}"),
        }
    }

    #[test]
    fn an_outcome_of_encoded_values_is_left_as_it_is() {
        for outcome in [
            Outcome::Returned(None),
            Outcome::Returned(Some(Arc::from(*b"\x91\xc0"))),
            Outcome::Failed(Box::new(Error::internal("x").with("limit", 7))),
            Outcome::Failed(Box::new(Error {
                details: Some(Details::Encoded(Arc::from(*b"\x80"))),
                ..Error::internal("x")
            })),
        ] {
            assert_eq!(settled_outcome(outcome.clone(), 100), outcome);
        }
    }

    #[test]
    fn an_outcome_of_malformed_values_is_invalid() {
        for bytes in [&b""[..], b"\xc1", b"\xdd\xff\xff\xff\xff", &[0x91; 99]] {
            let error = failure(Outcome::Returned(Some(bytes.into())));
            assert_eq!(error.kind, Kind::Invalid, "{bytes:?}");
            assert!(
                error.message.contains("the result is not an encoded value"),
                "{error}"
            );
            let error = failure(Outcome::Failed(Box::new(Error {
                details: Some(Details::Encoded(bytes.into())),
                ..Error::internal("it broke")
            })));
            assert_eq!(error.kind, Kind::Invalid, "{bytes:?}");
            assert!(
                error.message.starts_with("it broke: the details"),
                "{error}"
            );
        }
        let error = failure(Outcome::Returned(Some(Arc::from([0xc1; 201]))));
        assert_eq!(error.message, "result too large");
    }
}
