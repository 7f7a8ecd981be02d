//! Functions in the place of SQLite's, whose time grows with the product of the lengths of
//! their arguments. Nothing interrupts a function of SQLite, and two texts of some megabytes
//! would keep its thread for hours.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use memchr::memmem;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error, Result, ffi};

use super::super::rows::MAX_RESULT;
use super::guard::Guard;
use super::patterns::{Pattern, Stopped, one_character};

/// Bytes of a pattern of LIKE and GLOB.
pub(crate) const MAX_PATTERN: usize = 256;

/// Puts the functions in place. They end when the guard says so.
pub(super) fn replace(connection: &Connection, guard: &Arc<Guard>) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    for count in [2, 3] {
        let guard = Arc::clone(guard);
        let like = move |context: &Context<'_>| like(context, &guard);
        connection.create_scalar_function("like", count, flags, like)?;
    }
    let watch = Arc::clone(guard);
    let glob = move |context: &Context<'_>| matched(context, &watch, Pattern::glob);
    connection.create_scalar_function("glob", 2, flags, glob)?;
    connection.create_scalar_function("instr", 2, flags, instr)?;
    connection.create_scalar_function("replace", 3, flags, replaced)?;
    connection.create_scalar_function("trim", 2, flags, |c| trimmed(c, true, true))?;
    connection.create_scalar_function("ltrim", 2, flags, |c| trimmed(c, true, false))?;
    connection.create_scalar_function("rtrim", 2, flags, |c| trimmed(c, false, true))?;
    connection.create_scalar_function("unhex", 2, flags, |_| -> Result<Value> {
        Err(failed(
            "unhex with characters to pass over is not available",
        ))
    })
}

/// Returns 1 if the second text is as the pattern that the first one is.
fn like(context: &Context<'_>, guard: &Guard) -> Result<Value> {
    let escape = match context.len() {
        2 => None,
        _ => match bytes_of(context.get_raw(2)) {
            None => return Ok(Value::Null),
            Some(escape) => Some(
                one_character(&escape)
                    .ok_or_else(|| failed("ESCAPE expression must be a single character"))?,
            ),
        },
    };
    matched(context, guard, |pattern| Pattern::like(pattern, escape))
}

fn matched(
    context: &Context<'_>,
    guard: &Guard,
    read: impl FnOnce(&[u8]) -> Pattern,
) -> Result<Value> {
    let (pattern, text) = (bytes_of(context.get_raw(0)), bytes_of(context.get_raw(1)));
    let (Some(pattern), Some(text)) = (pattern, text) else {
        return Ok(Value::Null);
    };
    if pattern.len() > MAX_PATTERN {
        return Err(failed("LIKE or GLOB pattern too complex"));
    }
    // Of many matches in a row, each of a moment, the next one ends the statement.
    if guard.interrupted().is_some() {
        return Err(interrupted());
    }
    // A pattern that is the same in each row is read once. The escape may be another one.
    let is_kept = context.len() == 2;
    let kept = match is_kept {
        true => context.get_aux::<Pattern>(0)?,
        false => None,
    };
    let pattern = match kept {
        Some(pattern) => pattern,
        None if is_kept => context.set_aux(0, read(&pattern))?,
        None => Arc::new(read(&pattern)),
    };
    let goes_on = || guard.interrupted().is_none();
    match pattern.matches(&text, goes_on) {
        Ok(is_match) => Ok(Value::Integer(is_match.into())),
        Err(Stopped) => Err(interrupted()),
    }
}

fn interrupted() -> Error {
    Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_INTERRUPT), None)
}

