//! The broker is a server of NATS with JetStream.
//!
//! Packets go to the subject `warren.CLUSTER.to.RECEIVER.SENDER`, so that permissions of the
//! server can bind a sender to its name. Values are in two buckets, `warren-CLUSTER-nodes` and
//! `warren-CLUSTER-names`: an operator may make them beforehand, with replicas.

use std::collections::BTreeSet;
use std::future::Future;
use std::net::IpAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::kv::{self, CreateErrorKind, Store, UpdateErrorKind};
use async_nats::jetstream::{self, Context, stream};
use async_nats::{Client, ConnectOptions, ServerAddr};
use bytes::Bytes;
use futures::{FutureExt as _, StreamExt as _};
use tokio::sync::OnceCell;
use warren_kernel::{Error, Kind, NodeName};

use super::{Event, Events, Found, Operation, Refusal, Transport};
use crate::member::NODES;

/// Time for a connection, and for an answer of the server.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Time between two signs of life of the connection to the server.
const PING: Duration = Duration::from_secs(2);
/// The longest time between two attempts to connect again.
const LONGEST_DELAY: Duration = Duration::from_millis(500);
/// Packets that wait for this node to read them. More are lost, and sent again.
const UNREAD: usize = 16_384;
/// Packets that wait for the connection. More are lost, and sent again.
const UNSENT: usize = 8_192;
/// Bytes of the largest packet. Larger ones would hold up heartbeats.
const LARGEST_PACKET: usize = 256 << 10;

/// The settings of a connection to a server of NATS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatsSettings {
    /// The server, or several of one cluster of NATS, separated by commas.
    pub url: String,
    /// The file with the credentials for the server.
    pub credentials: Option<PathBuf>,
    /// True if a server that is not on this machine may be used without credentials.
    pub insecure: bool,
}

/// A connection to a server of NATS, which comes back by itself when it is lost.
#[derive(Debug)]
pub struct Nats {
    client: Client,
    max_packet: usize,
    started: Option<Started>,
}

#[derive(Debug)]
struct Started {
    /// The beginning and the end of the subjects of packets.
    subject: (String, NodeName),
    values: Arc<Values>,
    /// Its clones are operations under way; see [`Transport::close`].
    open: Arc<()>,
    events: Arc<Shared>,
}

struct Shared(Events);

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Events")
    }
}

impl Nats {
    /// Connects.
    ///
    /// # Errors
    /// `Invalid` for a URL that is none, and for one of another machine without credentials
    /// unless that was allowed; `Unavailable` if the server does not answer or refuses.
    pub async fn connect(settings: NatsSettings) -> Result<Nats, Error> {
        let mut servers = Vec::new();
        for url in settings.url.split(',') {
            // The URL is not shown: it may hold a password.
            let server: ServerAddr = url.trim().parse().map_err(|error| {
                Error::invalid(format!("cannot use the URL of a server of NATS: {error}"))
            })?;
            servers.push(server);
        }
        let named = |server: &ServerAddr| server.has_user_pass() || server.username().is_some();
        let bare = servers
            .iter()
            .find(|server| !named(server) && !is_here(server.host()));
        if let Some(server) = bare
            && settings.credentials.is_none()
            && !settings.insecure
        {
            let host = server.host();
            return Err(Error::invalid(format!(
                "{host} is another machine: a server there needs `credentials`, or \
                 `--cluster-insecure`"
            )));
        }
        let options = match &settings.credentials {
            None => ConnectOptions::new(),
            Some(path) => {
                let unusable = |error: std::io::Error| {
                    let path = path.display();
                    Error::invalid(format!("cannot use the credentials in {path}: {error}"))
                };
                let credentials = std::fs::read_to_string(path).map_err(unusable)?;
                ConnectOptions::with_credentials(&credentials).map_err(unusable)?
            }
        };
        let options = options
            .name("warren")
            .connection_timeout(TIMEOUT)
            .request_timeout(Some(TIMEOUT))
            .ping_interval(PING)
            .subscription_capacity(UNREAD)
            .client_capacity(UNSENT)
            .max_reconnects(None::<usize>)
            .reconnect_delay_callback(|attempts| {
                let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
                (Duration::from_millis(20) * attempts.min(100)).min(LONGEST_DELAY)
            });
        let shown = servers.iter();
        let shown = shown.map(|server| format!("{}:{}", server.host(), server.port()));
        let shown: Vec<String> = shown.collect();
        let client = options.connect(servers).await.map_err(|error| {
            let servers = shown.join(", ");
            Error::new(
                Kind::Unavailable,
                format!("cannot connect to {servers}: {error}"),
            )
        })?;
        let max_packet = client.server_info().max_payload.clamp(1024, LARGEST_PACKET);
        Ok(Nats {
            client,
            max_packet,
            started: None,
        })
    }
}

