//! The library `events`. A subscription is a userdata whose one user value is its channel,
//! which takes from a feed that the runtime fills.

use std::ffi::{CStr, c_int};

use warren_guest::mailbox::Subscription;

use crate::capability::{self, operation};
use crate::interpreter::interpreter;
use crate::lua::{self, Functions, State};
use crate::tasks::{Channel, ChannelRef, Format, Source};
use crate::transfer::{self, forget, push_subscription};

/// The name of the class in Lua.
const SUBSCRIPTION: &CStr = c"subscription";

const CHANNEL: c_int = 1;

const FUNCTIONS: &Functions = &[
    (c"subscribe", subscribe),
    (c"send", operation!("events.send", "sss")),
];

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
        return results;
    }
    let subscription = l.to_integer(-1) as Subscription;
    l.new_object(1);
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
        l.set_top(0);
        l.push_integer(subscription.into());
        return capability::call(l, "events.close", "n");
    }
    l.push_boolean(true);
    1
}
