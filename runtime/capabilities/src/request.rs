//! The arguments of a call.

use warren_kernel::{Error, Subscription, text};
use warren_values::msgpack::{self, Full, Input, Malformed, Output, Token};

/// Reads the request of a `close`: the number of a subscription.
///
/// # Errors
///
/// `Invalid` for another argument, or a number that no subscription has.
pub(crate) fn subscription(request: &[u8]) -> Result<Subscription, Error> {
    let number = Arguments::new(request)?.integer("subscription")?;
    let number = u32::try_from(number)
        .map_err(|_| Error::invalid(format!("subscription {number} does not exist")))?;
    Ok(Subscription(number))
}

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

    /// Reads an argument that is a string of any bytes.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the argument, for another type.
    pub(crate) fn bytes(&mut self, name: &str) -> Result<&'a [u8], Error> {
        match self.token(name)? {
            Token::String(bytes) => Ok(bytes),
            other => Err(wrong(name, "text", &other)),
        }
    }

    /// Reads an argument that is the key of a message code.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the argument, for another type or an empty key.
    pub(crate) fn key(&mut self, name: &str) -> Result<&'a [u8], Error> {
        match self.bytes(name)? {
            [] => Err(Error::invalid(format!(
                "{name}: an empty key authenticates nothing"
            ))),
            key => Ok(key),
        }
    }

    /// Reads an argument that is an integer, or nil. A float with the value of an integer
    /// is one.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the argument, for another type.
    pub(crate) fn integer_or(&mut self, name: &str, otherwise: i64) -> Result<i64, Error> {
        match self.token(name)? {
            Token::Nil | Token::Null => Ok(otherwise),
            other => integer(&other).ok_or_else(|| wrong(name, "an integer", &other)),
        }
    }

    /// Reads an argument that is a string of any bytes, or nil.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the argument, for another type.
    pub(crate) fn bytes_or_nil(&mut self, name: &str) -> Result<Option<&'a [u8]>, Error> {
        match self.token(name)? {
            Token::String(bytes) => Ok(Some(bytes)),
            Token::Nil | Token::Null => Ok(None),
            other => Err(wrong(name, "text", &other)),
        }
    }

    /// Reads an argument that is text, or nil.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the argument, for another type or bytes that are not UTF-8.
    pub(crate) fn text_or_nil(&mut self, name: &str) -> Result<Option<&'a str>, Error> {
        let Some(bytes) = self.bytes_or_nil(name)? else {
            return Ok(None);
        };
        let text = msgpack::text(bytes);
        text.map(Some)
            .ok_or_else(|| Error::invalid(format!("{name} is not UTF-8")))
    }

    /// Reads an argument that is a list of texts.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the argument, for another type, or an element that is no text.
    pub(crate) fn texts(&mut self, name: &str) -> Result<Vec<String>, Error> {
        texts(name, self.value()?)
    }

    /// Reads an argument that is a table with text keys, still encoded, or nil, which is
    /// empty.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the argument, for another type.
    pub(crate) fn map(&mut self, name: &str) -> Result<&'a [u8], Error> {
        let value = self.value()?;
        match Input::new(value).token().map_err(|why| malformed(&why))? {
            Token::Map(_) => Ok(value),
            Token::Nil | Token::Null | Token::Array(0) => Ok(&[]),
            other => Err(wrong(name, "a table with text as keys", &other)),
        }
    }

    /// Reads an argument of any type, still encoded.
    ///
    /// # Errors
    ///
    /// `Invalid` for a malformed request, which the engine has checked before.
    pub(crate) fn value(&mut self) -> Result<&'a [u8], Error> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(NIL);
        };
        self.left = left;
        self.input.value().map_err(|why| malformed(&why))
    }

    /// Reads all further arguments, as the encoded values of a message.
    ///
    /// # Errors
    ///
    /// `Invalid` for a malformed request, which the engine has checked before; `Internal`
    /// if there is no memory for the values.
    pub(crate) fn rest(&mut self) -> Result<Vec<u8>, Error> {
        let mut output = Output::new();
        output.lift_limit();
        let full = |_: Full| Error::internal("no memory for the values");
        output.array(self.left).map_err(full)?;
        while self.left > 0 {
            output.raw(self.value()?).map_err(full)?;
        }
        Ok(output.as_slice().to_vec())
    }

    /// Reads an argument that is a table of options, or nil.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the argument, for another type.
    pub(crate) fn fields(&mut self, name: &'static str) -> Result<Fields<'a>, Error> {
        Fields::of(name, self.value()?)
    }

    /// Reads an argument that is a boolean, or nil.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the argument, for another type.
    pub(crate) fn boolean_or(&mut self, name: &str, otherwise: bool) -> Result<bool, Error> {
        match self.token(name)? {
            Token::Boolean(value) => Ok(value),
            Token::Nil | Token::Null => Ok(otherwise),
            other => Err(wrong(name, "a boolean", &other)),
        }
    }

    /// Reads an argument that is an integer. A float with the value of an integer is one.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the argument, for another type.
    pub(crate) fn integer(&mut self, name: &str) -> Result<i64, Error> {
        let token = self.token(name)?;
        integer(&token).ok_or_else(|| wrong(name, "an integer", &token))
    }

    /// Reads an argument that is a number.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the argument, for another type.
    pub(crate) fn number(&mut self, name: &str) -> Result<f64, Error> {
        match self.token(name)? {
            Token::Integer(number) => Ok(number as f64),
            Token::Float(number) => Ok(number),
            other => Err(wrong(name, "a number", &other)),
        }
    }

    fn token(&mut self, name: &str) -> Result<Token<'a>, Error> {
        let mut value = Input::new(self.value()?);
        value
            .token()
            .map_err(|why| Error::invalid(format!("{name}: {why}")))
    }
}

