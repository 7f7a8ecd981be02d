//! Named groups of processes with limits of their own.

use std::any::Any;
use std::fmt;

use crate::address::NodeId;
use crate::budget::Budget;
use crate::destination::text_before;
use crate::error::{Error, Kind};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use crate::text;

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

/// A named group of processes, with its limits.
///
/// [`Kernel::revised_host`] gives a host other limits: a value of its own, which shares
/// everything that the processes take together. A process keeps the value that it was
/// started in, and so the limits of each process as they were then.
///
/// [`Kernel::revised_host`]: crate::Kernel::revised_host
pub struct Host {
    common: Arc<Common>,
    config: HostConfig,
    memory: MemoryLimits,
    /// Bytes of all processes together; in force once the host is put in place.
    total: u64,
    attachment: Option<Attachment>,
}

/// A value of the embedder that lives as long as a host with these limits.
pub type Attachment = Box<dyn Any + Send + Sync>;

/// The part of a host that all of its limits, one after the other, share.
struct Common {
    name: Arc<str>,
    /// The beginning of the texts of PIDs.
    pids: Box<str>,
    number: usize,
    budget: Arc<Budget>,
    live: AtomicUsize,
    /// Number of callers that keep the host closed.
    closers: AtomicUsize,
    /// Number of times the host was closed.
    closings: AtomicU64,
    /// True once the host was removed. It stays closed then.
    removed: AtomicBool,
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
        node: Option<&NodeId>,
        number: usize,
        config: HostConfig,
        memory: MemoryLimits,
        runtime: &Arc<Budget>,
    ) -> Self {
        let total = total_of(memory, runtime);
        Host {
            common: Arc::new(Common {
                name: name.into(),
                pids: text_before(name, node).into(),
                number,
                budget: Arc::new(Budget::of_host(name, total, runtime)),
                live: AtomicUsize::new(0),
                closers: AtomicUsize::new(0),
                closings: AtomicU64::new(0),
                removed: AtomicBool::new(false),
                groups: Arc::default(),
                group_monitors: Arc::default(),
                wide_monitors: Arc::default(),
            }),
            config,
            memory,
            total,
            attachment: None,
        }
    }

    /// Returns this host with other limits.
    pub(crate) fn revised(
        &self,
        config: HostConfig,
        memory: MemoryLimits,
        runtime: &Budget,
    ) -> Self {
        Host {
            common: Arc::clone(&self.common),
            config,
            memory,
            total: total_of(memory, runtime),
            attachment: None,
        }
    }

    /// Returns this value with an attachment.
    pub(crate) fn with(self, attachment: Attachment) -> Self {
        Host {
            attachment: Some(attachment),
            ..self
        }
    }

    /// Puts the limit of all processes together in force.
    pub(crate) fn enforce(&self) {
        self.common.budget.set_limit(self.total);
    }

    /// Refuses new processes for ever. The processes that a look at the kernel's table
    /// finds after this call are all that there are, as for [`Host::close`].
    pub(crate) fn remove(&self) {
        self.common.removed.store(true, Ordering::SeqCst);
        self.common.closings.fetch_add(1, Ordering::SeqCst);
    }

    /// Returns the host's name, `namespace:name`.
    #[inline]
    pub fn name(&self) -> &str {
        &self.common.name
    }

    /// Returns the beginning of the texts of the PIDs in this host.
    pub(crate) fn pids(&self) -> &str {
        &self.common.pids
    }

    /// Returns the number of hosts that were made before this one. No other host of the
    /// kernel has it, also none of the same name.
    #[inline]
    pub fn number(&self) -> usize {
        self.common.number
    }

    /// Tells whether this is the same host as another, whatever the limits of either.
    #[inline]
    pub fn is(&self, other: &Host) -> bool {
        Arc::ptr_eq(&self.common, &other.common)
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
        &self.common.budget
    }

    /// Returns the embedder's value of this type, if the host was made with it.
    #[inline]
    pub fn attachment<T: 'static>(&self) -> Option<&T> {
        self.attachment.as_ref()?.downcast_ref()
    }

    /// Returns the number of places taken at present.
    pub fn live(&self) -> usize {
        self.common.live.load(Ordering::Acquire)
    }

    /// Refuses new processes until the returned value is dropped. A process whose
    /// room was reserved before this call never runs: [`Kernel::spawn`] refuses it, or
    /// terminates it at once. The processes that a look at the kernel's table finds
    /// after this call are therefore all that there are.
    ///
    /// [`Kernel::spawn`]: crate::Kernel::spawn
    pub fn close(self: &Arc<Self>) -> Closed {
        self.common.closers.fetch_add(1, Ordering::SeqCst);
        self.common.closings.fetch_add(1, Ordering::SeqCst);
        Closed {
            host: Arc::clone(self),
        }
    }

    /// Tells whether a caller keeps the host closed at present.
    pub fn is_closed(&self) -> bool {
        self.common.closers.load(Ordering::SeqCst) > 0
    }

    /// Tells whether the host was removed: it takes no process any more.
    pub fn is_removed(&self) -> bool {
        self.common.removed.load(Ordering::SeqCst)
    }

    /// Reserves room for one process.
    ///
    /// # Errors
    /// `RateLimited`, retryable, when all `max_processes` are taken; details
    /// `{host, limit, value}`. `Unavailable`, retryable, while the host is closed;
    /// details `{host}`. `NotFound` once the host was removed.
    pub fn reserve(self: &Arc<Self>) -> Result<Reservation, Error> {
        // Read before the closers: a host that is closed in between has a new number.
        let closings = self.common.closings.load(Ordering::SeqCst);
        if self.is_removed() || self.is_closed() {
            return Err(self.refusal());
        }
        let max = self.config.max_processes;
        let taken = self
            .common
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
                let message = format!("host {} is full: max_processes = {max}", self.name());
                Err(self.at_limit("max_processes", max, message))
            }
        }
    }

    /// Returns true if the host was closed again after `closings` closings.
    pub(crate) fn was_closed_since(&self, closings: u64) -> bool {
        self.common.closings.load(Ordering::SeqCst) != closings
    }

    /// Counts a group that a process of the host begins.
    ///
    /// # Errors
    /// `RateLimited`, details `{host, limit, value}`.
    pub(crate) fn count_group(&self) -> Result<Counted, Error> {
        self.count(&self.common.groups, "max_host_groups", MAX_GROUPS_OF_HOST)
    }

    /// Counts a monitor of one group.
    ///
    /// # Errors
    /// As for [`Host::count_group`].
    pub(crate) fn count_group_monitor(&self) -> Result<Counted, Error> {
        let most = MAX_GROUP_MONITORS_OF_HOST;
        self.count(&self.common.group_monitors, "max_group_monitors", most)
    }

    /// Counts a monitor of many groups.
    ///
    /// # Errors
    /// As for [`Host::count_group`].
    pub(crate) fn count_wide_monitor(&self) -> Result<Counted, Error> {
        let most = MAX_WIDE_MONITORS_OF_HOST;
        self.count(&self.common.wide_monitors, "max_wide_monitors", most)
    }

    /// Returns what [`Host::count_group`] and the others count.
    #[cfg(test)]
    pub(crate) fn group_counts(&self) -> [usize; 3] {
        let common = &self.common;
        [
            &common.groups,
            &common.group_monitors,
            &common.wide_monitors,
        ]
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
        let message = format!("host {} has reached {limit} = {most}", self.name());
        Err(self.at_limit(limit, most, message))
    }

    fn at_limit(&self, limit: &'static str, most: usize, message: String) -> Error {
        Error::at_limit(Kind::RateLimited, limit, most as u64, message).in_host(self.name())
    }

    /// Returns the error of a process that the host does not take.
    fn refusal(&self) -> Error {
        if self.is_removed() {
            return not_found(self.name());
        }
        Error::new(
            Kind::Unavailable,
            format!(
                "host {} takes no processes: those in it are being ended",
                self.name()
            ),
        )
        .retryable(true)
        .with("host", self.name())
    }
}