impl Transport for Nats {
    fn start(&mut self, cluster: &NodeName, node: &NodeName, events: Events) {
        let events = Arc::new(Shared(events));
        let subject = format!("warren.{cluster}.to.{node}.*");
        tokio::spawn(receive(self.client.clone(), subject, Arc::clone(&events)));
        let mut context = jetstream::new(self.client.clone());
        context.set_timeout(TIMEOUT);
        let values = Values {
            context,
            cluster: cluster.clone(),
            nodes: OnceCell::new(),
            names: OnceCell::new(),
        };
        self.started = Some(Started {
            subject: (format!("warren.{cluster}.to"), node.clone()),
            values: Arc::new(values),
            open: Arc::new(()),
            events,
        });
    }

    fn max_packet(&self) -> usize {
        self.max_packet
    }

    fn send(&self, to: &NodeName, packet: Bytes) {
        let Some(started) = &self.started else {
            return;
        };
        // Packets of a time without a connection would be old when it is back.
        if self.client.connection_state() != State::Connected {
            return;
        }
        let (prefix, node) = &started.subject;
        let publish = self.client.publish(format!("{prefix}.{to}.{node}"), packet);
        // Waits for nothing unless the connection is behind. A packet that is lost then is sent
        // again when the peer asks for it.
        let _ = tokio::task::unconstrained(publish).now_or_never();
    }

    fn ask(&self, number: u64, operation: Operation) {
        let Some(started) = &self.started else {
            return;
        };
        let (values, events) = (Arc::clone(&started.values), Arc::clone(&started.events));
        let open = Arc::clone(&started.open);
        tokio::spawn(async move {
            let slow = Err(Refusal::Unavailable(
                "the server does not answer".to_owned(),
            ));
            let result = tokio::time::timeout(TIMEOUT, values.carry_out(operation));
            let result = result.await.unwrap_or(slow);
            (events.0)(Event::Answer { number, result });
            drop(open);
        });
    }

    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            let Some(started) = &self.started else {
                return;
            };
            // The packets go through the same connection before the flush.
            let deadline = tokio::time::Instant::now() + TIMEOUT;
            while Arc::strong_count(&started.open) > 1 && tokio::time::Instant::now() < deadline {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let _ = tokio::time::timeout(TIMEOUT, self.client.flush()).await;
        })
    }
}