/// Nil, encoded.
const NIL: &[u8] = &[0xc0];

/// Options of one call: more than any operation knows.
const OPTIONS: u32 = 64;

/// The options of a call that were not read yet.
pub(crate) struct Fields<'a> {
    name: &'static str,
    fields: Vec<(Token<'a>, &'a [u8])>,
}

impl<'a> Fields<'a> {
    /// Reads an encoded table of options, or nil.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the table, for another type or too many keys.
    pub(crate) fn of(name: &'static str, table: &'a [u8]) -> Result<Fields<'a>, Error> {
        let mut input = Input::new(table);
        let fields = match input.token().map_err(|why| malformed(&why))? {
            Token::Nil | Token::Null | Token::Array(0) => Vec::new(),
            Token::Map(len) if len > OPTIONS => {
                return Err(Error::invalid(format!("{name} has {len} keys")));
            }
            Token::Map(len) => (0..len)
                .map(|_| Ok((input.token()?, input.value()?)))
                .collect::<Result<_, Malformed>>()
                .map_err(|why| malformed(&why))?,
            other => return Err(wrong(name, "a table", &other)),
        };
        Ok(Fields { name, fields })
    }

    /// Reads an option of any type, still encoded; nil if it is absent.
    pub(crate) fn value(&mut self, key: &str) -> &'a [u8] {
        self.take(key).unwrap_or(NIL)
    }

    /// Reads an option that is a string of any bytes, or absent.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the option, for another type.
    pub(crate) fn bytes_or_nil(&mut self, key: &str) -> Result<Option<&'a [u8]>, Error> {
        match self.token(key)? {
            Token::Nil | Token::Null => Ok(None),
            Token::String(bytes) => Ok(Some(bytes)),
            other => Err(self.wrong(key, "text", &other)),
        }
    }

    /// Reads an option that is an integer, or absent. A float with the value of an integer
    /// is one.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the option, for another type.
    pub(crate) fn integer_or(&mut self, key: &str, otherwise: i64) -> Result<i64, Error> {
        match self.token(key)? {
            Token::Nil | Token::Null => Ok(otherwise),
            other => integer(&other).ok_or_else(|| self.wrong(key, "an integer", &other)),
        }
    }

    /// Reads an option as [`Fields::integer_or`] does, for which no integer stands if it is
    /// absent.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the option, for another type.
    pub(crate) fn integer_or_nil(&mut self, key: &str) -> Result<Option<i64>, Error> {
        match self.token(key)? {
            Token::Nil | Token::Null => Ok(None),
            other => match integer(&other) {
                None => Err(self.wrong(key, "an integer", &other)),
                integer => Ok(integer),
            },
        }
    }

    /// Reads an option that is a boolean.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the option, for another type.
    pub(crate) fn boolean_or(&mut self, key: &str, otherwise: bool) -> Result<bool, Error> {
        match self.token(key)? {
            Token::Boolean(value) => Ok(value),
            Token::Nil | Token::Null => Ok(otherwise),
            other => Err(self.wrong(key, "a boolean", &other)),
        }
    }

    /// Reads an option that is text, or absent.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the option, for another type or bytes that are not UTF-8.
    pub(crate) fn text_or_nil(&mut self, key: &str) -> Result<Option<&'a str>, Error> {
        match self.token(key)? {
            Token::Nil | Token::Null => Ok(None),
            Token::String(bytes) => match msgpack::text(bytes) {
                Some(text) => Ok(Some(text)),
                None => {
                    let message = format!("{}.{key} is not UTF-8", self.name);
                    Err(Error::invalid(message))
                }
            },
            other => Err(self.wrong(key, "text", &other)),
        }
    }

    /// Reads an option that is text, or absent, which is the empty text.
    ///
    /// # Errors
    ///
    /// As for [`Fields::text_or_nil`].
    pub(crate) fn text_or_empty(&mut self, key: &str) -> Result<&'a str, Error> {
        Ok(self.text_or_nil(key)?.unwrap_or_default())
    }

    /// Reads an option that is a list of texts; without the option none.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the option, for another type, or an element that is no text.
    pub(crate) fn texts(&mut self, key: &str) -> Result<Vec<String>, Error> {
        let name = format!("{}.{key}", self.name);
        match self.take(key) {
            Some(value) => texts(&name, value),
            None => Ok(Vec::new()),
        }
    }

    fn token(&mut self, key: &str) -> Result<Token<'a>, Error> {
        let value = self.take(key).unwrap_or(NIL);
        Input::new(value).token().map_err(|why| malformed(&why))
    }

    /// Takes the value of an option out of the fields.
    fn take(&mut self, key: &str) -> Option<&'a [u8]> {
        let is_key = |(name, _): &(Token<'_>, &[u8])| *name == Token::String(key.as_bytes());
        let place = self.fields.iter().position(is_key)?;
        Some(self.fields.swap_remove(place).1)
    }

    fn wrong(&self, key: &str, expected: &str, got: &Token<'_>) -> Error {
        wrong(&format!("{}.{key}", self.name), expected, got)
    }

    /// Refuses options that were not read.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the first of them.
    pub(crate) fn end(self) -> Result<(), Error> {
        let name = self.name;
        match self.fields.first() {
            None => Ok(()),
            Some((Token::String(key), _)) => {
                let key = text::line(key);
                Err(Error::invalid(format!("{name}: unknown key {key}")))
            }
            Some(_) => Err(Error::invalid(format!("{name}: a key is not text"))),
        }
    }
}

