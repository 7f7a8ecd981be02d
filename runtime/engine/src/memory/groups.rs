//! The control groups that bound the memory of this program: of both versions, and at
//! each level, because each group is bounded by all groups around it.

use std::fs;
use std::path::{Path, PathBuf};

/// A control group: that of the program itself, or one around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    directory: PathBuf,
    version: Version,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

impl Version {
    /// Returns the files whose least number is the limit. Beyond `high` Linux slows
    /// the group down until it stands still.
    fn limits(self) -> &'static [&'static str] {
        match self {
            Version::One => &["memory.limit_in_bytes"],
            Version::Two => &["memory.max", "memory.high"],
        }
    }

    fn usage(self) -> &'static str {
        match self {
            Version::One => "memory.usage_in_bytes",
            Version::Two => "memory.current",
        }
    }

    /// Returns the lines of `memory.stat` for pages of files, which Linux takes back
    /// if it needs them.
    fn of_files(self) -> [&'static str; 2] {
        match self {
            Version::One => ["total_inactive_file", "total_active_file"],
            Version::Two => ["inactive_file", "active_file"],
        }
    }
}

impl Group {
    /// Returns the bytes that the group may use, if it has a limit.
    pub(super) fn limit(&self) -> Option<u64> {
        let limits = self.version.limits().iter();
        limits
            .filter_map(|file| number(&self.directory.join(file)))
            .min()
    }

    /// Returns the bytes that the group may still use, if it has a limit.
    pub(super) fn available(&self) -> Option<u64> {
        let limit = self.limit()?;
        let used = number(&self.directory.join(self.version.usage()))?;
        let stat = fs::read_to_string(self.directory.join("memory.stat")).unwrap_or_default();
        let of_files = self.version.of_files();
        let of_files = stat.lines().filter_map(|line| {
            let (name, bytes) = line.split_once(' ')?;
            of_files
                .contains(&name)
                .then(|| bytes.trim().parse().ok())?
        });
        let of_files: u64 = of_files.fold(0, u64::saturating_add);
        Some(limit.saturating_sub(used.saturating_sub(of_files)))
    }
}

/// Returns the groups of this program, read from the files below `root`: `/`, except
/// in tests.
pub(super) fn all(root: &Path) -> Vec<Group> {
    let own = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let mounts = fs::read_to_string(root.join("proc/self/mountinfo")).unwrap_or_default();
    let mut groups = Vec::new();
    for line in own.lines() {
        // hierarchy:controllers:path
        let mut fields = line.splitn(3, ':');
        let (Some(number), Some(controllers), Some(path)) =
            (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let version = match (number, controllers) {
            ("0", "") => Version::Two,
            _ if controllers.split(',').any(|name| name == "memory") => Version::One,
            _ => continue,
        };
        let mut readable = mounts.lines().filter_map(Mount::read);
        if let Some(mount) = readable.rfind(|mount| mount.has(version)) {
            groups.extend(
                mount
                    .levels(root, path)
                    .map(|directory| Group { directory, version }),
            );
        }
    }
    groups
}

/// One line of `/proc/self/mountinfo`.
struct Mount<'a> {
    /// The directory of the file system that is mounted.
    root: &'a str,
    /// The directory on which it is mounted.
    point: &'a str,
    kind: &'a str,
    options: &'a str,
}

