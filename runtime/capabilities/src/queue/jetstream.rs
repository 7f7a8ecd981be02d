//! A queue on a NATS server: a stream of JetStream with one consumer.
//!
//! The stream keeps each message until it is acknowledged, and refuses more messages than the
//! queue may have. A message of a runtime is an array of its value and its headers; one of
//! another program is text, with the headers that it has there. Every delivery counts as an
//! attempt: the server counts them.

mod held;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_nats::HeaderMap;
use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::stream::{self, DiscardPolicy, RetentionPolicy, StorageType};
use futures::StreamExt as _;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use warren_engine::capability::QueueSettings;
use warren_kernel::{Error, Kind};
use warren_values::msgpack::Output;

use super::lengths::Lengths;
use super::line::full;
use super::message::NewMessage;
use crate::nats::{self, NoRoom};
pub(super) use held::Held;

/// A queue on a server.
pub(super) struct JetStream {
    settings: Arc<QueueSettings>,
    url: Arc<str>,
    connected: OnceCell<Connected>,
}

struct Connected {
    context: Context,
    consumer: PullConsumer,
}

/// The header that marks a message of a runtime.
const MARK: &str = "Warren-Message";

/// The header with the time at which a delayed message is due, in milliseconds since 1970.
const DUE: &str = "Warren-Due";

/// The header of NATS with the id, by which the server drops a message that comes twice.
const ID: &str = "Nats-Msg-Id";

/// The consumer that all runtimes share.
const CONSUMER: &str = "warren";

/// Time after which the server gives a message to another runtime, unless it hears of it.
const ACK_WAIT: Duration = Duration::from_secs(30);

/// Time for which one request for a message waits at the server.
const PATIENCE: Duration = Duration::from_secs(30);

/// Time between two messages of a request that does not wait. The server answers such a request
/// at once; after this time its last answer is lost.
const AT_ONCE: Duration = Duration::from_secs(2);

/// No bound on the messages that are delivered and not acknowledged. Those with a delay count,
/// too, and a bound that they reach stops the server: it then neither delivers another message
/// nor ends a request. `max_length` of the stream bounds them.
const UNBOUNDED: i64 = -1;

impl JetStream {
    pub(super) fn new(settings: &Arc<QueueSettings>, url: &Arc<str>) -> JetStream {
        JetStream {
            settings: Arc::clone(settings),
            url: Arc::clone(url),
            connected: OnceCell::new(),
        }
    }

    /// Connects at the first use, and makes stream and consumer if they are missing.
    async fn connected(&self) -> Result<&Connected, Error> {
        self.connected.get_or_try_init(|| self.connect()).await
    }

