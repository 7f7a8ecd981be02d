//! Ties to processes of other nodes, each side on its own node. The engine carries what one
//! side asks to the other.
//!
//! A tie is set under the lock of all strangers: the end of a stranger, a node that is down
//! and a change of the tie come one after the other.

use std::task::Waker;

use super::Kernel;
use crate::address::NodeId;
use crate::error::Error;
use crate::events::Notice;
use crate::far::{FarEnd, FarPeers, FarPid};
use crate::kernel::signal::check_message;
use crate::message::Message;
use crate::moment::{Moment, Timestamp};
use crate::outcome::Outcome;
use crate::pid::Pid;
use crate::process::Process;
use crate::relation::Relation;
use crate::state::Doom;
use crate::strangers::{Member, Strangers};
use crate::sync::Arc;
use crate::ties::Tie;
use crate::trace::Trace;

/// This kernel as a node of a cluster.
impl Kernel {
    /// Makes this kernel that of a node: the PIDs in hosts that are made from now on have the
    /// node's name and incarnation in their texts, and `peers` is told of ends. A second
    /// call does nothing.
    pub fn join_cluster(&self, node: NodeId, peers: Arc<dyn FarPeers>) {
        self.groups.join_cluster(&peers);
        // Set once; see above.
        let _ = self.member.set(Member::new(node, peers));
    }

    /// Returns the node; `None` without a cluster.
    pub fn node(&self) -> Option<&NodeId> {
        self.member.get().map(|member| &member.node)
    }

    /// Returns the number of processes of other nodes that processes of this node are tied
    /// to.
    pub fn strangers(&self) -> usize {
        self.member
            .get()
            .map_or(0, |member| member.strangers().len())
    }
}

/// Names of the cluster on this node.
impl Kernel {
    /// Gives a process a name that it holds in the cluster, as [`Kernel::register`] does.
    /// Destinations do not find the process by it once [`FarPeers::holds`] denies it.
    ///
    /// # Errors
    /// As [`Kernel::register`]; `NotFound` without a cluster.
    pub fn register_in_cluster(&self, name: &str, process: &Arc<Process>) -> Result<(), Error> {
        let member = self.membership()?;
        let holder = self.names.lookup(name);
        if holder.is_some_and(|holder| holder.pid() != process.pid()) {
            // Refused, unless the holder has just ended. The note of the holder stays.
            self.register(name, process)?;
        }
        member.note_name(name, process.pid());
        self.register(name, process)
            .inspect_err(|_| member.forget_name(name, Some(process.pid())))
    }
}

/// This side of ties to processes of other nodes.
impl Kernel {
    /// Links a process to one of another node, on this side. Returns whether the link is
    /// new.
    ///
    /// # Errors
    /// `NotFound` if the process has exited; `RateLimited` at its `max_links`.
    pub fn link_far(&self, who: &Process, far: &FarPid) -> Result<bool, Error> {
        let member = self.membership()?;
        let mut strangers = member.strangers();
        let pid = self.meet(&mut strangers, far, who);
        let new = who.try_with_state(|state, config| state.link(pid, config));
        part_if_untied(&mut strangers, pid, who);
        new
    }

    /// Undoes [`Kernel::link_far`], and drops unread news of its failure. Returns whether
    /// there was a link.
    pub fn unlink_far(&self, who: &Process, far: &str) -> bool {
        self.untie(who, far, |pid| who.with_state(|state| state.unlink(pid)))
    }

    /// Has a process watch one of another node, on this side. Returns whether the monitor is
    /// new.
    ///
    /// # Errors
    /// `NotFound` if the process has exited; `RateLimited` at its `max_monitors`.
    pub fn monitor_far(&self, who: &Process, far: &FarPid) -> Result<bool, Error> {
        let member = self.membership()?;
        let mut strangers = member.strangers();
        let pid = self.meet(&mut strangers, far, who);
        let new = who.try_with_state(|state, config| state.monitor(pid, config));
        part_if_untied(&mut strangers, pid, who);
        new
    }

    /// Undoes [`Kernel::monitor_far`], and drops an unread EXIT.
    pub fn unmonitor_far(&self, who: &Process, far: &str) {
        self.untie(who, far, |pid| who.with_state(|state| state.unmonitor(pid)));
    }

    /// Records that a process of another node watches this one.
    ///
    /// # Errors
    /// `NotFound` if the process has exited.
    pub fn monitored_by_far(&self, process: &Process, watcher: &FarPid) -> Result<(), Error> {
        let member = self.membership()?;
        let mut strangers = member.strangers();
        let pid = self.meet(&mut strangers, watcher, process);
        let set = process.try_with_state(|state, _| state.set_monitored(pid, true));
        part_if_untied(&mut strangers, pid, process);
        set
    }

