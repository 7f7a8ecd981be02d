//! The links and monitors of one process.

use crate::pid::{Pid, PidMap};
use crate::relation::Relation;
use crate::view::Peers;

/// The ties of one process to its peers, seen from its side: one entry per
/// peer.
#[derive(Debug, Default)]
pub(crate) struct Ties {
    peers: PidMap<Tie>,
    links: usize,
    monitors: usize,
}

/// The tie of a process to one peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tie {
    /// The two are linked.
    pub(crate) linked: bool,
    /// This process is told of the peer's end.
    pub(crate) monitors: bool,
    /// The peer is told of this process's end.
    pub(crate) monitored: bool,
}

impl Tie {
    /// Returns the tie of a process to a child it spawns.
    pub(crate) fn to_child(relation: Relation) -> Tie {
        Tie {
            linked: relation.linked,
            monitors: relation.monitored,
            monitored: false,
        }
    }

    /// Returns the tie of a new process to its parent.
    pub(crate) fn to_parent(relation: Relation) -> Tie {
        Tie {
            linked: relation.linked,
            monitors: false,
            monitored: relation.monitored,
        }
    }
}

impl Ties {
    /// Returns the number of links.
    pub(crate) fn links(&self) -> usize {
        self.links
    }

    /// Returns the number of peers whose end this process is told of.
    pub(crate) fn monitors(&self) -> usize {
        self.monitors
    }

    /// Returns the peers of this process: of each sort the first `limit`, by
    /// PID.
    pub(crate) fn view(&self, limit: usize) -> Peers {
        let first = |wanted: fn(&Tie) -> bool| {
            let mut pids: Vec<Pid> = self
                .peers
                .iter()
                .filter(|(_, tie)| wanted(tie))
                .map(|(pid, _)| *pid)
                .take(limit)
                .collect();
            pids.sort_unstable();
            pids
        };
        Peers {
            links: first(|tie| tie.linked),
            monitors: first(|tie| tie.monitors),
            monitored_by: first(|tie| tie.monitored),
        }
    }

    /// Returns the number of peers this process is tied to in any way.
    pub(crate) fn peers(&self) -> usize {
        self.peers.len()
    }

    /// Returns the tie to a peer.
    pub(crate) fn with(&self, peer: Pid) -> Tie {
        self.peers.get(&peer).copied().unwrap_or_default()
    }

    /// Replaces the tie to a peer.
    pub(crate) fn set(&mut self, peer: Pid, tie: Tie) {
        let before = if tie == Tie::default() {
            self.peers.remove(&peer)
        } else {
            self.peers.insert(peer, tie)
        }
        .unwrap_or_default();
        self.links = self.links + usize::from(tie.linked) - usize::from(before.linked);
        self.monitors = self.monitors + usize::from(tie.monitors) - usize::from(before.monitors);
        // A process that once had many peers does not keep their room.
        if self.peers.is_empty() && self.peers.capacity() > KEPT_CAPACITY {
            self.peers = PidMap::default();
        }
    }

    /// Removes and returns the tie to a peer.
    pub(crate) fn cut(&mut self, peer: Pid) -> Tie {
        let tie = self.with(peer);
        self.set(peer, Tie::default());
        tie
    }

    /// Returns all peers.
    pub(crate) fn into_peers(self) -> impl Iterator<Item = Pid> {
        self.peers.into_keys()
    }
}

/// Entries an emptied map may keep room for.
const KEPT_CAPACITY: usize = 64;

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;

    #[test]
    fn counts_follow_the_entries() {
        let pid = |number| Pid::new(NonZeroU64::new(number).unwrap());
        let mut ties = Ties::default();
        let both = Tie {
            linked: true,
            monitors: true,
            monitored: false,
        };
        ties.set(pid(1), both);
        ties.set(pid(1), both);
        ties.set(
            pid(2),
            Tie {
                linked: true,
                ..Tie::default()
            },
        );
        assert_eq!((ties.links(), ties.monitors(), ties.peers()), (2, 1, 2));
        assert_eq!(ties.cut(pid(1)), both);
        assert_eq!(ties.cut(pid(1)), Tie::default());
        assert_eq!((ties.links(), ties.monitors(), ties.peers()), (1, 0, 1));
    }
}
