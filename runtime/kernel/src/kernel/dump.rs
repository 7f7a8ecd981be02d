//! The kernel's whole state, as text.

use std::fmt::Write as _;

use super::Kernel;
use crate::sync::atomic::Ordering;

impl Kernel {
    /// Returns the kernel's whole state as text: hosts, names, groups, and the
    /// state of each process. Two dumps are equal if nothing happened between them, and
    /// differ if anything did. For tests and for looking at a hung program; the
    /// form is not stable.
    pub fn dump(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = writeln!(text, "last pid {}", self.last_pid.load(Ordering::Relaxed));
        for host in self.hosts() {
            let _ = writeln!(text, "host {} live {}", host.name(), host.live());
        }
        for (name, holder) in self.names.all() {
            let _ = writeln!(text, "name {name} {}", holder.text());
        }
        self.groups.visit(|group, member, joins| {
            let _ = writeln!(text, "group {group} {} joins {joins}", member.text());
        });
        let (groups, monitors) = self.groups.counts();
        let _ = writeln!(text, "groups {groups} monitors {monitors}");
        for process in self.processes() {
            let _ = writeln!(text, "process {}\n{}", process.text(), process.state_text());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use crate::{HostConfig, Kernel, Spawn};

    #[test]
    fn equal_until_something_happens() {
        let kernel = Kernel::new();
        let host = kernel.add_host("a:b", HostConfig::default()).unwrap();
        let spawn = || {
            let room = host.reserve().unwrap();
            kernel.spawn(room, Spawn::default()).unwrap().process
        };
        let (one, other) = (spawn(), spawn());
        assert_eq!(kernel.dump(), kernel.dump());
        let changes: [(&str, &dyn Fn()); 8] = [
            ("message", &|| {
                kernel.send(None, &one, "t", b"\x90").unwrap()
            }),
            ("name", &|| kernel.register("n", &one).unwrap()),
            ("group", &|| kernel.join_group("g", &one).unwrap()),
            ("second join", &|| kernel.join_group("g", &one).unwrap()),
            ("monitor", &|| kernel.monitor(&one, &other).unwrap()),
            ("link", &|| kernel.link(&one, &other).unwrap()),
            ("doom", &|| kernel.terminate(&one).unwrap()),
            ("room", &|| drop(host.reserve().map(std::mem::forget))),
        ];
        for (what, change) in changes {
            let before = kernel.dump();
            change();
            assert_ne!(before, kernel.dump(), "{what}");
        }
    }
}
