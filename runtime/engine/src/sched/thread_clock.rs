//! The processor time of a thread, readable from other threads.

/// The clock of one thread. It stands still while the thread waits for a core.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ThreadClock(
    #[cfg(target_os = "linux")] libc::clockid_t,
    #[cfg(not(target_os = "linux"))] std::convert::Infallible,
);

/// Does work on this thread. Returns its result, and the nanoseconds that the thread has
/// computed for it: 0 on systems without such clocks.
pub(crate) fn measured<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let clock = ThreadClock::of_this();
    let now = || clock.and_then(ThreadClock::read).unwrap_or_default();
    let begun = now();
    let result = work();
    (result, now().saturating_sub(begun))
}

impl ThreadClock {
    /// The clock of the thread that calls; `None` on systems without such clocks.
    #[cfg(target_os = "linux")]
    pub(crate) fn of_this() -> Option<ThreadClock> {
        let mut clock = 0;
        // SAFETY: the calling thread exists, and the pointer is to `clock`.
        let failed = unsafe { libc::pthread_getcpuclockid(libc::pthread_self(), &raw mut clock) };
        (failed == 0).then_some(ThreadClock(clock))
    }

    /// The clock of the thread that calls; `None` on systems without such clocks.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn of_this() -> Option<ThreadClock> {
        None
    }

    /// Nanoseconds that the thread has computed; `None` once it has ended.
    #[cfg(target_os = "linux")]
    pub(crate) fn read(self) -> Option<u64> {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: the pointer is to `time`; an unknown clock is an error.
        let failed = unsafe { libc::clock_gettime(self.0, &raw mut time) };
        let seconds = u64::try_from(time.tv_sec).ok()?;
        let nanoseconds = u64::try_from(time.tv_nsec).ok()?;
        (failed == 0).then(|| {
            seconds
                .saturating_mul(1_000_000_000)
                .saturating_add(nanoseconds)
        })
    }

    /// Nanoseconds that the thread has computed; `None` once it has ended.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn read(self) -> Option<u64> {
        match self.0 {}
    }
}
