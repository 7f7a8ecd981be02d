//! The purposes of operations on the broker's values, with what goes on after each.

use warren_kernel::{Monotonic, NodeId, Pid};

use super::CallId;
use crate::member::LeaseId;
use crate::signal::Place;

/// The purpose of an operation.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    /// Renew this node's lease, in this generation; sent at this time.
    Renew(u64, Monotonic),
    /// Find the revision of this node's entry.
    ReadOwn,
    /// Learn of the nodes.
    List,
    /// End the lease of a node, and go on with the name that it held.
    EndLease(LeaseId, Option<Box<Registering>>),
    /// Take a name.
    Take(Box<Registering>),
    /// Find the holder of a name that is taken.
    ReadHolder(Box<Registering>),
    /// Find a name for a lookup, or for freeing it.
    Find(CallId, String, Naming),
    /// Free a name for a call.
    Free(CallId, String),
    /// Read some of all names for a call.
    Page(CallId),
    /// Free a name for another node, whose request has this number.
    Release(NodeId, u64, String),
    /// Remove the entry of a name whose holder, this process, has ended.
    Leave(Pid, String),
    /// Find an entry that may be of this node without a holder.
    Sweep(String),
    /// Remove something that nobody waits for: an old entry of a node, or of a name.
    Remove(Option<String>),
}

impl Purpose {
    /// Returns the call that waits for the result.
    pub(super) fn call(&self) -> Option<CallId> {
        match self {
            Purpose::Take(registering)
            | Purpose::ReadHolder(registering)
            | Purpose::EndLease(_, Some(registering)) => registering.call,
            Purpose::Find(call, ..) | Purpose::Free(call, _) | Purpose::Page(call) => Some(*call),
            Purpose::Renew(..)
            | Purpose::ReadOwn
            | Purpose::List
            | Purpose::EndLease(_, None)
            | Purpose::Release(..)
            | Purpose::Leave(..)
            | Purpose::Sweep(_)
            | Purpose::Remove(_) => None,
        }
    }
}

/// The aim of finding a name's entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    LookUp,
    Free,
}

/// A registration under way.
#[derive(Clone, Debug)]
pub(super) struct Registering {
    pub(super) call: Option<CallId>,
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) generation: u64,
    pub(super) tries: u32,
}

/// The state of a lease, as far as this node can know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeaseState {
    /// It may be renewed.
    Live,
    /// It can be ended by a write over this revision.
    Due(u64),
    /// It is over.
    Over,
}
