//! The requests in flight, and the bytes of bodies that they hold in memory.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use warren_engine::capability::{Caller, Origin};
use warren_kernel::{Error, Kind, Process};

use crate::quota::{Held, Quota};

/// Requests of one process that are in flight.
const MAX_REQUESTS: usize = 16;

/// Requests of all processes of a host that are in flight.
const MAX_REQUESTS_OF_HOST: usize = 1_024;

/// Requests of a host to one origin that are in flight. Each uses a connection; over HTTP/2
/// several share one.
const MAX_REQUESTS_TO_ORIGIN: usize = 64;

/// Bytes of bodies that the requests of one process hold in memory.
pub(super) const MAX_BODIES: usize = 16 << 20;

/// Counts the requests in flight.
pub(super) struct Flights {
    quota: Arc<Quota>,
    /// Requests, by the number of the host and the origin.
    to_origins: Mutex<HashMap<(usize, String), usize>>,
}

/// Bytes of bodies that the requests of one process hold.
#[derive(Default)]
struct Bodies(AtomicUsize);

/// A request in flight. It counts until this value is dropped.
pub(super) struct InFlight {
    flights: Arc<Flights>,
    /// The text of the origin that the request goes to.
    origin: String,
    process: Arc<Process>,
    bodies: Arc<Bodies>,
    /// Bytes of its body in memory.
    bytes: usize,
    _held: Held,
}

impl Default for Flights {
    fn default() -> Self {
        Flights {
            quota: Quota::new("max_requests", MAX_REQUESTS, MAX_REQUESTS_OF_HOST),
            to_origins: Mutex::default(),
        }
    }
}

impl Flights {
    /// Counts a request of the caller to an origin.
    ///
    /// # Errors
    ///
    /// `RateLimited` if the process, its host, or its host at this origin has too many;
    /// `Canceled` if the process has ended.
    pub(super) fn begin(
        self: &Arc<Self>,
        caller: &mut dyn Caller,
        origin: &Origin,
    ) -> Result<InFlight, Error> {
        let held = self.quota.take(caller)?;
        let bodies = caller.kept().state(Bodies::default)?;
        let process = Arc::clone(caller.process());
        self.add_to(&process, origin)?;
        Ok(InFlight {
            flights: Arc::clone(self),
            origin: origin.to_string(),
            process,
            bodies,
            bytes: 0,
            _held: held,
        })
    }

    fn add_to(&self, process: &Process, origin: &Origin) -> Result<(), Error> {
        let (host, most) = (process.host(), MAX_REQUESTS_TO_ORIGIN);
        let mut counts = self.to_origins.lock();
        let count = counts
            .entry((host.number(), origin.to_string()))
            .or_default();
        if *count >= most {
            let name = host.name();
            let message = format!(
                "the processes of host {name} have reached max_requests_to_origin = {most} at \
                 {origin}"
            );
            let limit = "max_requests_to_origin";
            let error = Error::at_limit(Kind::RateLimited, limit, most as u64, message);
            return Err(error.in_host(name));
        }
        *count += 1;
        Ok(())
    }

