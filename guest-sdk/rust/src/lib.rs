//! The process API of a warren guest that is a core module.
//!
//! [`abi`] declares the imports as `docs/guest-abi.md` defines them. Above it
//! stands one module per interface, which turns numbers into slices and
//! statuses into results, and nothing else: what an operation means is written
//! in the WIT package `warren:process`.
//!
//! Every call that yields bytes puts them into a [`Buffer`] of the caller's, so
//! that a guest in steady state allocates nothing. Values stay encoded
//! ([`msgpack`] reads and writes them).
//!
//! On targets other than WebAssembly the crate needs the feature `mock`, which
//! answers the imports itself (see [`mock`]).

#[cfg(not(any(target_family = "wasm", feature = "mock")))]
compile_error!("warren-guest runs in a WebAssembly guest; elsewhere it needs the feature `mock`");

#[cfg(target_family = "wasm")]
pub mod abi;
#[cfg(all(not(target_family = "wasm"), feature = "mock"))]
#[path = "mock/abi.rs"]
pub mod abi;
#[cfg(all(not(target_family = "wasm"), feature = "mock"))]
pub mod mock;

mod absent;
mod buffer;
mod error;

pub mod clock;
pub mod context;
pub mod logger;
pub mod mailbox;
pub mod msgpack;
pub mod process;
pub mod program;
pub mod random;
pub mod registry;
pub mod security;
pub mod stdio;

pub use buffer::{Buffer, Failure};
pub use error::Error;
