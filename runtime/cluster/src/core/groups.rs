//! Groups: each node owns its members, and tells the others within the sessions.

use std::collections::{BTreeMap, BTreeSet};

use warren_kernel::{Address, Monotonic, NodeId, Pid};

use super::{Core, Output};
use crate::news::GroupChange;
use crate::signal::Place;
use crate::wire::signal::{LONGEST_LIST, Signal};

/// Members that one node may have in all groups together.
const MOST_MEMBERS: usize = 1 << 22;

/// The members of groups.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// Members on this node.
    here: BTreeMap<String, BTreeSet<Place>>,
    /// Groups of the processes of this node.
    of: BTreeMap<Pid, BTreeSet<String>>,
    /// Members on other nodes.
    far: BTreeMap<String, BTreeMap<NodeId, BTreeSet<Place>>>,
    /// Number of members of each other node.
    count: BTreeMap<NodeId, usize>,
}

impl Groups {
    /// Returns whether a process of this node is a member of a group.
    pub(super) fn is_member(&self, pid: Pid) -> bool {
        self.of.contains_key(&pid)
    }

    #[cfg(test)]
    pub(super) fn far_members(&self) -> usize {
        self.count.values().sum()
    }
}

impl Core {
    /// Adds a member of this node, and tells the others.
    pub(crate) fn join_group(&mut self, group: &str, place: &Place) {
        let here = self.groups.here.entry(group.to_owned()).or_default();
        if here.insert(place.clone()) {
            let groups = self.groups.of.entry(place.pid).or_default();
            groups.insert(group.to_owned());
            self.tell_all(&Signal::Join(group.to_owned(), vec![place.clone()]));
        }
    }

    /// Removes a member of this node, and tells the others.
    pub(crate) fn leave_group(&mut self, group: &str, place: &Place) {
        let Some(here) = self.groups.here.get_mut(group) else {
            return;
        };
        if !here.remove(place) {
            return;
        }
        if here.is_empty() {
            self.groups.here.remove(group);
        }
        if let Some(groups) = self.groups.of.get_mut(&place.pid) {
            groups.remove(group);
            if groups.is_empty() {
                self.groups.of.remove(&place.pid);
            }
        }
        self.tell_all(&Signal::Leave(group.to_owned(), vec![place.clone()]));
    }

    /// Removes a process that has ended from all its groups.
    pub(super) fn leave_groups(&mut self, pid: Pid) {
        for group in self.groups.of.get(&pid).cloned().unwrap_or_default() {
            let here = self.groups.here.get(&group);
            let place = here.and_then(|here| here.iter().find(|place| place.pid == pid));
            if let Some(place) = place.cloned() {
                self.leave_group(&group, &place);
            }
        }
    }

    /// Returns the members of a group on other nodes.
    pub(crate) fn members(&self, group: &str) -> Vec<Address> {
        let nodes = self.groups.far.get(group).into_iter().flatten();
        nodes
            .flat_map(|(node, places)| addresses(node, places))
            .collect()
    }

    /// Returns the members of a group on this node.
    #[cfg(test)]
    pub(crate) fn members_here(&self, group: &str) -> Vec<Address> {
        let places = self.groups.here.get(group);
        places.map_or_else(Vec::new, |places| addresses(&self.node, places).collect())
    }

    /// Returns the other nodes with members of a group.
    pub(crate) fn nodes_of(&self, group: &str) -> Vec<NodeId> {
        let nodes = self.groups.far.get(group).into_iter().flatten();
        nodes.map(|(node, _)| node.clone()).collect()
    }

    /// Returns the groups with members on other nodes after a name, at most `count`.
    pub(crate) fn groups(&self, after: &str, count: usize) -> Vec<String> {
        let from = (std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded);
        let groups = self.groups.far.range::<str, _>(from);
        groups.take(count).map(|(group, _)| group.clone()).collect()
    }

    fn tell_all(&mut self, signal: &Signal) {
        let bytes = signal.encode();
        for node in self.up() {
            self.signal_bytes(&node, bytes.clone());
        }
    }

    /// Tells a node that came up of all members of this node.
    pub(super) fn tell_groups(&mut self, node: &NodeId) {
        let mut signals = Vec::new();
        for (group, places) in &self.groups.here {
            let places: Vec<Place> = places.iter().cloned().collect();
            for part in places.chunks(LONGEST_LIST) {
                signals.push(Signal::Join(group.clone(), part.to_vec()).encode());
            }
        }
        for signal in signals {
            self.signal_bytes(node, signal);
        }
    }

    /// Learns of members of another node.
    pub(super) fn joined(
        &mut self,
        from: &NodeId,
        group: String,
        places: Vec<Place>,
        now: Monotonic,
    ) {
        if places.is_empty() {
            return;
        }
        let count = self.groups.count.entry(from.clone()).or_default();
        if count.saturating_add(places.len()) > MOST_MEMBERS {
            let reason = format!("more than {MOST_MEMBERS} members of groups");
            return self.cut_off(&from.name, reason, now);
        }
        let nodes = self.groups.far.entry(group.clone()).or_default();
        let present = nodes.entry(from.clone()).or_default();
        let mut new: BTreeSet<Place> = places.into_iter().collect();
        new.retain(|place| present.insert(place.clone()));
        *count += new.len();
        self.tell_engine(from, group, &new, true);
    }

    /// Learns of former members of another node.
    pub(super) fn left(&mut self, from: &NodeId, group: String, places: Vec<Place>) {
        let Some(nodes) = self.groups.far.get_mut(&group) else {
            return;
        };
        let Some(present) = nodes.get_mut(from) else {
            return;
        };
        let mut old: BTreeSet<Place> = places.into_iter().collect();
        old.retain(|place| present.remove(place));
        if present.is_empty() {
            nodes.remove(from);
        }
        if nodes.is_empty() {
            self.groups.far.remove(&group);
        }
        if let Some(count) = self.groups.count.get_mut(from) {
            *count -= old.len();
        }
        self.tell_engine(from, group, &old, false);
    }

    /// Forgets the members of a node that is down.
    pub(super) fn forget_groups(&mut self, node: &NodeId) {
        self.groups.count.remove(node);
        let mut gone = Vec::new();
        self.groups.far.retain(|group, nodes| {
            if let Some(places) = nodes.remove(node) {
                gone.push((group.clone(), places));
            }
            !nodes.is_empty()
        });
        for (group, places) in gone {
            self.tell_engine(node, group, &places, false);
        }
    }

    fn tell_engine(
        &mut self,
        node: &NodeId,
        group: String,
        places: &BTreeSet<Place>,
        joined: bool,
    ) {
        if places.is_empty() {
            return;
        }
        let members = addresses(node, places).collect();
        self.outputs.push_back(Output::Group(GroupChange {
            group,
            members,
            joined,
        }));
    }
}

fn addresses<'a>(
    node: &'a NodeId,
    places: &'a BTreeSet<Place>,
) -> impl Iterator<Item = Address> + 'a {
    places.iter().map(|place| Address {
        node: node.clone(),
        host: place.host.clone(),
        pid: place.pid,
    })
}
