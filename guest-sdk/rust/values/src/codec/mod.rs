//! Conversion of Rust values to the values of the guest ABI, and back.

mod args;
mod convert;
mod de;
mod error;
mod failure;
mod marks;
mod ser;
mod value;

pub use args::{ArgList, ToArgs};
pub use convert::{from_value, from_values, to_value, to_values, write_values};
pub use failure::CodecError;
