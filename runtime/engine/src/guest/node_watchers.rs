//! Processes that want news of the nodes of the cluster.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::task::Waker;

use parking_lot::Mutex;
use warren_kernel::{Pid, Process, Timestamp};

/// The processes that ask for NODE_UP and NODE_DOWN.
#[derive(Debug, Default)]
pub(crate) struct NodeWatchers(Mutex<HashMap<Pid, Weak<Process>>>);

impl NodeWatchers {
    /// Tells the processes that a node is up or down.
    pub(crate) fn tell(&self, node: &Arc<str>, is_up: bool, at: Timestamp) {
        let watchers: Vec<_> = self.0.lock().values().filter_map(Weak::upgrade).collect();
        let told = watchers.iter();
        let wakers: Vec<Waker> = told
            .filter_map(|process| process.tell_of_node(node, is_up, at))
            .collect();
        for waker in wakers {
            waker.wake();
        }
    }

    pub(super) fn ask(&self, process: &Arc<Process>) {
        let mut watchers = self.0.lock();
        watchers.insert(process.pid(), Arc::downgrade(process));
    }

    pub(super) fn withdraw(&self, process: Pid) {
        self.0.lock().remove(&process);
    }
}
