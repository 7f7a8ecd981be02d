//! Inspection of a runtime's processes, and operations on them.

mod hosts;
mod info;
mod observer;
mod query;
mod standstill;
mod unread;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use hosts::HostsEnding;
pub use info::{HostInfo, Listing, ProcessDetails, ProcessInfo, QueueInfo, State, Totals};
pub use observer::Observer;
pub use query::{Query, Sort};
pub use standstill::Standstill;
pub use warren_kernel::Change;

use query::{First, state_of};
use serde::{Deserialize, Serialize};
use warren_engine::Node;
use warren_kernel::{
    Counts, Error, Host, Kernel, Monotonic, Pid, Position, Process, QueueLabel, QueueView, Summary,
    View,
};

use crate::app::App;
use crate::apply::{Applied, ApplyError, Change as Changes, Planned, Versions};
#[cfg(feature = "cluster")]
use crate::cluster::Cluster;
use crate::error::CallError;
use crate::reload::{ReloadError, Reloaded};
use crate::runtime::Runtime;
use crate::values;

/// Looks at the processes of a [`Runtime`], without stopping any. The view of
/// one process is consistent; the views of two may stem from two moments. A
/// process that comes or goes meanwhile may be missing, and none is seen twice.
///
/// Looking at all processes takes time in proportion to their number
/// ([`Listing::took_us`] says how long). An async program that does so
/// regularly should use a thread that may block.
///
/// ```
/// use warren::{Error, Runtime};
/// use warren::introspection::{Query, Sort};
///
/// async fn show(runtime: &Runtime) -> Result<(), Error> {
///     let inspector = runtime.inspector();
///     let largest = Query { sort: Sort::Memory, limit: 10, ..Query::default() };
///     for process in inspector.processes(&largest).processes {
///         println!("{} {} bytes", process.pid, process.memory + process.held);
///         println!("{}", inspector.stack(&process.pid).await?);
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Inspector {
    node: Arc<Node>,
    versions: Arc<Versions>,
    #[cfg(feature = "cluster")]
    cluster: Option<Cluster>,
}

/// A group of processes.
///
/// ```
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let cache = std::env::temp_dir().join("warren-doctest-cache");
/// let runtime = warren::Runtime::builder()
///     .lua(
///         "app:member",
///         "return function()
///              process.groups.join('room')
///              return #process.groups.members('room')
///          end",
///     )
/// #    .cache(cache)
///     .start()?;
/// assert_eq!(runtime.exec::<u32>("app:member").await?, 1);
/// for group in runtime.inspector().groups(100) {
///     println!("{}: {} here, {} elsewhere", group.name, group.here, group.elsewhere);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GroupInfo {
    /// The name.
    pub name: String,
    /// Members on this node.
    pub here: usize,
    /// Members on other nodes of the cluster.
    pub elsewhere: usize,
}

/// Groups that are looked at while one part of them is locked.
const AT_ONCE: usize = 1_000;

/// Maximum number of entries shown of each list of one process.
const MAX_ENTRIES: usize = 100;

impl Runtime {
    /// Returns an inspector of the runtime's processes.
    pub fn inspector(&self) -> Inspector {
        Inspector {
            node: Arc::clone(self.node()),
            versions: Arc::clone(self.versions()),
            #[cfg(feature = "cluster")]
            cluster: self.cluster().cloned(),
        }
    }
}

/// Looking.
impl Inspector {
    /// Returns an inspector of a node without the runtime around it, for the
    /// benchmarks.
    #[doc(hidden)]
    pub fn of_node(node: Arc<Node>) -> Inspector {
        Inspector {
            node,
            versions: Arc::default(),
            #[cfg(feature = "cluster")]
            cluster: None,
        }
    }

    /// Returns the cluster that the runtime is a node of, if it is.
    #[cfg(feature = "cluster")]
    pub fn cluster(&self) -> Option<&Cluster> {
        self.cluster.as_ref()
    }

