//! Links, monitors and children, seen from one of the two sides.

use super::{Caller, State, memory};
use crate::execs::{Awaited, Callee};
use crate::host::HostConfig;
use crate::pid::Pid;
use crate::refusal::Refusal;
use crate::relation::Relation;
use crate::subscription::Subscription;
use crate::ties::Tie;

impl State {
    /// Adds a link. Returns whether it is new.
    pub(crate) fn link(&mut self, peer: Pid, config: &HostConfig) -> Result<bool, Refusal> {
        self.check_alive()?;
        let tie = self.ties.with(peer);
        if tie.linked {
            return Ok(false);
        }
        self.check_room_for_link(config)?;
        self.account.admit(memory::PEER + memory::TIE)?;
        self.set_tie(
            peer,
            Tie {
                linked: true,
                ..tie
            },
        );
        Ok(true)
    }

    /// Removes a link and nothing else.
    pub(crate) fn remove_link(&mut self, peer: Pid) {
        let tie = self.ties.with(peer);
        self.set_tie(
            peer,
            Tie {
                linked: false,
                ..tie
            },
        );
    }

    /// Removes a link, and unread news of its failure. Returns whether there
    /// was a link.
    pub(crate) fn unlink(&mut self, peer: Pid) -> bool {
        let linked = self.ties.with(peer).linked;
        self.remove_link(peer);
        self.events.drop_link_down(peer);
        self.recount();
        linked
    }

    /// Begins to watch a peer. Returns whether it was not watched before.
    pub(crate) fn monitor(&mut self, peer: Pid, config: &HostConfig) -> Result<bool, Refusal> {
        self.check_alive()?;
        let tie = self.ties.with(peer);
        if tie.monitors {
            return Ok(false);
        }
        self.check_room_for_monitor(config)?;
        self.account.admit(memory::PEER + memory::TIE)?;
        self.set_tie(
            peer,
            Tie {
                monitors: true,
                ..tie
            },
        );
        Ok(true)
    }

    /// Stops watching a peer and nothing else.
    pub(crate) fn remove_monitor(&mut self, peer: Pid) {
        let tie = self.ties.with(peer);
        self.set_tie(
            peer,
            Tie {
                monitors: false,
                ..tie
            },
        );
    }

    /// Stops watching a peer, and drops unread news of its end.
    pub(crate) fn unmonitor(&mut self, peer: Pid) {
        self.remove_monitor(peer);
        self.events.drop_exit(peer);
        self.recount();
    }

    /// Returns the process that the latest unread news of an end with this text is about.
    pub(crate) fn told_of(&self, text: &str) -> Option<Pid> {
        self.events.told_of(text)
    }

    /// Records whether a peer watches this process.
    pub(crate) fn set_monitored(&mut self, by: Pid, monitored: bool) -> Result<(), Refusal> {
        self.check_alive()?;
        let tie = self.ties.with(by);
        if monitored && !tie.monitored {
            self.account.admit(memory::PEER)?;
        }
        self.set_tie(by, Tie { monitored, ..tie });
        Ok(())
    }

    /// Ties this process to a child that does not run yet, and reserves the
    /// subscription that will yield its outcome.
    pub(crate) fn adopt(
        &mut self,
        child: Callee,
        relation: Relation,
        exec: bool,
        config: &HostConfig,
    ) -> Result<Option<Subscription>, Refusal> {
        self.check_alive()?;
        if relation.linked {
            self.check_room_for_link(config)?;
        }
        if relation.monitored {
            self.check_room_for_monitor(config)?;
        }
        if exec && self.execs.len() >= config.max_execs {
            return Err(Refusal::TooMany("max_execs", config.max_execs));
        }
        self.account
            .admit(memory::PEER + 2 * memory::TIE + memory::EXEC)?;
        self.ties.set(child.pid, Tie::to_child(relation));
        let subscription = exec.then(|| {
            let subscription = self.allocate();
            self.execs.start(subscription, Awaited::Callee(child));
            subscription
        });
        self.recount();
        Ok(subscription)
    }

    /// Ties the child to its parent: the other side of [`State::adopt`].
    pub(crate) fn be_child(&mut self, parent: Pid, relation: Relation, exec: Option<Subscription>) {
        self.set_tie(parent, Tie::to_parent(relation));
        self.waited_for_by = exec.map(|subscription| Caller {
            pid: parent,
            subscription,
        });
    }

    /// Removes all ties to a peer.
    pub(crate) fn remove_tie(&mut self, peer: Pid) {
        self.set_tie(peer, Tie::default());
    }

    /// Undoes [`State::adopt`] for a child that does not come to life.
    pub(crate) fn disown(&mut self, child: Pid, exec: Option<Subscription>) {
        self.ties.cut(child);
        if let Some(subscription) = exec {
            self.execs.undo(subscription);
        }
        self.recount();
    }

    /// Ends an exec whose outcome is no longer wanted. Returns its callee or
    /// work if it still runs.
    pub(crate) fn abandon_exec(&mut self, subscription: Subscription) -> Option<Awaited> {
        let callee = self.execs.abandon_one(subscription);
        self.recount();
        callee
    }

    fn set_tie(&mut self, peer: Pid, tie: Tie) {
        self.ties.set(peer, tie);
        self.recount();
    }

    fn check_room_for_link(&self, config: &HostConfig) -> Result<(), Refusal> {
        let used = self.ties.links() + self.events.link_downs();
        if used < config.max_links {
            Ok(())
        } else {
            Err(Refusal::TooMany("max_links", config.max_links))
        }
    }

    fn check_room_for_monitor(&self, config: &HostConfig) -> Result<(), Refusal> {
        let used = self.ties.monitors() + self.events.exits();
        if used < config.max_monitors {
            Ok(())
        } else {
            Err(Refusal::TooMany("max_monitors", config.max_monitors))
        }
    }
}
