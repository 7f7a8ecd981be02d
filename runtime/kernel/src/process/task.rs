//! The operations of a process itself, for the one task that drives it.

use std::task::Waker;

use super::Process;
use crate::delivery::Delivery;
use crate::error::Error;
use crate::execs::Work;
use crate::moment::Monotonic;
use crate::outcome::Outcome;
use crate::state::Effect;
use crate::subscription::Subscription;
use crate::sync::{Arc, Weak};
use crate::topic::check_topic_to_listen;

impl Process {
    /// Sets the waker. The kernel calls it when the process is doomed, when its
    /// cancel deadline changes, and once when an item arrives that the pending
    /// receive wants.
    pub fn set_waker(&self, waker: &Waker) {
        let mut inner = self.inner.lock();
        let present = inner.waker.as_ref();
        if present.is_some_and(|present| present.will_wake(waker)) || inner.state.has_exited() {
            return;
        }
        let replaced = inner.waker.replace(waker.clone());
        drop(inner);
        // Dropping a waker may run any code: no lock is held.
        drop(replaced);
    }

    /// Wakes the process's task without a delivery.
    pub fn wake(&self) {
        self.conclude(self.inner.lock(), Effect::Wake);
    }

    /// Returns the time at which the process is to be terminated, because a
    /// permitted process asked it to end by then. The driving task terminates
    /// it, with [`Kernel::terminate`](crate::Kernel::terminate). One atomic
    /// load.
    #[inline]
    pub fn cancel_deadline(&self) -> Option<Monotonic> {
        self.cancel_deadline.load()
    }

    /// Takes the oldest item of the first wanted subscription that has any.
    /// `None` registers the wish: the next delivery to one of them wakes.
    /// Numbers that are no subscription have nothing.
    #[inline]
    pub fn poll_receive(&self, wanted: &[Subscription]) -> Option<(Subscription, Delivery)> {
        self.inner.lock().state.poll_receive(wanted)
    }

    /// Returns whether any of the wanted subscriptions has an item, and takes none. If not,
    /// registers the wish as [`Process::poll_receive`] does.
    pub fn poll_ready(&self, wanted: &[Subscription]) -> bool {
        self.inner.lock().state.poll_ready(wanted)
    }

    /// Takes like [`Process::poll_receive`] but registers nothing.
    #[inline]
    pub fn try_receive(&self, wanted: &[Subscription]) -> Option<(Subscription, Delivery)> {
        self.inner.lock().state.try_receive(wanted)
    }

    /// Forgets the wish that [`Process::poll_receive`] registered.
    pub fn clear_interest(&self) {
        self.inner.lock().state.clear_interest();
    }

    /// Opens the inbox, which takes over all unclaimed messages.
    pub fn inbox(&self) -> Subscription {
        self.inner.lock().state.open_inbox();
        Subscription::INBOX
    }

    /// Opens the events; earlier events wait there.
    pub fn events(&self) -> Subscription {
        self.inner.lock().state.open_events();
        Subscription::EVENTS
    }

    /// Returns whether the process has ever opened the events, also before an upgrade:
    /// the new code may be about to open them. A process that has not cannot notice a
    /// CANCEL.
    pub fn has_opened_events(&self) -> bool {
        self.inner.lock().state.has_opened_events()
    }

    /// Listens on exactly one topic; takes over its unclaimed messages. Returns
    /// the same subscription for the same topic.
    ///
    /// # Errors
    /// `Invalid` for a topic that is empty, begins with `@` or is longer than
    /// [`MAX_NAME_BYTES`](crate::MAX_NAME_BYTES); `RateLimited` at
    /// `max_subscriptions`.
    pub fn listen(&self, topic: &str) -> Result<Subscription, Error> {
        check_topic_to_listen(topic)?;
        let listened = self.inner.lock().state.listen(topic, self.config());
        listened.map_err(|refusal| self.refused(refusal, topic))
    }

    /// Opens a feed: a queue of the process for items of the embedder's, which
    /// [`Process::feed`] adds. `label` names the queue in views, and begins with `@`, so
    /// that no message has it as its topic. A feed has the limits of a queue, but holds
    /// 64 items at least if their bytes fit, and counts as a listener. It ends with
    /// [`Process::unlisten`], with the process and with an upgrade, and its unread items
    /// with it.
    ///
    /// # Errors
    /// `RateLimited` at `max_subscriptions` or beyond the process's memory; `NotFound`
    /// after the end of the process.
    pub fn open_feed(&self, label: &str) -> Result<Subscription, Error> {
        let opened = self.inner.lock().state.open_feed(label, self.config());
        opened.map_err(|refusal| self.refused(refusal, ""))
    }