    /// Returns the groups with members, in order, at most `most` of them.
    pub fn groups(&self, most: usize) -> Vec<GroupInfo> {
        let kernel = self.node.kernel();
        let mut position = Position::default();
        let mut groups = Vec::new();
        while !position.is_end() && groups.len() < most {
            for name in kernel.groups("", &mut position, AT_ONCE) {
                let far = kernel.far_group_members(&name).unwrap_or_default();
                groups.push(GroupInfo {
                    here: kernel.group_len(&name),
                    elsewhere: far.len(),
                    name: name.to_string(),
                });
            }
        }
        groups.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        groups.truncate(most);
        groups
    }

    /// Returns the runtime's totals, and the processes that match a query.
    pub fn processes(&self, query: &Query) -> Listing {
        let begun = Instant::now();
        let (kernel, now) = (self.node.kernel(), self.now());
        let reading = self.node.reading();
        let running: HashSet<Pid> = reading.running.iter().copied().collect();
        let mut totals = self.totals_without_scan(&reading);
        let mut first = First::new(query, now);
        let mut matched = 0;
        for process in kernel.scan() {
            let Some(summary) = process.summary() else {
                continue;
            };
            let state = state_of(process.pid(), summary.activity, &running);
            totals.add(state, &summary);
            if query.wants(&process, state) {
                matched += 1;
                first.add(process, &summary);
            }
        }
        let processes = first
            .into_sorted()
            .filter_map(|process| {
                let view = process.view(MAX_ENTRIES)?;
                let info = self.info(&process, &view, &running, now);
                Some(if query.links {
                    self.with_links(info, &view)
                } else {
                    info
                })
            })
            .collect();
        Listing {
            totals,
            matched,
            processes,
            took_us: u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
        }
    }

    /// Returns the runtime's totals.
    pub fn totals(&self) -> Totals {
        let nothing = Query {
            limit: 0,
            ..Query::default()
        };
        self.processes(&nothing).totals
    }

    /// Returns one process, by its PID or name.
    ///
    /// # Errors
    ///
    /// `Invalid` for a text that is neither; `NotFound`.
    pub fn process(&self, destination: impl AsRef<str>) -> Result<ProcessDetails, Error> {
        let destination = destination.as_ref();
        let process = self.node.kernel().resolve(destination)?;
        let view = process
            .view(MAX_ENTRIES)
            .ok_or_else(|| Error::not_found(format!("process not found: {destination}")))?;
        let running = self.node.reading().running.into_iter().collect();
        Ok(self.details(&process, view, &running))
    }

    /// Returns the PID of the process of a number: the last part of the PID's text, such as
    /// `0x2a` of `{shop:workers|0x0002a}`.
    pub fn pid_of_number(&self, number: u64) -> Option<values::Pid> {
        let process = self.node.kernel().process(Pid::from_number(number)?)?;
        Some(process.text().into())
    }

    /// Returns the stack of a process, by its PID or name: for Lua, the calls
    /// of each of its coroutines, the innermost first; for other modules, the
    /// functions they are in.
    ///
    /// The process is neither stopped nor can it notice. The stack of a running
    /// process may be some milliseconds old, and its line is the line of the
    /// last call, or of any other operation that may fail. Dropping the future
    /// before it is ready has no effect.
    ///
    /// # Errors
    ///
    /// `Invalid`; `NotFound`; `Unavailable`, with the reason, for native
    /// processes, components that wait, processes with more than 64 MiB of
    /// memory, and processes in the midst of a call that waits for the runtime;
    /// `RateLimited` if the host has no free place for the inspection.
    pub async fn stack(&self, destination: impl AsRef<str>) -> Result<String, Error> {
        let process = self.node.kernel().resolve(destination.as_ref())?;
        self.node.stack(&process).await
    }

    /// Returns the stream of all changes from now on: starts, ends, names,
    /// links, upgrades. Nothing waits for the stream's reader: changes that do
    /// not fit into a buffer of `capacity` changes are counted
    /// ([`Change::Missed`]) and dropped.
    pub fn observe(&self, capacity: usize) -> Observer {
        Observer::new(self.node.kernel().observe(capacity))
    }
}

