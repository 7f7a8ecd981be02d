//! Chooses the processes to park: those that have waited for a while.
//!
//! A thread looks at the processes whose code can return while it waits, twice in each
//! `park_after`. A process that has waited through that time is *asked to return*: its wait
//! ends without a message, its code returns from `start` or `resume` with what it waits
//! for, and its task parks it ([`Task`](crate::node::task::Task)).
//!
//! ```text
//!  look      look      look
//!   │ waits   │ waits   │ asked ──> returns ──> parked, and no longer looked at
//!   │         │ ran     │ waits: the time begins anew
//! ```
//!
//! A process that does not wait never notices, and one that waits pays nothing: it leaves
//! the mark that it has waited in any case.

mod patience;

use std::io;
use std::num::NonZeroUsize;
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use warren_kernel::Process;

use super::control::Control;
use crate::code::artifact::Artifact;
use crate::sched::permits::Permits;

pub(crate) use patience::Patience;

/// Bounds of the time between two looks.
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_millis(500);

/// The most bytes of linear memory of a process that is parked: compressing the pages takes
/// a worker some milliseconds at most.
pub(crate) const LARGEST: u64 = 8 << 20;

/// The processes that are asked at once while slots are missing.
const FOR_ROOM: usize = 64;

/// The most processes that look for a slot at once, to be woken. One host has all turns
/// but one.
const TURNS: usize = 256;

/// The choice of processes to park; it ends with this value.
pub(crate) struct Parking {
    looker: Option<Looker>,
    turns: Permits,
}

struct Looker {
    shared: Arc<Shared>,
    after: Duration,
    thread: Option<JoinHandle<()>>,
}

/// The state that guests share with the thread.
#[derive(Default)]
struct Shared {
    news: Mutex<News>,
    changed: Condvar,
}

#[derive(Default)]
struct News {
    /// Processes that the thread has not looked at.
    added: Vec<Watched>,
    /// True while the thread waits for the first process.
    is_idle: bool,
    /// Number of slots that are missing.
    missing: usize,
    /// Number of processes that the thread looks at.
    watched: usize,
    stop: bool,
}

/// A process that may be parked.
struct Watched {
    process: Weak<Process>,
    /// Weak: it holds the span of the process, which ends with the process.
    control: Weak<Control>,
    artifact: Weak<Artifact>,
    /// The beginning of its wait, as far as the thread has seen it.
    since: Option<Instant>,
    is_asked: bool,
}

/// The next step with a process.
enum Step {
    Keep,
    Forget,
}

impl Parking {
    /// Starts the thread; parks nobody without a time.
    ///
    /// # Errors
    ///
    /// An [`io::Error`] if the operating system refuses the thread.
    pub(crate) fn start(after: Option<Duration>) -> io::Result<Parking> {
        let turns = Permits::new(NonZeroUsize::MIN.saturating_add(TURNS - 1));
        let Some(after) = after else {
            return Ok(Parking {
                looker: None,
                turns,
            });
        };
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("warren-parking".into())
            .spawn(move || run(&of_thread, after))?;
        Ok(Parking {
            looker: Some(Looker {
                shared,
                after,
                thread: Some(thread),
            }),
            turns,
        })
    }

    /// Returns the turns of parked processes that look for a slot.
    pub(crate) fn turns(&self) -> &Permits {
        &self.turns
    }

    /// Returns the time after which processes are parked; `None` if none is.
    pub(crate) fn after(&self) -> Option<Duration> {
        self.looker.as_ref().map(|looker| looker.after)
    }

    /// Looks at a process from now on, until it is parked or has ended.
    pub(crate) fn watch(
        &self,
        process: &Arc<Process>,
        control: &Arc<Control>,
        artifact: &Arc<Artifact>,
    ) {
        let Some(looker) = &self.looker else {
            return;
        };
        if control.begins_to_be_watched() {
            looker.shared.add(Watched {
                process: Arc::downgrade(process),
                control: Arc::downgrade(control),
                artifact: Arc::downgrade(artifact),
                since: None,
                is_asked: false,
            });
        }
    }

