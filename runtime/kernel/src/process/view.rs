//! What can be seen of a process from outside.

use super::Process;
use crate::introspection::{Activity, Summary, View};
use crate::state::State;

/// How much a process has not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Messages in all of its queues.
    pub messages: usize,
    /// Bytes of those messages.
    pub bytes: usize,
    /// Events.
    pub events: usize,
}

/// How much ties a process to the rest of the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relations {
    /// Processes it is linked to.
    pub links: usize,
    /// Processes it monitors.
    pub monitors: usize,
    /// Processes it is tied to in any way, those that monitor it included.
    pub peers: usize,
    /// Names it is registered under.
    pub names: usize,
    /// Execs whose outcome it has not taken.
    pub execs: usize,
}

impl Process {
    /// What is cheap to know of it; absent where it has exited.
    pub fn summary(&self) -> Option<Summary> {
        let inner = self.inner.lock();
        (!inner.state.has_exited()).then(|| self.summary_of(&inner.state))
    }

    /// Everything that can be seen of it, of lists so many entries at most;
    /// absent where it has exited.
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
            relations: relations_of(state),
            peers: state.ties().view(limit),
            queues: state.mailbox().views(limit),
            trap_links: state.trap_links(),
            cancel_deadline: state.cancel_deadline(),
            last_error: inner.last_error.as_deref().cloned(),
        })
    }

    /// What waits to be read.
    pub fn depth(&self) -> Depth {
        let inner = self.inner.lock();
        let (messages, bytes) = inner.state.mailbox().depth();
        Depth {
            messages,
            bytes,
            events: inner.state.events().len(),
        }
    }

    /// What ties it to others.
    pub fn relations(&self) -> Relations {
        relations_of(&self.inner.lock().state)
    }

    /// All of its state, as text.
    pub(crate) fn state_text(&self) -> String {
        format!("{:#?}", self.inner.lock().state)
    }

    fn summary_of(&self, state: &State) -> Summary {
        let (messages, bytes) = state.mailbox().depth();
        let activity = if state.doomed_to().is_some() {
            Activity::Ending
        } else if self.usage.is_blocked() {
            Activity::Blocked
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

fn relations_of(state: &State) -> Relations {
    let ties = state.ties();
    Relations {
        links: ties.links(),
        monitors: ties.monitors(),
        peers: ties.peers(),
        names: state.names().len(),
        execs: state.execs().len(),
    }
}
