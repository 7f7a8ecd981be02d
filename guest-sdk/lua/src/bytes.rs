//! Scans of `config/bytes.c`, which go by 16 bytes at a time.

use std::ffi::c_char;

unsafe extern "C" {
    /// The number of bytes up to the first that a string of JSON has to escape.
    fn warren_plain(from: *const c_char, len: usize) -> usize;

    /// The number of bytes up to the first beyond ASCII.
    fn warren_ascii(from: *const c_char, len: usize) -> usize;
}

/// Returns the number of bytes up to the first that a string of JSON has to escape, or all
/// of them.
pub(crate) fn plain(bytes: &[u8]) -> usize {
    // SAFETY: the bytes are readable.
    unsafe { warren_plain(bytes.as_ptr().cast(), bytes.len()) }
}

/// Returns true for bytes that are UTF-8.
pub(crate) fn is_utf8(bytes: &[u8]) -> bool {
    // SAFETY: the bytes are readable.
    let ascii = unsafe { warren_ascii(bytes.as_ptr().cast(), bytes.len()) };
    str::from_utf8(&bytes[ascii..]).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_ends_at_the_first_byte_of_its_kind() {
        for len in 0..70 {
            let mut bytes = vec![b'a'; len];
            assert_eq!(plain(&bytes), len);
            assert!(is_utf8(&bytes));
            for at in 0..len {
                for byte in [b'"', b'\\', b'\n', 0, 0x1f] {
                    bytes[at] = byte;
                    assert_eq!(plain(&bytes), at);
                    assert!(is_utf8(&bytes));
                }
                for byte in [0x7f, 0x80, 0xff, b' ', b'!', b'#'] {
                    bytes[at] = byte;
                    assert_eq!(plain(&bytes), len);
                    assert_eq!(is_utf8(&bytes), byte < 0x80);
                }
                bytes[at] = b'a';
            }
        }
        assert!(is_utf8("0123456789abcdefäöü".as_bytes()));
    }
}
