//! The memory of a command and of its machine while the command runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Reads a number of bytes of `/proc/PID/status`; `None` once the process has ended.
pub(crate) fn of(pid: u32, field: &str) -> Option<u64> {
    read(&format!("/proc/{pid}/status"), field)
}

fn read(path: &str, field: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    let kib = line.trim().strip_suffix(" kB")?;
    Some(1024 * kib.parse::<u64>().ok()?)
}

/// The field with the memory that a process has for itself. Pages of files are left out:
/// the system maps as many pages of a code file around one that is touched as it happens
/// to have at hand, for each instance anew.
pub(crate) const OWN: &str = "RssAnon:";

/// The field with what the system has moved out of that memory to a disk.
const SWAPPED: &str = "VmSwap:";

/// Watches the memory that a command has for itself, and the memory that the machine has
/// left. The system keeps no peak of either, so both are read every few milliseconds.
#[derive(Debug)]
pub struct MemoryWatch {
    is_over: Arc<AtomicBool>,
    first: u64,
    peak: JoinHandle<Peak>,
}

/// The largest demand for memory during a watch, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peak {
    /// Memory of the command for itself, swapped or not.
    pub own: u64,
    /// Least memory that the machine had available.
    pub available: u64,
}

impl MemoryWatch {
    pub(crate) fn start(pid: u32) -> MemoryWatch {
        const PAUSE: Duration = Duration::from_millis(5);
        let is_over = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&is_over);
        let peak = thread::spawn(move || {
            let mut peak = Peak {
                own: 0,
                available: u64::MAX,
            };
            while !stop.load(Ordering::Acquire)
                && let Some(bytes) = own(pid)
            {
                peak.own = peak.own.max(bytes);
                peak.available = peak.available.min(available());
                thread::park_timeout(PAUSE);
            }
            peak
        });
        MemoryWatch {
            is_over,
            first: own(pid).expect("it has not ended"),
            peak,
        }
    }

    /// Ends the watch, and returns the bytes by which the memory was larger than at first.
    pub fn grown(self) -> u64 {
        let first = self.first;
        self.end().own.saturating_sub(first)
    }

    /// Ends the watch, and returns the peak.
    pub fn end(self) -> Peak {
        self.is_over.store(true, Ordering::Release);
        self.peak.thread().unpark();
        self.peak.join().expect("the watch does not panic")
    }
}

/// Returns the memory of the machine, in bytes.
pub fn total() -> u64 {
    machine("MemTotal:")
}

fn available() -> u64 {
    machine("MemAvailable:")
}

fn own(pid: u32) -> Option<u64> {
    Some(of(pid, OWN)? + of(pid, SWAPPED)?)
}

fn machine(field: &str) -> u64 {
    read("/proc/meminfo", field).expect("this is Linux")
}
