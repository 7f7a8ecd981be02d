//! The consumers of queues: a process for each message.
//!
//! ```text
//!  Consumers ── one task for each consumer ── Intake ──> Delivery ──> a process
//!                      │  places, as many as its concurrency               │
//!                      └── one task for each process <──── its end ────────┘
//!                              settles the message, and frees the place
//! ```
//!
//! Consumers start with the services. At the end of the program they take no more messages;
//! the processes that work on one are asked to end, or have the grace to come to an end.

mod clock;
mod live;
mod pause;
mod worker;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use warren_capabilities::Queues;
use warren_engine::Node;

use crate::app::Consumer;
pub(crate) use clock::ClockOfNode;
use live::Live;
use worker::Worker;

/// The consumers of one runtime.
pub(crate) struct Consumers {
    queues: Queues,
    all: Mutex<All>,
    /// Holds the number of consumers that run.
    running: watch::Sender<usize>,
}

#[derive(Default)]
struct All {
    list: Vec<Arc<Consumer>>,
    /// By id.
    running: BTreeMap<Arc<str>, Running>,
    /// Consumers that were removed, and whose processes have not ended.
    retired: Vec<Running>,
    /// True once the embedder has asked for them.
    started: bool,
    /// True if the runtime ends.
    stopping: bool,
}

/// A consumer that takes messages.
struct Running {
    consumer: Arc<Consumer>,
    live: Arc<Live>,
    /// True once it takes no more.
    stop: watch::Sender<bool>,
}

/// Consumers that an apply has removed, and whose processes are to end.
#[derive(Default)]
#[must_use = "processes end as it runs"]
pub(crate) struct Removed(Vec<Arc<Live>>);

impl Consumers {
    pub(crate) fn new(list: impl IntoIterator<Item = Arc<Consumer>>, queues: Queues) -> Self {
        Consumers {
            queues,
            all: Mutex::new(All {
                list: list.into_iter().collect(),
                ..All::default()
            }),
            running: watch::Sender::new(0),
        }
    }

    /// Starts the consumers that do not run.
    pub(crate) fn start(&self, node: &Arc<Node>) {
        let mut all = self.all.lock();
        all.started = true;
        self.start_missing(&mut all, node);
    }

    /// Puts other consumers in place. One that is the same goes on. One of the same id with
    /// other settings is replaced, and the processes of the replaced one come to their ends by
    /// themselves.
    pub(crate) fn exchange(&self, target: &[Arc<Consumer>]) -> Removed {
        let mut all = self.all.lock();
        all.list = target.to_vec();
        let stays = |id: &str| target.iter().find(|consumer| *consumer.id == *id);
        let mut removed = Vec::new();
        for (id, running) in std::mem::take(&mut all.running) {
            match stays(&id) {
                Some(consumer) if **consumer == *running.consumer => {
                    all.running.insert(id, running);
                    continue;
                }
                Some(_) => {}
                None => removed.push(Arc::clone(&running.live)),
            }
            running.stop.send_replace(true);
            all.retired.push(running);
        }
        all.retired.retain(|retired| !retired.live.is_empty());
        self.count(&all);
        Removed(removed)
    }

    /// Starts those that an exchange has brought, if the consumers were started.
    pub(crate) fn start_new(&self, node: &Arc<Node>) {
        let mut all = self.all.lock();
        if all.started {
            self.start_missing(&mut all, node);
        }
    }

    fn start_missing(&self, all: &mut All, node: &Arc<Node>) {
        if all.stopping {
            return;
        }
        for consumer in all.list.clone() {
            if all.running.contains_key(&consumer.id) {
                continue;
            }
            let stop = watch::Sender::new(false);
            let live = Arc::new(Live::default());
            let worker = Worker {
                node: Arc::clone(node),
                queues: self.queues.clone(),
                consumer: Arc::clone(&consumer),
                live: Arc::clone(&live),
                stop: stop.subscribe(),
            };
            drop(node.tokio().spawn(worker.run()));
            let running = Running {
                consumer,
                live,
                stop,
            };
            all.running
                .insert(Arc::clone(&running.consumer.id), running);
        }
        self.count(all);
    }

    fn count(&self, all: &All) {
        let running = match all.stopping {
            true => 0,
            false => all.running.len(),
        };
        self.running.send_replace(running);
    }

    /// Takes no more messages.
    pub(crate) fn stop(&self) {
        let mut all = self.all.lock();
        all.stopping = true;
        for running in all.running.values() {
            running.stop.send_replace(true);
        }
        self.count(&all);
    }

    /// Returns the number of consumers that run, to wait for its changes.
    pub(crate) fn running(&self) -> watch::Receiver<usize> {
        self.running.subscribe()
    }

    /// Returns the processes of all consumers.
    pub(crate) fn live(&self) -> Vec<Arc<Live>> {
        let all = self.all.lock();
        let running = all.running.values().chain(&all.retired);
        running.map(|running| Arc::clone(&running.live)).collect()
    }
}

impl Removed {
    /// Has the processes end: those that read events are asked to, and all others have the
    /// time `grace` to come to their ends.
    pub(crate) async fn end(self, node: &Arc<Node>, grace: Duration) {
        let deadline = node.now().after(grace);
        for live in &self.0 {
            live.ask_to_end(node, deadline);
        }
        let all_gone = async {
            for live in &self.0 {
                live.none_left().await;
            }
        };
        tokio::select! {
            biased;
            () = all_gone => return,
            () = node.sleep(grace) => {}
        }
        for live in &self.0 {
            live.terminate(node);
            live.none_left().await;
        }
    }
}
