//! Named groups of processes with limits of their own.

use std::fmt;

use crate::budget::Budget;
use crate::error::{Error, Kind};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Capacity of one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLimits {
    /// Number of messages.
    pub messages: usize,
    /// Bytes of sender, topic and payload together.
    pub bytes: usize,
}

/// The limits of a host. All but the first hold for each of its processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostConfig {
    /// Processes that live at once.
    pub max_processes: usize,
    /// Limits of each queue: every listener, the inbox, the unclaimed messages.
    pub queue: QueueLimits,
    /// Bytes of one message (its topic and payload), and of a result. A node
    /// takes no more than 1 MiB.
    pub max_message: usize,
    /// Listeners open at once.
    pub max_subscriptions: usize,
    /// Links, together with unread events of failed links.
    pub max_links: usize,
    /// Monitors a process has on others, together with their unread events.
    pub max_monitors: usize,
    /// Registered names.
    pub max_names: usize,
    /// Groups that a process is a member of.
    pub max_groups: usize,
    /// Execs whose outcome was not read yet.
    pub max_execs: usize,
}

impl Default for HostConfig {
    fn default() -> Self {
        HostConfig {
            max_processes: 100_000,
            queue: QueueLimits {
                messages: 10_000,
                bytes: 4 << 20,
            },
            max_message: 1 << 20,
            max_subscriptions: 1_000,
            max_links: 100_000,
            max_monitors: 100_000,
            max_names: 1_000,
            max_groups: 1_000,
            max_execs: 10_000,
        }
    }
}

/// Limits of the memory that the processes of a host may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimits {
    /// Bytes of each process: its linear memory, and the bytes that the runtime
    /// holds for it.
    pub process: u64,
    /// Bytes of all its processes together. Absent means seven eighths of the
    /// runtime's memory, so that one host leaves something to the others.
    pub total: Option<u64>,
}

impl Default for MemoryLimits {
    /// Returns no limit but the runtime's own.
    fn default() -> Self {
        MemoryLimits {
            process: u64::MAX,
            total: None,
        }
    }
}

/// A named group of processes.
pub struct Host {
    name: Arc<str>,
    number: usize,
    config: HostConfig,
    memory: MemoryLimits,
    budget: Arc<Budget>,
    live: AtomicUsize,
    /// Number of callers that keep the host closed.
    closers: AtomicUsize,
    /// Number of times the host was closed.
    closings: AtomicU64,
    groups: Arc<AtomicUsize>,
    group_monitors: Arc<AtomicUsize>,
    wide_monitors: Arc<AtomicUsize>,
}

/// The most groups that processes of a host have begun. A group counts in the host of
/// its first member until it has no members.
pub const MAX_GROUPS_OF_HOST: usize = 16_384;

/// The most monitors of single groups that processes of a host have. A change of a
/// group costs each of its monitors.
pub const MAX_GROUP_MONITORS_OF_HOST: usize = 4_096;

/// The most monitors of many groups that processes of a host have. Every change of any
/// group looks at all of them.
pub const MAX_WIDE_MONITORS_OF_HOST: usize = 64;

impl Host {
    pub(crate) fn new(
        name: &str,
        number: usize,
        config: HostConfig,
        memory: MemoryLimits,
        runtime: &Arc<Budget>,
    ) -> Self {
        let limit = runtime.limit();
        let total = memory.total.unwrap_or(limit - limit / 8);
        Host {
            name: name.into(),
            number,
            config,
            memory,
            budget: Arc::new(Budget::of_host(total, runtime)),
            live: AtomicUsize::new(0),
            closers: AtomicUsize::new(0),
            closings: AtomicU64::new(0),
            groups: Arc::default(),
            group_monitors: Arc::default(),
            wide_monitors: Arc::default(),
        }
    }

    /// Returns the host's name, `namespace:name`.
    #[inline]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the number of hosts that were added to the kernel before this
    /// one.
    #[inline]
    pub fn number(&self) -> usize {
        self.number
    }

    /// Returns the host's limits.
    #[inline]
    pub fn config(&self) -> &HostConfig {
        &self.config
    }

    /// Returns the memory limits of each process and of all together.
    #[inline]
    pub fn memory(&self) -> &MemoryLimits {
        &self.memory
    }

    /// Returns the budget of all the host's processes.
    #[inline]
    pub fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// Returns the number of places taken at present.
    pub fn live(&self) -> usize {
        self.live.load(Ordering::Acquire)
    }

    /// Refuses new processes until the returned value is dropped. A process whose
    /// room was reserved before this call never runs: [`Kernel::spawn`] refuses it, or
    /// terminates it at once. The processes that a look at the kernel's table finds
    /// after this call are therefore all that there are.
    ///
    /// [`Kernel::spawn`]: crate::Kernel::spawn
    pub fn close(self: &Arc<Self>) -> Closed {
        self.closers.fetch_add(1, Ordering::SeqCst);
        self.closings.fetch_add(1, Ordering::SeqCst);
        Closed {
            host: Arc::clone(self),
        }
    }

    /// Tells whether the host refuses new processes at present.
    pub fn is_closed(&self) -> bool {
        self.closers.load(Ordering::SeqCst) > 0
    }