    /// Asks the processes that have waited longest to return, whatever their patience,
    /// because a slot is missing. Returns false if there is nobody to ask.
    pub(crate) fn make_room(&self) -> bool {
        let Some(looker) = &self.looker else {
            return false;
        };
        let mut news = looker.shared.news.lock();
        if news.watched == 0 && news.added.is_empty() {
            return false;
        }
        news.missing += 1;
        looker.shared.changed.notify_one();
        true
    }
}

impl Shared {
    fn add(&self, watched: Watched) {
        let mut news = self.news.lock();
        news.added.push(watched);
        if news.is_idle {
            news.is_idle = false;
            self.changed.notify_one();
        }
    }
}

impl Drop for Looker {
    fn drop(&mut self) {
        self.shared.news.lock().stop = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            // A thread that panicked has nothing to give back.
            let _ = thread.join();
        }
    }
}

fn run(shared: &Shared, after: Duration) {
    let pause = (after / 2).clamp(SHORTEST, LONGEST);
    let mut all: Vec<Watched> = Vec::new();
    loop {
        let missing = {
            let mut news = shared.news.lock();
            news.watched = all.len();
            if !news.stop && news.missing == 0 {
                if all.is_empty() && news.added.is_empty() {
                    news.is_idle = true;
                    shared.changed.wait(&mut news);
                    news.is_idle = false;
                } else {
                    shared.changed.wait_for(&mut news, pause);
                }
            }
            if news.stop {
                return;
            }
            all.append(&mut news.added);
            news.watched = all.len();
            std::mem::take(&mut news.missing)
        };
        let now = Instant::now();
        let mut place = 0;
        while let Some(watched) = all.get_mut(place) {
            match watched.look(now, after) {
                Step::Keep => place += 1,
                Step::Forget => {
                    all.swap_remove(place);
                }
            }
        }
        if missing > 0 {
            ask_longest(&mut all, now, missing.saturating_add(FOR_ROOM));
        }
    }
}

/// Asks the processes that have waited longest.
fn ask_longest(all: &mut [Watched], now: Instant, count: usize) {
    let mut waiting: Vec<&mut Watched> = all
        .iter_mut()
        .filter(|watched| watched.since.is_some() && !watched.is_asked)
        .collect();
    waiting.sort_unstable_by_key(|watched| watched.since.unwrap_or(now));
    let mut asked = 0;
    for watched in waiting {
        if asked == count {
            return;
        }
        asked += usize::from(watched.ask());
    }
}

impl Watched {
    fn look(&mut self, now: Instant, after: Duration) -> Step {
        let (Some(process), Some(control)) = (self.process.upgrade(), self.control.upgrade())
        else {
            return Step::Forget;
        };
        if process.usage().is_parked() {
            return leave(&process, &control);
        }
        if control.take_active() {
            // Unless a message came before it could refuse.
            let was_asked = std::mem::take(&mut self.is_asked);
            if was_asked && !control.take_asked_to_return() {
                let patience = Patience::new(after, control.patience());
                control.set_patience(patience.after_refusal());
            }
            // It may have begun to wait just now.
            self.since = Some(now);
            return Step::Keep;
        }
        if self.is_asked && !control.is_asked_to_return() {
            // It returned, was parked and was woken since the last look, or returns just now.
            self.is_asked = false;
            self.since = Some(now);
        }
        let since = *self.since.get_or_insert(now);
        let patience = Patience::new(after, control.patience());
        if !self.is_asked && now.saturating_duration_since(since) >= patience.time() {
            self.ask();
        }
        Step::Keep
    }

    /// Asks the process to return, if it waits. Returns false if it does not, or its code
    /// has state that is not memory.
    fn ask(&mut self) -> bool {
        let (Some(process), Some(control)) = (self.process.upgrade(), self.control.upgrade())
        else {
            return false;
        };
        let usage = process.usage();
        let is_able = !usage.is_blocked() && usage.memory() <= LARGEST;
        let artifact = self.artifact.upgrade();
        let is_fit = || artifact.is_some_and(|artifact| artifact.is_fit());
        if !is_able || !process.is_waiting() || !is_fit() {
            return false;
        }
        self.is_asked = true;
        control.ask_to_return();
        process.wake();
        true
    }
}

/// Forgets a parked process, unless it was woken meanwhile.
fn leave(process: &Process, control: &Control) -> Step {
    control.is_watched_no_more();
    if process.usage().is_parked() || !control.begins_to_be_watched() {
        return Step::Forget;
    }
    Step::Keep
}
