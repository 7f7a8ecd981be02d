//! The processes of other nodes that processes of this node are tied to.

use std::collections::{BTreeSet, HashMap};

use crate::address::NodeId;
use crate::far::{FarEnd, FarPeers, FarPid};
use crate::pid::{Pid, PidMap};
use crate::sync::{Arc, Mutex, MutexGuard};

/// The part of a kernel that exists in a cluster only.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) node: NodeId,
    pub(crate) peers: Arc<dyn FarPeers>,
    /// Held for the whole of each change of a tie to another node, and outside the locks of
    /// processes.
    strangers: Mutex<Strangers>,
    /// The names of this kernel that are names of the cluster, with their holders. Changes here
    /// come before those of the registry.
    names: Mutex<HashMap<Arc<str>, Pid>>,
}

/// The strangers by the PIDs that they have in the ties of this kernel. These PIDs are
/// numbers of this kernel that no process has.
#[derive(Debug, Default)]
pub(crate) struct Strangers {
    by_text: HashMap<Arc<str>, Pid>,
    by_pid: PidMap<Stranger>,
    /// The ends of strangers that were told to processes which wait for the PID of a child on
    /// another node: the child may be among them.
    early: PidMap<Vec<FarEnd>>,
}

/// The most ends that are kept for one waiting process. A process waits for one child at a
/// time, and only ends that cross an untying come beside that of the child.
const EARLY: usize = 1_000;

/// A process of another node.
#[derive(Debug)]
pub(crate) struct Stranger {
    pub(crate) pid: FarPid,
    /// The processes of this node that are tied to it.
    pub(crate) tied: BTreeSet<Pid>,
}

impl Member {
    pub(crate) fn new(node: NodeId, peers: Arc<dyn FarPeers>) -> Member {
        Member {
            node,
            peers,
            strangers: Mutex::new(Strangers::default()),
            names: Mutex::default(),
        }
    }

    /// Notes that a process is about to have a name of the cluster.
    pub(crate) fn note_name(&self, name: &str, holder: Pid) {
        self.names.lock().insert(name.into(), holder);
    }

    /// Forgets a name of the cluster, or only that of this holder.
    pub(crate) fn forget_name(&self, name: &str, holder: Option<Pid>) {
        let mut names = self.names.lock();
        if holder.is_none_or(|holder| names.get(name) == Some(&holder)) {
            names.remove(name);
        }
    }

    /// Returns true unless a process has a name of the cluster that this node no longer holds:
    /// its lease can be over before the registry knows.
    pub(crate) fn may_use_name(&self, name: &str, holder: Pid) -> bool {
        let is_noted = self.names.lock().get(name) == Some(&holder);
        !is_noted || self.peers.holds(name)
    }

    pub(crate) fn strangers(&self) -> MutexGuard<'_, Strangers> {
        self.strangers.lock()
    }
}

impl Strangers {
    /// Returns the PID that a stranger has in ties, if any process is tied to it.
    pub(crate) fn find(&self, text: &str) -> Option<Pid> {
        self.by_text.get(text).copied()
    }

    /// Returns the PID of a stranger in ties; `next` makes one for a stranger that is new.
    /// The process counts as tied until [`Strangers::part`].
    pub(crate) fn meet(&mut self, far: &FarPid, with: Pid, next: impl FnOnce() -> Pid) -> Pid {
        let pid = self.find(&far.text).unwrap_or_else(next);
        let stranger = self.by_pid.entry(pid).or_insert_with(|| {
            self.by_text.insert(Arc::clone(&far.text), pid);
            Stranger {
                pid: far.clone(),
                tied: BTreeSet::new(),
            }
        });
        stranger.tied.insert(with);
        pid
    }

    /// Records that a process is tied to a stranger no more, and forgets a stranger without
    /// ties. Returns the stranger's PID if the two were tied.
    pub(crate) fn part(&mut self, stranger: Pid, from: Pid) -> Option<FarPid> {
        let known = self.by_pid.get_mut(&stranger)?;
        let far = known.tied.remove(&from).then(|| known.pid.clone());
        if known.tied.is_empty() {
            self.forget(stranger);
        }
        far
    }

    /// Forgets a stranger, and returns it with its ties.
    pub(crate) fn forget(&mut self, stranger: Pid) -> Option<Stranger> {
        let known = self.by_pid.remove(&stranger)?;
        self.by_text.remove(&known.pid.text);
        Some(known)
    }

    /// Returns the strangers of a node, by PID.
    pub(crate) fn of_node(&self, node: &NodeId) -> Vec<Pid> {
        let strangers = self.by_pid.iter();
        let mut found: Vec<Pid> = strangers
            .filter(|(_, stranger)| stranger.pid.is_of(node))
            .map(|(pid, _)| *pid)
            .collect();
        found.sort_unstable();
        found
    }

    /// Keeps ends for a process from now on. Returns false if that is so already.
    pub(crate) fn expect(&mut self, parent: Pid) -> bool {
        let is_new = !self.early.contains_key(&parent);
        self.early.entry(parent).or_default();
        is_new
    }

    /// Keeps an end for a process that waits for a child.
    pub(crate) fn came_early(&mut self, told: Pid, end: &FarEnd) {
        if let Some(ends) = self.early.get_mut(&told)
            && ends.len() < EARLY
        {
            ends.push(FarEnd {
                told: Vec::new(),
                ..end.clone()
            });
        }
    }

    /// Takes the end of a child, if it was told before the child was known.
    pub(crate) fn take_early(&mut self, parent: Pid, child: &str) -> Option<FarEnd> {
        let ends = self.early.get_mut(&parent)?;
        let found = ends.iter().position(|end| *end.pid == *child)?;
        Some(ends.swap_remove(found))
    }

    /// Keeps no more ends for a process.
    pub(crate) fn expect_no_more(&mut self, parent: Pid) {
        self.early.remove(&parent);
    }

    pub(crate) fn len(&self) -> usize {
        self.by_pid.len()
    }
}
