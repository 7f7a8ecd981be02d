//! The bytes the runtime holds for a process beside its messages.

use super::State;
use crate::account::Account;
use crate::budget::Spent;
use crate::outcome::Outcome;
use crate::sync::Arc;

/// Bytes of a peer that a process is tied to.
pub(super) const PEER: u64 = 64;

/// Bytes of a link or a monitor. The event that follows is counted from the
/// beginning, since it cannot be refused.
pub(super) const TIE: u64 = 128;

/// Bytes of an outcome that have room in its event.
const SMALL_OUTCOME: usize = 256;

/// Bytes of a listener, a usual topic included.
pub(super) const LISTENER: u64 = 512;

/// Bytes of a name beside its text, here and in the registry.
pub(super) const NAME: u64 = 192;

/// Bytes of a membership beside the name of its group, here and in the group.
pub(super) const MEMBERSHIP: u64 = 256;

/// Bytes of an exec.
pub(super) const EXEC: u64 = 192;

impl State {
    /// Returns the process's account.
    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    /// Counts linear memory; see [`Account::grow`].
    pub(crate) fn grow(&mut self, bytes: u64) -> Result<(), Spent> {
        self.account.grow(bytes)
    }

    /// Counts linear memory; see [`Account::force_linear`].
    pub(crate) fn force(&mut self, bytes: u64) {
        self.account.force_linear(bytes);
    }

    /// Sets the cost of the process's existence; see [`Account::set_base`].
    pub(crate) fn set_base(&mut self, bytes: u64) {
        self.account.set_base(bytes);
    }

    /// Counts linear memory that was returned.
    pub(crate) fn shrink(&mut self, bytes: u64) {
        self.account.shrink(bytes);
    }

    /// Sets the bytes that the process was given.
    pub(crate) fn set_given(&mut self, bytes: u64) {
        if !self.exited {
            self.given = bytes;
            self.recount();
        }
    }

    /// Counts the last error.
    pub(crate) fn set_error_bytes(&mut self, bytes: usize) {
        if !self.exited {
            self.account.error = bytes as u64;
            self.recount();
        }
    }

    /// Recounts the bytes held beside messages, after each step that may have
    /// changed them.
    pub(super) fn recount(&mut self) {
        let (ties, events, execs) = (&self.ties, &self.events, &self.execs);
        let bound = ties.links() + ties.monitors() + events.exits() + events.link_downs();
        let kept = ties.peers() as u64 * PEER
            + bound as u64 * TIE
            + execs.len() as u64 * EXEC
            + (events.outcome_bytes() + execs.bytes()) as u64
            + self.mailbox.listeners() as u64 * LISTENER
            + self.names.len() as u64 * NAME
            + self.name_bytes as u64
            + self.groups.len() as u64 * MEMBERSHIP
            + self.groups.bytes() as u64
            + self.account.error
            + self.given;
        self.account.keep(kept);
    }

    /// Returns an outcome as this process is told of it: without value, a guest's details
    /// and stack if it has no room for them.
    pub(super) fn told(&mut self, outcome: &Arc<Outcome>) -> Arc<Outcome> {
        let bytes = outcome.bytes();
        if bytes <= SMALL_OUTCOME {
            return Arc::clone(outcome);
        }
        match self.account.admit(bytes as u64) {
            Ok(()) => Arc::clone(outcome),
            Err(spent) => Arc::new(outcome.without_payload(spent, self.account.host())),
        }
    }
}
