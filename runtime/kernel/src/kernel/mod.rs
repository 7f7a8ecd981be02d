//! The kernel: everything that concerns more than one process.

mod dump;
mod exit;
mod far;
mod groups;
mod introspection;
mod memory;
mod signal;
mod spawn;
mod ties;

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU64;
use std::sync::OnceLock;

pub use exit::Exiting;
pub use far::Expecting;
pub use signal::MAX_REASON_BYTES;
pub use spawn::{Spawn, Spawned};

use crate::budget::Budget;
use crate::destination::Destination;
use crate::error::{Error, Kind};
use crate::groups::Groups;
use crate::host::{Attachment, Host, HostConfig, MemoryLimits, not_found};
use crate::moment::Monotonic;
use crate::name::check_name;
use crate::observe::{Change, Changes, Readers};
use crate::pairs::PairLocks;
use crate::pid::Pid;
use crate::process::Process;
use crate::registry::{NotRegistered, Registry};
use crate::strangers::Member;
use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use crate::sync::{Arc, RwLock};
use crate::table::Table;
use crate::text;
use crate::totals::Counts;
use crate::unread::Unread;

/// All hosts and processes of one runtime, and the names of the processes.
pub struct Kernel {
    hosts: RwLock<Hosts>,
    /// Number of hosts that were made.
    hosts_made: AtomicUsize,
    table: Table,
    names: Registry,
    groups: Groups,
    pairs: PairLocks,
    last_pid: AtomicU64,
    /// Nanoseconds; see [`Kernel::set_clock`].
    clock: AtomicU64,
    counts: Counts,
    unread: Unread,
    readers: Readers,
    budget: Arc<Budget>,
    /// Absent without a cluster.
    member: OnceLock<Member>,
}

/// The hosts of a kernel.
#[derive(Default)]
struct Hosts {
    present: HashMap<Arc<str>, Arc<Host>>,
    /// Hosts that were removed and may have processes left.
    leaving: Vec<Arc<Host>>,
}

impl Kernel {
    /// Returns a kernel without hosts, and without a limit of memory.
    pub fn new() -> Arc<Kernel> {
        Kernel::within(u64::MAX)
    }

    /// Returns a kernel without hosts, whose processes may hold `max_memory`
    /// bytes together.
    pub fn within(max_memory: u64) -> Arc<Kernel> {
        Arc::new(Kernel {
            hosts: RwLock::default(),
            hosts_made: AtomicUsize::new(0),
            table: Table::new(),
            names: Registry::new(),
            groups: Groups::new(),
            pairs: PairLocks::new(),
            last_pid: AtomicU64::new(0),
            clock: AtomicU64::new(0),
            counts: Counts::default(),
            unread: Unread::default(),
            readers: Readers::default(),
            budget: Arc::new(Budget::of_runtime(max_memory)),
            member: OnceLock::new(),
        })
    }

    /// Returns the number of processes that have not exited.
    pub fn live(&self) -> usize {
        self.table.len()
    }

    /// Returns the number of names held.
    pub fn name_count(&self) -> usize {
        self.names.len()
    }

    /// Returns the processes that have not exited, by PID. Processes that come
    /// or go meanwhile may or may not be among them.
    pub fn processes(&self) -> Vec<Arc<Process>> {
        self.table.all()
    }

    /// Sets the kernel's clock. The kernel dates messages and processes by the
    /// time it was told last, so an embedder that reads their age sets the
    /// clock every now and then. The clock never goes back.
    pub fn set_clock(&self, now: Monotonic) {
        self.clock.fetch_max(now.0, Ordering::Relaxed);
    }

    /// Returns the time that was set last.
    #[inline]
    pub fn clock(&self) -> Monotonic {
        Monotonic(self.clock.load(Ordering::Relaxed))
    }

    /// Returns the stream of all events from now on, with room for `capacity`
    /// unread events.
    pub fn observe(&self, capacity: usize) -> Changes {
        self.readers.add(capacity)
    }

    /// Ends the streams of events, once their readers have read what they hold:
    /// nothing will happen any more.
    pub fn end_events(&self) {
        self.readers.end();
    }

    /// Records that a process runs other code from now on.
    pub fn set_definition(&self, process: &Process, definition: &Arc<str>) {
        process.set_definition(definition);
        self.readers.tell(|| Change::Upgraded {
            pid: process.text().into(),
            definition: Arc::clone(definition),
        });
    }

    fn next_pid(&self) -> Pid {
        // 2^64 processes do not happen; an overflow would wrap to 0, which is
        // no PID.
        let number = self
            .last_pid
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_add(1);
        Pid::new(NonZeroU64::new(number).unwrap_or(NonZeroU64::MAX))
    }
}

