//! A stream of what happens to processes.
//!
//! Nobody waits for an observer: what does not fit into its buffer is counted
//! and dropped. Without observers, each event costs one load.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

use crate::outcome::Outcome;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Mutex, MutexGuard, RwLock, Weak};

/// Something that happened to a process. Processes are told of by the texts of
/// their PIDs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was started.
    Started {
        /// The process.
        pid: Arc<str>,
        /// Who spawned it; absent where it is the embedder.
        parent: Option<Arc<str>>,
        /// What it runs, where the embedder said so.
        definition: Option<Arc<str>>,
    },
    /// It ended.
    Ended {
        /// The process.
        pid: Arc<str>,
        /// How.
        outcome: Arc<Outcome>,
    },
    /// It was given a name.
    Named {
        /// The process.
        pid: Arc<str>,
        /// The name.
        name: Arc<str>,
    },
    /// A name is free again, other than by the end of its process.
    Unnamed {
        /// The name.
        name: Arc<str>,
    },
    /// It was linked to another, after it was started.
    Linked {
        /// Who asked for it.
        pid: Arc<str>,
        /// The other.
        peer: Arc<str>,
    },
    /// A link was undone, other than by the end of either.
    Unlinked {
        /// Who asked for it.
        pid: Arc<str>,
        /// The other.
        peer: Arc<str>,
    },
    /// Other code took over.
    Upgraded {
        /// The process.
        pid: Arc<str>,
        /// What it runs now.
        definition: Arc<str>,
    },
    /// So many events did not fit into the buffer of this observer, here.
    Missed(u64),
}

/// The events of a kernel from the time of its creation on, for one reader.
/// Dropping it ends it.
pub struct Observer(Arc<Channel>);

impl Observer {
    /// The next event; none when all have been read and no more can come. It is
    /// safe to drop the future: no event is lost.
    pub async fn next(&mut self) -> Option<Change> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// The next event, as for [`Observer::next`], or a wake-up when there is one.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Change>> {
        let mut buffer = self.0.buffer.lock();
        if let Some(change) = buffer.take() {
            return Poll::Ready(Some(change));
        }
        if buffer.ended {
            return Poll::Ready(None);
        }
        let replaced = buffer.waker.replace(cx.waker().clone());
        drop(buffer);
        drop(replaced);
        Poll::Pending
    }

    /// The next event, if there is one.
    pub fn try_next(&mut self) -> Option<Change> {
        self.0.buffer.lock().take()
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer")
            .field("capacity", &self.0.capacity)
            .finish_non_exhaustive()
    }
}

/// All observers of a kernel.
#[derive(Default)]
pub(crate) struct Observers {
    /// Whether there may be any, to be read without the lock.
    some: AtomicBool,
    channels: RwLock<Channels>,
}

#[derive(Default)]
struct Channels {
    open: Vec<Weak<Channel>>,
    /// No more events can come.
    ended: bool,
}

struct Channel {
    capacity: usize,
    buffer: Mutex<Buffer>,
}

#[derive(Default)]
struct Buffer {
    changes: VecDeque<Change>,
    missed: u64,
    ended: bool,
    waker: Option<Waker>,
}

impl Buffer {
    /// What was missed came after all that is kept.
    fn take(&mut self) -> Option<Change> {
        self.changes.pop_front().or_else(|| {
            let missed = std::mem::take(&mut self.missed);
            (missed > 0).then_some(Change::Missed(missed))
        })
    }
}

impl Observers {
    /// A new observer, with room for so many events, one at least.
    pub(crate) fn add(&self, capacity: usize) -> Observer {
        let channel = Arc::new(Channel {
            capacity: capacity.max(1),
            buffer: Mutex::new(Buffer::default()),
        });
        let mut channels = self.channels.write();
        channels.open.retain(|channel| channel.strong_count() > 0);
        if channels.ended {
            channel.end();
        } else {
            channels.open.push(Arc::downgrade(&channel));
            self.some.store(true, Ordering::Release);
        }
        drop(channels);
        Observer(channel)
    }

