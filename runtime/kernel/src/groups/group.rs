//! One group: its members and their joins, and its monitors.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::task::Waker;

use super::monitor::{Change, Key, Monitor};
use super::position::Position;
use crate::host::Counted;
use crate::pid::Pid;
use crate::process::Process;
use crate::sync::Arc;

/// A group is kept while it has members or monitors.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: Arc<str>,
    members: BTreeMap<Pid, Member>,
    /// The members on other nodes, by the texts of their PIDs. They come behind all others in
    /// the order in which members are read.
    far: BTreeSet<Arc<str>>,
    pub(super) monitors: BTreeMap<Key, Monitor>,
    /// Present while there are members: the group counts in the host of the process that
    /// joined it first.
    counted: Option<Counted>,
}

#[derive(Debug)]
struct Member {
    process: Arc<Process>,
    /// Joins that no leave has undone.
    joins: u64,
}

impl Group {
    pub(super) fn new(name: Arc<str>) -> Group {
        Group {
            name,
            members: BTreeMap::new(),
            far: BTreeSet::new(),
            monitors: BTreeMap::new(),
            counted: None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    pub(super) fn has_members(&self) -> bool {
        !self.members.is_empty()
    }

    pub(super) fn is_unused(&self) -> bool {
        self.members.is_empty() && self.far.is_empty() && self.monitors.is_empty()
    }

    /// Returns the members on other nodes, in order.
    pub(super) fn far(&self) -> &BTreeSet<Arc<str>> {
        &self.far
    }

    /// Adds or removes a member on another node. Returns whether that changes anything.
    pub(super) fn set_far(&mut self, pid: &Arc<str>, is_member: bool) -> bool {
        match is_member {
            true => self.far.insert(Arc::clone(pid)),
            false => self.far.remove(pid),
        }
    }

    pub(super) fn has(&self, pid: Pid) -> bool {
        self.members.contains_key(&pid)
    }

    /// Counts one join more of a member.
    pub(super) fn join_again(&mut self, pid: Pid) {
        if let Some(member) = self.members.get_mut(&pid) {
            member.joins = member.joins.saturating_add(1);
        }
    }

    /// Adds a member. The first one counts the group in its host.
    pub(super) fn add(&mut self, process: &Arc<Process>, counted: Option<Counted>) {
        if counted.is_some() {
            self.counted = counted;
        }
        let member = Member {
            process: Arc::clone(process),
            joins: 1,
        };
        self.members.insert(process.pid(), member);
    }

    /// Undoes one join. Returns the process if it is no member any more.
    pub(super) fn leave(&mut self, pid: Pid) -> Option<Arc<Process>> {
        let member = self.members.get_mut(&pid)?;
        member.joins -= 1;
        if member.joins > 0 {
            return None;
        }
        self.remove(pid)
    }

    /// Undoes all joins of a process. Returns the process if it was a member.
    pub(super) fn remove(&mut self, pid: Pid) -> Option<Arc<Process>> {
        let member = self.members.remove(&pid)?;
        if self.members.is_empty() {
            self.counted = None;
        }
        Some(member.process)
    }

    /// Returns up to `most` members by PID, from the first behind `after`.
    pub(super) fn members_after(
        &self,
        after: Option<Pid>,
        most: usize,
    ) -> impl Iterator<Item = &Arc<Process>> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let members = self.members.range((from, Bound::Unbounded));
        members.take(most).map(|(_, member)| &member.process)
    }

    /// Reads the next members for a monitor of this group alone, and those on other nodes
    /// with the last ones.
    pub(super) fn read_on(
        &mut self,
        key: Key,
        shard: usize,
        most: usize,
    ) -> (Vec<Arc<Process>>, Vec<Arc<str>>) {
        let monitor = self.monitors.get(&key);
        let Some(monitor) = monitor.filter(|monitor| !monitor.read.is_end()) else {
            return (Vec::new(), Vec::new());
        };
        let after = monitor.read.last.as_ref().and_then(|(_, last)| *last);
        let members: Vec<_> = self.members_after(after, most).cloned().collect();
        let read = match members.last() {
            Some(last) if members.len() == most => Position {
                shard,
                last: Some((Arc::clone(&self.name), Some(last.pid()))),
            },
            _ => Position::END,
        };
        let far = match read.is_end() {
            true => self.far.iter().cloned().collect(),
            false => Vec::new(),
        };
        if let Some(monitor) = self.monitors.get_mut(&key) {
            monitor.read = read;
        }
        (members, far)
    }

    /// Tells the group's own monitors of a change.
    pub(super) fn tell(&mut self, change: &mut Change<'_>, wakers: &mut Vec<Waker>) {
        let monitors = self.monitors.values_mut();
        wakers.extend(monitors.filter_map(|monitor| monitor.tell(change)));
    }

    /// Iterates over the members and their joins, for a dump.
    pub(super) fn joins(&self) -> impl Iterator<Item = (&Process, u64)> {
        let members = self.members.values();
        members.map(|member| (&*member.process, member.joins))
    }
}
