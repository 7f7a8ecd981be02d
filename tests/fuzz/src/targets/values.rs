//! Makes values, some of them malformed.

use arbitrary::{Arbitrary, Result, Unstructured};
use rmpv::Value;

use crate::support::encoded;

/// Keys of maps that are text.
pub(super) const KEYS: [&str; 3] = ["key", "other", ""];

/// Makes one encoded value. A third of the values have a few changed bytes.
pub(crate) fn make(random: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let depth = random.int_in_range(0..=5)?;
    let mut bytes = encoded(&value(random, depth)?);
    if random.ratio(1, 3)? {
        for _ in 0..random.int_in_range(1..=3)? {
            let at = random.choose_index(bytes.len())?;
            bytes[at] = u8::arbitrary(random)?;
        }
    }
    Ok(bytes)
}

/// Makes a value that nests at most `depth` deep.
pub(super) fn value(random: &mut Unstructured<'_>, depth: usize) -> Result<Value> {
    let most = if depth == 0 { 6 } else { 9 };
    Ok(match random.int_in_range(0..=most)? {
        0 => Value::Nil,
        1 => Value::Boolean(bool::arbitrary(random)?),
        2 => integer(random)?,
        3 => float(random)?,
        4 => Value::from(*random.choose(&["", "text", "gr\u{fc}n"])?),
        5 => Value::Binary(vec![0xff; usize::from(u8::arbitrary(random)?) / 16]),
        6 => Value::Ext(*random.choose(&[2, 2, 2, 2, 2, 2, 1, 5])?, Vec::new()),
        7 => {
            let count = random.int_in_range(0..=4)?;
            let items: Result<Vec<Value>> = (0..count).map(|_| value(random, depth - 1)).collect();
            Value::Array(items?)
        }
        8 => map(random, depth - 1)?,
        _ => error(random, depth - 1)?,
    })
}

/// Makes an integer, often one at the limit of a format.
fn integer(random: &mut Unstructured<'_>) -> Result<Value> {
    let near = u64::MAX >> random.int_in_range(0..=63)?;
    Ok(match random.int_in_range(0..=3)? {
        0 => Value::from(near),
        1 => Value::from(near.wrapping_add(1)),
        2 => Value::from((near >> 1).cast_signed().wrapping_neg()),
        _ => Value::from(i64::arbitrary(random)?),
    })
}

fn float(random: &mut Unstructured<'_>) -> Result<Value> {
    Ok(match random.int_in_range(0..=3)? {
        0 => Value::F32(f32::arbitrary(random)?),
        1 => Value::F64(f64::arbitrary(random)?),
        _ => Value::F64(*random.choose(&[
            0.0,
            -0.0,
            1.0,
            f64::NAN,
            f64::INFINITY,
            9_007_199_254_740_993.0,
            -9_223_372_036_854_775_808.0,
            9_223_372_036_854_775_808.0,
        ])?),
    })
}

/// Makes a map whose values nest at most `depth` deep. Some keys are invalid.
pub(super) fn map(random: &mut Unstructured<'_>, depth: usize) -> Result<Value> {
    let mut pairs = Vec::new();
    for _ in 0..random.int_in_range(0..=3)? {
        let key = match random.int_in_range(0..=31)? {
            0 => value(random, 0)?,
            1..=4 => Value::from(u8::arbitrary(random)?),
            5..=8 => integer(random)?,
            9..=12 => float(random)?,
            13 => Value::Boolean(bool::arbitrary(random)?),
            _ => Value::from(*random.choose(&KEYS)?),
        };
        pairs.push((key, value(random, depth)?));
    }
    Ok(Value::Map(pairs))
}

/// Makes a structured error. Some lack required parts.
pub(super) fn error(random: &mut Unstructured<'_>, depth: usize) -> Result<Value> {
    let mut parts = vec![
        Value::from(*random.choose(&["Invalid", "OutOfMemory", "own", ""])?),
        Value::from("message"),
        Value::Boolean(bool::arbitrary(random)?),
        value(random, depth)?,
        Value::from("stack"),
        value(random, depth)?,
    ];
    parts.truncate(random.int_in_range(0..=12)?.max(1));
    if random.ratio(1, 16)? {
        let wrong = random.choose_index(parts.len())?;
        parts[wrong] = value(random, depth)?;
    }
    Ok(Value::Ext(1, encoded(&Value::Array(parts))))
}
