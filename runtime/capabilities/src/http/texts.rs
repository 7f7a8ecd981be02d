//! Tables of texts in the options of a request.

use warren_kernel::Error;
use warren_values::msgpack::{self, Input, Malformed, Token};

use crate::limit::beyond;

/// Texts under one name.
pub(super) type Texts = Vec<String>;

/// Texts in one table of an option, and files of a form.
pub(super) const MAX_FIELDS: usize = 1_000;

/// Reads an encoded table of names, each with a text, a number, or a list of them. The names
/// are sorted: a table of a program has no order.
///
/// # Errors
///
/// `Invalid`, naming the table.
pub(super) fn texts_of(what: &str, table: &[u8]) -> Result<Vec<(String, Texts)>, Error> {
    let malformed = |why: Malformed| Error::invalid(format!("{what}: {why}"));
    let wrong = || {
        Error::invalid(format!(
            "{what}: expected a table of texts, or of lists of texts, with text as keys"
        ))
    };
    let mut input = Input::new(table);
    let len = match input.token().map_err(malformed)? {
        Token::Map(len) => len,
        Token::Nil | Token::Null | Token::Array(0) => return Ok(Vec::new()),
        _ => return Err(wrong()),
    };
    let too_many = || {
        let message = format!("{what} has more than max_fields = {MAX_FIELDS} texts");
        beyond("max_fields", MAX_FIELDS, message)
    };
    // A name may have no text, and takes memory nevertheless.
    if len as usize > MAX_FIELDS {
        return Err(too_many());
    }
    let mut all = Vec::new();
    let mut count = 0_usize;
    for _ in 0..len {
        let Token::String(name) = input.token().map_err(malformed)? else {
            return Err(wrong());
        };
        let name = msgpack::text(name).ok_or_else(wrong)?.to_owned();
        let mut texts = Texts::new();
        let (values, mut first) = match input.token().map_err(malformed)? {
            Token::Array(len) => (len, None),
            token => (1, Some(token)),
        };
        for _ in 0..values {
            count += 1;
            if count > MAX_FIELDS {
                return Err(too_many());
            }
            let token = match first.take() {
                Some(token) => token,
                None => input.token().map_err(malformed)?,
            };
            texts.push(match token {
                Token::String(bytes) => msgpack::text(bytes).ok_or_else(wrong)?.to_owned(),
                Token::Integer(number) => number.to_string(),
                Token::Float(number) => number.to_string(),
                _ => return Err(wrong()),
            });
        }
        all.push((name, texts));
    }
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(all)
}

/// Refuses a list that is longer than a table may be.
pub(super) fn check_count(what: &str, count: u32) -> Result<(), Error> {
    if count as usize <= MAX_FIELDS {
        return Ok(());
    }
    let message = format!("{what} has more than max_fields = {MAX_FIELDS} elements");
    Err(beyond("max_fields", MAX_FIELDS, message))
}

#[cfg(test)]
mod tests {
    use warren_values::msgpack::Output;

    use super::*;

    #[test]
    fn names_without_texts_are_bounded() {
        let names = u32::try_from(MAX_FIELDS).unwrap() + 1;
        let mut table = Output::new();
        table.map(names).unwrap();
        for _ in 0..names {
            table.string(b"a").unwrap();
            table.array(0).unwrap();
        }
        let error = texts_of("options.form", table.as_slice()).unwrap_err();
        assert!(error.message.contains("max_fields = 1000"), "{error}");
    }
}
