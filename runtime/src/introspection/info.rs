//! What is told of processes: plain data, also as JSON.

use serde::{Deserialize, Serialize};

/// What a process is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// A worker runs it at present.
    Running,
    /// It wants to run.
    Ready,
    /// It waits in a receive.
    Waiting,
    /// A call of it waits for the runtime: a file, a compilation, a new process.
    Blocked,
    /// Its end is decided; it has not come to it yet.
    Ending,
}

impl State {
    /// All of them.
    pub const ALL: [State; 5] = [
        State::Running,
        State::Ready,
        State::Waiting,
        State::Blocked,
        State::Ending,
    ];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Running => "running",
            State::Ready => "ready",
            State::Waiting => "waiting",
            State::Blocked => "blocked",
            State::Ending => "ending",
        }
    }
}

/// One process, in a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProcessInfo {
    /// Its PID.
    pub pid: String,
    /// What it is doing.
    pub state: State,
    /// What it runs.
    pub definition: Option<String>,
    /// The host it lives in.
    pub host: String,
    /// The PID of who spawned it; absent where that is the embedder. Where that
    /// has ended, its number alone.
    pub parent: Option<String>,
    /// Names it is registered under, at most a hundred.
    pub names: Vec<String>,
    /// Processes it is linked to.
    pub links: usize,
    /// Processes it monitors.
    pub monitors: usize,
    /// Messages in its queues.
    pub messages: usize,
    /// Their bytes.
    pub bytes: usize,
    /// Events it has not read.
    pub events: usize,
    /// How long the oldest of its messages waits, in milliseconds.
    pub oldest_ms: Option<u64>,
    /// Linear memory, in bytes: what it can reach, of which it may not have
    /// touched all.
    pub memory: u64,
    /// What the runtime holds for it, in bytes: messages, events, results, names,
    /// ties, arguments and context.
    #[serde(default)]
    pub held: u64,
    /// What of linear memory and of that counts against `max_memory`, in bytes.
    #[serde(default)]
    pub counted: u64,
    /// What it may have of both, in bytes.
    #[serde(default)]
    pub max_memory: u64,
    /// How long it has run, in milliseconds.
    pub cpu_ms: u64,
    /// The share of one processor it had in the last seconds, from 0 to 1.
    pub load: f64,
    /// How long it is there, in milliseconds.
    pub age_ms: u64,
    /// PIDs of processes it is linked to, at most a hundred; none where a query
    /// did not ask for them ([`Query::links`](super::Query::links)).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub linked_to: Vec<String>,
}

/// One process, with all there is to see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProcessDetails {
    /// What a line says of it.
    #[serde(flatten)]
    pub process: ProcessInfo,
    /// The chain of calls it belongs to.
    pub frame: Option<String>,
    /// On whose behalf it acts.
    pub actor: Option<String>,
    /// Whether the failure of a linked process is an event to it.
    pub trap_links: bool,
    /// PIDs of processes it monitors, at most a hundred.
    pub monitoring: Vec<String>,
    /// PIDs of processes that monitor it, at most a hundred.
    pub monitored_by: Vec<String>,
    /// Its queues, at most a hundred.
    pub queues: Vec<QueueInfo>,
    /// Until when it has to end because it was asked to, in milliseconds from
    /// now.
    pub ends_within_ms: Option<u64>,
    /// The last error that a call of the process API returned to it.
    pub last_error: Option<String>,
}

/// One queue of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueInfo {
    /// The topic it listens on, `@inbox`, or `@unclaimed` for what nobody
    /// reads.
    pub name: String,
    /// Messages in it.
    pub messages: usize,
    /// Their bytes.
    pub bytes: usize,
    /// How long the oldest of them waits, in milliseconds.
    pub oldest_ms: Option<u64>,
}

/// One host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostInfo {
    /// Its name.
    pub name: String,
    /// Processes in it.
    pub processes: usize,
    /// Processes it allows.
    pub max_processes: usize,
    /// Memory its processes hold, in bytes, with what they cost by being there.
    #[serde(default)]
    pub memory: u64,
    /// Memory they may hold together, in bytes.
    #[serde(default)]
    pub max_memory_total: u64,
    /// Files its processes have open.
    #[serde(default)]
    pub files: usize,
    /// Files they may have open together.
    #[serde(default)]
    pub max_files_total: usize,
    /// Bytes by which they have made disks fuller.
    #[serde(default)]
    pub disk: u64,
    /// Bytes by which they may.
    #[serde(default)]
    pub max_disk: u64,
}

/// A runtime as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// How long the runtime is there, in milliseconds.
    pub uptime_ms: u64,
    /// Processes.
    pub processes: usize,
    /// How many are running, ready, waiting, blocked, ending, in this order.
    pub states: [usize; 5],
    /// The hosts, by name.
    pub hosts: Vec<HostInfo>,
    /// Registered names.
    pub names: usize,
    /// Processes ever started.
    pub spawned: u64,
    /// Of these, how many returned,
    pub returned: u64,
    /// failed by themselves,
    pub failed: u64,
    /// were terminated,
    pub terminated: u64,
    /// ended with a linked process.
    pub linked: u64,
    /// Messages that processes ever sent, those that were refused included.
    pub sent: u64,
    /// Calls of the process API that were refused, by kind of error.
    pub refused: Vec<(String, u64)>,
    /// Messages that wait to be read.
    pub messages: usize,
    /// Their bytes.
    pub bytes: usize,
    /// Linear memory of all processes, in bytes.
    pub memory: u64,
    /// What the runtime holds for them, in bytes.
    #[serde(default)]
    pub held: u64,
    /// Memory that counts against `max_memory_total`, in bytes.
    #[serde(default)]
    pub counted: u64,
    /// Memory that all processes may hold together, in bytes.
    #[serde(default)]
    pub max_memory_total: u64,
    /// For each worker: how long it has run processes, in milliseconds.
    pub busy_ms: Vec<u64>,
    /// Processes that wait for a worker.
    pub queued: usize,
    /// Log records of processes that were lost because nobody took them in time.
    #[serde(default)]
    pub log_lost: u64,
    /// Tasks of processes; of one that has ended, for a moment longer.
    pub tasks: usize,
    /// Places for instances that are taken: one by each guest, and by each source
    /// that is being compiled.
    pub places: usize,
}

/// What a [`Query`](super::Query) found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Listing {
    /// The runtime as a whole.
    pub totals: Totals,
    /// How many processes the query is about, those beyond its limit included.
    pub matched: usize,
    /// The first of them.
    pub processes: Vec<ProcessInfo>,
    /// How long looking took, in microseconds.
    pub took_us: u64,
}
