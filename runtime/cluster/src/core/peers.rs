//! The other nodes: their entries among the broker's values, and the sessions with them.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use warren_kernel::{Monotonic, NodeId, NodeName};

use super::purpose::{LeaseState, Purpose, Registering};
use super::{Core, Output};
use crate::lease::{held_until, over_at};
use crate::member::{LeaseId, NODES, NodeEntry, key_of_node};
use crate::news::NodeChange;
use crate::session::{Change, Session, later, since};
use crate::transport::{Found, Operation, Refusal};
use crate::view::NodeView;
use crate::wire::frame::{Frame, Unreadable};
use crate::wire::signal::Signal;

/// Time between two looks at the entries of the nodes.
const LOOK: Duration = Duration::from_secs(2);
/// Time between two looks because of strangers.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// Time for which the entry of a lease that is over is kept.
const KEPT: Duration = Duration::from_secs(3600);
/// Leases whose entry is gone that are remembered.
const GONE: usize = 4096;
/// Strangers whose version was reported.
const REFUSED: usize = 64;

/// The other nodes.
#[derive(Debug)]
pub(super) struct Peers {
    entries: BTreeMap<NodeName, Entry>,
    sessions: BTreeMap<NodeName, Peer>,
    /// Leases that no entry names any more: the time at which this was seen first, and the
    /// lease's duration.
    gone: BTreeMap<LeaseId, (Monotonic, Duration)>,
    /// Leases of entries of names that no entry of a node names: the time at which this was
    /// noticed, to be decided by a look that began later.
    suspects: BTreeMap<LeaseId, Monotonic>,
    /// Nodes whose packets are of another version, already reported.
    refused: BTreeMap<NodeName, Monotonic>,
    look_at: Monotonic,
    looked_at: Monotonic,
    is_looking: bool,
    fresh_epoch: u64,
}

#[derive(Debug)]
struct Peer {
    session: Session,
    /// The reason why the node was cut off, which holds for this incarnation.
    cut_off: Option<String>,
}

/// A node's entry, as this node read it.
#[derive(Clone, Debug)]
struct Entry {
    lease: LeaseId,
    duration: Duration,
    revision: u64,
    /// Time of the first look that has found this revision.
    seen_at: Monotonic,
    is_over: bool,
}

impl Peers {
    pub(super) fn new(now: Monotonic) -> Peers {
        Peers {
            entries: BTreeMap::new(),
            sessions: BTreeMap::new(),
            gone: BTreeMap::new(),
            suspects: BTreeMap::new(),
            refused: BTreeMap::new(),
            look_at: now,
            looked_at: Monotonic(0),
            is_looking: false,
            fresh_epoch: 1,
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }

    pub(super) fn next(&self) -> Monotonic {
        let sessions = self.sessions.values().filter(|peer| peer.cut_off.is_none());
        let next = sessions.map(|peer| peer.session.next()).min();
        next.map_or(self.look_at, |next| next.min(self.look_at))
    }

    fn up(&self, node: &NodeId) -> Option<&Session> {
        let session = &self.sessions.get(&node.name)?.session;
        (session.is_up() && session.peer() == node.incarnation).then_some(session)
    }

    fn up_mut(&mut self, node: &NodeId) -> Option<&mut Session> {
        let session = &mut self.sessions.get_mut(&node.name)?.session;
        (session.is_up() && session.peer() == node.incarnation).then_some(session)
    }
}

/// Sending to peers.
impl Core {
    /// Returns whether a session with a node is up.
    pub(crate) fn is_up(&self, node: &NodeId) -> bool {
        self.peers.up(node).is_some()
    }

    /// Returns the nodes that are up, by name.
    pub(crate) fn up(&self) -> Vec<NodeId> {
        let up = self
            .peers
            .sessions
            .iter()
            .filter(|(_, peer)| peer.session.is_up());
        up.map(|(name, peer)| NodeId {
            name: name.clone(),
            incarnation: peer.session.peer(),
        })
        .collect()
    }

