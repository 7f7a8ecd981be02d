//! The operations of `warren:process/process` but for `spawn` and `exec`.

use std::sync::Arc;
use std::time::Duration;

use warren_kernel::{Address, Destination, Error, Pid, Process};

use super::{Guest, Unwind, UpgradeRequest, process_of};
use crate::codec;
use crate::guest::control::Control;
use crate::guest::shared::Shared;
use crate::remote::TieChange;
use crate::security::{Action, Refusal};

impl Guest {
    pub(crate) fn send(&mut self, to: &str, topic: &str, payload: &[u8]) -> Result<(), Refusal> {
        if self.corresponds_with(to.as_bytes()) {
            return self.send_again(topic, payload);
        }
        self.shared.meter.sends();
        self.lines_first();
        let process = process_of(&self.purpose)?;
        let target = match self.shared.kernel.resolve(to) {
            Ok(target) => target,
            Err(absent) => return self.send_far(to, (topic, payload), absent),
        };
        self.rights.permit(Action::Send, &target)?;
        deliver(
            &self.shared,
            &self.control,
            process,
            &target,
            (topic, payload),
        )?;
        // A name may stand for another process the next time.
        if **target.text() == *to {
            self.correspondent = Some(target);
        }
        Ok(())
    }

    /// Returns true if `to` is the PID of the last process to which the guest sent
    /// by PID.
    #[inline]
    pub(crate) fn corresponds_with(&self, to: &[u8]) -> bool {
        let correspondent = self.correspondent.as_ref();
        correspondent.is_some_and(|process| process.text().as_bytes() == to)
    }

    /// Sends to the process that [`Guest::corresponds_with`] has compared.
    #[inline]
    pub(crate) fn send_again(&mut self, topic: &str, payload: &[u8]) -> Result<(), Refusal> {
        self.shared.meter.sends();
        self.lines_first();
        let process = process_of(&self.purpose)?;
        let Some(target) = &self.correspondent else {
            return Err(
                Error::internal("cannot send again: nothing was sent by PID before").into(),
            );
        };
        self.rights.permit(Action::Send, target)?;
        deliver(
            &self.shared,
            &self.control,
            process,
            target,
            (topic, payload),
        )?;
        Ok(())
    }

    pub(crate) fn terminate(&mut self, target: &str) -> Result<(), Refusal> {
        self.process()?;
        self.lines_first();
        let target = match self.shared.kernel.resolve(target) {
            Ok(target) => target,
            Err(absent) => return self.terminate_far(target, absent),
        };
        self.rights.permit(Action::Terminate, &target)?;
        self.shared.kernel.terminate(&target)?;
        Ok(())
    }

    /// Traps if the guest has terminated itself: no code of the guest may run after
    /// that.
    pub(crate) fn check_not_terminated(&self) -> wasmtime::Result<()> {
        match self.process() {
            Ok(process) if process.is_doomed() => wasmtime::bail!("process terminated"),
            _ => Ok(()),
        }
    }

    pub(crate) fn cancel(
        &mut self,
        target: &str,
        deadline: Option<Duration>,
        reason: Option<&str>,
    ) -> Result<(), Refusal> {
        self.process()?;
        self.lines_first();
        let target = match self.shared.kernel.resolve(target) {
            Ok(target) => target,
            Err(absent) => return self.cancel_far(target, deadline, reason, absent),
        };
        self.rights.permit(Action::Cancel, &target)?;
        let enforce = deadline.is_some() && self.rights.allows(Action::Terminate, &target)?;
        let process = self.process()?;
        let now = self.shared.now();
        let deadline = deadline.map(|after| now.after(after));
        let kernel = &self.shared.kernel;
        kernel.cancel_because(Some(process), &target, (deadline, enforce), reason, now)?;
        Ok(())
    }

    /// Asks a process to end as [`Guest::cancel`] does. A process that has never opened its
    /// events could not notice: it is terminated at once, if the caller may terminate it.
    pub(crate) fn stop(
        &mut self,
        target: &str,
        deadline: Option<Duration>,
        reason: Option<&str>,
    ) -> Result<(), Refusal> {
        let own = self.process()?.pid();
        let process = match self.shared.kernel.resolve(target) {
            Ok(process) => process,
            Err(absent) => return self.cancel_far(target, deadline, reason, absent),
        };
        self.rights.permit(Action::Cancel, &process)?;
        // The caller itself is about to read its events, or not.
        let is_deaf = process.pid() != own && !process.has_opened_events();
        if is_deaf && self.rights.allows(Action::Terminate, &process)? {
            self.lines_first();
            self.shared.kernel.terminate(&process)?;
            return Ok(());
        }
        self.cancel(target, deadline, reason)
    }

