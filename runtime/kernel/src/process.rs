//! The shell around the state of one process: its lock and its waker.

use std::fmt;
use std::task::Waker;

use crate::attributes::Attributes;
use crate::error::Error;
use crate::events::Notice;
use crate::execs::Callee;
use crate::host::{Host, HostConfig, Place};
use crate::introspection::{Activity, Origin, Summary, View};
use crate::message::Message;
use crate::moment::{AtomicDeadline, Monotonic, Timestamp};
use crate::names::MAX_NAME_BYTES;
use crate::outcome::Outcome;
use crate::pid::Pid;
use crate::refusal::Refusal;
use crate::state::{Doom, Effect, Relation, Remains, State};
use crate::subscription::{Delivery, Subscription};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Mutex};
use crate::usage::Usage;

/// One process. Everyone may send it signals, through [`Kernel`](crate::Kernel);
/// only the one task that drives it receives, listens and exits.
pub struct Process {
    pid: Pid,
    text: Arc<str>,
    host: Arc<Host>,
    /// Follows `State::doomed_to`, to be read without the lock.
    doomed: AtomicBool,
    /// Follows `State::cancel_deadline`, likewise.
    cancel_deadline: AtomicDeadline,
    parent: Option<Pid>,
    started: Monotonic,
    usage: Usage,
    attributes: Attributes,
    inner: Mutex<Inner>,
}

/// What a process is born with.
pub(crate) struct Birth {
    pub(crate) pid: Pid,
    pub(crate) parent: Option<Pid>,
    pub(crate) at: Monotonic,
    pub(crate) origin: Option<Origin>,
}

struct Inner {
    state: State,
    waker: Option<Waker>,
    place: Option<Place>,
    origin: Option<Origin>,
    last_error: Option<Box<Error>>,
}

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

/// Who it is.
impl Process {
    /// Its PID.
    #[inline]
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// The text of its PID.
    #[inline]
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The host it lives in.
    #[inline]
    pub fn host(&self) -> &Arc<Host> {
        &self.host
    }

    /// Who spawned it; absent where it is the embedder.
    pub fn parent(&self) -> Option<Pid> {
        self.parent
    }

    /// When it was spawned, on the kernel's clock.
    pub fn started(&self) -> Monotonic {
        self.started
    }

    /// What it uses of the machine.
    #[inline]
    pub fn usage(&self) -> &Usage {
        &self.usage
    }

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

