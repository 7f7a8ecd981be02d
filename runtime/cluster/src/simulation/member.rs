//! One life of a node: its kernel, its part in the cluster, its clock.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use warren_kernel::{
    FarEnd, FarPeers, Host, HostConfig, Kernel, Moment, Monotonic, NodeId, NodeName, Process,
    Spawn, Timestamp,
};

use crate::config::Config;
use crate::core::Core;
use crate::joining::{Joining, Step};
use crate::signal::Place;
use crate::transport::simulated::{Broker, Port};
use crate::transport::{Event, Transport as _};

/// The host of all processes.
pub(super) const HOST: &str = "app:processes";

/// A clock that runs at a rate of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    offset: u64,
    /// Nanoseconds of the clock in a true millisecond.
    rate: u64,
}

impl Clock {
    /// Returns a clock whose rate is wrong by `drift` of a million.
    pub(super) fn new(offset: u64, drift: i64) -> Clock {
        Clock {
            offset,
            rate: 1_000_000_u64.saturating_add_signed(drift),
        }
    }

    pub(super) fn local(self, at: u64) -> Monotonic {
        let passed = u128::from(at) * u128::from(self.rate) / 1_000_000;
        Monotonic(self.offset + passed as u64)
    }

    /// Returns the true time at which the clock shows a time.
    pub(super) fn true_time(self, local: Monotonic) -> u64 {
        let passed = u128::from(local.0.saturating_sub(self.offset));
        (passed * 1_000_000 / u128::from(self.rate)) as u64 + 1
    }
}

/// The ends that a kernel tells.
#[derive(Debug, Default)]
pub(super) struct Ends(Mutex<Vec<(NodeId, FarEnd)>>);

impl FarPeers for Ends {
    fn ended(&self, node: &NodeId, end: FarEnd) {
        self.0.lock().push((node.clone(), end));
    }

    fn joined(&self, _: &str, _: &str) {}

    fn left(&self, _: &str, _: &str) {}

    fn holds(&self, _: &str) -> bool {
        true
    }
}

/// One life of a node.
pub(super) struct Member {
    pub(super) name: NodeName,
    pub(super) clock: Clock,
    pub(super) config: Config,
    pub(super) port: Port,
    pub(super) inbox: Arc<Mutex<VecDeque<Event>>>,
    pub(super) paused_until: u64,
    pub(super) phase: Phase,
}

pub(super) enum Phase {
    Joining {
        joining: Joining,
        number: u64,
        /// The time at which the answer counts as lost.
        until: u64,
    },
    /// Another attempt at joining, at this time.
    Waiting(u64),
    Up(Box<Running>),
    /// Deposed.
    Over,
}

/// A node that has joined.
pub(super) struct Running {
    pub(super) core: Core,
    pub(super) kernel: Arc<Kernel>,
    pub(super) host: Arc<Host>,
    pub(super) ends: Arc<Ends>,
    pub(super) processes: Vec<Arc<Process>>,
}

impl Member {
    /// Begins to join.
    pub(super) fn start(broker: &Broker, config: Config, clock: Clock, now: u64) -> Member {
        let mut port = broker.port();
        let inbox = Arc::new(Mutex::new(VecDeque::new()));
        let received = Arc::clone(&inbox);
        let report = move |event| received.lock().push_back(event);
        port.start(&config.cluster, &config.node, Box::new(report));
        let mut member = Member {
            name: config.node.clone(),
            clock,
            config,
            port,
            inbox,
            paused_until: 0,
            phase: Phase::Waiting(now),
        };
        member.try_to_join(now);
        member
    }

    fn try_to_join(&mut self, now: u64) {
        let wall = now / 1_000_000 + 1;
        let (joining, first) = Joining::new(self.name.clone(), self.config.lease, wall);
        let number = u64::MAX - now;
        self.port.ask(number, first);
        self.phase = Phase::Joining {
            joining,
            number,
            until: now + 10_000_000_000,
        };
    }

    /// Returns the true time of this member's next step.
    pub(super) fn next(&self) -> Option<u64> {
        let next = match &self.phase {
            Phase::Over => return None,
            _ if !self.inbox.lock().is_empty() => 0,
            Phase::Joining { until, .. } => *until,
            Phase::Waiting(at) => *at,
            Phase::Up(running) => self.clock.true_time(running.core.next()),
        };
        Some(next.max(self.paused_until))
    }

    /// Takes the events of a node that joins. Returns true once it has joined.
    pub(super) fn join(&mut self, now: u64) -> bool {
        if let Phase::Waiting(at) | Phase::Joining { until: at, .. } = self.phase
            && at <= now
        {
            self.try_to_join(now);
        }
        if matches!(self.phase, Phase::Waiting(_)) {
            // Packets for an earlier life.
            self.inbox.lock().clear();
        }
        loop {
            let Phase::Joining {
                joining, number, ..
            } = &mut self.phase
            else {
                return false;
            };
            let Some(event) = self.inbox.lock().pop_front() else {
                return false;
            };
            let Event::Answer { number: of, result } = event else {
                continue;
            };
            if of != *number {
                continue;
            }
            match joining.step(result, self.clock.local(now)) {
                Step::Ask(next) => {
                    *number -= 1;
                    self.port.ask(*number, next);
                }
                Step::Failed(_) => {
                    self.inbox.lock().clear();
                    self.phase = Phase::Waiting(now + 500_000_000);
                }
                Step::Joined(joined) => {
                    let packet = self.port.max_packet();
                    let node = joined.node.clone();
                    let local = self.clock.local(now);
                    let core = Core::new(self.config.clone(), joined, packet, local);
                    let kernel = Kernel::new();
                    let ends = Arc::new(Ends::default());
                    kernel.join_cluster(node, Arc::clone(&ends) as _);
                    let host = kernel.add_host(HOST, HostConfig::default()).unwrap();
                    self.phase = Phase::Up(Box::new(Running {
                        core,
                        kernel,
                        host,
                        ends,
                        processes: Vec::new(),
                    }));
                    return true;
                }
            }
        }
    }

    pub(super) fn up(&self) -> Option<&Running> {
        match &self.phase {
            Phase::Up(running) => Some(running),
            _ => None,
        }
    }

    pub(super) fn up_mut(&mut self) -> Option<&mut Running> {
        match &mut self.phase {
            Phase::Up(running) => Some(running),
            _ => None,
        }
    }
}

impl Running {
    pub(super) fn spawn(&mut self) -> Arc<Process> {
        let process = self
            .kernel
            .spawn(self.host.reserve().unwrap(), Spawn::default());
        let process = process.unwrap().process;
        // Events count from now on.
        process.events();
        self.processes.push(Arc::clone(&process));
        process
    }

    /// Takes the ends that the kernel has told.
    pub(super) fn ends(&self) -> Vec<(NodeId, FarEnd)> {
        std::mem::take(&mut self.ends.0.lock())
    }
}

pub(super) fn place(process: &Process) -> Place {
    Place {
        host: HOST.into(),
        pid: process.pid(),
    }
}

pub(super) fn moment(at: u64) -> Moment {
    Moment {
        wall: Timestamp(at as i64),
        monotonic: Monotonic(at),
    }
}
