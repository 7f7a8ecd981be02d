//! A process that starts others and restarts them when they fail: Erlang's
//! `supervisor`.
//!
//! ```no_run
//! use warren_guest::{Error, Spawn};
//! use warren_guest::supervisor::{Child, Strategy, Supervisor};
//!
//! #[warren_guest::main]
//! fn main() -> Result<(), Error> {
//!     Supervisor::new(Strategy::RestForOne)
//!         .child(Child::new("store", "app:store"))
//!         .child(Child::new("web", Spawn::new("app:web").arg(8080)))
//!         .run()
//! }
//! ```
//!
//! Children are linked and monitored. When the supervisor ends, they end: it
//! asks each to end, in reverse order of their start, and terminates those that
//! do not end within their time. If the supervisor itself is terminated, the
//! links end its children.

mod plan;

use core::time::Duration;
use std::collections::VecDeque;

use self::plan::{Plan, Step};
use super::time::Instant;
use super::{
    Event, Outcome, Pid, Select, Spawn, cancel, events, inbox, set_trap_links, unlink, unmonitor,
};
use crate::Error;

pub use self::plan::{Restart, Strategy};

/// A child: its definition, and its restart rules.
#[derive(Debug, Clone)]
pub struct Child {
    name: String,
    spawn: Spawn,
    restart: Restart,
    shutdown: Duration,
}

impl Child {
    /// Returns a child that is always restarted and has five seconds to end: a process of a
    /// definition alone, or of a [`Spawn`] with arguments, a registered name and more. The
    /// name here is the supervisor's own, for its log lines.
    pub fn new(name: impl Into<String>, spawn: impl Into<Spawn>) -> Self {
        Child {
            name: name.into(),
            spawn: spawn.into().linked().monitored(),
            restart: Restart::Permanent,
            shutdown: Duration::from_secs(5),
        }
    }

    /// Sets the restart rule.
    pub fn restart(mut self, restart: Restart) -> Self {
        self.restart = restart;
        self
    }

    /// Sets the time the child has to end when it is asked to.
    pub fn shutdown(mut self, timeout: Duration) -> Self {
        self.shutdown = timeout;
        self
    }

    fn start(&self) -> Result<Pid, Error> {
        let started = self.spawn.clone().start();
        started.map_err(|error| error.wrap(format_args!("child {}", self.name)))
    }
}

/// Starts children in order, and restarts them.
#[derive(Debug)]
#[must_use = "nothing is started before `run`"]
pub struct Supervisor {
    strategy: Strategy,
    max_restarts: usize,
    within: Duration,
    children: Vec<Child>,
}

impl Supervisor {
    /// Returns a supervisor without children, which gives up after more than
    /// three restarts within five seconds.
    pub fn new(strategy: Strategy) -> Self {
        Supervisor {
            strategy,
            max_restarts: 3,
            within: Duration::from_secs(5),
            children: Vec::new(),
        }
    }

    /// Sets the number of restarts within a time after which the supervisor
    /// gives up.
    pub fn intensity(mut self, max_restarts: usize, within: Duration) -> Self {
        self.max_restarts = max_restarts;
        self.within = within;
        self
    }

    /// Adds a child, started after those before it.
    pub fn child(mut self, child: Child) -> Self {
        self.children.push(child);
        self
    }

    /// Starts the children and keeps them running until the supervisor is asked
    /// to end, or no child is left that could be restarted.
    ///
    /// # Errors
    ///
    /// A child could not be started; too many failed; a linked process that is
    /// not a child failed. The other children have ended then.
    pub fn run(self) -> Result<(), Error> {
        set_trap_links(true);
        let restarts: Vec<Restart> = self.children.iter().map(|child| child.restart).collect();
        let mut running = Running {
            plan: Plan::new(self.strategy, restarts, self.max_restarts, self.within),
            pids: vec![None; self.children.len()],
            children: self.children,
            set_aside: VecDeque::new(),
        };
        let ended = running.supervise();
        running.stop_from(0);
        ended
    }
}

