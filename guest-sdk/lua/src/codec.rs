//! The libraries `base64` and `hex`: bytes as text.

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::slice;

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use mlua_sys::*;
use warren_values::kind;

use crate::argument::{REFUSED, given_bytes};
use crate::errors;
use crate::lua::{self, Functions, Members, State};

/// The standard alphabet with padding. The bits that the last character has too many may be
/// anything, as other readers take them.
const STANDARD: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

struct Base64;

impl Members for Base64 {
    const FUNCTIONS: &'static Functions =
        &[(c"encode", encode::<Base64>), (c"decode", decode::<Base64>)];
}

struct Hex;

impl Members for Hex {
    const FUNCTIONS: &'static Functions = &[(c"encode", encode::<Hex>), (c"decode", decode::<Hex>)];
}

/// A form of text for bytes.
trait Form {
    const NAME: &'static str;

    /// Returns the length of the text of so many bytes.
    fn text_len(len: usize) -> usize;
    /// Writes the text of bytes, which has that length.
    fn write(data: &[u8], text: &mut [u8]);
    /// Returns at least the length of the bytes of so much text.
    fn data_len(len: usize) -> usize;
    /// Reads the bytes of a text, and returns their number; `None` for other text.
    fn read(text: &[u8], data: &mut [u8]) -> Option<usize>;
}

impl Form for Base64 {
    const NAME: &'static str = "Base64";

    fn text_len(len: usize) -> usize {
        // A string of Lua has less than 2 GiB here.
        len.div_ceil(3).saturating_mul(4)
    }

    fn write(data: &[u8], text: &mut [u8]) {
        // The text has the length that this needs.
        let _ = STANDARD.encode_slice(data, text);
    }

    fn data_len(len: usize) -> usize {
        base64::decoded_len_estimate(len)
    }

    fn read(text: &[u8], data: &mut [u8]) -> Option<usize> {
        STANDARD.decode_slice(text, data).ok()
    }
}

impl Form for Hex {
    const NAME: &'static str = "hexadecimal";

    fn text_len(len: usize) -> usize {
        len.saturating_mul(2)
    }

    fn write(data: &[u8], text: &mut [u8]) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        for (byte, digits) in data.iter().zip(text.chunks_exact_mut(2)) {
            digits[0] = DIGITS[usize::from(byte >> 4)];
            digits[1] = DIGITS[usize::from(byte & 15)];
        }
    }

    fn data_len(len: usize) -> usize {
        len / 2
    }

    fn read(text: &[u8], data: &mut [u8]) -> Option<usize> {
        let (pairs, rest) = text.as_chunks::<2>();
        if !rest.is_empty() {
            return None;
        }
        for (pair, byte) in pairs.iter().zip(data.iter_mut()) {
            let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
            *byte = (high? << 4 | low?) as u8;
        }
        Some(pairs.len())
    }
}

/// Pushes the library `base64`.
pub(crate) fn open_base64(l: State) {
    l.new_table(0, 0);
    lua::set_members::<Base64>(l);
}

/// Pushes the library `hex`.
pub(crate) fn open_hex(l: State) {
    l.new_table(0, 0);
    lua::set_members::<Hex>(l);
}

extern "C-unwind" fn encode<F: Form>(l: State) -> c_int {
    let Some(data) = given_bytes(l, 1, "data") else {
        return REFUSED;
    };
    let len = F::text_len(data.len());
    push_made(l, len, |text| {
        F::write(data, text);
        Some(len)
    });
    1
}

extern "C-unwind" fn decode<F: Form>(l: State) -> c_int {
    let Some(text) = given_bytes(l, 1, "text") else {
        return REFUSED;
    };
    let len = F::data_len(text.len());
    let made = push_made(l, len, |data| F::read(text, data));
    if made {
        return 1;
    }
    errors::refuse(l, kind::INVALID, format_args!("text is not {}", F::NAME))
}

/// Pushes a string that `make` writes into a block of `len` bytes, and returns the
/// length of; nothing where that is `None`. Raises without memory.
fn push_made(l: State, len: usize, make: impl FnOnce(&mut [u8]) -> Option<usize>) -> bool {
    let top = l.top();
    let mut buffer = MaybeUninit::<luaL_Buffer>::uninit();
    let buffer = buffer.as_mut_ptr();
    // SAFETY: the thread is alive, and the buffer stays on this frame; it owns nothing
    // but a value on the stack. Its block has `len` bytes, which are written first.
    unsafe {
        let block: *mut u8 = luaL_buffinitsize(l.as_ptr(), buffer, len).cast();
        block.write_bytes(0, len);
        match make(slice::from_raw_parts_mut(block, len)) {
            Some(len) => {
                luaL_pushresultsize(buffer, len);
                true
            }
            None => {
                l.set_top(top);
                false
            }
        }
    }
}
