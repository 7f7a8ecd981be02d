//! The seats of the clients at the control socket.
//!
//! The number of seats is fixed. A new client takes the seat of a client that
//! has been idle for long, or has not read its answer: idle clients keep nobody
//! out.
//!
//! A client with a plan leaves its seat to others, and has a place of its own as long as the
//! plan waits for an answer. Only another plan may take that place, and only after long: a
//! person may think about it.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// Clients at one time; further ones are turned away.
pub(super) const MAX_CLIENTS: usize = 16;

/// Clients whose plans wait for an answer at one time; further plans are refused.
pub(super) const MAX_PLANS: usize = 4;

/// Time for which a plan keeps its place, if others are made.
const PLAN_KEPT: Duration = Duration::from_secs(600);

/// Time without a whole request after which a client may lose its seat.
const IDLE: Duration = Duration::from_secs(1);

/// Time without reading its answer after which a client may lose its seat.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Default)]
pub(super) struct Seats {
    state: Mutex<State>,
    fewer: Condvar,
}

#[derive(Default)]
struct State {
    taken: Vec<Taken>,
    next: u64,
}

struct Taken {
    number: u64,
    stream: Arc<UnixStream>,
    /// Start of being idle or of being answered.
    since: Instant,
    answered: bool,
    has_plan: bool,
}

/// A seat, held as long as its client is served.
pub(super) struct Seat {
    seats: Arc<Seats>,
    number: u64,
    stream: Arc<UnixStream>,
}

/// A mark that a client is being answered, as long as it exists.
pub(super) struct BeingAnswered<'a>(&'a Seat);

/// The place of a plan, held as long as the plan waits for an answer.
pub(super) struct PlanPlace<'a>(&'a Seat);

impl Seats {
    /// Gives a client a seat, if necessary that of another, whose connection is
    /// closed.
    ///
    /// # Errors
    ///
    /// The stream, if busy clients hold all seats.
    pub(super) fn take(self: &Arc<Self>, stream: UnixStream) -> Result<Seat, UnixStream> {
        let mut state = self.state.lock();
        if state.count(false) >= MAX_CLIENTS && !state.make_room(false) {
            return Err(stream);
        }
        let stream = Arc::new(stream);
        let number = state.next;
        state.next += 1;
        state.taken.push(Taken {
            number,
            stream: Arc::clone(&stream),
            since: Instant::now(),
            answered: false,
            has_plan: false,
        });
        Ok(Seat {
            seats: Arc::clone(self),
            number,
            stream,
        })
    }

    /// Waits until no client is being answered. Returns false after `patience`.
    pub(super) fn wait(&self, patience: Duration) -> bool {
        let answered = |state: &mut State| state.taken.iter().any(|taken| taken.answered);
        let mut state = self.state.lock();
        self.fewer.wait_while_for(&mut state, answered, patience);
        !answered(&mut state)
    }
}

impl State {
    /// Returns the number of clients with or without a plan.
    fn count(&self, has_plan: bool) -> usize {
        let taken = self.taken.iter();
        taken.filter(|taken| taken.has_plan == has_plan).count()
    }

    /// Closes the connection of the client that is idle for longest, of those with or without
    /// a plan. Returns false if none is idle for long enough.
    fn make_room(&mut self, has_plan: bool) -> bool {
        let Some(place) = self.replaceable(has_plan) else {
            return false;
        };
        let other = self.taken.swap_remove(place);
        // Fails if that client is gone by itself.
        let _ = other.stream.shutdown(Shutdown::Both);
        true
    }

    fn replaceable(&self, has_plan: bool) -> Option<usize> {
        let now = Instant::now();
        let beyond = |taken: &Taken| {
            let allowed = match (has_plan, taken.answered) {
                // Making and applying a plan takes a while, too.
                (true, _) => PLAN_KEPT,
                (false, true) => PATIENCE,
                (false, false) => IDLE,
            };
            now.saturating_duration_since(taken.since)
                .checked_sub(allowed)
        };
        let idle = self.taken.iter().enumerate();
        let idle = idle.filter(|(_, taken)| taken.has_plan == has_plan);
        let idle = idle.filter_map(|(place, taken)| Some((beyond(taken)?, place)));
        idle.max().map(|(_, place)| place)
    }

    fn of(&mut self, number: u64) -> Option<&mut Taken> {
        self.taken.iter_mut().find(|taken| taken.number == number)
    }
}

impl Seat {
    /// Returns the client's connection.
    pub(super) fn stream(&self) -> Connection<'_> {
        Connection(&self.stream)
    }

    /// Marks that the client is being answered.
    pub(super) fn begin(&self) -> BeingAnswered<'_> {
        self.set_answered(true);
        BeingAnswered(self)
    }

    /// Gives the client a place for a plan. Returns `None` if plans of others have all of
    /// them.
    pub(super) fn place_for_plan(&self) -> Option<PlanPlace<'_>> {
        let mut state = self.seats.state.lock();
        if state.count(true) >= MAX_PLANS && !state.make_room(true) {
            return None;
        }
        // Absent if another client was given the seat a moment ago.
        state.of(self.number)?.has_plan = true;
        Some(PlanPlace(self))
    }

    fn set_answered(&self, answered: bool) {
        if let Some(taken) = self.seats.state.lock().of(self.number) {
            (taken.since, taken.answered) = (Instant::now(), answered);
        }
        self.seats.fewer.notify_all();
    }
}

