//! The node that runs random guests, and its invariants.

use std::future::Future;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use warren_engine::{HostLimits, Running};
use warren_kernel::{Activity, Outcome};

use crate::support::{PATIENCE, World, in_time};

/// CPU limit of a guest. Endless loops are common among random guests.
const MAX_CPU: Duration = Duration::from_millis(50);

/// Runs a future on the runtime that all targets share.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime starts")
    });
    runtime.block_on(future)
}

/// Returns the limits of a host with little of everything.
pub(super) fn host() -> HostLimits {
    HostLimits::default()
        .max_processes(20)
        .max_memory(4 << 20)
        .max_cpu(MAX_CPU)
}

/// Waits for the end of a process. Terminates the process if all processes wait.
/// Returns true if the process returned by itself.
pub(super) async fn end(world: &World, mut running: Running) -> bool {
    let ended = tokio::select! {
        ended = running.wait() => Some(ended),
        () = in_time(all_wait(world)) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            // It may have ended just now.
            let _ = world.node.kernel().terminate(running.process());
            in_time(running.wait()).await
        }
    };
    matches!(&*ended.outcome, Outcome::Returned(_))
}

/// Backs off between two looks at the processes.
#[derive(Default)]
struct Pause {
    calls: u32,
}

impl Pause {
    async fn wait(&mut self) {
        self.calls += 1;
        if self.calls < 10 {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Waits until every process waits in a receive.
async fn all_wait(world: &World) {
    let mut pause = Pause::default();
    loop {
        let processes = world.node.kernel().processes();
        let waits = |activity| activity == Activity::Waiting;
        let mut summaries = processes.iter().map(|process| process.summary());
        if summaries.all(|summary| summary.is_none_or(|summary| waits(summary.activity))) {
            return;
        }
        pause.wait().await;
    }
}

/// Terminates all processes, until none lives and the node holds nothing for any.
pub(super) async fn none_left(world: &World) {
    let kernel = world.node.kernel();
    let started = Instant::now();
    let mut pause = Pause::default();
    loop {
        let hosts = kernel.hosts();
        let left = Left {
            live: kernel.live(),
            places: world.node.slots_taken(),
            names: kernel.name_count(),
            bytes: hosts.iter().map(|host| host.budget().used()).sum(),
        };
        if left == Left::default() {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "it stays: {left:?}");
        for process in kernel.processes() {
            // Fails where it has ended meanwhile.
            let _ = kernel.terminate(&process);
        }
        pause.wait().await;
    }
}

/// The remains of processes.
#[derive(Debug, Default, PartialEq)]
struct Left {
    live: usize,
    places: usize,
    names: usize,
    /// Bytes that the hosts' budgets have lent. The runtime's own budget also lends to
    /// the node.
    bytes: u64,
}