    /// Whether a text is part of its PID, of what it runs, or of a name it has.
    pub fn mentions(&self, text: &str) -> bool {
        if self.text.contains(text) {
            return true;
        }
        let inner = self.inner.lock();
        let origin = inner.origin.as_ref();
        origin.is_some_and(|origin| origin.definition.contains(text))
            || inner.state.names().iter().any(|name| name.contains(text))
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

    /// The id of the definition it runs, where the embedder said it.
    pub fn definition(&self) -> Option<Arc<str>> {
        let inner = self.inner.lock();
        let origin = inner.origin.as_ref()?;
        Some(Arc::clone(&origin.definition))
    }

    /// The id of the chain of calls it belongs to, where the embedder said it.
    pub fn frame(&self) -> Option<Arc<str>> {
        let inner = self.inner.lock();
        let origin = inner.origin.as_ref()?;
        Some(Arc::clone(&origin.frame))
    }

    /// The names it is registered under, in the order it got them.
    pub fn names(&self) -> Vec<Arc<str>> {
        self.inner.lock().state.names().to_vec()
    }

    /// What ties it to others.
    pub fn relations(&self) -> Relations {
        relations_of(&self.inner.lock().state)
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

/// For the task that drives it.
impl Process {
    /// Sets what to wake: when the process is doomed, when its cancel deadline
    /// changes, and once when something arrives that the pending receive wants.
    pub fn set_waker(&self, waker: &Waker) {
        let mut inner = self.inner.lock();
        let present = inner.waker.as_ref();
        if present.is_some_and(|present| present.will_wake(waker)) || inner.state.has_exited() {
            return;
        }
        let replaced = inner.waker.replace(waker.clone());
        drop(inner);
        // What a waker does when dropped is not ours to know: no lock is held.
        drop(replaced);
    }

    /// Has its task look around, without anything to be found.
    pub fn wake(&self) {
        self.apply(|_| ((), Effect::Wake));
    }

    /// Whether its end is decided. One atomic load: cheap enough to ask at every
    /// preemption.
    #[inline]
    pub fn is_doomed(&self) -> bool {
        self.doomed.load(Ordering::Acquire)
    }

    /// The end that was decided for it.
    pub fn doom(&self) -> Option<Arc<Outcome>> {
        let inner = self.inner.lock();
        let doom = inner.state.doomed_to()?;
        Some(Arc::clone(&doom.outcome))
    }

    /// Whether it has exited.
    pub fn has_exited(&self) -> bool {
        self.inner.lock().state.has_exited()
    }

    /// When it is to be terminated because someone who may do that asked it to
    /// end by then. The driving task does it, with
    /// [`Kernel::terminate`](crate::Kernel::terminate). One atomic load.
    #[inline]
    pub fn cancel_deadline(&self) -> Option<Monotonic> {
        self.cancel_deadline.load()
    }

    /// Takes the oldest of the first wanted subscription that has something.
    /// `None` registers the wish: the next delivery to one of them wakes.
    /// Numbers that are no subscription have nothing.
    #[inline]
    pub fn poll_receive(&self, wanted: &[Subscription]) -> Option<(Subscription, Delivery)> {
        self.inner.lock().state.poll_receive(wanted)
    }

    /// Takes like [`Process::poll_receive`] but registers nothing.
    #[inline]
    pub fn try_receive(&self, wanted: &[Subscription]) -> Option<(Subscription, Delivery)> {
        self.inner.lock().state.try_receive(wanted)
    }

    /// Forgets what [`Process::poll_receive`] registered.
    pub fn clear_interest(&self) {
        self.inner.lock().state.clear_interest();
    }

    /// Opens the inbox, which takes over all unclaimed messages.
    pub fn inbox(&self) -> Subscription {
        self.inner.lock().state.open_inbox();
        Subscription::INBOX
    }

    /// Opens the events; what came before waits there.
    pub fn events(&self) -> Subscription {
        self.inner.lock().state.open_events();
        Subscription::EVENTS
    }

    /// Whether the code that runs now has opened the events. Code that has not
    /// cannot notice a CANCEL.
    pub fn has_opened_events(&self) -> bool {
        self.inner.lock().state.has_opened_events()
    }

    /// Listens on exactly one topic; takes over its unclaimed messages. The same
    /// subscription for the same topic.
    ///
    /// # Errors
    /// `Invalid` for a topic that is empty, begins with `@` or is longer than
    /// [`MAX_NAME_BYTES`]; `RateLimited` at `max_subscriptions`.
    pub fn listen(&self, topic: &str) -> Result<Subscription, Error> {
        check_topic(topic)?;
        if topic.len() > MAX_NAME_BYTES {
            return Err(Error::invalid(format!(
                "a topic to listen on may not be longer than {MAX_NAME_BYTES} bytes"
            )));
        }
        let listened = self.inner.lock().state.listen(topic, self.config());
        listened.map_err(|refusal| refusal.into_error(self, topic))
    }

    /// Ends a subscription made by [`Process::listen`]; what was unread there
    /// goes, in order of arrival, to the inbox, or waits unclaimed. Nothing
    /// happens for a number that is no such subscription.
    pub fn unlisten(&self, subscription: Subscription) {
        self.apply(|state| ((), state.unlisten(subscription)));
    }

    /// Whether the failure of a linked process is an event, not its own end.
    pub fn trap_links(&self) -> bool {
        self.inner.lock().state.trap_links()
    }

    /// Sets whether the failure of a linked process is an event.
    pub fn set_trap_links(&self, trap: bool) {
        self.inner.lock().state.set_trap_links(trap);
    }

    /// Nobody waits for the outcome of an exec any more: its subscription ends,
    /// and the callee is terminated where it still runs.
    pub fn abandon_exec(&self, subscription: Subscription) {
        let callee = self.inner.lock().state.abandon_exec(subscription);
        terminate_all(callee.as_slice());
    }

    /// New code takes over under the same PID: all subscriptions end, all
    /// messages are unclaimed again in order of arrival, events stay, and the
    /// callees of pending execs are terminated.
    pub fn begin_upgrade(&self) {
        let callees = self.inner.lock().state.begin_upgrade();
        terminate_all(&callees);
    }

    /// Keeps an error that a call of the process API returned to it, for
    /// [`Process::view`].
    pub fn set_last_error(&self, error: &Error) {
        let error = Some(Box::new(error.clone()));
        let replaced = std::mem::replace(&mut self.inner.lock().last_error, error);
        drop(replaced);
    }
}

/// For the kernel.
impl Process {
    pub(crate) fn new(birth: Birth, place: Place) -> Self {
        Process {
            pid: birth.pid,
            text: birth.pid.text(place.host().name()),
            parent: birth.parent,
            started: birth.at,
            usage: Usage::default(),
            host: Arc::clone(place.host()),
            doomed: AtomicBool::new(false),
            cancel_deadline: AtomicDeadline::new(),
            attributes: Attributes::new(),
            inner: Mutex::new(Inner {
                state: State::new(),
                waker: None,
                place: Some(place),
                origin: birth.origin,
                last_error: None,
            }),
        }
    }

    #[inline]
    pub(crate) fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// All of its state, as text.
    pub(crate) fn state_text(&self) -> String {
        format!("{:#?}", self.inner.lock().state)
    }

    #[inline]
    pub(crate) fn config(&self) -> &HostConfig {
        self.host.config()
    }

    #[inline]
    pub(crate) fn deliver(
        &self,
        topic: &str,
        message: Message,
        now: Monotonic,
    ) -> Result<(), Refusal> {
        self.try_apply(|state| state.deliver(topic, message, self.config(), now))
    }

    pub(crate) fn cancel(
        &self,
        from: Option<Arc<str>>,
        at: Timestamp,
        deadline: Option<Timestamp>,
        enforced: Option<Monotonic>,
    ) -> Result<(), Refusal> {
        self.try_apply(|state| {
            let effect = state.cancel(from, at, deadline, enforced)?;
            self.cancel_deadline.store(state.cancel_deadline());
            Ok(effect)
        })
    }

    pub(crate) fn terminate(&self) -> Result<(), Refusal> {
        let doom = Doom {
            outcome: Arc::new(Outcome::terminated()),
            by_link: false,
        };
        self.try_apply(|state| state.doom(doom))
    }

    /// Returns whom to wake once the lock of the pair is released.
    #[must_use]
    pub(crate) fn peer_exited(&self, notice: &Notice, doom: Option<&Doom>) -> Option<Waker> {
        let ((), waker) = self.step(|state| ((), state.peer_exited(notice, doom)));
        waker
    }

    pub(crate) fn callee_exited(
        &self,
        subscription: Subscription,
        callee: Pid,
        outcome: &Arc<Outcome>,
    ) {
        self.apply(|state| ((), state.callee_exited(subscription, callee, outcome)));
    }

    /// Says what it runs from now on.
    pub(crate) fn set_definition(&self, definition: &Arc<str>) {
        let mut inner = self.inner.lock();
        let origin = inner.origin.get_or_insert_default();
        let replaced = std::mem::replace(&mut origin.definition, Arc::clone(definition));
        drop(inner);
        self.attributes.have_changed();
        drop(replaced);
    }

    pub(crate) fn link(&self, peer: Pid) -> Result<bool, Refusal> {
        self.inner.lock().state.link(peer, self.config())
    }

    pub(crate) fn remove_link(&self, peer: Pid) {
        self.inner.lock().state.remove_link(peer);
    }

    /// Returns whether there was a link.
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

    pub(crate) fn add_name(&self, name: &Arc<str>, held: bool) -> Result<(), Refusal> {
        let config = self.config();
        self.inner.lock().state.add_name(name, held, config)?;
        if !held {
            self.attributes.have_changed();
        }
        Ok(())
    }

    pub(crate) fn remove_name(&self, name: &str) {
        self.inner.lock().state.remove_name(name);
        self.attributes.have_changed();
    }

    /// Ends the process. Absent the second time.
    pub(crate) fn exit(&self) -> Option<(Remains, Option<Place>)> {
        let mut inner = self.inner.lock();
        let remains = inner.state.exit()?;
        self.cancel_deadline.store(inner.state.cancel_deadline());
        let (waker, place) = (inner.waker.take(), inner.place.take());
        drop(inner);
        drop(waker);
        Some((remains, place))
    }

    fn try_apply(
        &self,
        step: impl FnOnce(&mut State) -> Result<Effect, Refusal>,
    ) -> Result<(), Refusal> {
        self.apply(|state| match step(state) {
            Ok(effect) => (Ok(()), effect),
            Err(refusal) => (Err(refusal), Effect::Nothing),
        })
    }

    /// Takes one step and wakes, after the lock is released, whom it is to wake.
    #[inline]
    fn apply<R>(&self, step: impl FnOnce(&mut State) -> (R, Effect)) -> R {
        let (result, waker) = self.step(step);
        if let Some(waker) = waker {
            waker.wake();
        }
        result
    }

    /// Takes one step; returns whom to wake.
    #[inline]
    fn step<R>(&self, step: impl FnOnce(&mut State) -> (R, Effect)) -> (R, Option<Waker>) {
        let mut inner = self.inner.lock();
        let (result, effect) = step(&mut inner.state);
        if effect == Effect::Doomed {
            self.doomed.store(true, Ordering::Release);
        }
        let waker = match effect {
            Effect::Nothing => None,
            Effect::Wake | Effect::Doomed => inner.waker.clone(),
        };
        (result, waker)
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Process").field(&self.text).finish()
    }
}

/// Terminates callees whose caller no longer waits.
pub(crate) fn terminate_all(callees: &[Callee]) {
    for callee in callees {
        if let Some(process) = callee.process.upgrade() {
            // It may have ended by itself: nothing is left to do then.
            let _ = process.terminate();
        }
    }
}

/// Refuses what can be no topic of a program's.
pub(crate) fn check_topic(topic: &str) -> Result<(), Error> {
    if topic.is_empty() {
        Err(Error::invalid("a topic may not be empty"))
    } else if topic.starts_with('@') {
        Err(Error::invalid(format!(
            "a topic may not begin with @, which is the system's: {topic}"
        )))
    } else {
        Ok(())
    }
}
