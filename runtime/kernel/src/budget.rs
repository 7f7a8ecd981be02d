//! Budgets of memory, one within the other: the budget of each host within the
//! budget of the runtime.
//!
//! A process takes from its host's budget in grains, so that the counters that
//! all threads share change rarely; see [`Account`](crate::account::Account).

use std::fmt;
use std::sync::OnceLock;

use crate::error::{Error, Kind};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A shared number of bytes, and how many of them are taken.
pub struct Budget {
    which: Which,
    /// The name of the host; empty for the budget of a runtime.
    host: Box<str>,
    limit: AtomicU64,
    used: AtomicU64,
    within: Option<Arc<Budget>>,
    /// The bytes that have to be left on the machine, while fewer are, whatever the limit
    /// says; else 0.
    short: AtomicU64,
    alarm: OnceLock<Alarm>,
}

/// The budget that refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The budget of one process, its linear memory included.
    Process,
    /// The budget of all processes of a host.
    Host,
    /// The budget of all hosts.
    Runtime,
    /// No budget: the machine itself is nearly out of memory.
    Machine,
}

impl Which {
    /// Returns the name of the limit, as errors quote it.
    pub fn limit(self) -> &'static str {
        match self {
            Which::Process => "max_memory",
            Which::Host => "max_memory_total",
            Which::Runtime => "runtime.max_memory_total",
            Which::Machine => "machine.memory",
        }
    }
}

/// The error of a budget that has no room for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The budget that has no room.
    pub which: Which,
    /// The budget's limit in bytes; for the machine, the bytes that have to be left on it.
    pub limit: u64,
}

/// A callback that is called once when more than a threshold is taken, until it is
/// armed again.
struct Alarm {
    above: u64,
    armed: AtomicBool,
    call: Box<dyn Fn() + Send + Sync>,
}

impl Budget {
    /// Returns the budget of a runtime.
    pub fn of_runtime(limit: u64) -> Budget {
        Budget::new(Which::Runtime, "", limit, None)
    }

    /// Returns the budget of a host within the budget of its runtime.
    pub(crate) fn of_host(host: &str, limit: u64, runtime: &Arc<Budget>) -> Budget {
        Budget::new(Which::Host, host, limit, Some(Arc::clone(runtime)))
    }

    fn new(which: Which, host: &str, limit: u64, within: Option<Arc<Budget>>) -> Budget {
        Budget {
            which,
            host: host.into(),
            limit: AtomicU64::new(limit),
            used: AtomicU64::new(0),
            within,
            short: AtomicU64::new(0),
            alarm: OnceLock::new(),
        }
    }

    /// Returns the name of the host whose budget this is; empty for that of a runtime.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Returns the bytes that may be taken in all.
    pub fn limit(&self) -> u64 {
        self.limit.load(Ordering::Relaxed)
    }

