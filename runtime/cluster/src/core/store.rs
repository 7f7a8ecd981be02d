//! Operations on the broker's values, and the purpose of each.

use std::collections::BTreeMap;

use warren_kernel::Monotonic;

use super::purpose::Purpose;
use super::{CallId, Core, LOST, Output};
use crate::session::later;
use crate::transport::{Found, Operation, Refusal};
use crate::wire::signal::Signal;

/// The open operations.
#[derive(Debug, Default)]
pub(super) struct Store {
    next: u64,
    open: BTreeMap<u64, (Purpose, Monotonic)>,
}

impl Store {
    /// Returns the number of open operations.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// Returns the time at which the oldest operation counts as lost.
    pub(super) fn next(&self) -> Option<Monotonic> {
        let (_, (_, sent)) = self.open.first_key_value()?;
        Some(later(*sent, LOST))
    }

    /// Forgets all operations, and returns the calls that wait for them.
    pub(super) fn drain(&mut self) -> Vec<CallId> {
        let open = std::mem::take(&mut self.open);
        open.values()
            .filter_map(|(purpose, _)| purpose.call())
            .collect()
    }
}

impl Core {
    /// Begins an operation.
    pub(super) fn ask(&mut self, purpose: Purpose, operation: Operation, now: Monotonic) {
        let number = self.store.next;
        self.store.next += 1;
        self.store.open.insert(number, (purpose, now));
        self.outputs.push_back(Output::Ask(number, operation));
    }

    /// Takes the result of an operation. A result that comes too late is nobody's.
    pub(super) fn answered(&mut self, number: u64, result: Result<Found, Refusal>, now: Monotonic) {
        let Some((purpose, _)) = self.store.open.remove(&number) else {
            return;
        };
        self.carry_on(purpose, result, now);
    }

    /// Counts operations without a result as lost.
    pub(super) fn check_store(&mut self, now: Monotonic) {
        while let Some(at) = self.store.next()
            && at <= now
            && let Some((_, (purpose, _))) = self.store.open.pop_first()
        {
            let lost = Err(Refusal::Unavailable(
                "the broker does not answer".to_owned(),
            ));
            self.carry_on(purpose, lost, now);
        }
    }

    fn carry_on(&mut self, purpose: Purpose, result: Result<Found, Refusal>, now: Monotonic) {
        match purpose {
            Purpose::Renew(generation, sent) => self.renewed(generation, sent, result, now),
            Purpose::ReadOwn => self.read_own(result, now),
            Purpose::List => self.listed(result, now),
            Purpose::EndLease(lease, then) => self.ended_lease(lease, then, result, now),
            Purpose::Take(registering) => self.took(*registering, result, now),
            Purpose::ReadHolder(registering) => self.read_holder(*registering, result, now),
            Purpose::Find(call, name, naming) => self.found(call, name, naming, result, now),
            Purpose::Free(call, name) => self.freed(call, name, result),
            Purpose::Page(call) => self.listed_names(call, result, now),
            Purpose::Release(node, number, name) => {
                self.removed(Some(name), result);
                self.signal(&node, &Signal::Released(number, true));
            }
            Purpose::Leave(pid, name) => self.has_left(pid, name, result),
            Purpose::Sweep(name) => self.swept(name, result, now),
            Purpose::Remove(name) => self.removed(name, result),
        }
    }
}
