//! A moment at which no process of a program can wake another.

use std::collections::HashSet;
use std::sync::Arc;

use warren_kernel::{Kernel, Pid, Process};

use super::Inspector;

/// A moment at which every process waited in a receive, and nothing but another process
/// could wake any of them: no timer, no work, no file, no event that the embedder sends
/// while the program runs.
///
/// The look at the processes takes time, so a message may pass from one that was not
/// looked at to one that was. Two equal looks, some time after each other, tell that no
/// message was sent and no process has begun or ended meanwhile, and so none was woken:
/// then the program waits for ever, unless the embedder sends something.
///
/// ```
/// use std::time::Duration;
/// use warren::{Handle, Runtime};
///
/// async fn is_stuck(runtime: &Runtime, first: &Handle) -> bool {
///     let inspector = runtime.inspector();
///     let before = inspector.standstill(first.pid());
///     tokio::time::sleep(Duration::from_millis(100)).await;
///     before.is_some() && inspector.standstill(first.pid()) == before
/// }
/// ```
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
    /// Returns the standstill of the program whose first process has the PID `first`; `None`
    /// if a process runs, or something may wake one. Of host function processes it is not
    /// known what they wait for: a program with any must not ask.
    ///
    /// A first process that waits for events goes on until it is asked to end, as a server
    /// does, and so does a first process that waits for the outcome of such a process.
    /// There is then no standstill. Any other process that waits for events waits for other
    /// processes, unless it is told of reloads. One that watches a store on a server may hear of
    /// other programs, and there is no standstill. A program with consumers of queues, or with
    /// open listeners, has no standstill: messages of queues and requests start processes.
    pub fn standstill(&self, first: impl AsRef<str>) -> Option<Standstill> {
        let takes_messages = *self.versions.consumers().running().borrow() > 0;
        if takes_messages || !self.versions.server().bound().is_empty() {
            return None;
        }
        let kernel = self.node.kernel();
        let first = kernel.resolve(first.as_ref()).ok()?;
        if goes_on_until_asked(kernel, first) {
            return None;
        }
        self.standstill_of(|process| {
            process.waits_for_others()
                && !(process.waits_for_events() && self.node.tells_of_reloads(process.pid()))
        })
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
}

/// Returns whether a process waits for events, or for the outcome of an exec of such a
/// process.
fn goes_on_until_asked(kernel: &Kernel, first: Arc<Process>) -> bool {
    let mut seen = HashSet::from([first.pid()]);
    let mut left = vec![first];
    while let Some(process) = left.pop() {
        if process.waits_for_events() {
            return true;
        }
        let callees = process.callees().into_iter();
        let new = callees.filter(|callee| seen.insert(*callee));
        left.extend(new.filter_map(|callee| kernel.process(callee)));
    }
    false
}