impl Drop for PlanPlace<'_> {
    fn drop(&mut self) {
        if let Some(taken) = self.0.seats.state.lock().of(self.0.number) {
            taken.has_plan = false;
        }
    }
}

impl Drop for BeingAnswered<'_> {
    fn drop(&mut self) {
        self.0.set_answered(false);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.seats.state.lock();
        state.taken.retain(|taken| taken.number != self.number);
        drop(state);
        self.seats.fewer.notify_all();
    }
}

/// A client's connection, for reading and writing.
#[derive(Clone, Copy)]
pub(super) struct Connection<'a>(&'a UnixStream);

impl Read for Connection<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        (&mut &*self.0).read(bytes)
    }
}

impl Write for Connection<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&mut &*self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn client(seats: &Arc<Seats>) -> (Result<Seat, UnixStream>, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (seats.take(ours), theirs)
    }

    /// Advances the seats' time.
    fn age(seats: &Seats, by: Duration) {
        for taken in &mut seats.state.lock().taken {
            taken.since -= by;
        }
    }

    #[test]
    fn idle_clients_give_way_and_busy_ones_do_not() {
        let seats = Arc::new(Seats::default());
        let clients: Vec<_> = (0..MAX_CLIENTS).map(|_| client(&seats)).collect();
        assert!(clients.iter().all(|(seat, _)| seat.is_ok()));
        // All of them have come just now.
        assert!(client(&seats).0.is_err());
        age(&seats, IDLE);
        let answered: Vec<_> = clients[1..]
            .iter()
            .map(|(seat, _)| seat.as_ref().ok().unwrap().begin())
            .collect();
        let (new, _theirs) = client(&seats);
        assert!(new.is_ok());
        assert!(client(&seats).0.is_err());
        // The first client's connection is closed, and no other.
        let mut byte = [0];
        assert_eq!((&clients[0].1).read(&mut byte).unwrap(), 0);
        clients[1].1.set_nonblocking(true).unwrap();
        drop(answered);
        let error = (&clients[1].1).read(&mut byte).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        // A client that takes no answer gives way at last.
        let seats = Arc::new(Seats::default());
        let clients: Vec<_> = (0..MAX_CLIENTS).map(|_| client(&seats)).collect();
        let answered = clients
            .iter()
            .map(|(seat, _)| seat.as_ref().ok().unwrap().begin());
        let _answered: Vec<_> = answered.collect();
        age(&seats, IDLE);
        assert!(client(&seats).0.is_err());
        age(&seats, PATIENCE);
        assert!(client(&seats).0.is_ok());
    }

    #[test]
    fn a_plan_keeps_its_place_whoever_comes() {
        let seats = Arc::new(Seats::default());
        let planning: Vec<_> = (0..MAX_PLANS).map(|_| client(&seats)).collect();
        let seat = |place: usize| planning[place].0.as_ref().ok().unwrap();
        let mut plans: Vec<_> = (0..MAX_PLANS)
            .map(|place| seat(place).place_for_plan().unwrap())
            .collect();
        // As many others as without plans, and further ones in the places of these.
        let others: Vec<_> = (0..MAX_CLIENTS).map(|_| client(&seats)).collect();
        let (one, _theirs) = &others[0];
        let one = one.as_ref().ok().unwrap();
        assert!(one.place_for_plan().is_none(), "others have all places");
        age(&seats, PATIENCE);
        let further: Vec<_> = (0..MAX_CLIENTS).map(|_| client(&seats)).collect();
        assert!(further.iter().all(|(seat, _)| seat.is_ok()));
        for (_, theirs) in &planning {
            theirs.set_nonblocking(true).unwrap();
            let mut stream = theirs;
            let error = stream.read(&mut [0]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "it is connected");
        }
        let (two, _theirs) = &further[0];
        let two = two.as_ref().ok().unwrap();
        assert!(two.place_for_plan().is_none());
        // An answer frees the place at once; otherwise time does.
        plans.pop();
        let plan = two.place_for_plan().unwrap();
        let (three, _theirs) = &further[1];
        let three = three.as_ref().ok().unwrap();
        assert!(three.place_for_plan().is_none());
        drop(plan);
        plans.push(seat(MAX_PLANS - 1).place_for_plan().unwrap());
        age(&seats, PLAN_KEPT);
        assert!(three.place_for_plan().is_some());
    }

    #[test]
    fn the_end_waits_for_those_who_are_being_answered() {
        let seats = Arc::new(Seats::default());
        assert!(seats.wait(Duration::ZERO), "there is none");
        let (seat, _theirs) = client(&seats);
        let seat = seat.ok().unwrap();
        assert!(seats.wait(Duration::ZERO), "it has asked for nothing");
        let one = seat.begin();
        assert!(!seats.wait(Duration::ZERO), "there is one");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| seats.wait(Duration::from_secs(60)));
            drop(one);
            assert!(waiting.join().expect("it does not panic"));
        });
    }
}