    /// Records that a process of another node watches this one no more.
    pub fn unmonitored_by_far(&self, process: &Process, watcher: &str) {
        self.untie(process, watcher, |pid| {
            // A process that has exited has no ties.
            let _ = process.with_state(|state| state.set_monitored(pid, false));
        });
    }

    /// Prepares for the child that a process is about to spawn on another node: the end of the
    /// child may be told before its PID is known.
    pub fn expect_far(self: &Arc<Self>, parent: &Arc<Process>) -> Expecting {
        let member = self.member.get();
        let is_first = member.is_some_and(|member| member.strangers().expect(parent.pid()));
        Expecting {
            kernel: Arc::clone(self),
            parent: Arc::clone(parent),
            is_first,
        }
    }

    /// Ties a new process to its parent on another node, on this side, before the process
    /// can end.
    pub(super) fn be_child_of_far(&self, child: &Process, parent: &FarPid, relation: Relation) {
        if relation == Relation::default() {
            return;
        }
        let Some(member) = self.member.get() else {
            return;
        };
        let mut strangers = member.strangers();
        let pid = self.meet(&mut strangers, parent, child);
        child.with_state(|state| state.be_child(pid, relation, None));
    }

    /// Undoes [`Kernel::be_child_of_far`] for a process that does not come to life.
    pub(super) fn disowned_by_far(&self, child: &Process, parent: &FarPid) {
        self.untie(child, &parent.text, |pid| {
            child.with_state(|state| state.remove_tie(pid));
        });
    }
}

/// Signals of processes of other nodes.
impl Kernel {
    /// Queues a message of a process of another node; see [`Kernel::send`].
    ///
    /// # Errors
    /// As for [`Kernel::send`].
    pub fn send_from(
        &self,
        from: Option<&str>,
        to: &Process,
        topic: &str,
        payload: &[u8],
        trace: Option<Trace>,
    ) -> Result<(), Error> {
        check_message(to.host(), from, topic, payload)?;
        let message = match trace {
            Some(trace) => Message::traced(from, topic, payload, trace),
            None => Message::new(from, topic, payload),
        };
        to.deliver(topic, message, self.clock())
    }

    /// Asks a process to end, for a process of another node; see
    /// [`Kernel::cancel_because`].
    ///
    /// # Errors
    /// As for [`Kernel::cancel_because`].
    pub fn cancel_from(
        &self,
        from: &str,
        target: &Process,
        (deadline, enforce): (Option<Moment>, bool),
        reason: Option<&str>,
        now: Moment,
    ) -> Result<(), Error> {
        super::signal::check_reason(reason)?;
        let wall = deadline.map(|deadline| deadline.wall);
        let enforced = deadline
            .filter(|_| enforce)
            .map(|deadline| deadline.monotonic);
        let from = Some(from.into());
        target.cancel(from, now.wall, (wall, enforced), reason.map(Arc::from))
    }

    /// Tells processes of this node of the end of one of another node. Those that are not
    /// tied to it are told nothing.
    pub fn far_ended(&self, end: &FarEnd) {
        let Some(member) = self.member.get() else {
            return;
        };
        let mut strangers = member.strangers();
        let mut wakers = Vec::new();
        for told in &end.told {
            let Some(process) = self.resolve(told).ok() else {
                continue;
            };
            let tied = strangers.find(&end.pid);
            let tied = tied.filter(|pid| strangers.part(*pid, process.pid()).is_some());
            match tied {
                Some(pid) => wakers.extend(tell_end(&process, pid, end)),
                None => strangers.came_early(process.pid(), end),
            }
        }
        drop(strangers);
        for waker in wakers {
            waker.wake();
        }
    }

    /// Tells processes of this node that a node is down: each of their ties to a process of
    /// that node ends with this outcome.
    pub fn node_is_down(&self, node: &NodeId, outcome: &Arc<Outcome>, at: Timestamp) {
        let Some(member) = self.member.get() else {
            return;
        };
        let doom = doom_of(outcome, false);
        let mut wakers = Vec::new();
        let mut strangers = member.strangers();
        for pid in strangers.of_node(node) {
            let Some(stranger) = strangers.forget(pid) else {
                continue;
            };
            let notice = Notice {
                pid,
                text: Arc::clone(&stranger.pid.text),
                at,
                outcome: Arc::clone(outcome),
            };
            for tied in stranger.tied {
                let process = self.table.find(tied);
                wakers
                    .extend(process.and_then(|process| process.peer_exited(&notice, Some(&doom))));
            }
        }
        drop(strangers);
        for waker in wakers {
            waker.wake();
        }
    }

