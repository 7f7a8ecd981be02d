//! Values on their way in and out.

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};
use warren_values::msgpack::Output;

use super::super::params::Param;
use super::super::rows::Unwritten;

impl ToSql for Param {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Param::Null => ValueRef::Null,
            Param::Boolean(value) => ValueRef::Integer((*value).into()),
            Param::Integer(value) => ValueRef::Integer(*value),
            Param::Float(value) => ValueRef::Real(*value),
            Param::Text(text) => ValueRef::Text(text.as_bytes()),
            Param::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Returns the bytes that a value takes, encoded, at most.
pub(super) fn bytes_of(value: ValueRef<'_>) -> usize {
    /// Bytes of a number, or of the length of a text.
    const HEAD: usize = 9;
    match value {
        ValueRef::Null => 0,
        ValueRef::Integer(_) | ValueRef::Real(_) => HEAD,
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => HEAD + bytes.len(),
    }
}

/// Writes a value. Returns false for NULL.
pub(super) fn write(value: ValueRef<'_>, output: &mut Output) -> Result<bool, Unwritten> {
    match value {
        ValueRef::Null => return Ok(false),
        ValueRef::Integer(value) => output.integer(value)?,
        ValueRef::Real(value) => output.float(value)?,
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => output.string(bytes)?,
    }
    Ok(true)
}