    async fn connect(&self) -> Result<Connected, Error> {
        let connected = nats::connect(&self.url).await;
        let (_, context) = connected.map_err(|error| self.unavailable(error))?;
        let stream = context.get_or_create_stream(self.stream()).await;
        let stream = stream.map_err(|error| self.unavailable(error))?;
        let config = pull::Config {
            durable_name: Some(CONSUMER.to_owned()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            max_ack_pending: UNBOUNDED,
            ..pull::Config::default()
        };
        let consumer = stream.get_or_create_consumer(CONSUMER, config).await;
        let consumer = consumer.map_err(|error| self.unavailable(error))?;
        Ok(Connected { context, consumer })
    }

    /// Returns the name of the stream, in which no two ids have one name.
    fn name(&self) -> String {
        format!("warren-{}", nats::name_of(&self.settings.id))
    }

    fn subject(&self) -> String {
        format!("warren.queue.{}", self.name())
    }

    fn stream(&self) -> stream::Config {
        let settings = &self.settings;
        stream::Config {
            name: self.name(),
            subjects: vec![self.subject()],
            retention: RetentionPolicy::WorkQueue,
            storage: match settings.durable {
                true => StorageType::File,
                false => StorageType::Memory,
            },
            discard: DiscardPolicy::New,
            max_messages: i64::try_from(settings.max_length).unwrap_or(i64::MAX),
            max_bytes: nats::bytes_of_stream(
                settings.max_bytes,
                settings.max_length,
                self.subject().len(),
            ),
            ..stream::Config::default()
        }
    }

    /// Publishes a message, and returns once the server has it.
    ///
    /// # Errors
    ///
    /// `RateLimited` if the stream is full; `Unavailable` without an answer of the server.
    pub(super) async fn put(&self, new: NewMessage) -> Result<(), Error> {
        let connected = self.connected().await?;
        let mut headers = HeaderMap::new();
        headers.insert(ID, &*new.id);
        headers.insert(MARK, "1");
        if !new.delay.is_zero() {
            let due = now().saturating_add(new.delay.as_millis());
            headers.insert(DUE, due.to_string().as_str());
        }
        let mut body = Output::new();
        body.lift_limit();
        body.array(2)
            .and_then(|()| body.raw(&new.content.value))
            .and_then(|()| body.raw(&new.content.headers))
            .map_err(|_| Error::internal("no memory for the message"))?;
        let body = body.as_slice().to_vec();
        let sent = connected
            .context
            .publish_with_headers(self.subject(), headers, body.into())
            .await;
        let stored = match sent {
            Ok(stored) => stored.await,
            Err(error) => Err(error),
        };
        match stored {
            Ok(_) => Ok(()),
            Err(error) => Err(match nats::no_room(&error) {
                Some(bound) => self.full(bound),
                None => self.unavailable(error),
            }),
        }
    }

    /// Takes up to `most` messages, and waits until there is one.
    ///
    /// # Errors
    ///
    /// `Unavailable` without an answer of the server.
    pub(super) async fn take(&self, most: usize) -> Result<Vec<Held>, Error> {
        let consumer = &self.connected().await?.consumer;
        loop {
            let there = consumer.fetch().max_messages(most).messages().await;
            let mut there = there.map_err(|error| self.unavailable(error))?;
            let mut taken = Vec::new();
            while let Ok(Some(message)) = timeout(AT_ONCE, there.next()).await {
                let message = message.map_err(|error| self.unavailable(error))?;
                taken.extend(Held::of(message).await);
            }
            if !taken.is_empty() {
                return Ok(taken);
            }
            let wanted = consumer.batch().max_messages(1).expires(PATIENCE);
            let coming = wanted.messages().await;
            let mut coming = coming.map_err(|error| self.unavailable(error))?;
            if let Some(message) = coming.next().await {
                let message = message.map_err(|error| self.unavailable(error))?;
                taken.extend(Held::of(message).await);
            }
            if !taken.is_empty() {
                return Ok(taken);
            }
        }
    }

    /// Asks for the numbers of messages.
    ///
    /// # Errors
    ///
    /// `Unavailable` without an answer of the server.
    pub(super) async fn lengths(&self) -> Result<Lengths, Error> {
        let context = &self.connected().await?.context;
        let stream = context.get_stream(self.name()).await;
        let stream = stream.map_err(|error| self.unavailable(error))?;
        let consumer = stream.get_consumer::<pull::Config>(CONSUMER).await;
        let consumer = consumer.map_err(|error| self.unavailable(error))?;
        let messages = stream.cached_info().state.messages;
        let ready = consumer.cached_info().num_pending;
        Ok(Lengths {
            messages: usize::try_from(messages).unwrap_or(usize::MAX),
            ready: usize::try_from(ready).unwrap_or(usize::MAX),
        })
    }

    fn full(&self, bound: NoRoom) -> Error {
        let settings = &self.settings;
        match bound {
            NoRoom::Messages => full(settings, "max_length", settings.max_length as u64),
            NoRoom::Bytes => full(settings, "max_bytes", settings.max_bytes),
        }
    }

    fn unavailable(&self, error: impl std::fmt::Display) -> Error {
        let id = &self.settings.id;
        let message = format!("the server of the queue {id} does not answer: {error}");
        Error::new(Kind::Unavailable, message)
    }
}

/// Milliseconds since 1970.
fn now() -> u128 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_has_the_stream_of_its_id() {
        let settings = Arc::new(QueueSettings::new("app.shop:new-tasks"));
        let stream = JetStream::new(&settings, &"nats://localhost".into());
        assert_eq!(stream.name(), "warren-app~shop=new-tasks");
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_unavailable() {
        let settings = Arc::new(QueueSettings::new("t:q"));
        // Nobody listens at the port of a listener that is gone.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("nats://{}", listener.local_addr().unwrap());
        drop(listener);
        let stream = JetStream::new(&settings, &url.as_str().into());
        let error = stream.lengths().await.unwrap_err();
        assert_eq!(error.kind, Kind::Unavailable, "{error}");
    }
}
