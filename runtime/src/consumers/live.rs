//! The processes of one consumer.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;
use warren_engine::Node;
use warren_kernel::{Moment, Pid, Process};

/// The processes of one consumer, each until its message is settled.
pub(crate) struct Live {
    processes: Mutex<BTreeMap<Pid, Arc<Process>>>,
    /// Holds the number of processes.
    count: watch::Sender<usize>,
}

impl Default for Live {
    fn default() -> Self {
        Live {
            processes: Mutex::default(),
            count: watch::Sender::new(0),
        }
    }
}

/// A process that is there until this value is dropped.
pub(super) struct Present {
    live: Arc<Live>,
    pid: Pid,
}

impl Live {
    pub(super) fn add(self: &Arc<Self>, process: &Arc<Process>) -> Present {
        let mut processes = self.processes.lock();
        processes.insert(process.pid(), Arc::clone(process));
        self.count.send_replace(processes.len());
        Present {
            live: Arc::clone(self),
            pid: process.pid(),
        }
    }

    pub(crate) fn contains(&self, process: &Process) -> bool {
        self.processes.lock().contains_key(&process.pid())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.processes.lock().is_empty()
    }

    /// Asks the processes that read events to end.
    pub(crate) fn ask_to_end(&self, node: &Node, deadline: Moment) {
        let now = node.now();
        for process in self.all() {
            if process.has_opened_events() {
                let kernel = node.kernel();
                // Fails only if the process has exited.
                let _ = kernel.cancel(None, &process, Some(deadline), true, now);
            }
        }
    }

    /// Ends the processes by force.
    pub(super) fn terminate(&self, node: &Node) {
        for process in self.all() {
            // Fails only if the process has exited.
            let _ = node.kernel().terminate(&process);
        }
    }

    /// Waits until no process is left, and the message of each is settled.
    pub(crate) async fn none_left(&self) {
        // Fails only if the sender is gone, which `self` holds.
        let _ = self.count.subscribe().wait_for(|count| *count == 0).await;
    }

    fn all(&self) -> Vec<Arc<Process>> {
        self.processes.lock().values().cloned().collect()
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        let mut processes = self.live.processes.lock();
        processes.remove(&self.pid);
        self.live.count.send_replace(processes.len());
    }
}
