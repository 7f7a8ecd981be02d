//! The process model of warren: processes, their queues, and the events they
//! send each other. No WebAssembly, no scheduler, no clock: an embedder runs
//! the code, passes the time in, and calls this crate for everything one
//! process does to another.
//!
//! # Words
//!
//! - A **process** ([`Process`]) has a [`Pid`], lives in a [`Host`] (a group
//!   with limits of its own) and is driven by one task of the embedder's.
//! - A **signal** is anything one process does to another: a message, a link, a
//!   monitor, a cancellation, its end. A signal acts on the target's state
//!   before the call that sends it returns.
//! - A **queue** holds unread messages, events or outcomes of a process; a
//!   [`Subscription`] names one of its queues. A message is routed to a queue
//!   when it arrives.
//! - A **tie** is a link or a monitor between two processes.
//! - A **group** is a name with any number of member processes. A process is a member
//!   until it has left as often as it joined, or ends.
//! - A process is **doomed** when its end was decided from outside
//!   (termination, a failed link); its own task notices and exits. It has
//!   **exited** once [`Kernel::exit`] was called: from then on it is not found.
//!
//! # Structure
//!
//! ```text
//! Kernel ── Host*            limits, places, budget of memory
//!        ├─ process table    Pid  -> Process    sharded
//!        ├─ registry         name -> Process    sharded
//!        ├─ groups           name -> Process*   sharded
//!        ├─ pair locks       one of many per pair of processes
//!        └─ Process*  =  Mutex< State + Waker >
//!                               │
//!                 State = mailbox, events, execs, ties, doom
//! ```
//!
//! `State` is the whole logic of one process: plain data without locks. Its
//! methods take a signal and return the result, and whether the process's task
//! must wake. `Process` wraps the state in a mutex. An operation on two
//! processes visits one after the other; two process locks are never held at
//! once. Operations on the *ties* of two processes also hold the lock of the
//! pair. So for one pair, linking, unlinking and the news of an exit happen one
//! after the other, and half a link is never seen.
//!
//! In a cluster a process can be tied to a process of another node, a *stranger*. Each node
//! has one side of such a tie, under the lock of all strangers; the embedder carries the news.
//!
//! Lock order, outermost first: strangers, pair, registry or group shard, wide monitors or the count of
//! unread messages, then either one process or one table shard. Wakers are called with no lock held.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod account;
mod address;
mod attributes;
mod budget;
mod delivery;
mod destination;
mod error;
mod event;
mod events;
mod execs;
mod far;
mod groups;
mod held_names;
mod host;
mod interest;
mod kernel;
mod mailbox;
mod memberships;
mod message;
mod moment;
mod name;
mod observe;
mod outcome;
mod pairs;
mod pid;
mod process;
mod queue;
mod readable;
mod refusal;
mod registry;
mod relation;
mod scan;
mod state;
mod strangers;
mod subscription;
mod sync;
mod table;
pub mod text;
mod ties;
mod topic;
mod totals;
mod trace;
mod unclaimed;
mod unread;
mod usage;
mod view;
#[cfg(test)]
mod work;

pub use address::{Address, Incarnation, NodeId, NodeName};
pub use budget::{Budget, Charge, Spent, Which};
pub use delivery::Delivery;
pub use destination::Destination;
pub use error::{Details, Error, Field, Kind};
pub use event::Event;
pub use events::MAX_OUTDATED_SOURCES;
pub use execs::Work;
pub use far::{FarEnd, FarPeers, FarPid};
pub use groups::{Part, Position, Watched};
pub use host::{
    Attachment, Closed, Host, HostConfig, MAX_GROUP_MONITORS_OF_HOST, MAX_GROUPS_OF_HOST,
    MAX_WIDE_MONITORS_OF_HOST, MemoryLimits, QueueLimits, Reservation,
};
pub use kernel::{Exiting, Expecting, Kernel, MAX_REASON_BYTES, Spawn, Spawned};
pub use message::Message;
pub use moment::{AtomicDeadline, Moment, Monotonic, Timestamp, nanoseconds};
pub use name::MAX_NAME_BYTES;
pub use observe::{Change, Changes};
pub use outcome::Outcome;
pub use pid::Pid;
pub use process::Process;
pub use relation::Relation;
pub use scan::Scan;
pub use subscription::Subscription;
pub use totals::Totals;
pub use trace::{Trace, TraceId};
pub use usage::Usage;
pub use view::{Activity, Counts, Depth, Origin, Peers, QueueLabel, QueueView, Summary, View};
#[doc(hidden)]
pub use warren_values::stack;
