//! The cores that workers run on, and threads that work for a worker.
//!
//! If no core is idle, Linux wakes a thread on the core on which it ran last, where it
//! interrupts the thread that runs. A thread that opens a file for a process of one worker
//! would so interrupt another worker for each file, while the first worker waits for the
//! file and leaves its own core idle. Two processes that talk on the other worker would
//! wait at each file. So the thread moves to the core of the worker that it works for, and
//! Linux wakes it there the next time. On two cores, beside a thread that computes, a
//! thread had files opened by 16 others: they interrupted the first one 8 times in a
//! millisecond, and once since they move, and opened twice as many files.
//!
//! A thread that was woken on an idle core stays there. Other systems decide alone.

/// A core, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Core(
    #[cfg(target_os = "linux")] usize,
    #[cfg(not(target_os = "linux"))] std::convert::Infallible,
);

#[cfg(target_os = "linux")]
pub(crate) use linux::{follow, of_this_worker, worker_runs, worker_sleeps};
#[cfg(not(target_os = "linux"))]
pub(crate) use other::{follow, of_this_worker, worker_runs, worker_sleeps};

#[cfg(not(target_os = "linux"))]
mod other {
    use super::Core;

    pub(crate) fn worker_runs() {}

    pub(crate) fn worker_sleeps() {}

    pub(crate) fn of_this_worker() -> Option<Core> {
        None
    }

