//! Several nodes, one program: sessions, membership, names and groups between nodes.
//!
//! # Words
//!
//! - A **node** is one running runtime with a name. Each start of it is an **incarnation**.
//! - A **broker** carries packets between nodes, and keeps a few values: a [`Transport`].
//! - A **session** is an ordered, lossless stream of signals in both directions between two
//!   incarnations. It begins when both sides know each other's **epoch**, and ends for both when
//!   either side gives it up; an epoch is never used again.
//! - A **lease** is the right of a node to hold names, for a time.
//! - A **token** orders the holders of a name.
//!
//! # Structure
//!
//! ```text
//! Cluster ── Core (one mutex)         no I/O, no clock: time and events are passed in
//!         │    ├─ Session*            per peer: epochs, sequence numbers, window, heartbeats
//!         │    ├─ Members             the nodes, by the broker's values
//!         │    ├─ Names               leases and tokens
//!         │    ├─ Groups
//!         │    └─ Requests            both directions
//!         ├─ Transport                nats, or simulated
//!         └─ Handler                  the engine
//! ```
//!
//! The core is a state machine that the simulator drives without tokio.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod answerer;
mod clock;
mod cluster;
mod config;
mod core;
mod driver;
mod handler;
mod joining;
mod lease;
mod member;
mod news;
mod pending;
mod session;
mod shared;
mod signal;
#[cfg(test)]
mod simulation;
mod transport;
#[doc(hidden)]
pub mod victim;
mod view;
mod wire;

pub use crate::core::OF_NODES;
pub use answerer::Answerer;
pub use cluster::Cluster;
pub use config::Config;
pub use handler::Handler;
pub use news::{GroupChange, IncomingId, NodeChange};
pub use pending::{Pending, PendingName};
pub use signal::{Actor, Answer, Ask, Caller, End, Notice, Place, Reply, Request, Start};
#[doc(hidden)]
pub use transport::simulated;
pub use transport::{Event, Events, Found, Operation, Refusal, Transport};
#[cfg(feature = "nats")]
pub use transport::{Nats, NatsSettings};
pub use view::{Figures, Holder, NamePage, NodeView, Token};
