//! One side of the ties between two processes, and of parent and child.

use super::Process;
use crate::execs::Callee;
use crate::pid::Pid;
use crate::refusal::Refusal;
use crate::relation::Relation;
use crate::subscription::Subscription;

impl Process {
    pub(crate) fn link(&self, peer: Pid) -> Result<bool, Refusal> {
        self.inner.lock().state.link(peer, self.config())
    }

    pub(crate) fn remove_link(&self, peer: Pid) {
        self.inner.lock().state.remove_link(peer);
    }

    /// Removes a link. Returns whether there was one.
    pub(crate) fn unlink(&self, peer: Pid) -> bool {
        self.inner.lock().state.unlink(peer)
    }

    pub(crate) fn monitor(&self, peer: Pid) -> Result<bool, Refusal> {
        self.inner.lock().state.monitor(peer, self.config())
    }

    pub(crate) fn remove_monitor(&self, peer: Pid) {
        self.inner.lock().state.remove_monitor(peer);
    }

    pub(crate) fn unmonitor(&self, peer: Pid) {
        self.inner.lock().state.unmonitor(peer);
    }

    pub(crate) fn set_monitored(&self, by: Pid, monitored: bool) -> Result<(), Refusal> {
        self.inner.lock().state.set_monitored(by, monitored)
    }

    pub(crate) fn adopt(
        &self,
        child: Callee,
        relation: Relation,
        exec: bool,
    ) -> Result<Option<Subscription>, Refusal> {
        let config = self.config();
        self.inner.lock().state.adopt(child, relation, exec, config)
    }

    pub(crate) fn be_child(&self, parent: Pid, relation: Relation, exec: Option<Subscription>) {
        self.inner.lock().state.be_child(parent, relation, exec);
    }

    pub(crate) fn disown(&self, child: Pid, exec: Option<Subscription>) {
        self.inner.lock().state.disown(child, exec);
    }
}
