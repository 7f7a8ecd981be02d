//! `crypto.random.bytes(n)`, `crypto.random.string(n, charset)`, `crypto.random.uuid()`.

use warren_engine::capability::{Answer, Step};
use warren_kernel::Error;

use crate::answer;
use crate::hex;
use crate::limit::beyond;
use crate::request::Arguments;

/// The most bytes or characters of one call.
const MAX_DRAWN: i64 = 1 << 20;

/// Characters that are drawn where guests run.
const AT_ONCE: usize = 4096;

const ALPHANUMERIC: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

pub(super) fn bytes(request: &[u8]) -> Answer {
    let n = count(&mut Arguments::new(request)?)?;
    let mut bytes = vec![0; n];
    fill(&mut bytes)?;
    answer::write(|out| out.string(&bytes))
}

/// Draws characters of `charset`, each with the same chance: its characters if it is
/// UTF-8, else its bytes.
pub(super) fn string(request: &[u8]) -> Step {
    let (n, charset) = match parameters(request) {
        Ok(parameters) => parameters,
        Err(error) => return Step::Done(Err(error)),
    };
    if n <= AT_ONCE {
        return Step::Done(draw(n, &charset));
    }
    let memory = 4 * n + charset.iter().map(Vec::len).max().unwrap_or_default() * n;
    Step::compute(memory, move |_| draw(n, &charset))
}

/// A random UUID of version 4.
pub(super) fn uuid(_: &[u8]) -> Answer {
    let text = new_uuid()?;
    answer::write(|out| out.string(text.as_bytes()))
}

/// Makes a random UUID of version 4.
pub(crate) fn new_uuid() -> Result<String, Error> {
    let mut bytes = [0; 16];
    fill(&mut bytes)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = hex::lower(&bytes);
    for place in [20, 16, 12, 8] {
        text.insert(place, '-');
    }
    Ok(text)
}

/// Fills bytes with randomness of the operating system.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(bytes).map_err(|error| {
        Error::internal(format!(
            "cannot get random bytes from the operating system: {error}"
        ))
    })
}

fn count(arguments: &mut Arguments<'_>) -> Result<usize, Error> {
    let n = arguments.integer("n")?;
    match usize::try_from(n) {
        Ok(count) if (1..=MAX_DRAWN).contains(&n) => Ok(count),
        _ => {
            let message = format!("n: {n} is not from 1 to {MAX_DRAWN}");
            Err(match n > MAX_DRAWN {
                true => beyond("max_drawn", MAX_DRAWN as usize, message),
                false => Error::invalid(message),
            })
        }
    }
}

fn parameters(request: &[u8]) -> Result<(usize, Vec<Vec<u8>>), Error> {
    let mut arguments = Arguments::new(request)?;
    let n = count(&mut arguments)?;
    let charset = arguments
        .bytes_or_nil("charset")?
        .unwrap_or(ALPHANUMERIC.as_bytes());
    let charset: Vec<_> = match str::from_utf8(charset) {
        Ok(text) => text
            .chars()
            .map(|character| character.to_string().into_bytes())
            .collect(),
        Err(_) => charset.iter().map(|byte| vec![*byte]).collect(),
    };
    if charset.is_empty() {
        return Err(Error::invalid("charset: empty"));
    }
    Ok((n, charset))
}

fn draw(n: usize, charset: &[Vec<u8>]) -> Answer {
    let count =
        u32::try_from(charset.len()).map_err(|_| Error::invalid("charset: too many characters"))?;
    // Numbers beyond the last multiple of the count would make some characters likelier.
    let fair = u32::MAX - u32::MAX % count;
    let mut text = Vec::with_capacity(n);
    let mut pool = vec![0; 4 * n.min(AT_ONCE)];
    let mut left = n;
    while left > 0 {
        fill(&mut pool)?;
        let (numbers, _) = pool.as_chunks();
        let drawn = numbers
            .iter()
            .map(|number| u32::from_ne_bytes(*number))
            .filter(|number| *number < fair)
            .take(left);
        for number in drawn {
            text.extend_from_slice(&charset[(number % count) as usize]);
            left -= 1;
        }
    }
    answer::write(|out| out.string(&text))
}

#[cfg(test)]
mod tests {
    use crate::crypto::Crypto;
    use crate::test::{called, of};
    use warren_kernel::Kind;
    use warren_values::Value;

    #[test]
    fn bytes_have_the_length_asked_for() {
        for n in [1, 7, 1 << 20] {
            let drawn = called(&Crypto, "random.bytes", &[Value::Integer(n)]).unwrap();
            let len = match &drawn {
                Value::Bytes(bytes) => bytes.len(),
                Value::String(text) => text.len(),
                other => panic!("{other:?}"),
            };
            assert_eq!(len as i64, n);
        }
        for n in [0, -1, (1 << 20) + 1, i64::MAX, i64::MIN] {
            for operation in ["random.bytes", "random.string"] {
                let error = called(&Crypto, operation, &[Value::Integer(n)]).unwrap_err();
                assert_eq!(error.kind, Kind::Invalid);
            }
        }
    }

    #[test]
    fn characters_are_drawn_from_the_charset_alone() {
        let draw = |n: i64, charset: &str| {
            let arguments = [Value::Integer(n), of(charset)];
            match called(&Crypto, "random.string", &arguments).unwrap() {
                Value::String(text) => text,
                other => panic!("{other:?}"),
            }
        };
        let text = draw(30_000, "abc");
        for character in ['a', 'b', 'c'] {
            let count = text.chars().filter(|c| *c == character).count();
            assert!((9_000..11_000).contains(&count), "{character}: {count}");
        }
        assert_eq!(text.len(), 30_000);
        assert_eq!(draw(3, "ü"), "üüü");
        let error = called(&Crypto, "random.string", &[Value::Integer(1), of("")]);
        assert_eq!(error.unwrap_err().kind, Kind::Invalid);
        let plain = called(&Crypto, "random.string", &[Value::Integer(40)]).unwrap();
        assert!(matches!(plain, Value::String(text)
            if text.len() == 40 && text.bytes().all(|b| b.is_ascii_alphanumeric())));
    }

    #[test]
    fn identifiers_are_of_version_4() {
        let Value::String(text) = called(&Crypto, "random.uuid", &[]).unwrap() else {
            panic!("no text");
        };
        assert_eq!((text.len(), &text[14..15]), (36, "4"));
        assert!(matches!(&text[19..20], "8" | "9" | "a" | "b"));
    }
}
