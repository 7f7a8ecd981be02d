//! The values that cross between processes.
//!
//! Guests and hosts use this one crate, so that either side reads what the other
//! writes: the Rust SDK re-exports it under its own names, and the library `warren`
//! as `warren::values`. [`msgpack`] is the encoding itself; with the feature
//! `serde`, [`to_value`] and [`from_value`] convert every type that serde knows.
//!
//! A message or an argument list has *n* values, which [`to_values`] and
//! [`from_values`] convert. [`ArgList`] takes arguments one by one.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

#[cfg(feature = "serde")]
mod codec;
#[doc(hidden)]
pub mod duration;
mod error;
mod kinds;
mod limit;
#[doc(hidden)]
pub mod msgpack;
mod pid;
#[doc(hidden)]
pub mod stack;
mod value;

#[cfg(feature = "serde")]
pub use codec::{
    ArgList, CodecError, ToArgs, from_value, from_values, to_value, to_values, write_values,
};
pub use error::Error;
pub use kinds::{Kind, kind};
pub use limit::Limit;
pub use pid::Pid;
pub use value::Value;