/// Returns the place of the second text in the first, counted from 1: in characters, or of two
/// blobs in bytes; 0 if it is not there.
fn instr(context: &Context<'_>) -> Result<Value> {
    let (whole, part) = (context.get_raw(0), context.get_raw(1));
    let (Some(bytes), Some(wanted)) = (bytes_of(whole), bytes_of(part)) else {
        return Ok(Value::Null);
    };
    let of_blobs = matches!((whole, part), (ValueRef::Blob(_), ValueRef::Blob(_)));
    let place = match memmem::find(&bytes, &wanted) {
        None => 0,
        Some(at) if of_blobs => at + 1,
        Some(at) => characters(&bytes[..at]).count() + 1,
    };
    Ok(Value::Integer(i64::try_from(place).unwrap_or(i64::MAX)))
}

/// Returns the first text with the third one in each place of the second.
fn replaced(context: &Context<'_>) -> Result<Value> {
    let bytes = |place| bytes_of(context.get_raw(place));
    let (Some(whole), Some(part), Some(other)) = (bytes(0), bytes(1), bytes(2)) else {
        return Ok(Value::Null);
    };
    if part.is_empty() {
        return text(whole.into_owned());
    }
    let mut result = Vec::new();
    let mut done = 0;
    for at in memmem::find_iter(&whole, &*part) {
        result.extend_from_slice(&whole[done..at]);
        result.extend_from_slice(&other);
        done = at + part.len();
        if result.len() > MAX_RESULT {
            return Err(failed("string or blob too big"));
        }
    }
    result.extend_from_slice(&whole[done..]);
    text(result)
}

/// Returns the first text without the characters of the second at its ends.
fn trimmed(context: &Context<'_>, first: bool, last: bool) -> Result<Value> {
    let bytes = |place| bytes_of(context.get_raw(place));
    let (Some(whole), Some(set)) = (bytes(0), bytes(1)) else {
        return Ok(Value::Null);
    };
    let set: HashSet<&[u8]> = characters(&set).collect();
    let mut rest = &*whole;
    if first {
        let trimmed = characters(rest).take_while(|character| set.contains(character));
        let bytes: usize = trimmed.map(<[u8]>::len).sum();
        rest = &rest[bytes..];
    }
    while last && !rest.is_empty() {
        let begin = rest.iter().rposition(|byte| !is_inner(*byte)).unwrap_or(0);
        if !set.contains(&rest[begin..]) {
            break;
        }
        rest = &rest[..begin];
    }
    text(rest.to_vec())
}

/// Returns the bytes of a value as text; `None` for NULL.
fn bytes_of(value: ValueRef<'_>) -> Option<Cow<'_, [u8]>> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string().into_bytes().into()),
        ValueRef::Real(number) => Some(real(number).into_bytes().into()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(bytes.into()),
    }
}

/// Returns a float as SQLite writes it: with 15 digits, and a point.
fn real(number: f64) -> String {
    if number.is_infinite() {
        return if number < 0.0 { "-Inf" } else { "Inf" }.to_owned();
    }
    let scientific = format!("{number:.14e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..15).contains(&exponent) {
        let decimals = usize::try_from(14 - exponent).unwrap_or(0);
        return with_point(&format!("{number:.decimals$}"));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", with_point(digits), exponent.abs())
}

/// Returns digits without zeros at their end, but for one behind the point.
fn with_point(digits: &str) -> String {
    match digits.split_once('.') {
        None => format!("{digits}.0"),
        Some((whole, part)) => match part.trim_end_matches('0') {
            "" => format!("{whole}.0"),
            part => format!("{whole}.{part}"),
        },
    }
}

/// Returns the characters of a text. Bytes that are no UTF-8 are characters, too.
fn characters(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, behind) = rest.split_first()?;
        let inner = behind.iter().take_while(|byte| is_inner(**byte)).count();
        let (character, others) = rest.split_at(1 + inner);
        rest = others;
        Some(character)
    })
}

