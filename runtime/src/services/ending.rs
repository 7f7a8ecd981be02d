//! The shutdown of a runtime with services.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use warren_capabilities::server::Server;
use warren_engine::Node;
use warren_kernel::Process;

use super::{Services, State};
use crate::consumers::Consumers;

/// Ends the listeners, and then all processes. Requests that are being answered have half of
/// the time `grace`. Processes that read events are asked to end and have the rest of it;
/// all others end at once. A service, with the processes it has started, is asked once the
/// services that depend on it have ended. Processes that work on a message of a queue have the
/// rest of the time, too, to come to an end. Returns when all processes have ended and all their
/// output is written; standard error and the log get the rest of the time.
pub(crate) async fn shutdown(
    node: &Node,
    server: &Server,
    services: &Services,
    consumers: &Consumers,
    grace: Duration,
) {
    services.stop();
    consumers.stop();
    let begun = Instant::now();
    let deadline = node.now().after(grace);
    // The processes that requests need go on meanwhile.
    tokio::select! {
        biased;
        () = server.end() => {}
        () = node.real_sleep(grace / 2) => {}
    }
    let mut changed = services.changed.subscribe();
    let mut held = services.held();
    let working = consumers.live();
    let works = |process: &Process| working.iter().any(|live| live.contains(process));
    for live in &working {
        live.ask_to_end(node, deadline);
    }
    node.ask_to_end(deadline, |process| {
        !is_of(process, &held) && !works(process)
    });
    let in_order = async {
        while !held.is_empty() {
            // Fails only if the sender is gone, which `services` holds.
            let _ = changed.changed().await;
            let still = services.held();
            node.ask_to_end(deadline, |process| {
                is_of(process, &held) && !is_of(process, &still)
            });
            held = still;
        }
        node.none_left().await;
    };
    // Processes that remain, or were started meanwhile, are terminated below.
    tokio::select! {
        biased;
        () = in_order => {}
        () = node.sleep(grace.saturating_sub(begun.elapsed())) => {}
    }
    node.terminate_all(grace.saturating_sub(begun.elapsed()))
        .await;
    let settled = async {
        for live in &working {
            live.none_left().await;
        }
    };
    // A message that is not noted by then comes again.
    tokio::select! {
        () = settled => {}
        () = node.real_sleep(SETTLED_WITHIN) => {}
    }
}

/// Time for the ends of the last messages of queues to be noted.
const SETTLED_WITHIN: Duration = Duration::from_secs(1);

impl Services {
    /// Returns the chains of calls of services that others still depend on.
    fn held(&self) -> HashSet<Arc<str>> {
        let all = self.all.lock();
        let there = all.entries.iter().filter(|entry| !entry.state.is_over());
        let needed: HashSet<&Arc<str>> =
            there.flat_map(|entry| &entry.service.depends_on).collect();
        let held = all.entries.iter();
        held.filter(|entry| needed.contains(&entry.service.name))
            .filter_map(|entry| match &entry.state {
                State::Running(frame) => frame.clone(),
                State::New | State::Waiting | State::StandingBy | State::Done => None,
            })
            .collect()
    }
}

/// Returns true if a process belongs to one of these chains of calls.
pub(super) fn is_of(process: &Process, frames: &HashSet<Arc<str>>) -> bool {
    !frames.is_empty() && process.frame().is_some_and(|frame| frames.contains(&frame))
}
