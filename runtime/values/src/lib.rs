//! The values that cross between processes, outside of a guest.
//!
//! The sources are those of the Rust SDK for guests: one side reads what the
//! other writes, because both are the same code. Only the layer of the guest
//! ABI is left out, since it needs imports that a host does not have.

#![allow(
    rustdoc::private_intra_doc_links,
    reason = "modules that are public in the SDK are not here"
)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

#[path = "../sdk/error.rs"]
mod error;
#[doc(hidden)]
#[path = "../sdk/msgpack/mod.rs"]
pub mod msgpack;

mod sdk;

pub use error::Error;
pub use sdk::codec::{CodecError, from_value, from_values, to_value, to_values};
pub use sdk::{Value, kind};
