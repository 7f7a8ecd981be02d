//! Groups of processes.

use super::Kernel;
use crate::error::Error;
use crate::groups::{LABEL, Part, Position, Watched};
use crate::name::check_group;
use crate::pid::Pid;
use crate::process::Process;
use crate::subscription::Subscription;
use crate::sync::Arc;

impl Kernel {
    /// Adds a join of a process to a group. The first join makes the process a member,
    /// and tells the monitors so.
    ///
    /// # Errors
    /// `Invalid` for a text that cannot be a group's name; `NotFound` if the process has
    /// exited; `RateLimited` at `max_groups` of the process, at the groups of its host,
    /// or beyond the process's memory.
    pub fn join_group(&self, group: &str, process: &Arc<Process>) -> Result<(), Error> {
        check_group(group)?;
        self.groups.join(group, process, self.clock())
    }

    /// Undoes a join of a process. The last one ends the membership, and tells the
    /// monitors so. Returns false if the process is no member.
    ///
    /// # Errors
    /// `Invalid` for a text that cannot be a group's name.
    pub fn leave_group(&self, group: &str, process: &Process) -> Result<bool, Error> {
        check_group(group)?;
        Ok(self.groups.leave(group, process, self.clock()))
    }

    /// Returns up to `most` members of a group behind `after`, in the order of PIDs. A large
    /// group is read in parts, between which it may change.
    ///
    /// # Errors
    /// `Invalid` for a text that cannot be a group's name.
    pub fn group_members(
        &self,
        group: &str,
        after: Option<Pid>,
        most: usize,
    ) -> Result<Vec<Arc<Process>>, Error> {
        check_group(group)?;
        Ok(self.groups.members(group, after, most))
    }

    /// Returns groups with members whose names begin with `prefix`, and moves `position`
    /// on, which begins as its default. Each call looks at `most` groups at most, and may
    /// find none before the [end](Position::is_end).
    pub fn groups(&self, prefix: &str, position: &mut Position, most: usize) -> Vec<Arc<str>> {
        self.groups.names(prefix, position, most, false)
    }

    /// Returns groups as [`Kernel::groups`] does, but for those without members on this node.
    pub fn local_groups(
        &self,
        prefix: &str,
        position: &mut Position,
        most: usize,
    ) -> Vec<Arc<str>> {
        self.groups.names(prefix, position, most, true)
    }

    /// Returns the members of a group on other nodes, by the texts of their PIDs.
    ///
    /// # Errors
    /// `Invalid` for a text that cannot be a group's name.
    pub fn far_group_members(&self, group: &str) -> Result<Vec<Arc<str>>, Error> {
        check_group(group)?;
        Ok(self.groups.far_members(group))
    }

    /// Takes in the news that processes of another node are members of a group, or are not any
    /// more. Ignores a text that cannot be a group's name.
    pub fn far_group_changed(&self, group: &str, members: &[Arc<str>], is_member: bool) {
        if check_group(group).is_ok() {
            self.groups
                .far_changed(group, members, is_member, self.clock());
        }
    }

    /// Returns the number of members of a group.
    pub fn group_len(&self, group: &str) -> usize {
        self.groups.len_of(group)
    }

    /// Begins to tell a process of members that come and go, by items of a feed, which
    /// is opened. `hidden` bytes at the beginning of the groups' names are left out. The
    /// caller then reads the present members by [`Kernel::read_group_monitor`] to the
    /// end: they and the items have no gap.
    ///
    /// A feed that is full takes one item more, which says that changes were lost, and
    /// no others after it.
    ///
    /// # Errors
    /// `Invalid` for a text that cannot be a group's name; `RateLimited` at the monitors
    /// of the process's host; those of [`Process::open_feed`].
    pub fn monitor_groups(
        &self,
        watched: Watched<'_>,
        process: &Arc<Process>,
        hidden: usize,
    ) -> Result<Subscription, Error> {
        if let Watched::One(group) = watched {
            check_group(group)?;
        }
        let feed = process.open_feed(LABEL)?;
        let begun = self.groups.monitor(watched, process, feed, hidden);
        begun.inspect_err(|_| process.unlisten(feed))?;
        Ok(feed)
    }

    /// Returns up to `most` next members for a monitor. There are none for a
    /// monitor that has ended.
    pub fn read_group_monitor(
        &self,
        watched: Watched<'_>,
        process: Pid,
        feed: Subscription,
        most: usize,
    ) -> Part {
        self.groups.read_on(watched, (process, feed), most)
    }

    /// Ends a monitor of groups, but not its feed. Does nothing if there is none.
    pub fn unmonitor_groups(&self, watched: Watched<'_>, process: Pid, feed: Subscription) {
        self.groups.unmonitor(watched, (process, feed));
    }

    /// Returns the number of groups with members, and the number of their monitors.
    pub fn group_counts(&self) -> (usize, usize) {
        self.groups.counts()
    }
}
