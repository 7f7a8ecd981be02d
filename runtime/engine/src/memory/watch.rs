//! The watch over the machine's memory.
//!
//! ```text
//!  available   |------ plenty ------|-- little --|- almost none -|
//!                                   growth and     the largest process
//!                                   spawns are     of the host furthest
//!                                   refused        over its share ends
//! ```
//!
//! Budgets bound the memory of processes. They do not count other programs on the
//! machine, nor touched pages of memory that is not charged. So while the processes
//! hold an amount that matters, a thread checks the available memory. It sleeps while
//! they hold less.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use warren_kernel::{Error, Kernel, Kind, Process, Which};

use super::MachineMemory;

/// The watch begins once the processes hold more than this fraction of their limit.
const MATTERS: u64 = 16;

/// Fastest use of memory that is expected, in bytes per second. The next check comes
/// before memory can be used up at this rate.
const FASTEST: u64 = 4 << 30;

/// Bounds of the time between two checks.
const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(1);

/// Longest wait for the memory of ended processes before others are ended.
const PATIENCE: Duration = Duration::from_secs(1);

/// The watch, whose thread stops when this is dropped.
pub(crate) struct Watch {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Starts the thread. Returns `None` if the machine's memory is unknown.
    ///
    /// # Errors
    ///
    /// An [`io::Error`](std::io::Error) if the operating system refuses the thread.
    pub(crate) fn start(
        kernel: &Arc<Kernel>,
        memory: Arc<dyn MachineMemory>,
    ) -> std::io::Result<Option<Watch>> {
        let Some(total) = memory.total().filter(|_| memory.available().is_some()) else {
            return Ok(None);
        };
        let stop = Arc::new(AtomicBool::new(false));
        let watcher = Watcher {
            kernel: Arc::downgrade(kernel),
            levels: Levels::of(total),
            memory,
            stop: Arc::clone(&stop),
            ended: Vec::new(),
            ended_at: None,
        };
        let thread = thread::Builder::new()
            .name("warren-memory".into())
            .spawn(move || watcher.run())?;
        let sleeper = thread.thread().clone();
        let budget = kernel.budget();
        budget.on_use_above(budget.limit().min(total) / MATTERS, move || {
            sleeper.unpark();
        });
        // Memory may have been taken before the alarm was set.
        thread.thread().unpark();
        Ok(Some(Watch {
            stop,
            thread: Some(thread),
        }))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A thread that panicked has nothing to give back.
            let _ = thread.join();
        }
    }
}

/// Bytes of available memory that count as little, and as almost none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Levels {
    little: u64,
    almost_none: u64,
}

impl Levels {
    /// Returns the levels: a sixteenth of the total, at least 32 MiB and at most
    /// 1 GiB; and half of that.
    fn of(total: u64) -> Levels {
        let little = (total / 16).clamp(32 << 20, 1 << 30);
        Levels {
            little,
            almost_none: little / 2,
        }
    }

    /// Returns the time until the next check.
    fn next_look(self, available: u64) -> Duration {
        let spare = available.saturating_sub(self.little);
        let micros = spare.saturating_mul(1_000_000) / FASTEST;
        Duration::from_micros(micros).clamp(SHORTEST, LONGEST)
    }
}

struct Watcher {
    kernel: Weak<Kernel>,
    memory: Arc<dyn MachineMemory>,
    levels: Levels,
    stop: Arc<AtomicBool>,
    /// The processes that were ended last and still hold memory.
    ended: Vec<Arc<Process>>,
    ended_at: Option<Instant>,
}

impl Watcher {
    fn run(mut self) {
        while !self.stop.load(Ordering::Relaxed) {
            let Some(kernel) = self.kernel.upgrade() else {
                return;
            };
            // Armed before the check: memory that is taken after it unparks the thread.
            let matters = kernel.budget().arm();
            let again = if matters {
                self.look(&kernel)
            } else {
                kernel.budget().set_short(None);
                None
            };
            drop(kernel);
            match again {
                Some(after) => thread::park_timeout(after),
                None => thread::park(),
            }
        }
    }

    /// Checks the available memory and acts on it. Returns the time until the next
    /// check.
    fn look(&mut self, kernel: &Arc<Kernel>) -> Option<Duration> {
        let available = self.memory.available()?;
        let Levels {
            little,
            almost_none,
        } = self.levels;
        let is_short = available < little;
        kernel.budget().set_short(is_short.then_some(little));
        if available >= almost_none {
            self.ended.clear();
            self.ended_at = None;
        } else if self.has_waited() {
            self.end_largest(kernel, available);
        }
        Some(self.levels.next_look(available))
    }

    /// Returns true if the ended processes have returned their memory or take too
    /// long.
    fn has_waited(&mut self) -> bool {
        self.ended.retain(|process| process.footprint() > 0);
        let late = self.ended_at.is_none_or(|at| at.elapsed() > PATIENCE);
        self.ended.is_empty() || late
    }

    fn end_largest(&mut self, kernel: &Arc<Kernel>, available: u64) {
        let wanted = self.levels.little - available.min(self.levels.little);
        self.ended = kernel.largest(wanted);
        self.ended_at = Some(Instant::now());
        for process in &self.ended {
            let (host, footprint) = (process.host().name(), process.footprint());
            let reason = reason(host, footprint, available, self.levels.almost_none);
            tracing::warn!(
                target: "warren::process",
                pid = &**process.text(),
                host,
                "{reason}"
            );
            // Fails only if the process has exited.
            let _ = process.end_with(reason);
        }
    }
}

