//! The meaning of encoded values: all encodings of one value have one meaning.

use std::collections::BTreeMap;

use rmpv::Value;

/// Nesting that this module reads.
const LEVELS: usize = 200;

/// A value without the differences between its encodings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meaning {
    /// Not MessagePack, or an extension that the ABI does not have.
    None,
    Nil,
    /// JSON's null, if the reader tells it from nil.
    Null,
    Boolean(bool),
    Integer(i64),
    /// The bits of the float; one pattern for all NaNs.
    Float(u64),
    /// Text or bytes.
    String(Vec<u8>),
    Array(Vec<Meaning>),
    Pairs(Vec<(Meaning, Meaning)>),
    /// A Lua table.
    Table(BTreeMap<Meaning, Meaning>),
    /// Kind, message, retryable, details and stack.
    Error(Vec<Meaning>),
}

impl Meaning {
    /// Returns the meaning of one value.
    pub(super) fn of(bytes: &[u8]) -> Meaning {
        whole(bytes).map_or(Meaning::None, |value| meaning(value, false))
    }

    /// Returns the meaning of one value in Lua: a table has no nil, a key that is a whole
    /// float is an integer, an array is a table from 1, and the last of equal keys wins.
    pub(super) fn to_lua(bytes: &[u8]) -> Meaning {
        whole(bytes).map_or(Meaning::None, |value| meaning(value, true))
    }
}

/// Returns the number of containers and errors around the innermost value, 0 for bytes
/// that are not MessagePack, and `None` beyond [`LEVELS`].
pub(super) fn depth(bytes: &[u8]) -> Option<usize> {
    use rmpv::decode::Error;
    match rmpv::decode::read_value_with_max_depth(&mut &*bytes, LEVELS) {
        Ok(value) => Some(levels(&value)),
        Err(Error::DepthLimitExceeded) => None,
        Err(_) => Some(0),
    }
}

fn levels(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or(0),
        Value::Map(pairs) => {
            let inside = pairs
                .iter()
                .map(|(key, value)| levels(key).max(levels(value)));
            1 + inside.max().unwrap_or(0)
        }
        Value::Ext(1, payload) => depth(payload).unwrap_or(LEVELS).max(1),
        _ => 0,
    }
}

fn whole(mut bytes: &[u8]) -> Option<Value> {
    let value = rmpv::decode::read_value_with_max_depth(&mut bytes, LEVELS).ok()?;
    bytes.is_empty().then_some(value)
}

fn meaning(value: Value, lua: bool) -> Meaning {
    let of = |value| meaning(value, lua);
    let part = |(place, value)| match (place, of(value)) {
        // C has no other word for an error without a stack.
        (4, Meaning::String(text)) if text.is_empty() => Meaning::Nil,
        // Some sides replace bytes that are not UTF-8 in text for people.
        (0 | 1 | 4, Meaning::String(text)) => {
            Meaning::String(String::from_utf8_lossy(&text).into_owned().into_bytes())
        }
        // All readers take JSON's null for nil here.
        (2 | 4, Meaning::Null) => Meaning::Nil,
        (_, meaning) => meaning,
    };
    match value {
        Value::Nil => Meaning::Nil,
        Value::Boolean(boolean) => Meaning::Boolean(boolean),
        Value::Integer(integer) => match integer.as_i64() {
            Some(integer) => Meaning::Integer(integer),
            None => float(integer.as_f64().unwrap_or(f64::NAN)),
        },
        Value::F32(number) => float(number.into()),
        Value::F64(number) => float(number),
        Value::String(text) => Meaning::String(text.into_bytes()),
        Value::Binary(bytes) => Meaning::String(bytes),
        Value::Array(items) if lua => {
            let items = items.into_iter().map(of);
            table((1..).map(Meaning::Integer).zip(items))
        }
        Value::Array(items) => Meaning::Array(items.into_iter().map(of).collect()),
        Value::Map(pairs) => {
            let pairs = pairs.into_iter().map(|(key, value)| (of(key), of(value)));
            if lua {
                table(pairs.map(|(key, value)| (key_of_table(key), value)))
            } else {
                Meaning::Pairs(pairs.collect())
            }
        }
        Value::Ext(2, _) if lua => Meaning::Null,
        Value::Ext(2, _) => Meaning::Nil,
        Value::Ext(1, payload) => match whole(&payload) {
            Some(Value::Array(mut parts)) => {
                parts.resize(5, Value::Nil);
                Meaning::Error(parts.into_iter().enumerate().map(part).collect())
            }
            _ => Meaning::None,
        },
        Value::Ext(..) => Meaning::None,
    }
}

fn float(number: f64) -> Meaning {
    let number = if number.is_nan() { f64::NAN } else { number };
    Meaning::Float(number.to_bits())
}

fn table(pairs: impl Iterator<Item = (Meaning, Meaning)>) -> Meaning {
    let mut table = BTreeMap::new();
    for (key, value) in pairs {
        if value == Meaning::Nil {
            table.remove(&key);
        } else {
            table.insert(key, value);
        }
    }
    Meaning::Table(table)
}

fn key_of_table(key: Meaning) -> Meaning {
    let Meaning::Float(bits) = key else {
        return key;
    };
    let number = f64::from_bits(bits);
    // The range of integers.
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number);
    if fits && number.fract() == 0.0 {
        Meaning::Integer(number as i64)
    } else {
        key
    }
}
