//! The jobs that wait for the thread that writes to a database.

use std::collections::VecDeque;

use parking_lot::{Condvar, Mutex};
use warren_kernel::{Error, Kind};

use super::closed;
use super::job::Write;

/// Jobs of one host that may wait. Each is charged to its process, too.
const MAX_WAITING_OF_HOST: usize = 4_096;

/// Jobs of one group: enough to share a flush of the disk, and few enough for the first of
/// them to be answered soon.
const MAX_GROUP: usize = 128;

/// The jobs that wait, in a line for each host. The hosts take turns.
#[derive(Default)]
pub(super) struct Queue {
    lines: Mutex<Lines>,
    changed: Condvar,
}

#[derive(Default)]
struct Lines {
    /// Lines that are not empty, the next one first.
    hosts: VecDeque<(usize, VecDeque<Box<dyn Write>>)>,
    closed: bool,
}

impl Queue {
    /// Adds a job of a host.
    ///
    /// # Errors
    ///
    /// `RateLimited` if the line of the host is full; `Unavailable` once the queue is
    /// closed.
    pub(super) fn add(&self, host: usize, job: Box<dyn Write>) -> Result<(), Error> {
        let mut lines = self.lines.lock();
        if lines.closed {
            return Err(closed());
        }
        match lines.hosts.iter_mut().find(|(of, _)| *of == host) {
            Some((_, line)) if line.len() >= MAX_WAITING_OF_HOST => return Err(full()),
            Some((_, line)) => line.push_back(job),
            None => lines.hosts.push_back((host, VecDeque::from([job]))),
        }
        drop(lines);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for jobs, and takes the next group; `None` once the queue is closed and empty.
    pub(super) fn next_group(&self) -> Option<Vec<Box<dyn Write>>> {
        let mut lines = self.lines.lock();
        while lines.hosts.is_empty() {
            if lines.closed {
                return None;
            }
            self.changed.wait(&mut lines);
        }
        let mut group = Vec::new();
        while group.len() < MAX_GROUP {
            let Some((host, mut line)) = lines.hosts.pop_front() else {
                break;
            };
            group.extend(line.pop_front());
            if !line.is_empty() {
                lines.hosts.push_back((host, line));
            }
        }
        Some(group)
    }

    /// Takes no more jobs. Those that wait are still done.
    pub(super) fn close(&self) {
        self.lines.lock().closed = true;
        self.changed.notify_one();
    }
}

fn full() -> Error {
    let most = MAX_WAITING_OF_HOST;
    let message = format!("the database is busy: {most} calls of the host wait for it already");
    Error::at_limit(
        Kind::RateLimited,
        "max_waiting_of_host",
        most as u64,
        message,
    )
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    struct Of(usize);

    impl Write for Of {
        fn run(&mut self, _: &Connection) {}

        fn answer(self: Box<Self>, _: Result<(), &Error>) {}

        fn number(&self) -> usize {
            self.0
        }
    }

    #[test]
    fn hosts_take_turns() {
        let queue = Queue::default();
        for (host, number) in [(1, 10), (1, 11), (1, 12), (2, 20), (3, 30), (3, 31)] {
            queue.add(host, Box::new(Of(number))).unwrap();
        }
        let group = queue.next_group().unwrap();
        let numbers: Vec<_> = group.iter().map(|job| job.number()).collect();
        assert_eq!(numbers, [10, 20, 30, 11, 31, 12]);
        queue.close();
        assert!(queue.next_group().is_none());
        let error = queue.add(1, Box::new(Of(0))).unwrap_err();
        assert_eq!(error.kind, Kind::Unavailable);
    }

    #[test]
    fn a_flood_of_one_host_is_refused_and_leaves_the_others_their_place() {
        let queue = Queue::default();
        for number in 0..MAX_WAITING_OF_HOST {
            queue.add(1, Box::new(Of(number))).unwrap();
        }
        let error = queue.add(1, Box::new(Of(0))).unwrap_err();
        assert_eq!(error.kind, Kind::RateLimited);
        queue.add(2, Box::new(Of(7))).unwrap();
        let group = queue.next_group().unwrap();
        assert_eq!((group.len(), group[1].number()), (MAX_GROUP, 7));
    }
}
