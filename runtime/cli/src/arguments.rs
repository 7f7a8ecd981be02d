//! The program's arguments, as the values its first process is given.

use std::ffi::OsStr;

use warren::Value;

use crate::exit::Exit;
use crate::report::excerpt::Excerpt;
use crate::report::failure::Failure;

/// The deepest nesting of a value that crosses to a process.
const MAX_DEPTH: usize = 100;

/// Returns the arguments of the command line: strings, or bytes for words that
/// are not UTF-8.
pub(crate) fn of_words<'a>(words: impl IntoIterator<Item = &'a OsStr>) -> Vec<Value> {
    words
        .into_iter()
        .map(|word| match word.to_str() {
            Some(text) => Value::from(text),
            None => Value::Bytes(word.as_encoded_bytes().to_vec()),
        })
        .collect()
}

/// Returns the arguments of one JSON array.
pub(crate) fn of_json(text: &str) -> Result<Vec<Value>, Box<Failure>> {
    let not_an_array = |span, message: String| {
        Box::new(Failure {
            excerpt: Some(Excerpt {
                name: "--args-json".to_owned(),
                text: text.into(),
                span,
                label: "here".to_owned(),
            }),
            help: Some(r#"write a JSON array, such as '["eu", 3, true]'"#.to_owned()),
            ..Failure::new(Exit::Usage, message)
        })
    };
    match serde_json::from_str(text) {
        Ok(serde_json::Value::Array(elements)) => elements
            .into_iter()
            .map(|element| {
                value(element, MAX_DEPTH).ok_or_else(|| {
                    let message = format!("--args-json nests deeper than {MAX_DEPTH}");
                    not_an_array(0..text.len(), message)
                })
            })
            .collect(),
        Ok(other) => Err(not_an_array(
            0..text.len(),
            format!("--args-json is {}, not an array", type_of(&other)),
        )),
        Err(error) => {
            let at = offset(text, error.line(), error.column());
            let reason = error.to_string();
            // The excerpt shows the place that serde_json appends to its
            // sentence.
            let reason = match reason.split(" at line ").next() {
                Some("expected ident") | None => "expected a value",
                Some(reason) => reason,
            };
            Err(not_an_array(
                at..at,
                format!("--args-json is not JSON: {reason}"),
            ))
        }
    }
}

/// Converts a JSON value to the only value of a message, even if it is an
/// array; `None` if it nests too deep.
#[cfg(unix)]
pub(crate) fn of_message(json: serde_json::Value) -> Option<(Value,)> {
    Some((value(json, MAX_DEPTH)?,))
}

/// Converts a JSON value; `None` if it nests too deep.
fn value(json: serde_json::Value, depth: usize) -> Option<Value> {
    Some(match json {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(boolean) => Value::Boolean(boolean),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(integer) => Value::Integer(integer),
            None => Value::Float(number.as_f64()?),
        },
        serde_json::Value::String(text) => Value::String(text),
        serde_json::Value::Array(elements) => {
            let depth = depth.checked_sub(1)?;
            let elements = elements.into_iter().map(|element| value(element, depth));
            Value::Array(elements.collect::<Option<_>>()?)
        }
        serde_json::Value::Object(entries) => {
            let depth = depth.checked_sub(1)?;
            let entries = entries
                .into_iter()
                .map(|(key, element)| Some((Value::String(key), value(element, depth)?)));
            Value::Map(entries.collect::<Option<_>>()?)
        }
    })
}

fn type_of(json: &serde_json::Value) -> &'static str {
    match json {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "a boolean",
        serde_json::Value::Number(_) => "a number",
        serde_json::Value::String(_) => "a string",
        serde_json::Value::Array(_) => "an array",
        serde_json::Value::Object(_) => "an object",
    }
}

/// Returns the byte of a place of serde_json's: lines count from 1, columns are
/// the bytes read of the line.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let at = (before + column.saturating_sub(1)).min(text.len());
    (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (String, usize) {
        let failure = of_json(text).unwrap_err();
        let start = failure.excerpt.as_ref().unwrap().span.start;
        (failure.message, start)
    }

    #[test]
    fn words_are_strings() {
        let words = [OsStr::new("eu"), OsStr::new("-3")];
        assert_eq!(of_words(words), [Value::from("eu"), Value::from("-3")]);
    }

    #[cfg(unix)]
    #[test]
    fn words_may_be_any_bytes() {
        use std::os::unix::ffi::OsStrExt;
        let word = OsStr::from_bytes(b"a\xff");
        assert_eq!(of_words([word]), [Value::Bytes(b"a\xff".to_vec())]);
    }

    #[test]
    fn json_keeps_its_types() {
        let values = of_json(r#"["a", 1, -2, 1.0, null, true, {"k": [2]}, 9223372036854775808]"#);
        assert_eq!(
            values.unwrap(),
            [
                Value::from("a"),
                Value::Integer(1),
                Value::Integer(-2),
                Value::Float(1.0),
                Value::Nil,
                Value::Boolean(true),
                Value::Map(vec![(
                    Value::from("k"),
                    Value::Array(vec![Value::Integer(2)])
                )]),
                Value::Float(9_223_372_036_854_775_808.0),
            ]
        );
        assert_eq!(of_json("[]").unwrap(), []);
    }

    #[cfg(unix)]
    #[test]
    fn a_message_has_one_value() {
        let message = of_message(serde_json::json!(["a", 3, 1.0])).unwrap();
        let expected = [
            0x91, 0x93, 0xa1, b'a', 3, 0xcb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0,
        ];
        let encoded = warren::values::to_values(&message).unwrap();
        assert_eq!(encoded.as_slice(), expected);
    }

    #[test]
    fn other_json_than_an_array_is_refused_with_its_place() {
        assert_eq!(
            refused(r#"{"a": 1}"#).0,
            "--args-json is an object, not an array"
        );
        let (message, at) = refused(r#"[1, two]"#);
        assert!(
            message.starts_with("--args-json is not JSON: expected"),
            "{message}"
        );
        assert_eq!(at, 5);
        assert_eq!(refused("[1,\n  ?]").1, 6);
        assert_eq!(refused("").1, 0);
        assert_eq!(refused("[\"ä").1, 2);
        let (message, _) = refused("[1] 2");
        assert!(message.contains("trailing characters"), "{message}");
    }

    #[test]
    fn nesting_ends_where_values_end() {
        let nested = |depth| format!("[{}{}]", "[".repeat(depth), "]".repeat(depth));
        assert!(of_json(&nested(100)).is_ok());
        assert!(refused(&nested(101)).0.contains("nests deeper than 100"));
        assert!(refused(&nested(10_000)).0.contains("not JSON"));
    }
}
