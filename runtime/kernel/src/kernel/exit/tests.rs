//! The cost of the fall of linked processes.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::task::{Wake, Waker};

use crate::{
    Error, Host, HostConfig, Kernel, Moment, Monotonic, Outcome, Process, Spawn, Timestamp, work,
};

use super::*;

/// Numbers of the processes that were woken and have not run since.
type Ready = Arc<Mutex<VecDeque<usize>>>;

/// The waker of a process: its task is ready to run.
struct Task {
    number: usize,
    ready: Ready,
}

impl Wake for Task {
    fn wake(self: std::sync::Arc<Self>) {
        self.ready.lock().unwrap().push_back(self.number);
    }
}

/// Processes without links.
struct Crowd {
    kernel: Arc<Kernel>,
    host: Arc<Host>,
    processes: Vec<Arc<Process>>,
    ready: Ready,
}

impl Crowd {
    fn of(count: usize) -> Self {
        let kernel = Kernel::new();
        let host = kernel.add_host("a:b", HostConfig::default()).unwrap();
        let ready = Ready::default();
        let spawn = |number| {
            let place = host.reserve().unwrap();
            let process = kernel.spawn(place, Spawn::default()).unwrap().process;
            let ready = Arc::clone(&ready);
            process.set_waker(&Waker::from(std::sync::Arc::new(Task { number, ready })));
            process
        };
        Crowd {
            processes: (0..count).map(spawn).collect(),
            kernel: Arc::clone(&kernel),
            host: Arc::clone(&host),
            ready: Arc::clone(&ready),
        }
    }

    fn link(&self, one: usize, other: usize) {
        let (one, other) = (&self.processes[one], &self.processes[other]);
        self.kernel.link(one, other).unwrap();
    }

    /// Fails one process and lets every process that falls with it exit when
    /// its task runs. Returns the steps until none is left.
    fn fall(self, first: usize) -> u64 {
        let steps = work::of(|| {
            self.exit(first);
            loop {
                let woken = self.ready.lock().unwrap().pop_front();
                let Some(number) = woken else { break };
                assert!(self.processes[number].is_doomed());
                self.exit(number);
            }
        });
        assert_eq!((self.kernel.live(), self.host.live()), (0, 0));
        steps
    }

    fn exit(&self, number: usize) {
        let now = Moment {
            wall: Timestamp(0),
            monotonic: Monotonic(0),
        };
        let failed = Outcome::Failed(Box::new(Error::internal("it fell")));
        let exiting = self.kernel.exit(&self.processes[number], failed);
        assert!(exiting.outcome().is_some(), "it was woken twice");
        exiting.finish(now);
    }
}

/// Builds a chain, each process linked to the next; the process at `first`
/// fails.
fn chain(count: usize, first: usize) -> u64 {
    let crowd = Crowd::of(count);
    for number in 1..count {
        crowd.link(number - 1, number);
    }
    crowd.fall(first)
}

/// Links all processes to one; the process at `first` fails, 0 being the
/// middle.
fn star(count: usize, first: usize) -> u64 {
    let crowd = Crowd::of(count);
    for number in 1..count {
        crowd.link(0, number);
    }
    crowd.fall(first)
}

/// Links each process to every other.
fn mesh(count: usize) -> u64 {
    let crowd = Crowd::of(count);
    for number in 1..count {
        for other in 0..number {
            crowd.link(number, other);
        }
    }
    crowd.fall(0)
}

#[test]
fn ten_times_the_processes_fall_for_ten_times_the_work() {
    for (shape, few, many) in [
        ("chain from its end", chain(1_000, 0), chain(10_000, 0)),
        (
            "chain from its middle",
            chain(1_000, 500),
            chain(10_000, 5_000),
        ),
        ("star from its middle", star(1_000, 0), star(10_000, 0)),
        ("star from a ray", star(1_000, 7), star(10_000, 7)),
    ] {
        assert!(many < 11 * few, "{shape}: {few} steps became {many}");
        // Few steps for each process, too.
        assert!(many < 40 * 10_000, "{shape}: {many} steps");
    }
}

/// A hundred have 4,950 links, thirty have 435: 11.4 times as many.
#[test]
fn a_mesh_falls_for_so_much_work_a_link() {
    let (few, many) = (mesh(30), mesh(100));
    assert!(many < 12 * few, "{few} steps became {many}");
    assert!(many < 40 * 4_950, "{many} steps");
}
