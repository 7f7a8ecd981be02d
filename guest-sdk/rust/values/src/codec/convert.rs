//! The functions that convert.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::failure::CodecError;
use super::{de, ser};
use crate::msgpack::{Input, Output};

/// Encodes one value.
///
/// # Errors
///
/// An integer beyond 64 signed bits, a map key that is neither text, number nor
/// boolean, nesting deeper than 100, or a `Serialize` that fails.
pub fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Output, CodecError> {
    let mut out = Output::new();
    value.serialize(ser::Serializer::one(&mut out))?;
    Ok(out)
}

/// Encodes an array of n values: a tuple is its elements, `()` is no value, and
/// everything else is one. To serde an array of fixed length, `[T; N]`, is a tuple, and so
/// it is N values here; a slice or a `Vec` is one value. A payload that is to be one value
/// whatever its type is a tuple of one, `(list,)`.
///
/// # Errors
///
/// As [`to_value`].
pub fn to_values<T: Serialize + ?Sized>(values: &T) -> Result<Output, CodecError> {
    let mut out = Output::new();
    write_values(values, &mut out)?;
    Ok(out)
}

/// Appends an array of n values, as [`to_values`] encodes it, to `out`.
///
/// # Errors
///
/// As [`to_value`]; `out` then ends in a part of the array.
pub fn write_values<T: Serialize + ?Sized>(values: &T, out: &mut Output) -> Result<(), CodecError> {
    values.serialize(ser::Serializer::values(out))
}

/// Reads one encoded value that spans all the bytes.
///
/// # Errors
///
/// The bytes are not a value of the ABI, or not one of this type.
pub fn from_value<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    read(bytes, de::Shape::One)
}

/// Reads an encoded array of n values, as many as [`to_values`] writes.
///
/// # Errors
///
/// As [`from_value`]; and a number of values that differs from the type's.
pub fn from_values<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    read(bytes, de::Shape::Values)
}