struct Running {
    plan: Plan,
    children: Vec<Child>,
    /// PIDs in the order of the children; `None` for a child that does not run.
    pids: Vec<Option<Pid>>,
    /// Events that arrived during the wait for a child's end.
    set_aside: VecDeque<Event>,
}

impl Running {
    fn supervise(&mut self) -> Result<(), Error> {
        let (events, inbox) = (events(), inbox());
        self.start_all(0..self.children.len())?;
        while self.pids.iter().any(Option::is_some) {
            let event = match self.set_aside.pop_front() {
                Some(event) => Some(event),
                None => Select::new()
                    .on(&events, Some)
                    .on(&inbox, |message| {
                        log::warn!("a supervisor dropped a message `{}`", message.topic());
                        None
                    })
                    .wait()?,
            };
            match event {
                Some(Event::Exit { from, result, .. }) => self.ended(&from, &result)?,
                Some(Event::LinkDown { from, result, .. }) if self.index(&from).is_none() => {
                    if let Err(error) = result {
                        return Err(error.wrap(format_args!("linked process {from} failed")));
                    }
                }
                Some(Event::Cancel { .. }) => return Ok(()),
                // The EXIT of a child follows its LINK_DOWN.
                Some(Event::LinkDown { .. }) | None => {}
            }
        }
        Ok(())
    }

    fn index(&self, pid: &Pid) -> Option<usize> {
        self.pids.iter().position(|own| own.as_ref() == Some(pid))
    }

    fn ended(&mut self, pid: &Pid, result: &Outcome) -> Result<(), Error> {
        let Some(index) = self.index(pid) else {
            return Ok(());
        };
        self.pids[index] = None;
        let name = &self.children[index].name;
        match result {
            Ok(_) => log::info!("child {name} {pid} ended"),
            Err(error) => log::warn!("child {name} {pid} failed: {error}"),
        }
        let now = Instant::now();
        match self.plan.ended(index, result.is_err(), now) {
            Step::Leave => Ok(()),
            Step::Restart(range) => {
                self.stop_from(range.start);
                self.start_all(range)
            }
            Step::RestartOne(index) => self.start_all(index..index + 1),
            Step::GiveUp => {
                let cause = match result {
                    Ok(_) => "it ended".to_owned(),
                    Err(error) => error.message.clone(),
                };
                Err(Error::internal(format!(
                    "too many restarts; the last was of child {name}: {cause}"
                )))
            }
        }
    }

    /// Starts the children of a range that do not run, in order.
    fn start_all(&mut self, range: core::ops::Range<usize>) -> Result<(), Error> {
        for index in range {
            if self.pids[index].is_none() && self.plan.is_wanted(index) {
                self.pids[index] = Some(self.children[index].start()?);
            }
        }
        Ok(())
    }

    /// Ends the children from this one on, the last first.
    fn stop_from(&mut self, first: usize) {
        for index in (first..self.pids.len()).rev() {
            if let Some(pid) = self.pids[index].take() {
                self.stop(&pid, self.children[index].shutdown);
            }
        }
    }

    /// Asks a process to end, and waits until it has; consumes its EXIT.
    fn stop(&mut self, pid: &Pid, within: Duration) {
        // The requested end is not a failure to report. A failing call here
        // means that the process has ended already.
        let _ = unlink(pid);
        if cancel(pid, Some(within)).is_err() {
            let _ = unmonitor(pid);
            return;
        }
        let events = events();
        let until = Instant::now() + within + PATIENCE;
        loop {
            match events.recv_timeout(until - Instant::now()) {
                Ok(Some(Event::Exit { from, .. })) if from == *pid => return,
                Ok(Some(event)) => self.set_aside.push_back(event),
                Ok(None) | Err(_) => {
                    log::error!("{pid} did not end");
                    return;
                }
            }
        }
    }
}

/// Additional time for the runtime to end a process after its deadline.
const PATIENCE: Duration = Duration::from_secs(5);