    /// Returns the nodes that are up, with the figures of their sessions.
    pub(crate) fn views(&self) -> Vec<NodeView> {
        let view = |id: NodeId| {
            let figures = self.peers.up(&id)?.figures();
            Some(NodeView { id, figures })
        };
        self.up().into_iter().filter_map(view).collect()
    }

    /// Returns whether so many bytes may wait for a node that is up.
    pub(super) fn has_room(&self, node: &NodeId, bytes: usize) -> bool {
        let session = self.peers.up(node);
        session.is_some_and(|session| session.has_room(bytes))
    }

    /// Adds a signal to the stream to a node; lost if the node is not up.
    pub(super) fn signal(&mut self, node: &NodeId, signal: &Signal) {
        self.signal_bytes(node, signal.encode());
    }

    /// Adds an encoded signal to the stream to a node; lost if the node is not up.
    pub(super) fn signal_bytes(&mut self, node: &NodeId, signal: Bytes) {
        if let Some(session) = self.peers.up_mut(node) {
            session.send(signal);
        }
    }

    /// Writes the packets that are due.
    pub(super) fn flush(&mut self, now: Monotonic) {
        let outputs = &mut self.outputs;
        for (name, peer) in &mut self.peers.sessions {
            if peer.cut_off.is_none() {
                peer.session.flush(now, |packet| {
                    outputs.push_back(Output::Packet(name.clone(), packet));
                });
            }
        }
    }
}

/// Packets of peers.
impl Core {
    /// Takes a packet.
    pub(super) fn packet(&mut self, from: &NodeName, packet: &Bytes, now: Monotonic) {
        if *from == self.node.name {
            return;
        }
        let known = self.peers.sessions.get(from);
        if known.is_some_and(|peer| peer.cut_off.is_some()) && !self.is_of_next_life(from, packet) {
            return;
        }
        let frame = match Frame::decode(packet) {
            Ok(frame) => frame,
            Err(Unreadable::Version(major, minor)) => {
                return self.refuse(from, Unreadable::Version(major, minor).to_string(), now);
            }
            Err(Unreadable::Malformed(reason)) => {
                return self.cut_off(from, reason.to_string(), now);
            }
        };
        if frame.to != self.node.incarnation {
            return;
        }
        let Some(peer) = self.peers.sessions.get_mut(from) else {
            return self.look_again(now);
        };
        if frame.from != peer.session.peer() {
            if frame.from > peer.session.peer() {
                self.look_again(now);
            }
            return;
        }
        let was_up = peer.session.is_up();
        let mut signals = Vec::new();
        let epoch = &mut self.peers.fresh_epoch;
        let change = peer.session.receive(frame, &mut signals, epoch, now);
        let node = NodeId {
            name: from.clone(),
            incarnation: peer.session.peer(),
        };
        match change {
            Some(Change::Up) => self.came_up(&node),
            // Nothing that came with the breach is taken.
            Some(Change::Broken(reason)) => return self.cut_off_if(was_up, from, reason, now),
            // Comes without signals.
            Some(Change::Down(reason)) => return self.went_down(&node, reason),
            None => {}
        }
        for signal in signals {
            match Signal::decode(&signal) {
                Ok(signal) => self.received(&node, signal, now),
                Err(reason) => return self.cut_off(from, reason.to_string(), now),
            }
            // The signal may have cut the node off.
            if !self.is_up(&node) {
                return;
            }
        }
    }

    /// Returns whether a packet of a node that was cut off is of its next life.
    fn is_of_next_life(&self, from: &NodeName, packet: &Bytes) -> bool {
        let cut = self
            .peers
            .sessions
            .get(from)
            .map(|peer| peer.session.peer());
        let frame = Frame::decode(packet);
        frame.is_ok_and(|frame| Some(frame.from) > cut && frame.to == self.node.incarnation)
    }

    fn came_up(&mut self, node: &NodeId) {
        self.outputs
            .push_back(Output::Node(NodeChange::Up(node.clone())));
        self.tell_groups(node);
    }

