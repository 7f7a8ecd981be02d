//! A process, as the embedder waits for it.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::oneshot;
use warren_kernel::{Outcome, Process};

use super::presence::unfinished;
use crate::guest::ProcessEnd;

/// A process that the embedder started or observes.
#[derive(Debug)]
pub struct Running {
    process: Arc<Process>,
    ended: oneshot::Receiver<ProcessEnd>,
}

impl Running {
    /// Makes a value from a process and the receiver of its end.
    pub(super) fn new(process: Arc<Process>, ended: oneshot::Receiver<ProcessEnd>) -> Running {
        Running { process, ended }
    }

    /// The process.
    pub fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// Waits for the end of the process.
    pub async fn wait(&mut self) -> ProcessEnd {
        match (&mut self.ended).await {
            Ok(end) => end,
            // Not reached: every `Presence` tells.
            Err(_) => ProcessEnd {
                outcome: Arc::new(Outcome::Failed(Box::new(unfinished()))),
                status: None,
            },
        }
    }

    /// Returns the process, and a future of its end that holds no reference to the
    /// process.
    pub fn into_parts(
        mut self,
    ) -> (
        Arc<Process>,
        impl Future<Output = ProcessEnd> + Send + 'static,
    ) {
        (Arc::clone(&self.process), async move { self.wait().await })
    }
}