    fn take_from(&self, process: &Process, origin: String) {
        let mut counts = self.to_origins.lock();
        let at = (process.host().number(), origin);
        match counts.get_mut(&at) {
            Some(count) if *count > 1 => *count -= 1,
            // Hosts and origins come and go.
            _ => {
                counts.remove(&at);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.to_origins.lock().is_empty()
    }
}

impl InFlight {
    /// Counts the request at another origin from now on.
    ///
    /// # Errors
    ///
    /// `RateLimited` if its host has too many there.
    pub(super) fn go_to(&mut self, origin: &Origin) -> Result<(), Error> {
        if self.origin != origin.as_str() {
            self.flights.add_to(&self.process, origin)?;
            let before = std::mem::replace(&mut self.origin, origin.to_string());
            self.flights.take_from(&self.process, before);
        }
        Ok(())
    }

    /// Counts bytes of the body, before they are held in memory.
    ///
    /// # Errors
    ///
    /// `RateLimited` if the requests of the process hold too many.
    pub(super) fn hold(&mut self, bytes: usize) -> Result<(), Error> {
        let before = self.bodies.0.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        if before.saturating_add(bytes) <= MAX_BODIES {
            return Ok(());
        }
        let most = MAX_BODIES;
        let message = format!(
            "the requests of the process have reached max_bodies = {most} bytes of bodies in \
             memory; read a long body as a stream"
        );
        let error = Error::at_limit(Kind::RateLimited, "max_bodies", most as u64, message);
        Err(error.in_host(self.process.host().name()))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.bodies.0.fetch_sub(self.bytes, Ordering::Relaxed);
        let origin = std::mem::take(&mut self.origin);
        self.flights.take_from(&self.process, origin);
    }
}

#[cfg(test)]
mod tests {
    use warren_kernel::{HostConfig, Kernel};

    use super::*;
    use crate::test::Tester;

    fn origin(n: usize) -> Origin {
        Origin::of(&format!("http://a{n}.org")).unwrap()
    }

    #[track_caller]
    fn limit(result: Result<InFlight, Error>) -> String {
        let error = result.err().expect("it is refused");
        assert_eq!(
            (error.kind.clone(), error.retryable),
            (Kind::RateLimited, Some(true))
        );
        error.message
    }

    #[test]
    fn a_process_has_a_number_of_requests() {
        let (kernel, flights) = (Kernel::new(), Arc::new(Flights::default()));
        let mut one = Tester::new(&kernel, HostConfig::default());
        let mut open = Vec::new();
        for n in 0..MAX_REQUESTS {
            open.push(flights.begin(&mut one, &origin(n)).unwrap());
        }
        let refused = flights.begin(&mut one, &origin(0));
        assert!(limit(refused).contains("max_requests = 16"));
        open.pop();
        open.push(flights.begin(&mut one, &origin(0)).unwrap());
        drop(open);
        assert!(flights.is_empty());
    }

    #[test]
    fn a_host_has_a_number_of_requests_to_an_origin_wherever_redirects_lead() {
        let (kernel, flights) = (Kernel::new(), Arc::new(Flights::default()));
        let first = Tester::new(&kernel, HostConfig::default());
        let mut processes: Vec<_> = (0..5).map(|_| first.beside()).collect();
        let mut open = Vec::new();
        for n in 0..MAX_REQUESTS_TO_ORIGIN {
            let process = &mut processes[n / MAX_REQUESTS];
            open.push(flights.begin(process, &origin(0)).unwrap());
        }
        let refused = flights.begin(&mut processes[4], &origin(0));
        assert!(limit(refused).contains("max_requests_to_origin = 64"));
        let mut elsewhere = flights.begin(&mut processes[4], &origin(1)).unwrap();
        elsewhere.go_to(&origin(0)).unwrap_err();
        open[0].go_to(&origin(1)).unwrap();
        elsewhere.go_to(&origin(0)).unwrap();
        let mut other = Tester::new(&kernel, HostConfig::default());
        flights.begin(&mut other, &origin(0)).unwrap();
        drop((open, elsewhere));
        assert!(flights.is_empty());
    }

    #[test]
    fn the_bodies_of_a_process_have_room_together() {
        let (kernel, flights) = (Kernel::new(), Arc::new(Flights::default()));
        let mut one = Tester::new(&kernel, HostConfig::default());
        let mut first = flights.begin(&mut one, &origin(0)).unwrap();
        let mut second = flights.begin(&mut one, &origin(0)).unwrap();
        first.hold(MAX_BODIES - 1).unwrap();
        second.hold(1).unwrap();
        let error = second.hold(1).unwrap_err();
        assert!(error.message.contains("max_bodies"), "{error}");
        drop((first, second));
        let mut third = flights.begin(&mut one, &origin(0)).unwrap();
        third.hold(MAX_BODIES).unwrap();
    }
}
