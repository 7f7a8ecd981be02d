//! `wasi:keyvalue`: stores, in the two versions of the interface that tools emit.
//!
//! Each function calls operations of the capability `store`, which look for grants and ask
//! for permissions. Values are bytes; an integer that `increment` has made reads as its
//! decimal digits.

mod bucket;
mod draft;
mod draft2;

use warren_kernel::{Error, Kind};
use wasmtime::component::Linker;

use crate::guest::Guest;

/// The most keys of one call of `batch`.
pub(crate) const MAX_BATCH: usize = 1_000;

/// The most bytes of the values that one call of `batch` reads.
pub(crate) const MAX_BATCH_BYTES: usize = 16 << 20;

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    draft::link(linker)?;
    draft2::link(linker)
}

/// The error of a call, in the words of both versions.
enum Failure {
    NoSuchStore,
    AccessDenied,
    Other(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        match error.kind {
            Kind::PermissionDenied => Failure::AccessDenied,
            _ => Failure::Other(error.message),
        }
    }
}

/// The result of a call. The outer error unwinds the component.
type Answer<T> = wasmtime::Result<Result<T, Failure>>;

/// Returns from a call with its failure.
macro_rules! or_fail {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(failure) => return Ok(Err(failure.into())),
        }
    };
}

use or_fail;