    /// Reserves room for one process.
    ///
    /// # Errors
    /// `RateLimited`, retryable, when all `max_processes` are taken; details
    /// `{host, limit, value}`. `Unavailable`, retryable, while the host is closed;
    /// details `{host}`.
    pub fn reserve(self: &Arc<Self>) -> Result<Reservation, Error> {
        // Read before the closers: a host that is closed in between has a new number.
        let closings = self.closings.load(Ordering::SeqCst);
        if self.is_closed() {
            return Err(self.closed());
        }
        let max = self.config.max_processes;
        let taken = self
            .live
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |live| {
                (live < max).then_some(live + 1)
            });
        match taken {
            Ok(_) => Ok(Reservation {
                host: Arc::clone(self),
                closings,
            }),
            Err(_) => {
                let message = format!("host {} is full: max_processes = {max}", self.name);
                Err(self.at_limit("max_processes", max, message))
            }
        }
    }

    /// Returns true if the host was closed again after `closings` closings.
    pub(crate) fn was_closed_since(&self, closings: u64) -> bool {
        self.closings.load(Ordering::SeqCst) != closings
    }

    /// Counts a group that a process of the host begins.
    ///
    /// # Errors
    /// `RateLimited`, details `{host, limit, value}`.
    pub(crate) fn count_group(&self) -> Result<Counted, Error> {
        self.count(&self.groups, "max_host_groups", MAX_GROUPS_OF_HOST)
    }

    /// Counts a monitor of one group.
    ///
    /// # Errors
    /// As for [`Host::count_group`].
    pub(crate) fn count_group_monitor(&self) -> Result<Counted, Error> {
        let most = MAX_GROUP_MONITORS_OF_HOST;
        self.count(&self.group_monitors, "max_group_monitors", most)
    }

    /// Counts a monitor of many groups.
    ///
    /// # Errors
    /// As for [`Host::count_group`].
    pub(crate) fn count_wide_monitor(&self) -> Result<Counted, Error> {
        let most = MAX_WIDE_MONITORS_OF_HOST;
        self.count(&self.wide_monitors, "max_wide_monitors", most)
    }

    /// Returns what [`Host::count_group`] and the others count.
    #[cfg(test)]
    pub(crate) fn group_counts(&self) -> [usize; 3] {
        [&self.groups, &self.group_monitors, &self.wide_monitors]
            .map(|count| count.load(Ordering::Acquire))
    }

    fn count(
        &self,
        count: &Arc<AtomicUsize>,
        limit: &'static str,
        most: usize,
    ) -> Result<Counted, Error> {
        let counted = count.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |count| {
            (count < most).then_some(count + 1)
        });
        if counted.is_ok() {
            return Ok(Counted(Arc::clone(count)));
        }
        let message = format!("host {} has reached {limit} = {most}", self.name);
        Err(self.at_limit(limit, most, message))
    }

    fn at_limit(&self, limit: &'static str, most: usize, message: String) -> Error {
        Error::at_limit(Kind::RateLimited, limit, most as u64, message).in_host(&self.name)
    }

    fn closed(&self) -> Error {
        Error::new(
            Kind::Unavailable,
            format!(
                "host {} takes no processes: those in it are being ended",
                self.name
            ),
        )
        .retryable(true)
        .with("host", &*self.name)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("name", &self.name)
            .field("live", &self.live())
            .finish_non_exhaustive()
    }
}

/// Keeps a host closed; see [`Host::close`].
#[derive(Debug)]
#[must_use = "the host takes processes again when this is dropped"]
pub struct Closed {
    host: Arc<Host>,
}

impl Closed {
    /// The host.
    pub fn host(&self) -> &Arc<Host> {
        &self.host
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        self.host.closers.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Something that counts in a host until this is dropped.
#[derive(Debug)]
pub(crate) struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Room for one process in a host, given back when dropped.
#[derive(Debug)]
#[must_use = "the room is given back when this is dropped"]
pub struct Reservation {
    host: Arc<Host>,
    /// Times that the host had been closed when this was taken.
    closings: u64,
}

impl Reservation {
    /// Returns the host.
    pub fn host(&self) -> &Arc<Host> {
        &self.host
    }

    /// Returns the number of the host's closings when the room was reserved.
    pub(crate) fn closings(&self) -> u64 {
        self.closings
    }

    /// Refuses a process whose host was closed after its room was reserved.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.host.was_closed_since(self.closings) {
            return Err(self.host.closed());
        }
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.host.live.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Details, Field, Kind};

    #[test]
    fn reservations_are_limited_and_given_back() {
        let config = HostConfig {
            max_processes: 2,
            ..HostConfig::default()
        };
        let host = Arc::new(Host::new(
            "a:b",
            0,
            config,
            MemoryLimits::default(),
            &Arc::new(Budget::of_runtime(u64::MAX)),
        ));
        let first = host.reserve().unwrap();
        let second = host.reserve().unwrap();
        let error = host.reserve().unwrap_err();
        assert_eq!(error.kind, Kind::RateLimited);
        assert_eq!(error.retryable, Some(true));
        assert_eq!(
            error.details,
            Some(Details::Fields(vec![
                ("limit", Field::Text("max_processes".into())),
                ("value", Field::Number(2)),
                ("host", Field::Text("a:b".into())),
            ]))
        );
        assert_eq!(host.live(), 2);
        drop(first);
        let third = host.reserve().unwrap();
        drop((second, third));
        assert_eq!(host.live(), 0);
    }
    #[test]
    fn a_closed_host_has_no_places() {
        let host = Arc::new(Host::new(
            "a:b",
            0,
            HostConfig::default(),
            MemoryLimits::default(),
            &Arc::new(Budget::of_runtime(u64::MAX)),
        ));
        let before = host.reserve().unwrap();
        let (one, other) = (host.close(), host.close());
        drop(one);
        let error = host.reserve().unwrap_err();
        assert_eq!(
            (error.kind, error.retryable),
            (Kind::Unavailable, Some(true))
        );
        drop(other);
        let after = host.reserve().unwrap();
        assert!(after.check().is_ok());
        assert_eq!(before.check().unwrap_err().kind, Kind::Unavailable);
        drop((before, after));
        assert_eq!(host.live(), 0);
    }
}