    /// Sets the bytes that may be taken in all. Bytes that are taken stay: beyond a lower
    /// limit, further ones are refused until enough are given back.
    pub(crate) fn set_limit(&self, limit: u64) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// Returns the bytes that are taken.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Takes bytes here and in the surrounding budget, or in neither.
    ///
    /// # Errors
    /// [`Spent`], naming the budget that has no room.
    pub fn take(&self, bytes: u64) -> Result<(), Spent> {
        let least = self.short.load(Ordering::Relaxed);
        if least > 0 {
            return Err(Spent {
                which: Which::Machine,
                limit: least,
            });
        }
        let limit = self.limit();
        let room = |used: u64| {
            let after = used.checked_add(bytes)?;
            (after <= limit).then_some(after)
        };
        let taken = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, room);
        let Ok(before) = taken else {
            return Err(Spent {
                which: self.which,
                limit,
            });
        };
        if let Some(around) = &self.within
            && let Err(spent) = around.take(bytes)
        {
            self.used.fetch_sub(bytes, Ordering::Relaxed);
            return Err(spent);
        }
        self.call_above(before + bytes);
        Ok(())
    }

    /// Takes bytes that are held already, whatever the limits say.
    pub fn force(&self, bytes: u64) {
        let before = self.used.fetch_add(bytes, Ordering::Relaxed);
        if let Some(around) = &self.within {
            around.force(bytes);
        }
        self.call_above(before.saturating_add(bytes));
    }

    /// Gives back bytes that were taken.
    pub fn give(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
        if let Some(around) = &self.within {
            around.give(bytes);
        }
    }

    /// Sets whether the machine is short of memory: the bytes that have to be left on it,
    /// if fewer are. While it is, this budget and those within it refuse every request.
    pub fn set_short(&self, least: Option<u64>) {
        self.short
            .store(least.unwrap_or_default(), Ordering::Relaxed);
    }

    /// Calls `call` once, on the taking thread, when more than `above` bytes
    /// are taken; again after [`Budget::arm`]. The first caller wins.
    pub fn on_use_above(&self, above: u64, call: impl Fn() + Send + Sync + 'static) {
        let _ = self.alarm.set(Alarm {
            above,
            armed: AtomicBool::new(true),
            call: Box::new(call),
        });
    }

    /// Arms the alarm again. Returns whether the threshold is exceeded
    /// already, in which case the alarm may have been missed.
    pub fn arm(&self) -> bool {
        let Some(alarm) = self.alarm.get() else {
            return false;
        };
        alarm.armed.store(true, Ordering::SeqCst);
        self.used.load(Ordering::SeqCst) > alarm.above
    }

    #[inline]
    fn call_above(&self, used: u64) {
        if let Some(alarm) = self.alarm.get()
            && used > alarm.above
            && alarm.armed.load(Ordering::Relaxed)
            && alarm.armed.swap(false, Ordering::SeqCst)
        {
            (alarm.call)();
        }
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("which", &self.which)
            .field("limit", &self.limit())
            .field("used", &self.used())
            .finish_non_exhaustive()
    }
}

impl Spent {
    /// Returns the error for a request that was refused in a host:
    /// `RateLimited`, retryable, details `{host, limit, value}`. `whose` names
    /// the process where its own budget is spent.
    pub fn error(self, host: &str, whose: &str) -> Error {
        let Spent { which, limit } = self;
        let reached = self.limit_of(host);
        let message = match which {
            Which::Process => format!("{whose} has reached {reached}"),
            Which::Host => format!("the processes together have reached {reached}"),
            Which::Runtime => format!("all processes together have reached {reached}"),
            Which::Machine => reached,
        };
        Error::at_limit(Kind::RateLimited, which.limit(), limit, message).in_host(host)
    }

    /// Returns the limit as messages name every limit, like
    /// `max_memory = 64 MiB of host app:processes`; of the machine, a sentence.
    pub fn limit_of(self, host: &str) -> String {
        let bytes = Bytes(self.limit);
        match self.which {
            Which::Process => format!("max_memory = {bytes} of host {host}"),
            Which::Host => format!("max_memory_total = {bytes} of host {host}"),
            Which::Runtime => format!("max_memory_total = {bytes} of the runtime"),
            Which::Machine => "the machine is nearly out of memory".to_owned(),
        }
    }
}

/// A number of bytes, printed in the largest unit that divides it, MiB at most.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes >= 10 << 20 || bytes.is_multiple_of(1 << 20) => {
                write!(f, "{} MiB", bytes >> 20)
            }
            bytes if bytes.is_multiple_of(1 << 10) => write!(f, "{} KiB", bytes >> 10),
            bytes => write!(f, "{bytes} bytes"),
        }
    }
}

/// Bytes taken from a budget, given back when dropped.
#[derive(Debug)]
pub struct Charge {
    budget: Arc<Budget>,
    bytes: u64,
}

impl Charge {
    /// Returns a charge of no bytes.
    pub fn new(budget: Arc<Budget>) -> Charge {
        Charge { budget, bytes: 0 }
    }

