//! Values on their way in and out.
//!
//! The server writes and reads the text of a value, of whatever type, but for bytes, which go
//! as they are.

use std::str;

use warren_kernel::{Error, text};
use warren_values::msgpack::Output;

use super::super::params::Param;
use super::super::rows::Unwritten;
use super::messages::{Column, Format};

/// The numbers of types. The server has them since its first version.
const BOOL: u32 = 16;
const BYTEA: u32 = 17;
const INT8: u32 = 20;
const INT2: u32 = 21;
const INT4: u32 = 23;
const OID: u32 = 26;
const FLOAT4: u32 = 700;
const FLOAT8: u32 = 701;
const NUMERIC: u32 = 1_700;
const VOID: u32 = 2_278;

/// Returns the format of a value for a placeholder of this type.
pub(super) fn format_of(kind: u32) -> Format {
    match kind {
        BYTEA => Format::Binary,
        _ => Format::Text,
    }
}

/// Writes a value for a placeholder of this type. Returns false for NULL.
pub(super) fn write_param(kind: u32, param: &Param, out: &mut Vec<u8>) -> bool {
    let is_number = matches!(kind, INT2 | INT4 | INT8 | OID | FLOAT4 | FLOAT8 | NUMERIC);
    match param {
        Param::Null => return false,
        Param::Boolean(value) => {
            let word = match (is_number, value) {
                (true, true) => "1",
                (true, false) => "0",
                (false, true) => "true",
                (false, false) => "false",
            };
            out.extend_from_slice(word.as_bytes());
        }
        Param::Integer(value) => out.extend_from_slice(value.to_string().as_bytes()),
        Param::Float(value) => {
            let is_whole = value.fract() == 0.0 && value.abs() < WHOLE;
            let text = match kind {
                // An integer of Lua may have become a float.
                INT2 | INT4 | INT8 | OID if is_whole => format!("{value:.0}"),
                _ => format!("{value:?}"),
            };
            out.extend_from_slice(text.as_bytes());
        }
        Param::Text(text) => out.extend_from_slice(text.as_bytes()),
        Param::Bytes(bytes) => out.extend_from_slice(bytes),
    }
    true
}

/// The number below which a float has no other digits than those of an integer.
const WHOLE: f64 = 9_007_199_254_740_992.0;

/// Returns the format of the values of a column.
pub(super) fn format_of_column(column: &Column) -> Format {
    format_of(column.kind)
}

/// Bytes that a value of this length takes, encoded, at most.
pub(super) fn bytes_of(value: Option<&[u8]>) -> usize {
    /// Bytes of a number, or of the length of a text.
    const HEAD: usize = 9;
    value.map_or(0, |bytes| HEAD + bytes.len())
}

/// Writes a value of a column. Returns false for NULL.
pub(super) fn write(
    column: &Column,
    value: Option<&[u8]>,
    output: &mut Output,
) -> Result<bool, Unwritten> {
    let Some(bytes) = value else {
        return Ok(false);
    };
    match column.kind {
        VOID => return Ok(false),
        BOOL => output.boolean(bytes == b"t")?,
        INT2 | INT4 | INT8 | OID => output.integer(number(column, bytes)?)?,
        FLOAT4 | FLOAT8 => output.float(number(column, bytes)?)?,
        _ => output.string(bytes)?,
    }
    Ok(true)
}

fn number<N: str::FromStr>(column: &Column, bytes: &[u8]) -> Result<N, Unwritten> {
    let number = str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.parse().ok());
    number.ok_or_else(|| {
        let name = text::line(&column.name);
        let message = format!("the database has no number in the column {name}");
        Unwritten::Error(Error::internal(message))
    })
}

#[cfg(test)]
mod tests {
    use warren_values::Value;

    use super::*;

    fn written(kind: u32, param: &Param) -> Option<String> {
        let mut out = Vec::new();
        write_param(kind, param, &mut out).then(|| String::from_utf8(out).unwrap())
    }

    fn read(kind: u32, text: &str) -> Result<Value, Unwritten> {
        let column = Column {
            name: "a".into(),
            kind,
        };
        let mut output = Output::new();
        Ok(match write(&column, Some(text.as_bytes()), &mut output)? {
            true => warren_values::from_value(output.as_slice()).unwrap(),
            false => Value::Nil,
        })
    }

    #[test]
    fn values_suit_the_types_of_placeholders() {
        const TEXT: u32 = 25;
        for (kind, param, expected) in [
            (INT4, Param::Null, None),
            (INT4, Param::Integer(-7), Some("-7")),
            (INT4, Param::Float(7.0), Some("7")),
            (INT4, Param::Float(7.5), Some("7.5")),
            (INT4, Param::Boolean(true), Some("1")),
            (BOOL, Param::Boolean(false), Some("false")),
            (BOOL, Param::Integer(1), Some("1")),
            (FLOAT8, Param::Float(0.1), Some("0.1")),
            (FLOAT8, Param::Float(f64::NEG_INFINITY), Some("-inf")),
            (NUMERIC, Param::Float(1e300), Some("1e300")),
            (TEXT, Param::Float(7.0), Some("7.0")),
            (TEXT, Param::Text("ü".into()), Some("ü")),
        ] {
            assert_eq!(written(kind, &param).as_deref(), expected, "{param:?}");
        }
        assert_eq!(
            (format_of(BYTEA), format_of(TEXT)),
            (Format::Binary, Format::Text)
        );
    }

    #[test]
    fn texts_become_values() {
        for (kind, text, expected) in [
            (BOOL, "t", Value::Boolean(true)),
            (INT8, "-9223372036854775808", Value::Integer(i64::MIN)),
            (OID, "4294967295", Value::Integer(4_294_967_295)),
            (FLOAT8, "1e+20", Value::Float(1e20)),
            (FLOAT4, "-Infinity", Value::Float(f64::NEG_INFINITY)),
            (NUMERIC, "12.50", Value::from("12.50")),
            (
                1_184,
                "2026-01-02 03:04:05+00",
                Value::from("2026-01-02 03:04:05+00"),
            ),
            (VOID, "", Value::Nil),
        ] {
            assert_eq!(read(kind, text).ok(), Some(expected), "{text}");
        }
        assert!(read(INT8, "one").is_err());
    }
}