    /// Ends a subscription made by [`Process::listen`]. Its unread messages go,
    /// in order of arrival, to the inbox, or become unclaimed. Does nothing for
    /// a number that is no such subscription.
    pub fn unlisten(&self, subscription: Subscription) {
        let mut inner = self.inner.lock();
        let effect = inner.state.unlisten(subscription);
        self.conclude(inner, effect);
    }

    /// Ends the subscription of a listener, as [`unlisten`](Process::unlisten) does, or of
    /// an exec or work, as [`abandon_exec`](Process::abandon_exec) does.
    pub fn end_subscription(&self, subscription: Subscription) {
        let mut inner = self.inner.lock();
        if inner.state.execs().contains(subscription) {
            let callee = inner.state.abandon_exec(subscription);
            drop(inner);
            if let Some(callee) = callee {
                callee.end();
            }
            return;
        }
        let effect = inner.state.unlisten(subscription);
        self.conclude(inner, effect);
    }

    /// Returns whether the failure of a linked process is an event instead of
    /// this process's end.
    pub fn trap_links(&self) -> bool {
        self.inner.lock().state.trap_links()
    }

    /// Sets whether the failure of a linked process is an event.
    pub fn set_trap_links(&self, trap: bool) {
        self.inner.lock().state.set_trap_links(trap);
    }

    /// Ends the subscription of an exec or of work, whose outcome is no longer wanted.
    /// The callee is terminated, or the work stopped, if it still runs.
    pub fn abandon_exec(&self, subscription: Subscription) {
        let callee = self.inner.lock().state.abandon_exec(subscription);
        if let Some(callee) = callee {
            callee.end();
        }
    }

    /// Reserves the subscription that yields the outcome of the embedder's work, once.
    /// The process is charged `bytes` until then. At the end of the process or its code
    /// the work is stopped.
    ///
    /// # Errors
    /// `RateLimited` at `max_execs`; `Internal` beyond the process's memory.
    pub fn begin_work(&self, work: Weak<dyn Work>, bytes: usize) -> Result<Subscription, Error> {
        let begun = self
            .inner
            .lock()
            .state
            .begin_work(work, bytes, self.config());
        begun.map_err(|refusal| self.refused(refusal, ""))
    }

    /// Reserves the subscription that yields the outcome of another process, of which the
    /// embedder tells by [`Process::finish_work`]. As [`Process::begin_work`], but no work
    /// runs: only the other process ends the wait.
    ///
    /// # Errors
    /// `RateLimited` at `max_execs`; `Internal` beyond the process's memory.
    pub fn begin_watch(&self, watch: Weak<dyn Work>) -> Result<Subscription, Error> {
        let begun = self.inner.lock().state.begin_watch(watch, self.config());
        begun.map_err(|refusal| self.refused(refusal, ""))
    }

    /// Charges the process `bytes` more for work, until its end.
    ///
    /// # Errors
    /// `NotFound` after the end of the process; `RateLimited` beyond its memory.
    pub fn grow_work(&self, subscription: Subscription, bytes: usize) -> Result<(), Error> {
        let grown = self.inner.lock().state.grow_work(subscription, bytes);
        grown.map_err(|refusal| self.refused(refusal, ""))
    }

    /// Delivers the outcome of work that [`Process::begin_work`] announced. Does nothing
    /// if it is no longer awaited.
    pub fn finish_work(&self, subscription: Subscription, outcome: &Arc<Outcome>) {
        let mut inner = self.inner.lock();
        let effect = inner.state.work_is_done(subscription, outcome);
        self.conclude(inner, effect);
    }

    /// Lets new code take over under the same PID. All subscriptions end, all
    /// messages become unclaimed again in order of arrival, an unread OUTDATED is
    /// dropped and the other events stay, the callees of pending execs are terminated,
    /// and work is stopped.
    pub fn begin_upgrade(&self) {
        let callees = self.inner.lock().state.begin_upgrade();
        for callee in callees {
            callee.end();
        }
    }

    /// Keeps an error that a call of the process API returned to the process,
    /// for [`Process::view`].
    pub fn set_last_error(&self, error: &Error) {
        let bytes = error.bytes();
        let error = Some(Box::new(error.clone()));
        let mut inner = self.inner.lock();
        let replaced = std::mem::replace(&mut inner.last_error, error);
        inner.state.set_error_bytes(bytes);
        drop(inner);
        drop(replaced);
    }
}
