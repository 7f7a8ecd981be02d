//! Names that are unique in the cluster. `lease.rs` has the arithmetic.
//!
//! An entry of the broker's values names the holder and its node's lease. Every change of it is
//! a compare-and-set. A node takes a name over only from a lease that is over, or from an
//! earlier generation of its own. A write whose result is not known is *doubtful*: the node
//! does not hold the name, and sweeps the entry away later. A write may also arrive after the
//! sweep: then another node that wants the name asks the owner of the entry to check.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use warren_kernel::{Address, Error, Kind, Monotonic, NodeId, Pid};

use super::purpose::{LeaseState, Naming, Purpose, Registering};
use super::{CallId, Core, Named, OF_NODES, Output};
use crate::member::{LeaseId, NameEntry, key_of_name};
use crate::signal::{Notice, Place};
use crate::transport::{Found, Operation, Refusal};
use crate::view::{Holder, Token};
use crate::wire::signal::Signal;

/// Steps of a registration, which others may disturb.
const TRIES: u32 = 8;
/// Entries that are swept at once.
const SWEPT: usize = 64;

/// The names of this node's processes.
#[derive(Debug, Default)]
pub(super) struct Names {
    held: BTreeMap<String, Held>,
    /// The names of each process.
    of: BTreeMap<Pid, BTreeSet<String>>,
    /// Names that are being registered.
    busy: BTreeMap<String, Busy>,
    /// Names whose entries may be of this node without a holder.
    doubtful: BTreeSet<String>,
    /// Calls that wait for another node to free a name.
    releases: BTreeMap<CallId, NodeId>,
    /// Processes that have ended and whose entries are being removed.
    leaving: BTreeMap<Pid, Leaving>,
}

#[derive(Clone, Debug)]
struct Held {
    place: Place,
    token: Token,
}

#[derive(Debug)]
struct Busy {
    pid: Pid,
    /// True once the process has ended.
    has_ended: bool,
    /// Further registrations of this node, which begin after this one.
    waiting: VecDeque<(CallId, Place)>,
}

/// A process that has ended. Other nodes learn of the end once its names are free.
#[derive(Debug, Default)]
struct Leaving {
    /// Entries that are being removed, or were being written at the end.
    entries: usize,
    ends: Vec<(NodeId, Notice)>,
}

impl Names {
    /// Forgets the registrations that wait for others, and returns their calls.
    pub(super) fn drain_waiting(&mut self) -> Vec<CallId> {
        let busy = self.busy.values_mut();
        busy.flat_map(|busy| busy.waiting.drain(..))
            .map(|(call, _)| call)
            .collect()
    }
}

/// Calls of the engine.
impl Core {
    /// Gives a process of this node a name.
    pub(crate) fn register(&mut self, name: &str, place: &Place, now: Monotonic) -> CallId {
        let call = self.new_call();
        self.begin_registration(call, name, place, now);
        call
    }

    fn begin_registration(&mut self, call: CallId, name: &str, place: &Place, now: Monotonic) {
        if let Err(result) = self.check_name_is_free(name, place, now) {
            self.outputs.push_back(Output::Name(call, result));
            return;
        }
        if let Some(busy) = self.names.busy.get_mut(name) {
            busy.waiting.push_back((call, place.clone()));
            return;
        }
        let busy = Busy {
            pid: place.pid,
            has_ended: false,
            waiting: VecDeque::new(),
        };
        self.names.busy.insert(name.to_owned(), busy);
        let registering = Registering {
            call: Some(call),
            name: name.to_owned(),
            place: place.clone(),
            generation: self.lease.generation,
            tries: TRIES,
        };
        self.take(registering, 0, now);
    }

    /// Begins the registrations that have waited for one of the same name.
    fn begin_waiting(&mut self, name: &str, busy: Option<Busy>, now: Monotonic) {
        for (call, place) in busy.into_iter().flat_map(|busy| busy.waiting) {
            self.begin_registration(call, name, &place, now);
        }
    }

