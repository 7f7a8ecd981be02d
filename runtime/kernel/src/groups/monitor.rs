//! One monitor of groups, and its place in the order of members.

use std::task::Waker;

use super::news::{self, Kind, LABEL};
use super::position::Position;
use crate::host::Counted;
use crate::moment::Monotonic;
use crate::pid::Pid;
use crate::process::{Fed, Process};
use crate::subscription::Subscription;
use crate::sync::Arc;

/// Names a monitor: its process and the feed of the process.
pub(super) type Key = (Pid, Subscription);

/// A process that is told of changes in groups.
///
/// The members at the beginning of a monitor are read in parts. A change of a member
/// that was read is told; of another one the reader learns when it reads on. So no
/// change is told twice, and none is left out.
#[derive(Debug)]
pub(super) struct Monitor {
    process: Arc<Process>,
    subscription: Subscription,
    /// Bytes at the beginning of names that the process is not told.
    hidden: usize,
    /// The members before this place were read.
    pub(super) read: Position,
    state: State,
    _counted: Counted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The process was told of every change.
    Following,
    /// A change was lost, and the process is not told so yet.
    Behind,
    /// The process was told that changes were lost.
    Over,
}

/// A change, encoded for the monitors that are told of it.
pub(super) struct Change<'a> {
    pub(super) kind: Kind,
    pub(super) shard: usize,
    pub(super) group: &'a str,
    /// The place of the member among those of the group: behind all for one of another node.
    pub(super) place: Pid,
    /// The text of its PID.
    pub(super) member: &'a str,
    pub(super) now: Monotonic,
    /// The encoded change, and the number of bytes of the name that it hides: mostly all
    /// monitors hide the same number.
    encoded: Option<(usize, Vec<u8>)>,
}

impl<'a> Change<'a> {
    pub(super) fn new(
        kind: Kind,
        (shard, group): (usize, &'a str),
        (place, member): (Pid, &'a str),
        now: Monotonic,
    ) -> Change<'a> {
        Change {
            kind,
            shard,
            group,
            place,
            member,
            now,
            encoded: None,
        }
    }

    fn encoded(&mut self, hidden: usize) -> Option<&[u8]> {
        if self.encoded.as_ref().is_none_or(|(of, _)| *of != hidden) {
            let name = self.group.get(hidden..).unwrap_or_default();
            let encoded = news::change(self.kind, name, self.member)?;
            self.encoded = Some((hidden, encoded));
        }
        self.encoded.as_ref().map(|(_, encoded)| encoded.as_slice())
    }
}

impl Monitor {
    pub(super) fn new(
        process: &Arc<Process>,
        subscription: Subscription,
        hidden: usize,
        read: Position,
        counted: Counted,
    ) -> Monitor {
        Monitor {
            process: Arc::clone(process),
            subscription,
            hidden,
            read,
            state: State::Following,
            _counted: counted,
        }
    }

    /// Tells the process of a change, unless the process reads the member later. Returns
    /// the waker to call once no lock is held.
    pub(super) fn tell(&mut self, change: &mut Change<'_>) -> Option<Waker> {
        if !self
            .read
            .is_behind(change.shard, change.group, change.place)
        {
            return None;
        }
        let now = change.now;
        if self.state == State::Following {
            match change.encoded(self.hidden) {
                Some(item) => match self.feed(item, false, now) {
                    Fed::Queued(waker) => return waker,
                    Fed::Lost => self.state = State::Behind,
                },
                None => self.state = State::Behind,
            }
        }
        if self.state == State::Behind
            && let Some(item) = news::missed()
            && let Fed::Queued(waker) = self.feed(&item, true, now)
        {
            self.state = State::Over;
            return waker;
        }
        None
    }

    /// Adds an item to the feed. The last item may take the room that the others leave.
    fn feed(&self, item: &[u8], is_last: bool, now: Monotonic) -> Fed {
        self.process
            .feed_quietly(self.subscription, (LABEL, item), is_last, now)
    }
}
