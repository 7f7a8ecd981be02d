//! The messages that are never read, counted from some moment on.

use std::collections::HashMap;

use crate::mailbox::Mailbox;
use crate::pid::Pid;
use crate::process::Process;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Mutex};

/// A count of the messages that wait at one moment and whose processes then end without
/// having read them. Before that moment, an exit costs one comparison.
#[derive(Debug, Default)]
pub(crate) struct Unread {
    /// True once the count has begun, read without the lock.
    has_begun: AtomicBool,
    tally: Mutex<Tally>,
}

#[derive(Debug, Default)]
struct Tally {
    /// The arrival of the last message of each process that has unread ones.
    waiting: HashMap<Pid, u64>,
    lost: Vec<Lost>,
}

#[derive(Debug)]
struct Lost {
    pid: Pid,
    text: Arc<str>,
    messages: usize,
}

impl Unread {
    /// Begins the count, with the messages that these processes have now.
    pub(crate) fn begin(&self, processes: impl Iterator<Item = Arc<Process>>) {
        let mut tally = self.tally.lock();
        // An exit from here on waits for the lock.
        self.has_begun.store(true, Ordering::Relaxed);
        let waiting = processes.filter_map(|process| Some((process.pid(), process.last_unread()?)));
        *tally = Tally {
            waiting: waiting.collect(),
            lost: Vec::new(),
        };
    }

    /// Notes what is left in the mailbox of a process that has exited.
    #[inline]
    pub(crate) fn note(&self, process: &Process, mailbox: &Mailbox) {
        if mailbox.messages() > 0 && self.has_begun.load(Ordering::Relaxed) {
            self.note_lost(process, mailbox);
        }
    }

    #[cold]
    fn note_lost(&self, process: &Process, mailbox: &Mailbox) {
        let mut tally = self.tally.lock();
        let Some(last) = tally.waiting.remove(&process.pid()) else {
            return;
        };
        let messages = mailbox.unread_until(last);
        if messages > 0 {
            tally.lost.push(Lost {
                pid: process.pid(),
                text: Arc::clone(process.text()),
                messages,
            });
        }
    }

    /// Returns the processes that have lost messages, with their number, by PID.
    pub(crate) fn lost(&self) -> Vec<(Arc<str>, usize)> {
        let mut tally = self.tally.lock();
        tally.lost.sort_unstable_by_key(|lost| lost.pid);
        let lost = tally.lost.iter();
        lost.map(|lost| (Arc::clone(&lost.text), lost.messages))
            .collect()
    }
}
