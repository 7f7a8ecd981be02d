//! The sources of patterns, and the differences of their syntax.

/// The source of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Exactly the syntax of RE2.
    Re2,
    /// A JSON Schema, whose patterns are ECMAScript's: RE2's syntax with `\uXXXX`, with
    /// counts over 1,000, and with all names of classes of Unicode.
    Schema,
}