impl<'a> Mount<'a> {
    fn read(line: &'a str) -> Option<Mount<'a>> {
        let (before, after) = line.split_once(" - ")?;
        let mut before = before.split(' ').skip(3);
        let mut after = after.split(' ');
        Some(Mount {
            root: before.next()?,
            point: before.next()?,
            kind: after.next()?,
            options: after.nth(1)?,
        })
    }

    fn has(&self, version: Version) -> bool {
        match version {
            Version::One => {
                self.kind == "cgroup" && self.options.split(',').any(|name| name == "memory")
            }
            Version::Two => self.kind == "cgroup2",
        }
    }

    /// Returns the directories of a group and of all visible groups around it. In a
    /// container only a part of the groups is mounted. A path outside that part stands
    /// for the outermost mounted group.
    fn levels(&self, root: &Path, path: &str) -> impl Iterator<Item = PathBuf> + use<> {
        let top = root.join(self.point.trim_start_matches('/'));
        let inside = path.strip_prefix(self.root.trim_end_matches('/'));
        let inside = inside.filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let inside = inside.filter(|rest| !rest.split('/').any(|part| part == ".."));
        let own = top.join(inside.unwrap_or_default().trim_start_matches('/'));
        let levels: Vec<_> = own
            .ancestors()
            .take_while(|level| level.starts_with(&top))
            .map(Path::to_owned)
            .collect();
        levels.into_iter()
    }
}

/// Reads the number in a file; `None` if it is `max`, or the file does not exist.
fn number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a directory");
        for (path, text) in files {
            let path = root.path().join(path);
            let parent = path.parent().expect("it is in a directory");
            fs::create_dir_all(parent).expect("can be made");
            fs::write(path, text).expect("can be written");
        }
        root
    }

    /// Returns the least limit, the least available bytes, and the number of groups.
    fn least(root: &tempfile::TempDir) -> (Option<u64>, Option<u64>, usize) {
        let groups = all(root.path());
        (
            groups.iter().filter_map(Group::limit).min(),
            groups.iter().filter_map(Group::available).min(),
            groups.len(),
        )
    }

    #[test]
    fn of_nested_groups_the_least_counts() {
        let root = root(&[
            ("proc/self/cgroup", "0::/shop/worker\n"),
            (
                "proc/self/mountinfo",
                "30 24 0:27 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n",
            ),
            ("sys/fs/cgroup/shop/worker/memory.max", "max\n"),
            ("sys/fs/cgroup/shop/worker/memory.current", "10\n"),
            ("sys/fs/cgroup/shop/memory.max", "5000\n"),
            ("sys/fs/cgroup/shop/memory.high", "4000\n"),
            ("sys/fs/cgroup/shop/memory.current", "3000\n"),
            (
                "sys/fs/cgroup/shop/memory.stat",
                "anon 7\nactive_file 200\ninactive_file 300\n",
            ),
        ]);
        assert_eq!(least(&root), (Some(4000), Some(1500), 3));
    }

    #[test]
    fn the_first_version_is_read_beside_the_second() {
        let root = root(&[
            ("proc/self/cgroup", "4:cpu,memory:/a/b\n2:cpuset:/c\n0::/\n"),
            (
                "proc/self/mountinfo",
                "30 24 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n\
                 31 24 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,cpu,memory\n",
            ),
            (
                "sys/fs/cgroup/memory/a/b/memory.limit_in_bytes",
                "9223372036854771712\n",
            ),
            ("sys/fs/cgroup/memory/a/b/memory.usage_in_bytes", "1\n"),
            ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "900\n"),
            ("sys/fs/cgroup/memory/a/memory.usage_in_bytes", "700\n"),
            (
                "sys/fs/cgroup/memory/a/memory.stat",
                "total_inactive_file 50\n",
            ),
        ]);
        assert_eq!(least(&root), (Some(900), Some(250), 4));
    }

    #[test]
    fn in_a_container_the_outermost_group_in_sight_counts() {
        for (path, mounted) in [("/docker/1234", "/docker/1234"), ("/../..", "/")] {
            let root = root(&[
                ("proc/self/cgroup", &format!("0::{path}\n")),
                (
                    "proc/self/mountinfo",
                    &format!("30 24 0:27 {mounted} /sys/fs/cgroup ro - cgroup2 cgroup rw\n"),
                ),
                ("sys/fs/cgroup/memory.max", "77\n"),
            ]);
            assert_eq!(least(&root), (Some(77), None, 1));
        }
    }

    #[test]
    fn without_groups_there_is_no_limit() {
        assert_eq!(least(&root(&[])), (None, None, 0));
        let odd = root(&[
            ("proc/self/cgroup", "nonsense\n0::/x\n"),
            ("proc/self/mountinfo", "too short - \n"),
        ]);
        assert_eq!(least(&odd), (None, None, 0));
    }
}