    pub(crate) fn monitor(&mut self, target: &str) -> Result<(), Refusal> {
        self.process()?;
        let target = match self.shared.kernel.resolve(target) {
            Ok(target) => target,
            Err(absent) => {
                return self.tie_far((Action::Monitor, TieChange::Monitor), target, absent);
            }
        };
        self.rights.permit(Action::Monitor, &target)?;
        self.shared.kernel.monitor(self.process()?, &target)?;
        Ok(())
    }

    pub(crate) fn unmonitor(&mut self, target: &str) -> Result<(), Refusal> {
        match self.permitted_peer(Action::Unmonitor, target)? {
            Some(peer) => self.shared.kernel.unmonitor(self.process()?, peer),
            None => return self.untie_far(TieChange::Unmonitor, target),
        }
        Ok(())
    }

    pub(crate) fn link(&mut self, target: &str) -> Result<(), Refusal> {
        self.process()?;
        let target = match self.shared.kernel.resolve(target) {
            Ok(target) => target,
            Err(absent) => {
                return self.tie_far((Action::Link, TieChange::Link), target, absent);
            }
        };
        self.rights.permit(Action::Link, &target)?;
        self.shared.kernel.link(self.process()?, &target)?;
        Ok(())
    }

    pub(crate) fn unlink(&mut self, target: &str) -> Result<(), Refusal> {
        match self.permitted_peer(Action::Unlink, target)? {
            Some(peer) => self.shared.kernel.unlink(self.process()?, peer),
            None => return self.untie_far(TieChange::Unlink, target),
        }
        Ok(())
    }

    /// Resolves a destination and checks the permission for the action on it. An
    /// absent process and a free name are judged too, as a process of which nothing
    /// is known: no undoing succeeds without permission.
    fn permitted_peer(&mut self, action: Action, target: &str) -> Result<Option<Pid>, Refusal> {
        self.process()?;
        let peer = self.peer(target)?;
        match peer.and_then(|peer| self.shared.kernel.process(peer)) {
            Some(process) => self.rights.permit(action, &process)?,
            None => self.rights.permit_absent(action, target)?,
        }
        Ok(peer)
    }

    /// Resolves a destination to the PID of a possible tie. The process may have
    /// ended, since an event of its end may still be unread. Returns `None` for a
    /// free name, and for a PID with the wrong host.
    fn peer(&self, destination: &str) -> Result<Option<Pid>, Error> {
        let kernel = &self.shared.kernel;
        let peer = match Destination::parse(destination)? {
            Destination::Pid { host, pid } => {
                let elsewhere = kernel
                    .process(pid)
                    .is_some_and(|process| process.host().name() != host);
                (!elsewhere).then_some(pid)
            }
            Destination::Clustered { text, pid } => {
                let own = kernel.node();
                let is_own = Address::parse(text).is_some_and(|of| Some(&of.node) == own);
                let elsewhere = kernel
                    .process(pid)
                    .is_some_and(|process| **process.text() != *text);
                (is_own && !elsewhere).then_some(pid)
            }
            Destination::Name(name) => kernel.lookup(name).ok().map(|process| process.pid()),
        };
        Ok(peer)
    }

    /// Prepares an upgrade. The caller unwinds the guest's stack with the returned
    /// value.
    pub(crate) async fn upgrade(
        &mut self,
        definition: Option<String>,
        arguments: Arc<[u8]>,
    ) -> Result<Unwind, Error> {
        let request = UpgradeRequest {
            process: Arc::clone(self.process()?),
            running: Arc::clone(&self.run.program),
            pool: self.pool.clone(),
            definition: definition.unwrap_or_else(|| self.run.program.definition.id.to_string()),
            arguments: match arguments.is_empty() {
                true => codec::NO_VALUES.into(),
                false => arguments,
            },
        };
        let node = Arc::clone(&self.node);
        let (run, slot) = self.control.outside(node.upgrade(request)).await?;
        Ok(Unwind::Upgrade(run, slot))
    }
}

#[inline]
fn deliver(
    shared: &Shared,
    control: &Control,
    process: &Process,
    target: &Process,
    (topic, payload): (&str, &[u8]),
) -> Result<(), Error> {
    match &shared.traces {
        None => shared.kernel.send(Some(process), target, topic, payload),
        Some(traces) => {
            let (kernel, cause) = (&shared.kernel, control.cause().get());
            traces.send(kernel, Some(process), target, (topic, payload), cause)
        }
    }
}
