//! The memory of a command while it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Reads a number of bytes of `/proc/PID/status`; `None` once the process has ended.
pub(crate) fn of(pid: u32, field: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kib = line.trim().strip_suffix(" kB")?;
    Some(1024 * kib.parse::<u64>().ok()?)
}

/// The field with the memory that a process has for itself. Pages of files are left out:
/// the system maps as many pages of a code file around one that is touched as it happens
/// to have at hand, for each instance anew.
pub(crate) const OWN: &str = "RssAnon:";

/// Watches the memory that a command has for itself. The system keeps no peak of it, so
/// it is read every few milliseconds.
#[derive(Debug)]
pub struct MemoryWatch {
    is_over: Arc<AtomicBool>,
    first: u64,
    largest: JoinHandle<u64>,
}

impl MemoryWatch {
    pub(crate) fn start(pid: u32) -> MemoryWatch {
        const PAUSE: Duration = Duration::from_millis(5);
        let is_over = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&is_over);
        let largest = thread::spawn(move || {
            let mut largest = 0;
            while !stop.load(Ordering::Acquire)
                && let Some(bytes) = of(pid, OWN)
            {
                largest = largest.max(bytes);
                thread::park_timeout(PAUSE);
            }
            largest
        });
        MemoryWatch {
            is_over,
            first: of(pid, OWN).expect("it has not ended"),
            largest,
        }
    }

    /// Ends the watch, and returns the bytes by which the memory was larger than at first.
    pub fn grown(self) -> u64 {
        self.is_over.store(true, Ordering::Release);
        self.largest.thread().unpark();
        let largest = self.largest.join().expect("the watch does not panic");
        largest.saturating_sub(self.first)
    }
}
