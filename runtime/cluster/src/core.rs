//! A node's part in its cluster as a state machine: no I/O, no clock. Time and events are
//! passed in, and outputs are taken out in order.

mod groups;
mod listing;
mod names;
mod peers;
mod purpose;
mod requests;
mod store;

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use warren_kernel::{Error, Kind, Monotonic, NodeId, NodeName, Pid};

use crate::config::Config;
use crate::joining::Joined;
use crate::lease::held_until;
use crate::news::{GroupChange, IncomingId, NodeChange};
use crate::session::{Settings, later};
use crate::signal::{Notice, Reply, Request};
use crate::transport::{Event, Operation};
use crate::view::{Holder, NamePage, Token};
use groups::Groups;
use names::Names;
use peers::Peers;
use requests::Requests;
use store::Store;

/// The number of a call of this node's engine that waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CallId(pub(crate) u64);

/// Something that the state machine wants done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// A packet for a node.
    Packet(NodeName, Bytes),
    /// An operation on the broker's values.
    Ask(u64, Operation),
    /// A request of another node.
    Request(NodeId, IncomingId, Request),
    /// A request that nobody waits for any more.
    Abandoned(IncomingId),
    /// A notice of another node.
    Notice(NodeId, Notice),
    /// News of a node.
    Node(NodeChange),
    /// A process lost a name.
    NameLost(String, Pid),
    /// News of a group.
    Group(GroupChange),
    /// The answer to a request of this node.
    Reply(CallId, Reply),
    /// The result of an operation on a name.
    Name(CallId, Result<Named, Error>),
    /// Another node has taken this node's name. Nothing follows.
    Deposed(String),
}

/// The result of an operation on a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// The name was taken.
    Taken(Token),
    /// The name was freed; false if nobody held it.
    Freed(bool),
    /// The holder of the name.
    Found(Holder),
    /// Some of all names.
    Listed(NamePage),
}

/// A node's part in its cluster.
#[derive(Debug)]
pub(crate) struct Core {
    node: NodeId,
    config: Config,
    settings: Settings,
    lease: Lease,
    store: Store,
    peers: Peers,
    requests: Requests,
    names: Names,
    groups: Groups,
    outputs: VecDeque<Output>,
    /// True once the node has left or was deposed: everything fails from then on.
    is_over: bool,
    next_call: u64,
}

/// This node's lease.
#[derive(Debug)]
struct Lease {
    generation: u64,
    /// The revision of the node's entry; `None` while it is unknown.
    revision: Option<u64>,
    /// The end of the right to hold names.
    until: Monotonic,
    /// True once the lease was lost, until a renewal succeeds.
    is_lost: bool,
    renew_at: Monotonic,
    is_renewing: bool,
}

impl Core {
    /// Begins with a node that has joined.
    pub(crate) fn new(config: Config, joined: Joined, max_packet: usize, now: Monotonic) -> Core {
        let settings = Settings {
            down_after: config.down_after,
            window: config.window,
            backlog: config.backlog,
            max_signal: config.max_signal,
            max_packet,
        };
        let lease = Lease {
            generation: 1,
            revision: Some(joined.revision),
            until: held_until(joined.sent_at, config.lease),
            is_lost: false,
            renew_at: later(now, config.lease / 4),
            is_renewing: false,
        };
        Core {
            node: joined.node,
            settings,
            lease,
            store: Store::default(),
            peers: Peers::new(now),
            requests: Requests::default(),
            names: Names::default(),
            groups: Groups::default(),
            outputs: VecDeque::new(),
            is_over: false,
            next_call: 1,
            config,
        }
    }

    /// Returns this node.
    pub(crate) fn node(&self) -> &NodeId {
        &self.node
    }

    /// Takes an event of the transport.
    pub(crate) fn event(&mut self, event: Event, now: Monotonic) {
        if self.is_over {
            return;
        }
        match event {
            Event::Packet { from, packet } => self.packet(&from, &packet, now),
            Event::Answer { number, result } => self.answered(number, result, now),
        }
    }

    /// Does what is due, and writes packets. To be called after events, after calls, and at
    /// the time that [`Core::next`] returns.
    pub(crate) fn turn(&mut self, now: Monotonic) {
        if self.is_over {
            return;
        }
        self.check_lease(now);
        self.check_store(now);
        self.check_peers(now);
        self.flush(now);
    }

    /// Returns the time of the next turn, unless an event or a call comes before.
    pub(crate) fn next(&self) -> Monotonic {
        let mut next = self.lease.renew_at.min(self.peers.next());
        if !self.lease.is_lost {
            next = next.min(self.lease.until);
        }
        if let Some(at) = self.store.next() {
            next = next.min(at);
        }
        next
    }

    /// Takes the outputs.
    pub(crate) fn outputs(&mut self) -> VecDeque<Output> {
        std::mem::take(&mut self.outputs)
    }

    /// Returns whether the node is no longer of the cluster.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Leaves: gives up names, lease and sessions. The outputs are the last ones.
    pub(crate) fn leave(&mut self, now: Monotonic) {
        if self.is_over {
            return;
        }
        self.flush(now);
        self.free_all(now);
        self.give_back_lease(now);
        self.part_from_all("it has left the cluster");
        self.end("this node has left the cluster");
    }

    /// Ends without a word to the other nodes, unless it has ended.
    pub(crate) fn break_off(&mut self, reason: &str) {
        if !self.is_over {
            self.end(reason);
        }
    }

    /// Fails everything that waits.
    fn end(&mut self, reason: &str) {
        self.is_over = true;
        let error = Error::new(Kind::Unavailable, reason);
        for call in self.requests.drain() {
            self.outputs
                .push_back(Output::Reply(call, Err(error.clone())));
        }
        let mut naming = self.store.drain();
        naming.extend(self.names.drain_waiting());
        for call in naming {
            self.outputs
                .push_back(Output::Name(call, Err(error.clone())));
        }
    }

    fn new_call(&mut self) -> CallId {
        let call = CallId(self.next_call);
        self.next_call += 1;
        call
    }

    /// Returns the counts of everything that is kept for others: peers with sessions,
    /// requests of both directions, open operations, names and groups' members of others.
    #[cfg(test)]
    pub(crate) fn counts(&self) -> [usize; 5] {
        let (outgoing, incoming) = self.requests.counts();
        [
            self.peers.len(),
            outgoing,
            incoming,
            self.store.len(),
            self.groups.far_members(),
        ]
    }
}

/// Returns the error of a request to a node that is not up.
pub(crate) fn node_is_down(name: &NodeName, delivered: &'static str) -> Error {
    Error::new(Kind::Unavailable, format!("node {name} is down"))
        .with("node", name.as_str())
        .with("delivered", delivered)
}

/// The beginning of names that are no process's: a node holds them for itself, and frees them
/// for no other node.
pub const OF_NODES: char = '@';

/// Time after which an operation on the broker's values counts as lost.
const LOST: Duration = Duration::from_secs(10);
