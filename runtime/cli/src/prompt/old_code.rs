//! The processes that run code which a reload has replaced.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use warren::introspection::{Change, Observer, Query};
use warren::{Inspector, Reloaded, text};

/// Changes that wait for the next look, of which further ones are not seen.
const CAPACITY: usize = 10_000;

/// Processes that are kept. Further ones are not told of.
const KEPT: usize = 1_000;

#[derive(Default)]
pub(super) struct OldCode(Mutex<State>);

#[derive(Default)]
struct State {
    /// The ends and upgrades since the first process was noted.
    changes: Option<Observer>,
    /// Definitions by PID.
    processes: BTreeMap<String, String>,
}

impl OldCode {
    /// Notes the living processes of the definitions that a reload has changed. It is called
    /// at the end of the reload: a process that has started since has the new code, and may be
    /// taken for an old one for want of a later moment.
    pub(super) fn note(&self, inspector: &Inspector, reloaded: &Reloaded) {
        if reloaded.changed.is_empty() {
            return;
        }
        let mut state = self.0.lock();
        state.forget(inspector);
        // Before the look, so that no end is missed.
        state
            .changes
            .get_or_insert_with(|| inspector.observe(CAPACITY));
        for process in inspector.processes(&Query::default()).processes {
            let Some(definition) = process.definition else {
                continue;
            };
            if state.processes.len() < KEPT && reloaded.changed.contains(&definition) {
                let pid = process.pid.as_str().to_owned();
                state.processes.insert(pid, definition);
            }
        }
        state.rest();
    }

    /// Returns those that still do.
    pub(super) fn list(&self, inspector: &Inspector) -> Vec<String> {
        let mut state = self.0.lock();
        state.forget(inspector);
        let all = state.processes.iter();
        all.map(|(pid, definition)| format!("{} ({})", text::line(pid), text::line(definition)))
            .collect()
    }
}

impl State {
    /// Forgets processes that have ended or taken new code.
    fn forget(&mut self, inspector: &Inspector) {
        let Some(changes) = &mut self.changes else {
            return;
        };
        for _ in 0..CAPACITY {
            match changes.try_next() {
                Some(Change::Ended { pid, .. } | Change::Upgraded { pid, .. }) => {
                    self.processes.remove(pid.as_str());
                }
                Some(_) => {}
                None => break,
            }
        }
        // The end of one may be among the changes that were missed.
        self.processes
            .retain(|pid, _| inspector.process(pid).is_ok());
        self.rest();
    }

    /// Looks at no changes as long as nothing is kept.
    fn rest(&mut self) {
        if self.processes.is_empty() {
            self.changes = None;
        }
    }
}
