//! The presence of a process in its node, from before it is visible until its task
//! has ended.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::oneshot;
use warren_kernel::{Error, Kind, Outcome, Process};

use super::{Node, task};
use crate::guest::ProcessEnd;

/// Counts a process from before it is visible until its task has ended, and tells
/// the embedder how the process ended. It does so even if the task panics.
pub(crate) struct Presence {
    node: Arc<Node>,
    process: Option<Arc<Process>>,
    ended: Option<oneshot::Sender<ProcessEnd>>,
}

impl Presence {
    /// Counts a process that is about to be made. `ended` receives its end, if the
    /// embedder starts it.
    pub(super) fn new(node: &Arc<Node>, ended: Option<oneshot::Sender<ProcessEnd>>) -> Presence {
        node.present.fetch_add(1, Ordering::SeqCst);
        Presence {
            node: Arc::clone(node),
            process: None,
            ended,
        }
    }

    /// Takes the process, now that it is visible.
    pub(super) fn is_of(&mut self, process: &Arc<Process>) {
        self.process = Some(Arc::clone(process));
    }

    /// Ends a process whose task was dropped before its end.
    fn end(&mut self, process: &Arc<Process>) {
        let kernel = &self.node.shared.kernel;
        let exiting = kernel.exit(process, Outcome::Failed(Box::new(unfinished())));
        let outcome = exiting.outcome().map(Arc::clone);
        exiting.finish(self.node.now());
        if let Some(outcome) = outcome {
            self.node.shared.watches.tell(process.pid(), &outcome);
            if let Some(remote) = &self.node.shared.remote {
                remote.exited(process.pid());
            }
            task::Presence::tell(
                self,
                ProcessEnd {
                    outcome,
                    status: None,
                },
            );
        }
    }
}

impl task::Presence for Presence {
    fn tell(&mut self, end: ProcessEnd) {
        if let Some(process) = &self.process {
            self.node.waiters.tell(process.pid(), &end);
        }
        if let Some(sender) = self.ended.take() {
            // Fails only if the receiver was dropped.
            let _ = sender.send(end);
        }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        if let Some(process) = self.process.clone()
            && !process.has_exited()
        {
            self.end(&process);
        }
        self.node.present.fetch_sub(1, Ordering::SeqCst);
        self.node.end_events_after_the_last();
        self.node.ended.notify_waiters();
    }
}

/// The error of a process whose task was dropped: code of the embedder panicked, or
/// the tokio runtime of a host function process is gone.
pub(super) fn unfinished() -> Error {
    if std::thread::panicking() {
        Error::internal("the task of the process panicked")
    } else {
        Error::new(Kind::Canceled, "the task of the process was dropped")
    }
}
