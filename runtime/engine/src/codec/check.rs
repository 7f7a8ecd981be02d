//! Checks that bytes are values that every SDK can read.
//!
//! A guest may write anything. Values that the runtime passes on inside an event, an
//! outcome or a record are checked where they enter, so that no reader fails later.
//! Messages are not checked: that would cost each send, and their receiver can refuse
//! them.

use super::reader::{self, Kind};
use super::{ERROR, NULL};

/// Deepest nesting of a value, as `docs/guest-abi.md` states.
pub(crate) const MAX_NESTING: usize = 100;

/// The reason for which bytes are not the expected values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// The bytes end too early, or hold a format that does not exist.
    #[error("not MessagePack")]
    Broken,
    /// Bytes follow the value.
    #[error("bytes after the end of the value: {0}")]
    Trailing(usize),
    /// An extension other than those of errors and of JSON's null.
    #[error("unknown extension type {0}")]
    Extension(i8),
    /// A value nests deeper than [`MAX_NESTING`].
    #[error("nested deeper than {MAX_NESTING}")]
    TooDeep,
    /// A key of a map is nil, an array, a map, an error or NaN.
    #[error("the key of a map is not a string, a number or a boolean")]
    Key,
    /// An error lacks a part, or has a part of another type.
    #[error("a structured error lacks its kind or message, or has a part of the wrong type")]
    Error,
    /// The value is well formed, but not an array.
    #[error("expected an array of values")]
    NoArray,
    /// The value is well formed, but not a map.
    #[error("expected a map")]
    NoMap,
}

impl Malformed {
    /// Returns the name and the value of the limit that the bytes exceed, if that is the
    /// reason.
    pub(crate) fn limit(self) -> Option<(&'static str, u64)> {
        (self == Malformed::TooDeep).then_some(("max_nesting", MAX_NESTING as u64))
    }
}

/// Checks one value that spans all the bytes.
///
/// # Errors
///
/// See [`Malformed`].
pub(crate) fn value(bytes: &[u8]) -> Result<(), Malformed> {
    let mut rest = bytes;
    one(&mut rest, MAX_NESTING)?;
    end(rest)
}

/// Checks an array of values: arguments, or the payload of a message.
///
/// # Errors
///
/// See [`Malformed`].
pub(crate) fn values(bytes: &[u8]) -> Result<(), Malformed> {
    let (head, mut rest) = reader::head(bytes).ok_or(Malformed::Broken)?;
    let Kind::Array(len) = head.kind else {
        return Err(Malformed::NoArray);
    };
    for _ in 0..len {
        one(&mut rest, MAX_NESTING)?;
    }
    end(rest)
}

/// Checks a map whose keys are strings, integers, floats or booleans; an empty
/// array is an empty map.
///
/// # Errors
///
/// See [`Malformed`].
pub(crate) fn map(bytes: &[u8]) -> Result<(), Malformed> {
    value(bytes)?;
    match reader::head(bytes) {
        Some((head, _)) if matches!(head.kind, Kind::Map(_) | Kind::Array(0)) => Ok(()),
        _ => Err(Malformed::NoMap),
    }
}

fn end(rest: &[u8]) -> Result<(), Malformed> {
    if rest.is_empty() {
        Ok(())
    } else {
        Err(Malformed::Trailing(rest.len()))
    }
}

/// Skips one value, in which `depth` more levels may nest. It takes a step for each
/// value that exists: a length that claims more ends at the end of the bytes.
fn one(rest: &mut &[u8], depth: usize) -> Result<(), Malformed> {
    let (head, after) = reader::head(rest).ok_or(Malformed::Broken)?;
    let (own, after) = after
        .split_at_checked(head.bytes)
        .ok_or(Malformed::Broken)?;
    *rest = after;
    let within = || depth.checked_sub(1).ok_or(Malformed::TooDeep);
    match head.kind {
        Kind::String | Kind::Other => Ok(()),
        Kind::Array(len) => {
            let depth = within()?;
            (0..len).try_for_each(|_| one(rest, depth))
        }
        Kind::Map(len) => {
            let depth = within()?;
            (0..len).try_for_each(|_| {
                key(rest)?;
                one(rest, depth)
            })
        }
        Kind::Ext => match own.split_first() {
            Some((ty, payload)) if ty.cast_signed() == ERROR => error(payload, within()?),
            Some((ty, _)) if ty.cast_signed() == NULL => Ok(()),
            Some((ty, _)) => Err(Malformed::Extension(ty.cast_signed())),
            None => Err(Malformed::Broken),
        },
    }
}

fn key(rest: &mut &[u8]) -> Result<(), Malformed> {
    let (head, after) = reader::head(rest).ok_or(Malformed::Broken)?;
    let own = after.get(..head.bytes).ok_or(Malformed::Broken)?;
    let fits = match head.kind {
        Kind::String => true,
        Kind::Other => match (rest.first(), own) {
            (Some(0xc0), _) => false,
            (Some(0xca), own) => {
                <[u8; 4]>::try_from(own).is_ok_and(|own| !f32::from_be_bytes(own).is_nan())
            }
            (Some(0xcb), own) => {
                <[u8; 8]>::try_from(own).is_ok_and(|own| !f64::from_be_bytes(own).is_nan())
            }
            _ => true,
        },
        Kind::Array(_) | Kind::Map(_) | Kind::Ext => false,
    };
    if !fits {
        return Err(Malformed::Key);
    }
    *rest = &after[head.bytes..];
    Ok(())
}

