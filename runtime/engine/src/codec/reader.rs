//! Reads encoded values in place. A decoded value may need forty times the bytes of
//! the encoded one.

use rmp::Marker;

/// Returns the value that spans all these bytes. Its parts are well formed too.
///
/// # Errors
///
/// A description of the first fault of the bytes.
pub(crate) fn whole(bytes: &[u8]) -> Result<&[u8], String> {
    let (value, rest) = split(bytes).ok_or("not MessagePack")?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err(format!("bytes after the end of the value: {}", rest.len()))
    }
}

/// Returns the elements of an array; `None` if the value is not an array.
pub(crate) fn elements(value: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
    let (head, rest) = head(value)?;
    let Kind::Array(_) = head.kind else {
        return None;
    };
    Some(Values(rest))
}

/// Returns the pairs of a map; `None` if the value is not a map. An empty array counts
/// as an empty map.
pub(crate) fn entries(value: &[u8]) -> Option<impl Iterator<Item = (&[u8], &[u8])>> {
    let (head, rest) = head(value)?;
    match head.kind {
        Kind::Map(_) | Kind::Array(0) => {
            let mut values = Values(rest);
            Some(std::iter::from_fn(move || {
                Some((values.next()?, values.next()?))
            }))
        }
        _ => None,
    }
}

/// Returns the value of a key of a map; `None` without such a key, or if the value is not a map.
pub(crate) fn field<'a>(map: &'a [u8], key: &str) -> Option<&'a [u8]> {
    let mut entries = entries(map)?;
    entries.find_map(|(name, value)| (text(name) == Some(key)).then_some(value))
}

/// Returns the number of bytes of each string of an array, in the order of the elements,
/// and 0 for other elements. Takes a step for each; ends before an element that contains
/// values.
pub(crate) fn lengths(array: &[u8]) -> impl Iterator<Item = usize> {
    let mut rest = match head(array) {
        Some((head, rest)) if matches!(head.kind, Kind::Array(_)) => rest,
        _ => &[],
    };
    std::iter::from_fn(move || {
        let (head, after) = head(rest)?;
        rest = after.get(head.bytes..)?;
        match head.kind {
            Kind::String => Some(head.bytes),
            Kind::Other | Kind::Ext => Some(0),
            Kind::Array(_) | Kind::Map(_) => None,
        }
    })
}

/// Returns the bytes of a string, UTF-8 or not; `None` if the value is not a string.
pub(crate) fn string(value: &[u8]) -> Option<&[u8]> {
    let (head, rest) = head(value)?;
    matches!(head.kind, Kind::String).then_some(rest)
}

/// Returns the text of a string; `None` if the value is not a string or not UTF-8.
pub(crate) fn text(value: &[u8]) -> Option<&str> {
    str::from_utf8(string(value)?).ok()
}

/// Returns a boolean; `None` if the value is not a boolean.
pub(crate) fn boolean(value: &[u8]) -> Option<bool> {
    match Marker::from_u8(*value.first()?) {
        Marker::True => Some(true),
        Marker::False => Some(false),
        _ => None,
    }
}

/// Returns the type and payload of an ext value; `None` if the value is not one.
pub(crate) fn ext(value: &[u8]) -> Option<(i8, &[u8])> {
    let (head, rest) = head(value)?;
    let (ty, payload) = rest.split_first()?;
    matches!(head.kind, Kind::Ext).then_some((ty.cast_signed(), payload))
}

/// An iterator over consecutive well formed values.
struct Values<'a>(&'a [u8]);

impl<'a> Iterator for Values<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (value, rest) = split(self.0)?;
        self.0 = rest;
        Some(value)
    }
}

/// Splits off the first value.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut rest = bytes;
    let mut pending = 1_u64;
    while pending > 0 {
        let (head, after) = head(rest)?;
        rest = after.get(head.bytes..)?;
        // Each value takes a byte, so the sum cannot overflow before the bytes end.
        pending = pending - 1 + head.kind.values();
    }
    Some(bytes.split_at(bytes.len() - rest.len()))
}