fn read<T: DeserializeOwned>(bytes: &[u8], shape: de::Shape) -> Result<T, CodecError> {
    let mut input = Input::new(bytes);
    let value = T::deserialize(de::Deserializer::new(&mut input, shape))?;
    if input.is_empty() {
        Ok(value)
    } else {
        Err(CodecError::new("more bytes after the end of the value"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;
    use crate::{Error, Value};

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    enum Shape {
        Point,
        Circle(f64),
        Line(i8, u64),
        Named { name: String, tags: Vec<String> },
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Everything {
        flag: bool,
        small: u8,
        large: i64,
        float: f64,
        single: f32,
        text: String,
        letter: char,
        nothing: Option<u8>,
        something: Option<u8>,
        unit: (),
        pair: (i32, String),
        list: Vec<Shape>,
        map: BTreeMap<i64, bool>,
        error: Error,
        any: Value,
    }

    fn everything() -> Everything {
        Everything {
            flag: true,
            small: 255,
            large: i64::MIN,
            float: 1.0,
            single: 0.5,
            text: "grün".into(),
            letter: 'ü',
            nothing: None,
            something: Some(3),
            unit: (),
            pair: (-1, "x".into()),
            list: vec![
                Shape::Point,
                Shape::Circle(2.0),
                Shape::Line(-1, i64::MAX as u64),
                Shape::Named {
                    name: "n".into(),
                    tags: vec![],
                },
            ],
            map: [(1, true), (-5, false)].into(),
            error: Error::not_found("gone").with_details(&[1, 2]),
            any: Value::Array(vec![
                Value::Nil,
                Value::Float(f64::INFINITY),
                Value::Bytes(b"\xff".to_vec()),
                Value::Error(Box::new(Error::invalid("inner"))),
                Value::Map(vec![(Value::Boolean(true), Value::Integer(1))]),
            ]),
        }
    }

    #[test]
    fn values_without_end_are_refused_where_the_limit_is() {
        struct Endless;
        impl std::fmt::Display for Endless {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                loop {
                    f.write_str("text")?;
                }
            }
        }
        struct Text;
        impl serde::Serialize for Text {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(&Endless)
            }
        }
        struct List;
        impl serde::Serialize for List {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_seq(std::iter::repeat(1))
            }
        }
        struct Map;
        impl serde::Serialize for Map {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_map(std::iter::repeat(("key", "value")))
            }
        }
        struct Key;
        impl serde::Serialize for Key {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_map([(Text, 1)])
            }
        }
        let full = crate::msgpack::Full::Limit.to_string();
        let long = vec!["x".repeat(1000); 20_000];
        for error in [
            to_value(&Text).err(),
            to_value(&List).err(),
            to_value(&Map).err(),
            to_value(&Key).err(),
            to_value(&long).err(),
            to_values(&(1, Text)).err(),
        ] {
            let message = error.map(|error| error.to_string()).unwrap_or_default();
            assert!(message.contains(&full), "{message}");
        }
    }

    #[test]
    fn written_values_are_read_back() {
        let bytes = to_value(&everything()).unwrap();
        assert_eq!(
            from_value::<Everything>(bytes.as_slice()).unwrap(),
            everything()
        );
    }

    #[test]
    fn everything_that_is_written_reads_as_a_value() {
        let bytes = to_value(&everything()).unwrap();
        let value: Value = from_value(bytes.as_slice()).unwrap();
        assert_eq!(to_value(&value).unwrap().as_slice(), bytes.as_slice());
        // A value also converts without bytes in between.
        let again: Everything = value.to().unwrap();
        assert_eq!(again, everything());
    }

    #[test]
    fn floats_stay_floats_and_integers_integers() {
        assert_eq!(to_value(&1.0_f32).unwrap().as_slice()[0], 0xcb);
        assert_eq!(to_value(&1_u64).unwrap().as_slice(), [1]);
        assert!(from_value::<i64>(to_value(&1.0).unwrap().as_slice()).is_err());
        assert_eq!(from_value::<f64>(&[1]).unwrap(), 1.0);
    }

    #[test]
    fn tuples_are_n_values() {
        assert_eq!(to_values(&(1, "a")).unwrap().as_slice(), b"\x92\x01\xa1a");
        assert_eq!(to_values(&()).unwrap().as_slice(), b"\x90");
        assert_eq!(to_values(&7).unwrap().as_slice(), b"\x91\x07");
        assert_eq!(
            to_values(&vec![1, 2]).unwrap().as_slice(),
            b"\x91\x92\x01\x02"
        );
        assert_eq!(
            to_values(&((1, 2),)).unwrap().as_slice(),
            b"\x91\x92\x01\x02"
        );
        assert_eq!(to_values(&None::<u8>).unwrap().as_slice(), b"\x91\xc0");

        assert_eq!(
            from_values::<(u8, String)>(b"\x92\x01\xa1a").unwrap(),
            (1, "a".into())
        );
        from_values::<()>(b"\x90").unwrap();
        assert_eq!(from_values::<u8>(b"\x91\x07").unwrap(), 7);
        assert_eq!(from_values::<Vec<u8>>(b"\x91\x92\x01\x02").unwrap(), [1, 2]);
        assert_eq!(from_values::<Option<u8>>(b"\x90").unwrap(), None);
        assert_eq!(
            from_values::<Value>(b"\x92\x01\x02").unwrap(),
            Value::from(vec![1, 2])
        );
    }

    #[test]
    fn another_number_of_values_is_refused() {
        let error = from_values::<u8>(b"\x92\x01\x02").unwrap_err();
        assert_eq!(error.to_string(), "2 values where one was expected");
        let error = from_values::<(u8, u8)>(b"\x93\x01\x02\x03").unwrap_err();
        assert_eq!(error.to_string(), "3 values where 2 were expected");
        let error = from_values::<(u8, u8)>(b"\x91\x01").unwrap_err();
        assert_eq!(error.to_string(), "1 value where 2 were expected");
    }

    #[test]
    fn a_mistake_is_named_by_its_path() {
        #[derive(Debug, Deserialize)]
        struct Outer {
            #[expect(dead_code, reason = "never read: decoding fails")]
            list: Vec<BTreeMap<String, u8>>,
        }
        let bytes = to_value(&BTreeMap::from([("list", [BTreeMap::from([("a", "x")])])])).unwrap();
        let error = from_value::<Outer>(bytes.as_slice()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "list[0].a: invalid type: string \"x\", expected u8"
        );
        let error = to_value(&[(1, u64::MAX)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "[0][1]: 18446744073709551615 is not a signed integer of 64 bits"
        );
        let error = to_value(&BTreeMap::from([(vec![1], 1)])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a key must be text, a number or a boolean"
        );
    }

    #[test]
    fn nesting_ends_at_a_hundred() {
        let nested = |depth: usize| {
            let mut value = Value::Nil;
            for _ in 0..depth {
                value = Value::Array(vec![value]);
            }
            value
        };
        let bytes = to_value(&nested(100)).unwrap();
        assert_eq!(from_value::<Value>(bytes.as_slice()).unwrap(), nested(100));
        let error = to_value(&nested(101)).unwrap_err();
        assert_eq!(error.limit().unwrap().name, "max_nesting");
        let error = error.to_string();
        assert!(error.ends_with("nested deeper than 100"), "{error}");
        let mut deep = vec![0x91; 100_000];
        deep.push(0xc0);
        assert!(from_value::<Value>(&deep).is_err());
    }

    #[test]
    fn errors_in_errors_take_a_step_for_each() {
        let mut error = Error::internal("leaf");
        for _ in 0..90 {
            error = Error::internal("m").with_details(&error);
        }
        let bytes = to_value(&error).unwrap();
        let value: Value = from_value(bytes.as_slice()).unwrap();
        assert_eq!(value, Value::Error(Box::new(error.clone())));
        assert_eq!(to_value(&value).unwrap().as_slice(), bytes.as_slice());
        let mut depth = 0;
        while let Some(inner) = error.details_as::<Error>() {
            (error, depth) = (inner, depth + 1);
        }
        assert_eq!((depth, &*error.message), (90, "leaf"));
    }

    #[test]
    fn input_may_nest_as_deep_as_an_event() {
        let mut bytes = vec![0x91; 103];
        bytes.push(0xc0);
        assert!(from_value::<Value>(&bytes).is_ok());
        let mut bytes = vec![0x91; 109];
        bytes.push(0xc0);
        assert!(from_value::<Value>(&bytes).is_err());
    }

    #[test]
    fn an_empty_array_reads_as_a_map_and_back() {
        assert!(
            from_value::<BTreeMap<String, u8>>(b"\x90")
                .unwrap()
                .is_empty()
        );
        assert!(from_value::<Vec<u8>>(b"\x80").unwrap().is_empty());
    }

    #[test]
    fn an_error_is_found_among_alternatives() {
        #[derive(Debug, PartialEq, Deserialize)]
        #[serde(untagged)]
        enum Either {
            Error(Error),
            Number(u8),
        }
        let bytes = to_value(&Error::timeout("late")).unwrap();
        assert_eq!(
            from_value::<Either>(bytes.as_slice()).unwrap(),
            Either::Error(Error::timeout("late"))
        );
        assert_eq!(from_value::<Either>(b"\x05").unwrap(), Either::Number(5));
    }

    #[test]
    fn bytes_from_anyone_never_panic() {
        let mut seed = 1_u64;
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..12)
                .map(|_| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (seed >> 33) as u8
                })
                .collect();
            let _ = from_value::<Value>(&bytes);
            let _ = from_values::<Everything>(&bytes);
        }
    }
}
