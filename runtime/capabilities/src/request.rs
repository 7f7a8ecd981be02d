//! The arguments of a call.

use warren_kernel::{Error, text};
use warren_values::msgpack::{self, Input, Malformed, Token};

/// The arguments of a call that were not read yet, in order. Missing arguments are nil.
pub(crate) struct Arguments<'a> {
    input: Input<'a>,
    left: u32,
}

impl<'a> Arguments<'a> {
    /// Reads the encoded array of a request.
    ///
    /// # Errors
    ///
    /// `Invalid` if the request is no array, which the engine has checked before.
    pub(crate) fn new(request: &'a [u8]) -> Result<Arguments<'a>, Error> {
        let mut input = Input::new(request);
        match input.token().map_err(|why| malformed(&why))? {
            Token::Array(left) => Ok(Arguments { input, left }),
            _ => Err(malformed(&Malformed::Unexpected)),
        }
    }

    /// Reads an argument that is text.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the argument, for another type or bytes that are not UTF-8.
    pub(crate) fn text(&mut self, name: &str) -> Result<&'a str, Error> {
        match self.token(name)? {
            Token::String(bytes) => {
                msgpack::text(bytes).ok_or_else(|| Error::invalid(format!("{name} is not UTF-8")))
            }
            other => Err(wrong(name, "text", &other)),
        }
    }

    /// Reads an argument that is an integer.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the argument, for another type.
    pub(crate) fn integer(&mut self, name: &str) -> Result<i64, Error> {
        match self.token(name)? {
            Token::Integer(number) => Ok(number),
            other => Err(wrong(name, "an integer", &other)),
        }
    }

    fn token(&mut self, name: &str) -> Result<Token<'a>, Error> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(Token::Nil);
        };
        self.left = left;
        // The engine has checked the whole request.
        let mut value = Input::new(self.input.value().map_err(|why| malformed(&why))?);
        value
            .token()
            .map_err(|why| Error::invalid(format!("{name}: {why}")))
    }
}

fn malformed(why: &Malformed) -> Error {
    Error::invalid(format!("the request is no array of values: {why}"))
}

fn wrong(name: &str, expected: &str, got: &Token<'_>) -> Error {
    let got = match got {
        Token::Nil | Token::Null => "nil",
        Token::Boolean(_) => "a boolean",
        Token::Integer(_) | Token::Float(_) => "a number",
        Token::String(_) => "text",
        Token::Array(_) | Token::Map(_) => "a table",
        Token::Error(_) => "an error",
    };
    let name = text::line(name);
    Error::invalid(format!("{name}: expected {expected}, got {got}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_in_order_and_missing_ones_are_nil() {
        let mut arguments = Arguments::new(b"\x92\xa1a\x07").unwrap();
        assert_eq!(arguments.text("a"), Ok("a"));
        assert_eq!(arguments.integer("b"), Ok(7));
        let error = arguments.text("c").unwrap_err();
        assert_eq!(error.message, "c: expected text, got nil");
    }

    #[test]
    fn an_argument_of_another_type_is_named() {
        for (request, got) in [
            (&b"\x91\xc3"[..], "a boolean"),
            (b"\x91\xcb\x3f\xf0\0\0\0\0\0\0", "a number"),
            (b"\x91\x91\x01", "a table"),
        ] {
            let error = Arguments::new(request).unwrap().text("name").unwrap_err();
            assert_eq!(error.message, format!("name: expected text, got {got}"));
        }
        let error = Arguments::new(b"\x91\xc4\x01\xff").unwrap().text("name");
        assert_eq!(error.unwrap_err().message, "name is not UTF-8");
        assert!(Arguments::new(b"\xc0").is_err());
    }
}
