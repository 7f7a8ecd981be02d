//! The channels on the queues that the runtime keeps, one for each subscription.
//!
//! A table in the registry of Lua keeps each channel alive, so that a program
//! gets the same one every time. Its places are reused: by the number of the
//! subscription, which only grows, the table would be rebuilt again and again.

use std::ffi::{c_int, c_void};

use mlua_sys::*;
use warren_guest::mailbox::Subscription;

use super::ready;
use crate::runtime::{Runtime, runtime};
use crate::stack::State;
use crate::tasks::{Channel, Format, Kept, Ring, Source};

/// A program rarely has more subscriptions.
const ROOM: c_int = 4;

/// Makes the table of channels.
///
/// # Safety
/// `l` is a live Lua thread with two free stack slots.
pub(crate) unsafe fn open(l: State) {
    // SAFETY: as promised by the caller.
    unsafe {
        lua_createtable(l, ROOM, 0);
        lua_rawsetp(l, LUA_REGISTRYINDEX, channels_key());
    }
}

/// Pushes the channel on a subscription, a new one where there is none yet.
///
/// # Safety
/// `l` is a live Lua thread with five free stack slots; nothing that needs
/// `Drop` is alive.
pub(crate) unsafe fn push_subscription(
    l: State,
    subscription: Subscription,
    format: Format,
) -> *mut Channel {
    // SAFETY: as promised by the caller.
    unsafe {
        lua_rawgetp(l, LUA_REGISTRYINDEX, channels_key());
        let known = runtime(l)
            .subscriptions
            .borrow()
            .get(&subscription)
            .copied();
        if let Some(kept) = known {
            lua_rawgeti(l, -1, kept.place.into());
            lua_remove(l, -2);
            return kept.channel;
        }
        let channel = Channel::push(
            l,
            Source::Mailbox {
                subscription,
                format,
                ring: Ring::UNBOUNDED,
            },
        );
        lua_pushvalue(l, -1);
        let place = luaL_ref(l, -3);
        lua_remove(l, -2);
        runtime(l)
            .subscriptions
            .borrow_mut()
            .insert(subscription, Kept { channel, place });
        channel
    }
}

/// Forgets the channel on a subscription that has ended.
///
/// # Safety
/// As [`push_subscription`].
pub(crate) unsafe fn forget(l: State, subscription: Subscription) {
    // SAFETY: as promised by the caller.
    unsafe {
        let kept = runtime(l).subscriptions.borrow_mut().remove(&subscription);
        if let Some(kept) = kept {
            lua_rawgetp(l, LUA_REGISTRYINDEX, channels_key());
            luaL_unref(l, -1, kept.place);
            lua_pop(l, 1);
        }
    }
}

/// Keeps the value on top of the stack for whoever receives next from a
/// subscription. False where an error to be raised is on top of the stack.
///
/// # Safety
/// `l` is a live Lua thread with five free stack slots. Does not raise.
pub(crate) unsafe fn stash(l: State, rt: &Runtime, subscription: Subscription) -> bool {
    let kept = rt.subscriptions.borrow().get(&subscription).copied();
    let Some(kept) = kept else {
        // Unlistened meanwhile.
        // SAFETY: as promised by the caller.
        unsafe { lua_pop(l, 1) };
        return true;
    };
    // SAFETY: as promised by the caller.
    unsafe {
        lua_pushcfunction(l, stash_protected);
        lua_insert(l, -2);
        lua_pushinteger(l, kept.place.into());
        lua_pcall(l, 2, 0, 0) == LUA_OK
    }
}

unsafe extern "C-unwind" fn stash_protected(l: State) -> c_int {
    // SAFETY: only `stash` calls this, with a value and a number.
    unsafe {
        let place = lua_tointeger(l, 2);
        lua_settop(l, 1);
        lua_rawgetp(l, LUA_REGISTRYINDEX, channels_key());
        lua_rawgeti(l, -1, place);
        lua_replace(l, 2);
        lua_insert(l, 1);
        // Channel, value.
        ready::stash(l, 1);
        0
    }
}

/// Where the registry keeps the table of channels.
fn channels_key() -> *const c_void {
    static KEY: u8 = 0;
    (&raw const KEY).cast()
}
