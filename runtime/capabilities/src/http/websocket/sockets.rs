//! The sockets of a process.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use warren_kernel::Error;

use super::socket::Socket;

/// The sockets of a process, by their numbers. They are closed by the end of the process.
#[derive(Default)]
pub(super) struct Sockets(Mutex<Table>);

#[derive(Default)]
struct Table {
    open: HashMap<i64, Arc<Socket>>,
    /// The last number that was given. No number is given twice.
    last: i64,
}

impl Sockets {
    /// Adds a socket. Returns its number.
    pub(super) fn add(&self, socket: Socket) -> i64 {
        let mut table = self.0.lock();
        table.last += 1;
        let number = table.last;
        table.open.insert(number, Arc::new(socket));
        number
    }

    /// Returns a socket.
    ///
    /// # Errors
    ///
    /// `Invalid` for a number that no socket has.
    pub(super) fn get(&self, number: i64) -> Result<Arc<Socket>, Error> {
        let socket = self.0.lock().open.get(&number).map(Arc::clone);
        socket.ok_or_else(|| Error::invalid(format!("socket {number} does not exist")))
    }

    /// Returns the bytes that the sockets hold for no call.
    pub(super) fn left(&self) -> usize {
        let table = self.0.lock();
        let left = table.open.values().map(|socket| socket.left());
        left.fold(0, usize::saturating_add)
    }

    /// Forgets a socket.
    pub(super) fn remove(&self, number: i64) {
        let removed = self.0.lock().open.remove(&number);
        // Closed without the lock.
        drop(removed);
    }
}