/// The first bytes of a value: its kind and length.
pub(super) struct Head {
    pub(super) kind: Kind,
    /// Further bytes of the value, without the values that it contains.
    pub(super) bytes: usize,
}

pub(super) enum Kind {
    String,
    Ext,
    Other,
    Array(u64),
    Map(u64),
}

impl Kind {
    /// Returns the number of values that this value contains.
    fn values(&self) -> u64 {
        match self {
            Kind::Array(n) => *n,
            Kind::Map(n) => 2 * n,
            _ => 0,
        }
    }
}

pub(super) fn head(bytes: &[u8]) -> Option<(Head, &[u8])> {
    let (marker, mut rest) = bytes.split_first()?;
    let mut number = |width: usize| {
        let (digits, after) = rest.split_at_checked(width)?;
        rest = after;
        let value = digits.iter().fold(0, |n, digit| n << 8 | u64::from(*digit));
        Some(value)
    };
    let plain = |bytes| (Kind::Other, bytes);
    let (kind, bytes) = match Marker::from_u8(*marker) {
        Marker::FixPos(_) | Marker::FixNeg(_) | Marker::Null | Marker::True | Marker::False => {
            plain(0)
        }
        Marker::U8 | Marker::I8 => plain(1),
        Marker::U16 | Marker::I16 => plain(2),
        Marker::U32 | Marker::I32 | Marker::F32 => plain(4),
        Marker::U64 | Marker::I64 | Marker::F64 => plain(8),
        Marker::FixStr(n) => (Kind::String, n.into()),
        Marker::Str8 | Marker::Bin8 => (Kind::String, number(1)?),
        Marker::Str16 | Marker::Bin16 => (Kind::String, number(2)?),
        Marker::Str32 | Marker::Bin32 => (Kind::String, number(4)?),
        Marker::FixArray(n) => (Kind::Array(n.into()), 0),
        Marker::Array16 => (Kind::Array(number(2)?), 0),
        Marker::Array32 => (Kind::Array(number(4)?), 0),
        Marker::FixMap(n) => (Kind::Map(n.into()), 0),
        Marker::Map16 => (Kind::Map(number(2)?), 0),
        Marker::Map32 => (Kind::Map(number(4)?), 0),
        // One more byte for the type.
        Marker::FixExt1 => (Kind::Ext, 2),
        Marker::FixExt2 => (Kind::Ext, 3),
        Marker::FixExt4 => (Kind::Ext, 5),
        Marker::FixExt8 => (Kind::Ext, 9),
        Marker::FixExt16 => (Kind::Ext, 17),
        Marker::Ext8 => (Kind::Ext, number(1)? + 1),
        Marker::Ext16 => (Kind::Ext, number(2)? + 1),
        Marker::Ext32 => (Kind::Ext, number(4)? + 1),
        Marker::Reserved => return None,
    };
    let bytes = usize::try_from(bytes).ok()?;
    Some((Head { kind, bytes }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rmpv::Value;

    fn encoded(value: &Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        rmpv::encode::write_value(&mut bytes, value).expect("memory takes everything");
        bytes
    }

    /// Returns an array with a value of every format.
    fn everything() -> Value {
        let strings = [3, 40, 300, 70_000].map(|len| "x".repeat(len));
        let mut values: Vec<_> = strings.iter().map(|s| Value::from(s.as_str())).collect();
        values.extend(strings.iter().map(|s| Value::from(s.as_bytes())));
        values.extend([1_i64, 200, 40_000, 1 << 20, 1 << 40].map(Value::from));
        values.extend([-1_i64, -100, -1_000, -100_000, -(1 << 40)].map(Value::from));
        values.extend([Value::Nil, true.into(), 1.5_f32.into(), 1.5_f64.into()]);
        values.extend([1, 2, 4, 8, 16, 17, 300, 70_000].map(|n| Value::Ext(5, vec![0; n])));
        values.extend([0, 3, 20, 70_000].map(|n| Value::Array(vec![Value::Nil; n])));
        values.extend([0, 3, 20, 70_000].map(|n| Value::Map(vec![(1.into(), Value::Nil); n])));
        Value::Array(values)
    }

    #[test]
    fn every_format_is_passed_over() {
        let bytes = encoded(&everything());
        assert_eq!(whole(&bytes), Ok(&bytes[..]));
        let values: Vec<_> = elements(&bytes).expect("is an array").collect();
        let expected: Vec<_> = everything()
            .as_array()
            .expect("is one")
            .iter()
            .map(encoded)
            .collect();
        assert_eq!(values, expected);
    }

    #[test]
    fn a_field_has_a_key() {
        let pairs = vec![("a".into(), 1.into()), ("b".into(), 2.into())];
        let map = encoded(&Value::Map(pairs));
        assert_eq!(field(&map, "b"), Some(&[2][..]));
        assert_eq!(field(&map, "c"), None);
        assert_eq!(field(&[1], "a"), None);
    }

    #[test]
    fn truncated_bytes_are_no_value() {
        let bytes = encoded(&everything());
        for len in (0..2_000).chain([bytes.len() - 1]) {
            assert!(whole(&bytes[..len]).is_err(), "{len}");
        }
        for bytes in [
            &b"\xc1"[..],
            b"\xdd\xff\xff\xff\xff",
            b"\xdf\xff\xff\xff\xff\x01",
            b"\xc6\xff\xff\xff\xff",
        ] {
            assert!(whole(bytes).is_err(), "{bytes:?}");
        }
        assert!(whole(b"\x01\x01").is_err());
    }

    #[test]
    fn nesting_takes_no_stack() {
        let mut bytes = vec![0x91; 1 << 20];
        assert!(whole(&bytes).is_err());
        bytes.push(0xc0);
        assert!(whole(&bytes).is_ok());
    }

    #[test]
    fn parts_are_taken_out() {
        let map = encoded(&Value::Map(vec![
            ("a".into(), 1.into()),
            ("b".into(), true.into()),
        ]));
        let pairs: Vec<_> = entries(&map).expect("is a map").collect();
        assert_eq!(pairs, [(&b"\xa1a"[..], &b"\x01"[..]), (b"\xa1b", b"\xc3")]);
        assert_eq!(entries(b"\x90").map(Iterator::count), Some(0));
        assert!(entries(b"\x91\x01").is_none());
        assert!(elements(&map).is_none());
        assert_eq!(text(b"\xa2hi"), Some("hi"));
        assert_eq!(string(b"\xc4\x01\xff"), Some(&b"\xff"[..]));
        assert_eq!(text(b"\xc4\x01\xff"), None);
        assert_eq!(text(b"\x01"), None);
        assert_eq!(boolean(b"\xc2"), Some(false));
        assert_eq!(boolean(b"\xc0"), None);
        assert_eq!(ext(b"\xd4\x01x"), Some((1, &b"x"[..])));
        assert_eq!(ext(b"\xc7\x02\x07xy"), Some((7, &b"xy"[..])));
        assert_eq!(ext(b"\x01"), None);
    }

    #[test]
    fn lengths_are_read_without_a_look_within() {
        let of = |values: Vec<Value>| {
            let array = encoded(&Value::Array(values));
            lengths(&array).collect::<Vec<_>>()
        };
        let long = "x".repeat(70_000);
        assert_eq!(
            of(vec!["ab".into(), Value::Nil, long.into()]),
            [2, 0, 70_000]
        );
        assert_eq!(of(vec!["a".into(), Value::Array(vec![]), "b".into()]), [1]);
        assert_eq!(lengths(b"\xa1a").count() + lengths(b"\x92\xa5a").count(), 0);
    }
}
