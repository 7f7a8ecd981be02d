//! Information on processes: plain data, also as JSON.

use serde::{Deserialize, Serialize};

use crate::values::Pid;

/// The activity of a process.
///
/// ```
/// use warren::introspection::State;
///
/// let words: Vec<_> = State::ALL.into_iter().map(State::as_str).collect();
/// assert_eq!(words, ["running", "ready", "waiting", "parked", "blocked", "ending"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// A worker runs the process at present.
    Running,
    /// The process waits for a worker.
    Ready,
    /// The process waits in a receive.
    Waiting,
    /// The process waits in a receive, and has given its slot to others. Its memory is
    /// kept compressed.
    Parked,
    /// The process waits for the runtime in a call: a file, a compilation, a
    /// new process.
    Blocked,
    /// The end of the process is decided; the process has not ended yet.
    Ending,
}

impl State {
    /// All states.
    pub const ALL: [State; 6] = [
        State::Running,
        State::Ready,
        State::Waiting,
        State::Parked,
        State::Blocked,
        State::Ending,
    ];

    /// Returns the state's word.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Running => "running",
            State::Ready => "ready",
            State::Waiting => "waiting",
            State::Parked => "parked",
            State::Blocked => "blocked",
            State::Ending => "ending",
        }
    }
}

/// One process, in a line.
///
/// ```
/// use warren::Runtime;
/// use warren::introspection::{ProcessInfo, Query, Sort};
///
/// fn busiest(runtime: &Runtime) -> Option<ProcessInfo> {
///     let query = Query {
///         sort: Sort::Load,
///         limit: 1,
///         ..Query::default()
///     };
///     runtime.inspector().processes(&query).processes.pop()
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProcessInfo {
    /// Its PID.
    pub pid: Pid,
    /// Its activity.
    pub state: State,
    /// The definition it runs.
    pub definition: Option<String>,
    /// The host it lives in.
    pub host: String,
    /// PID of the spawner; absent if the embedder spawned the process. The
    /// number alone if the spawner has ended.
    pub parent: Option<String>,
    /// Registered names, at most a hundred.
    pub names: Vec<String>,
    /// Processes linked to this one.
    pub links: usize,
    /// Processes that this one monitors.
    pub monitors: usize,
    /// Messages in the process's queues.
    pub messages: usize,
    /// Bytes of those messages.
    pub bytes: usize,
    /// Unread events.
    pub events: usize,
    /// Age of the oldest unread message, in milliseconds.
    pub oldest_ms: Option<u64>,
    /// Linear memory in bytes: the addressable size, of which the process may
    /// not have touched all.
    pub memory: u64,
    /// Bytes that the runtime holds for the process: messages, events, results,
    /// names, ties, arguments and context.
    #[serde(default)]
    pub held: u64,
    /// Bytes of both that count against `max_memory`.
    #[serde(default)]
    pub counted: u64,
    /// Bytes of both that the process may have.
    #[serde(default)]
    pub max_memory: u64,
    /// Run time, in milliseconds.
    pub cpu_ms: u64,
    /// Share of one processor in the last seconds, from 0 to 1.
    pub load: f64,
    /// Age of the process, in milliseconds.
    pub age_ms: u64,
    /// PIDs of linked processes, at most a hundred; empty unless a query asked
    /// for them ([`Query::links`](super::Query::links)).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub linked_to: Vec<String>,
}

/// One process, in full.
///
/// ```
/// use warren::{Error, Runtime};
///
/// fn longest_queue(runtime: &Runtime, process: &str) -> Result<Option<String>, Error> {
///     let details = runtime.inspector().process(process)?;
///     let longest = details.queues.into_iter().max_by_key(|queue| queue.messages);
///     Ok(longest.map(|queue| queue.name))
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProcessDetails {
    /// The process in a line.
    #[serde(flatten)]
    pub process: ProcessInfo,
    /// The chain of calls it belongs to.
    pub frame: Option<String>,
    /// The actor for which the process acts.
    pub actor: Option<String>,
    /// True if the failure of a linked process is an event.
    pub trap_links: bool,
    /// PIDs of processes that this one monitors, at most a hundred.
    pub monitoring: Vec<String>,
    /// PIDs of processes that monitor this one, at most a hundred.
    pub monitored_by: Vec<String>,
    /// The process's queues, at most a hundred.
    pub queues: Vec<QueueInfo>,
    /// Milliseconds from now until the process must end, if it was asked to end
    /// by a deadline.
    pub ends_within_ms: Option<u64>,
    /// The last error that a call of the process API returned to the process.
    pub last_error: Option<String>,
}

