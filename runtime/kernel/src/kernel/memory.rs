//! The processes that hold most of the machine's memory.

use std::cmp::Reverse;

use super::Kernel;
use crate::budget::Budget;
use crate::host::Host;
use crate::process::Process;
use crate::sync::Arc;

impl Kernel {
    /// Returns the budget of all processes of all hosts.
    pub fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// Returns the largest processes, largest first, in the host that is
    /// furthest over its share. The share is the host's `max_memory_total`, or
    /// an equal part of the runtime's memory. Returns as many as hold `bytes`
    /// bytes together, and at least one if there is any.
    pub fn largest(&self, bytes: u64) -> Vec<Arc<Process>> {
        let mut hosts = self.hosts();
        hosts.extend(self.leaving_hosts());
        let equal = self.budget.limit() / (hosts.len() as u64).max(1);
        let over = |host: &Arc<Host>| {
            let share = host.memory().total.unwrap_or(equal);
            i128::from(host.budget().used()) - i128::from(share)
        };
        let occupied = hosts.iter().filter(|host| host.live() > 0);
        let Some(host) = occupied.max_by_key(|host| over(host)) else {
            return Vec::new();
        };
        let mut all: Vec<_> = self
            .scan()
            .filter(|process| process.host().is(host) && !process.is_doomed())
            .map(|process| (process.footprint(), process))
            .collect();
        all.sort_unstable_by_key(|(footprint, process)| (Reverse(*footprint), process.pid()));
        let mut sum = 0;
        let enough = all.iter().position(|(footprint, _)| {
            sum += footprint;
            sum >= bytes
        });
        all.truncate(enough.map_or(all.len(), |last| last + 1));
        all.into_iter().map(|(_, process)| process).collect()
    }
}
