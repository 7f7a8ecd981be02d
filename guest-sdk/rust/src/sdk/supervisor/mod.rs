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
//! Children are linked and monitored. When the supervisor ends, they end: it asks all
//! of them at once, the last started first, and waits until all have ended. A child that
//! does not end within its time is terminated, so the wait takes no longer than the longest
//! of these times. A child that has not opened [`events`] could not notice, and is
//! terminated without a wait. The links stay until a child has ended: if the supervisor
//! itself is terminated meanwhile, they end its children.

mod plan;

use core::time::Duration;
use std::collections::VecDeque;

use self::plan::{Plan, Step};
use super::time::Instant;
use super::{
    Event, Outcome, Pid, Select, Spawn, events, inbox, set_trap_links, stop, terminate, unlink,
    unmonitor,
};
use crate::{Error, kind};

pub use self::plan::{Restart, Strategy};

/// A child: its definition, and its restart rules.
///
/// ```
/// use std::time::Duration;
/// use warren_guest::supervisor::{Child, Restart, Strategy, Supervisor};
/// use warren_guest::{Spawn, mock};
///
/// let store = Child::new("store", Spawn::new("app:store").arg("inventory").name("store"))
///     .restart(Restart::Temporary)
///     .shutdown(Duration::from_secs(30));
/// # mock::play_spawned("app:store", |store, _| store.end(mock::Outcome::Finished(None)));
/// Supervisor::new(Strategy::OneForOne).child(store).run()?;
/// let spawned = mock::with(|runtime| runtime.spawned.clone());
/// assert_eq!(spawned.len(), 1); // a temporary child is not restarted
/// assert_eq!(spawned[0].definition, "app:store");
/// # Ok::<_, warren_guest::Error>(())
/// ```
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

    /// Sets the time the child has to end when it is asked to. A child that has not opened
    /// [`events`] gets none.
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
///
/// ```
/// use std::time::Duration;
/// use warren_guest::supervisor::{Child, Strategy, Supervisor};
///
/// # use warren_guest::{Error, mock};
/// # mock::play_spawned("app:web", |web, _| {
/// #     web.end(mock::Outcome::Failed(Error::internal("the port is taken")));
/// # });
/// let supervisor = Supervisor::new(Strategy::OneForOne)
///     .intensity(2, Duration::from_secs(10))
///     .child(Child::new("web", "app:web"));
/// let error = supervisor.run().unwrap_err();
/// assert_eq!(
///     error.message,
///     "too many restarts; the last was of child web: the port is taken"
/// );
/// ```
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
                // The EXIT of a child follows its LINK_DOWN. News of nodes and names are not
                // for a supervisor.
                Some(_) | None => {}
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

    /// Ends the children from this one on. Asks all of them, the last first, and waits until
    /// all have ended; consumes their events.
    fn stop_from(&mut self, first: usize) {
        // One of them may have ended during an earlier wait.
        for event in core::mem::take(&mut self.set_aside) {
            self.stopped(first, event);
        }
        let mut longest = Duration::ZERO;
        for index in (first..self.pids.len()).rev() {
            if let Some(pid) = &self.pids[index] {
                let within = self.children[index].shutdown;
                longest = longest.max(within);
                ask_to_end(pid, within);
            }
        }
        let events = events();
        let until = Instant::now() + longest + PATIENCE;
        while self.pids[first..].iter().any(Option::is_some) {
            match events.recv_timeout(until - Instant::now()) {
                Ok(Some(event)) => self.stopped(first, event),
                Ok(None) | Err(_) => return self.give_up_from(first),
            }
        }
    }

    /// Takes note of an event while the children from this one on are to end.
    fn stopped(&mut self, first: usize, event: Event) {
        let place = event.from().and_then(|from| self.index(from));
        let place = place.filter(|index| *index >= first);
        match (&event, place) {
            (Event::Exit { .. }, Some(index)) => self.pids[index] = None,
            // The requested end is no failure to report.
            (Event::LinkDown { .. }, Some(_)) => {}
            _ => self.set_aside.push_back(event),
        }
    }

    /// Forgets children that the runtime did not end at their deadline: the supervisor may
    /// not terminate them.
    fn give_up_from(&mut self, first: usize) {
        for (pid, child) in self.pids.iter_mut().zip(&self.children).skip(first) {
            if let Some(pid) = pid.take() {
                log::error!("child {} {pid} did not end", child.name);
                // Both fail only if the process has ended.
                let _ = unlink(&pid);
                let _ = unmonitor(&pid);
            }
        }
    }
}

/// Asks a child to end. A child that has ended already is not found, and its EXIT follows.
fn ask_to_end(pid: &Pid, within: Duration) {
    let Err(error) = stop(pid, Some(within)) else {
        return;
    };
    if !error.is(kind::NOT_FOUND)
        && let Err(error) = terminate(pid)
    {
        log::error!("{pid} cannot be stopped: {error}");
    }
}

