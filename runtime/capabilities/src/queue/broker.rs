//! One queue: its messages, wherever they lie, and the way of a message that was taken.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use warren_engine::capability::QueueSettings;
use warren_kernel::Error;

use super::jetstream::{self, JetStream};
use super::lengths::Lengths;
use super::local::{self, Local};
use super::message::{Content, NewMessage};
use crate::sqlite::Database;

/// A queue.
pub(super) struct Queue {
    pub(super) settings: Arc<QueueSettings>,
    backend: Backend,
    /// The queue that takes messages that were given up, if there is one.
    pub(super) dead_letter: OnceLock<Arc<Queue>>,
    pub(super) counts: Counts,
}

enum Backend {
    Local(Arc<Local>),
    JetStream(Arc<JetStream>),
}

/// Counts of a queue since the start of the program.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) consumers: AtomicUsize,
    pub(super) published: AtomicU64,
    pub(super) acknowledged: AtomicU64,
    pub(super) returned: AtomicU64,
    pub(super) given_up: AtomicU64,
}

/// A message that was taken. Dropped, it goes back.
pub(super) enum InHand {
    Local(local::Held),
    JetStream(jetstream::Held),
}

/// The end of the work on a message.
pub(super) enum Verdict {
    /// It is done.
    Done,
    /// It failed, for this reason.
    Failed(String),
    /// It was not begun, or cut off by the end of the program.
    Cut,
}

/// The rest of an operation.
pub(super) type Later<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

impl Queue {
    /// Makes a queue; `database` has the messages of durable ones.
    pub(super) fn new(settings: QueueSettings, database: Option<&Arc<Database>>) -> Queue {
        let settings = Arc::new(settings);
        let backend = match &settings.url {
            Some(url) => Backend::JetStream(Arc::new(JetStream::new(&settings, url))),
            None => {
                let database = database.filter(|_| settings.durable);
                Backend::Local(Arc::new(Local::new(&settings, database)))
            }
        };
        Queue {
            settings,
            backend,
            dead_letter: OnceLock::new(),
            counts: Counts::default(),
        }
    }

    /// Returns the messages of a queue of the runtime's own.
    pub(super) fn local(&self) -> Option<&Arc<Local>> {
        match &self.backend {
            Backend::Local(local) => Some(local),
            Backend::JetStream(_) => None,
        }
    }

    /// Adds a message for a process of a host: at once, or later if there is anything to wait
    /// for.
    ///
    /// # Errors
    ///
    /// `RateLimited` if the queue is full; `Unavailable` if the disk or the server does not
    /// work.
    pub(super) fn publish(
        self: &Arc<Self>,
        host: usize,
        new: NewMessage,
    ) -> Result<Option<Later<()>>, Error> {
        match &self.backend {
            Backend::Local(local) if !local.is_durable() => {
                local.put_now(new)?;
                self.counts.published.fetch_add(1, Ordering::Relaxed);
                Ok(None)
            }
            _ => {
                let queue = Arc::clone(self);
                let later: Later<()> = Box::pin(async move { queue.insert(host, new).await });
                Ok(Some(later))
            }
        }
    }

