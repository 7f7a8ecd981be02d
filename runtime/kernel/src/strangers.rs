//! The processes of other nodes that processes of this node are tied to.

use std::collections::{BTreeSet, HashMap};

use crate::far::{FarPeers, FarPid};
use crate::pid::{Pid, PidMap};
use crate::sync::{Arc, Mutex, MutexGuard};

/// The part of a kernel that exists in a cluster only.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) node: Arc<str>,
    pub(crate) incarnation: u64,
    pub(crate) peers: Arc<dyn FarPeers>,
    /// Held for the whole of each change of a tie to another node, and outside the locks of
    /// processes.
    strangers: Mutex<Strangers>,
}

/// The strangers by the PIDs that they have in the ties of this kernel. These PIDs are
/// numbers of this kernel that no process has.
#[derive(Debug, Default)]
pub(crate) struct Strangers {
    by_text: HashMap<Arc<str>, Pid>,
    by_pid: PidMap<Stranger>,
}

/// A process of another node.
#[derive(Debug)]
pub(crate) struct Stranger {
    pub(crate) pid: FarPid,
    /// The processes of this node that are tied to it.
    pub(crate) tied: BTreeSet<Pid>,
}

impl Member {
    pub(crate) fn new(node: &str, incarnation: u64, peers: Arc<dyn FarPeers>) -> Member {
        Member {
            node: node.into(),
            incarnation,
            peers,
            strangers: Mutex::new(Strangers::default()),
        }
    }

    pub(crate) fn strangers(&self) -> MutexGuard<'_, Strangers> {
        self.strangers.lock()
    }

    /// Returns the name and the incarnation of this node.
    pub(crate) fn identity(&self) -> (&str, u64) {
        (&self.node, self.incarnation)
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
    pub(crate) fn of_node(&self, node: &str, incarnation: u64) -> Vec<Pid> {
        let strangers = self.by_pid.iter();
        let mut found: Vec<Pid> = strangers
            .filter(|(_, stranger)| stranger.pid.is_of(node, incarnation))
            .map(|(pid, _)| *pid)
            .collect();
        found.sort_unstable();
        found
    }

    pub(crate) fn len(&self) -> usize {
        self.by_pid.len()
    }
}