    /// Takes more.
    ///
    /// # Errors
    /// [`Spent`].
    pub fn add(&mut self, bytes: u64) -> Result<(), Spent> {
        self.budget.take(bytes)?;
        self.bytes += bytes;
        Ok(())
    }

    /// Gives a part back.
    pub fn remove(&mut self, bytes: u64) {
        let bytes = bytes.min(self.bytes);
        self.budget.give(bytes);
        self.bytes -= bytes;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.budget.give(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::atomic::AtomicUsize;

    #[test]
    fn taking_charges_both_budgets_or_neither() {
        let runtime = Arc::new(Budget::of_runtime(100));
        let one = Budget::of_host("a:b", 80, &runtime);
        let other = Budget::of_host("a:b", 80, &runtime);
        one.take(60).unwrap();
        assert_eq!(one.take(30).unwrap_err().which, Which::Host);
        let spent = other.take(50).unwrap_err();
        assert_eq!((spent.which, spent.limit), (Which::Runtime, 100));
        assert_eq!((one.used(), other.used(), runtime.used()), (60, 0, 60));
        other.force(90);
        assert_eq!((other.used(), runtime.used()), (90, 150));
        other.give(90);
        one.give(60);
        assert_eq!((one.used(), other.used(), runtime.used()), (0, 0, 0));
        assert!(one.take(u64::MAX).is_err());
    }

    #[test]
    fn a_lower_limit_takes_nothing_back() {
        let runtime = Arc::new(Budget::of_runtime(100));
        let host = Budget::of_host("a:b", 80, &runtime);
        host.take(60).unwrap();
        host.set_limit(40);
        let spent = host.take(1).unwrap_err();
        assert_eq!((spent.which, spent.limit), (Which::Host, 40));
        assert_eq!((host.used(), runtime.used()), (60, 60));
        host.give(30);
        host.take(10).unwrap();
        assert!(host.take(1).is_err());
        host.set_limit(80);
        host.take(40).unwrap();
    }

    #[test]
    fn a_short_machine_refuses_all_hosts() {
        let runtime = Arc::new(Budget::of_runtime(100));
        let host = Budget::of_host("a:b", 80, &runtime);
        runtime.set_short(Some(30));
        let spent = host.take(1).unwrap_err();
        assert_eq!((spent.which, spent.limit), (Which::Machine, 30));
        assert_eq!(host.used(), 0);
        runtime.set_short(None);
        host.take(1).unwrap();
    }

    #[test]
    fn the_alarm_calls_once_until_it_is_armed() {
        let runtime = Arc::new(Budget::of_runtime(100));
        let host = Budget::of_host("a:b", 100, &runtime);
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        runtime.on_use_above(10, move || {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        let called = |take: u64| {
            host.take(take).unwrap();
            calls.load(Ordering::Relaxed)
        };
        assert_eq!([called(10), called(1), called(1)], [0, 1, 1]);
        assert!(runtime.arm());
        assert_eq!(called(1), 2);
        host.give(13);
        assert!(!runtime.arm());
    }

    #[test]
    fn errors_name_the_budget() {
        let spent = |which| Spent {
            which,
            limit: 64 << 20,
        };
        for (which, name, text) in [
            (Which::Process, "max_memory", "p has reached"),
            (Which::Host, "max_memory_total", "max_memory_total = 64 MiB"),
            (
                Which::Runtime,
                "runtime.max_memory_total",
                "= 64 MiB of the runtime",
            ),
            (Which::Machine, "machine.memory", "the machine is nearly"),
        ] {
            let error = spent(which).error("a:b", "p");
            assert_eq!(error.retryable, Some(true));
            assert!(error.message.contains(text), "{error}");
            let message = &*error.message;
            let expected = Error::at_limit(Kind::RateLimited, name, 64 << 20, message);
            let expected = expected.in_host("a:b");
            assert_eq!(error, expected);
        }
    }
}
