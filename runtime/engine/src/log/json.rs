//! The fields of a record as text: JSON on one line, with blanks for people.

use std::fmt::{self, Write};

use rmpv::Value;

use crate::codec;

/// Writes a value as JSON. Keys are text, and so are numbers that JSON does not have. Bytes
/// that are no UTF-8 are replaced. An error is its message.
pub(super) struct Json<'a>(pub(super) &'a Value);

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Nil => f.write_str("null"),
            Value::Boolean(value) => write!(f, "{value}"),
            Value::Integer(number) => write!(f, "{number}"),
            Value::F32(number) => float(f, f64::from(*number)),
            Value::F64(number) => float(f, *number),
            Value::String(text) => string(f, text.as_bytes()),
            Value::Binary(bytes) => string(f, bytes),
            Value::Array(elements) => {
                let elements = elements.iter().map(|element| (None, element));
                list(f, ['[', ']'], elements)
            }
            Value::Map(pairs) => {
                let pairs = pairs.iter().map(|(key, value)| (Some(key), value));
                list(f, ['{', '}'], pairs)
            }
            Value::Ext(codec::ERROR, payload) => match codec::read_error_payload(payload) {
                Ok(error) => string(f, error.message.as_bytes()),
                Err(_) => f.write_str("null"),
            },
            Value::Ext(..) => f.write_str("null"),
        }
    }
}

fn list<'a>(
    f: &mut fmt::Formatter<'_>,
    [open, close]: [char; 2],
    parts: impl Iterator<Item = (Option<&'a Value>, &'a Value)>,
) -> fmt::Result {
    f.write_char(open)?;
    for (place, (key, value)) in parts.enumerate() {
        if place > 0 {
            f.write_str(", ")?;
        }
        if let Some(key) = key {
            write_key(f, key)?;
            f.write_str(": ")?;
        }
        fmt::Display::fmt(&Json(value), f)?;
    }
    f.write_char(close)
}

fn write_key(f: &mut fmt::Formatter<'_>, key: &Value) -> fmt::Result {
    let text = Json(key).to_string();
    if text.starts_with('"') {
        f.write_str(&text)
    } else {
        string(f, text.as_bytes())
    }
}

fn float(f: &mut fmt::Formatter<'_>, number: f64) -> fmt::Result {
    if number.is_finite() {
        write!(f, "{number:?}")
    } else {
        write!(f, "\"{number:?}\"")
    }
}

fn string(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    f.write_char('"')?;
    for c in String::from_utf8_lossy(bytes).chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '\0'..='\u{1f}' => write!(f, "\\u{:04x}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

#[cfg(test)]
mod tests {
    use warren_kernel::{Error, Kind};

    use super::*;

    #[test]
    fn every_value_is_json() {
        let error = codec::read(&codec::error(&Error::new(Kind::Invalid, "sold")));
        let value = Value::Map(vec![
            ("text".into(), "a\"b\\c\n\u{1}\u{e9}".into()),
            (1.into(), Value::Nil),
            (true.into(), Value::from(-7)),
            (Value::F64(1.5), Value::F64(f64::NAN)),
            (Value::F64(f64::INFINITY), Value::F64(f64::NEG_INFINITY)),
            ("float".into(), Value::F64(1e300)),
            ("single".into(), Value::F32(0.5)),
            ("largest".into(), Value::from(u64::MAX)),
            ("bytes".into(), Value::Binary(vec![b'x', 0xff])),
            (
                "list".into(),
                Value::Array(vec![1.into(), Value::Map(Vec::new())]),
            ),
            ("error".into(), error.unwrap()),
            ("null".into(), Value::Ext(2, Vec::new())),
        ]);
        assert_eq!(
            Json(&value).to_string(),
            "{\"text\": \"a\\\"b\\\\c\\n\\u0001\u{e9}\", \"1\": null, \"true\": -7, \
             \"1.5\": \"NaN\", \"inf\": \"-inf\", \"float\": 1e300, \"single\": 0.5, \
             \"largest\": 18446744073709551615, \"bytes\": \"x\u{fffd}\", \"list\": [1, {}], \
             \"error\": \"sold\", \"null\": null}"
        );
    }
}