    fn went_down(&mut self, node: &NodeId, reason: String) {
        self.fail_requests(node);
        self.forget_groups(node);
        self.names_lost_peer(node);
        self.outputs
            .push_back(Output::Node(NodeChange::Down(node.clone(), reason)));
    }

    /// Cuts off the present life of a node: nothing of it is read from now on.
    pub(super) fn cut_off(&mut self, from: &NodeName, reason: String, now: Monotonic) {
        let peer = self.peers.sessions.get(from);
        let was_up = peer.is_some_and(|peer| peer.session.is_up());
        self.cut_off_if(was_up, from, reason, now);
    }

    fn cut_off_if(&mut self, was_up: bool, from: &NodeName, reason: String, now: Monotonic) {
        let Some(peer) = self.peers.sessions.get_mut(from) else {
            return self.refuse(from, reason, now);
        };
        let node = NodeId {
            name: from.clone(),
            incarnation: peer.session.peer(),
        };
        if peer.cut_off.is_some() {
            return;
        }
        let epoch = &mut self.peers.fresh_epoch;
        let farewell = peer.session.cut_off(&reason, epoch);
        peer.cut_off = Some(reason.clone());
        self.outputs
            .push_back(Output::Packet(from.clone(), farewell));
        if was_up {
            self.went_down(&node, reason.clone());
        }
        self.outputs
            .push_back(Output::Node(NodeChange::CutOff(node, reason)));
    }

    /// Reports a node whose packets are not of this version, once a minute.
    fn refuse(&mut self, from: &NodeName, reason: String, now: Monotonic) {
        let minute = Duration::from_secs(60);
        self.peers.refused.retain(|_, at| since(now, *at) < minute);
        if self.peers.refused.len() >= REFUSED || self.peers.refused.contains_key(from) {
            return;
        }
        self.peers.refused.insert(from.clone(), now);
        let change = NodeChange::Refused(from.clone(), reason);
        self.outputs.push_back(Output::Node(change));
    }

    /// Gives up sessions that are dead, and looks at the entries of the nodes.
    pub(super) fn check_peers(&mut self, now: Monotonic) {
        let mut changes = Vec::new();
        for (name, peer) in &mut self.peers.sessions {
            let node = NodeId {
                name: name.clone(),
                incarnation: peer.session.peer(),
            };
            if let Some(Change::Down(reason)) = peer.session.check(&mut self.peers.fresh_epoch, now)
            {
                changes.push((node, reason));
            }
        }
        for (node, reason) in changes {
            self.went_down(&node, reason);
        }
        if now >= self.peers.look_at {
            self.look(now);
        }
    }

    /// Ends all sessions, for a reason that the peers are told.
    pub(super) fn part_from_all(&mut self, reason: &str) {
        let mut parted = Vec::new();
        for (name, peer) in &mut self.peers.sessions {
            if peer.session.is_up() {
                let farewell = peer.session.farewell(false, reason);
                self.outputs
                    .push_back(Output::Packet(name.clone(), farewell));
                parted.push(NodeId {
                    name: name.clone(),
                    incarnation: peer.session.peer(),
                });
            }
            peer.session.give_up(&mut self.peers.fresh_epoch);
        }
        for node in parted {
            self.went_down(&node, "this node has left the cluster".to_owned());
        }
        self.peers.sessions.clear();
    }
}

/// Entries of nodes.
impl Core {
    fn look(&mut self, now: Monotonic) {
        self.peers.look_at = later(now, LOOK);
        if self.peers.is_looking {
            return;
        }
        self.peers.is_looking = true;
        self.peers.looked_at = now;
        let operation = Operation::List {
            prefix: NODES.to_owned(),
            after: String::new(),
            most: usize::MAX,
        };
        self.ask(Purpose::List, operation, now);
    }

