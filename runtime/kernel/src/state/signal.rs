//! The signals of others to a process.

use super::{Doom, Effect, State, memory};
use crate::account::MESSAGE;
use crate::event::Event;
use crate::events::Notice;
use crate::execs::{Awaited, Work};
use crate::host::HostConfig;
use crate::mailbox::{FeedLimits, MailboxLimits};
use crate::message::Message;
use crate::moment::{Monotonic, Timestamp};
use crate::outcome::Outcome;
use crate::pid::Pid;
use crate::refusal::Refusal;
use crate::subscription::Subscription;
use crate::sync::{Arc, Weak};

impl State {
    #[inline]
    pub(crate) fn deliver(
        &mut self,
        topic: &str,
        message: Message,
        config: &HostConfig,
        now: Monotonic,
    ) -> Result<Effect, Refusal> {
        self.check_alive()?;
        let bytes = MESSAGE + message.wire().len() as u64;
        self.account.admit(bytes)?;
        let readable = self
            .mailbox
            .deliver(topic, message, &MailboxLimits::of(config), now)
            .map_err(Refusal::Full)?;
        self.account.queue(bytes);
        Ok(match readable {
            Some(subscription) => self.readable(subscription),
            None => Effect::Nothing,
        })
    }

    /// Adds an item to a feed. Returns `None` if the item is lost: the feed is full or
    /// closed, or the process has no memory for it.
    /// Unless the item `is_last`, room is left for one small item.
    pub(crate) fn feed(
        &mut self,
        subscription: Subscription,
        message: Message,
        is_last: bool,
        config: &HostConfig,
        now: Monotonic,
    ) -> Option<Effect> {
        let bytes = MESSAGE + message.wire().len() as u64;
        if self.exited || self.account.admit(bytes).is_err() {
            return None;
        }
        let feeds = FeedLimits {
            queue: config.queue,
            spare: !is_last,
        };
        if !self.mailbox.feed(subscription, message, feeds, now) {
            return None;
        }
        self.account.queue(bytes);
        Some(self.readable(subscription))
    }

    pub(crate) fn cancel(
        &mut self,
        from: Option<Arc<str>>,
        at: Timestamp,
        (deadline, enforced): (Option<Timestamp>, Option<Monotonic>),
        reason: Option<Arc<str>>,
    ) -> Result<Effect, Refusal> {
        self.check_alive()?;
        let mut effect = Effect::Nothing;
        if self.events.push_cancel(from, at, deadline, reason) {
            effect = self.event_readable();
        }
        self.recount();
        let sooner = match (enforced, self.cancel_deadline) {
            (Some(new), Some(present)) => new < present,
            (new, _) => new.is_some(),
        };
        if sooner {
            // The task has to measure the time anew, whatever it waits for.
            self.cancel_deadline = enforced;
            effect = Effect::Wake;
        }
        Ok(effect)
    }

    /// Tells the process that these definitions of its code have changed.
    pub(crate) fn outdated(&mut self, at: Timestamp, sources: &[Arc<str>]) -> Effect {
        if self.exited {
            return Effect::Nothing;
        }
        let is_new = self.events.push_outdated(at, sources);
        self.recount();
        if is_new {
            self.event_readable()
        } else {
            Effect::Nothing
        }
    }

    /// Tells the process news of the cluster: NODE_UP, NODE_DOWN or NAME_LOST.
    pub(crate) fn cluster_news(&mut self, event: Event) -> Effect {
        if self.exited {
            return Effect::Nothing;
        }
        self.events.push_cluster(event);
        self.recount();
        self.event_readable()
    }

    /// Decides the end of the process; the first decision holds.
    pub(crate) fn doom(&mut self, doom: Doom) -> Result<Effect, Refusal> {
        self.check_alive()?;
        if self.doom.is_some() {
            return Ok(Effect::Nothing);
        }
        self.doom = Some(doom);
        Ok(Effect::Doomed)
    }

    /// Handles the exit of a peer: cuts the tie to the peer and queues the
    /// events it owes. `doom` is the end of a process that does not trap the
    /// link; absent if the peer did not fail.
    pub(crate) fn peer_exited(&mut self, notice: &Notice, doom: Option<&Doom>) -> Effect {
        if self.exited {
            return Effect::Nothing;
        }
        let tie = self.ties.cut(notice.pid);
        let mut effect = Effect::Nothing;
        if let Some(doom) = doom.filter(|_| tie.linked) {
            if self.trap_links {
                let outcome = self.told(&notice.outcome);
                self.events.push_link_down(&notice.telling(outcome));
                self.recount();
                effect = self.event_readable();
            } else if self.doom.is_none() {
                self.doom = Some(doom.clone());
                effect = Effect::Doomed;
            }
        }
        if tie.monitors {
            let outcome = self.told(&notice.outcome);
            self.events.push_exit(&notice.telling(outcome));
            let exit_effect = self.event_readable();
            if effect == Effect::Nothing {
                effect = exit_effect;
            }
        }
        self.recount();
        effect
    }

    /// Handles the exit of a process this one waits for in an exec.
    pub(crate) fn callee_exited(
        &mut self,
        subscription: Subscription,
        callee: Pid,
        outcome: &Arc<Outcome>,
    ) -> Effect {
        if !self.execs.waits_for(subscription, callee) {
            return Effect::Nothing;
        }
        let outcome = self.told(outcome);
        self.execs.finish(subscription, callee, outcome);
        self.recount();
        self.readable(subscription)
    }

    /// Reserves the subscription that will yield the outcome of work.
    pub(crate) fn begin_work(
        &mut self,
        work: Weak<dyn Work>,
        bytes: usize,
        config: &HostConfig,
    ) -> Result<Subscription, Refusal> {
        self.begin_awaiting(Awaited::Work { work, bytes }, bytes, config)
    }

    /// Reserves the subscription that will yield the end of another process.
    pub(crate) fn begin_watch(
        &mut self,
        watch: Weak<dyn Work>,
        config: &HostConfig,
    ) -> Result<Subscription, Refusal> {
        self.begin_awaiting(Awaited::Watch(watch), 0, config)
    }

    fn begin_awaiting(
        &mut self,
        awaited: Awaited,
        bytes: usize,
        config: &HostConfig,
    ) -> Result<Subscription, Refusal> {
        self.check_alive()?;
        if self.execs.len() >= config.max_execs {
            return Err(Refusal::TooMany("max_execs", config.max_execs));
        }
        self.account.admit(memory::EXEC + bytes as u64)?;
        let subscription = self.allocate();
        self.execs.start(subscription, awaited);
        self.recount();
        Ok(subscription)
    }

    /// Charges more bytes for work.
    pub(crate) fn grow_work(
        &mut self,
        subscription: Subscription,
        bytes: usize,
    ) -> Result<(), Refusal> {
        self.check_alive()?;
        self.account.admit(bytes as u64)?;
        self.execs.grow_work(subscription, bytes);
        self.recount();
        Ok(())
    }

    /// Handles the end of work that this process waits for.
    pub(crate) fn work_is_done(
        &mut self,
        subscription: Subscription,
        outcome: &Arc<Outcome>,
    ) -> Effect {
        if !self.execs.waits_for_work(subscription) {
            return Effect::Nothing;
        }
        let outcome = self.told(outcome);
        self.execs.finish_work(subscription, outcome);
        self.recount();
        self.readable(subscription)
    }
}
