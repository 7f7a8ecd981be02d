//! The account of one process: the memory it holds, checked against its own
//! limit and the budget of its host.
//!
//! The account changes under the lock of its process, together with the
//! process's state. A message costs one comparison and one addition. The
//! account takes from the host's budget in grains and keeps some of the freed
//! bytes, so a queue that fills and empties rarely touches the counters that
//! all threads share.

use std::fmt;

use crate::budget::{Budget, Spent, Which};
use crate::sync::Arc;

/// Overhead of one message in bytes, beside its own bytes: its entry in a queue
/// and the allocator's share.
pub(crate) const MESSAGE: u64 = 64;

/// Bytes that a process can hold without asking its host; part of its base.
const SLACK: u64 = 4 << 10;

/// Smallest and largest number of bytes taken from the host's budget at a time.
const LEAST: u64 = 16 << 10;
const MOST: u64 = 1 << 20;

/// Free bytes an account keeps; the rest is given back, except for half of the
/// bytes in use.
const KEPT_FREE: u64 = 64 << 10;

/// Part of the limit up to which the runtime's own bytes take nothing from
/// linear memory. A process that has used up its memory still receives events,
/// and one message does not cost it a page.
const SHARE_OF_HELD: u64 = 16;

/// The account of one process. Dropping the account gives its bytes back.
pub(crate) struct Account {
    /// Budget of the host; absent after the end of the process.
    budget: Option<Arc<Budget>>,
    limit: u64,
    /// Cost of the process's existence.
    base: u64,
    linear: u64,
    /// Bytes of messages in the process's queues.
    queued: u64,
    /// All other bytes that the runtime holds for the process.
    kept: u64,
    /// Bytes of the last error, a part of `kept`.
    pub(crate) error: u64,
    /// Bytes that may be used before the host is asked for more.
    room: u64,
    /// The lesser of `room` and `limit`.
    ceiling: u64,
}

impl Account {
    /// Opens an account whose limit does not count the base. Bytes that are
    /// kept from the beginning are never refused.
    pub(crate) fn open(
        budget: &Arc<Budget>,
        limit: u64,
        base: u64,
        kept: u64,
    ) -> Result<Account, Spent> {
        let room = kept.saturating_add(SLACK);
        budget.take(base.saturating_add(room))?;
        Ok(Account {
            budget: Some(Arc::clone(budget)),
            limit,
            base,
            linear: 0,
            queued: 0,
            kept,
            error: 0,
            room,
            ceiling: room.min(limit),
        })
    }

    /// Returns the name of the process's host; empty after the end of the process.
    pub(crate) fn host(&self) -> &str {
        self.budget.as_ref().map_or("", |budget| budget.host())
    }

    /// Returns the bytes of linear memory.
    pub(crate) fn linear(&self) -> u64 {
        self.linear
    }

    /// Returns the bytes that the runtime holds for the process.
    pub(crate) fn held(&self) -> u64 {
        self.queued + self.kept
    }

    /// Returns the whole cost of the process.
    pub(crate) fn all(&self) -> u64 {
        self.base + self.used()
    }

    /// Returns whether `bytes` more may be held.
    #[inline]
    pub(crate) fn admit(&mut self, bytes: u64) -> Result<(), Spent> {
        if self.used().saturating_add(bytes) <= self.ceiling {
            return Ok(());
        }
        self.ask_for(bytes)
    }

    /// Counts a message that was admitted.
    #[inline]
    pub(crate) fn queue(&mut self, bytes: u64) {
        self.queued += bytes;
    }

    /// Counts one message less.
    #[inline]
    pub(crate) fn unqueue(&mut self, bytes: u64) {
        self.queued = self.queued.saturating_sub(bytes);
        self.give_back_much();
    }

    /// Sets the bytes that the runtime holds beside messages. Bytes that are
    /// held already count whatever the limits say.
    pub(crate) fn keep(&mut self, bytes: u64) {
        self.kept = bytes;
        if self.used() > self.room {
            self.force(self.used() - self.room);
        } else {
            self.give_back_much();
        }
    }

    /// Counts linear memory.
    pub(crate) fn grow(&mut self, bytes: u64) -> Result<(), Spent> {
        let beyond_share = self.held().saturating_sub(self.limit / SHARE_OF_HELD);
        let linear = self.linear.saturating_add(bytes);
        if linear.saturating_add(beyond_share) > self.limit {
            return Err(self.spent());
        }
        let used = self.used().saturating_add(bytes);
        if used > self.room {
            self.reserve(used)?;
        }
        self.linear += bytes;
        Ok(())
    }

    /// Counts linear memory, whatever the limits say.
    pub(crate) fn force_linear(&mut self, bytes: u64) {
        self.linear = self.linear.saturating_add(bytes);
        let used = self.used();
        if used > self.room {
            self.force(used - self.room);
        }
    }

    /// Sets the cost of the process's existence, whatever the limits say.
    pub(crate) fn set_base(&mut self, base: u64) {
        if let Some(budget) = &self.budget {
            if base > self.base {
                budget.force(base - self.base);
            } else {
                budget.give(self.base - base);
            }
            self.base = base;
        }
    }

    /// Counts linear memory that was returned.
    pub(crate) fn shrink(&mut self, bytes: u64) {
        self.linear = self.linear.saturating_sub(bytes);
        self.give_back_much();
    }

    fn used(&self) -> u64 {
        self.linear + self.queued + self.kept
    }

    fn spent(&self) -> Spent {
        Spent {
            which: Which::Process,
            limit: self.limit,
        }
    }