/// Returns true for nil, and for JSON's null, which some readers cannot tell from nil.
fn is_nil(value: &[u8]) -> bool {
    value == super::NIL || reader::ext(value).is_some_and(|(ty, _)| ty == NULL)
}

/// Checks the payload of an error: `[kind, message, retryable, details, stack]`.
/// Parts missing at the end count as nil; further parts are allowed.
fn error(payload: &[u8], depth: usize) -> Result<(), Malformed> {
    let (head, mut rest) = reader::head(payload).ok_or(Malformed::Broken)?;
    let Kind::Array(len @ 2..) = head.kind else {
        return Err(Malformed::Error);
    };
    for index in 0..len {
        let part = rest;
        one(&mut rest, depth)?;
        let part = &part[..part.len() - rest.len()];
        let is_string = reader::string(part).is_some();
        let fits = match index {
            0 | 1 => is_string,
            2 => is_nil(part) || reader::boolean(part).is_some(),
            4 => is_nil(part) || is_string,
            _ => true,
        };
        if !fits {
            return Err(Malformed::Error);
        }
    }
    end(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize) -> Vec<u8> {
        let mut bytes = vec![0x91; depth];
        bytes.push(0xc0);
        bytes
    }

    /// Returns an error with this value as its details.
    fn failed(details: &[u8]) -> Vec<u8> {
        let mut payload = b"\x94\xa1k\xa1m\xc0".to_vec();
        payload.extend_from_slice(details);
        let mut bytes = vec![0xc9];
        bytes.extend_from_slice(&u32::try_from(payload.len()).unwrap().to_be_bytes());
        bytes.push(1);
        bytes.extend_from_slice(&payload);
        bytes
    }

    #[test]
    fn values_that_every_sdk_reads_pass() {
        for bytes in [
            &b"\xc0"[..],
            b"\xc3",
            b"\x90",
            b"\x80",
            b"\xd9\x02\xff\xfe",
            b"\x84\xa1a\x01\x02\xc0\xc2\xc0\xcb\x3f\xf0\0\0\0\0\0\0\x90",
            b"\xc7\x05\x01\x92\xa1k\xa1m",
            b"\xc7\x09\x01\x96\xa1k\xa1m\xc3\xc0\xc0\x07",
        ] {
            assert_eq!(value(bytes), Ok(()), "{bytes:?}");
        }
        assert_eq!(values(b"\x92\x01\xc0"), Ok(()));
        assert_eq!(values(b"\x91\xc7\x00\x02"), Ok(()));
        assert_eq!(map(b"\x90"), Ok(()));
        assert_eq!(map(b"\x81\xa1a\x01"), Ok(()));
    }

    #[test]
    fn values_that_some_reader_refuses_are_refused() {
        for (bytes, expected) in [
            (&b""[..], Malformed::Broken),
            (b"\xc1", Malformed::Broken),
            (b"\x92\xc0", Malformed::Broken),
            (b"\xdd\xff\xff\xff\xff\xc0", Malformed::Broken),
            (b"\xdb\xff\xff\xff\xffx", Malformed::Broken),
            (b"\xc9\xff\xff\xff\xff\x01x", Malformed::Broken),
            (b"\x01\x01", Malformed::Trailing(1)),
            (b"\xd4\x05\x00", Malformed::Extension(5)),
            (b"\xc9\x00\x00\x00\x01\xff\x00", Malformed::Extension(-1)),
            (b"\x81\xc0\x01", Malformed::Key),
            (b"\x81\x90\x01", Malformed::Key),
            (b"\x81\xca\x7f\xc0\x00\x00\x01", Malformed::Key),
            (b"\x81\xcb\x7f\xf8\0\0\0\0\0\0\x01", Malformed::Key),
            (b"\xd4\x01\x90", Malformed::Error),
            (b"\xc7\x04\x01\x92\xa1k\x07", Malformed::Error),
            (b"\xc7\x06\x01\x93\xa1k\xa1m\x07", Malformed::Error),
            (b"\xc7\x08\x01\x95\xa1k\xa1m\xc0\xc0\x07", Malformed::Error),
            (b"\xc7\x06\x01\x92\xa1k\xa1m\xc0", Malformed::Trailing(1)),
        ] {
            assert_eq!(value(bytes), Err(expected), "{bytes:?}");
        }
        assert_eq!(values(b"\x01"), Err(Malformed::NoArray));
        assert_eq!(values(b"\x91"), Err(Malformed::Broken));
        assert_eq!(values(b"\x90\xc0"), Err(Malformed::Trailing(1)));
        assert_eq!(map(b"\x91\x01"), Err(Malformed::NoMap));
    }

    #[test]
    fn nesting_ends_at_a_hundred() {
        assert_eq!(value(&nested(100)), Ok(()));
        assert_eq!(value(&nested(101)), Err(Malformed::TooDeep));
        assert_eq!(value(&nested(1 << 20)), Err(Malformed::TooDeep));
        let mut bytes = nested(0);
        for _ in 0..100 {
            bytes = failed(&bytes);
        }
        assert_eq!(value(&bytes), Ok(()));
        assert_eq!(value(&failed(&bytes)), Err(Malformed::TooDeep));
    }

    #[test]
    fn an_array_of_values_is_no_level_of_its_own() {
        let mut bytes = vec![0x91];
        bytes.extend(nested(100));
        assert_eq!(values(&bytes), Ok(()));
    }
}