/// Operations on processes. A destination is a PID or a name.
impl Inspector {
    /// Sends a message from nobody.
    ///
    /// # Errors
    ///
    /// As for [`Handle::send`](crate::Handle::send).
    pub fn send(
        &self,
        destination: impl AsRef<str>,
        topic: &str,
        payload: impl Serialize,
    ) -> Result<(), CallError> {
        let bytes = values::to_values(&payload).map_err(CallError::value("a message"))?;
        let process = self.node.kernel().resolve(destination.as_ref())?;
        Ok(self.node.send(&process, topic, bytes.as_slice(), None)?)
    }

    /// Takes the program's files of code as they are now; see [`Runtime::reload`].
    ///
    /// # Errors
    ///
    /// See [`ReloadError`]. Nothing was taken.
    pub async fn reload(&self) -> Result<Reloaded, ReloadError> {
        self.versions.reload(&self.node).await
    }

    /// Applies a change; see [`Runtime::apply`].
    ///
    /// # Errors
    ///
    /// See [`ApplyError`]. Nothing has changed.
    pub async fn apply(&self, change: Changes) -> Result<Applied, ApplyError> {
        self.versions.apply(&self.node, change).await
    }

    /// Plans a change; see [`Runtime::plan`].
    ///
    /// # Errors
    ///
    /// See [`ApplyError`].
    pub async fn plan(&self, change: Changes) -> Result<Planned, ApplyError> {
        Planned::of(&self.versions, &self.node, change).await
    }

    /// Plans a return to the version before; see [`Runtime::plan_rollback`].
    ///
    /// # Errors
    ///
    /// See [`ApplyError`].
    pub async fn plan_rollback(&self, grace: Duration) -> Result<Planned, ApplyError> {
        Planned::of_rollback(&self.versions, &self.node, grace).await
    }

    /// Returns the number of the version that is in place; see [`Runtime::version`].
    pub fn version(&self) -> u64 {
        self.versions.number()
    }

    /// Returns the program on disk that is in place, if there is one.
    pub fn program(&self) -> Option<Arc<App>> {
        self.versions.definitions().app().cloned()
    }

    /// Opens a program with the options of the present one; see [`Runtime::reopen`].
    ///
    /// # Errors
    ///
    /// As for [`Runtime::reopen`].
    pub fn reopen(&self, path: impl AsRef<Path>) -> Result<App, ApplyError> {
        self.versions.reopen(path.as_ref())
    }

    /// Asks a process to end within a time, after which it is terminated. A
    /// process that does not read events cannot notice and goes on until then.
    ///
    /// # Errors
    ///
    /// `Invalid`, `NotFound`.
    pub fn cancel(&self, destination: impl AsRef<str>, within: Duration) -> Result<(), Error> {
        let kernel = self.node.kernel();
        let process = kernel.resolve(destination.as_ref())?;
        let now = self.node.now();
        kernel.cancel(None, &process, Some(now.after(within)), true, now)
    }

    /// Ends a process at once.
    ///
    /// # Errors
    ///
    /// `Invalid`, `NotFound`.
    pub fn terminate(&self, destination: impl AsRef<str>) -> Result<(), Error> {
        let kernel = self.node.kernel();
        kernel.terminate(&*kernel.resolve(destination.as_ref())?)
    }
}

impl Inspector {
    fn now(&self) -> Monotonic {
        self.node.now().monotonic
    }

    fn totals_without_scan(&self, reading: &warren_engine::Reading) -> Totals {
        let kernel = self.node.kernel();
        let ends = kernel.totals();
        let hosts = kernel.hosts();
        let mut draining = kernel.leaving_hosts();
        draining.sort_by(|one, other| one.name().cmp(other.name()));
        let info = |host: &Arc<Host>| {
            let files = self.node.files_in_use(host);
            HostInfo {
                name: host.name().to_owned(),
                processes: host.live(),
                max_processes: host.config().max_processes,
                memory: host.budget().used(),
                max_memory_total: host.budget().limit(),
                files: files.open,
                max_files_total: files.max_open,
                disk: files.disk,
                max_disk: files.max_disk,
            }
        };
        Totals {
            uptime_ms: u64::try_from(reading.uptime.as_millis()).unwrap_or(u64::MAX),
            hosts: hosts.iter().map(info).collect(),
            draining: draining.iter().map(info).collect(),
            counted: kernel.budget().used(),
            max_memory_total: kernel.budget().limit(),
            names: kernel.name_count(),
            spawned: ends.spawned,
            returned: ends.returned,
            failed: ends.failed,
            terminated: ends.terminated,
            linked: ends.linked,
            sent: reading.sent,
            refused: reading
                .refused
                .iter()
                .map(|&(kind, count)| (kind.to_owned(), count))
                .collect(),
            busy_ms: reading.busy.iter().map(|busy| busy / 1_000_000).collect(),
            queued: reading.queued,
            log_lost: self.node.log_records_lost(),
            tasks: self.node.tasks(),
            places: self.node.slots_taken(),
            ..Totals::default()
        }
    }