    /// Looks at the entries soon: a packet is of a node that this one does not know.
    pub(super) fn look_again(&mut self, now: Monotonic) {
        let soon = later(self.peers.looked_at, LOOK_AGAIN);
        self.peers.look_at = self.peers.look_at.min(soon.max(now));
    }

    /// Takes the entries of all nodes.
    pub(super) fn listed(&mut self, result: Result<Found, Refusal>, now: Monotonic) {
        self.peers.is_looking = false;
        let Ok(Found::Values(values)) = result else {
            return;
        };
        let mut present = BTreeMap::new();
        for (key, value, revision) in values {
            let name = key.strip_prefix(NODES).and_then(|name| name.parse().ok());
            let (Some(name), Ok(entry)) = (name, NodeEntry::decode(&value)) else {
                continue;
            };
            let name: NodeName = name;
            let lease = entry.lease_of(&name);
            let known = self.peers.entries.get(&name);
            let seen_at = match known {
                Some(known) if known.revision == revision => known.seen_at,
                // An old reading of a value that has changed since tells nothing.
                Some(known) if known.revision > revision => {
                    present.insert(name, known.clone());
                    continue;
                }
                _ => now,
            };
            let entry = Entry {
                lease,
                duration: entry.lease.max(self.config.lease),
                revision,
                seen_at,
                is_over: entry.is_over,
            };
            present.insert(name, entry);
        }
        let before = std::mem::replace(&mut self.peers.entries, present);
        for (name, entry) in before {
            let now_there = self.peers.entries.get(&name);
            if now_there.is_none_or(|present| present.lease != entry.lease) && !entry.is_over {
                self.is_gone(entry.lease, entry.duration, now);
            }
        }
        for entry in self.peers.entries.values() {
            self.peers.gone.remove(&entry.lease);
        }
        let looked_at = self.peers.looked_at;
        let suspects = std::mem::take(&mut self.peers.suspects);
        for (lease, at) in suspects {
            let entry = self.peers.entries.get(&lease.node.name);
            if entry.is_some_and(|entry| entry.lease == lease) {
                continue;
            }
            match at < looked_at {
                true => self.is_gone(lease, self.config.lease, now),
                false => {
                    self.peers.suspects.insert(lease, at);
                }
            }
        }
        self.forget_gone(now);
        self.end_silent_leases(now);
        self.meet(now);
    }

    /// Ends the leases of nodes that are gone without a word: their entries would be greeted
    /// for ever.
    fn end_silent_leases(&mut self, now: Monotonic) {
        let peers = &self.peers;
        let is_silent = |entry: &&Entry| {
            !entry.is_over
                && entry.lease.node.name != self.node.name
                && now >= over_at(entry.seen_at, entry.duration)
                && peers.up(&entry.lease.node).is_none()
        };
        let silent = peers.entries.values().filter(is_silent);
        let silent: Vec<_> = silent
            .map(|entry| (entry.lease.clone(), entry.revision))
            .collect();
        for (lease, revision) in silent {
            self.end_lease(&lease, revision, None, now);
        }
    }

    fn is_gone(&mut self, lease: LeaseId, duration: Duration, now: Monotonic) {
        if self.peers.gone.len() < GONE {
            self.peers.gone.entry(lease).or_insert((now, duration));
        }
    }

    fn forget_gone(&mut self, now: Monotonic) {
        let keep = |(at, duration): &(Monotonic, Duration)| since(now, *at) < *duration * 20;
        self.peers.gone.retain(|_, gone| keep(gone));
        let old = self.peers.entries.values();
        let old: Vec<_> = old
            .filter(|entry| entry.is_over && since(now, entry.seen_at) >= KEPT)
            .map(|entry| (key_of_node(&entry.lease.node.name), entry.revision))
            .collect();
        for (key, revision) in old {
            let operation = Operation::Delete { key, revision };
            self.ask(Purpose::Remove(None), operation, now);
        }
    }

