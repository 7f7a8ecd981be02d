//! Conversion of Rust values to the values of the guest ABI, and back.
//!
//! A message has *n* values. A tuple is its elements, `()` is no value, and everything else is
//! one. To serde an array of fixed length, `[T; N]`, is a tuple, and so it is N values; a slice
//! or a `Vec` is one. Reading follows the same rule.
//!
//! An argument list has *n* values, too. [`Spawn::arg`](crate::Spawn::arg) adds one, whatever
//! its type, and [`ToArgs`] is what adds several.

#[doc(inline)]
pub use warren_values::{
    ArgList, CodecError, ToArgs, from_value, from_values, to_value, to_values,
};