    /// Returns the result at once where this node can tell it.
    fn check_name_is_free(
        &self,
        name: &str,
        place: &Place,
        now: Monotonic,
    ) -> Result<(), Result<Named, Error>> {
        if !self.has_lease(now) {
            return Err(Err(no_lease()));
        }
        if let Some(held) = self.names.held.get(name) {
            let same = held.place.pid == place.pid;
            return Err(match same {
                true => Ok(Named::Taken(held.token)),
                false => Err(is_taken(name, &self.address(&held.place))),
            });
        }
        Ok(())
    }

    /// Frees a name, whoever holds it.
    pub(crate) fn unregister(&mut self, name: &str, now: Monotonic) -> CallId {
        let call = self.new_call();
        if self.is_over {
            self.outputs.push_back(Output::Name(call, Err(no_lease())));
            return call;
        }
        let key = key_of_name(name);
        if let Some(held) = self.drop_held(name) {
            let revision = held.token.0;
            let purpose = Purpose::Free(call, name.to_owned());
            self.ask(purpose, Operation::Delete { key, revision }, now);
        } else {
            let purpose = Purpose::Find(call, name.to_owned(), Naming::Free);
            self.ask(purpose, Operation::Get { key }, now);
        }
        call
    }

    /// Finds the holder of a name.
    pub(crate) fn look_up(&mut self, name: &str, now: Monotonic) -> CallId {
        let call = self.new_call();
        if self.is_over {
            self.outputs.push_back(Output::Name(call, Err(no_lease())));
        } else if let Some(held) = self.held_now(name, now) {
            let holder = Holder {
                address: self.address(&held.place),
                token: held.token,
            };
            self.outputs
                .push_back(Output::Name(call, Ok(Named::Found(holder))));
        } else {
            let key = key_of_name(name);
            let purpose = Purpose::Find(call, name.to_owned(), Naming::LookUp);
            self.ask(purpose, Operation::Get { key }, now);
        }
        call
    }

    /// Returns the token of a name that a process of this node holds at this moment.
    pub(crate) fn holds(&self, name: &str, now: Monotonic) -> Option<Token> {
        self.held_now(name, now).map(|held| held.token)
    }

    fn held_now(&self, name: &str, now: Monotonic) -> Option<&Held> {
        let held = self.names.held.get(name)?;
        self.has_lease(now).then_some(held)
    }

    /// Frees the names of a process that has ended, and ends its memberships. Returns false for
    /// a process that has and wants none.
    pub(crate) fn exited(&mut self, pid: Pid, now: Monotonic) -> bool {
        if !self.has_part(pid) {
            return false;
        }
        for busy in self.names.busy.values_mut() {
            if busy.pid == pid && !busy.has_ended {
                busy.has_ended = true;
                self.names.leaving.entry(pid).or_default().entries += 1;
            }
            busy.waiting.retain(|(call, place)| {
                let stays = place.pid != pid;
                if !stays {
                    let result = Err(process_has_ended());
                    self.outputs.push_back(Output::Name(*call, result));
                }
                stays
            });
        }
        for name in self.names.of.get(&pid).cloned().unwrap_or_default() {
            if let Some(held) = self.drop_held(&name) {
                let operation = Operation::Delete {
                    key: key_of_name(&name),
                    revision: held.token.0,
                };
                self.remove_entry_of(pid, name, operation, now);
            }
        }
        self.leave_groups(pid);
        true
    }

    /// Returns whether a process has or wants a name, or is a member of a group.
    fn has_part(&self, pid: Pid) -> bool {
        let wants =
            |busy: &Busy| busy.pid == pid || busy.waiting.iter().any(|(_, place)| place.pid == pid);
        self.names.of.contains_key(&pid)
            || self.groups.is_member(pid)
            || self.names.busy.values().any(wants)
    }

    /// Removes an entry of a process that has ended.
    fn remove_entry_of(&mut self, pid: Pid, name: String, operation: Operation, now: Monotonic) {
        self.names.leaving.entry(pid).or_default().entries += 1;
        self.ask(Purpose::Leave(pid, name), operation, now);
    }

    /// Keeps the news of an end for later if the process has names of the cluster: they are
    /// free before another node learns of the end. Returns false for other processes.
    pub(super) fn keeps_end(&mut self, to: &NodeId, notice: &Notice, now: Monotonic) -> bool {
        let Notice::Ended(end) = notice else {
            return false;
        };
        let pid = end.process.pid;
        let is_named = self.names.of.contains_key(&pid)
            || self.names.busy.values().any(|busy| busy.pid == pid);
        if is_named {
            self.exited(pid, now);
        }
        let Some(leaving) = self.names.leaving.get_mut(&pid) else {
            return false;
        };
        leaving.ends.push((to.clone(), notice.clone()));
        true
    }

