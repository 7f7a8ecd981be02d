//! Moves the virtual clock of a node.
//!
//! The clock jumps to the next deadline when every process waits for another process, an
//! event or a time. A process that waits for anything else (a file, a request over HTTP, a
//! database, work of a capability, whatever a host function awaits) may go on at any moment,
//! so the clock does not jump meanwhile.
//!
//! Such a wait may depend on the clock in a way that the node cannot see, and a process may
//! compute until a time has come. So a clock that has stood still for [`STANDS_STILL`] goes
//! on with the clock of the machine until all processes wait again.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use warren_kernel::Monotonic;

use super::Node;
use crate::guest::shared::Shared;
use crate::sched::virtual_clock::VirtualClock;

/// The longest time between two looks at the processes: not all ends of waits are told.
const LOOK: Duration = Duration::from_millis(1);

/// The time of the machine that processes may run at one moment of the clock.
const STANDS_STILL: Duration = Duration::from_millis(250);

/// The same in a run with a seed, in which a machine that is busy may change nothing.
const STANDS_STILL_SEEDED: Duration = Duration::from_secs(2);

/// The most by which the clock goes on at a time. A machine that is busy with other programs
/// does not make the clock jump.
const STEP: Duration = Duration::from_millis(10);

/// The longest wait for the tasks of the embedder's tokio runtime, which may be busy for its
/// own sake.
const SETTLED_WITHIN: Duration = Duration::from_millis(100);

/// Time between two looks at the workers of that runtime.
const LOOK_AT_WORKERS: Duration = Duration::from_micros(20);

/// Rounds of tasks that follow one another, such as the end of a service and the wait for its
/// restart.
const ROUNDS: usize = 2;

/// Starts the thread that moves the clock until the node is dropped.
///
/// # Errors
///
/// An [`io::Error`](std::io::Error) if the operating system refuses the thread.
pub(super) fn start(node: &Arc<Node>, clock: Arc<VirtualClock>) -> io::Result<()> {
    let node = Arc::downgrade(node);
    let thread = thread::Builder::new().name("warren-clock".into());
    thread.spawn(move || {
        let mut mover = Mover::new(clock);
        while mover.look(&node) {}
    })?;
    Ok(())
}

struct Mover {
    clock: Arc<VirtualClock>,
    /// The last look at the processes.
    looked: Instant,
    /// The last time at which all of them waited.
    rested: Instant,
}

impl Mover {
    fn new(clock: Arc<VirtualClock>) -> Mover {
        let now = Instant::now();
        Mover {
            clock,
            looked: now,
            rested: now,
        }
    }

    /// Waits for a change and moves the clock if it is time. Returns false if the node is
    /// gone.
    fn look(&mut self, node: &Weak<Node>) -> bool {
        self.clock.wait(LOOK);
        let Some(node) = node.upgrade() else {
            return false;
        };
        let looked = Instant::now();
        let since = looked - std::mem::replace(&mut self.looked, looked);
        if self.rest(&node) {
            self.rested = looked;
        } else if looked - self.rested > stands_still(&node) {
            let on = self.clock.moment().after(since.min(STEP));
            self.move_to(&node, on.monotonic);
        }
        true
    }

    /// Returns true if all processes wait, or none runs while nobody waits for a time. Moves
    /// the clock to the next deadline if all wait.
    fn rest(&self, node: &Node) -> bool {
        if self.clock.next().is_none() {
            return node.shared.meter.all_sleep();
        }
        let Some(changes) = node.rests(&self.clock) else {
            return false;
        };
        settle(node.tokio());
        // Tasks of tokio may have started a process, or begun to sleep for a shorter time.
        if node.rests(&self.clock) == Some(changes)
            && let Some(next) = self.clock.next()
        {
            self.move_to(node, next);
        }
        true
    }

    fn move_to(&self, node: &Node, to: Monotonic) {
        node.scheduler.wake_together(|| {
            self.clock.move_to(to, || {
                // Processes that are woken find the clock of the kernel moved, too.
                node.shared.meter.set_clock();
            });
        });
    }
}

/// Something that the runtime does for the program. The virtual clock does not jump before
/// it is dropped.
pub struct Busy(Arc<Shared>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::SeqCst);
        if let Some(clock) = self.0.timers.virtual_clock() {
            clock.note_change();
        }
    }
}

impl Node {
    /// Keeps the virtual clock from jumping; `None` without virtual time. For what goes on
    /// between two processes: the end of one, and the start of the next.
    pub fn busy(&self) -> Option<Busy> {
        self.shared.timers.virtual_clock()?;
        self.shared.busy.fetch_add(1, Ordering::SeqCst);
        Some(Busy(Arc::clone(&self.shared)))
    }

    /// Returns the number of changes before a moment at which all processes waited for
    /// one another, for events or for times; `None` if one did not.
    fn rests(&self, clock: &VirtualClock) -> Option<u64> {
        let changes = clock.changes();
        // In this order: a worker that has taken the last task is awake.
        let is_busy = self.shared.busy.load(Ordering::SeqCst) > 0;
        if is_busy || self.scheduler.queued() > 0 || !self.shared.meter.all_sleep() {
            return None;
        }
        let mut waiting = 0;
        for process in self.shared.kernel.scan() {
            if process.has_exited() {
                continue;
            }
            if !process.waits_within_program() {
                return None;
            }
            waiting += 1;
        }
        // Processes that are being started, or whose tasks have not ended.
        let settled = self.tasks() == waiting;
        (settled && clock.changes() == changes).then_some(changes)
    }
}

fn stands_still(node: &Node) -> Duration {
    match node.shared.simulation {
        None => STANDS_STILL,
        Some(_) => STANDS_STILL_SEEDED,
    }
}

/// Waits until no task of the embedder's tokio runtime is ready: the end of a service wakes a
/// task that waits for the time of its restart.
fn settle(tokio: &Handle) {
    let until = Instant::now() + SETTLED_WITHIN;
    for _ in 0..ROUNDS {
        let (sender, ran) = mpsc::sync_channel(1);
        drop(tokio.spawn(async move {
            // Fails if the wait was given up.
            let _ = sender.send(());
        }));
        // A runtime that has shut down drops the sender.
        let _ = ran.recv_timeout(until.saturating_duration_since(Instant::now()));
    }
    while !is_idle(tokio) && Instant::now() < until {
        thread::sleep(LOOK_AT_WORKERS);
    }
}

/// Returns true if all workers of a runtime sleep and no task waits for one.
fn is_idle(tokio: &Handle) -> bool {
    let metrics = tokio.metrics();
    // In this order: a worker that has taken a task from the queue has counted its waking.
    metrics.global_queue_depth() == 0
        // The count is of the times that the worker fell asleep and woke.
        && (0..metrics.num_workers()).all(|worker| metrics.worker_park_unpark_count(worker) % 2 == 1)
}