/// Returns the error with which a process is ended, at the limit of the bytes that have to be
/// left on the machine.
fn reason(host: &str, footprint: u64, available: u64, least: u64) -> Error {
    let message = format!(
        "ended because the machine is nearly out of memory ({} MiB available): this process \
         held {} MiB, the most in host {host}, which is furthest over its share",
        available >> 20,
        footprint.div_ceil(1 << 20)
    );
    Error::at_limit(Kind::RateLimited, Which::Machine.limit(), least, message)
        .in_host(host)
        .with("available", available)
        .with("held", footprint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU64;
    use warren_kernel::{Details, Field, HostConfig, Outcome, Spawn};

    /// Long enough for every machine; reached only by what is broken.
    const DEADLINE: Duration = Duration::from_secs(60);
    const GIB: u64 = 1 << 30;

    /// A machine of 16 GiB. The test sets the memory that is left, from which the memory
    /// of the processes is taken.
    struct Told {
        left: AtomicU64,
        looks: AtomicU64,
        kernel: Weak<Kernel>,
    }

    impl MachineMemory for Told {
        fn total(&self) -> Option<u64> {
            Some(16 * GIB)
        }

        fn available(&self) -> Option<u64> {
            self.looks.fetch_add(1, Ordering::SeqCst);
            let kernel = self.kernel.upgrade()?;
            let left = self.left.load(Ordering::SeqCst);
            Some(left.saturating_sub(kernel.budget().used()))
        }
    }

    fn until(what: &str, holds: impl Fn() -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !holds() {
            assert!(Instant::now() < deadline, "{what}");
            thread::yield_now();
        }
    }

    fn start(kernel: &Arc<Kernel>, host: &str, gib: u64) -> Arc<Process> {
        let host = kernel.host(host).expect("it is there");
        let place = host.reserve().expect("there is room");
        let spawned = kernel.spawn(place, Spawn::default()).expect("it starts");
        let grown = spawned.process.grow_memory(gib * GIB);
        grown.expect("there is memory");
        spawned.process
    }

    fn setup() -> (Arc<Kernel>, Arc<Told>, Watch) {
        let kernel = Kernel::within(14 * GIB);
        for host in ["app:greedy", "app:modest"] {
            let added = kernel.add_host(host, HostConfig::default());
            added.expect("it is new");
        }
        let told = Arc::new(Told {
            left: AtomicU64::new(16 * GIB),
            looks: AtomicU64::new(0),
            kernel: Arc::downgrade(&kernel),
        });
        let watch = Watch::start(&kernel, Arc::clone(&told) as _)
            .expect("a thread")
            .expect("it tells");
        (kernel, told, watch)
    }

    #[test]
    fn the_largest_of_the_greediest_host_ends_and_says_why() {
        let (kernel, told, _watch) = setup();
        let modest = start(&kernel, "app:modest", 3);
        let small = start(&kernel, "app:greedy", 2);
        let large = start(&kernel, "app:greedy", 5);
        // Other programs take memory: 400 MiB remain.
        told.left.store(10 * GIB + (400 << 20), Ordering::SeqCst);
        until("it is ended", || large.is_doomed());
        assert!(!modest.is_doomed() && !small.is_doomed());
        let refused = modest.grow_memory(1).and(modest.grow_memory(1 << 20));
        // The limit is what has to be left.
        let refused = refused.expect_err("little is left");
        assert_eq!((refused.which, refused.limit), (Which::Machine, GIB));
        let Outcome::Failed(error) = &*large.doomed_to().expect("it is doomed") else {
            panic!("being ended is a failure");
        };
        assert_eq!(error.kind, Kind::RateLimited);
        let Some(Details::Fields(details)) = &error.details else {
            panic!("an error at a limit has details: {error:?}");
        };
        assert_eq!(details[1], ("value", Field::Number(GIB / 2)));
        assert!(
            error
                .message
                .contains("5121 MiB, the most in host app:greedy"),
            "{error}"
        );
        // The memory comes back: no other process ends, and all may grow again.
        let exiting = kernel.exit(&large, Outcome::Returned(None));
        exiting.finish(Default::default());
        until("there is memory again", || {
            modest.grow_memory(1 << 20).is_ok()
        });
        assert!(!small.is_doomed());
    }

    #[test]
    fn it_does_not_look_while_processes_hold_little() {
        let (kernel, told, watch) = setup();
        told.left.store(100 << 20, Ordering::SeqCst);
        let host = kernel.host("app:modest").expect("it is there");
        let place = host.reserve().expect("there is room");
        let spawned = kernel.spawn(place, Spawn::default()).expect("it starts");
        let looks = || told.looks.load(Ordering::SeqCst);
        // One check at the start, to learn if the memory is known.
        assert_eq!(looks(), 1);
        spawned.process.grow_memory(GIB / 2).expect("no one looks");
        assert_eq!(looks(), 1);
        assert!(!spawned.process.is_doomed());
        spawned.process.grow_memory(GIB / 2).expect("not yet");
        until("it looks and acts", || spawned.process.is_doomed());
        drop(watch);
        let seen = looks();
        assert!(seen > 1);
    }

    #[test]
    fn the_next_look_comes_before_memory_can_be_used_up() {
        let levels = Levels::of(16 * GIB);
        assert_eq!((levels.little, levels.almost_none), (GIB, GIB / 2));
        assert_eq!(levels.next_look(0), SHORTEST);
        assert_eq!(levels.next_look(3 * GIB), Duration::from_millis(500));
        assert_eq!(levels.next_look(u64::MAX), LONGEST);
        assert_eq!(Levels::of(256 << 20).little, 32 << 20);
    }
}