    /// Learns of the removal of an entry of a process that has ended. A name whose entry could
    /// not be removed is doubtful, and holds up the news of the end no longer.
    pub(super) fn has_left(&mut self, pid: Pid, name: String, result: Result<Found, Refusal>) {
        self.removed(Some(name), result);
        self.entry_has_left(pid);
    }

    fn entry_has_left(&mut self, pid: Pid) {
        let Some(leaving) = self.names.leaving.get_mut(&pid) else {
            return;
        };
        leaving.entries -= 1;
        if leaving.entries > 0 {
            return;
        }
        let left = self.names.leaving.remove(&pid);
        for (to, notice) in left.into_iter().flat_map(|leaving| leaving.ends) {
            self.send_notice(&to, &notice);
        }
    }

    fn address(&self, place: &Place) -> Address {
        Address {
            node: self.node.clone(),
            host: place.host.clone(),
            pid: place.pid,
        }
    }
}

/// Steps of a registration.
impl Core {
    /// Writes the entry over a revision.
    fn take(&mut self, registering: Registering, revision: u64, now: Monotonic) {
        let entry = NameEntry {
            lease: LeaseId {
                node: self.node.clone(),
                generation: registering.generation,
            },
            holder: self.address(&registering.place),
        };
        let operation = Operation::Put {
            key: key_of_name(&registering.name),
            value: entry.encode(),
            revision,
        };
        self.ask(Purpose::Take(Box::new(registering)), operation, now);
    }

    /// Takes the result of writing the entry.
    pub(super) fn took(
        &mut self,
        registering: Registering,
        result: Result<Found, Refusal>,
        now: Monotonic,
    ) {
        match result {
            Ok(Found::Revision(revision)) => self.is_written(registering, revision, now),
            Err(Refusal::Conflict) => {
                let key = key_of_name(&registering.name);
                let purpose = Purpose::ReadHolder(Box::new(registering));
                self.ask(purpose, Operation::Get { key }, now);
            }
            other => {
                self.names.doubtful.insert(registering.name.clone());
                self.fail_registration(&registering, unavailable(other), now);
            }
        }
    }

    fn is_written(&mut self, registering: Registering, revision: u64, now: Monotonic) {
        let name = registering.name.clone();
        let busy = self.names.busy.get(&name);
        let has_ended = busy.is_some_and(|busy| busy.has_ended);
        let is_valid = self.has_lease(now) && registering.generation == self.lease.generation;
        if is_valid && !has_ended {
            let busy = self.names.busy.remove(&name);
            let (token, place) = (Token(revision), registering.place);
            let names = self.names.of.entry(place.pid).or_default();
            names.insert(name.clone());
            self.names.held.insert(name.clone(), Held { place, token });
            self.names.doubtful.remove(&name);
            if let Some(call) = registering.call {
                self.outputs
                    .push_back(Output::Name(call, Ok(Named::Taken(token))));
            }
            self.begin_waiting(&name, busy, now);
            return;
        }
        let key = key_of_name(&name);
        let operation = Operation::Delete { key, revision };
        let error = if has_ended {
            self.remove_entry_of(registering.place.pid, name, operation, now);
            process_has_ended()
        } else {
            self.ask(Purpose::Remove(Some(name)), operation, now);
            no_lease()
        };
        self.fail_registration(&registering, error, now);
    }