    async fn insert(&self, host: usize, new: NewMessage) -> Result<(), Error> {
        match &self.backend {
            Backend::Local(local) => local.put(host, new).await?,
            Backend::JetStream(stream) => stream.put(new).await?,
        }
        self.counts.published.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Takes up to `most` messages for a host, and waits until there is one.
    ///
    /// # Errors
    ///
    /// `Unavailable` if the disk or the server does not work.
    pub(super) async fn take(&self, host: usize, most: usize) -> Result<Vec<InHand>, Error> {
        match &self.backend {
            Backend::Local(local) => {
                let taken = local.take(host, most).await?;
                Ok(taken.into_iter().map(InHand::Local).collect())
            }
            Backend::JetStream(stream) => {
                let taken = stream.take(most).await?;
                Ok(taken.into_iter().map(InHand::JetStream).collect())
            }
        }
    }

    /// Returns the numbers of messages, or the way to ask for them.
    pub(super) fn lengths(&self) -> Result<Lengths, Later<Lengths>> {
        match &self.backend {
            Backend::Local(local) => {
                let (messages, ready) = local.counts();
                Ok(Lengths { messages, ready })
            }
            Backend::JetStream(stream) => {
                let stream = Arc::clone(stream);
                let later: Later<Lengths> = Box::pin(async move { stream.lengths().await });
                Err(later)
            }
        }
    }

    /// Ends the work on a message. The caller sees to it that this is not cut off.
    ///
    /// # Errors
    ///
    /// `Unavailable` if the disk or the server does not work; the message then comes again.
    pub(super) async fn settle(
        &self,
        host: usize,
        taken: InHand,
        verdict: Verdict,
    ) -> Result<(), Error> {
        match verdict {
            Verdict::Done => {
                taken.remove(host).await?;
                self.counts.acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Verdict::Cut => taken.cut().await,
            Verdict::Failed(reason) => {
                let attempts = taken.attempts().saturating_add(1);
                if attempts >= self.settings.attempts {
                    return self.give_up(host, taken, attempts, &reason).await;
                }
                let delay = self.settings.backoff_after(attempts);
                taken.put_back(host, attempts, delay).await?;
                self.counts.returned.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    async fn give_up(
        &self,
        host: usize,
        taken: InHand,
        attempts: u32,
        reason: &str,
    ) -> Result<(), Error> {
        let (queue, id) = (&*self.settings.id, taken.id());
        let Some(dead_letter) = self.dead_letter.get() else {
            taken.remove(host).await?;
            tracing::warn!(queue, id = &*id, attempts, reason, "a message was dropped");
            self.counts.given_up.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        };
        let content = taken.content().given_up(queue, attempts, reason)?;
        if let Err((taken, error)) = taken.bury(host, dead_letter, content).await {
            // A full queue, most likely: the message is tried again, and given up later.
            taken
                .later(self.settings.backoff_after(attempts).max(PAUSE))
                .await;
            let of = &*dead_letter.settings.id;
            tracing::warn!(
                queue,
                id = &*id,
                of,
                "a message could not be given up: {error}"
            );
            return Ok(());
        }
        let of = &*dead_letter.settings.id;
        tracing::warn!(
            queue,
            id = &*id,
            attempts,
            reason,
            of,
            "a message was given up"
        );
        self.counts.given_up.fetch_add(1, Ordering::Relaxed);
        dead_letter.counts.published.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// The shortest time before a message is given up again.
const PAUSE: Duration = Duration::from_secs(1);

impl InHand {
    pub(super) fn id(&self) -> Arc<str> {
        match self {
            InHand::Local(held) => held.id(),
            InHand::JetStream(held) => held.id(),
        }
    }

    pub(super) fn content(&self) -> &Content {
        match self {
            InHand::Local(held) => held.content(),
            InHand::JetStream(held) => held.content(),
        }
    }

    /// Returns the attempts that have failed.
    pub(super) fn attempts(&self) -> u32 {
        match self {
            InHand::Local(held) => held.attempts(),
            InHand::JetStream(held) => held.attempts(),
        }
    }

    /// Removes a message of a queue in memory; false if that takes longer.
    pub(super) fn try_remove(&mut self) -> bool {
        match self {
            InHand::Local(held) => held.try_remove(),
            InHand::JetStream(_) => false,
        }
    }

    async fn remove(self, host: usize) -> Result<(), Error> {
        match self {
            InHand::Local(held) => held.remove(host).await,
            InHand::JetStream(held) => held.remove().await,
        }
    }

    async fn put_back(self, host: usize, attempts: u32, delay: Duration) -> Result<(), Error> {
        match self {
            InHand::Local(held) => held.put_back(host, attempts, delay).await,
            InHand::JetStream(held) => held.put_back(delay).await,
        }
    }

    /// Puts the message back as if it had not been taken.
    async fn cut(self) {
        match self {
            InHand::Local(held) => drop(held),
            InHand::JetStream(held) => held.cut().await,
        }
    }

    async fn later(self, delay: Duration) {
        match self {
            InHand::Local(held) => held.later(delay),
            InHand::JetStream(held) => held.later(delay).await,
        }
    }

    /// Moves the message to another queue. Within one database that is one step. Elsewhere the
    /// other queue has it first, and has it twice if the program ends in between.
    async fn bury(
        self,
        host: usize,
        queue: &Queue,
        content: Content,
    ) -> Result<(), (InHand, Error)> {
        let taken = match (self, &queue.backend) {
            (InHand::Local(held), Backend::Local(other)) => {
                match held.move_to(host, other, &content).await {
                    Ok(None) => return Ok(()),
                    Ok(Some(held)) => InHand::Local(held),
                    Err((held, error)) => return Err((InHand::Local(held), error)),
                }
            }
            (taken, _) => taken,
        };
        let new = NewMessage {
            id: taken.id(),
            content,
            delay: Duration::ZERO,
        };
        let put = match &queue.backend {
            Backend::Local(local) => local.put(host, new).await,
            Backend::JetStream(stream) => stream.put(new).await,
        };
        if let Err(error) = put {
            return Err((taken, error));
        }
        let id = taken.id();
        if let Err(error) = taken.remove(host).await {
            tracing::error!(
                id = &*id,
                "a message that was given up may come again: {error}"
            );
        }
        Ok(())
    }
}