    fn info(
        &self,
        process: &Process,
        view: &View,
        running: &HashSet<Pid>,
        now: Monotonic,
    ) -> ProcessInfo {
        let (summary, kernel) = (&view.summary, self.node.kernel());
        let Counts {
            links, monitors, ..
        } = view.counts;
        ProcessInfo {
            pid: process.text().into(),
            state: state_of(process.pid(), summary.activity, running),
            definition: view
                .origin
                .as_ref()
                .map(|origin| origin.definition.to_string()),
            host: process.host().name().to_owned(),
            parent: view.parent.map(|parent| text(kernel, parent)),
            names: view.names.iter().map(|name| name.to_string()).collect(),
            links,
            monitors,
            messages: summary.messages,
            bytes: summary.bytes,
            events: summary.events,
            oldest_ms: summary.oldest.map(|oldest| age_ms(oldest, now)),
            memory: summary.memory,
            held: summary.held,
            counted: summary.counted,
            max_memory: process.host().memory().process,
            cpu_ms: summary.processor / 1_000_000,
            load: process.usage().load(now),
            age_ms: age_ms(view.started, now),
            linked_to: Vec::new(),
        }
    }

    fn with_links(&self, info: ProcessInfo, view: &View) -> ProcessInfo {
        let links = view.peers.links.iter();
        ProcessInfo {
            linked_to: links.map(|pid| text(self.node.kernel(), *pid)).collect(),
            ..info
        }
    }

    fn details(&self, process: &Process, view: View, running: &HashSet<Pid>) -> ProcessDetails {
        let (kernel, now) = (self.node.kernel(), self.now());
        let texts = |pids: &[Pid]| pids.iter().map(|pid| text(kernel, *pid)).collect();
        ProcessDetails {
            process: self.with_links(self.info(process, &view, running, now), &view),
            frame: view.origin.as_ref().map(|origin| origin.frame.to_string()),
            actor: view
                .origin
                .and_then(|origin| origin.actor)
                .map(|actor| actor.to_string()),
            trap_links: view.trap_links,
            monitoring: texts(&view.peers.monitors),
            monitored_by: texts(&view.peers.monitored_by),
            queues: view.queues.iter().map(|view| queue(view, now)).collect(),
            ends_within_ms: view.cancel_deadline.map(|deadline| age_ms(now, deadline)),
            last_error: view.last_error.map(|error| error.to_string()),
        }
    }
}

impl Totals {
    fn add(&mut self, state: State, summary: &Summary) {
        self.processes += 1;
        self.states[state as usize] += 1;
        self.messages += summary.messages;
        self.bytes += summary.bytes;
        self.memory += summary.memory;
        self.held += summary.held;
    }
}

/// Returns the text of a PID; of a process that has ended, whose host is
/// unknown, its number.
fn text(kernel: &Kernel, pid: Pid) -> String {
    match kernel.process(pid) {
        Some(process) => process.text().to_string(),
        None => format!("0x{:05x}", pid.number()),
    }
}

fn queue(view: &QueueView, now: Monotonic) -> QueueInfo {
    QueueInfo {
        name: match &view.label {
            QueueLabel::Inbox => "@inbox".to_owned(),
            QueueLabel::Unclaimed => "@unclaimed".to_owned(),
            QueueLabel::Topic(topic) => topic.to_string(),
        },
        messages: view.messages,
        bytes: view.bytes,
        oldest_ms: view.oldest.map(|oldest| age_ms(oldest, now)),
    }
}

fn age_ms(since: Monotonic, now: Monotonic) -> u64 {
    now.0.saturating_sub(since.0) / 1_000_000
}
