//! The requests in flight, and the bytes of bodies that they hold in memory.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;
use warren_engine::capability::Origin;
use warren_kernel::{Error, Kind, Process};

/// Requests of one process that are in flight.
const MAX_REQUESTS_OF_PROCESS: usize = 16;

/// Requests of all processes of a host that are in flight.
const MAX_REQUESTS_OF_HOST: usize = 1_024;

/// Requests of a host to one origin that are in flight. Each uses a connection; over HTTP/2
/// several share one.
const MAX_REQUESTS_TO_ORIGIN: usize = 64;

/// Bytes of bodies that the requests of one process hold in memory.
pub(super) const MAX_BODIES: usize = 16 << 20;

/// Counts the requests in flight.
#[derive(Default)]
pub(super) struct Flights(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    /// Requests, by the number of the process.
    of_processes: HashMap<u64, usize>,
    /// Bytes of bodies, by the number of the process.
    bodies: HashMap<u64, usize>,
    /// Requests, by the number of the host.
    of_hosts: HashMap<usize, usize>,
    /// Requests, by the number of the host and the origin.
    of_origins: HashMap<(usize, String), usize>,
}

/// A request in flight. It counts until this value is dropped.
pub(super) struct InFlight {
    flights: Arc<Flights>,
    process: Arc<Process>,
    /// The text of the origin that the request goes to.
    origin: String,
    /// Bytes of its body in memory.
    bytes: usize,
}

impl InFlight {
    /// Counts a request of a process to an origin.
    ///
    /// # Errors
    ///
    /// `RateLimited` if the process, its host, or its host at this origin has too many.
    pub(super) fn begin(
        flights: &Arc<Flights>,
        process: &Arc<Process>,
        origin: &Origin,
    ) -> Result<InFlight, Error> {
        let host = process.host();
        let mut counts = flights.0.lock();
        let number = process.pid().number();
        if counts.of_processes.get(&number).copied() >= Some(MAX_REQUESTS_OF_PROCESS) {
            let most = MAX_REQUESTS_OF_PROCESS;
            let message = format!("the process has {most} requests in flight already");
            return Err(full("max_requests_of_process", most, message, host.name()));
        }
        if counts.of_hosts.get(&host.number()).copied() >= Some(MAX_REQUESTS_OF_HOST) {
            let (most, name) = (MAX_REQUESTS_OF_HOST, host.name());
            let message =
                format!("the processes of host {name} have {most} requests in flight already");
            return Err(full("max_requests_of_host", most, message, name));
        }
        let at_origin = (host.number(), origin.to_string());
        counts.add_to(at_origin, host.name())?;
        *counts.of_processes.entry(number).or_default() += 1;
        *counts.of_hosts.entry(host.number()).or_default() += 1;
        Ok(InFlight {
            flights: Arc::clone(flights),
            process: Arc::clone(process),
            origin: origin.to_string(),
            bytes: 0,
        })
    }

    /// Counts the request at another origin from now on.
    ///
    /// # Errors
    ///
    /// `RateLimited` if its host has too many there.
    pub(super) fn go_to(&mut self, origin: &Origin) -> Result<(), Error> {
        if self.origin == origin.as_str() {
            return Ok(());
        }
        let host = self.process.host();
        let mut counts = self.flights.0.lock();
        counts.add_to((host.number(), origin.to_string()), host.name())?;
        let before = std::mem::replace(&mut self.origin, origin.to_string());
        take(&mut counts.of_origins, (host.number(), before), 1);
        Ok(())
    }

    /// Counts bytes of the body, before they are held in memory.
    ///
    /// # Errors
    ///
    /// `RateLimited` if the requests of the process hold too many.
    pub(super) fn hold(&mut self, bytes: usize) -> Result<(), Error> {
        let mut counts = self.flights.0.lock();
        let number = self.process.pid().number();
        let held = counts.bodies.entry(number).or_default();
        if held.saturating_add(bytes) > MAX_BODIES {
            let most = MAX_BODIES;
            let message = format!(
                "the requests of the process hold {held} bytes of bodies in memory, and at most \
                 max_bodies = {most} in all; read long ones with `stream`"
            );
            let host = self.process.host().name();
            return Err(full("max_bodies", most, message, host));
        }
        *held += bytes;
        self.bytes += bytes;
        Ok(())
    }

    /// Counts the bytes of the body no more.
    pub(super) fn release(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        let number = self.process.pid().number();
        take(&mut self.flights.0.lock().bodies, number, bytes);
    }

