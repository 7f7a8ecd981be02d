//! What a process holds of the machine's memory, for whoever runs its code.

use super::Process;
use crate::budget::Spent;
use crate::error::Error;
use crate::outcome::Outcome;
use crate::refusal::Refusal;
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

    /// Counts linear memory that is returned, or was not to be had.
    pub fn shrink_memory(&self, bytes: u64) {
        self.inner.lock().state.shrink(bytes);
    }

    /// Counts all linear memory as returned: its code ended, or other code takes
    /// over.
    pub fn release_memory(&self) {
        self.usage.release_memory();
        let mut inner = self.inner.lock();
        let linear = inner.state.account().linear();
        inner.state.shrink(linear);
    }

    /// Counts what the process was given and keeps, its arguments and context
    /// for example, in place of what was counted so before.
    pub fn set_given(&self, bytes: u64) {
        self.inner.lock().state.set_given(bytes);
    }

    /// Bytes that the process costs in all; none after its end.
    pub fn footprint(&self) -> u64 {
        self.inner.lock().state.account().all()
    }

    /// Decides that the process ends now with this error, whatever it does. The
    /// first decision holds.
    ///
    /// # Errors
    /// `NotFound` where it has exited.
    pub fn end_with(&self, error: Error) -> Result<(), Error> {
        let doom = Doom {
            outcome: Arc::new(Outcome::Failed(Box::new(error))),
            by_link: false,
        };
        self.be_doomed(doom)
            .map_err(|refusal: Refusal| refusal.into_error(self, ""))
    }
}
