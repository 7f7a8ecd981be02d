//! The values that take the places of a statement's placeholders.

use warren_kernel::Error;
use warren_values::msgpack::{self, Input, Malformed, Token};

use crate::limit::beyond;
use crate::request::Arguments;

/// The most values of one statement, as SQLite has it.
pub(crate) const MAX_PARAMS: usize = 32_766;

/// Bytes that a value takes beside its text.
const OF_PARAM: usize = size_of::<Param>();

/// A value for a placeholder.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Param {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Param {
    /// Returns the bytes that the value takes.
    pub(super) fn bytes(&self) -> usize {
        OF_PARAM
            + match self {
                Param::Text(text) => text.len(),
                Param::Bytes(bytes) => bytes.len(),
                _ => 0,
            }
    }
}

/// Reads the arguments `params` and `kinds`. The values are a list. `kinds` is nil, or a text
/// with a letter for each value: `b` for bytes, which are no text even if they are UTF-8, and
/// `-` for any other value.
///
/// # Errors
///
/// `Invalid` for a value that no column has, or too many of them.
pub(super) fn read(arguments: &mut Arguments<'_>) -> Result<Vec<Param>, Error> {
    let mut values = Input::new(arguments.value()?);
    let kinds = arguments.text_or_nil("kinds")?.unwrap_or_default();
    let len = match values.token().map_err(|why| malformed(&why))? {
        Token::Nil | Token::Null | Token::Map(0) => 0,
        Token::Array(len) => len,
        _ => return Err(Error::invalid("params is not a list")),
    };
    let count = usize::try_from(len).unwrap_or(usize::MAX);
    if count > MAX_PARAMS {
        let message = format!("params has {count} values, more than max_params = {MAX_PARAMS}");
        return Err(beyond("max_params", MAX_PARAMS, message));
    }
    let mut kinds = kinds.bytes();
    (1..=len)
        .map(|place| param(&mut values, kinds.next() == Some(b'b'), place))
        .collect()
}

fn param(values: &mut Input<'_>, is_bytes: bool, place: u32) -> Result<Param, Error> {
    Ok(match values.token().map_err(|why| malformed(&why))? {
        Token::Nil | Token::Null => Param::Null,
        Token::Boolean(value) => Param::Boolean(value),
        Token::Integer(value) => Param::Integer(value),
        Token::Float(value) => Param::Float(value),
        Token::String(bytes) if is_bytes => Param::Bytes(bytes.to_vec()),
        Token::String(bytes) => match msgpack::text(bytes) {
            Some(text) => Param::Text(text.to_owned()),
            None => Param::Bytes(bytes.to_vec()),
        },
        Token::Array(_) | Token::Map(_) => return Err(no_value(place, "a table")),
        Token::Error(_) => return Err(no_value(place, "an error")),
    })
}

fn no_value(place: u32, what: &str) -> Error {
    let message = format!("params[{place}] is {what}, which no column holds");
    Error::invalid(message)
}

fn malformed(why: &Malformed) -> Error {
    Error::invalid(format!("params: {why}"))
}

/// Refuses a number of values that the statement does not have placeholders for.
///
/// # Errors
///
/// `Invalid`, with both numbers.
pub(super) fn check_count(given: usize, placeholders: usize) -> Result<(), Error> {
    if given == placeholders {
        return Ok(());
    }
    let remedy = match given < placeholders {
        true => ": a nil ends the list, sql.NULL does not",
        false => "",
    };
    Err(Error::invalid(format!(
        "the statement has {placeholders} placeholders, and params has {given} values{remedy}"
    )))
}

#[cfg(test)]
mod tests {
    use warren_values::Value;

    use super::*;

    fn read_from(values: &[Value]) -> Result<Vec<Param>, Error> {
        let request = warren_values::to_value(values).unwrap();
        read(&mut Arguments::new(request.as_slice()).unwrap())
    }

    #[test]
    fn values_keep_their_types() {
        let list = Value::Array(vec![
            Value::from(7),
            Value::Float(7.0),
            Value::from("grün"),
            Value::from("blob"),
            Value::Boolean(true),
            Value::Nil,
        ]);
        let params = read_from(&[list, Value::from("---b--")]).unwrap();
        let expected = [
            Param::Integer(7),
            Param::Float(7.0),
            Param::Text("grün".into()),
            Param::Bytes(b"blob".to_vec()),
            Param::Boolean(true),
            Param::Null,
        ];
        assert_eq!(params, expected);
        assert_eq!(read_from(&[]), Ok(Vec::new()));
    }

    #[test]
    fn a_table_is_no_value() {
        let list = Value::Array(vec![Value::from(1), Value::Array(Vec::new())]);
        let error = read_from(&[list]).unwrap_err();
        assert_eq!(error.message, "params[2] is a table, which no column holds");
        assert!(read_from(&[Value::from(1)]).is_err());
    }

    #[test]
    fn the_numbers_of_values_and_placeholders_are_told() {
        assert!(check_count(2, 2).is_ok());
        let error = check_count(1, 2).unwrap_err();
        assert!(error.message.contains("sql.NULL"), "{error}");
        assert!(!check_count(2, 1).unwrap_err().message.contains("sql.NULL"));
    }
}
