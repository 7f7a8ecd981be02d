//! Signals that ask the command to end.

use std::io;
use std::time::{Duration, Instant};

use crate::exit::Exit;

/// Time within which two of the same signal are one request. A terminal signals
/// the whole foreground group, and a parent such as `cargo run` or `npm` passes
/// the signal on once more; no person presses a key twice in so short a time.
const SAME_REQUEST: Duration = Duration::from_millis(50);

/// A request to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

impl Stop {
    /// Returns the exit of a command that was asked this way.
    pub(crate) fn exit(self) -> Exit {
        match self {
            Stop::Interrupt => Exit::Interrupted,
            Stop::Terminate => Exit::Terminated,
        }
    }
}

/// Tells a new request from the echo of the last one.
#[derive(Debug, Default)]
struct Requests {
    last: Option<(Stop, Instant)>,
}

impl Requests {
    /// Returns whether a signal that arrives now is a new request.
    fn is_new(&mut self, stop: Stop, now: Instant) -> bool {
        let echo = self.last.is_some_and(|(last, at)| {
            last == stop && now.saturating_duration_since(at) < SAME_REQUEST
        });
        if !echo {
            self.last = Some((stop, now));
        }
        !echo
    }
}

/// Catches both signals from its creation on. Signals that arrive while nobody
/// waits are kept.
pub(crate) struct Signals {
    caught: Caught,
    requests: Requests,
}

impl Signals {
    /// Begins to catch. Needs a tokio runtime.
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Signals {
            caught: Caught::new()?,
            requests: Requests::default(),
        })
    }

    /// Waits for the next request: the same signal twice within 50 ms is one.
    pub(crate) async fn next(&mut self) -> Stop {
        loop {
            let stop = self.caught.next().await;
            if self.requests.is_new(stop, Instant::now()) {
                return stop;
            }
        }
    }
}

#[cfg(unix)]
struct Caught {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Caught {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Caught {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Stop {
        tokio::select! {
            Some(()) = self.interrupt.recv() => Stop::Interrupt,
            Some(()) = self.terminate.recv() => Stop::Terminate,
            else => std::future::pending().await,
        }
    }
}

/// Catches Ctrl-C, the only signal here.
#[cfg(not(unix))]
struct Caught;

#[cfg(not(unix))]
impl Caught {
    fn new() -> io::Result<Self> {
        Ok(Caught)
    }

    async fn next(&mut self) -> Stop {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Stop::Interrupt,
            Err(_) => std::future::pending().await,
        }
    }
}

/// Catches SIGHUP, the signal that asks for a reload of the policies.
#[cfg(unix)]
pub(crate) struct Reloads(tokio::signal::unix::Signal);

#[cfg(unix)]
impl Reloads {
    /// Begins to catch. Needs a tokio runtime.
    pub(crate) fn catch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::hangup()).map(Reloads)
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending().await
        }
    }
}

/// A stub: this system has no such signal.
#[cfg(not(unix))]
pub(crate) struct Reloads;

#[cfg(not(unix))]
impl Reloads {
    /// Does nothing.
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Reloads)
    }

    /// Waits for ever.
    pub(crate) async fn next(&mut self) {
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_echo_of_a_request_is_no_request() {
        let mut requests = Requests::default();
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        assert!(requests.is_new(Stop::Interrupt, at(0)));
        assert!(!requests.is_new(Stop::Interrupt, at(0)));
        assert!(!requests.is_new(Stop::Interrupt, at(49)));
        assert!(requests.is_new(Stop::Interrupt, at(50)));
        assert!(!requests.is_new(Stop::Interrupt, at(99)));
        assert!(requests.is_new(Stop::Interrupt, at(1_000)));
    }

    #[test]
    fn signals_that_repeat_for_ever_are_heard() {
        // Each is close to the one before, and not to the last that counted.
        let mut requests = Requests::default();
        let start = Instant::now();
        let heard = (0..10)
            .filter(|n| requests.is_new(Stop::Interrupt, start + Duration::from_millis(30) * *n));
        assert_eq!(heard.count(), 5);
    }

    #[test]
    fn another_signal_is_another_request() {
        let mut requests = Requests::default();
        let now = Instant::now();
        assert!(requests.is_new(Stop::Interrupt, now));
        assert!(requests.is_new(Stop::Terminate, now));
        assert!(!requests.is_new(Stop::Terminate, now));
    }

    #[test]
    fn a_clock_that_goes_back_makes_an_echo() {
        let mut requests = Requests::default();
        let now = Instant::now() + Duration::from_secs(60);
        assert!(requests.is_new(Stop::Interrupt, now));
        assert!(!requests.is_new(Stop::Interrupt, now - Duration::from_secs(30)));
    }
}