/// Hosts.
impl Kernel {
    /// Adds a host.
    ///
    /// # Errors
    /// `Conflict` if a host has this name; `Invalid` for a name that could not
    /// be told apart inside a PID's text (empty, or with any of `{|}@`).
    pub fn add_host(&self, name: &str, config: HostConfig) -> Result<Arc<Host>, Error> {
        self.add_host_within(name, config, MemoryLimits::default())
    }

    /// Adds a host whose processes may hold `memory`.
    ///
    /// # Errors
    /// As for [`Kernel::add_host`].
    pub fn add_host_within(
        &self,
        name: &str,
        config: HostConfig,
        memory: MemoryLimits,
    ) -> Result<Arc<Host>, Error> {
        let host = Arc::new(self.make_host(name, config, memory)?);
        let mut hosts = self.hosts.write();
        if hosts.present.contains_key(name) {
            return Err(Error::new(
                Kind::Conflict,
                format!("host already exists: {name}"),
            ));
        }
        hosts.present.insert(name.into(), Arc::clone(&host));
        Ok(host)
    }

    /// Makes a host that nobody finds until [`Kernel::put_hosts`] puts it in place.
    ///
    /// # Errors
    /// `Invalid` for a name that a host cannot have; see [`Kernel::add_host`].
    pub fn new_host(
        &self,
        name: &str,
        config: HostConfig,
        memory: MemoryLimits,
        attachment: Attachment,
    ) -> Result<Arc<Host>, Error> {
        let host = self.make_host(name, config, memory)?;
        Ok(Arc::new(host.with(attachment)))
    }

    /// Returns a host with other limits, which hold once [`Kernel::put_hosts`] puts the
    /// returned value in place: those of all processes together at once, those of each
    /// process for processes that are started from then on.
    pub fn revised_host(
        &self,
        host: &Host,
        config: HostConfig,
        memory: MemoryLimits,
        attachment: Attachment,
    ) -> Arc<Host> {
        Arc::new(host.revised(config, memory, &self.budget).with(attachment))
    }

    /// Puts hosts in place, each instead of the one of its name, and removes those of
    /// other names: in one step for whoever looks for a host. Returns the hosts that were
    /// removed. They take no more processes, and those that they have go on.
    pub fn put_hosts(&self, put: &[Arc<Host>], remove: &[&str]) -> Vec<Arc<Host>> {
        let mut hosts = self.hosts.write();
        let mut removed = Vec::new();
        for name in remove {
            removed.extend(hosts.present.remove(*name));
        }
        for host in put {
            host.enforce();
            let before = hosts.present.insert(host.name().into(), Arc::clone(host));
            // Another host of the same name gives way.
            removed.extend(before.filter(|before| !before.is(host)));
        }
        for host in &removed {
            host.remove();
        }
        hosts.leaving.extend(removed.iter().cloned());
        hosts.leaving.retain(|host| host.live() > 0);
        removed
    }

    /// Forgets removed hosts that have no process left.
    pub fn forget_removed_hosts(&self) {
        self.hosts.write().leaving.retain(|host| host.live() > 0);
    }

    fn make_host(
        &self,
        name: &str,
        config: HostConfig,
        memory: MemoryLimits,
    ) -> Result<Host, Error> {
        if name.is_empty() || name.contains(['{', '|', '}', '@']) {
            return Err(Error::invalid(format!(
                "a host's name may not be empty or contain any of {{|}}@: {name}"
            )));
        }
        let number = self.hosts_made.fetch_add(1, Ordering::Relaxed);
        let node = self.node();
        Ok(Host::new(name, node, number, config, memory, &self.budget))
    }

    /// Returns a host by its name.
    ///
    /// # Errors
    /// `NotFound`, naming the host.
    pub fn host(&self, name: &str) -> Result<Arc<Host>, Error> {
        let host = self.hosts.read().present.get(name).cloned();
        host.ok_or_else(|| not_found(name))
    }

    /// Returns all hosts of a name: the one that takes processes, if there is one, and those
    /// that were removed and have processes left.
    ///
    /// # Errors
    /// `NotFound`, naming the host, if there is none.
    pub fn hosts_of(&self, name: &str) -> Result<Vec<Arc<Host>>, Error> {
        let hosts = self.hosts.read();
        let leaving = hosts.leaving.iter();
        let leaving = leaving.filter(|host| host.name() == name && host.live() > 0);
        let all: Vec<_> = hosts.present.get(name).into_iter().chain(leaving).collect();
        match all.is_empty() {
            true => Err(not_found(name)),
            false => Ok(all.into_iter().cloned().collect()),
        }
    }

