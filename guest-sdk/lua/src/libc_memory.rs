//! `memcmp`, which Lua calls for every string that it looks up or compares.
//! That of libc goes byte by byte, which is dear where every access is checked.

use std::ffi::{c_int, c_void};

/// The machine's widest integer.
type Word = u64;

/// `memcmp` of C.
///
/// # Safety
/// Both ranges of `len` bytes are readable.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
unsafe extern "C" fn memcmp(a: *const c_void, b: *const c_void, len: usize) -> c_int {
    let (a, b): (*const u8, *const u8) = (a.cast(), b.cast());
    let mut at = 0;
    // SAFETY: every access is within the first `len` bytes.
    unsafe {
        while at + size_of::<Word>() <= len {
            let (x, y) = (word(a.add(at)), word(b.add(at)));
            if x != y {
                return order(x, y);
            }
            at += size_of::<Word>();
        }
        while at < len {
            let (x, y) = (*a.add(at), *b.add(at));
            if x != y {
                return c_int::from(x) - c_int::from(y);
            }
            at += 1;
        }
    }
    0
}

/// # Safety
/// A word is readable there, at any alignment.
unsafe fn word(from: *const u8) -> Word {
    // SAFETY: as promised by the caller.
    unsafe { from.cast::<Word>().read_unaligned() }
}

/// Compares words of the machine's byte order as bytes.
fn order(x: Word, y: Word) -> c_int {
    if x.to_be() < y.to_be() { -1 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_as_bytes_do() {
        for len in 0..30 {
            let a = vec![7_u8; len];
            // SAFETY: the ranges are those of the vectors.
            let compare = |b: &[u8]| unsafe { memcmp(a.as_ptr().cast(), b.as_ptr().cast(), len) };
            assert_eq!(compare(&a), 0);
            for at in 0..len {
                let mut b = a.clone();
                b[at] = 200;
                assert!(compare(&b) < 0, "{len} {at}");
                b[at] = 1;
                assert!(compare(&b) > 0, "{len} {at}");
            }
        }
    }
}
