//! Userdata that are known by the address of their metatable.

use std::ffi::{CStr, c_int, c_void};
use std::marker::PhantomData;
use std::ptr::NonNull;

use super::State;
use super::internals::{warren_setclass, warren_userdata};

/// A class of userdata whose blocks begin with a `T`. Only this crate gets hold of
/// the metatable, and only [`push`](Self::push) and [`adopt`](Self::adopt) give it to
/// a userdata: so a userdata of the class has such a block.
#[derive(Debug)]
pub(crate) struct Class<T> {
    /// The metatable, which the registry keeps alive; null before it is made.
    address: *const c_void,
    block: PhantomData<fn() -> T>,
}

impl<T> Clone for Class<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Class<T> {}

impl<T> Class<T> {
    /// The class that no userdata is of.
    pub(crate) const NONE: Self = Self {
        address: std::ptr::null(),
        block: PhantomData,
    };

    /// Returns the class of the metatable at `index`.
    ///
    /// # Safety
    /// The registry keeps the metatable alive, and no program gets hold of it.
    pub(super) unsafe fn of_metatable(l: State, index: c_int) -> Self {
        Self {
            address: l.address(index),
            block: PhantomData,
        }
    }

    /// Returns the block of a userdata of this class. It lives as long as Lua can
    /// reach the userdata.
    #[inline]
    pub(crate) fn block(self, l: State, index: c_int) -> Option<NonNull<T>> {
        // SAFETY: the thread is alive, and Lua checks the index.
        NonNull::new(unsafe { warren_userdata(l.as_ptr(), index, self.address) }.cast())
    }

    /// Returns true for a userdata of this class.
    #[inline]
    pub(crate) fn is(self, l: State, index: c_int) -> bool {
        self.block(l, index).is_some()
    }

    /// Returns the block of the argument; raises for anything else, saying that a
    /// `name` was expected.
    #[inline]
    pub(crate) fn check(self, l: State, arg: c_int, name: &CStr) -> NonNull<T> {
        match self.block(l, arg) {
            Some(block) => block,
            None => l.wrong_type(arg, name),
        }
    }

    /// Gives the userdata on top of the stack this class.
    ///
    /// # Safety
    /// The userdata was just made, and its block begins with a `T`.
    #[inline]
    pub(crate) unsafe fn adopt(self, l: State) {
        // SAFETY: as promised by the caller; the class has no finalizer.
        unsafe { warren_setclass(l.as_ptr(), self.address) };
    }

    /// Pushes a new userdata of this class, whose block Lua frees without a destructor.
    /// Raises without memory.
    #[inline]
    pub(crate) fn push(self, l: State, value: T, user_values: c_int) -> NonNull<T> {
        const { assert!(align_of::<T>() <= 8 && !std::mem::needs_drop::<T>()) };
        let block: *mut T = l.new_block(size_of::<T>(), user_values).cast();
        // SAFETY: the block was just made, and has the size and the alignment.
        unsafe {
            block.write(value);
            self.adopt(l);
            NonNull::new_unchecked(block)
        }
    }
}

impl<T> Class<T> {
    /// Lends the block of a userdata of this class to `read`, which leaves the userdata
    /// where it is; `None` for anything else.
    #[inline]
    pub(crate) fn with<R>(self, l: State, index: c_int, read: impl FnOnce(&T) -> R) -> Option<R> {
        // SAFETY: the userdata stays on the stack by the contract of `State`, and its
        // block begins with a `T`. Apart from its cells nobody writes to it.
        self.block(l, index)
            .map(|block| read(unsafe { block.as_ref() }))
    }
}

impl<T: Copy> Class<T> {
    /// Returns a copy of the block of a userdata of this class.
    #[inline]
    pub(crate) fn read(self, l: State, index: c_int) -> Option<T> {
        // SAFETY: the userdata is on the stack, and its block begins with a `T`.
        self.block(l, index).map(|block| unsafe { block.read() })
    }
}
