//! The memory and processor time of a process, as its embedder reports them.

use crate::moment::Monotonic;
use crate::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};

/// The usage of one process. The embedder's thread that runs the process
/// charges it; any thread reads it, without a lock.
#[derive(Debug, Default)]
pub struct Usage {
    memory: AtomicU64,
    processor: AtomicU64,
    /// Time of the last charge, and the bits of the recent charge.
    charged_at: AtomicU64,
    recent: AtomicU64,
    blocked: AtomicBool,
    timed: AtomicBool,
    /// Waits for a time, and all waits that the process takes part in at once.
    sleeps: AtomicU16,
    waits: AtomicU16,
    parked: AtomicBool,
    follows: AtomicBool,
}

/// Nanoseconds after which a charge counts half as much as a recent one: 2 s.
const HALF_LIFE_NS: f64 = 2e9;

impl Usage {
    /// Returns the bytes of memory the process holds.
    pub fn memory(&self) -> u64 {
        self.memory.load(Ordering::Relaxed)
    }

    /// Replaces a share of `from` bytes by one of `to` bytes.
    pub fn change_memory(&self, from: u64, to: u64) {
        if to >= from {
            self.memory.fetch_add(to - from, Ordering::Relaxed);
        } else {
            self.memory.fetch_sub(from - to, Ordering::Relaxed);
        }
    }

    /// Counts all memory as released: the process's code ended, or other code
    /// takes over.
    pub fn release_memory(&self) {
        self.memory.store(0, Ordering::Relaxed);
    }

    /// Returns the nanoseconds the process has run.
    pub fn processor(&self) -> u64 {
        self.processor.load(Ordering::Relaxed)
    }

    /// Returns the share of one processor the process has had in the last
    /// seconds, from 0 to 1. Older time counts less, by half every two seconds.
    pub fn load(&self, now: Monotonic) -> f64 {
        // The decayed sum of all charges of a process that always runs.
        let all = HALF_LIFE_NS / std::f64::consts::LN_2;
        (self.recent_at(now) / all).min(1.0)
    }

    /// Charges time the process has run, up to `now`. One thread at a time
    /// charges.
    pub fn charge(&self, nanoseconds: u64, now: Monotonic) {
        self.processor.fetch_add(nanoseconds, Ordering::Relaxed);
        let recent = self.recent_at(now) + nanoseconds as f64;
        self.recent.store(recent.to_bits(), Ordering::Relaxed);
        self.charged_at.store(now.0, Ordering::Relaxed);
    }

    /// Returns whether the process's task waits for the embedder (a file, a
    /// compilation).
    pub fn is_blocked(&self) -> bool {
        self.blocked.load(Ordering::Relaxed)
    }

    /// Sets whether the process's task waits for the embedder.
    pub fn set_blocked(&self, blocked: bool) {
        self.blocked.store(blocked, Ordering::Relaxed);
    }

    /// Returns whether the process waits at most until some time, the deadline of a CANCEL
    /// aside.
    pub fn is_timed(&self) -> bool {
        self.timed.load(Ordering::Relaxed)
    }

    /// Sets whether the process waits at most until some time, the deadline of a CANCEL
    /// aside.
    pub fn set_timed(&self, timed: bool) {
        self.timed.store(timed, Ordering::Relaxed);
    }

    /// Returns whether the process follows something that other programs change, too: any of
    /// them may send it a message.
    pub fn follows_others(&self) -> bool {
        self.follows.load(Ordering::Relaxed)
    }

    /// Sets whether the process follows something that other programs change, too.
    pub fn set_follows_others(&self, follows: bool) {
        self.follows.store(follows, Ordering::Relaxed);
    }

    /// Notes that a wait for a time and nothing else has begun, within a call that waits for
    /// the embedder.
    pub fn begin_sleep(&self) {
        self.sleeps.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes the end of such a wait.
    pub fn end_sleep(&self) {
        self.sleeps.fetch_sub(1, Ordering::Relaxed);
    }

    /// Sets the number of things of which the process waits for the first; 0 for one thing.
    pub fn set_waits(&self, waits: u16) {
        self.waits.store(waits, Ordering::Relaxed);
    }

    /// Returns whether the process is in a call that waits for a time and nothing else.
    pub fn is_asleep(&self) -> bool {
        let sleeps = self.sleeps.load(Ordering::Relaxed);
        sleeps > 0 && sleeps >= self.waits.load(Ordering::Relaxed)
    }

    /// Returns whether the process waits without an instance of its code.
    pub fn is_parked(&self) -> bool {
        self.parked.load(Ordering::SeqCst)
    }

    /// Sets whether the process waits without an instance of its code.
    pub fn set_parked(&self, parked: bool) {
        self.parked.store(parked, Ordering::SeqCst);
    }

    fn recent_at(&self, now: Monotonic) -> f64 {
        let recent = f64::from_bits(self.recent.load(Ordering::Relaxed));
        let since = now
            .0
            .saturating_sub(self.charged_at.load(Ordering::Relaxed));
        recent * (-(since as f64) / HALF_LIFE_NS).exp2()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn memory_goes_up_and_down() {
        let usage = Usage::default();
        usage.change_memory(0, 100);
        usage.change_memory(0, 30);
        usage.change_memory(100, 60);
        assert_eq!(usage.memory(), 90);
        usage.release_memory();
        assert_eq!(usage.memory(), 0);
    }

    #[test]
    fn a_process_that_also_waits_for_something_else_is_not_asleep() {
        let usage = Usage::default();
        assert!(!usage.is_asleep());
        usage.begin_sleep();
        assert!(usage.is_asleep());
        usage.set_waits(2);
        assert!(!usage.is_asleep());
        usage.begin_sleep();
        assert!(usage.is_asleep());
        usage.end_sleep();
        usage.end_sleep();
        usage.set_waits(0);
        assert!(!usage.is_asleep());
    }

    #[test]
    fn the_load_follows_what_is_charged() {
        let usage = Usage::default();
        assert_eq!(usage.load(Monotonic(SECOND)), 0.0);
        for tick in 1..=30_000 {
            usage.charge(SECOND / 1000, Monotonic(tick * SECOND / 1000));
        }
        assert_eq!(usage.processor(), 30 * SECOND);
        let now = usage.load(Monotonic(30 * SECOND));
        assert!((0.99..=1.0).contains(&now), "{now}");
        let later = usage.load(Monotonic(32 * SECOND));
        assert!((later - now / 2.0).abs() < 0.01, "{later}");
    }
}
