//! The memory that Linux allows this program.

use std::fs;
use std::path::{Path, PathBuf};

use super::MachineMemory;
use super::groups::{self, Group};

/// The least of the machine's memory, the limits of the control groups around this
/// program (both versions, each level), and its resource limits (`ulimit -v`, `-d`).
/// On systems other than Linux nothing is known.
///
/// ```
/// use warren_engine::{MachineMemory, SystemMemory};
///
/// # let root = tempfile::tempdir()?;
/// # std::fs::create_dir(root.path().join("proc"))?;
/// let meminfo = "MemTotal: 4194304 kB\nMemAvailable: 1048576 kB\n";
/// std::fs::write(root.path().join("proc/meminfo"), meminfo)?;
/// let memory = SystemMemory::below(root.path());
/// assert_eq!(memory.total(), Some(4 << 30));
/// assert_eq!(memory.available(), Some(1 << 30));
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct SystemMemory {
    meminfo: PathBuf,
    groups: Vec<Group>,
    /// Bytes that `ulimit` allows.
    limited: Option<u64>,
}

impl SystemMemory {
    /// Finds the files that tell the memory.
    pub fn find() -> SystemMemory {
        SystemMemory::below(Path::new("/"))
    }

    /// Finds the files below `root` in place of `/`.
    pub fn below(root: &Path) -> SystemMemory {
        let limits = fs::read_to_string(root.join("proc/self/limits")).unwrap_or_default();
        let limit = |name: &str| -> Option<u64> {
            let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        // Half of the address space is for slots, which are reserved at once. Code,
        // stacks and snapshots need a part of the other half.
        let of_address_space = limit("Max address space").map(|bytes| bytes / 4);
        let of_data = limit("Max data size").map(|bytes| bytes / 2);
        SystemMemory {
            meminfo: root.join("proc/meminfo"),
            groups: groups::all(root),
            limited: of_address_space.into_iter().chain(of_data).min(),
        }
    }

    /// Returns the bytes of one line of `/proc/meminfo`.
    fn meminfo(&self, name: &str) -> Option<u64> {
        let text = fs::read_to_string(&self.meminfo).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        kib.checked_mul(1024)
    }
}

impl MachineMemory for SystemMemory {
    fn total(&self) -> Option<u64> {
        let groups = self.groups.iter().filter_map(Group::limit);
        groups
            .chain(self.meminfo("MemTotal:"))
            .chain(self.limited)
            .min()
    }

    fn available(&self) -> Option<u64> {
        let groups = self.groups.iter().filter_map(Group::available);
        groups.chain(self.meminfo("MemAvailable:")).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_of_all_limits_counts() {
        let root = tempfile::tempdir().expect("a directory");
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            let parent = path.parent().expect("it is in a directory");
            fs::create_dir_all(parent).expect("can be made");
            fs::write(path, text).expect("can be written");
        };
        let read = || {
            let memory = SystemMemory::below(root.path());
            (memory.total(), memory.available())
        };
        assert_eq!(read(), (None, None));
        write(
            "proc/meminfo",
            "MemTotal:   4096 kB\nMemFree: 1 kB\nMemAvailable:    1024 kB\n",
        );
        assert_eq!(read(), (Some(4 << 20), Some(1 << 20)));
        write("proc/self/cgroup", "0::/a\n");
        write(
            "proc/self/mountinfo",
            "30 24 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        );
        write("sys/fs/cgroup/a/memory.max", "3145728\n");
        write("sys/fs/cgroup/a/memory.current", "3000000\n");
        assert_eq!(read(), (Some(3 << 20), Some(145_728)));
        write(
            "proc/self/limits",
            "Limit  Soft Limit  Hard Limit  Units\n\
             Max address space   unlimited  unlimited  bytes\n\
             Max data size   4194304   unlimited   bytes\n",
        );
        assert_eq!(read(), (Some(2 << 20), Some(145_728)));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_tells() {
        let memory = SystemMemory::find();
        let (total, available) = (memory.total(), memory.available());
        assert!(total.is_some_and(|bytes| bytes > 64 << 20), "{total:?}");
        assert!(available.is_some(), "{memory:?}");
    }
}