/// Returns whether a host is this machine.
fn is_here(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Reports packets, for as long as there is a client.
async fn receive(client: Client, subject: String, events: Arc<Shared>) {
    loop {
        if let Ok(mut messages) = client.subscribe(subject.clone()).await {
            while let Some(message) = messages.next().await {
                let sender = message.subject.rsplit('.').next();
                if let Some(Ok(from)) = sender.map(str::parse) {
                    let packet = message.payload;
                    (events.0)(Event::Packet { from, packet });
                }
            }
            return;
        }
        tokio::time::sleep(LONGEST_DELAY).await;
    }
}

/// The two buckets of a cluster.
#[derive(Debug)]
struct Values {
    context: Context,
    cluster: NodeName,
    nodes: OnceCell<Store>,
    names: OnceCell<Store>,
}

impl Values {
    async fn carry_out(&self, operation: Operation) -> Result<Found, Refusal> {
        match operation {
            Operation::Get { key } => get(self.bucket(&key).await?, key).await,
            Operation::Put {
                key,
                value,
                revision,
            } => {
                let bucket = self.bucket(&key).await?;
                put(bucket, &key, value, revision).await
            }
            Operation::Delete { key, revision } => {
                let bucket = self.bucket(&key).await?;
                match bucket.delete_expect_revision(&key, Some(revision)).await {
                    Ok(()) => Ok(Found::Revision(0)),
                    Err(error) if is_conflict(&error) => Err(Refusal::Conflict),
                    Err(error) => Err(unavailable(&error)),
                }
            }
            Operation::List {
                prefix,
                after,
                most,
            } => list(self.bucket(&prefix).await?, &prefix, &after, most).await,
        }
    }

    async fn bucket(&self, key: &str) -> Result<&Store, Refusal> {
        let (cell, which) = match key.starts_with(NODES) {
            true => (&self.nodes, "nodes"),
            false => (&self.names, "names"),
        };
        cell.get_or_try_init(|| self.open(which)).await
    }

    /// Opens a bucket, or makes it.
    async fn open(&self, which: &str) -> Result<Store, Refusal> {
        let bucket = format!("warren-{}-{which}", self.cluster);
        if let Ok(store) = self.context.get_key_value(bucket.clone()).await {
            return Ok(store);
        }
        // The client's own way to make a bucket asks for the account first, in a form that
        // servers before 2.10 do not answer in.
        let config = stream::Config {
            name: format!("KV_{bucket}"),
            subjects: vec![format!("$KV.{bucket}.>")],
            max_messages_per_subject: 1,
            discard: stream::DiscardPolicy::New,
            allow_rollup: true,
            deny_delete: true,
            allow_direct: true,
            num_replicas: 1,
            ..stream::Config::default()
        };
        let made = self.context.get_or_create_stream(config).await;
        made.map_err(|error| unavailable(&error))?;
        let store = self.context.get_key_value(bucket).await;
        store.map_err(|error| unavailable(&error))
    }
}

async fn get(bucket: &Store, key: String) -> Result<Found, Refusal> {
    match bucket.entry(key).await {
        Ok(Some(entry)) if entry.operation == kv::Operation::Put => {
            Ok(Found::Value(entry.value, entry.revision))
        }
        Ok(_) => Ok(Found::Nothing),
        Err(error) => Err(unavailable(&error)),
    }
}

async fn put(bucket: &Store, key: &str, value: Bytes, revision: u64) -> Result<Found, Refusal> {
    let written = if revision == 0 {
        let made = bucket.create(key, value).await;
        made.map_err(|error| match error.kind() {
            CreateErrorKind::AlreadyExists => Refusal::Conflict,
            _ => unavailable(&error),
        })
    } else {
        let changed = bucket.update(key, value, revision).await;
        changed.map_err(|error| match is_conflict(&error) {
            true => Refusal::Conflict,
            false => unavailable(&error),
        })
    };
    written.map(Found::Revision)
}

/// Reads the values of the first keys after one. The server tells all keys, in an order of its
/// own.
async fn list(bucket: &Store, prefix: &str, after: &str, most: usize) -> Result<Found, Refusal> {
    let mut keys = bucket.keys().await.map_err(|error| unavailable(&error))?;
    let mut first = BTreeSet::new();
    while let Some(key) = keys.next().await {
        let key = key.map_err(|error| unavailable(&error))?;
        if key.starts_with(prefix) && *key > *after {
            first.insert(key);
        }
        if first.len() > most {
            first.pop_last();
        }
    }
    let mut found = Vec::new();
    for key in first {
        if let Found::Value(value, revision) = get(bucket, key.clone()).await? {
            found.push((key, value, revision));
        }
    }
    Ok(Found::Values(found))
}

fn is_conflict(error: &kv::UpdateError) -> bool {
    error.kind() == UpdateErrorKind::WrongLastRevision
}

/// Returns the refusal of a server, in its own words where it has any.
fn unavailable(error: &(dyn std::error::Error + 'static)) -> Refusal {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        // Most errors of the client repeat their source, but not all.
        let inner_words = inner.to_string();
        if !words.contains(&inner_words) {
            words = format!("{words}: {inner_words}");
        }
        source = inner.source();
    }
    Refusal::Unavailable(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{words}")]
    struct Failure {
        words: &'static str,
        source: Option<Box<Failure>>,
    }

    #[test]
    fn a_refusal_says_each_reason_once() {
        let reason = |outer, inner| {
            let source = Failure {
                words: inner,
                source: None,
            };
            let error = Failure {
                words: outer,
                source: Some(Box::new(source)),
            };
            match unavailable(&error) {
                Refusal::Unavailable(words) => words,
                Refusal::Conflict => panic!("a conflict"),
            }
        };
        assert_eq!(reason("not written", "no room"), "not written: no room");
        assert_eq!(
            reason("not written: no room", "no room"),
            "not written: no room"
        );
    }

    #[test]
    fn loopback_is_here() {
        for host in ["localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"] {
            assert!(is_here(host), "{host}");
        }
        for host in [
            "10.0.0.1",
            "example.org",
            "localhost.example.org",
            "0.0.0.0",
        ] {
            assert!(!is_here(host), "{host}");
        }
    }
}
