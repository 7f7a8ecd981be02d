//! A stream of the changes of processes.
//!
//! Nothing waits for a reader: a change that does not fit into the
//! reader's buffer is counted and dropped. Without readers, each change
//! costs one load.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

use warren_values::Pid;

use crate::outcome::Outcome;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Mutex, MutexGuard, RwLock, Weak};

/// Something that happened to a process.
///
/// ```
/// use warren_kernel::Change;
///
/// fn shown(change: &Change) -> String {
///     match change {
///         Change::Started { pid, definition: Some(definition), .. } => {
///             format!("{pid} runs {definition}")
///         }
///         Change::Ended { pid, outcome } if outcome.is_failure() => format!("{pid} failed"),
///         Change::Missed(count) => format!("{count} changes were missed"),
///         other => format!("{other:?}"),
///     }
/// }
///
/// let started = Change::Started {
///     pid: "{app:a|0x00001}".into(),
///     parent: None,
///     definition: Some("app:main".into()),
/// };
/// assert_eq!(shown(&started), "{app:a|0x00001} runs app:main");
/// assert_eq!(shown(&Change::Missed(3)), "3 changes were missed");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A process was started.
    Started {
        /// The process.
        pid: Pid,
        /// Its spawner; absent if the embedder started the process.
        parent: Option<Pid>,
        /// The definition it runs, if the embedder named one.
        definition: Option<Arc<str>>,
    },
    /// A process ended.
    Ended {
        /// The process.
        pid: Pid,
        /// Its outcome.
        outcome: Arc<Outcome>,
    },
    /// A process was given a name.
    Named {
        /// The process.
        pid: Pid,
        /// The name.
        name: Arc<str>,
    },
    /// A name was freed, other than by the end of its process.
    Unnamed {
        /// The name.
        name: Arc<str>,
    },
    /// A process was linked to another, after it was started.
    Linked {
        /// The process that asked for the link.
        pid: Pid,
        /// The other process.
        peer: Pid,
    },
    /// A link was removed, other than by the end of either process.
    Unlinked {
        /// The process that asked for the removal.
        pid: Pid,
        /// The other process.
        peer: Pid,
    },
    /// New code took over a process.
    Upgraded {
        /// The process.
        pid: Pid,
        /// The definition it runs now.
        definition: Arc<str>,
    },
    /// Number of changes that did not fit into this reader's buffer at this
    /// point.
    Missed(u64),
}

/// The changes of a kernel since the reader's creation, for one reader.
/// Dropping the reader ends the stream.
pub struct Changes(Arc<Channel>);

impl Changes {
    /// Returns the next change; `None` once all changes were read and no more can
    /// come. The future may be dropped: no change is lost.
    pub async fn next(&mut self) -> Option<Change> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Polls for the next change, as [`Changes::next`] does.
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

    /// Returns the next change, if there is one.
    pub fn try_next(&mut self) -> Option<Change> {
        self.0.buffer.lock().take()
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes")
            .field("capacity", &self.0.capacity)
            .finish_non_exhaustive()
    }
}

/// All readers of a kernel.
#[derive(Default)]
pub(crate) struct Readers {
    /// Set while there may be readers; read without the lock.
    some: AtomicBool,
    channels: RwLock<Channels>,
}

#[derive(Default)]
struct Channels {
    open: Vec<Weak<Channel>>,
    /// Set when no more changes can come.
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
    /// Missed changes came after all changes that are kept.
    fn take(&mut self) -> Option<Change> {
        self.changes.pop_front().or_else(|| {
            let missed = std::mem::take(&mut self.missed);
            (missed > 0).then_some(Change::Missed(missed))
        })
    }
}

impl Readers {
    /// Returns a new reader with room for `capacity` changes, one at least.
    pub(crate) fn add(&self, capacity: usize) -> Changes {
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
        Changes(channel)
    }

    /// Ends the stream of each present and future reader.
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

    /// Tells all readers. Wakes their readers, so the caller holds no lock.
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
        // A change after a gap waits until the gap was reported.
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

/// Wakes the reader, with the lock released.
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

    fn read(reader: &mut Changes) -> Vec<Change> {
        std::iter::from_fn(|| reader.try_next()).collect()
    }

    #[test]
    fn dropped_events_are_counted_at_the_gap() {
        let readers = Readers::default();
        let mut slow = readers.add(2);
        let mut fast = readers.add(100);
        for name in ["a", "b", "c", "d"] {
            readers.tell(|| named(name));
        }
        assert_eq!(read(&mut fast).len(), 4);
        assert_eq!(slow.try_next(), Some(named("a")));
        // There is room, but the gap comes first.
        readers.tell(|| named("e"));
        assert_eq!(read(&mut slow), [named("b"), Change::Missed(3)]);
        readers.tell(|| named("f"));
        assert_eq!(read(&mut slow), [named("f")]);
    }

    #[test]
    fn a_stream_ends_when_all_was_read() {
        let readers = Readers::default();
        let mut reader = readers.add(1);
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(reader.poll_next(&mut cx), Poll::Pending);
        readers.tell(|| named("a"));
        readers.tell(|| named("b"));
        readers.end();
        readers.tell(|| panic!("nobody listens"));
        let mut next = || reader.poll_next(&mut cx);
        assert_eq!(next(), Poll::Ready(Some(named("a"))));
        assert_eq!(next(), Poll::Ready(Some(Change::Missed(1))));
        assert_eq!([next(), next()], [Poll::Ready(None), Poll::Ready(None)]);
        assert_eq!(readers.add(1).poll_next(&mut cx), Poll::Ready(None));
    }

    #[test]
    fn without_readers_no_change_is_made() {
        let readers = Readers::default();
        readers.tell(|| panic!("nobody listens"));
        drop(readers.add(1));
        // The first change finds no reader and clears the flag.
        readers.tell(|| named("a"));
        readers.tell(|| panic!("nobody listens"));
    }
}
