//! The broker between the nodes.

#[cfg(feature = "nats")]
mod nats;
#[doc(hidden)]
pub mod simulated;

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use warren_kernel::NodeName;

#[cfg(feature = "nats")]
pub use nats::{Nats, NatsSettings};

/// The receiver of a transport's events. May be called by any thread, and does not block.
pub type Events = Box<dyn Fn(Event) + Send + Sync>;

/// A broker: it carries packets, which it may lose but not change, and keeps values that change
/// by compare-and-set.
///
/// No function blocks. Results come as events.
pub trait Transport: Send + Sync + 'static {
    /// Begins to report events: packets for this node, and the results of [`Transport::ask`].
    fn start(&mut self, cluster: &NodeName, node: &NodeName, events: Events);

    /// Returns the bytes of the largest packet.
    fn max_packet(&self) -> usize;

    /// Sends a packet to a node. Packets to one node arrive in order, as far as they arrive.
    fn send(&self, to: &NodeName, packet: Bytes);

    /// Begins an operation on the values. Its result comes as [`Event::Answer`] with the same
    /// number, unless it is lost.
    fn ask(&self, number: u64, operation: Operation);

    /// Waits until everything that was begun is done, or cannot be done.
    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// An event of a transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A packet. The broker vouches for the sender as far as its permissions do.
    Packet {
        /// The sender.
        from: NodeName,
        /// The bytes.
        packet: Bytes,
    },
    /// The result of an operation.
    Answer {
        /// The number of the operation.
        number: u64,
        /// The result.
        result: Result<Found, Refusal>,
    },
}

/// An operation on the values that the broker keeps. Keys are of ASCII letters, digits, `-`,
/// `_`, `=` and `.`, and begin with `node.` or `name.`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Reads a value.
    Get {
        /// The key.
        key: String,
    },
    /// Writes a value if the key has the revision; revision 0: if the key has no value.
    Put {
        /// The key.
        key: String,
        /// The value.
        value: Bytes,
        /// The revision.
        revision: u64,
    },
    /// Removes a value if the key has the revision.
    Delete {
        /// The key.
        key: String,
        /// The revision.
        revision: u64,
    },
    /// Reads the values whose keys begin with a text, in the order of their keys.
    List {
        /// The beginning.
        prefix: String,
        /// The key before the first one; empty for all of them.
        after: String,
        /// The largest number of values.
        most: usize,
    },
}

/// The result of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The key has no value.
    Nothing,
    /// The value and its revision.
    Value(Bytes, u64),
    /// The revision of the value that was written, or 0 after a removal. Revisions grow with
    /// each write to any key.
    Revision(u64),
    /// Keys, values and revisions.
    Values(Vec<(String, Bytes, u64)>),
}

/// The failure of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The key has another revision.
    Conflict,
    /// The broker does not answer, or has no room: the reason in words. The operation may or
    /// may not have been carried out, and may still be.
    Unavailable(String),
}
