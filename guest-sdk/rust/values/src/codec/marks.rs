//! Names of types that serializer and deserializer treat in their own way.

/// The name that marks a structured error between serializer and deserializer.
pub(super) const ERROR_STRUCT: &str = "$warren::Error";
/// The name that marks a value that the deserializer keeps encoded.
pub(super) const ENCODED: &str = "$warren::Encoded";
