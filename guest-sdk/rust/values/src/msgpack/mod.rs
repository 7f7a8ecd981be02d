//! MessagePack as the guest ABI uses it: a fallible output and a checked input.
//!
//! The formats themselves come from the crate `rmp`. This module turns a lack
//! of memory into an error, and checks that a claimed length never exceeds the
//! input.

mod input;
mod output;

pub use input::{Input, Malformed, Token};
pub use output::{Full, MAX_MESSAGE, Open, Output};

/// The extension type of a structured error.
pub const ERROR_EXTENSION: i8 = 1;

/// The extension type of JSON's null inside a value, without content. Readers
/// without a null read it as nil.
pub const NULL_EXTENSION: i8 = 2;

/// Maximum nesting of values.
pub const MAX_DEPTH: usize = 100;

/// Maximum nesting of input. An event holds a map, which holds an outcome,
/// which holds a value or an error of maximum nesting.
pub const MAX_READ_DEPTH: usize = MAX_DEPTH + 8;

/// Returns the bytes as text, if they are UTF-8. Most text that crosses is
/// short and ASCII; a test of eight bytes at a time finds that without a call.
#[inline]
pub fn text(bytes: &[u8]) -> Option<&str> {
    const NOT_ASCII: u64 = 0x8080_8080_8080_8080;
    let seen = match bytes.last_chunk() {
        // The last eight bytes overlap the words before them.
        Some(last) => {
            let (words, _) = bytes.as_chunks();
            words.iter().fold(u64::from_ne_bytes(*last), |seen, word| {
                seen | u64::from_ne_bytes(*word)
            })
        }
        None => bytes.iter().fold(0, |seen, byte| seen | u64::from(*byte)),
    };
    if seen & NOT_ASCII == 0 {
        // SAFETY: bytes below 128 are UTF-8.
        Some(unsafe { core::str::from_utf8_unchecked(bytes) })
    } else {
        core::str::from_utf8(bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_values_are_read_back() {
        let mut out = Output::new();
        let whole = out.open().unwrap();
        for n in [0, 127, 128, -1, -33, i64::MAX, i64::MIN] {
            out.integer(n).unwrap();
        }
        out.float(1.0).unwrap();
        out.string("grün".as_bytes()).unwrap();
        out.string(b"\xff\xfe").unwrap();
        out.finish_array(whole, 10).unwrap();
        let mut input = Input::new(out.as_slice());
        assert_eq!(input.token(), Ok(Token::Array(10)));
        for n in [0, 127, 128, -1, -33, i64::MAX, i64::MIN] {
            assert_eq!(input.token(), Ok(Token::Integer(n)));
        }
        assert_eq!(input.token(), Ok(Token::Float(1.0)));
        assert_eq!(input.token(), Ok(Token::String("grün".as_bytes())));
        assert_eq!(input.token(), Ok(Token::String(b"\xff\xfe")));
        assert!(input.is_empty());
    }

    #[test]
    fn text_is_what_is_utf8() {
        for len in 0..40 {
            let ascii = vec![b'x'; len];
            assert_eq!(text(&ascii), core::str::from_utf8(&ascii).ok());
            for at in 0..len {
                for (byte, and_next) in [(0xff, None), (0xc3, None), (0xc3, Some(0xbc))] {
                    let mut bytes = ascii.clone();
                    bytes[at] = byte;
                    if let (Some(next), Some(place)) = (and_next, bytes.get_mut(at + 1)) {
                        *place = next;
                    }
                    assert_eq!(text(&bytes), core::str::from_utf8(&bytes).ok());
                }
            }
        }
    }

    #[test]
    fn open_lengths_take_the_shortest_header() {
        for (len, header) in [(3_u32, 1_usize), (16, 3), (70_000, 5)] {
            let mut out = Output::new();
            let open = out.open().unwrap();
            for _ in 0..len {
                out.nil().unwrap();
            }
            out.finish_array(open, len).unwrap();
            assert_eq!(out.as_slice().len(), header + len as usize);
            assert_eq!(Input::new(out.as_slice()).token(), Ok(Token::Array(len)));
        }
    }

    #[test]
    fn errors_of_every_length_are_extensions() {
        for len in [10_usize, 300] {
            let mut out = Output::new();
            let open = out.open().unwrap();
            out.string(&vec![b'x'; len]).unwrap();
            out.finish_error(open).unwrap();
            let Ok(Token::Error(payload)) = Input::new(out.as_slice()).token() else {
                panic!("no error")
            };
            assert_eq!(
                Input::new(payload).token(),
                Ok(Token::String(vec![b'x'; len].as_slice()))
            );
        }
    }

    #[test]
    fn an_output_ends_at_the_limit() {
        let mut out = Output::new();
        out.raw(&vec![0; MAX_MESSAGE - 1]).unwrap();
        out.nil().unwrap();
        assert_eq!(out.nil(), Err(Full::Limit));
        assert_eq!(out.integer(1 << 40), Err(Full::Limit));
        assert_eq!(out.as_slice().len(), MAX_MESSAGE);
        // The text is not even scanned.
        assert_eq!(out.string(&vec![b'x'; MAX_MESSAGE + 1]), Err(Full::Limit));
        out.lift_limit();
        out.nil().unwrap();
        out.clear();
        assert_eq!(out.raw(&vec![0; MAX_MESSAGE + 1]), Err(Full::Limit));
    }

    #[test]
    fn a_null_is_a_value_of_its_own() {
        let mut out = Output::new();
        out.null().unwrap();
        assert_eq!(Input::new(out.as_slice()).token(), Ok(Token::Null));
        assert_eq!(Input::new(b"\xd4\x02\x00").token(), Ok(Token::Null));
    }

    #[test]
    fn a_length_beyond_the_input_is_refused() {
        assert_eq!(
            Input::new(b"\xdd\xff\xff\xff\xff\x00").token(),
            Err(Malformed::Truncated)
        );
        assert_eq!(
            Input::new(b"\xdb\x00\x00\x00\x09abc").token(),
            Err(Malformed::Truncated)
        );
        assert_eq!(Input::new(b"").token(), Err(Malformed::Truncated));
        assert_eq!(
            Input::new(b"\xd4\x05\x00").token(),
            Err(Malformed::Format(5))
        );
        assert_eq!(Input::new(b"\xc1").token(), Err(Malformed::Format(0xc1)));
    }

    #[test]
    fn a_value_is_skipped_whole() {
        let bytes = b"\x82\xa1a\x93\x01\x02\x03\xa1b\xc0\x05";
        let mut input = Input::new(bytes);
        assert_eq!(input.value(), Ok(&bytes[..bytes.len() - 1]));
        assert_eq!(input.token(), Ok(Token::Integer(5)));
    }
}
