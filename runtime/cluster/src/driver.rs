//! The task that drives a node's part in its cluster: it passes time and events in, and carries
//! the outputs out in order.

use std::mem::take;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{mpsc, oneshot};
use warren_kernel::{Error, Kind};

use crate::answerer::Answerer;
use crate::clock;
use crate::config::Config;
use crate::core::{Core, Named, Output};
use crate::handler::Handler;
use crate::joining::{Joined, Joining, Step};
use crate::session::since;
use crate::shared::{Inner, Shared};
use crate::signal::Reply;
use crate::transport::{Event, Found, Refusal, Transport};

/// Time for one answer of the broker while a node joins.
const ANSWER: Duration = Duration::from_secs(10);
/// Bytes of packets that wait for the driver. More are dropped, and sent again by their peers.
const UNREAD: usize = 64 << 20;
/// Events that are taken at once, and the bytes of their packets. Signs of life and the lease
/// wait for what a batch asks for.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 1 << 20;

/// The events of the transport.
struct Inbox {
    events: mpsc::UnboundedReceiver<Event>,
    bytes: Arc<AtomicUsize>,
}

impl Inbox {
    fn taken(&self, event: &Event) {
        self.bytes.fetch_sub(weight(event), Ordering::Relaxed);
    }
}

fn weight(event: &Event) -> usize {
    match event {
        Event::Packet { packet, .. } => packet.len() + size_of::<Event>(),
        Event::Answer { .. } => 0,
    }
}

/// Joins, and starts the driver.
pub(crate) async fn join(
    config: Config,
    mut transport: Box<dyn Transport>,
    handler: Arc<dyn Handler>,
) -> Result<Arc<Shared>, Error> {
    let (sender, events) = mpsc::unbounded_channel();
    let bytes = Arc::new(AtomicUsize::new(0));
    let unread = Arc::clone(&bytes);
    let report = move |event: Event| {
        let weight = weight(&event);
        if unread.fetch_add(weight, Ordering::Relaxed) > UNREAD && weight > 0 {
            unread.fetch_sub(weight, Ordering::Relaxed);
            return;
        }
        // Fails only once the driver has ended.
        let _ = sender.send(event);
    };
    transport.start(&config.cluster, &config.node, Box::new(report));
    let mut inbox = Inbox { events, bytes };
    let joined = first_steps(&config, transport.as_ref(), &mut inbox).await?;
    let core = Core::new(config, joined, transport.max_packet(), clock::now());
    let shared = Arc::new(Shared::new(core));
    tokio::spawn(drive(Arc::clone(&shared), transport, handler, inbox));
    Ok(shared)
}

async fn first_steps(
    config: &Config,
    transport: &dyn Transport,
    inbox: &mut Inbox,
) -> Result<Joined, Error> {
    let wall = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let wall = u64::try_from(wall.as_millis()).unwrap_or(u64::MAX >> 1);
    let (mut joining, mut operation) = Joining::new(config.node.clone(), config.lease, wall);
    // The numbers of the operations of the core count from 0 on.
    let mut number = u64::MAX;
    loop {
        transport.ask(number, operation);
        let answer = tokio::time::timeout(ANSWER, answer_to(number, inbox));
        let result = answer.await.map_err(|_| refused("it does not answer"))?;
        let result = result.ok_or_else(|| refused("the connection has ended"))?;
        match joining.step(result, clock::now()) {
            Step::Ask(next) => operation = next,
            Step::Joined(joined) => return Ok(joined),
            Step::Failed(reason) => return Err(refused(&reason)),
        }
        number -= 1;
    }
}

async fn answer_to(number: u64, inbox: &mut Inbox) -> Option<Result<Found, Refusal>> {
    loop {
        let event = inbox.events.recv().await?;
        inbox.taken(&event);
        match event {
            Event::Answer { number: of, result } if of == number => return Some(result),
            Event::Answer { .. } | Event::Packet { .. } => {}
        }
    }
}

fn refused(reason: &str) -> Error {
    Error::new(Kind::Unavailable, format!("the broker refused: {reason}"))
}

/// An output on its way, with the caller that waits for it.
enum Action {
    Reply(oneshot::Sender<Reply>, Reply),
    Name(oneshot::Sender<Result<Named, Error>>, Result<Named, Error>),
    Other(Output),
}

async fn drive(
    shared: Arc<Shared>,
    transport: Box<dyn Transport>,
    handler: Arc<dyn Handler>,
    mut inbox: Inbox,
) {
    let _ending = Ending(Arc::clone(&shared));
    let mut batch = Vec::new();
    let mut wait = Duration::ZERO;
    loop {
        tokio::select! {
            event = inbox.events.recv() => match event {
                Some(event) => batch.push(event),
                None => break,
            },
            () = shared.wake.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
        let mut bytes: usize = batch.iter().map(weight).sum();
        while batch.len() < BATCH
            && bytes < BATCH_BYTES
            && let Ok(event) = inbox.events.try_recv()
        {
            bytes += weight(&event);
            batch.push(event);
        }
        let turn = turn(&shared, &inbox, &mut batch);
        wait = turn.wait;
        for action in turn.actions {
            carry_out(action, &shared, transport.as_ref(), handler.as_ref());
        }
        if turn.is_over {
            break;
        }
    }
    transport.close().await;
}

/// The end of the driver, whatever ends it: a panic of the handler, too. Nobody waits for
/// an answer that cannot come.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        let mut inner = self.0.inner.lock();
        inner
            .core
            .break_off("the node's part in the cluster has failed");
        let left = (take(&mut inner.replies), take(&mut inner.names));
        drop(inner);
        drop(left);
        self.0.done.send_replace(true);
    }
}

