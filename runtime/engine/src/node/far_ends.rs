//! The ends of processes that other nodes have started and are about to watch. A process may end
//! before the request to watch it comes.

use std::collections::HashMap;

use parking_lot::Mutex;
use tokio::sync::oneshot;
use warren_kernel::{NodeId, Pid};

use crate::guest::ProcessEnd;

/// Ends that are kept at most. A watch that comes later finds a process that still runs.
const MOST: usize = 10_000;

/// The ends that no request has asked for yet, by process.
#[derive(Debug, Default)]
pub(super) struct FarEnds(Mutex<HashMap<Pid, Kept>>);

#[derive(Debug)]
struct Kept {
    starter: NodeId,
    ended: oneshot::Receiver<ProcessEnd>,
}

impl FarEnds {
    /// Keeps the end of a process for the node that has started it.
    pub(super) fn keep(
        &self,
        process: Pid,
        starter: &NodeId,
        ended: oneshot::Receiver<ProcessEnd>,
    ) {
        let mut kept = self.0.lock();
        if kept.len() < MOST {
            let starter = starter.clone();
            kept.insert(process, Kept { starter, ended });
        }
    }

    /// Takes the end of a process, if it is kept for this node.
    pub(super) fn take(
        &self,
        process: Pid,
        starter: &NodeId,
    ) -> Option<oneshot::Receiver<ProcessEnd>> {
        let mut kept = self.0.lock();
        let is_kept = kept.get(&process)?.starter == *starter;
        let found = is_kept.then(|| kept.remove(&process)).flatten();
        found.map(|kept| kept.ended)
    }

    /// Forgets what is kept for a node that is down.
    pub(super) fn forget(&self, starter: &NodeId) {
        self.0.lock().retain(|_, kept| kept.starter != *starter);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use warren_kernel::{Incarnation, Outcome};

    use super::*;

    fn node(name: &str) -> NodeId {
        NodeId {
            name: name.parse().expect("a name"),
            incarnation: Incarnation(7),
        }
    }

    #[test]
    fn an_end_is_taken_once_and_by_its_starter() {
        let (ends, pid) = (FarEnds::default(), Pid::from_number(1).expect("a PID"));
        let (sender, ended) = oneshot::channel();
        ends.keep(pid, &node("b"), ended);
        let end = ProcessEnd {
            outcome: Arc::new(Outcome::Returned(None)),
            status: None,
        };
        sender.send(end).expect("it is kept");
        assert!(ends.take(pid, &node("c")).is_none());
        let mut ended = ends.take(pid, &node("b")).expect("it is kept");
        assert!(ended.try_recv().is_ok());
        assert!(ends.take(pid, &node("b")).is_none());
    }

    #[test]
    fn nothing_is_kept_for_a_node_that_is_down() {
        let (ends, pid) = (FarEnds::default(), Pid::from_number(1).expect("a PID"));
        let (sender, ended) = oneshot::channel();
        ends.keep(pid, &node("b"), ended);
        ends.forget(&node("c"));
        assert!(!sender.is_closed());
        ends.forget(&node("b"));
        assert!(sender.is_closed());
    }
}