/// Additional time for the runtime to end a process after its deadline.
const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::{self, Signal};

    const SECOND: u64 = 1_000_000_000;

    fn supervisor(definitions: &[&str]) -> Supervisor {
        let children = definitions.iter().enumerate();
        children.fold(
            Supervisor::new(Strategy::RestForOne),
            |supervisor, (place, definition)| {
                let name = format!("number {place}");
                supervisor.child(Child::new(name, *definition))
            },
        )
    }

    /// An event of the runtime: an array of a map of three texts.
    fn deliver_cancel() {
        let event = std::collections::BTreeMap::from([
            ("kind", "pid.cancel"),
            ("from", "{a:b|1}"),
            ("at", "2020-01-01T00:00:00Z"),
        ]);
        let event = super::super::codec::to_values(&event).unwrap();
        mock::with(|runtime| runtime.deliver("", "@events", event.as_slice()));
    }

    fn pids() -> Vec<String> {
        mock::with(|runtime| runtime.spawned.iter().map(|s| s.pid.clone()).collect())
    }

    /// The processes that got a signal, in order.
    fn sent(is: impl Fn(&Signal) -> bool) -> Vec<String> {
        mock::with(|runtime| {
            let sent = runtime.sent.iter().filter(|sent| is(&sent.signal));
            sent.map(|sent| sent.to.clone()).collect()
        })
    }

    fn stops() -> Vec<String> {
        sent(|signal| matches!(signal, Signal::Stop { .. }))
    }

    fn clock() -> u64 {
        mock::with(|runtime| runtime.monotonic)
    }

    #[test]
    fn children_that_read_no_events_end_without_a_wait() {
        mock::reset();
        deliver_cancel();
        supervisor(&["app:deaf"; 3]).run().unwrap();
        let mut all = pids();
        all.reverse();
        assert_eq!(stops(), all);
        assert!(clock() < SECOND, "{}", clock());
        assert_eq!(sent(|signal| *signal == Signal::Unlink), [""; 0]);
        assert_eq!(mock::with(|runtime| runtime.unread()), 0);
    }

    #[test]
    fn children_that_ignore_the_request_share_one_deadline() {
        mock::reset();
        mock::play_spawned("app:busy", |_, _| {});
        deliver_cancel();
        supervisor(&["app:busy"; 3]).run().unwrap();
        assert_eq!(clock(), 5 * SECOND);
    }

    #[test]
    fn children_that_end_when_asked_are_waited_for() {
        mock::reset();
        mock::play_spawned("app:polite", |child, sent| {
            if matches!(sent.signal, Signal::Stop { .. }) {
                child.end(mock::Outcome::Finished(None));
            }
        });
        deliver_cancel();
        supervisor(&["app:polite", "app:deaf", "app:polite"])
            .run()
            .unwrap();
        assert_eq!(stops().len(), 3);
        assert!(clock() < SECOND, "{}", clock());
    }

    #[test]
    fn a_group_starts_again_once_its_later_children_have_ended() {
        mock::reset();
        let (mut is_first, mut later_starts) = (true, 0);
        let end_if_asked = |child: &mock::Peer, sent: &mock::Sent| {
            if matches!(sent.signal, Signal::Stop { .. }) {
                child.end(mock::Outcome::Failed(Error::internal("asked")));
            }
        };
        mock::play_spawned("app:first", end_if_asked);
        mock::play_spawned("app:failing", move |child, sent| {
            end_if_asked(child, sent);
            if sent.signal == Signal::Spawn && core::mem::take(&mut is_first) {
                child.end(mock::Outcome::Failed(Error::internal("a bug")));
            }
        });
        mock::play_spawned("app:later", move |child, sent| {
            end_if_asked(child, sent);
            later_starts += usize::from(sent.signal == Signal::Spawn);
            if later_starts == 2 && sent.signal == Signal::Spawn {
                deliver_cancel();
            }
        });
        supervisor(&["app:first", "app:failing", "app:later"])
            .run()
            .unwrap();
        let pids = pids();
        assert_eq!(pids.len(), 5);
        let stopped = [2, 4, 3, 0].map(|place: usize| pids[place].clone());
        assert_eq!(stops(), stopped);
        assert!(clock() < SECOND, "{}", clock());
    }

    #[test]
    fn the_failure_of_a_child_that_is_not_stopped_is_kept_for_later() {
        mock::reset();
        mock::play_spawned("app:later", |child, sent| {
            if matches!(sent.signal, Signal::Stop { .. }) {
                // The first child ends while the supervisor waits for this one.
                mock::play("{app:test|0x00002}", |_, _| {}).end(mock::Outcome::Finished(None));
                child.end(mock::Outcome::Finished(None));
            }
        });
        let mut fails = true;
        mock::play_spawned("app:failing", move |child, sent| {
            if sent.signal == Signal::Spawn && core::mem::take(&mut fails) {
                child.end(mock::Outcome::Failed(Error::internal("a bug")));
            }
        });
        let ended = supervisor(&["app:first", "app:failing", "app:later"])
            .intensity(1, Duration::from_secs(5))
            .run();
        let message = ended.unwrap_err().message;
        assert!(
            message.contains("the last was of child number 0"),
            "{message}"
        );
    }
}
