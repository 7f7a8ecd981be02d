//! Methods of a thread that are one call of Lua's API.

/// Defines methods that call Lua's API with the thread.
macro_rules! api {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),*) $(-> $result:ty)? = |$l:ident| $call:expr;)*) => {
        $(
            $(#[$doc])*
            #[inline]
            pub(crate) fn $name(self, $($arg: $type),*) $(-> $result)? {
                let $l = self.as_ptr();
                // SAFETY: the thread is alive, indices are acceptable and pushes have
                // room, by the contract of `State`. Pointers among the arguments come
                // from references, which outlive the call. `State` is an address for
                // the ABI, so functions are the same for Lua and for Rust; threads that
                // Lua returns are alive, and the names of its types are constants.
                unsafe { $call }
            }
        )*
    };
}

pub(super) use api;
