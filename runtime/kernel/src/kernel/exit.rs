//! The end of a process, in two steps. First the process is no longer found and
//! its names are free. Once the embedder has returned its memory, its room is
//! freed, its memberships end and its peers are told. So a peer that hears of the end can reuse its
//! memory, room and names.

use super::Kernel;
use crate::account::Account;
use crate::events::Notice;
use crate::execs::Awaited;
use crate::far::FarEnd;
use crate::host::Reservation;
use crate::memberships::Memberships;
use crate::moment::Moment;
use crate::observe::Change;
use crate::outcome::Outcome;
use crate::pid::Pid;
use crate::process::Process;
use crate::state::{Caller, Doom, Remains};
use crate::sync::Arc;
use crate::ties::Ties;
use crate::totals::Ending;

/// The groups of a process that has exited. Dropping this ends the memberships.
#[derive(Debug)]
struct Leaving {
    kernel: Arc<Kernel>,
    process: Arc<Process>,
    groups: Memberships,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let (kernel, groups) = (&self.kernel, &self.groups);
        kernel.groups.release(groups, &self.process, kernel.clock());
    }
}

/// A process that has exited and whose peers were not told yet. Call
/// [`Exiting::finish`]: dropping this gives the room back and tells no one.
#[must_use = "nobody is told of the exit until it is finished"]
#[derive(Debug)]
pub struct Exiting(Option<Box<Unfinished>>);

#[derive(Debug)]
struct Unfinished {
    kernel: Arc<Kernel>,
    pid: Pid,
    text: Arc<str>,
    outcome: Arc<Outcome>,
    by_link: bool,
    ending: Ending,
    ties: Ties,
    callees: Vec<Awaited>,
    waited_for_by: Option<Caller>,
    /// Absent for a process without groups.
    leaving: Option<Leaving>,
    /// Account and reservation, held until the embedder has returned the memory.
    memory: (Account, Option<Reservation>),
}

impl Kernel {
    /// Takes the first step of a process's end. From here on every signal to
    /// the process is refused with `NotFound`, its names are free and its
    /// unread messages are gone.
    ///
    /// If the end was decided from outside before, that decision is the
    /// outcome, not the one given here. A value of more than `max_message` bytes
    /// becomes the error "result too large"; an error is cut. For a process
    /// that has exited already, this call and finishing it do nothing.
    pub fn exit(self: &Arc<Self>, process: &Arc<Process>, outcome: Outcome) -> Exiting {
        let Some((remains, reservation)) = process.exit() else {
            return Exiting(None);
        };
        let Remains {
            doom,
            ties,
            names,
            groups,
            callees,
            waited_for_by,
            account,
            unread,
        } = remains;
        self.table.remove(process.pid());
        if let Some(member) = self.member.get() {
            for name in names.iter() {
                member.forget_name(name, Some(process.pid()));
            }
        }
        self.names.release(&names, process);
        let (outcome, by_link, ending) = match doom {
            Some(doom) if doom.by_link => (doom.outcome, true, Ending::Linked),
            Some(doom) => (doom.outcome, false, Ending::Terminated),
            None => {
                let outcome = outcome.within(process.config().max_message);
                let ending = if outcome.is_failure() {
                    Ending::Failed
                } else {
                    Ending::Returned
                };
                (Arc::new(outcome), false, ending)
            }
        };
        self.counts.has_ended(ending);
        self.unread.note(process, &unread.0);
        let leaving = (groups.len() > 0).then(|| Leaving {
            kernel: Arc::clone(self),
            process: Arc::clone(process),
            groups,
        });
        Exiting(Some(Box::new(Unfinished {
            kernel: Arc::clone(self),
            pid: process.pid(),
            text: Arc::clone(process.text()),
            outcome,
            by_link,
            ending,
            ties,
            callees,
            waited_for_by,
            leaving,
            memory: (account, reservation),
        })))
    }
}

impl Exiting {
    /// Returns the outcome of the process; `None` if it had exited before.
    pub fn outcome(&self) -> Option<&Arc<Outcome>> {
        self.0.as_ref().map(|unfinished| &unfinished.outcome)
    }

    /// Returns whether the process failed by itself: it was neither terminated
    /// nor ended by a link, whatever its error says.
    pub fn failed_by_itself(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|unfinished| unfinished.ending == Ending::Failed)
    }

    /// Takes the second step, once the process's memory is returned. Frees its
    /// room, ends its memberships, then tells its links, its monitors and the process that waits for
    /// its outcome, and terminates the callees of its own execs. A linked
    /// process that does not trap links is doomed here and exits by its own
    /// task, so a chain of links is never a chain of calls.
    pub fn finish(self, now: Moment) {
        let Some(unfinished) = self.0 else { return };
        let Unfinished {
            kernel,
            pid,
            text,
            outcome,
            by_link,
            ending: _,
            ties,
            callees,
            waited_for_by,
            leaving,
            memory,
        } = *unfinished;
        drop(memory);
        drop(leaving);
        kernel.readers.tell(|| Change::Ended {
            pid: (&text).into(),
            outcome: Arc::clone(&outcome),
        });
        let doom = outcome
            .is_failure()
            .then(|| doom_of_peers(&outcome, by_link));
        let notice = Notice {
            pid,
            text,
            at: now.wall,
            outcome,
        };
        let mut absent = Vec::new();
        for peer in ties.into_peers() {
            let pair = kernel.pairs.lock(pid, peer);
            let Some(found) = kernel.table.find(peer) else {
                absent.push(peer);
                continue;
            };
            let waker = found.peer_exited(&notice, doom.as_ref());
            drop(pair);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
        if !absent.is_empty() {
            kernel.tell_other_nodes(&absent, &notice, by_link);
        }
        if let Some(caller) = waited_for_by
            && let Some(process) = kernel.table.find(caller.pid)
        {
            process.callee_exited(caller.subscription, pid, &notice.outcome);
        }
        for callee in callees {
            callee.end();
        }
    }
}

impl Kernel {
    /// Tells the processes of other nodes among absent peers of an end.
    #[cold]
    fn tell_other_nodes(&self, absent: &[Pid], notice: &Notice, by_link: bool) {
        let Some(member) = self.member.get() else {
            return;
        };
        for (node, told) in self.part_from_strangers(notice.pid, absent) {
            let end = FarEnd {
                pid: Arc::clone(&notice.text),
                at: notice.at,
                outcome: Arc::clone(&notice.outcome),
                by_link,
                told,
            };
            member.peers.ended(&node, end);
        }
    }
}

/// Returns the doom of linked peers that do not trap the failure of a process.
/// All peers share one, and so does a whole chain, however long.
fn doom_of_peers(outcome: &Arc<Outcome>, by_link: bool) -> Doom {
    Doom {
        outcome: if by_link {
            Arc::clone(outcome)
        } else {
            Arc::new(outcome.of_linked_peer())
        },
        by_link: true,
    }
}

#[cfg(test)]
mod tests;
