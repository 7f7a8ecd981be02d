//! The library `events`, and its subscriptions, which other libraries have, too. A
//! subscription is a userdata with two user values: its channel, which takes from a feed
//! that the runtime fills, and the operation that ends it.

use std::ffi::{CStr, c_int};

use warren_guest::mailbox::Subscription;

use crate::capability;
use crate::interpreter::interpreter;
use crate::lua::{self, Functions, State};
use crate::mistakes::check_taken;
use crate::tasks::{Channel, ChannelRef, Format, Source};
use crate::transfer::{self, forget, push_subscription};

/// The name of the class in Lua.
const SUBSCRIPTION: &CStr = c"subscription";

const CHANNEL: c_int = 1;
/// The operation that ends the subscription.
const CLOSE: c_int = 2;

const FUNCTIONS: &Functions = &[(c"subscribe", subscribe), (c"send", send)];

/// The functions that the prelude is given.
pub(crate) const NATIVE: &Functions = &[(c"new_subscription", new_subscription)];

const METHODS: &Functions = &[(c"channel", channel), (c"close", close)];

/// Registers the class, and pushes the library.
pub(crate) fn open(l: State) {
    lua::push_class(l, SUBSCRIPTION, METHODS, &[]);
    l.pop(1);
    lua::push_library(l, FUNCTIONS);
}

/// `events.subscribe(system, kind?)`.
extern "C-unwind" fn subscribe(l: State) -> c_int {
    l.set_top(2);
    let results = capability::call(l, "events.subscribe", "ss");
    if results != 1 {
        return check_taken(l, results, "events.subscribe");
    }
    l.push_string(c"events.close");
    push(l, l.to_integer(-2) as Subscription)
}

/// `events.send(system, kind, path, data?)`.
extern "C-unwind" fn send(l: State) -> c_int {
    let results = capability::call(l, "events.send", "sss");
    check_taken(l, results, "events.send")
}

/// `new_subscription(number, close)`: a subscription of a feed, which the operation
/// `close` ends.
extern "C-unwind" fn new_subscription(l: State) -> c_int {
    l.set_top(2);
    push(l, l.to_integer(1) as Subscription)
}

/// Pushes a subscription of a feed. The operation that ends it is on top of the stack.
fn push(l: State, subscription: Subscription) -> c_int {
    l.new_object(2);
    l.insert(-2);
    l.set_user_value(-2, CLOSE);
    push_subscription(l, subscription, Format::Raw);
    l.set_user_value(-2, CHANNEL);
    l.set_named_class(SUBSCRIPTION);
    1
}

/// Pushes the channel of the subscription that is argument 1.
fn push_channel(l: State) -> ChannelRef {
    l.check_named_class(1, SUBSCRIPTION);
    l.user_value(1, CHANNEL);
    Channel::at(l, l.top())
}

/// `sub:channel()`.
extern "C-unwind" fn channel(l: State) -> c_int {
    push_channel(l);
    1
}

/// `sub:close()`.
extern "C-unwind" fn close(l: State) -> c_int {
    l.set_top(1);
    let channel = push_channel(l);
    if let Source::Mailbox { subscription, .. } = channel.source
        && !channel.closed.get()
    {
        transfer::close(interpreter(l), channel);
        forget(l, subscription);
        l.user_value(1, CLOSE);
        l.push_integer(subscription.into());
        return capability::call_named_by(l);
    }
    l.push_boolean(true);
    1
}
