//! Where a process is at a moment, for those who look at it from outside.
//!
//! Only a guest's own code can read the stack of its language, and it is busy.
//! So the process is asked for no more than a copy of its memory, which it gives
//! where the worker has its instance in hand anyway: when it is woken while it
//! waits, or is preempted. Another instance of the same code is then given that
//! memory and says what is in it ([`explain`](crate::node::explain::explain)). To the process itself nothing
//! happens but the copy; where nobody asks, one load at each preemption, and
//! where a process is woken and finds nothing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use warren_kernel::{Pid, Process};

use crate::code::artifact::Artifact;

/// Who is to show itself, and to whom.
#[derive(Default)]
pub(crate) struct Stacks {
    /// How many are asked, to be read without the lock.
    asked: AtomicUsize,
    askers: Mutex<HashMap<Pid, Vec<oneshot::Sender<Arc<Sight>>>>>,
}

/// What a process shows of itself.
pub(crate) enum Sight {
    /// Its memory, and the code that can read it.
    Memory {
        artifact: Arc<Artifact>,
        bytes: Vec<u8>,
    },
    /// The WebAssembly functions it is in.
    Functions(String),
    /// Nothing, for this reason.
    Nothing(String),
}

/// A receive was interrupted because the process is to show itself; it is to be
/// called again.
#[derive(Debug, thiserror::Error)]
#[error("the process is looked at")]
pub(crate) struct Asked;

impl Stacks {
    /// Asks a process; what comes back yields its answer, once it is where it
    /// can give one.
    pub(crate) fn ask(&self, process: Pid) -> oneshot::Receiver<Arc<Sight>> {
        let (asker, answer) = oneshot::channel();
        let mut askers = self.lock();
        askers.entry(process).or_default().push(asker);
        self.asked.store(askers.len(), Ordering::Relaxed);
        answer
    }

    /// Those who lost patience are asked no more.
    pub(crate) fn forget_gone(&self) {
        let mut askers = self.lock();
        askers.retain(|_, askers| {
            askers.retain(|asker| !asker.is_closed());
            !askers.is_empty()
        });
        self.asked.store(askers.len(), Ordering::Relaxed);
    }

    /// Whether a process is to show itself.
    #[inline]
    pub(crate) fn asks(&self, process: &Process) -> bool {
        self.asked.load(Ordering::Relaxed) > 0 && self.lock().contains_key(&process.pid())
    }

    /// The answer of a process.
    pub(crate) fn answer(&self, process: &Process, sight: Sight) {
        let mut askers = self.lock();
        let answered = askers.remove(&process.pid());
        self.asked.store(askers.len(), Ordering::Relaxed);
        drop(askers);
        let sight = Arc::new(sight);
        for asker in answered.into_iter().flatten() {
            // Who is gone needs no answer.
            let _ = asker.send(Arc::clone(&sight));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Pid, Vec<oneshot::Sender<Arc<Sight>>>>> {
        self.askers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
