//! Running the coroutines of a process, and waiting.
//!
//! [`tasks`](crate::tasks) defines the words task, parked and waiter. A **poll** is
//! one wait in the runtime, for everything that any parked task wants, up to the
//! earliest deadline.
//!
//! ```text
//!  running task ── blocks ──> parked ── poll, or another task ──> ready queue
//!       ^                                                              │
//!       └────────────────────────── run ───────────────────────────────┘
//! ```
//!
//! While a task is alone it is never parked: it blocks in the runtime itself
//! ([`wait`]), without any Lua yield. Else it yields to [`run`] through all
//! coroutines that it has resumed, whose `resume` lets that pass.
//!
//! A case lies on the stack of the thread that blocks: the channel, and above it
//! the value to send, or the mark of a case that receives.

mod boundary;
mod finish;
mod poll;
mod run;
mod wait;

pub(crate) use finish::{Shape, push_receive};
pub(crate) use poll::Pulled;
pub(crate) use run::{RunEnd, again, prepare, run, spawn};
pub(crate) use wait::{
    Patience, check_may_wait, pull_alone, receive_alone, wait, wait_for_outcome,
};
