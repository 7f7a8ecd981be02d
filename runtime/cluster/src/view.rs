//! Nodes, sessions and names, as they are shown.

use warren_kernel::{Address, NodeId};

/// Another node that is up, and the figures of the session with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeView {
    /// The node.
    pub id: NodeId,
    /// Figures of the session.
    pub figures: Figures,
}

/// Figures of a session, since its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Frames sent, those sent again included.
    pub frames_sent: u64,
    /// Frames received in order.
    pub frames_received: u64,
    /// Bytes sent, those sent again included.
    pub bytes_sent: u64,
    /// Bytes received in order.
    pub bytes_received: u64,
    /// Frames sent again.
    pub frames_resent: u64,
    /// Bytes sent and not acknowledged.
    pub in_flight: u64,
    /// Bytes that wait for a place in the window.
    pub waiting: u64,
    /// Nanoseconds between a heartbeat and its acknowledgement, the last measured.
    pub round_trip: Option<u64>,
}

/// The revision under which a name was taken: larger for each later holder of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// Some of the names that are held in the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamePage {
    /// The names with their holders, in the order of the broker's keys.
    pub names: Vec<(String, Holder)>,
    /// The name to go on after; `None` if this page is the last.
    pub next: Option<String>,
}

/// The holder of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The process.
    pub address: Address,
    /// The revision.
    pub token: Token,
}
