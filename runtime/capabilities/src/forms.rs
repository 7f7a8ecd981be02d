//! Encoded values in the forms that other programs read.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde_json::{Map, Number, Value as Json};
use warren_kernel::text;
use warren_values::msgpack::{self, Input, Malformed, Token};

/// Returns the message of an encoded error.
pub(crate) fn message(parts: &[u8]) -> Result<String, Malformed> {
    let mut parts = Input::new(parts);
    parts.token()?;
    parts.value()?;
    match parts.token()? {
        Token::String(message) => Ok(String::from_utf8_lossy(message).into_owned()),
        _ => Err(Malformed::Unexpected),
    }
}

/// Returns the step of a path that leads to a field, as Lua writes it.
pub(crate) fn step(key: &str) -> String {
    let is_name = key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let shown = text::clipped(key, 60);
    match is_name {
        true => format!(".{shown}"),
        false => format!("[\"{shown}\"]"),
    }
}

/// Reads an encoded value as `json.encode` writes the value: NaN and the infinities are
/// null, and an error is its message.
///
/// # Errors
///
/// The path and the reason for which the value has no form in JSON.
pub(crate) fn json(encoded: &[u8]) -> Result<Json, String> {
    json_with(encoded, utf8)
}

/// Reads an encoded value as [`json`] does, with Base64 in the place of bytes that are not
/// UTF-8.
///
/// # Errors
///
/// The path and the reason for which the value has no form in JSON: the keys of a table.
pub(crate) fn json_of_bytes(encoded: &[u8]) -> Result<Json, String> {
    json_with(encoded, |bytes| {
        Ok(msgpack::text(bytes).map_or_else(|| BASE64.encode(bytes), str::to_owned))
    })
}

/// Makes text of bytes.
type Texts = fn(&[u8]) -> Result<String, &'static str>;

fn json_with(encoded: &[u8], texts: Texts) -> Result<Json, String> {
    let mut path = Vec::new();
    read(&mut Input::new(encoded), &mut path, texts).map_err(|why| {
        let path: String = path.iter().rev().map(String::as_str).collect();
        format!("{path}: {why}")
    })
}

/// Reads the next value. The engine has bounded its nesting. A failure leaves the steps to
/// the refused value in `path`, from the inside out.
fn read(input: &mut Input<'_>, path: &mut Vec<String>, texts: Texts) -> Result<Json, String> {
    let malformed = |why: Malformed| why.to_string();
    Ok(match input.token().map_err(malformed)? {
        Token::Nil | Token::Null => Json::Null,
        Token::Boolean(value) => Json::Bool(value),
        Token::Integer(number) => Json::Number(number.into()),
        Token::Float(number) => Number::from_f64(number).map_or(Json::Null, Json::Number),
        Token::String(bytes) => Json::String(texts(bytes)?),
        Token::Error(parts) => Json::String(message(parts).map_err(malformed)?),
        Token::Array(len) => {
            let mut elements = Vec::with_capacity(len as usize);
            for place in 1..=len {
                let element = read(input, path, texts);
                elements.push(element.inspect_err(|_| path.push(format!("[{place}]")))?);
            }
            Json::Array(elements)
        }
        Token::Map(len) => {
            let mut members = Map::with_capacity(len as usize);
            for _ in 0..len {
                let Token::String(key) = input.token().map_err(malformed)? else {
                    return Err(KEYS.into());
                };
                let key = utf8(key)?;
                let member = read(input, path, texts).inspect_err(|_| path.push(step(&key)))?;
                members.insert(key, member);
            }
            Json::Object(members)
        }
    })
}

/// Makes floats of the integers that do not fit 64 signed bits, as `json.decode` does.
pub(crate) fn fit(value: &mut Json) {
    match value {
        Json::Number(number) if number.is_u64() && !number.is_i64() => {
            let float = number.as_f64().and_then(Number::from_f64);
            *value = float.map_or(Json::Null, Json::Number);
        }
        Json::Array(elements) => elements.iter_mut().for_each(fit),
        Json::Object(members) => members.values_mut().for_each(fit),
        _ => {}
    }
}

/// Reason to refuse a table as JSON.
pub(crate) const KEYS: &str = "a table whose keys are neither all strings nor all integers \
                               from 1 on has no form in JSON";

fn utf8(bytes: &[u8]) -> Result<String, &'static str> {
    let text = msgpack::text(bytes).ok_or("a string that is not UTF-8 has no form in JSON")?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use warren_values::{Error, Value};

    use super::*;

    fn of(value: &Value) -> Result<String, String> {
        let encoded = warren_values::to_value(value).unwrap();
        json(encoded.as_slice()).map(|json| json.to_string())
    }

    #[test]
    fn errors_are_their_messages() {
        let error = Error::not_found("gone").with_details(&[1, 2]).wrap("here");
        let error = Value::Error(Box::new(error));
        let list = Value::Array(vec![error.clone(), Value::Integer(1)]);
        let nested = Value::Map(vec![("a".into(), list), ("e".into(), error)]);
        assert_eq!(
            of(&nested).unwrap(),
            r#"{"a":["here: gone",1],"e":"here: gone"}"#
        );
    }

    #[test]
    fn bytes_may_be_base64() {
        let value = Value::Array(vec![Value::Bytes(vec![0xff, 0]), "a".into()]);
        let encoded = warren_values::to_value(&value).unwrap();
        let json = json_of_bytes(encoded.as_slice()).unwrap();
        assert_eq!(json.to_string(), r#"["/wA=","a"]"#);
    }

    #[test]
    fn fields_keep_their_order_and_floats_their_point() {
        let value = Value::Map(vec![
            ("z".into(), Value::Float(1.0)),
            ("a".into(), Value::Float(f64::NAN)),
            (
                "m".into(),
                Value::Array(vec![Value::Nil, Value::Integer(-1)]),
            ),
        ]);
        assert_eq!(of(&value).unwrap(), r#"{"z":1.0,"a":null,"m":[null,-1]}"#);
    }

    #[test]
    fn refusals_name_the_path() {
        for (value, why) in [
            (
                Value::Array(vec![Value::Bytes(vec![0xff])]),
                "[1]: a string that is not UTF-8",
            ),
            (
                Value::Map(vec![(Value::Integer(1), Value::Nil)]),
                ": a table whose keys",
            ),
        ] {
            let value = Value::Map(vec![("a-b".into(), value)]);
            let error = of(&value).unwrap_err();
            assert!(error.starts_with(&format!("[\"a-b\"]{why}")), "{error}");
        }
    }
}
