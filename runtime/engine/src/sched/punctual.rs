//! Threads that are to run as soon as they wake.
//!
//! Linux lets a thread that computes go on for a while where another wakes up on
//! its core, and looks at the two again when its clock ticks, which may be 4 ms
//! later. For a thread whose turns are shorter it makes an exception: it runs at
//! once ([EEVDF], `sched_runtime` of `sched_setattr(2)`, both since Linux 6.12; it
//! takes no privilege). Over time such a thread gets no more than others.
//!
//! [EEVDF]: https://docs.kernel.org/scheduler/sched-eevdf.html

/// Asks for that, on the thread that calls. Other systems and older kernels run it
/// as they run every thread.
pub(crate) fn this_thread() {
    #[cfg(target_os = "linux")]
    linux::shorten_turns();
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::c_uint;
    use std::mem::{size_of, zeroed};

    use libc::{SYS_sched_getattr, SYS_sched_setattr, sched_attr, syscall};

    /// The shortest there is, in nanoseconds.
    pub(super) const TURN: u64 = 100_000;

    pub(super) fn shorten_turns() {
        let Some(mut attributes) = attributes() else {
            return;
        };
        // `sched_runtime` means something else to real-time policies.
        if attributes.sched_policy == libc::SCHED_OTHER.unsigned_abs() {
            attributes.sched_runtime = TURN;
            // SAFETY: it reads a `sched_attr`, whose size is in it. Where it is
            // refused, the thread runs as it did.
            unsafe { syscall(SYS_sched_setattr, 0, &raw const attributes, 0) };
        }
    }

    /// Those of the calling thread.
    pub(super) fn attributes() -> Option<sched_attr> {
        // SAFETY: made of integers, for all of which 0 is a value.
        let mut attributes: sched_attr = unsafe { zeroed() };
        let size = size_of::<sched_attr>() as c_uint;
        // SAFETY: it writes as many bytes at most as it is told are there.
        let result = unsafe { syscall(SYS_sched_getattr, 0, &raw mut attributes, size, 0) };
        (result == 0).then_some(attributes)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn turns_are_short_and_nothing_else_is_changed() {
        let on_a_thread = std::thread::spawn(|| {
            let before = linux::attributes().expect("Linux says");
            this_thread();
            (before, linux::attributes().expect("Linux says"))
        });
        let (before, after) = on_a_thread.join().expect("it ends");
        assert_eq!(before.sched_policy, after.sched_policy);
        assert_eq!(before.sched_nice, after.sched_nice);
        // Kernels that know no turns of threads' own say 0.
        if before.sched_runtime != 0 {
            assert_eq!(after.sched_runtime, linux::TURN);
        }
    }
}
