//! The process API in the idiom of Rust, over the layer of the flat ABI.

pub mod codec;
pub mod ctx;
pub mod identity;
pub mod names;
pub mod server;
pub mod supervisor;
pub mod time;

mod de;
mod entry;
mod error;
mod event;
mod log;
mod pid;
mod print;
mod process;
mod queue;
mod scratch;
mod select;
mod ser;
mod spawn;
mod value;

pub use entry::{Args, MainResult};
pub use error::kind;
pub use event::{Event, Events, Outcome, events};
pub use identity::{Actor, Scope};
pub use pid::Pid;
pub use process::{
    cancel, exit, frame_id, link, monitor, pid, send, set_trap_links, terminate, trap_links,
    unlink, unmonitor, upgrade,
};
pub use queue::{Message, Queue, inbox, listen};
pub use select::{Select, Source};
pub use spawn::{Pending, Spawn, exec, spawn};
pub use value::Value;

/// Items that the macros expand to.
#[doc(hidden)]
pub mod __private {
    pub use super::entry::start;
    pub use super::print::print;
}
