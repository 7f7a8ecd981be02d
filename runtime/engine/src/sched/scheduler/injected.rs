//! Tasks woken from outside the workers.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Runnable;

/// A queue of all workers.
#[derive(Default)]
pub(super) struct Injected {
    /// Follows the queue's, to be read without the lock.
    len: AtomicUsize,
    queue: Mutex<VecDeque<Runnable>>,
}

impl Injected {
    pub(super) fn push(&self, runnable: Runnable) {
        let mut queue = self.lock();
        queue.push_back(runnable);
        self.len.store(queue.len(), Ordering::SeqCst);
    }

    #[inline]
    pub(super) fn pop(&self) -> Option<Runnable> {
        if self.is_empty() {
            return None;
        }
        let mut queue = self.lock();
        let runnable = queue.pop_front();
        self.len.store(queue.len(), Ordering::SeqCst);
        runnable
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len.load(Ordering::SeqCst) == 0
    }

    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::SeqCst)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Runnable>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