    /// Returns all hosts that take processes, by name.
    pub fn hosts(&self) -> Vec<Arc<Host>> {
        let mut hosts: Vec<_> = self.hosts.read().present.values().cloned().collect();
        hosts.sort_unstable_by(|one, other| one.name().cmp(other.name()));
        hosts
    }

    /// Returns the hosts that were removed and have processes left.
    pub fn leaving_hosts(&self) -> Vec<Arc<Host>> {
        let hosts = self.hosts.read();
        let left = hosts.leaving.iter().filter(|host| host.live() > 0);
        left.cloned().collect()
    }
}

/// Finding processes.
impl Kernel {
    /// Returns the process of this PID, if it has not exited.
    pub fn process(&self, pid: Pid) -> Option<Arc<Process>> {
        self.table.find(pid)
    }

    /// Returns the process a destination names: the text of a PID, or a name.
    ///
    /// # Errors
    /// `Invalid` for a text that is neither; `NotFound`.
    pub fn resolve(&self, destination: &str) -> Result<Arc<Process>, Error> {
        match Destination::parse(destination)? {
            Destination::Name(name) => self.find_holder(name),
            Destination::Pid { host, pid } => self
                .table
                .find(pid)
                .filter(|process| process.host().name() == host)
                .ok_or_else(|| no_process(destination)),
            // The whole text is compared: it names the node.
            Destination::Clustered { text, pid } => self
                .table
                .find(pid)
                .filter(|process| **process.text() == *text)
                .ok_or_else(|| no_process(destination)),
        }
    }

    /// Gives a process a name. The same pair again succeeds.
    ///
    /// # Errors
    /// `Invalid` (the name is empty, begins with `{` or `@`, or is longer than
    /// [`MAX_NAME_BYTES`](crate::MAX_NAME_BYTES)); `AlreadyExists`, details
    /// `{pid}`; `NotFound` if the process has exited; `RateLimited` at
    /// `max_names`.
    pub fn register(&self, name: &str, process: &Arc<Process>) -> Result<(), Error> {
        check_name(name)?;
        self.names
            .register(name, process)
            .map_err(|reason| match reason {
                NotRegistered::Taken(holder) => already_registered(name, &holder),
                NotRegistered::Refused(error) => error,
            })?;
        self.readers.tell(|| Change::Named {
            pid: process.text().into(),
            name: name.into(),
        });
        Ok(())
    }

    /// Returns the process of this name.
    ///
    /// # Errors
    /// `Invalid` for a text that cannot be a name; `NotFound` "name not
    /// registered".
    pub fn lookup(&self, name: &str) -> Result<Arc<Process>, Error> {
        check_name(name)?;
        self.find_name(name)
    }

    /// Returns the process of this name, as [`Kernel::lookup`] does, unless the name is one of
    /// the cluster whose lease is over at this moment.
    ///
    /// # Errors
    /// As [`Kernel::lookup`].
    pub fn holder(&self, name: &str) -> Result<Arc<Process>, Error> {
        check_name(name)?;
        self.find_holder(name)
    }

    /// Frees a name. Returns false if no process held it.
    ///
    /// # Errors
    /// `Invalid` for a text that cannot be a name.
    pub fn unregister(&self, name: &str) -> Result<bool, Error> {
        check_name(name)?;
        if let Some(member) = self.member.get() {
            member.forget_name(name, None);
        }
        let freed = self.names.unregister(name);
        if freed {
            self.readers.tell(|| Change::Unnamed { name: name.into() });
        }
        Ok(freed)
    }

    fn find_name(&self, name: &str) -> Result<Arc<Process>, Error> {
        self.names.lookup(name).ok_or_else(|| no_name(name))
    }

    fn find_holder(&self, name: &str) -> Result<Arc<Process>, Error> {
        let process = self.find_name(name)?;
        match self.member.get() {
            Some(member) if !member.may_use_name(name, process.pid()) => Err(no_name(name)),
            _ => Ok(process),
        }
    }
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kernel")
            .field("live", &self.live())
            .field("names", &self.name_count())
            .finish_non_exhaustive()
    }
}

fn no_name(name: &str) -> Error {
    Error::not_found(format!("name not registered: {}", text::line(name)))
}

#[cold]
fn no_process(destination: &str) -> Error {
    Error::not_found(format!("process not found: {}", text::line(destination)))
}

fn already_registered(name: &str, holder: &Process) -> Error {
    Error::new(
        Kind::AlreadyExists,
        format!("name already registered: {}", text::line(name)),
    )
    .with("pid", &**holder.text())
}