/// Returns true for a byte that continues a character.
fn is_inner(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// Makes a text of bytes; of others a blob.
fn text(bytes: Vec<u8>) -> Result<Value> {
    Ok(match String::from_utf8(bytes) {
        Ok(text) => Value::Text(text),
        Err(error) => Value::Blob(error.into_bytes()),
    })
}

fn failed(why: &str) -> Error {
    Error::UserFunctionError(why.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expressions with the values that SQLite's own functions give them.
    #[test]
    fn the_functions_are_those_of_sqlite() {
        let plain = Connection::open_in_memory().unwrap();
        let ours = Connection::open_in_memory().unwrap();
        replace(&ours, &Arc::default()).unwrap();
        for expression in [
            "'GRÜN' LIKE 'gr_n'",
            "'GRÜN' LIKE 'grün'",
            "'abc' LIKE 'a%'",
            "'abc' LIKE '%b'",
            "'abc' LIKE '%%_c'",
            "'' LIKE '%'",
            "'' LIKE '_'",
            "'a%c' LIKE 'a!%c' ESCAPE '!'",
            "'abc' LIKE 'a!%c' ESCAPE '!'",
            "'a!' LIKE 'a!' ESCAPE '!'",
            "'ab' LIKE NULL",
            "NULL LIKE 'a'",
            "'ab' LIKE 'ab' ESCAPE NULL",
            "15 LIKE '1_'",
            "1.5 LIKE '%.%'",
            "x'6162' LIKE 'AB'",
            "'mississippi' LIKE '%is%ip%'",
            "'mississippi' LIKE '%is%x%'",
            "'abc' NOT LIKE 'A_C'",
            "'Abc' GLOB 'a*'",
            "'abc' GLOB 'a?c'",
            "'abc' GLOB '[a-c][^a]*'",
            "'b' GLOB '[^a-c]'",
            "']' GLOB '[]]'",
            "'-' GLOB '[a-]'",
            "'a' GLOB '[a'",
            "'a' GLOB '[]'",
            "'é' GLOB '[à-ü]'",
            "'abcabd' GLOB '*ab[d-z]'",
            "instr('grün und grün', 'und')",
            "instr('abc', '')",
            "instr('abc', 'd')",
            "instr(NULL, 'a')",
            "instr(x'c3bc6100', x'61')",
            "instr('üa', x'61')",
            "instr(12345, 34)",
            "instr(1.5, '.')",
            "replace('a.b.c', '.', '--')",
            "replace('aaa', 'aa', 'b')",
            "replace('abc', '', 'x')",
            "replace('abc', NULL, 'x')",
            "replace(1.5, '.', ',')",
            "replace(1e20, 'e', 'E')",
            "replace(0.1 + 0.2, '.', ',')",
            "replace(-1e-7, '.', ',')",
            "replace(100.0, '.', ',')",
            "replace(12, 1, 2)",
            "trim('xxaxbxx', 'x')",
            "trim('üäaäü', 'äü')",
            "trim('abc', '')",
            "trim('xyx', 'xy')",
            "ltrim('xxaxx', 'x')",
            "rtrim('xxaxx', 'x')",
            "rtrim('aü', 'ü')",
            "trim(NULL, 'x')",
            "trim(10.0, '0')",
            "trim('  a  ')",
            "unhex('6162')",
        ] {
            let of = |connection: &Connection| -> Value {
                let text = format!("SELECT {expression}");
                connection.query_row(&text, [], |row| row.get(0)).unwrap()
            };
            assert_eq!(of(&ours), of(&plain), "{expression}");
        }
    }

    #[test]
    fn long_texts_take_no_time() {
        let ours = Connection::open_in_memory().unwrap();
        replace(&ours, &Arc::default()).unwrap();
        for expression in [
            "instr(printf('%.*c', 4000000, 'a'), printf('%.*c', 2000000, 'a') || 'b')",
            "length(replace(printf('%.*c', 4000000, 'a'), printf('%.*c', 2000000, 'a') || 'b', ''))",
            "length(trim(printf('%.*c', 4000000, 'a'), printf('%.*c', 2000000, 'b') || 'a'))",
        ] {
            let text = format!("SELECT {expression}");
            let found: i64 = ours.query_row(&text, [], |row| row.get(0)).unwrap();
            assert!([0, 4_000_000].contains(&found), "{expression}: {found}");
        }
    }
}
