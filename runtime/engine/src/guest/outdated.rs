//! Processes that want to know when a reload changes their code.
//!
//! One lock orders a reload and the processes that ask: a process that asks before the
//! new definitions are in place is told by the reload, a later one at once. So each is
//! told, however a reload and a spawn meet, and nobody is told twice.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::Waker;

use parking_lot::Mutex;
use warren_kernel::{Pid, Process, Timestamp};

use crate::code::definition::{Edition, Source};
use crate::code::program::Program;

/// The present edition, and the processes that ask for OUTDATED.
pub(crate) struct Outdated(Mutex<State>);

struct State {
    edition: Edition,
    asking: HashMap<Pid, Asking>,
}

struct Asking {
    process: Arc<Process>,
    program: Arc<Program>,
}

impl Outdated {
    pub(crate) fn new(edition: Edition) -> Outdated {
        Outdated(Mutex::new(State {
            edition,
            asking: HashMap::new(),
        }))
    }

    /// Tells a process from now on when the code of this program changes. Tells it at once
    /// if the code has changed already.
    pub(crate) fn ask(&self, process: &Arc<Process>, program: &Arc<Program>, at: Timestamp) {
        let mut state = self.0.lock();
        let asking = Asking {
            process: Arc::clone(process),
            program: Arc::clone(program),
        };
        if state.asking.insert(process.pid(), asking).is_some() {
            return;
        }
        let sources = program.changes(None, &state.edition);
        let waker = tell(process, at, &sources);
        drop(state);
        wake(waker);
    }

    /// Returns true if a process is told.
    pub(crate) fn is_asking(&self, process: Pid) -> bool {
        self.0.lock().asking.contains_key(&process)
    }

    /// Tells a process no more.
    pub(crate) fn withdraw(&self, process: Pid) {
        let withdrawn = self.0.lock().asking.remove(&process);
        // Dropped without the lock: it may be the last reference to the program.
        drop(withdrawn);
    }

    /// Tells a process that asks about what its program has just required for the first
    /// time, if a reload has changed it before: a file, or by the name of an import what
    /// that gave.
    pub(crate) fn has_required(
        &self,
        process: Pid,
        import: Option<&str>,
        source: Option<&Source>,
        at: Timestamp,
    ) {
        let state = self.0.lock();
        let Some(Asking { process, program }) = state.asking.get(&process) else {
            return;
        };
        let Some(id) = program.change_of(import, source, &state.edition) else {
            return;
        };
        let waker = tell(process, at, &[id]);
        drop(state);
        wake(waker);
    }

    /// Puts another edition in place, by `replace`, and tells the processes whose code
    /// has changed. Returns their number.
    pub(crate) fn replace(
        &self,
        edition: &Edition,
        at: Timestamp,
        replace: impl FnOnce(),
    ) -> usize {
        let mut state = self.0.lock();
        let before = std::mem::replace(&mut state.edition, edition.clone());
        replace();
        // Most processes share their program with others.
        let mut changes: HashMap<*const Program, Vec<Arc<str>>> = HashMap::new();
        let mut wakers = Vec::new();
        let mut told = 0;
        for Asking { process, program } in state.asking.values() {
            let sources = changes
                .entry(Arc::as_ptr(program))
                .or_insert_with(|| program.changes(Some(&before), edition));
            told += usize::from(!sources.is_empty());
            wakers.extend(tell(process, at, sources));
        }
        drop(state);
        // Freed without the lock.
        drop(before);
        for waker in wakers {
            waker.wake();
        }
        told
    }
}

fn tell(process: &Process, at: Timestamp, sources: &[Arc<str>]) -> Option<Waker> {
    if sources.is_empty() {
        return None;
    }
    process.tell_outdated(at, sources)
}

/// A waker may run what drops a process, which withdraws: no lock is held.
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
