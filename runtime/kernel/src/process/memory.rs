//! The memory of a process, for the embedder that runs its code.

use super::Process;
use crate::budget::Spent;
use crate::error::Error;
use crate::outcome::Outcome;
use crate::state::Doom;
use crate::sync::Arc;

impl Process {
    /// Counts linear memory that the process is about to get.
    ///
    /// # Errors
    /// [`Spent`], naming the budget that has no room; nothing is counted then.
    pub fn grow_memory(&self, bytes: u64) -> Result<(), Spent> {
        self.inner.lock().state.grow(bytes)
    }

    /// Counts linear memory that the process held before and gets back, whatever the
    /// budgets say.
    pub fn force_memory(&self, bytes: u64) {
        self.inner.lock().state.force(bytes);
    }

    /// Sets the cost of the process's existence, whatever the budgets say. It is that of an
    /// instance, or less while the process has none.
    pub fn set_base(&self, bytes: u64) {
        self.inner.lock().state.set_base(bytes);
    }

    /// Counts linear memory that was returned, or could not be allocated.
    pub fn shrink_memory(&self, bytes: u64) {
        self.inner.lock().state.shrink(bytes);
    }

    /// Counts all linear memory as returned: the process's code ended, or other
    /// code takes over.
    pub fn release_memory(&self) {
        self.usage.release_memory();
        let mut inner = self.inner.lock();
        let linear = inner.state.account().linear();
        inner.state.shrink(linear);
    }

    /// Sets the bytes that the process was given and keeps, for example its
    /// arguments and context.
    pub fn set_given(&self, bytes: u64) {
        self.inner.lock().state.set_given(bytes);
    }

    /// Returns the whole cost of the process in bytes; 0 after its end.
    pub fn footprint(&self) -> u64 {
        self.inner.lock().state.account().all()
    }

    /// Decides that the process ends now with this error, whatever it does. The
    /// first decision holds.
    ///
    /// # Errors
    /// `NotFound` if the process has exited.
    pub fn end_with(&self, error: Error) -> Result<(), Error> {
        let doom = Doom {
            outcome: Arc::new(Outcome::Failed(Box::new(error))),
            by_link: false,
        };
        self.doom(doom)
    }
}
