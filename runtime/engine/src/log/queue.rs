//! The queue of records between the processes that log and the thread that emits.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::share::Shares;
use super::{Entry, Origin};

pub(super) use super::share::Full;

/// Shortest time between two notices of lost records.
const BETWEEN_NOTICES: Duration = Duration::from_secs(1);

/// Most processes whose losses get a notice each; the losses of further processes
/// share one notice.
const LOSERS: usize = 16;

#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Wakes the thread: there is something to do.
    wanted: Condvar,
    /// Wakes processes that wait: something was taken.
    changed: Notify,
    pub(super) lost: AtomicU64,
}

#[derive(Default)]
struct State {
    entries: VecDeque<Entry>,
    shares: Shares,
    losers: HashMap<u64, (Origin, u64)>,
    /// Losses of processes beyond those in `losers`.
    lost_besides: u64,
    told: Option<Instant>,
    /// Entries added since the start; `taken` counts those that were emitted.
    put: u64,
    taken: u64,
    /// Time at which the thread took what it now emits.
    busy_since: Option<Instant>,
    /// True if somebody waits for a change.
    waiting: bool,
    flushing: bool,
    closed: bool,
}

/// Work that the thread takes at once.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) entry: Option<Entry>,
    /// Processes that lost records, and the number of those records.
    pub(super) losses: Vec<(Option<Origin>, u64)>,
}

impl Queue {
    /// Adds an entry.
    ///
    /// # Errors
    ///
    /// The entry itself if it has no room.
    #[expect(clippy::result_large_err, reason = "the entry goes back as it came")]
    pub(super) fn try_put(&self, entry: Entry) -> Result<(), (Entry, Full)> {
        let mut state = self.state.lock();
        if let Err(full) = state
            .shares
            .take(&entry.owner, entry.size(), Instant::now())
        {
            state.waiting = true;
            return Err((entry, full));
        }
        state.entries.push_back(entry);
        state.put += 1;
        let was_empty = state.entries.len() == 1;
        drop(state);
        if was_empty {
            self.wanted.notify_one();
        }
        Ok(())
    }

    /// Counts an entry as lost.
    pub(super) fn lose(&self, entry: &Entry) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        let mut state = self.state.lock();
        let key = entry.owner.process.unwrap_or(0);
        let room = state.losers.len() < LOSERS;
        match state.losers.get_mut(&key) {
            Some((_, count)) => *count += 1,
            None if room => {
                state.losers.insert(key, (entry.origin.clone(), 1));
            }
            None => state.lost_besides += 1,
        }
        drop(state);
        self.wanted.notify_one();
    }

    /// Returns true if the thread has emitted one entry for longer than this.
    pub(super) fn is_stuck(&self, limit: Duration) -> bool {
        let since = self.state.lock().busy_since;
        since.is_some_and(|since| since.elapsed() > limit)
    }

    /// Waits for the next change after the call of `enable`.
    pub(super) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// Begins a flush of all entries added before. Returns the number to give to
    /// [`Queue::is_flushed`].
    pub(super) fn begin_flush(&self) -> u64 {
        let mut state = self.state.lock();
        state.flushing = true;
        let until = state.put;
        drop(state);
        self.wanted.notify_one();
        until
    }

    pub(super) fn is_flushed(&self, until: u64) -> bool {
        let mut state = self.state.lock();
        let done = state.taken >= until && !state.has_losses() && state.busy_since.is_none();
        state.waiting |= !done;
        done
    }

    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.wanted.notify_one();
    }

    /// Waits, on the thread, for something to do. Returns `None` once the queue is
    /// closed and empty.
    pub(super) fn take(&self) -> Option<Taken> {
        let mut state = self.state.lock();
        state.busy_since = None;
        loop {
            if std::mem::take(&mut state.waiting) {
                self.changed.notify_waiters();
            }
            let mut taken = Taken {
                entry: state.entries.pop_front(),
                losses: Vec::new(),
            };
            if let Some(entry) = &taken.entry {
                let size = entry.size();
                state.shares.give_back(&entry.owner, size);
                state.taken += 1;
            }
            let untold = state.untold_for();
            if untold.is_some_and(|wait| wait.is_zero()) {
                taken.losses = state.take_losses();
            }
            if taken.entry.is_some() || !taken.losses.is_empty() {
                state.busy_since = Some(Instant::now());
                return Some(taken);
            }
            if state.closed {
                return None;
            }
            match untold {
                None => self.wanted.wait(&mut state),
                Some(wait) => {
                    self.wanted.wait_for(&mut state, wait);
                }
            }
        }
    }
}

impl State {
    fn has_losses(&self) -> bool {
        self.lost_besides > 0 || !self.losers.is_empty()
    }

    /// Returns the time until losses are due to be reported; `None` without losses.
    fn untold_for(&self) -> Option<Duration> {
        if !self.has_losses() {
            return None;
        }
        let since = self.told.map(|told| told.elapsed());
        Some(match since {
            Some(since) if !self.flushing && !self.closed => BETWEEN_NOTICES.saturating_sub(since),
            _ => Duration::ZERO,
        })
    }

    fn take_losses(&mut self) -> Vec<(Option<Origin>, u64)> {
        self.told = Some(Instant::now());
        let mut losses: Vec<_> = self
            .losers
            .drain()
            .map(|(_, (origin, count))| (Some(origin), count))
            .collect();
        losses.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let besides = std::mem::take(&mut self.lost_besides);
        losses.extend((besides > 0).then_some((None, besides)));
        losses
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}