/// The result of one turn.
struct Turn {
    actions: Vec<Action>,
    is_over: bool,
    wait: Duration,
}

/// Passes events and the time in.
fn turn(shared: &Shared, inbox: &Inbox, batch: &mut Vec<Event>) -> Turn {
    let mut inner = shared.inner.lock();
    let now = clock::now();
    for event in batch.drain(..) {
        inbox.taken(&event);
        inner.core.event(event, now);
    }
    inner.core.turn(now);
    if inner.leaves {
        inner.core.leave(now);
    }
    Turn {
        actions: actions(&mut inner),
        is_over: inner.core.is_over(),
        wait: since(inner.core.next(), now),
    }
}

/// Takes the outputs, each with its caller.
fn actions(inner: &mut Inner) -> Vec<Action> {
    let outputs = inner.core.outputs();
    let mut actions = Vec::with_capacity(outputs.len());
    for output in outputs {
        actions.push(match output {
            Output::Reply(call, reply) => match inner.replies.remove(&call) {
                Some(sender) => Action::Reply(sender, reply),
                None => continue,
            },
            Output::Name(call, result) => match inner.names.remove(&call) {
                Some(sender) => Action::Name(sender, result),
                None => continue,
            },
            other => Action::Other(other),
        });
    }
    actions
}

fn carry_out(
    action: Action,
    shared: &Arc<Shared>,
    transport: &dyn Transport,
    handler: &dyn Handler,
) {
    match action {
        // A caller that has gone needs no answer.
        Action::Reply(sender, reply) => drop(sender.send(reply)),
        Action::Name(sender, result) => drop(sender.send(result)),
        Action::Other(output) => match output {
            Output::Packet(to, packet) => transport.send(&to, packet),
            Output::Ask(number, operation) => transport.ask(number, operation),
            Output::Request(from, request, content) => {
                let answerer = Answerer {
                    shared: Arc::clone(shared),
                    request,
                    from: from.clone(),
                    is_answered: false,
                };
                handler.request(&from, content, answerer);
            }
            Output::Abandoned(request) => handler.abandoned(request),
            Output::Notice(from, notice) => handler.notice(&from, notice),
            Output::Node(change) => handler.node(change),
            Output::NameLost(name, pid) => handler.name_lost(&name, pid),
            Output::Group(change) => handler.group(change),
            Output::Deposed(reason) => handler.deposed(&reason),
            Output::Reply(..) | Output::Name(..) => {}
        },
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::pin::Pin;

    use bytes::Bytes;
    use parking_lot::Mutex;
    use warren_kernel::{NodeId, NodeName, Pid};

    use super::*;
    use crate::cluster::Cluster;
    use crate::news::{GroupChange, IncomingId, NodeChange};
    use crate::signal::{Notice, Request};
    use crate::transport::{Events, Operation};

    /// A broker without other nodes, from which a packet comes that nobody can read.
    #[derive(Default)]
    struct Noise {
        events: Mutex<Option<Events>>,
    }

    impl Transport for Noise {
        fn start(&mut self, _cluster: &NodeName, _node: &NodeName, events: Events) {
            *self.events.lock() = Some(events);
        }

        fn max_packet(&self) -> usize {
            1 << 20
        }

        fn send(&self, _to: &NodeName, _packet: Bytes) {}

        fn ask(&self, number: u64, operation: Operation) {
            let events = self.events.lock();
            let report = events.as_ref().expect("it was started");
            let result = Ok(match operation {
                Operation::Get { .. } => Found::Nothing,
                Operation::Put { .. } | Operation::Delete { .. } => Found::Revision(1),
                Operation::List { .. } => {
                    let from = "b".parse().expect("a name");
                    let packet = Bytes::from_static(b"noise");
                    report(Event::Packet { from, packet });
                    Found::Values(Vec::new())
                }
            });
            report(Event::Answer { number, result });
        }

        fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
            Box::pin(ready(()))
        }
    }

    /// A handler with a fault.
    struct Faulty;

    impl Handler for Faulty {
        fn request(&self, _from: &NodeId, _request: Request, _answerer: Answerer) {}

        fn abandoned(&self, _request: IncomingId) {}

        fn notice(&self, _from: &NodeId, _notice: Notice) {}

        fn node(&self, change: NodeChange) {
            panic!("{change:?}");
        }

        fn name_lost(&self, _name: &str, _holder: Pid) {}

        fn group(&self, _change: GroupChange) {}

        fn deposed(&self, _reason: &str) {}
    }

    #[tokio::test]
    async fn nobody_waits_for_a_node_whose_handler_has_panicked() {
        let name = |name: &str| name.parse().expect("a name");
        let config = Config::new(name("cluster"), name("a"));
        let cluster = Cluster::join(config, Noise::default(), Arc::new(Faulty));
        let cluster = cluster.await.expect("joins");
        let mut done = cluster.shared().done.subscribe();
        let ended = done.wait_for(|is_done| *is_done);
        tokio::time::timeout(Duration::from_secs(60), ended)
            .await
            .expect("the driver ends")
            .expect("its state is there");
        let refused = cluster.lookup("name").await.expect_err("it has ended");
        assert_eq!(refused.kind, Kind::Unavailable);
        cluster.leave().await;
    }
}
