//! The memory of an OS process.

use std::fs;

use anyhow::{Context, Result};

/// Bytes of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resident {
    /// Pages in memory, each counted once however often it is mapped: a page of
    /// a snapshot that thousands of instances read is one page.
    pub(crate) pages: u64,
    /// The tables that map them, which no other figure of the kernel contains.
    pub(crate) tables: u64,
}

impl Resident {
    /// Returns the memory of a running process.
    ///
    /// # Errors
    /// The files of `/proc` cannot be read, as on a system that is not Linux.
    pub(crate) fn of(os_pid: u32) -> Result<Resident> {
        Ok(Resident {
            pages: bytes(&format!("/proc/{os_pid}/smaps_rollup"), "Pss:")?,
            tables: bytes(&format!("/proc/{os_pid}/status"), "VmPTE:")?,
        })
    }

    /// Returns each process's share of the growth since an earlier point.
    pub(crate) fn each_since(self, earlier: Resident, number: u32) -> Share {
        let share = |now: u64, before: u64| (now as f64 - before as f64) / f64::from(number);
        Share {
            pages: share(self.pages, earlier.pages),
            tables: share(self.tables, earlier.tables),
        }
    }
}

/// Returns the machine's available memory, in bytes.
///
/// # Errors
/// As for [`Resident::of`].
pub(crate) fn available() -> Result<u64> {
    bytes("/proc/meminfo", "MemAvailable:")
}

/// One of many processes' share, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    pub(crate) pages: f64,
    pub(crate) tables: f64,
}

fn bytes(path: &str, label: &str) -> Result<u64> {
    let text = fs::read_to_string(path).with_context(|| format!("{path} cannot be read"))?;
    field(&text, label).with_context(|| format!("{path} has no {label}"))
}

/// Reads a line such as `Pss:    1234 kB`.
fn field(text: &str, label: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(label))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_read() {
        let text = "Rss:     99 kB\nPss:     12 kB\nPss_Anon:  7 kB\n";
        assert_eq!(field(text, "Pss:"), Some(12 * 1024));
        assert_eq!(field(text, "Swap:"), None);
    }

    #[test]
    fn touched_pages_are_seen() {
        let before = Resident::of(std::process::id()).expect("this is Linux");
        let touched = std::hint::black_box(vec![1_u8; 32 << 20]);
        let after = Resident::of(std::process::id()).expect("this is Linux");
        let share = after.each_since(before, 32);
        assert!(share.pages > 900_000.0, "{share:?}");
        drop(touched);
    }
}