    pub(crate) fn follow(worker: Core) {
        match worker.0 {}
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::cell::Cell;
    use std::mem::{size_of, zeroed};
    use std::sync::atomic::{AtomicU64, Ordering};

    use libc::{CPU_ISSET, CPU_SET, cpu_set_t};

    use super::Core;

    /// Bytes of a set of cores.
    const SET: usize = size_of::<cpu_set_t>();

    /// Cores of such a set: 1,024 with glibc. Threads on further cores stay where they are.
    const CORES: usize = SET * 8;

    /// The cores on which the workers of all nodes of the program run.
    static OF_WORKERS: Busy = Busy::new();

    thread_local! {
        /// The core that this worker has noted.
        static NOTED: Cell<Option<Core>> = const { Cell::new(None) };
    }

    /// A bit for each core. Two workers may have the same core for a moment, and the first
    /// one that leaves clears the bit: the other one sets it again.
    pub(super) struct Busy([AtomicU64; CORES / 64]);

    impl Busy {
        pub(super) const fn new() -> Busy {
            Busy([const { AtomicU64::new(0) }; CORES / 64])
        }

        pub(super) fn has(&self, core: Core) -> bool {
            let word = self.0[core.0 / 64].load(Ordering::Relaxed);
            word & 1 << (core.0 % 64) != 0
        }

        pub(super) fn add(&self, core: Core) {
            self.0[core.0 / 64].fetch_or(1 << (core.0 % 64), Ordering::Relaxed);
        }

        pub(super) fn remove(&self, core: Core) {
            self.0[core.0 / 64].fetch_and(!(1 << (core.0 % 64)), Ordering::Relaxed);
        }

        /// Moves this thread from one of these cores to another core. Returns true if the
        /// thread was moved.
        pub(super) fn follow(&self, to: Core) -> bool {
            let Some(here) = present() else {
                return false;
            };
            if here == to || !self.has(here) {
                return false;
            }
            let Some(all) = allowed().filter(|all| contains(all, to)) else {
                return false;
            };
            // The first call moves the thread before it returns. If Linux refuses it, the
            // thread stays.
            allow(&only(to)) && allow(&all)
        }
    }

    /// Notes, on a worker, that it runs on the present core. To be called after each sleep,
    /// and now and then, as Linux moves threads.
    #[inline]
    pub(crate) fn worker_runs() {
        let Some(core) = present() else {
            return;
        };
        let noted = NOTED.get();
        if noted == Some(core) && OF_WORKERS.has(core) {
            return;
        }
        if let Some(noted) = noted {
            OF_WORKERS.remove(noted);
        }
        OF_WORKERS.add(core);
        NOTED.set(Some(core));
    }

    /// Notes, on a worker, that it leaves its core idle.
    pub(crate) fn worker_sleeps() {
        if let Some(noted) = NOTED.take() {
            OF_WORKERS.remove(noted);
        }
    }

    /// Returns the core of the worker that this thread is; `None` if it is no worker.
    pub(crate) fn of_this_worker() -> Option<Core> {
        NOTED.get()?;
        worker_runs();
        NOTED.get()
    }

    /// Moves this thread to the core of the worker that it works for, if it runs on that of
    /// another worker. Linux may move it on from there, as before.
    pub(crate) fn follow(worker: Core) {
        OF_WORKERS.follow(worker);
    }

    /// Returns the core of this thread.
    pub(super) fn present() -> Option<Core> {
        // SAFETY: the call has no preconditions.
        let core = unsafe { libc::sched_getcpu() };
        let core = usize::try_from(core).ok()?;
        (core < CORES).then_some(Core(core))
    }

    /// Returns the cores that this thread may run on.
    pub(super) fn allowed() -> Option<cpu_set_t> {
        // SAFETY: a set consists of integers, for which 0 is valid.
        let mut set: cpu_set_t = unsafe { zeroed() };
        // SAFETY: the call writes at most `SET` bytes. It fails on machines with more cores.
        let result = unsafe { libc::sched_getaffinity(0, SET, &raw mut set) };
        (result == 0).then_some(set)
    }

    /// Lets this thread run on these cores only. Returns false if Linux refuses.
    pub(super) fn allow(set: &cpu_set_t) -> bool {
        // SAFETY: the call reads `SET` bytes.
        unsafe { libc::sched_setaffinity(0, SET, &raw const *set) == 0 }
    }

    /// Makes a set of one core.
    pub(super) fn only(core: Core) -> cpu_set_t {
        // SAFETY: a set consists of integers, for which 0 is valid.
        let mut set: cpu_set_t = unsafe { zeroed() };
        // SAFETY: a core is less than `CORES`.
        unsafe { CPU_SET(core.0, &mut set) };
        set
    }

    /// Returns true if a set has this core.
    pub(super) fn contains(set: &cpu_set_t, core: Core) -> bool {
        // SAFETY: a core is less than `CORES`.
        unsafe { CPU_ISSET(core.0, set) }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::{Duration, Instant};

    use super::linux::{Busy, allow, allowed, contains, only};
    use super::*;

    /// A deadline that only a broken system reaches.
    const DEADLINE: Duration = Duration::from_secs(60);

    #[test]
    fn a_thread_leaves_the_core_of_another_worker_and_no_other_core() {
        let on_a_thread = std::thread::spawn(|| {
            let before = allowed().expect("Linux says");
            let cores: Vec<Core> = (0..64)
                .map(Core)
                .filter(|core| contains(&before, *core))
                .collect();
            let [one, other, ..] = cores[..] else {
                // A machine of one core has nowhere to go.
                return;
            };
            let workers = Busy::new();
            assert!(!workers.follow(one) && !workers.follow(other), "no worker");
            workers.add(one);
            let deadline = Instant::now() + DEADLINE;
            // Linux may move the thread itself, before it looks where it is.
            loop {
                assert!(allow(&only(one)) && allow(&before), "Linux lets it");
                if workers.follow(other) {
                    break;
                }
                assert!(Instant::now() < deadline, "it does not move");
            }
            let after = allowed().expect("Linux says");
            let is_same = |core| contains(&before, core) == contains(&after, core);
            assert!((0..64).map(Core).all(is_same), "it is not held there");
            assert!(allow(&only(one)));
            assert!(!workers.follow(one), "it works for the worker that is here");
        });
        on_a_thread.join().expect("it ends");
    }

    #[test]
    fn a_worker_has_a_core_until_it_sleeps() {
        let on_a_thread = std::thread::spawn(|| {
            assert_eq!(of_this_worker(), None, "no worker yet");
            worker_runs();
            assert!(of_this_worker().is_some());
            worker_sleeps();
            assert_eq!(of_this_worker(), None);
        });
        on_a_thread.join().expect("it ends");
    }
}
