//! The WIT of `warren:process` for components, on the same operations as the flat
//! ABI.

mod bindings;
mod capability;
mod context;
mod interface;
mod mailbox;
mod process;
mod program;
mod registry;
mod security;
mod services;
mod spawn;
mod system;

use bindings::warren::process as wit;
use warren_kernel::{Details, Error, Kind};
use wasmtime::component::{HasSelf, Linker};

use crate::codec;
use crate::guest::Guest;
use crate::operand::NAME;
use crate::security::{Refusal, Settles};

pub(crate) use self::interface::link as link_interface;

/// Defines every import of the worlds `guest` and `services`.
pub(crate) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    bindings::Guest::add_to_linker::<_, HasSelf<_>>(linker, |guest| guest)?;
    services::link(linker)
}

type Answer<T> = wasmtime::Result<Result<T, wit::types::Error>>;

/// Records the failure of an operation, and turns it into a value of the WIT.
fn answer<T>(guest: &Guest, result: Result<T, Error>) -> Answer<T> {
    Ok(result.map_err(|error| refused(guest, error)))
}

fn refused(guest: &Guest, error: Error) -> wit::types::Error {
    guest.refused(error).into()
}

/// Refuses an operand that is too long to be a name.
fn named(operand: &'static str, name: &str) -> Result<(), Error> {
    NAME.check(operand, name.len())
}

impl Guest {
    /// Runs an operation with [`Guest::settled`] and answers with its result.
    async fn answered<T: Settles>(
        &mut self,
        operation: impl FnMut(&mut Guest) -> Result<T, Refusal>,
    ) -> Answer<T> {
        let done = self.settled(operation).await;
        answer(self, done)
    }

    /// Runs an operation on the process of a destination.
    async fn on_target(
        &mut self,
        target: &str,
        operation: impl Fn(&mut Guest, &str) -> Result<(), Refusal>,
    ) -> Result<(), Error> {
        named("target", target)?;
        self.settled(|guest| operation(guest, target)).await
    }
}

impl wit::types::Host for Guest {}

impl From<Error> for wit::types::Error {
    fn from(error: Error) -> Self {
        wit::types::Error {
            kind: error.kind.as_str().to_owned(),
            details: error.details.as_ref().map(codec::details),
            message: error.message,
            retryable: error.retryable,
            stack: error.stack,
        }
    }
}

impl From<wit::types::Error> for Error {
    fn from(error: wit::types::Error) -> Self {
        Error {
            kind: Kind::from(error.kind.as_str()),
            message: error.message,
            retryable: error.retryable,
            details: error.details.map(|bytes| Details::Encoded(bytes.into())),
            stack: error.stack,
            contexts: Box::default(),
        }
    }
}
