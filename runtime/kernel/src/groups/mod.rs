//! Groups of processes under a name, and the processes that are told of their changes.
//!
//! A group lies in the shard of its name, and changes under the lock of the shard,
//! together with its members' own lists and with the feeds of its monitors. Monitors of
//! many groups, by the beginning of their names, are *wide*: they are kept beside the
//! shards.
//!
//! Lock order, outermost first: shard, wide monitors, one process.

mod group;
mod monitor;
mod news;
mod position;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::ops::Bound;
use std::sync::OnceLock;
use std::task::Waker;

pub(crate) use news::LABEL;
pub use position::Position;

use crate::error::Error;
use crate::far::FarPeers;
use crate::memberships::Memberships;
use crate::moment::Monotonic;
use crate::pid::Pid;
use crate::process::Process;
use crate::registry::NameHash;
use crate::subscription::Subscription;
use crate::sync::{Arc, RwLock};
use group::Group;
use monitor::{Change, Key, Monitor};
use news::Kind;

/// The groups that a monitor is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched<'a> {
    /// The group of this name.
    One(&'a str),
    /// All groups whose names begin so.
    Prefix(&'a str),
}

/// Members that a monitor reads at its beginning.
#[derive(Debug, Default)]
pub struct Part {
    /// The members, each with its group.
    pub members: Vec<(Arc<str>, Arc<Process>)>,
    /// Members on other nodes, by the texts of their PIDs, each with its group.
    pub far: Vec<(Arc<str>, Arc<str>)>,
    /// True if there may be more.
    pub has_more: bool,
}

/// All groups of a kernel.
#[derive(Debug)]
pub(crate) struct Groups {
    hasher: NameHash,
    shards: Box<[Shard]>,
    wide: RwLock<BTreeMap<Key, Wide>>,
    /// The part that tells other nodes of members; absent without a cluster.
    peers: OnceLock<Arc<dyn FarPeers>>,
}

#[derive(Debug, Default)]
#[repr(align(64))]
struct Shard(RwLock<BTreeMap<Arc<str>, Group>>);

/// A monitor of all groups whose names begin with a prefix.
#[derive(Debug)]
struct Wide {
    prefix: Box<str>,
    monitor: Monitor,
}

/// Few in tests, so that groups share them.
const SHARDS: usize = if cfg!(test) { 2 } else { 64 };

impl Groups {
    pub(crate) fn new() -> Self {
        Groups {
            hasher: NameHash::default(),
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            wide: RwLock::default(),
            peers: OnceLock::new(),
        }
    }

    /// Tells other nodes of members from now on.
    pub(crate) fn join_cluster(&self, peers: &Arc<dyn FarPeers>) {
        // Set once, with the kernel's own.
        let _ = self.peers.set(Arc::clone(peers));
    }

    /// Takes in the news that processes of another node are members, or are not any more.
    pub(crate) fn far_changed(
        &self,
        name: &str,
        members: &[Arc<str>],
        is_member: bool,
        now: Monotonic,
    ) {
        let (index, shard) = self.shard(name);
        let mut groups = shard.0.write();
        let name: Arc<str> = match groups.get(name) {
            Some(group) => Arc::clone(&group.name),
            None if is_member => name.into(),
            None => return,
        };
        let group = groups
            .entry(Arc::clone(&name))
            .or_insert_with(|| Group::new(Arc::clone(&name)));
        let kind = match is_member {
            true => Kind::Joined,
            false => Kind::Left,
        };
        let mut wakers = Vec::new();
        for member in members {
            if group.set_far(member, is_member) {
                wakers.extend(self.tell_monitors(group, kind, index, (Pid::MAX, member), now));
            }
        }
        if group.is_unused() {
            groups.remove(&name);
        }
        drop(groups);
        wake(wakers);
    }

    /// Returns the members of a group on other nodes, in order.
    pub(crate) fn far_members(&self, name: &str) -> Vec<Arc<str>> {
        let (_, shard) = self.shard(name);
        let groups = shard.0.read();
        let group = groups.get(name);
        group.map_or_else(Vec::new, |group| group.far().iter().cloned().collect())
    }

    /// Adds a join of a process to a group.
    pub(crate) fn join(
        &self,
        name: &str,
        process: &Arc<Process>,
        now: Monotonic,
    ) -> Result<(), Error> {
        let (index, shard) = self.shard(name);
        let mut groups = shard.0.write();
        let group = groups.get(name);
        if group.is_some_and(|group| group.has(process.pid())) {
            process.check_alive()?;
            if let Some(group) = groups.get_mut(name) {
                group.join_again(process.pid());
            }
            return Ok(());
        }
        let begins = !group.is_some_and(Group::has_members);
        let counted = begins.then(|| process.host().count_group()).transpose()?;
        let name = group.map_or_else(|| name.into(), |group| Arc::clone(&group.name));
        process.add_group(&name)?;
        let group = groups
            .entry(Arc::clone(&name))
            .or_insert_with(|| Group::new(name));
        group.add(process, counted);
        let wakers = self.tell(group, Kind::Joined, index, process, now);
        drop(groups);
        wake(wakers);
        Ok(())
    }

    /// Undoes a join of a process. Returns false if the process is no member.
    pub(crate) fn leave(&self, name: &str, process: &Process, now: Monotonic) -> bool {
        let pid = process.pid();
        let (index, shard) = self.shard(name);
        let mut groups = shard.0.write();
        let Some(group) = groups.get_mut(name).filter(|group| group.has(pid)) else {
            return false;
        };
        let wakers = match group.leave(pid) {
            Some(process) => {
                process.remove_group(name);
                self.tell(group, Kind::Left, index, &process, now)
            }
            None => Vec::new(),
        };
        if group.is_unused() {
            groups.remove(name);
        }
        drop(groups);
        wake(wakers);
        true
    }

    /// Ends the memberships of a process that has exited.
    pub(crate) fn release(&self, memberships: &Memberships, process: &Process, now: Monotonic) {
        for name in memberships.iter() {
            let (index, shard) = self.shard(name);
            let mut groups = shard.0.write();
            let Some(group) = groups.get_mut(name) else {
                continue;
            };
            // Another process may have undone the joins since.
            let wakers = match group.remove(process.pid()) {
                Some(process) => self.tell(group, Kind::Left, index, &process, now),
                None => Vec::new(),
            };
            if group.is_unused() {
                groups.remove(name);
            }
            drop(groups);
            wake(wakers);
        }
    }

    /// Returns up to `most` members of a group by PID, from the first behind `after`.
    pub(crate) fn members(&self, name: &str, after: Option<Pid>, most: usize) -> Vec<Arc<Process>> {
        let (_, shard) = self.shard(name);
        let groups = shard.0.read();
        match groups.get(name) {
            Some(group) => group.members_after(after, most).cloned().collect(),
            None => Vec::new(),
        }
    }

    /// Returns the number of members of a group.
    pub(crate) fn len_of(&self, name: &str) -> usize {
        let (_, shard) = self.shard(name);
        shard.0.read().get(name).map_or(0, Group::len)
    }

    /// Returns the next groups with members whose names begin with `prefix`, and moves
    /// `position` on. Looks at `most` groups at most, so that the result may be empty
    /// before the end.
    pub(crate) fn names(
        &self,
        prefix: &str,
        position: &mut Position,
        most: usize,
        is_local: bool,
    ) -> Vec<Arc<str>> {
        let Some(shard) = self.shards.get(position.shard) else {
            *position = Position::END;
            return Vec::new();
        };
        let groups = shard.0.read();
        let after = position.last.take().map(|(name, _)| name);
        let behind = beginning_with(&groups, prefix, after.as_deref());
        let seen: Vec<_> = behind.take(most).collect();
        *position = match seen.last() {
            Some(last) if seen.len() == most => Position {
                shard: position.shard,
                last: Some((Arc::clone(&last.name), None)),
            },
            _ => position.next_shard(SHARDS),
        };
        let with_members = seen
            .into_iter()
            .filter(|group| group.has_members() || (!is_local && !group.far().is_empty()));
        with_members.map(|group| Arc::clone(&group.name)).collect()
    }

    /// Begins to tell a process of changes, by a feed of the process. `hidden` bytes at
    /// the beginning of names are left out. Nothing is told of members before
    /// [`Groups::read_on`] has read them.
    pub(crate) fn monitor(
        &self,
        watched: Watched<'_>,
        process: &Arc<Process>,
        subscription: Subscription,
        hidden: usize,
    ) -> Result<(), Error> {
        let key = (process.pid(), subscription);
        let counted = match watched {
            Watched::One(_) => process.host().count_group_monitor()?,
            Watched::Prefix(_) => process.host().count_wide_monitor()?,
        };
        match watched {
            Watched::One(name) => {
                let (index, shard) = self.shard(name);
                let read = Position {
                    shard: index,
                    last: None,
                };
                let monitor = Monitor::new(process, subscription, hidden, read, counted);
                let mut groups = shard.0.write();
                let group = match groups.get_mut(name) {
                    Some(group) => group,
                    None => {
                        let name: Arc<str> = name.into();
                        groups
                            .entry(Arc::clone(&name))
                            .or_insert_with(|| Group::new(name))
                    }
                };
                group.monitors.insert(key, monitor);
            }
            Watched::Prefix(prefix) => {
                let read = Position::default();
                let wide = Wide {
                    prefix: prefix.into(),
                    monitor: Monitor::new(process, subscription, hidden, read, counted),
                };
                self.wide.write().insert(key, wide);
            }
        }
        Ok(())
    }

    /// Reads the next members that a monitor is to know: `most` at most, each with its
    /// group. Returns whether there may be more.
    pub(crate) fn read_on(&self, watched: Watched<'_>, key: Key, most: usize) -> Part {
        match watched {
            Watched::One(name) => {
                let (index, shard) = self.shard(name);
                let mut groups = shard.0.write();
                let Some(group) = groups.get_mut(name) else {
                    return Part::default();
                };
                let (members, far) = group.read_on(key, index, most);
                let has_more = members.len() == most;
                let name = &group.name;
                let members = members.into_iter().map(|member| (Arc::clone(name), member));
                let far = far.into_iter().map(|member| (Arc::clone(name), member));
                Part {
                    members: members.collect(),
                    far: far.collect(),
                    has_more,
                }
            }
            Watched::Prefix(_) => self.read_on_wide(key, most),
        }
    }

    /// Ends a monitor. Does nothing if there is none.
    pub(crate) fn unmonitor(&self, watched: Watched<'_>, key: Key) {
        match watched {
            Watched::One(name) => {
                let (_, shard) = self.shard(name);
                let mut groups = shard.0.write();
                if let Some(group) = groups.get_mut(name) {
                    group.monitors.remove(&key);
                    if group.is_unused() {
                        groups.remove(name);
                    }
                }
            }
            Watched::Prefix(_) => {
                self.wide.write().remove(&key);
            }
        }
    }

    /// Visits the members of all groups and their joins, by shard, for a dump.
    pub(crate) fn visit(&self, mut visit: impl FnMut(&str, &Process, u64)) {
        for shard in &self.shards {
            for group in shard.0.read().values() {
                for (process, joins) in group.joins() {
                    visit(&group.name, process, joins);
                }
            }
        }
    }

    /// Returns the numbers of groups with members, and of monitors.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let mut counts = (0, self.wide.read().len());
        for shard in &self.shards {
            for group in shard.0.read().values() {
                counts.0 += usize::from(group.has_members());
                counts.1 += group.monitors.len();
            }
        }
        counts
    }

    fn read_on_wide(&self, key: Key, most: usize) -> Part {
        let read = |wide: &BTreeMap<Key, Wide>| Some(wide.get(&key)?.monitor.read.shard);
        let index = read(&self.wide.read());
        let Some((index, shard)) = index.and_then(|index| Some((index, self.shards.get(index)?)))
        else {
            return Part::default();
        };
        // Held while the place moves, so that no member of the shard changes meanwhile.
        let groups = shard.0.read();
        let mut wide = self.wide.write();
        let Some(Wide { prefix, monitor }) = wide.get_mut(&key) else {
            return Part::default();
        };
        if monitor.read.shard != index {
            return Part {
                has_more: true,
                ..Part::default()
            };
        }
        let (mut members, mut far) = (Vec::new(), Vec::new());
        let mut after = monitor.read.last.take();
        // The group that was read in part, and those behind it.
        let begun = after.as_ref().and_then(|(name, _)| groups.get(name));
        let name = after.as_ref().map(|(name, _)| Arc::clone(name));
        let behind = beginning_with(&groups, prefix, name.as_deref());
        let mut looks = 0;
        for group in begun.into_iter().chain(behind) {
            let left = most - looks;
            if left == 0 {
                break;
            }
            let last = after
                .take()
                .and_then(|(name, last)| (name == group.name).then_some(last).flatten());
            let before = members.len();
            let next = group.members_after(last, left).cloned();
            members.extend(next.map(|member| (Arc::clone(&group.name), member)));
            // A group without members costs a look, too.
            looks += (members.len() - before).max(1);
            let end = match members.last() {
                Some((name, member)) if looks >= most && *name == group.name => Some(member.pid()),
                _ => {
                    let of_group = group.far().iter();
                    far.extend(of_group.map(|pid| (Arc::clone(&group.name), Arc::clone(pid))));
                    Some(Pid::MAX)
                }
            };
            after = Some((Arc::clone(&group.name), end));
        }
        monitor.read = if looks < most {
            monitor.read.next_shard(SHARDS)
        } else {
            Position {
                shard: index,
                last: after,
            }
        };
        Part {
            has_more: !monitor.read.is_end(),
            members,
            far,
        }
    }

    /// Tells the monitors and the other nodes of a change on this node, while the group's
    /// shard is locked. Returns the wakers to call afterwards.
    fn tell(
        &self,
        group: &mut Group,
        kind: Kind,
        shard: usize,
        member: &Process,
        now: Monotonic,
    ) -> Vec<Waker> {
        if let Some(peers) = self.peers.get() {
            match kind {
                Kind::Joined => peers.joined(&group.name, member.text()),
                Kind::Left => peers.left(&group.name, member.text()),
            }
        }
        self.tell_monitors(group, kind, shard, (member.pid(), member.text()), now)
    }

    fn tell_monitors(
        &self,
        group: &mut Group,
        kind: Kind,
        shard: usize,
        member: (Pid, &str),
        now: Monotonic,
    ) -> Vec<Waker> {
        let mut wakers = Vec::new();
        let name = Arc::clone(&group.name);
        let mut change = Change::new(kind, (shard, &name), member, now);
        group.tell(&mut change, &mut wakers);
        if self.wide.read().is_empty() {
            return wakers;
        }
        let mut wide = self.wide.write();
        let told = wide
            .values_mut()
            .filter(|wide| name.starts_with(&*wide.prefix));
        wakers.extend(told.filter_map(|wide| wide.monitor.tell(&mut change)));
        wakers
    }

    fn shard(&self, name: &str) -> (usize, &Shard) {
        let index = self.hasher.hash_one(name) as usize % SHARDS;
        (index, &self.shards[index])
    }
}

/// Iterates over the groups whose names begin with `prefix`, those behind `after`.
fn beginning_with<'a>(
    groups: &'a BTreeMap<Arc<str>, Group>,
    prefix: &'a str,
    after: Option<&'a str>,
) -> impl Iterator<Item = &'a Group> {
    let from = match after {
        Some(after) if after >= prefix => Bound::Excluded(after),
        _ => Bound::Included(prefix),
    };
    let behind = groups.range::<str, _>((from, Bound::Unbounded));
    behind
        .map(|(_, group)| group)
        .take_while(move |group| group.name.starts_with(prefix))
}

fn wake(wakers: Vec<Waker>) {
    for waker in wakers {
        waker.wake();
    }
}