    /// Returns the process whose request this is.
    pub(super) fn process(&self) -> &Arc<Process> {
        &self.process
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let (number, host) = (self.process.pid().number(), self.process.host().number());
        let origin = std::mem::take(&mut self.origin);
        let mut counts = self.flights.0.lock();
        take(&mut counts.of_processes, number, 1);
        take(&mut counts.bodies, number, self.bytes);
        take(&mut counts.of_hosts, host, 1);
        take(&mut counts.of_origins, (host, origin), 1);
    }
}

impl Counts {
    fn add_to(&mut self, at: (usize, String), host: &str) -> Result<(), Error> {
        let most = MAX_REQUESTS_TO_ORIGIN;
        if self.of_origins.get(&at).copied() >= Some(most) {
            let message = format!(
                "the processes of host {host} have {most} requests to {} in flight already",
                at.1
            );
            return Err(full("max_requests_to_origin", most, message, host));
        }
        *self.of_origins.entry(at).or_default() += 1;
        Ok(())
    }
}

fn full(limit: &'static str, most: usize, message: String, host: &str) -> Error {
    Error::at_limit(Kind::RateLimited, limit, most as u64, message).in_host(host)
}

/// Takes from a count, and forgets it at 0.
fn take<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: K, number: usize) {
    if let Entry::Occupied(mut count) = counts.entry(key) {
        *count.get_mut() = count.get().saturating_sub(number);
        if *count.get() == 0 {
            count.remove();
        }
    }
}

#[cfg(test)]
impl Flights {
    /// Returns the number of requests in flight.
    pub(super) fn len(&self) -> usize {
        self.0.lock().of_hosts.values().sum()
    }

    /// Returns true if nothing is counted any more.
    pub(super) fn is_empty(&self) -> bool {
        let counts = self.0.lock();
        counts.of_processes.is_empty()
            && counts.bodies.is_empty()
            && counts.of_hosts.is_empty()
            && counts.of_origins.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use warren_engine::capability::Caller as _;
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
        format!("{:?}", error.details)
    }

    #[test]
    fn a_process_and_its_host_have_a_number_of_requests() {
        let (kernel, flights) = (Kernel::new(), Arc::new(Flights::default()));
        let one = Tester::new(&kernel, HostConfig::default());
        let mut open = Vec::new();
        for n in 0..MAX_REQUESTS_OF_PROCESS {
            open.push(InFlight::begin(&flights, one.process(), &origin(n)).unwrap());
        }
        let refused = InFlight::begin(&flights, one.process(), &origin(0));
        assert!(limit(refused).contains("max_requests_of_process"));
        open.pop();
        open.push(InFlight::begin(&flights, one.process(), &origin(0)).unwrap());
        drop(open);
        assert!(flights.is_empty());
    }

    #[test]
    fn a_host_has_a_number_of_requests_to_an_origin_wherever_redirects_lead() {
        let (kernel, flights) = (Kernel::new(), Arc::new(Flights::default()));
        let first = Tester::new(&kernel, HostConfig::default());
        let processes: Vec<_> = (0..5).map(|_| first.sibling()).collect();
        let mut open = Vec::new();
        for n in 0..MAX_REQUESTS_TO_ORIGIN {
            let process = &processes[n / MAX_REQUESTS_OF_PROCESS];
            open.push(InFlight::begin(&flights, process, &origin(0)).unwrap());
        }
        let refused = InFlight::begin(&flights, &processes[4], &origin(0));
        assert!(limit(refused).contains("max_requests_to_origin"));
        let mut elsewhere = InFlight::begin(&flights, &processes[4], &origin(1)).unwrap();
        elsewhere.go_to(&origin(0)).unwrap_err();
        open[0].go_to(&origin(1)).unwrap();
        elsewhere.go_to(&origin(0)).unwrap();
        let other = Tester::new(&kernel, HostConfig::default());
        InFlight::begin(&flights, other.process(), &origin(0)).unwrap();
        drop((open, elsewhere));
        assert!(flights.is_empty());
    }

    #[test]
    fn the_bodies_of_a_process_have_room_together() {
        let (kernel, flights) = (Kernel::new(), Arc::new(Flights::default()));
        let one = Tester::new(&kernel, HostConfig::default());
        let mut first = InFlight::begin(&flights, one.process(), &origin(0)).unwrap();
        let mut second = InFlight::begin(&flights, one.process(), &origin(0)).unwrap();
        first.hold(MAX_BODIES - 1).unwrap();
        second.hold(1).unwrap();
        let error = second.hold(1).unwrap_err();
        assert!(error.message.contains("max_bodies"), "{error}");
        first.release();
        second.hold(MAX_BODIES - 1).unwrap();
        drop((first, second));
        assert!(flights.is_empty());
    }
}
