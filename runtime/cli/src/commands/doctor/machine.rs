//! The machine's limits, as `/proc` and the control groups state them.

use std::fs;
use std::path::{Path, PathBuf};

use warren::requirements::{MachineMemory, SystemMemory};

/// The limits of this process and the system it runs on. Unreadable limits are
/// absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Machine {
    /// `vm.max_map_count`.
    pub(super) max_map_count: Option<u64>,
    /// `vm.overcommit_memory`: 0, 1 or 2.
    pub(super) overcommit: Option<u64>,
    /// Bytes of memory that this program may use: the machine's, or those the
    /// control groups around it and its resource limits allow.
    pub(super) memory: Option<u64>,
    /// Bytes of memory still available.
    pub(super) available: Option<u64>,
    /// Threads and processes the control group may still add.
    pub(super) group_tasks: Option<u64>,
    /// Bytes of address space (`ulimit -v`).
    pub(super) address_space: Limit,
    /// Files that may be open (`ulimit -n`).
    pub(super) open_files: Limit,
}

/// A limit of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Limit {
    /// The limit could not be read.
    #[default]
    Unknown,
    Unlimited,
    Is(u64),
}

impl Machine {
    /// Reads all limits from the files below a root, which is `/`.
    pub(super) fn read(root: &Path) -> Machine {
        let limits = fs::read_to_string(root.join("proc/self/limits")).unwrap_or_default();
        let group = group(root);
        let memory = SystemMemory::below(root);
        let left = |max: &str, used: &str| {
            let group = group.as_ref()?;
            let max = number(&group.join(max))?;
            Some(max.saturating_sub(number(&group.join(used)).unwrap_or(0)))
        };
        Machine {
            max_map_count: number(&root.join("proc/sys/vm/max_map_count")),
            overcommit: number(&root.join("proc/sys/vm/overcommit_memory")),
            memory: memory.total(),
            available: memory.available(),
            group_tasks: left("pids.max", "pids.current"),
            address_space: limit(&limits, "Max address space"),
            open_files: limit(&limits, "Max open files"),
        }
    }
}

/// Returns the directory of this process's control group (version 2).
fn group(root: &Path) -> Option<PathBuf> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let path = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    Some(
        root.join("sys/fs/cgroup")
            .join(path.trim_start_matches('/')),
    )
}

/// Returns the number in a file; `None` if it is `max`, or missing.
fn number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Returns the soft limit in a line of `/proc/self/limits`.
fn limit(limits: &str, name: &str) -> Limit {
    let line = limits.lines().find_map(|line| line.strip_prefix(name));
    match line.and_then(|line| line.split_whitespace().next()) {
        Some("unlimited") => Limit::Unlimited,
        Some(value) => value.parse().map_or(Limit::Unknown, Limit::Is),
        None => Limit::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_read() {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("proc/sys/vm/max_map_count", "65530\n"),
            ("proc/sys/vm/overcommit_memory", "2\n"),
            ("proc/meminfo", "MemTotal: 9 kB\nMemAvailable:    4 kB\n"),
            (
                "proc/self/limits",
                "Limit  Soft Limit  Hard Limit  Units\nMax address space   4096  unlimited  bytes\nMax open files   unlimited   2   files\n",
            ),
            ("proc/self/cgroup", "0::/a/b\n"),
            (
                "proc/self/mountinfo",
                "30 24 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
            ),
            ("sys/fs/cgroup/a/b/memory.max", "3000\n"),
            ("sys/fs/cgroup/a/b/memory.current", "1000\n"),
            ("sys/fs/cgroup/a/b/pids.max", "max\n"),
        ] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let machine = Machine::read(root.path());
        let expected = Machine {
            max_map_count: Some(65_530),
            overcommit: Some(2),
            // A quarter of the address space.
            memory: Some(1024),
            available: Some(2000),
            group_tasks: None,
            address_space: Limit::Is(4096),
            open_files: Limit::Unlimited,
        };
        assert_eq!(machine, expected);
    }

    #[test]
    fn unreadable_limits_are_absent() {
        let nothing = tempfile::tempdir().unwrap();
        assert_eq!(Machine::read(nothing.path()), Machine::default());
    }
}