    /// Begins sessions with new nodes, and ends those with former ones.
    fn meet(&mut self, now: Monotonic) {
        let mut ended = Vec::new();
        for (name, peer) in &self.peers.sessions {
            let present = self.peers.entries.get(name);
            let node = NodeId {
                name: name.clone(),
                incarnation: peer.session.peer(),
            };
            match present {
                Some(entry) if entry.lease.node.incarnation > node.incarnation => {
                    ended.push((node, "another node has taken its name"));
                }
                // A session that is up goes on without an entry: it ends by its heartbeats.
                Some(entry) if !entry.is_over || peer.session.is_up() => {}
                None if peer.session.is_up() => {}
                _ => ended.push((node, "it has left the cluster")),
            }
        }
        for (node, reason) in ended {
            if let Some(mut peer) = self.peers.sessions.remove(&node.name) {
                let was_up = peer.session.is_up();
                peer.session.give_up(&mut self.peers.fresh_epoch);
                if was_up {
                    self.went_down(&node, reason.to_owned());
                }
            }
        }
        for (name, entry) in &self.peers.entries {
            if *name == self.node.name || entry.is_over || self.peers.sessions.contains_key(name) {
                continue;
            }
            let epoch = self.peers.fresh_epoch;
            self.peers.fresh_epoch += 1;
            let lives = (self.node.incarnation, entry.lease.node.incarnation);
            let peer = Peer {
                session: Session::new(self.settings, lives, epoch, now),
                cut_off: None,
            };
            self.peers.sessions.insert(name.clone(), peer);
        }
    }

    /// Returns the state of a lease, and begins to measure the time of one whose entry is gone.
    pub(super) fn state_of(&mut self, lease: &LeaseId, now: Monotonic) -> LeaseState {
        let entry = self.peers.entries.get(&lease.node.name);
        if let Some(entry) = entry
            && entry.lease == *lease
        {
            return match entry.is_over {
                true => LeaseState::Over,
                false if now >= over_at(entry.seen_at, entry.duration) => {
                    LeaseState::Due(entry.revision)
                }
                false => LeaseState::Live,
            };
        }
        let is_replaced = entry.is_some_and(|entry| entry.lease > *lease);
        if let Some((seen_at, duration)) = self.peers.gone.get(lease) {
            return match now >= over_at(*seen_at, *duration) {
                false => LeaseState::Live,
                // A lease that was replaced cannot come back. An entry that is missing has to
                // be missing still.
                true if is_replaced => LeaseState::Over,
                true => LeaseState::Due(0),
            };
        }
        if is_replaced {
            self.is_gone(lease.clone(), self.config.lease, now);
        } else {
            // The entries read last may be older than this lease.
            if self.peers.suspects.len() < GONE {
                self.peers.suspects.entry(lease.clone()).or_insert(now);
            }
            self.look_again(now);
        }
        LeaseState::Live
    }

    /// Ends the lease of another node over a revision of its entry.
    pub(super) fn end_lease(
        &mut self,
        lease: &LeaseId,
        revision: u64,
        then: Option<Box<Registering>>,
        now: Monotonic,
    ) {
        let entry = NodeEntry {
            incarnation: lease.node.incarnation,
            generation: lease.generation,
            lease: self.config.lease,
            is_over: true,
        };
        let operation = Operation::Put {
            key: key_of_node(&lease.node.name),
            value: entry.encode(),
            revision,
        };
        self.ask(Purpose::EndLease(lease.clone(), then), operation, now);
    }

    /// Learns that an entry says from now on that its lease is over.
    pub(super) fn lease_is_over(&mut self, lease: &LeaseId, revision: u64, now: Monotonic) {
        let duration = self.config.lease;
        let entry = Entry {
            lease: lease.clone(),
            duration,
            revision,
            seen_at: now,
            is_over: true,
        };
        let known = self.peers.entries.get(&lease.node.name);
        if known.is_none_or(|known| known.revision < revision) {
            self.peers.entries.insert(lease.node.name.clone(), entry);
        }
    }
}

/// This node's lease.
impl Core {
    /// Returns whether this node may hold names at this moment.
    pub(crate) fn has_lease(&self, now: Monotonic) -> bool {
        !self.is_over && !self.lease.is_lost && now < self.lease.until
    }

