//! Errors of full stacks.

use std::ffi::c_int;

use super::api::api;
use super::{State, internals};

/// A stack of Lua that was full. The limits are those of `config/overflow.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overflow {
    /// The name of the limit.
    pub(crate) limit: &'static str,
    /// The values, or the calls, that the stack holds.
    pub(crate) most: usize,
}

/// The number of the stack of a coroutine, in `config/overflow.h`. The other one is that of
/// the calls of C.
const STACK: c_int = 1;

impl State {
    api! {
        /// Notes the text on top of the stack as the error of a full stack, if the value at
        /// `index` is that error: the text is made of it. Raises without memory.
        fn pass_overflow(index: c_int) = |l| internals::warren_pass_overflow(l, index);
    }

    /// Returns the stack that was full, if the value at `index` is the last error of a full
    /// stack, or a text that [`pass_overflow`](Self::pass_overflow) has made of it.
    pub(crate) fn overflow(self, index: c_int) -> Option<Overflow> {
        let mut most = 0;
        // SAFETY: by the contract of `State`.
        let stack = unsafe { internals::warren_overflowed(self.as_ptr(), index, &raw mut most) };
        let limit = match stack {
            0 => return None,
            STACK => "max_lua_stack",
            _ => "max_lua_calls",
        };
        Some(Overflow {
            limit,
            most: usize::try_from(most).unwrap_or_default(),
        })
    }
}