/// Texts of one list: more than any operation wants. Each takes more memory than it has bytes in
/// the request.
const TEXTS: u32 = 65_536;

/// Reads a list of texts.
fn texts(name: &str, list: &[u8]) -> Result<Vec<String>, Error> {
    let mut input = Input::new(list);
    let len = match input.token().map_err(|why| malformed(&why))? {
        Token::Array(len) if len > TEXTS => {
            return Err(Error::invalid(format!("{name} has {len} elements")));
        }
        Token::Array(len) => len,
        other => return Err(wrong(name, "a list", &other)),
    };
    (0..len)
        .map(|_| match input.token().map_err(|why| malformed(&why))? {
            Token::String(bytes) => msgpack::text(bytes)
                .map(str::to_owned)
                .ok_or_else(|| Error::invalid(format!("{name}: an element is not UTF-8"))),
            other => Err(wrong(&format!("{name}: an element"), "text", &other)),
        })
        .collect()
}

/// Returns the integer that a number is, as Lua converts floats.
fn integer(token: &Token<'_>) -> Option<i64> {
    /// The first float above all integers, 2^63.
    const END: f64 = -(i64::MIN as f64);
    match *token {
        Token::Integer(number) => Some(number),
        Token::Float(number) if number.fract() == 0.0 && (-END..END).contains(&number) => {
            Some(number as i64)
        }
        _ => None,
    }
}

fn malformed(why: &Malformed) -> Error {
    Error::invalid(format!("the request is not an array of values: {why}"))
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
    fn the_rest_are_the_values_of_a_message() {
        let mut arguments = Arguments::new(b"\x94\xa1a\x07\xc0\x91\x01").unwrap();
        assert_eq!(arguments.text("a"), Ok("a"));
        assert_eq!(arguments.rest().unwrap(), b"\x93\x07\xc0\x91\x01");
        assert_eq!(arguments.rest().unwrap(), b"\x90");
    }

    #[test]
    fn a_list_of_texts_is_bounded() {
        let mut request = b"\x91\xdd".to_vec();
        request.extend((TEXTS + 1).to_be_bytes());
        request.extend(vec![0xa0; TEXTS as usize + 1]);
        let error = Arguments::new(&request).unwrap().texts("list").unwrap_err();
        assert_eq!(error.message, "list has 65537 elements");
    }

    #[test]
    fn a_float_with_the_value_of_an_integer_is_one() {
        let read = |number: f64| {
            let mut request = b"\x91\xcb".to_vec();
            request.extend(number.to_be_bytes());
            let integer = Arguments::new(&request).unwrap().integer("n");
            assert_eq!(
                integer.is_ok(),
                Arguments::new(&request).unwrap().integer_or("n", 1).is_ok()
            );
            let mut options = b"\x91\x81\xa1n\xcb".to_vec();
            options.extend(number.to_be_bytes());
            let mut options = Arguments::new(&options).unwrap().fields("o").unwrap();
            assert_eq!(integer.is_ok(), options.integer_or("n", 1).is_ok());
            integer.ok()
        };
        for (number, integer) in [
            (16.0, Some(16)),
            (-0.0, Some(0)),
            (-9_223_372_036_854_775_808.0, Some(i64::MIN)),
            (9_223_372_036_854_775_808.0, None),
            (1.5, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ] {
            assert_eq!(read(number), integer, "{number}");
        }
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
