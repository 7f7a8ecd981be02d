//! The count of memory mappings against Linux's limit (`vm.max_map_count`), which
//! bounds the number of processes on an untuned machine.
//!
//! Counting the mappings of pools and instances is cheap; asking Linux at each
//! spawn is not. So the count is kept here. The limit is read again only when it
//! seems to be reached: an operator may raise it while the program runs.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};

use warren_kernel::{Error, Kind};

/// Mappings of a slot: a stack and its guard page.
const PER_SLOT: u64 = 2;

/// Further mappings of a slot with a live instance: the used part of its memory
/// and the rest, and both parts of its heap for exceptions, which exists from the
/// first exception on.
const PER_INSTANCE: u64 = 4;

/// Mappings of a live process.
pub(crate) const PER_PROCESS: u64 = PER_SLOT + PER_INSTANCE;

/// Mappings kept for everything else: libraries, heaps, threads, code.
pub(crate) const RESERVED: u64 = 2_500;

/// The smallest pool worth opening.
pub(crate) const SMALLEST_POOL: u32 = 16;

/// Linux's default, assumed where the setting cannot be read.
const DEFAULT_LIMIT: u64 = 65_530;

/// The mappings in use and allowed.
pub(crate) struct Mappings {
    in_use: AtomicU64,
    limit: AtomicU64,
    read_limit: fn() -> u64,
}

impl Mappings {
    /// Counts against the machine's limit.
    pub(crate) fn new() -> Mappings {
        Mappings::limited_by(read_limit)
    }

    /// Counts against the limit that `read_limit` returns; it is called again when
    /// that limit is reached.
    pub(crate) fn limited_by(read_limit: fn() -> u64) -> Mappings {
        Mappings {
            in_use: AtomicU64::new(RESERVED),
            limit: AtomicU64::new(read_limit()),
            read_limit,
        }
    }

    /// Returns the number of slots that a new pool can have, with an instance in
    /// each; at most `wanted`.
    ///
    /// # Errors
    ///
    /// `RateLimited` if not even a small pool fits.
    pub(crate) fn affordable_slots(&self, wanted: u32) -> Result<u32, Error> {
        let in_use = self.in_use.load(Ordering::Relaxed);
        let fits = |limit: u64| limit.saturating_sub(in_use) / PER_PROCESS;
        let mut affordable = fits(self.limit.load(Ordering::Relaxed));
        if affordable < wanted.into() {
            self.limit.store((self.read_limit)(), Ordering::Relaxed);
            affordable = fits(self.limit.load(Ordering::Relaxed));
        }
        let slots = u32::try_from(affordable).unwrap_or(u32::MAX).min(wanted);
        if slots < SMALLEST_POOL {
            return Err(self.refusal(in_use + u64::from(wanted) * PER_PROCESS));
        }
        Ok(slots)
    }

    /// Counts a new pool's stacks.
    pub(crate) fn pool_opened(&self, slots: u32) {
        self.in_use
            .fetch_add(u64::from(slots) * PER_SLOT, Ordering::Relaxed);
    }

    /// Counts one live instance.
    ///
    /// # Errors
    ///
    /// `RateLimited` if its mappings would exceed the limit.
    pub(crate) fn take_instance(&self) -> Result<(), Error> {
        let in_use = self.in_use.fetch_add(PER_INSTANCE, Ordering::Relaxed) + PER_INSTANCE;
        if in_use <= self.limit.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.limit.store((self.read_limit)(), Ordering::Relaxed);
        if in_use <= self.limit.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.free_instance();
        Err(self.refusal(in_use * 2))
    }

    /// Counts one instance less.
    pub(crate) fn free_instance(&self) {
        self.in_use.fetch_sub(PER_INSTANCE, Ordering::Relaxed);
    }

    fn refusal(&self, needed: u64) -> Error {
        let present = self.limit.load(Ordering::Relaxed);
        let message = format!(
            "no memory mappings left for one more process: vm.max_map_count is {present}, \
             and {needed} is needed; run: sysctl -w vm.max_map_count={needed}"
        );
        Error::at_limit(Kind::RateLimited, "vm.max_map_count", present, message)
            .with("needed", needed)
    }
}

fn read_limit() -> u64 {
    fs::read_to_string("/proc/sys/vm/max_map_count")
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(DEFAULT_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_are_counted_up_and_down() {
        let mappings = Mappings::limited_by(|| u64::MAX);
        mappings.pool_opened(10);
        mappings.take_instance().expect("there is room");
        assert_eq!(mappings.in_use.load(Ordering::Relaxed), RESERVED + 24);
        mappings.free_instance();
        assert_eq!(mappings.in_use.load(Ordering::Relaxed), RESERVED + 20);
    }

    #[test]
    fn the_refusal_names_setting_value_and_need() {
        let mappings = Mappings::limited_by(|| 65_530);
        mappings.in_use.store(1 << 40, Ordering::Relaxed);
        let error = mappings.take_instance().expect_err("there is no room");
        assert_eq!(error.kind, Kind::RateLimited);
        assert_eq!(error.retryable, Some(true));
        assert!(
            error.message.contains("vm.max_map_count is 65530"),
            "{error}"
        );
        assert!(mappings.affordable_slots(1_000).is_err());
        assert_eq!(mappings.in_use.load(Ordering::Relaxed), 1 << 40);
    }
}