    /// Renews the lease, or finds that it is lost.
    pub(super) fn check_lease(&mut self, now: Monotonic) {
        if !self.lease.is_lost && now >= self.lease.until {
            self.lease.is_lost = true;
            // Names of this generation can never be held again.
            self.lease.generation += 1;
            self.lose_all();
        }
        if now >= self.lease.renew_at {
            self.lease.renew_at = later(now, self.config.lease / 4);
            if !self.lease.is_renewing {
                self.renew(now);
            }
            self.sweep(now);
        }
    }

    fn renew(&mut self, now: Monotonic) {
        self.lease.is_renewing = true;
        let key = key_of_node(&self.node.name);
        let Some(revision) = self.lease.revision else {
            return self.ask(Purpose::ReadOwn, Operation::Get { key }, now);
        };
        let entry = NodeEntry {
            incarnation: self.node.incarnation,
            generation: self.lease.generation,
            lease: self.config.lease,
            is_over: false,
        };
        let value = entry.encode();
        let purpose = Purpose::Renew(self.lease.generation, now);
        let operation = Operation::Put {
            key,
            value,
            revision,
        };
        self.ask(purpose, operation, now);
    }

    /// Takes the result of a renewal that was sent at a time.
    pub(super) fn renewed(
        &mut self,
        generation: u64,
        sent: Monotonic,
        result: Result<Found, Refusal>,
        now: Monotonic,
    ) {
        self.lease.is_renewing = false;
        match result {
            Ok(Found::Revision(revision)) => {
                self.lease.revision = Some(revision);
                if generation == self.lease.generation {
                    self.lease.until = self.lease.until.max(held_until(sent, self.config.lease));
                    // A renewal that was sent too long ago changes nothing: the loss is told
                    // by the next turn.
                    self.lease.is_lost &= now >= self.lease.until;
                } else {
                    // The lease was lost meanwhile: the entry needs the new generation.
                    self.lease.renew_at = now;
                }
            }
            Ok(_) | Err(_) => {
                self.lease.revision = None;
                self.lease.renew_at = self.lease.renew_at.min(later(now, self.config.lease / 16));
            }
        }
    }

    /// Takes the node's own entry, whose revision was not known.
    pub(super) fn read_own(&mut self, result: Result<Found, Refusal>, now: Monotonic) {
        self.lease.is_renewing = false;
        match result {
            Ok(Found::Value(value, revision)) => {
                let entry = NodeEntry::decode(&value);
                let other = entry
                    .as_ref()
                    .map_or(true, |entry| entry.incarnation > self.node.incarnation);
                if other {
                    return self.depose();
                }
                self.lease.revision = Some(revision);
                if entry.is_ok_and(|entry| entry.is_over) {
                    self.generation_is_over();
                }
                self.renew(now);
            }
            Ok(Found::Nothing) => {
                self.lease.revision = Some(0);
                self.generation_is_over();
                self.renew(now);
            }
            Ok(_) | Err(_) => {}
        }
    }

    /// Begins another generation: the entry of this one is gone, or says that it is over.
    fn generation_is_over(&mut self) {
        if !self.lease.is_lost {
            self.lease.is_lost = true;
            self.lease.generation += 1;
            self.lose_all();
        }
    }

    fn depose(&mut self) {
        let reason = format!("another node has taken the name {}", self.node.name);
        self.lose_all();
        self.part_from_all("another node has taken its name");
        self.end(&reason);
        self.outputs.push_back(Output::Deposed(reason));
    }

    /// Removes the node's entry.
    pub(super) fn give_back_lease(&mut self, now: Monotonic) {
        self.lease.is_lost = true;
        if let Some(revision) = self.lease.revision {
            let key = key_of_node(&self.node.name);
            let operation = Operation::Delete { key, revision };
            self.ask(Purpose::Remove(None), operation, now);
        }
    }
}