    /// Takes the entry of a name that was taken.
    pub(super) fn read_holder(
        &mut self,
        mut registering: Registering,
        result: Result<Found, Refusal>,
        now: Monotonic,
    ) {
        if registering.tries == 0 {
            let message = format!("the name {} changes all the time", registering.name);
            return self.fail_registration(
                &registering,
                Error::new(Kind::Conflict, message).retryable(true),
                now,
            );
        }
        registering.tries -= 1;
        let (value, revision) = match result {
            Ok(Found::Nothing) => return self.take(registering, 0, now),
            Ok(Found::Value(value, revision)) => (value, revision),
            other => return self.fail_registration(&registering, unavailable(other), now),
        };
        let Some(entry) = self.read_entry(&value) else {
            let error = is_unreadable(&registering.name);
            return self.fail_registration(&registering, error, now);
        };
        if entry.lease.node == self.node {
            // Nobody holds it: this node would know.
            return self.take(registering, revision, now);
        }
        match self.state_of(&entry.lease, now) {
            LeaseState::Over => self.take(registering, revision, now),
            LeaseState::Due(of_node) => {
                let then = Some(Box::new(registering));
                self.end_lease(&entry.lease, of_node, then, now);
            }
            LeaseState::Live => {
                let check = Signal::CheckName(registering.name.clone(), revision);
                self.signal(&entry.lease.node, &check);
                let error = is_taken(&registering.name, &entry.holder);
                self.fail_registration(&registering, error, now);
            }
        }
    }

    /// Takes the result of ending another node's lease.
    pub(super) fn ended_lease(
        &mut self,
        lease: LeaseId,
        then: Option<Box<Registering>>,
        result: Result<Found, Refusal>,
        now: Monotonic,
    ) {
        match (result, then) {
            (Ok(Found::Revision(revision)), then) => {
                self.lease_is_over(&lease, revision, now);
                if let Some(registering) = then {
                    let key = key_of_name(&registering.name);
                    self.ask(
                        Purpose::ReadHolder(registering),
                        Operation::Get { key },
                        now,
                    );
                }
            }
            (Err(Refusal::Conflict), then) => {
                self.look_again(now);
                if let Some(registering) = then {
                    let message = format!("node {} has renewed its lease", lease.node.name);
                    let error = Error::new(Kind::Conflict, message).retryable(true);
                    self.fail_registration(&registering, error, now);
                }
            }
            (other, Some(registering)) => {
                self.fail_registration(&registering, unavailable(other), now)
            }
            (_, None) => {}
        }
    }

    fn fail_registration(&mut self, registering: &Registering, error: Error, now: Monotonic) {
        let busy = self.names.busy.remove(&registering.name);
        if let Some(call) = registering.call {
            self.outputs.push_back(Output::Name(call, Err(error)));
        }
        if let Some(busy) = busy.as_ref().filter(|busy| busy.has_ended) {
            self.entry_has_left(busy.pid);
        }
        self.begin_waiting(&registering.name, busy, now);
    }

    fn read_entry(&self, value: &Bytes) -> Option<NameEntry> {
        NameEntry::decode(value).ok()
    }
}

/// Finding and freeing.
impl Core {
    /// Takes the entry of a name for a call.
    pub(super) fn found(
        &mut self,
        call: CallId,
        name: String,
        naming: Naming,
        result: Result<Found, Refusal>,
        now: Monotonic,
    ) {
        let result = match result {
            Ok(Found::Nothing) => Err(no_entry(naming)),
            Ok(Found::Value(value, revision)) => match self.read_entry(&value) {
                Some(entry) => Ok((entry, revision)),
                None => Err(Err(is_unreadable(&name))),
            },
            other => Err(Err(unavailable(other))),
        };
        let (entry, revision) = match result {
            Ok(found) => found,
            Err(result) => {
                self.outputs.push_back(Output::Name(call, result));
                return;
            }
        };
        let is_own = entry.lease.node == self.node;
        let is_held = self.is_held_here(&name, &entry, revision, now);
        let is_over = self.is_over_now(&name, &entry, revision, now);
        match naming {
            Naming::LookUp => {
                let holder = Holder {
                    address: entry.holder,
                    token: Token(revision),
                };
                let result = match is_over {
                    true => no_entry(naming),
                    false => Ok(Named::Found(holder)),
                };
                self.outputs.push_back(Output::Name(call, result));
            }
            // A registration of this node has written the entry, and its answer is under way.
            Naming::Free if is_own && !is_held && self.names.busy.contains_key(&name) => {
                let result = no_entry(naming);
                self.outputs.push_back(Output::Name(call, result));
            }
            Naming::Free if is_over || is_held => {
                self.drop_held(&name);
                let key = key_of_name(&name);
                let operation = Operation::Delete { key, revision };
                self.ask(Purpose::Free(call, name), operation, now);
            }
            Naming::Free if self.is_up(&entry.lease.node) => {
                let node = entry.lease.node;
                self.signal(&node, &Signal::Release(call.0, name));
                self.names.releases.insert(call, node);
            }
            Naming::Free => {
                let node = &entry.lease.node.name;
                let message = format!("node {node}, which holds the name {name}, is not up");
                let error = Error::new(Kind::Unavailable, message);
                self.outputs.push_back(Output::Name(call, Err(error)));
            }
        }
    }

