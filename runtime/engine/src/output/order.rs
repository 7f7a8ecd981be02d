//! The order of two streams that two threads write.
//!
//! A piece of one stream waits for the pieces of the other that were queued before
//! it, unless the other thread is held up.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::Stream;

/// Time of a write after which its thread counts as held up.
const PATIENCE: Duration = Duration::from_millis(500);

/// The number of pieces of the other stream that go before a piece.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rank(u64);

#[derive(Debug, Default)]
pub(super) struct Order {
    /// Pieces of each stream queued since the start.
    queued: [AtomicU64; 2],
    threads: Mutex<[Progress; 2]>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// Pieces that the thread has written.
    done: u64,
    /// Start of the write in progress.
    since: Option<Instant>,
}

/// The thread that writes one stream.
pub(super) struct Thread<'a> {
    order: &'a Order,
    stream: Stream,
}

/// A write in progress, until this is dropped.
pub(super) struct Writing<'a>(&'a Thread<'a>);

impl Order {
    /// Returns the rank of the piece that the caller queues next.
    pub(super) fn rank(&self, stream: Stream) -> Rank {
        let own = stream as usize;
        // Read before counting, so that two pieces never wait for each other.
        let rank = self.queued[1 - own].load(Ordering::SeqCst);
        self.queued[own].fetch_add(1, Ordering::SeqCst);
        Rank(rank)
    }

    /// Returns the state of the thread that writes a stream. Once it is dropped,
    /// nobody waits for the thread's pieces.
    pub(super) fn thread_of(&self, stream: Stream) -> Thread<'_> {
        Thread {
            order: self,
            stream,
        }
    }
}

impl Thread<'_> {
    /// Waits until a piece of this rank may be written.
    pub(super) fn begin(&self, rank: Rank) -> Writing<'_> {
        let own = self.stream as usize;
        let begun = Instant::now();
        let mut threads = self.order.threads.lock();
        loop {
            let other = &threads[1 - own];
            if other.done >= rank.0 {
                break;
            }
            // A thread between two pieces, or one that waits itself, gets as much time.
            let left = PATIENCE.saturating_sub(other.since.unwrap_or(begun).elapsed());
            if left.is_zero() {
                break;
            }
            self.order.changed.wait_for(&mut threads, left);
        }
        threads[own].since = Some(Instant::now());
        Writing(self)
    }
}

impl Drop for Thread<'_> {
    fn drop(&mut self) {
        self.order.threads.lock()[self.stream as usize].done = u64::MAX;
        self.order.changed.notify_all();
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        let Thread { order, stream } = self.0;
        let mut threads = order.threads.lock();
        let own = &mut threads[*stream as usize];
        own.done = own.done.saturating_add(1);
        own.since = None;
        drop(threads);
        order.changed.notify_all();
    }
}
