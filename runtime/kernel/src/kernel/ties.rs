//! Links and monitors between two processes, each under the lock of the pair.

use super::Kernel;
use crate::error::Error;
use crate::observe::Change;
use crate::pid::Pid;
use crate::process::Process;

impl Kernel {
    /// Monitors `target`: `who` is told once when `target` ends. A second call
    /// changes nothing.
    ///
    /// # Errors
    /// `Invalid` for a process itself; `NotFound` if the target (or `who`) has
    /// exited; `RateLimited` at `max_monitors`.
    pub fn monitor(&self, who: &Process, target: &Process) -> Result<(), Error> {
        if who.pid() == target.pid() {
            return Err(Error::invalid("a process cannot monitor itself"));
        }
        let _pair = self.pairs.lock(who.pid(), target.pid());
        let new = who.try_with_state(|state, config| state.monitor(target.pid(), config))?;
        let monitored = target.try_with_state(|state, _| state.set_monitored(who.pid(), true));
        // An earlier monitor stands: its EXIT is on the way.
        if monitored.is_err() && new {
            who.with_state(|state| state.remove_monitor(target.pid()));
        }
        monitored
    }

    /// Undoes [`Kernel::monitor`], and drops an EXIT of the target that `who`
    /// has not read. Does nothing without a monitor.
    pub fn unmonitor(&self, who: &Process, target: Pid) {
        let _pair = self.pairs.lock(who.pid(), target);
        who.with_state(|state| state.unmonitor(target));
        if let Some(target) = self.table.find(target) {
            // A process that is about to exit finds no monitor to tell.
            let _ = target.with_state(|state| state.set_monitored(who.pid(), false));
        }
    }

    /// Links two processes. A second call changes nothing.
    ///
    /// # Errors
    /// `Invalid` for a process itself; `NotFound` if the target (or `who`) has
    /// exited; `RateLimited` at the `max_links` of either.
    pub fn link(&self, who: &Process, target: &Process) -> Result<(), Error> {
        if who.pid() == target.pid() {
            return Err(Error::invalid("a process cannot link to itself"));
        }
        let pair = self.pairs.lock(who.pid(), target.pid());
        let new = who.try_with_state(|state, config| state.link(target.pid(), config))?;
        let linked = target.try_with_state(|state, config| state.link(who.pid(), config));
        // An earlier link stands: the news of its failure follows.
        if linked.is_err() && new {
            who.with_state(|state| state.remove_link(target.pid()));
        }
        linked?;
        drop(pair);
        if new {
            self.readers.tell(|| Change::Linked {
                pid: who.text().into(),
                peer: target.text().into(),
            });
        }
        Ok(())
    }

    /// Undoes [`Kernel::link`], and drops a LINK_DOWN of the target that `who`
    /// has not read. Does nothing without a link.
    pub fn unlink(&self, who: &Process, target: Pid) {
        let pair = self.pairs.lock(who.pid(), target);
        let linked = who.with_state(|state| state.unlink(target));
        let target = self.table.find(target);
        if let Some(target) = &target {
            target.with_state(|state| state.remove_link(who.pid()));
        }
        drop(pair);
        if linked && let Some(target) = target {
            self.readers.tell(|| Change::Unlinked {
                pid: who.text().into(),
                peer: target.text().into(),
            });
        }
    }
}