    /// Returns whether a process of this node holds a name by this entry.
    fn is_held_here(&self, name: &str, entry: &NameEntry, revision: u64, now: Monotonic) -> bool {
        let held = self.held_now(name, now);
        entry.lease.node == self.node && held.is_some_and(|held| held.token.0 == revision)
    }

    /// Returns whether nobody holds a name by this entry any more.
    pub(super) fn is_over_now(
        &mut self,
        name: &str,
        entry: &NameEntry,
        revision: u64,
        now: Monotonic,
    ) -> bool {
        match entry.lease.node == self.node {
            true => !self.is_held_here(name, entry, revision, now),
            false => self.state_of(&entry.lease, now) == LeaseState::Over,
        }
    }

    /// Takes the result of freeing a name for a call.
    pub(super) fn freed(&mut self, call: CallId, name: String, result: Result<Found, Refusal>) {
        let result = match result {
            Ok(_) | Err(Refusal::Conflict) => Ok(Named::Freed(true)),
            other => {
                self.names.doubtful.insert(name);
                Err(unavailable(other))
            }
        };
        self.outputs.push_back(Output::Name(call, result));
    }

    /// Frees a name of this node for another one.
    pub(super) fn release(&mut self, from: &NodeId, number: u64, name: &str, now: Monotonic) {
        let held = match name.starts_with(OF_NODES) {
            true => None,
            false => self.drop_held(name),
        };
        let Some(held) = held else {
            return self.signal(from, &Signal::Released(number, false));
        };
        // The engine has the name in its own registry, too.
        let lost = Output::NameLost(name.to_owned(), held.place.pid);
        self.outputs.push_back(lost);
        let operation = Operation::Delete {
            key: key_of_name(name),
            revision: held.token.0,
        };
        let purpose = Purpose::Release(from.clone(), number, name.to_owned());
        self.ask(purpose, operation, now);
    }

    /// Learns that another node has freed a name.
    pub(super) fn released(&mut self, from: &NodeId, number: u64, was_held: bool) {
        let call = CallId(number);
        if self.names.releases.get(&call) == Some(from) {
            self.names.releases.remove(&call);
            self.outputs
                .push_back(Output::Name(call, Ok(Named::Freed(was_held))));
        }
    }

    /// Fails the calls that wait for a node that is down.
    pub(super) fn names_lost_peer(&mut self, node: &NodeId) {
        let releases = std::mem::take(&mut self.names.releases);
        for (call, of) in releases {
            if of == *node {
                let error = super::node_is_down(&node.name, "unknown");
                self.outputs.push_back(Output::Name(call, Err(error)));
            } else {
                self.names.releases.insert(call, of);
            }
        }
    }

    /// Ceases to hold a name, and removes its entry.
    fn free(&mut self, name: &str, now: Monotonic) {
        if let Some(held) = self.drop_held(name) {
            let key = key_of_name(name);
            let revision = held.token.0;
            let operation = Operation::Delete { key, revision };
            self.ask(Purpose::Remove(Some(name.to_owned())), operation, now);
        }
    }

    /// Frees all names of this node, whose processes may go on.
    pub(super) fn free_all(&mut self, now: Monotonic) {
        let held = self.names.held.iter();
        let names: Vec<(String, Pid)> = held
            .map(|(name, held)| (name.clone(), held.place.pid))
            .collect();
        for (name, holder) in names {
            self.outputs
                .push_back(Output::NameLost(name.clone(), holder));
            self.free(&name, now);
        }
    }

