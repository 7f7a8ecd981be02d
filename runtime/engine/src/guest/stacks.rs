//! Requests for the current calls of a process, and the answers.
//!
//! Only a guest's own code can read the stack of its language, and that code is
//! busy. So the runtime takes a copy of the process's memory when a worker holds
//! the instance anyway: when the process is preempted, or is woken while it waits.
//! A second instance of the same code then reads the copy
//! ([`explain`](crate::node::explain::explain)). The process itself pays for the
//! copy alone. Without a request, the cost is one load at each preemption and at
//! each wake without a message.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::oneshot;
use warren_kernel::{Pid, Process};

use crate::code::artifact::Artifact;
use crate::code::symbols::Frame;

/// The requests that are not answered yet.
#[derive(Default)]
pub(crate) struct Stacks {
    /// The number of asked processes. Guests read it without taking the lock.
    asked: AtomicUsize,
    askers: Mutex<HashMap<Pid, Vec<oneshot::Sender<Arc<Sight>>>>>,
}

/// The answer of a process.
pub(crate) enum Sight {
    /// A copy of its memory, and the code that can read the copy.
    Memory {
        artifact: Arc<Artifact>,
        bytes: Vec<u8>,
    },
    /// The WebAssembly functions on its stack, and the code that they are in.
    Functions {
        artifact: Option<Arc<Artifact>>,
        frames: Vec<Frame>,
    },
    /// Nothing; the text is the reason.
    Nothing(String),
}

/// Returned by a receive that was interrupted because the process is to show
/// itself. The caller answers, and receives again.
#[derive(Debug, thiserror::Error)]
#[error("the receive was interrupted to read the stack of the process")]
pub(crate) struct Asked;

impl Stacks {
    /// Asks a process. The receiver yields the answer when the process is next
    /// preempted or woken.
    pub(crate) fn ask(&self, process: Pid) -> oneshot::Receiver<Arc<Sight>> {
        let (asker, answer) = oneshot::channel();
        let mut askers = self.askers.lock();
        askers.entry(process).or_default().push(asker);
        self.asked.store(askers.len(), Ordering::Relaxed);
        answer
    }

    /// Forgets requests whose receiver was dropped.
    pub(crate) fn forget_gone(&self) {
        let mut askers = self.askers.lock();
        askers.retain(|_, askers| {
            askers.retain(|asker| !asker.is_closed());
            !askers.is_empty()
        });
        self.asked.store(askers.len(), Ordering::Relaxed);
    }

    /// Returns true if a process is to show itself.
    #[inline]
    pub(crate) fn asks(&self, process: &Process) -> bool {
        self.asked.load(Ordering::Relaxed) > 0 && self.askers.lock().contains_key(&process.pid())
    }

    /// Gives the answer of a process to everyone who asked.
    pub(crate) fn answer(&self, process: &Process, sight: Sight) {
        let mut askers = self.askers.lock();
        let answered = askers.remove(&process.pid());
        self.asked.store(askers.len(), Ordering::Relaxed);
        drop(askers);
        let sight = Arc::new(sight);
        for asker in answered.into_iter().flatten() {
            // Fails only if the receiver was dropped.
            let _ = asker.send(Arc::clone(&sight));
        }
    }
}
