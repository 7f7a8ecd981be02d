//! Queries: the processes to show, and their order.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use warren_kernel::{Activity, Monotonic, Pid, Process, Summary};

use super::info::State;

/// The sort key of processes.
///
/// ```
/// use warren::introspection::{Query, Sort};
///
/// let largest_first = Query { sort: Sort::Memory, ..Query::default() };
/// # assert_ne!(largest_first, Query::default());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// PID, that is age: the oldest first.
    #[default]
    Pid,
    /// Share of a processor in the last seconds: the largest first, as for all
    /// keys below.
    Load,
    /// Run time.
    Cpu,
    /// Memory: linear memory and the bytes the runtime holds for the process.
    Memory,
    /// Messages in the queues.
    Messages,
    /// Age of the oldest unread message.
    Oldest,
}

/// A selection of processes. The default is all of them, by PID.
///
/// ```
/// use warren::introspection::{Query, Sort, State};
///
/// let stuck = Query {
///     sort: Sort::Oldest,
///     state: Some(State::Running),
///     limit: 10,
///     ..Query::default()
/// };
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Query {
    /// The order.
    pub sort: Sort,
    /// Selects processes whose PID, definition or names contain this text.
    pub text: Option<String>,
    /// Selects processes in this host.
    pub host: Option<String>,
    /// Selects processes in this state.
    pub state: Option<State>,
    /// Selects processes of this chain of calls ([`Handle::frame`](crate::Handle::frame)).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<String>,
    /// Maximum number of processes.
    pub limit: usize,
    /// Includes the PIDs of linked processes.
    pub links: bool,
}

impl Default for Query {
    fn default() -> Self {
        Query {
            sort: Sort::Pid,
            text: None,
            host: None,
            state: None,
            frame: None,
            limit: usize::MAX,
            links: false,
        }
    }
}

impl Query {
    pub(super) fn wants(&self, process: &Process, state: State) -> bool {
        self.state.is_none_or(|wanted| wanted == state)
            && self
                .host
                .as_deref()
                .is_none_or(|host| host == process.host().name())
            && self
                .text
                .as_deref()
                .is_none_or(|text| process.mentions(text))
            && self
                .frame
                .as_deref()
                .is_none_or(|frame| process.frame().as_deref() == Some(frame))
    }
}

/// Returns the state of a process. The kernel does not know which processes
/// run.
pub(super) fn state_of(pid: Pid, activity: Activity, running: &HashSet<Pid>) -> State {
    match activity {
        Activity::Ending => State::Ending,
        _ if running.contains(&pid) => State::Running,
        Activity::Blocked => State::Blocked,
        Activity::Waiting => State::Waiting,
        Activity::Parked => State::Parked,
        Activity::Active => State::Ready,
    }
}

/// The first few of many processes, by some order.
pub(super) struct First {
    sort: Sort,
    limit: usize,
    now: Monotonic,
    /// Processes with their sort keys, the smallest first.
    kept: Vec<(u64, Pid, Arc<Process>)>,
}

impl First {
    pub(super) fn new(query: &Query, now: Monotonic) -> First {
        First {
            sort: query.sort,
            limit: query.limit,
            now,
            kept: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, process: Arc<Process>, summary: &Summary) {
        let key = self.key(&process, summary);
        self.kept.push((key, process.pid(), process));
        // Trimming late moves each process a few times at most.
        if self.kept.len() >= self.limit.saturating_mul(4).max(64) {
            self.cut();
        }
    }

    pub(super) fn into_sorted(mut self) -> impl Iterator<Item = Arc<Process>> {
        self.kept.sort_unstable_by_key(|&(key, pid, _)| (key, pid));
        self.kept.truncate(self.limit);
        self.kept.into_iter().map(|(_, _, process)| process)
    }

    fn cut(&mut self) {
        if self.limit < self.kept.len() {
            self.kept
                .select_nth_unstable_by_key(self.limit, |&(key, pid, _)| (key, pid));
            self.kept.truncate(self.limit);
        }
    }

    fn key(&self, process: &Process, summary: &Summary) -> u64 {
        match self.sort {
            Sort::Pid => process.pid().number(),
            // The bits of numbers from 0 to 1 sort like the numbers.
            Sort::Load => !process.usage().load(self.now).to_bits(),
            Sort::Cpu => !summary.processor,
            Sort::Memory => !(summary.memory + summary.held),
            Sort::Messages => !(summary.messages as u64),
            Sort::Oldest => summary.oldest.map_or(u64::MAX, |oldest| oldest.0),
        }
    }
}
