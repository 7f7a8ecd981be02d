//! Which processes are shown, and in which order.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use warren_kernel::{Activity, Monotonic, Pid, Process, Summary};

use super::info::State;

/// What processes are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// PID, that is age: the oldest first.
    #[default]
    Pid,
    /// Share of a processor in the last seconds: the largest first, as for all
    /// that follow.
    Load,
    /// How long it has run.
    Cpu,
    /// Memory: linear memory and what the runtime holds for it.
    Memory,
    /// Messages in its queues.
    Messages,
    /// How long its oldest message waits.
    Oldest,
}

/// Which processes to look at. The default is all of them, by PID.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Query {
    /// The order.
    pub sort: Sort,
    /// Only those whose PID, definition or names contain this.
    pub text: Option<String>,
    /// Only those in this host.
    pub host: Option<String>,
    /// Only those in this state.
    pub state: Option<State>,
    /// Only the first so many.
    pub limit: usize,
    /// With the PIDs of those that each is linked to.
    pub links: bool,
}

impl Default for Query {
    fn default() -> Self {
        Query {
            sort: Sort::Pid,
            text: None,
            host: None,
            state: None,
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
    }
}

/// The state of a process, of which the kernel does not know who runs.
pub(super) fn state_of(pid: Pid, activity: Activity, running: &HashSet<Pid>) -> State {
    match activity {
        Activity::Ending => State::Ending,
        _ if running.contains(&pid) => State::Running,
        Activity::Blocked => State::Blocked,
        Activity::Waiting => State::Waiting,
        Activity::Active => State::Ready,
    }
}

/// The first few of many processes, by some order.
pub(super) struct First {
    sort: Sort,
    limit: usize,
    now: Monotonic,
    /// With what they are sorted by, the smallest first.
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
        // So each is moved a few times at most.
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
            // Of the bits of numbers from 0 to 1, as of these.
            Sort::Load => !process.usage().load(self.now).to_bits(),
            Sort::Cpu => !summary.processor,
            Sort::Memory => !(summary.memory + summary.held),
            Sort::Messages => !(summary.messages as u64),
            Sort::Oldest => summary.oldest.map_or(u64::MAX, |oldest| oldest.0),
        }
    }
}
