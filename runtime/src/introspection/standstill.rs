//! A moment at which no process of a program can wake another.

use std::collections::HashSet;
use std::sync::Arc;

use warren_kernel::{Pid, Process};

use super::Inspector;

/// A moment at which every process waited in a receive, and nothing but another process
/// could wake any of them: no timer, no work, no file, no event that the embedder sends.
///
/// The look at the processes takes time, so a message may pass from one that was not
/// looked at to one that was. Two equal looks, some time after each other, tell that no
/// message was sent and no process has begun or ended meanwhile, and so none was woken:
/// then the program waits for ever, unless the embedder sends something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standstill {
    /// The processes, by PID.
    processes: Vec<Pid>,
    /// Messages ever sent.
    sent: u64,
    /// Processes that ever began and ended.
    totals: warren_kernel::Totals,
}

impl Inspector {
    /// Returns the standstill of the program, which has processes; `None` if a process
    /// runs, or something may wake one. Of host function processes it is not known what
    /// they wait for: a program with any must not ask.
    pub fn standstill(&self) -> Option<Standstill> {
        self.standstill_of(Process::waits_for_others)
    }

    /// Returns the standstill of a program that is ending: its processes have been asked
    /// to end, and the embedder sends nothing further. The deadlines of the CANCELs are
    /// all that may end it.
    pub fn standstill_at_end(&self) -> Option<Standstill> {
        self.standstill_of(Process::waits_for_others_at_end)
    }

    fn standstill_of(&self, waits: impl Fn(&Process) -> bool) -> Option<Standstill> {
        let kernel = self.node.kernel();
        let reading = self.node.reading();
        let running: HashSet<Pid> = reading.running.iter().copied().collect();
        let mut processes = Vec::new();
        for process in kernel.scan() {
            if process.has_exited() {
                continue;
            }
            if !waits(&process) || running.contains(&process.pid()) {
                return None;
            }
            processes.push(process.pid());
        }
        // Processes that are being started, or whose tasks have not ended.
        let settled = self.node.tasks() == processes.len();
        processes.sort_unstable();
        (settled && !processes.is_empty()).then_some(Standstill {
            processes,
            sent: reading.sent,
            totals: kernel.totals(),
        })
    }

    /// Returns the processes with unread messages, and the number of messages of each, by
    /// PID. Processes that have opened their events are left out: they may read on when
    /// they are asked to end.
    pub fn unread(&self) -> Vec<(Arc<str>, usize)> {
        let unread = |process: &Arc<Process>| {
            let messages = process.depth().messages;
            (messages > 0 && !process.has_exited() && !process.has_opened_events())
                .then(|| (process.pid(), Arc::clone(process.text()), messages))
        };
        let kernel = self.node.kernel();
        let mut all: Vec<_> = kernel
            .scan()
            .filter_map(|process| unread(&process))
            .collect();
        all.sort_unstable();
        let named = all.into_iter().map(|(_, text, messages)| (text, messages));
        named.collect()
    }
}
