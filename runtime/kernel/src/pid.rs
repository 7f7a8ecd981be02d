//! Process identifiers.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::num::NonZeroU64;

use crate::sync::Arc;

/// Identifies a process. Never reused while its [`Kernel`](crate::Kernel)
/// lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pid(NonZeroU64);

impl Pid {
    /// The largest PID.
    pub(crate) const MAX: Pid = Pid(NonZeroU64::MAX);

    pub(crate) fn new(number: NonZeroU64) -> Self {
        Pid(number)
    }

    /// Returns the PID with this number; `None` for 0.
    pub fn from_number(number: u64) -> Option<Self> {
        NonZeroU64::new(number).map(Pid)
    }

    /// Returns the number behind the text.
    #[inline]
    pub fn number(self) -> u64 {
        self.0.get()
    }

    /// Returns the text of this PID in a host: `{host|0x00002}`, with at least
    /// five lower case hexadecimal digits.
    pub fn text(self, host: &str) -> Arc<str> {
        self.text_behind(&format!("{{{host}|0x"))
    }

    /// Returns the text of this PID, which begins with the text of its host's PIDs.
    pub(crate) fn text_behind(self, beginning: &str) -> Arc<str> {
        // Written without a formatter, which costs each spawn 600 instructions.
        let mut text = String::with_capacity(beginning.len() + 17);
        text.push_str(beginning);
        let digits = (self.number().ilog2() / 4 + 1).max(5);
        for place in (0..digits).rev() {
            let digit = (self.number() >> (4 * place) & 0xf) as usize;
            text.push(char::from(b"0123456789abcdef"[digit]));
        }
        text.push('}');
        text.into()
    }
}

/// A map keyed by PID. The keys come from a counter, not from a program, so a
/// multiplication spreads them well enough. Iteration order is equal in every
/// run, which a simulator needs.
pub(crate) type PidMap<V> = HashMap<Pid, V, BuildHasherDefault<PidHasher>>;

#[derive(Clone, Copy, Default)]
pub(crate) struct PidHasher(u64);

impl Hasher for PidHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0 ^ u64::from(*byte));
        }
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        // The golden ratio spreads consecutive numbers over the high bits; the
        // table reads the low and the very highest ones.
        self.0 = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(26);
    }

    #[inline]
    fn finish(&self) -> u64 {
        #[cfg(test)]
        crate::work::step();
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pid(number: u64) -> Pid {
        Pid(NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN))
    }

    #[test]
    fn text_has_at_least_five_digits() {
        assert_eq!(&*pid(2).text("app:processes"), "{app:processes|0x00002}");
        assert_eq!(&*pid(0xabcdef).text("a:b"), "{a:b|0xabcdef}");
    }
}
