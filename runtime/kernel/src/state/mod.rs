//! The state machine of one process: plain data, no lock, no waker. Each method
//! takes a signal, or an operation of the process's own, and returns its result
//! and the shell's next action ([`Effect`]).

mod memory;
mod receive;
mod signal;
mod tie;

#[cfg(test)]
mod tests;

use crate::account::{Account, MESSAGE};
use crate::events::Events;
use crate::execs::{Awaited, Execs};
use crate::held_names::HeldNames;
use crate::host::HostConfig;
use crate::interest::Interest;
use crate::mailbox::Mailbox;
use crate::memberships::Memberships;
use crate::moment::Monotonic;
use crate::outcome::Outcome;
use crate::pid::Pid;
use crate::refusal::Refusal;
use crate::subscription::{Numbers, Subscription};
use crate::sync::Arc;
use crate::ties::Ties;

/// The shell's action after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Effect {
    Nothing,
    /// Wake the task that drives the process.
    Wake,
    /// Wake the task, and stop its code.
    Doomed,
}

/// The state of one process.
#[derive(Debug)]
pub(crate) struct State {
    exited: bool,
    trap_links: bool,
    mailbox: Mailbox,
    events: Events,
    execs: Execs,
    ties: Ties,
    names: HeldNames,
    name_bytes: usize,
    groups: Memberships,
    numbers: Numbers,
    account: Account,
    /// Bytes of arguments, context and identity, as the embedder reports them.
    given: u64,
    interest: Interest,
    doom: Option<Doom>,
    cancel_deadline: Option<Monotonic>,
    waited_for_by: Option<Caller>,
}

/// The reason why a process must end.
#[derive(Clone, Debug)]
pub(crate) struct Doom {
    pub(crate) outcome: Arc<Outcome>,
    /// True if the cause is a failed link. The outcome already says so: it is
    /// passed on along further links unchanged, however long the chain.
    pub(crate) by_link: bool,
}

/// The process that waits, in an exec, for the end of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) pid: Pid,
    pub(crate) subscription: Subscription,
}

/// The parts of an exited process that remain to be handled.
#[derive(Debug)]
pub(crate) struct Remains {
    pub(crate) doom: Option<Doom>,
    pub(crate) ties: Ties,
    pub(crate) names: HeldNames,
    pub(crate) groups: Memberships,
    pub(crate) callees: Vec<Awaited>,
    pub(crate) waited_for_by: Option<Caller>,
    /// Dropped with the reservation: everything held is free before.
    pub(crate) account: Account,
    /// Dropped outside the lock.
    pub(crate) unread: (Mailbox, Events),
}

impl State {
    pub(crate) fn new(account: Account) -> Self {
        State {
            exited: false,
            trap_links: false,
            mailbox: Mailbox::default(),
            events: Events::default(),
            execs: Execs::default(),
            ties: Ties::default(),
            names: HeldNames::default(),
            name_bytes: 0,
            groups: Memberships::default(),
            numbers: Numbers::new(),
            given: account.held(),
            account,
            interest: Interest::default(),
            doom: None,
            cancel_deadline: None,
            waited_for_by: None,
        }
    }
}

/// Identity and end of a process.
impl State {
    pub(crate) fn has_exited(&self) -> bool {
        self.exited
    }

    pub(crate) fn doomed_to(&self) -> Option<&Doom> {
        self.doom.as_ref()
    }

    pub(crate) fn cancel_deadline(&self) -> Option<Monotonic> {
        self.cancel_deadline
    }

    pub(crate) fn trap_links(&self) -> bool {
        self.trap_links
    }

    pub(crate) fn set_trap_links(&mut self, trap: bool) {
        self.trap_links = trap;
    }

    /// Returns whether a receive is pending.
    pub(crate) fn is_waiting(&self) -> bool {
        self.interest.is_pending()
    }

    /// Returns whether a receive is pending, and no work of the embedder may end it.
    pub(crate) fn waits_without_work(&self) -> bool {
        self.is_waiting() && !self.has_exited() && self.doom.is_none() && !self.execs.has_work()
    }

    pub(crate) fn interest(&self) -> &Interest {
        &self.interest
    }

    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    pub(crate) fn events(&self) -> &Events {
        &self.events
    }

    pub(crate) fn ties(&self) -> &Ties {
        &self.ties
    }

    pub(crate) fn execs(&self) -> &Execs {
        &self.execs
    }

    pub(crate) fn names(&self) -> &HeldNames {
        &self.names
    }

    /// Records a name the registry is about to give, or (`held`) has given.
    pub(crate) fn add_name(
        &mut self,
        name: &Arc<str>,
        held: bool,
        config: &HostConfig,
    ) -> Result<(), Refusal> {
        self.check_alive()?;
        if held {
            return Ok(());
        }
        if self.names.len() >= config.max_names {
            return Err(Refusal::TooMany("max_names", config.max_names));
        }
        self.account.admit(memory::NAME + name.len() as u64)?;
        self.names.add(name);
        self.name_bytes += name.len();
        self.recount();
        Ok(())
    }

    pub(crate) fn remove_name(&mut self, name: &str) {
        self.names.remove(name);
        self.name_bytes = self.name_bytes.saturating_sub(name.len());
        self.recount();
    }

    pub(crate) fn groups(&self) -> &Memberships {
        &self.groups
    }

    /// Records a group that the process is about to be a member of.
    pub(crate) fn add_group(
        &mut self,
        name: &Arc<str>,
        config: &HostConfig,
    ) -> Result<(), Refusal> {
        self.check_alive()?;
        if self.groups.len() >= config.max_groups {
            return Err(Refusal::TooMany("max_groups", config.max_groups));
        }
        self.account.admit(memory::MEMBERSHIP + name.len() as u64)?;
        self.groups.add(name);
        self.recount();
        Ok(())
    }

    pub(crate) fn remove_group(&mut self, name: &str) {
        self.groups.remove(name);
        self.recount();
    }

    /// Lets new code take over: all subscriptions end, all messages become
    /// unclaimed again, and the items of feeds and an unread OUTDATED are lost. Returns
    /// the callees and the work that are no longer awaited.
    pub(crate) fn begin_upgrade(&mut self) -> Vec<Awaited> {
        self.interest.clear();
        let (lost, bytes) = self.mailbox.depth_of_feeds();
        self.account.unqueue(lost as u64 * MESSAGE + bytes as u64);
        self.mailbox.close_all();
        self.events.close();
        self.events.drop_outdated();
        let callees = self.execs.abandon();
        self.recount();
        callees
    }

    /// Ends the process. Returns `None` the second time.
    pub(crate) fn exit(&mut self) -> Option<Remains> {
        if std::mem::replace(&mut self.exited, true) {
            return None;
        }
        self.interest.clear();
        self.cancel_deadline = None;
        Some(Remains {
            doom: self.doom.clone(),
            ties: std::mem::take(&mut self.ties),
            names: std::mem::take(&mut self.names),
            groups: std::mem::take(&mut self.groups),
            callees: self.execs.abandon(),
            waited_for_by: self.waited_for_by.take(),
            account: std::mem::take(&mut self.account),
            unread: (
                std::mem::take(&mut self.mailbox),
                std::mem::take(&mut self.events),
            ),
        })
    }

    pub(crate) fn check_alive(&self) -> Result<(), Refusal> {
        if self.exited {
            Err(Refusal::Exited)
        } else {
            Ok(())
        }
    }
}
