//! `http.encode` and `http.decode`: the form that texts have in queries.

use warren_engine::capability::Answer;
use warren_kernel::Error;

use crate::answer;
use crate::request::Arguments;

/// `http.encode(text)`: the text with `+` for spaces, and `%` and two digits for what is no
/// letter, digit, `*`, `-`, `.` or `_`.
pub(super) fn encode(request: &[u8]) -> Answer {
    let text = Arguments::new(request)?.bytes("text")?;
    let encoded: String = form_urlencoded::byte_serialize(text).collect();
    answer::write(|out| out.string(encoded.as_bytes()))
}

/// `http.decode(text)`: the bytes that a text in this form stands for.
pub(super) fn decode(request: &[u8]) -> Answer {
    let text = Arguments::new(request)?.bytes("text")?;
    let decoded = decoded(text)?;
    answer::write(|out| out.string(&decoded))
}

fn decoded(text: &[u8]) -> Result<Vec<u8>, Error> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, behind @ ..] = rest {
        rest = behind;
        match first {
            b'+' => decoded.push(b' '),
            b'%' => {
                let digit = |place: usize| {
                    let digit = behind.get(place).copied().map(char::from);
                    digit.and_then(|digit| digit.to_digit(16))
                };
                let (Some(high), Some(low)) = (digit(0), digit(1)) else {
                    let place = text.len() - behind.len();
                    let message =
                        format!("text: no two hexadecimal digits behind the % at {place}");
                    return Err(Error::invalid(message));
                };
                decoded.push((high * 16 + low) as u8);
                rest = &behind[2..];
            }
            other => decoded.push(*other),
        }
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use warren_values::Value;

    use super::super::Http;
    use crate::test::{called, of};

    #[test]
    fn what_is_encoded_is_decoded_to_the_same() {
        let http = Http::new(None);
        let bytes = Value::Bytes((0..=255).collect());
        for text in [of(""), of("a b+c%/ä"), bytes] {
            let encoded = called(&http, "encode", std::slice::from_ref(&text)).unwrap();
            assert_eq!(called(&http, "decode", &[encoded]), Ok(text));
        }
        let encoded = called(&http, "encode", &[of("a b&c=*-._~é")]);
        assert_eq!(encoded, Ok(of("a+b%26c%3D*-._%7E%C3%A9")));
    }

    #[test]
    fn a_broken_escape_is_refused() {
        let http = Http::new(None);
        for (text, place) in [("%", 1), ("ab%4", 3), ("%zz", 1), ("%4%41", 1), ("%+1", 1)] {
            let error = called(&http, "decode", &[of(text)]).unwrap_err();
            assert!(
                error.message.ends_with(&format!("the % at {place}")),
                "{error}"
            );
        }
        assert_eq!(called(&http, "decode", &[of("%41%4a+")]), Ok(of("AJ ")));
    }
}