    /// Ends the stream of each observer, and of those that come.
    pub(crate) fn end(&self) {
        let open = {
            let mut channels = self.channels.write();
            channels.ended = true;
            self.some.store(false, Ordering::Release);
            std::mem::take(&mut channels.open)
        };
        for channel in open.iter().filter_map(Weak::upgrade) {
            channel.end();
        }
    }

    /// Tells all observers. Wakes them, so no lock is to be held.
    #[inline]
    pub(crate) fn tell(&self, change: impl FnOnce() -> Change) {
        if self.some.load(Ordering::Acquire) {
            self.tell_all(&change());
        }
    }

    #[cold]
    fn tell_all(&self, change: &Change) {
        let channels: Vec<_> = {
            let channels = self.channels.read();
            channels.open.iter().filter_map(Weak::upgrade).collect()
        };
        for channel in &channels {
            channel.push(change);
        }
        if channels.is_empty() {
            self.forget_gone();
        }
    }

    fn forget_gone(&self) {
        let mut channels = self.channels.write();
        channels.open.retain(|channel| channel.strong_count() > 0);
        self.some
            .store(!channels.open.is_empty(), Ordering::Release);
    }
}

impl Channel {
    fn push(&self, change: &Change) {
        let mut buffer = self.buffer.lock();
        // What comes after a gap waits until the gap was told of.
        if buffer.missed > 0 || buffer.changes.len() >= self.capacity {
            buffer.missed += 1;
        } else {
            buffer.changes.push_back(change.clone());
        }
        wake(buffer);
    }

    fn end(&self) {
        let mut buffer = self.buffer.lock();
        buffer.ended = true;
        wake(buffer);
    }
}

/// Wakes the reader, without the lock.
fn wake(mut buffer: MutexGuard<'_, Buffer>) {
    let waker = buffer.waker.take();
    drop(buffer);
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Change {
        Change::Unnamed { name: name.into() }
    }

    fn read(observer: &mut Observer) -> Vec<Change> {
        std::iter::from_fn(|| observer.try_next()).collect()
    }

    #[test]
    fn what_does_not_fit_is_counted_where_it_is_missing() {
        let observers = Observers::default();
        let mut slow = observers.add(2);
        let mut fast = observers.add(100);
        for name in ["a", "b", "c", "d"] {
            observers.tell(|| named(name));
        }
        assert_eq!(read(&mut fast).len(), 4);
        assert_eq!(slow.try_next(), Some(named("a")));
        // There is room, but the gap comes first.
        observers.tell(|| named("e"));
        assert_eq!(read(&mut slow), [named("b"), Change::Missed(3)]);
        observers.tell(|| named("f"));
        assert_eq!(read(&mut slow), [named("f")]);
    }

    #[test]
    fn a_stream_ends_when_all_was_read() {
        let observers = Observers::default();
        let mut observer = observers.add(1);
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(observer.poll_next(&mut cx), Poll::Pending);
        observers.tell(|| named("a"));
        observers.tell(|| named("b"));
        observers.end();
        observers.tell(|| panic!("nobody listens"));
        let mut next = || observer.poll_next(&mut cx);
        assert_eq!(next(), Poll::Ready(Some(named("a"))));
        assert_eq!(next(), Poll::Ready(Some(Change::Missed(1))));
        assert_eq!([next(), next()], [Poll::Ready(None), Poll::Ready(None)]);
        assert_eq!(observers.add(1).poll_next(&mut cx), Poll::Ready(None));
    }

    #[test]
    fn without_observers_no_event_is_made() {
        let observers = Observers::default();
        observers.tell(|| panic!("nobody listens"));
        drop(observers.add(1));
        // The first event finds nobody there and says so.
        observers.tell(|| named("a"));
        observers.tell(|| panic!("nobody listens"));
    }
}
