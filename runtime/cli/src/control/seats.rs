//! The seats of the clients at the control socket.
//!
//! There are so many and no more. A new client takes the seat of one that has had
//! it for long without asking for anything, or without reading its answer: clients
//! that idle keep nobody out.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Clients at one time; more are turned away.
pub(super) const MAX_CLIENTS: usize = 16;

/// A client that has sent no whole request for so long may lose its seat.
const IDLE: Duration = Duration::from_secs(1);

/// A client that has not taken its answer for so long may lose its seat.
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
    /// Since when it is idle or being answered.
    since: Instant,
    answered: bool,
}

/// A client has this as long as it is served.
pub(super) struct Seat {
    seats: Arc<Seats>,
    number: u64,
    stream: Arc<UnixStream>,
}

/// A client is being answered as long as this is there.
pub(super) struct BeingAnswered<'a>(&'a Seat);

impl Seats {
    /// Gives a client a seat, where necessary that of another, whose connection is
    /// closed.
    ///
    /// # Errors
    ///
    /// The stream, where all seats are taken by clients that are busy.
    pub(super) fn take(self: &Arc<Self>, stream: UnixStream) -> Result<Seat, UnixStream> {
        let mut state = self.lock();
        if state.taken.len() >= MAX_CLIENTS {
            let Some(place) = state.replaceable() else {
                return Err(stream);
            };
            let other = state.taken.swap_remove(place);
            // Fails where that client is gone by itself.
            let _ = other.stream.shutdown(Shutdown::Both);
        }
        let stream = Arc::new(stream);
        let number = state.next;
        state.next += 1;
        state.taken.push(Taken {
            number,
            stream: Arc::clone(&stream),
            since: Instant::now(),
            answered: false,
        });
        Ok(Seat {
            seats: Arc::clone(self),
            number,
            stream,
        })
    }

    /// Waits until no client is being answered. False where that takes longer.
    pub(super) fn wait(&self, patience: Duration) -> bool {
        let answered = |state: &mut State| state.taken.iter().any(|taken| taken.answered);
        let waited = self
            .fewer
            .wait_timeout_while(self.lock(), patience, answered);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !answered(&mut state)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The seat that is idle for longest, where one is idle for long enough.
    fn replaceable(&self) -> Option<usize> {
        let now = Instant::now();
        let beyond = |taken: &Taken| {
            let allowed = if taken.answered { PATIENCE } else { IDLE };
            now.saturating_duration_since(taken.since)
                .checked_sub(allowed)
        };
        let idle = self.taken.iter().enumerate();
        let idle = idle.filter_map(|(place, taken)| Some((beyond(taken)?, place)));
        idle.max().map(|(_, place)| place)
    }

    fn of(&mut self, number: u64) -> Option<&mut Taken> {
        self.taken.iter_mut().find(|taken| taken.number == number)
    }
}

impl Seat {
    /// The client's connection.
    pub(super) fn stream(&self) -> Connection<'_> {
        Connection(&self.stream)
    }

    /// The client has asked for something.
    pub(super) fn begin(&self) -> BeingAnswered<'_> {
        self.set_answered(true);
        BeingAnswered(self)
    }

    fn set_answered(&self, answered: bool) {
        if let Some(taken) = self.seats.lock().of(self.number) {
            (taken.since, taken.answered) = (Instant::now(), answered);
        }
        self.seats.fewer.notify_all();
    }
}

impl Drop for BeingAnswered<'_> {
    fn drop(&mut self) {
        self.0.set_answered(false);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.seats.lock();
        state.taken.retain(|taken| taken.number != self.number);
        drop(state);
        self.seats.fewer.notify_all();
    }
}

/// A client's connection, to read from and to write to.
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

    /// As if that much time had gone by.
    fn age(seats: &Seats, by: Duration) {
        for taken in &mut seats.lock().taken {
            taken.since -= by;
        }
    }

    #[test]
    fn who_idles_gives_way_and_who_is_being_answered_does_not() {
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
        // The first one's connection is closed, and nobody else's.
        let mut byte = [0];
        assert_eq!((&clients[0].1).read(&mut byte).unwrap(), 0);
        clients[1].1.set_nonblocking(true).unwrap();
        drop(answered);
        let error = (&clients[1].1).read(&mut byte).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        // One that takes no answer gives way at last.
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
