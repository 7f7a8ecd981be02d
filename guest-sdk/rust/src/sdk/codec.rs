//! Conversion of Rust values to the values of the guest ABI, and back.
//!
//! A message or an argument list has *n* values. A tuple is its elements, `()`
//! is no value, and everything else is one. Reading follows the same rule.

#[doc(inline)]
pub use warren_values::{CodecError, from_value, from_values, to_value, to_values};
