//! A message on its way to a process, and the end of the work on it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::Mutex;
use warren_engine::capability::Kept;
use warren_kernel::Error;

use super::broker::{InHand, Queue, Verdict};
use super::message::Content;

/// The messages that one consumer takes from a queue. Dropped, it gives back those that no
/// process works on.
pub struct Intake {
    queue: Arc<Queue>,
    /// The number of the host whose processes work on the messages.
    host: usize,
    prefetch: usize,
    waiting: VecDeque<InHand>,
}

impl Intake {
    pub(super) fn new(queue: &Arc<Queue>, host: usize, prefetch: usize) -> Intake {
        queue.counts.consumers.fetch_add(1, Ordering::Relaxed);
        Intake {
            queue: Arc::clone(queue),
            host,
            prefetch: prefetch.max(1),
            waiting: VecDeque::new(),
        }
    }

    /// Waits for the next message. Dropped before it is ready, the future has taken none.
    ///
    /// # Errors
    ///
    /// `Unavailable` if the disk or the server of the queue does not work.
    pub async fn next(&mut self) -> Result<Delivery, Error> {
        loop {
            if let Some(taken) = self.waiting.pop_front() {
                return Ok(Delivery::new(&self.queue, self.host, taken));
            }
            let taken = self.queue.take(self.host, self.prefetch).await?;
            self.waiting.extend(taken);
        }
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        self.queue.counts.consumers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake")
            .field("queue", &self.queue.settings.id)
            .finish_non_exhaustive()
    }
}

/// A message that a process works on. Clones name the same one. Once the last is dropped, a
/// message that nobody has settled goes back.
#[derive(Clone)]
pub struct Delivery(Arc<OfMessage>);

struct OfMessage {
    queue: Arc<Queue>,
    host: usize,
    id: Arc<str>,
    content: Content,
    /// The number of this attempt, from 1.
    attempt: u32,
    /// Empty once the message is settled. Locked while that goes on.
    taken: Mutex<Option<InHand>>,
}

/// The end of the process that worked on a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It is done with the message.
    Done,
    /// It failed, for this reason.
    Failed(String),
    /// It was not begun, or the program has cut it off. This is no attempt.
    Cut,
}

impl Delivery {
    fn new(queue: &Arc<Queue>, host: usize, taken: InHand) -> Delivery {
        Delivery(Arc::new(OfMessage {
            queue: Arc::clone(queue),
            host,
            id: taken.id(),
            content: taken.content().clone(),
            attempt: taken.attempts().saturating_add(1),
            taken: Mutex::new(Some(taken)),
        }))
    }

    /// Returns the id of the message.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Returns the value as the arguments of a process, encoded.
    pub fn arguments(&self) -> Arc<[u8]> {
        self.0.content.arguments()
    }

    /// Gives the message to a process that is yet to start, whose states these are.
    ///
    /// # Errors
    ///
    /// `Canceled` if the states are closed.
    pub fn give(&self, kept: &Kept) -> Result<(), Error> {
        kept.state(|| self.clone()).map(|_| ())
    }

    /// Ends the work on the message, unless the process has done so itself. Waits until the
    /// end is on the disk, and goes on with it if the future is dropped.
    ///
    /// # Errors
    ///
    /// `Unavailable` if the disk or the server of the queue does not work: the message comes
    /// again.
    pub async fn end(&self, end: End) -> Result<(), Error> {
        let verdict = match end {
            End::Done => Verdict::Done,
            End::Failed(reason) => Verdict::Failed(reason),
            End::Cut => Verdict::Cut,
        };
        self.settle(verdict).await.map(|_| ())
    }

    pub(super) fn headers(&self) -> &[u8] {
        &self.0.content.headers
    }

    pub(super) fn attempt(&self) -> u32 {
        self.0.attempt
    }

    /// Acknowledges the message at once; false if it was settled before. `None` if that takes
    /// longer.
    pub(super) fn acknowledge_now(&self) -> Option<bool> {
        // Locked while another call settles it.
        let mut taken = self.0.taken.try_lock().ok()?;
        let Some(held) = taken.as_mut() else {
            return Some(false);
        };
        if !held.try_remove() {
            return None;
        }
        *taken = None;
        let counts = &self.0.queue.counts;
        counts.acknowledged.fetch_add(1, Ordering::Relaxed);
        Some(true)
    }

    /// Settles the message in a task of its own, which nobody cuts off. Returns false if it
    /// was settled before.
    pub(super) async fn settle(&self, verdict: Verdict) -> Result<bool, Error> {
        let of = Arc::clone(&self.0);
        let settling = tokio::spawn(async move {
            let mut taken = of.taken.lock().await;
            match taken.take() {
                None => Ok(false),
                Some(held) => {
                    let settled = of.queue.settle(of.host, held, verdict).await;
                    settled.map(|()| true)
                }
            }
        });
        let panicked = |_| Err(Error::internal("the queue has panicked"));
        settling.await.unwrap_or_else(panicked)
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("queue", &self.0.queue.settings.id)
            .field("id", &self.0.id)
            .finish_non_exhaustive()
    }
}
