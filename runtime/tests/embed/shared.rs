//! `Send` and `Sync` of the public types: a test that compiles.

use std::time::Duration;

use warren::introspection::{Listing, Observer, ProcessDetails};
use warren::native::{Message, Received, Topic};
use warren::{
    CallError, Context, Ended, Exit, Handle, Inspector, Monitor, Runtime, Spawn, StartError,
};

fn shared<T: Send + Sync + 'static>() {}

fn sent<T: Send>(future: T) {
    drop(future);
}

#[test]
fn public_types_are_send_and_sync() {
    shared::<Runtime>();
    shared::<Spawn>();
    shared::<Handle>();
    shared::<Monitor>();
    shared::<(Ended, Exit)>();
    shared::<Inspector>();
    shared::<Observer>();
    shared::<(Listing, ProcessDetails)>();
    shared::<Context>();
    shared::<(Message, Received, Topic)>();
    shared::<(StartError, CallError)>();
}

#[test]
fn each_future_may_be_awaited_on_any_thread() {
    // Only compiled.
    let _ = |runtime: Runtime, handle: Handle, inspector: Inspector, changes: &mut Observer| {
        sent(runtime.spawn("a:b"));
        sent(runtime.exec::<()>("a:b"));
        sent(runtime.spawn_native("a:b", |_| async { Ok(()) }));
        sent(runtime.start_services());
        sent(runtime.services_ended());
        sent(runtime.shutdown(Duration::ZERO));
        sent(handle.wait());
        sent(handle.result::<()>());
        sent(inspector.stack(""));
        sent(changes.next());
    };
    let _ = |ctx: &mut Context, topic: Topic| {
        sent(ctx.message());
        sent(ctx.event());
        sent(ctx.next());
        sent(ctx.message_on(&topic));
        sent(ctx.spawn("a:b"));
        sent(ctx.exec::<()>("a:b"));
    };
}