/// One queue of a process.
///
/// ```
/// use warren::introspection::{ProcessDetails, QueueInfo};
///
/// fn unclaimed(process: &ProcessDetails) -> Option<&QueueInfo> {
///     process.queues.iter().find(|queue| queue.name == "@unclaimed")
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueInfo {
    /// The topic of a listener, `@inbox`, or `@unclaimed` for messages without
    /// a reader.
    pub name: String,
    /// Messages in it.
    pub messages: usize,
    /// Bytes of those messages.
    pub bytes: usize,
    /// Age of the oldest message, in milliseconds.
    pub oldest_ms: Option<u64>,
}

/// One host.
///
/// ```
/// use warren::introspection::{HostInfo, Totals};
///
/// fn full(totals: &Totals) -> Vec<&HostInfo> {
///     let hosts = totals.hosts.iter();
///     hosts.filter(|host| host.processes >= host.max_processes).collect()
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostInfo {
    /// Its name.
    pub name: String,
    /// Processes in it.
    pub processes: usize,
    /// Processes the host allows.
    pub max_processes: usize,
    /// Memory the host's processes hold, in bytes, their base cost included.
    #[serde(default)]
    pub memory: u64,
    /// Memory the processes may hold together, in bytes.
    #[serde(default)]
    pub max_memory_total: u64,
    /// Files the processes have open.
    #[serde(default)]
    pub files: usize,
    /// Files the processes may have open together.
    #[serde(default)]
    pub max_files_total: usize,
    /// Bytes the processes have added to disks.
    #[serde(default)]
    pub disk: u64,
    /// Bytes the processes may add to disks.
    #[serde(default)]
    pub max_disk: u64,
}

/// A runtime as a whole.
///
/// ```
/// use warren::Runtime;
/// use warren::introspection::State;
///
/// fn running(runtime: &Runtime) -> usize {
///     runtime.inspector().totals().states[State::Running as usize]
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// Age of the runtime, in milliseconds.
    pub uptime_ms: u64,
    /// Processes.
    pub processes: usize,
    /// Numbers of processes that are running, ready, waiting, blocked, ending,
    /// in this order.
    pub states: [usize; 6],
    /// The hosts, by name.
    pub hosts: Vec<HostInfo>,
    /// The hosts that were removed and have processes left, by name. A host of the same name
    /// may be among the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub draining: Vec<HostInfo>,
    /// Registered names.
    pub names: usize,
    /// Processes ever started.
    pub spawned: u64,
    /// Processes that returned.
    pub returned: u64,
    /// Processes that failed by themselves.
    pub failed: u64,
    /// Processes that were terminated.
    pub terminated: u64,
    /// Processes that ended with a linked process.
    pub linked: u64,
    /// Messages that processes ever sent, refused ones included.
    pub sent: u64,
    /// Calls of the process API that were refused, by kind of error.
    pub refused: Vec<(String, u64)>,
    /// Unread messages.
    pub messages: usize,
    /// Bytes of those messages.
    pub bytes: usize,
    /// Linear memory of all processes, in bytes.
    pub memory: u64,
    /// Bytes that the runtime holds for all processes.
    #[serde(default)]
    pub held: u64,
    /// Memory that counts against `max_memory_total`, in bytes.
    #[serde(default)]
    pub counted: u64,
    /// Memory that all processes may hold together, in bytes.
    #[serde(default)]
    pub max_memory_total: u64,
    /// Milliseconds for which each worker has run processes.
    pub busy_ms: Vec<u64>,
    /// Processes that wait for a worker.
    pub queued: usize,
    /// Log records of processes that were lost because the hook did not take
    /// them in time.
    #[serde(default)]
    pub log_lost: u64,
    /// Tasks of processes. The task of an ended process is counted for a moment
    /// longer.
    pub tasks: usize,
    /// Taken slots for instances: one for each guest, and one for each source that is
    /// being compiled.
    pub places: usize,
}

/// The result of a [`Query`](super::Query).
///
/// ```
/// use warren::Runtime;
/// use warren::introspection::{Listing, Query};
///
/// fn show(runtime: &Runtime) {
///     let Listing { processes, matched, .. } = runtime.inspector().processes(&Query::default());
///     println!("{} of {matched} processes", processes.len());
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Listing {
    /// The runtime as a whole.
    pub totals: Totals,
    /// Number of matching processes, those beyond the query's limit included.
    pub matched: usize,
    /// The first of the matching processes.
    pub processes: Vec<ProcessInfo>,
    /// Duration of the scan, in microseconds.
    pub took_us: u64,
}