    #[cold]
    fn ask_for(&mut self, bytes: u64) -> Result<(), Spent> {
        let used = self.used().saturating_add(bytes);
        let held = self.held().saturating_add(bytes);
        if used > self.limit && held > self.limit / SHARE_OF_HELD {
            return Err(self.spent());
        }
        if used > self.room {
            self.reserve(used)?;
        }
        Ok(())
    }

    /// Makes room for `used` bytes: with a grain to spare, or exactly where the
    /// budget has no grain left.
    fn reserve(&mut self, used: u64) -> Result<(), Spent> {
        let needed = used - self.room;
        let Some(budget) = &self.budget else {
            return Ok(());
        };
        let grain = (used / 4).clamp(LEAST, MOST);
        let taken = match budget.take(needed.saturating_add(grain)) {
            Ok(()) => needed + grain,
            Err(_) => {
                budget.take(needed)?;
                needed
            }
        };
        self.set_room(self.room + taken);
        Ok(())
    }

    fn force(&mut self, bytes: u64) {
        if let Some(budget) = &self.budget {
            budget.force(bytes);
            self.set_room(self.room + bytes);
        }
    }

    #[inline]
    fn give_back_much(&mut self) {
        if self.room - self.used().min(self.room) > KEPT_FREE {
            self.give_back();
        }
    }

    #[cold]
    fn give_back(&mut self) {
        let used = self.used();
        let free = self.room - used;
        let Some(budget) = &self.budget else { return };
        if free > used / 2 {
            let left = (used + used / 4).max(used + LEAST).max(SLACK);
            budget.give(self.room - left);
            self.set_room(left);
        }
    }

    fn set_room(&mut self, room: u64) {
        self.room = room;
        self.ceiling = room.min(self.limit);
    }
}

/// Prints no fields: the account follows from the process's state, which is
/// printed beside it.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Account")
    }
}

impl Default for Account {
    /// Returns an account without a budget and without limits.
    fn default() -> Account {
        Account {
            budget: None,
            limit: u64::MAX,
            base: 0,
            linear: 0,
            queued: 0,
            kept: 0,
            error: 0,
            room: u64::MAX,
            ceiling: u64::MAX,
        }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        if let Some(budget) = &self.budget {
            budget.give(self.base + self.room);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn host(limit: u64) -> Arc<Budget> {
        Arc::new(Budget::of_host(
            "a:b",
            limit,
            &Arc::new(Budget::of_runtime(1 << 40)),
        ))
    }

    fn which(result: Result<(), Spent>) -> Option<Which> {
        result.err().map(|spent| spent.which)
    }

    #[test]
    fn a_small_process_is_counted_and_asks_for_nothing_more() {
        let budget = host(MIB);
        let mut account = Account::open(&budget, MIB, 1000, 0).unwrap();
        assert_eq!(budget.used(), 1000 + SLACK);
        for _ in 0..10 {
            account.admit(400).unwrap();
            account.queue(400);
        }
        account.unqueue(4000);
        assert_eq!(budget.used(), 1000 + SLACK);
        drop(account);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn a_process_without_an_instance_costs_less_and_always_comes_back() {
        let budget = host(MIB);
        let mut account = Account::open(&budget, MIB, 40_000, 0).unwrap();
        account.set_base(1_000);
        account.force_linear(2_000);
        assert_eq!(account.all(), 3_000);
        assert_eq!(budget.used(), 1_000 + SLACK);
        let rest = MIB - budget.used();
        budget.take(rest).unwrap();
        account.shrink(2_000);
        account.set_base(40_000);
        account.force_linear(100_000);
        assert_eq!(account.all(), 140_000);
        assert_eq!(budget.used(), rest + 140_000);
        drop(account);
        assert_eq!(budget.used(), rest);
    }

    #[test]
    fn more_is_taken_in_grains_and_given_back() {
        let budget = host(100 * MIB);
        let mut account = Account::open(&budget, 50 * MIB, 0, 0).unwrap();
        let mut changes = 0;
        for _ in 0..10_000 {
            let before = budget.used();
            account.admit(1000).unwrap();
            account.queue(1000);
            changes += usize::from(before != budget.used());
            assert!(budget.used() >= account.all());
        }
        assert!(changes < 100, "{changes}");
        for _ in 0..10_000 {
            account.unqueue(1000);
        }
        assert!(budget.used() <= SLACK + KEPT_FREE, "{}", budget.used());
        drop(account);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn one_limit_holds_for_linear_memory_and_what_is_held() {
        let budget = host(1 << 40);
        let mut account = Account::open(&budget, 16 * MIB, 0, 0).unwrap();
        account.grow(10 * MIB).unwrap();
        account.admit(6 * MIB).unwrap();
        account.queue(6 * MIB);
        assert_eq!(which(account.admit(1)), Some(Which::Process));
        assert_eq!(which(account.grow(2 * MIB)), Some(Which::Process));
        account.unqueue(6 * MIB);
        // The whole limit is linear memory now; a part is left for messages.
        account.grow(6 * MIB).unwrap();
        assert_eq!(account.linear(), 16 * MIB);
        account.admit(MIB).unwrap();
        account.queue(MIB);
        assert_eq!(which(account.admit(1)), Some(Which::Process));
    }

    #[test]
    fn the_hosts_last_bytes_are_given_exactly() {
        let budget = host(SLACK + 100);
        let mut account = Account::open(&budget, MIB, 0, 0).unwrap();
        account.admit(SLACK + 100).unwrap();
        account.queue(SLACK + 100);
        assert_eq!(which(account.admit(1)), Some(Which::Host));
        assert!(Account::open(&budget, MIB, 0, 0).is_err());
        account.keep(50);
        assert_eq!(budget.used(), SLACK + 150);
        drop(account);
        assert_eq!(budget.used(), 0);
    }
}
