//! Threads that run as soon as they wake.
//!
//! If a thread wakes on the core of one that computes, Linux lets the computing thread
//! go on until the next tick of its clock, up to 4 ms later. A woken thread with
//! a shorter time slice runs at once ([EEVDF], `sched_runtime` of `sched_setattr(2)`, both
//! since Linux 6.12; no privilege is needed). Over time such a thread gets no more
//! processor time than others.
//!
//! [EEVDF]: https://docs.kernel.org/scheduler/sched-eevdf.html

/// Shortens the time slice of the calling thread. Has no effect on other systems and older
/// kernels.
pub(crate) fn this_thread() {
    #[cfg(target_os = "linux")]
    linux::shorten_slice();
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::c_uint;
    use std::mem::{size_of, zeroed};

    use libc::{SYS_sched_getattr, SYS_sched_setattr, sched_attr, syscall};

    /// The shortest time slice that Linux allows, in nanoseconds.
    pub(super) const SLICE: u64 = 100_000;

    pub(super) fn shorten_slice() {
        let Some(mut attributes) = attributes() else {
            return;
        };
        // `sched_runtime` means something else to real-time policies.
        if attributes.sched_policy == libc::SCHED_OTHER.unsigned_abs() {
            attributes.sched_runtime = SLICE;
            // SAFETY: the call reads a `sched_attr`, which holds its own size. If
            // Linux refuses, the thread runs as before.
            unsafe { syscall(SYS_sched_setattr, 0, &raw const attributes, 0) };
        }
    }

    /// Returns the attributes of the calling thread.
    pub(super) fn attributes() -> Option<sched_attr> {
        // SAFETY: a `sched_attr` consists of integers, for which 0 is valid.
        let mut attributes: sched_attr = unsafe { zeroed() };
        let size = size_of::<sched_attr>() as c_uint;
        // SAFETY: the call writes at most `size` bytes.
        let result = unsafe { syscall(SYS_sched_getattr, 0, &raw mut attributes, size, 0) };
        (result == 0).then_some(attributes)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_slice_is_short_and_nothing_else_is_changed() {
        let on_a_thread = std::thread::spawn(|| {
            let before = linux::attributes().expect("Linux says");
            this_thread();
            (before, linux::attributes().expect("Linux says"))
        });
        let (before, after) = on_a_thread.join().expect("it ends");
        assert_eq!(before.sched_policy, after.sched_policy);
        assert_eq!(before.sched_nice, after.sched_nice);
        // Kernels without time slices for each thread report 0.
        if before.sched_runtime != 0 {
            assert_eq!(after.sched_runtime, linux::SLICE);
        }
    }
}