/// Returns the bytes that all processes of a host may hold.
fn total_of(memory: MemoryLimits, runtime: &Budget) -> u64 {
    let limit = runtime.limit();
    memory.total.unwrap_or(limit - limit / 8)
}

/// Returns the error for a host that is not there.
pub(crate) fn not_found(name: &str) -> Error {
    Error::not_found(format!("host not found: {}", text::line(name)))
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("name", &self.name())
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
        self.host.common.closers.fetch_sub(1, Ordering::SeqCst);
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
            return Err(self.host.refusal());
        }
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.host.common.live.fetch_sub(1, Ordering::AcqRel);
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
            None,
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
            None,
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

    fn host(config: HostConfig, memory: MemoryLimits) -> (Arc<Host>, Arc<Budget>) {
        let runtime = Arc::new(Budget::of_runtime(800));
        let host = Host::new("a:b", None, 3, config, memory, &runtime);
        (Arc::new(host), runtime)
    }

    #[test]
    fn other_limits_hold_for_the_same_places_and_bytes() {
        let (host, runtime) = host(HostConfig::default(), MemoryLimits::default());
        assert_eq!(host.budget().limit(), 700);
        let held = [host.reserve().unwrap(), host.reserve().unwrap()];
        host.budget().take(600).unwrap();
        let config = HostConfig {
            max_processes: 2,
            ..HostConfig::default()
        };
        let memory = MemoryLimits {
            process: 5,
            total: Some(500),
        };
        let other = Arc::new(host.revised(config, memory, &runtime).with(Box::new(7_u8)));
        assert!(other.is(&host) && (other.name(), other.number()) == ("a:b", 3));
        assert_eq!(host.budget().limit(), 700, "not in place yet");
        other.enforce();
        assert_eq!((other.live(), other.budget().limit()), (2, 500));
        assert!(host.budget().take(1).is_err() && other.budget().take(1).is_err());
        assert_eq!(other.reserve().unwrap_err().kind, Kind::RateLimited);
        // A caller that found the host before.
        assert!(host.reserve().is_ok());
        assert_eq!(
            (host.memory().process, other.memory().process),
            (u64::MAX, 5)
        );
        assert_eq!(
            (host.attachment::<u8>(), other.attachment::<u8>()),
            (None, Some(&7))
        );
        assert_eq!(other.attachment::<u16>(), None);
        drop(held);
        assert_eq!((host.live(), other.live()), (0, 0));
    }

    #[test]
    fn a_removed_host_takes_no_process_and_is_not_found() {
        let (host, runtime) = host(HostConfig::default(), MemoryLimits::default());
        let other = Arc::new(host.revised(HostConfig::default(), *host.memory(), &runtime));
        let before = other.reserve().unwrap();
        drop(host.close());
        host.remove();
        for host in [&host, &other] {
            assert!(host.is_removed() && !host.is_closed());
            let error = host.reserve().unwrap_err();
            assert_eq!(
                (error.kind, &*error.message),
                (Kind::NotFound, "host not found: a:b")
            );
        }
        assert_eq!(before.check().unwrap_err().kind, Kind::NotFound);
        drop(before);
        assert_eq!(host.live(), 0);
    }
}