    /// Returns the nodes to tell of the end of a process that was tied to these strangers,
    /// each with its processes.
    pub(super) fn part_from_strangers(
        &self,
        process: Pid,
        peers: &[Pid],
    ) -> Vec<(NodeId, Vec<Arc<str>>)> {
        let Some(member) = self.member.get() else {
            return Vec::new();
        };
        let mut strangers = member.strangers();
        let mut nodes: Vec<(NodeId, Vec<Arc<str>>)> = Vec::new();
        for peer in peers {
            let Some(far) = strangers.part(*peer, process) else {
                continue;
            };
            let known = nodes.iter_mut().find(|(node, _)| far.is_of(node));
            match known {
                Some((_, told)) => told.push(far.text),
                None => nodes.push((far.address.node, vec![far.text])),
            }
        }
        nodes
    }

    fn membership(&self) -> Result<&Member, Error> {
        let member = self.member.get();
        member
            .ok_or_else(|| Error::not_found("no node of a cluster: this program runs without one"))
    }

    fn meet(&self, strangers: &mut Strangers, far: &FarPid, with: &Process) -> Pid {
        strangers.meet(far, with.pid(), || self.next_pid())
    }

    fn untie<T: Default>(&self, who: &Process, far: &str, step: impl FnOnce(Pid) -> T) -> T {
        let Some(member) = self.member.get() else {
            return T::default();
        };
        let mut strangers = member.strangers();
        // Unread news of an end outlive the stranger.
        let known = strangers.find(far);
        let Some(pid) = known.or_else(|| who.with_state(|state| state.told_of(far))) else {
            return T::default();
        };
        let result = step(pid);
        part_if_untied(&mut strangers, pid, who);
        result
    }
}

/// A process that waits for the PID of its child on another node.
#[derive(Debug)]
pub struct Expecting {
    kernel: Arc<Kernel>,
    parent: Arc<Process>,
    is_first: bool,
}

impl Expecting {
    /// Ties the parent to its child, on this side, and tells the parent of the end of a child
    /// that has ended meanwhile.
    ///
    /// # Errors
    /// `NotFound` if the parent has exited; `RateLimited` at its `max_links` and
    /// `max_monitors`. No tie is left then.
    pub fn adopt(self, child: &FarPid, relation: Relation) -> Result<(), Error> {
        if relation == Relation::default() {
            return Ok(());
        }
        let (kernel, parent) = (&self.kernel, &*self.parent);
        let member = kernel.membership()?;
        let mut strangers = member.strangers();
        let pid = kernel.meet(&mut strangers, child, parent);
        let tied = parent.try_with_state(|state, config| {
            if relation.linked {
                state.link(pid, config)?;
            }
            if relation.monitored {
                state.monitor(pid, config)?;
            }
            Ok(())
        });
        if tied.is_err() {
            parent.with_state(|state| state.remove_tie(pid));
        }
        let early = strangers.take_early(parent.pid(), &child.text);
        let waker = match early {
            Some(end) if tied.is_ok() => {
                strangers.part(pid, parent.pid());
                tell_end(parent, pid, &end)
            }
            _ => None,
        };
        part_if_untied(&mut strangers, pid, parent);
        drop(strangers);
        if let Some(waker) = waker {
            waker.wake();
        }
        tied
    }
}

impl Drop for Expecting {
    fn drop(&mut self) {
        if let Some(member) = self.kernel.member.get().filter(|_| self.is_first) {
            member.strangers().expect_no_more(self.parent.pid());
        }
    }
}

/// Tells a process of the end of a stranger. Returns the waker to call once no lock is held.
fn tell_end(process: &Process, stranger: Pid, end: &FarEnd) -> Option<Waker> {
    let is_failure = end.outcome.is_failure();
    let doom = is_failure.then(|| doom_of(&end.outcome, end.by_link));
    let notice = Notice {
        pid: stranger,
        text: Arc::clone(&end.pid),
        at: end.at,
        outcome: Arc::clone(&end.outcome),
    };
    process.peer_exited(&notice, doom.as_ref())
}

/// Forgets that a process and a stranger are tied if no tie is left, or none was made.
fn part_if_untied(strangers: &mut Strangers, stranger: Pid, who: &Process) {
    if who.with_state(|state| state.ties().with(stranger)) == Tie::default() {
        strangers.part(stranger, who.pid());
    }
}

/// Returns the doom of linked processes that do not trap the end of a process of another
/// node.
fn doom_of(outcome: &Arc<Outcome>, by_link: bool) -> Doom {
    let outcome = match by_link {
        true => Arc::clone(outcome),
        false => Arc::new(outcome.of_linked_peer()),
    };
    Doom {
        outcome,
        by_link: true,
    }
}
