//! The channels on the queues that the runtime keeps, one for each subscription.
//!
//! A table in the registry of Lua keeps each channel alive, so that a program
//! gets the same one every time. Its places are reused: by the number of the
//! subscription, which only grows, the table would be rebuilt again and again.

use std::ffi::{c_int, c_void};

use mlua_sys::*;
use warren_guest::mailbox::Subscription;

use super::ready;
use crate::interpreter::{Interpreter, interpreter};
use crate::lua::State;
use crate::tasks::{Answers, Channel, ChannelRef, Format, Kept, Ring, Source};

/// A program rarely has more subscriptions.
const ROOM: c_int = 4;

/// Makes the table of channels.
pub(crate) fn open(l: State) {
    l.new_table(ROOM, 0);
    l.register(channels_key());
}

/// Pushes the channel on a subscription, a new one where there is none yet.
pub(crate) fn push_subscription(
    l: State,
    subscription: Subscription,
    format: Format,
) -> ChannelRef {
    push(l, subscription, || Source::Mailbox {
        subscription,
        format,
        ring: Ring::unbounded(),
    })
}

/// Pushes the channel on the subscription of answers, a new one where there is none yet.
pub(crate) fn push_answers(l: State, subscription: Subscription) -> ChannelRef {
    push(l, subscription, || {
        Source::Answers(Answers::new(subscription))
    })
}

/// Pushes the channel on a subscription; where there is none yet, one that takes its values
/// from the source that is made.
fn push(l: State, subscription: Subscription, source: impl FnOnce() -> Source) -> ChannelRef {
    l.registered(channels_key());
    let known = interpreter(l)
        .subscriptions
        .borrow()
        .get(&subscription)
        .copied();
    if let Some(kept) = known {
        l.element(-1, kept.place.into());
        l.remove(-2);
        return kept.channel;
    }
    let channel = Channel::push(l, source());
    l.push_value(-1);
    let place = l.keep(-3);
    l.remove(-2);
    interpreter(l)
        .subscriptions
        .borrow_mut()
        .insert(subscription, Kept { channel, place });
    channel
}

/// Forgets the channel on a subscription that has ended.
pub(crate) fn forget(l: State, subscription: Subscription) {
    let kept = interpreter(l)
        .subscriptions
        .borrow_mut()
        .remove(&subscription);
    if let Some(kept) = kept {
        l.registered(channels_key());
        l.release(-1, kept.place);
        l.pop(1);
    }
}

/// Keeps the value on top of the stack for whoever receives next from a
/// subscription. False where an error to be raised is on top of the stack.
/// Does not raise.
pub(crate) fn stash(l: State, interpreter: &Interpreter, subscription: Subscription) -> bool {
    let kept = interpreter
        .subscriptions
        .borrow()
        .get(&subscription)
        .copied();
    let Some(kept) = kept else {
        // Unlistened meanwhile.
        l.pop(1);
        return true;
    };
    l.push_function(stash_protected);
    l.insert(-2);
    l.push_integer(kept.place.into());
    l.pcall(2, 0) == LUA_OK
}

extern "C-unwind" fn stash_protected(l: State) -> c_int {
    let place = l.to_integer(2);
    l.set_top(1);
    l.registered(channels_key());
    l.element(-1, place);
    l.replace(2);
    l.insert(1);
    // Channel, value.
    ready::stash(l, 1);
    0
}

/// The registry's key of the table of channels.
fn channels_key() -> *const c_void {
    static KEY: u8 = 0;
    (&raw const KEY).cast()
}