    fn drop_held(&mut self, name: &str) -> Option<Held> {
        let held = self.names.held.remove(name)?;
        if let Some(names) = self.names.of.get_mut(&held.place.pid) {
            names.remove(name);
            if names.is_empty() {
                self.names.of.remove(&held.place.pid);
            }
        }
        Some(held)
    }
}

/// Loss, and what is left behind.
impl Core {
    /// Loses all names: the lease is over.
    pub(super) fn lose_all(&mut self) {
        self.names.of.clear();
        for (name, held) in std::mem::take(&mut self.names.held) {
            let lost = Output::NameLost(name.clone(), held.place.pid);
            self.outputs.push_back(lost);
            self.names.doubtful.insert(name);
        }
    }

    /// Looks for entries of this node without a holder.
    pub(super) fn sweep(&mut self, now: Monotonic) {
        if !self.has_lease(now) {
            return;
        }
        let names: Vec<String> = self.names.doubtful.iter().take(SWEPT).cloned().collect();
        for name in names {
            let key = key_of_name(&name);
            self.ask(Purpose::Sweep(name), Operation::Get { key }, now);
        }
    }

    /// Takes an entry that may be of this node without a holder.
    pub(super) fn swept(&mut self, name: String, result: Result<Found, Refusal>, now: Monotonic) {
        let (value, revision) = match result {
            Ok(Found::Value(value, revision)) => (value, revision),
            Ok(_) => {
                self.names.doubtful.remove(&name);
                return;
            }
            Err(_) => return,
        };
        let is_own = self
            .read_entry(&value)
            .is_some_and(|entry| entry.lease.node == self.node);
        let held = self.names.held.get(&name);
        let is_held = held.is_some_and(|held| held.token.0 == revision);
        if !is_own || is_held {
            self.names.doubtful.remove(&name);
        } else if !self.names.busy.contains_key(&name) {
            let key = key_of_name(&name);
            let operation = Operation::Delete { key, revision };
            self.ask(Purpose::Remove(Some(name)), operation, now);
        }
    }

    /// Learns of the removal of an entry.
    pub(super) fn removed(&mut self, name: Option<String>, result: Result<Found, Refusal>) {
        let Some(name) = name else {
            return;
        };
        match result {
            Ok(_) | Err(Refusal::Conflict) => self.names.doubtful.remove(&name),
            Err(Refusal::Unavailable(_)) => self.names.doubtful.insert(name),
        };
    }

    /// Another node has found an entry of this node.
    pub(super) fn check_name(&mut self, name: &str, revision: u64, now: Monotonic) {
        let held = self.names.held.get(name);
        let is_held = held.is_some_and(|held| held.token.0 == revision);
        // A name that is doubtful already is swept with the next renewal.
        let is_new = !is_held
            && !self.names.busy.contains_key(name)
            && self.names.doubtful.len() < (1 << 16)
            && self.names.doubtful.insert(name.to_owned());
        if is_new && self.has_lease(now) {
            let key = key_of_name(name);
            self.ask(Purpose::Sweep(name.to_owned()), Operation::Get { key }, now);
        }
    }
}

fn no_entry(naming: Naming) -> Result<Named, Error> {
    match naming {
        Naming::LookUp => Err(Error::not_found("name not registered")),
        Naming::Free => Ok(Named::Freed(false)),
    }
}

fn is_taken(name: &str, holder: &Address) -> Error {
    let message = format!("the name {name} is taken by {holder}");
    Error::new(Kind::AlreadyExists, message).with("pid", holder.to_string())
}

fn is_unreadable(name: &str) -> Error {
    Error::internal(format!(
        "the entry of the name {name} is of another version"
    ))
}

fn process_has_ended() -> Error {
    Error::not_found("the process has ended")
}

pub(super) fn no_lease() -> Error {
    let message = "this node has no lease for names of the cluster: the broker does not answer";
    Error::new(Kind::Unavailable, message)
}

pub(super) fn unavailable(result: Result<Found, Refusal>) -> Error {
    let reason = match result {
        Err(Refusal::Unavailable(reason)) => reason,
        Err(Refusal::Conflict) => "the entry was changed meanwhile".to_owned(),
        Ok(_) => "the broker's answer makes no sense".to_owned(),
    };
    Error::new(Kind::Unavailable, format!("the broker refused: {reason}"))
}

#[cfg(test)]
mod tests;
