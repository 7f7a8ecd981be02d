//! Services for which WASI has no interface: databases and queues.
//!
//! Each function calls an operation of the capability `sql` or `queue`, which looks for grants
//! and asks for permissions.

mod queue;
mod sql;

use std::sync::Arc;

use rmpv::Value;
use warren_kernel::Error;
use wasmtime::component::{HasSelf, Linker};

use super::{Answer, wit};
use crate::codec;
use crate::guest::Guest;

mod bindings {
    #![allow(
        missing_docs,
        unreachable_pub,
        dead_code,
        clippy::all,
        reason = "generated"
    )]

    wasmtime::component::bindgen!({
        path: "wit",
        world: "warren:process/services",
        imports: { default: async | trappable },
        with: {
            "warren:process/types": super::super::bindings::warren::process::types,
        },
    });
}

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    use bindings::warren::process::{queue, sql};
    sql::add_to_linker::<Guest, HasSelf<Guest>>(linker, |guest| guest)?;
    queue::add_to_linker::<Guest, HasSelf<Guest>>(linker, |guest| guest)
}

impl Guest {
    /// Calls an operation with an encoded request, and reads its answer.
    async fn service<T>(
        &mut self,
        operation: &str,
        request: &[u8],
        read: impl FnOnce(&[u8]) -> Result<T, Error> + Send,
    ) -> Answer<T> {
        let answered = match self.call_and_wait(operation, request).await? {
            Ok(answer) => read(&answer).map_err(|error| self.refused(error)),
            Err(error) => Err(error),
        };
        Ok(answered.map_err(wit::types::Error::from))
    }
}

/// Encodes the arguments of an operation.
fn request(arguments: Vec<Value>) -> Arc<[u8]> {
    codec::encode(&Value::Array(arguments))
}

/// Reads an integer.
fn integer(value: &[u8]) -> Option<i64> {
    codec::read(value).ok()?.as_i64()
}

/// Returns the error of an answer that is not as its operation has it.
fn misread() -> Error {
    Error::internal("the answer of the operation has another form")
}
