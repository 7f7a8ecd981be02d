//! The process API in the idiom of Rust, over the layer of the flat ABI.

pub mod cluster;
pub mod codec;
pub mod ctx;
pub mod http;
pub mod identity;
pub mod names;
pub mod server;
pub mod store;
pub mod supervisor;
pub mod time;

mod call;
mod entry;
mod event;
mod log;
mod print;
mod process;
mod queue;
mod scratch;
mod select;
mod spawn;

pub use call::{Called, begin_call, call};
pub use entry::{Args, MainResult};
pub use event::{Event, Events, Outcome, events};
pub use identity::{Actor, Scope};
pub use process::{
    cancel, cancel_because, exit, frame_id, link, monitor, pid, send, set_trap_links, stop,
    terminate, trap_links, unlink, unmonitor, upgrade,
};
pub use queue::{Message, Queue, inbox, listen};
pub use select::{Select, Source};
pub use spawn::{Pending, Spawn, exec, spawn};
#[doc(inline)]
pub use warren_values::{Limit, Pid, Value};

/// Returns the PID that the runtime has written.
fn pid_of(bytes: &[u8]) -> Pid {
    match crate::msgpack::text(bytes) {
        Some(text) => text.into(),
        None => String::from_utf8_lossy(bytes).into_owned().into(),
    }
}

/// Returns the error of a value that cannot cross, with this process's host if a limit is the
/// reason.
fn refusal(error: codec::CodecError) -> crate::Error {
    let limit = error.limit();
    let error = crate::Error::from(error);
    match limit {
        Some(limit) => error.with_limit(&limit.name, limit.value, Some(pid().host())),
        None => error,
    }
}

/// Items that the macros expand to.
#[doc(hidden)]
pub mod __private {
    pub use super::entry::start;
    pub use super::print::print;
    pub use super::server::driven::{resume, serve};
}
