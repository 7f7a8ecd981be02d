//! The view of a process from outside.

use super::Process;
use crate::pid::Pid;
use crate::state::State;
use crate::subscription::Subscription;
use crate::view::{Activity, Counts, Depth, Summary, View};

impl Process {
    /// Returns the cheap part of the view; `None` if the process has exited.
    pub fn summary(&self) -> Option<Summary> {
        let inner = self.inner.lock();
        (!inner.state.has_exited()).then(|| self.summary_of(&inner.state))
    }

    /// Returns everything that can be seen of the process, with at most `limit`
    /// entries of each list; `None` if the process has exited.
    pub fn view(&self, limit: usize) -> Option<View> {
        let inner = self.inner.lock();
        let state = &inner.state;
        if state.has_exited() {
            return None;
        }
        Some(View {
            summary: self.summary_of(state),
            origin: inner.origin.clone(),
            parent: self.parent,
            started: self.started,
            names: state.names().iter().take(limit).cloned().collect(),
            counts: counts_of(state),
            peers: state.ties().view(limit),
            queues: state.mailbox().views(limit),
            trap_links: state.trap_links(),
            cancel_deadline: state.cancel_deadline(),
            last_error: inner.last_error.as_deref().cloned(),
        })
    }

    /// Returns whether only another process or an event can wake this one: a receive is
    /// pending, and neither a time, nor work, nor the embedder, nor another program ends the
    /// wait.
    pub fn waits_for_others(&self) -> bool {
        self.waits_and(|state| state.cancel_deadline().is_none())
    }

    /// Returns whether a receive is pending.
    pub fn is_waiting(&self) -> bool {
        self.inner.lock().state.is_waiting()
    }

    /// Returns whether a receive is pending that wants events, some of which the embedder
    /// sends.
    pub fn waits_for_events(&self) -> bool {
        let inner = self.inner.lock();
        inner.state.interest().wants(Subscription::EVENTS)
    }

    /// Returns the processes whose outcomes this one awaits, as the caller of an exec.
    pub fn callees(&self) -> Vec<Pid> {
        self.inner.lock().state.execs().callees()
    }

    /// Returns whether only another process, an event or the deadline of a CANCEL can wake
    /// this one.
    pub fn waits_for_others_at_end(&self) -> bool {
        self.waits_and(|_| true)
    }

    /// Returns whether only another process, an event or a time can wake this one.
    pub fn waits_within_program(&self) -> bool {
        if self.usage.is_asleep() {
            return true;
        }
        let inner = self.inner.lock();
        inner.state.waits_without_work() && !self.usage.is_blocked()
    }

    fn waits_and(&self, condition: impl FnOnce(&State) -> bool) -> bool {
        let inner = self.inner.lock();
        let state = &inner.state;
        state.waits_without_work()
            && !self.usage.is_blocked()
            && !self.usage.is_timed()
            && !self.usage.follows_others()
            && condition(state)
    }

    /// Returns the numbers of unread items.
    pub fn depth(&self) -> Depth {
        let inner = self.inner.lock();
        let (messages, bytes) = inner.state.mailbox().depth();
        Depth {
            messages,
            bytes,
            events: inner.state.events().len(),
        }
    }

    /// Returns the arrival of the last message, if any message is unread.
    pub(crate) fn last_unread(&self) -> Option<u64> {
        let inner = self.inner.lock();
        let mailbox = inner.state.mailbox();
        (mailbox.messages() > 0).then(|| mailbox.last_arrival())
    }

    /// Returns the numbers of ties, names and execs.
    pub fn counts(&self) -> Counts {
        counts_of(&self.inner.lock().state)
    }

    /// Returns the whole state, as text.
    pub(crate) fn state_text(&self) -> String {
        format!("{:#?}", self.inner.lock().state)
    }

    fn summary_of(&self, state: &State) -> Summary {
        let (messages, bytes) = state.mailbox().depth();
        let activity = if state.doomed_to().is_some() {
            Activity::Ending
        } else if self.usage.is_blocked() {
            Activity::Blocked
        } else if state.is_waiting() && self.usage.is_parked() {
            Activity::Parked
        } else if state.is_waiting() {
            Activity::Waiting
        } else {
            Activity::Active
        };
        Summary {
            activity,
            messages,
            bytes,
            events: state.events().len(),
            oldest: state.mailbox().oldest(),
            memory: self.usage.memory(),
            held: state.account().held(),
            counted: state.account().linear() + state.account().held(),
            processor: self.usage.processor(),
        }
    }
}

fn counts_of(state: &State) -> Counts {
    let ties = state.ties();
    Counts {
        links: ties.links(),
        monitors: ties.monitors(),
        peers: ties.peers(),
        names: state.names().len(),
        groups: state.groups().len(),
        execs: state.execs().len(),
    }
}
