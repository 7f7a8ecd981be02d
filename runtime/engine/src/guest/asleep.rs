//! Notes of calls that wait for a time and nothing else, for virtual time.

use std::sync::Arc;

use warren_kernel::Process;

/// A wait of a process for a time, within a call that waits for the runtime.
pub(crate) struct Asleep(Arc<Process>);

impl Asleep {
    pub(crate) fn new(process: Arc<Process>) -> Asleep {
        process.usage().begin_sleep();
        Asleep(process)
    }
}

impl Drop for Asleep {
    fn drop(&mut self) {
        self.0.usage().end_sleep();
    }
}

/// A wait of a process for the first of several things. Those that are times are
/// [`Asleep`] meanwhile.
pub(crate) struct WaitsForFirst(Arc<Process>);

impl WaitsForFirst {
    pub(crate) fn of(process: Arc<Process>, things: usize) -> WaitsForFirst {
        let things = u16::try_from(things).unwrap_or(u16::MAX);
        process.usage().set_waits(things);
        WaitsForFirst(process)
    }
}

impl Drop for WaitsForFirst {
    fn drop(&mut self) {
        self.0.usage().set_waits(0);
    }
}
