//! Spawning a process: everything is in place before it runs, or nothing is.

use super::signal::check_message;
use super::{Kernel, already_registered};
use crate::account::Account;
use crate::error::Error;
use crate::execs::Callee;
use crate::far::FarPid;
use crate::host::Reservation;
use crate::message::Message;
use crate::name::check_name;
use crate::observe::Change;
use crate::process::{Birth, Process};
use crate::relation::Relation;
use crate::subscription::Subscription;
use crate::sync::Arc;
use crate::trace::Trace;
use crate::view::Origin;

/// The request for a new process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spawn<'a> {
    /// The spawner; absent if the embedder starts the process.
    pub parent: Option<&'a Arc<Process>>,
    /// The spawner, if it is a process of another node. Its ties to the new process are set
    /// on this side.
    pub far_parent: Option<&'a FarPid>,
    /// The ties of the new process to its parent.
    pub relation: Relation,
    /// True if the parent waits for the new process's outcome.
    pub exec: bool,
    /// A name, claimed in the same step.
    pub name: Option<&'a str>,
    /// Topics and encoded values of messages that come before all others; the
    /// parent is their sender.
    pub messages: &'a [(String, std::sync::Arc<[u8]>)],
    /// Cause of those messages, noted in each.
    pub trace: Option<Trace>,
    /// Bytes of the process's existence: its stack, its task, the pages that
    /// any code of its sort touches.
    pub base: u64,
    /// Bytes of arguments and context the process keeps; see
    /// [`Process::set_given`].
    pub given: u64,
    /// The code it runs and the caller it acts for, for introspection.
    pub origin: Option<&'a Origin>,
}

/// A new process, in the table and ready to be run.
#[derive(Debug)]
pub struct Spawned {
    /// The process.
    pub process: Arc<Process>,
    /// For an exec: the parent's subscription that yields the outcome, once.
    pub exec: Option<Subscription>,
}

/// Bytes of the kernel's own that a process takes: its state, its PID as text,
/// its entry in the table.
const OWN: u64 = 2 << 10;

impl Kernel {
    /// Makes a process in the room reserved in its host. When this returns, the process
    /// can be found and receives signals; the embedder starts its code
    /// afterwards. On an error nothing is left behind and the room is given
    /// back.
    ///
    /// # Errors
    /// `Invalid` for a text that cannot be a name or topic, a message too
    /// large, and a relation to a parent that is not given; `AlreadyExists` if
    /// the name is taken, details `{pid}`; `NotFound` if the parent has exited;
    /// `RateLimited` at a limit of the parent's, if the messages do not fit
    /// into one queue, or if the host or the runtime has no memory for the
    /// process; `Unavailable`, retryable, if the host was closed since the room was
    /// taken.
    pub fn spawn(&self, reservation: Reservation, spawn: Spawn<'_>) -> Result<Spawned, Error> {
        if let Some(name) = spawn.name {
            check_name(name)?;
        }
        let has_parent = spawn.parent.is_some() || (spawn.far_parent.is_some() && !spawn.exec);
        if !has_parent && (spawn.relation != Relation::default() || spawn.exec) {
            return Err(Error::invalid(
                "only a process can monitor, link to or wait for the process it spawns",
            ));
        }
        let birth = Birth {
            pid: self.next_pid(),
            parent: spawn.parent.map(|parent| parent.pid()),
            at: self.clock(),
            origin: spawn.origin.cloned(),
        };
        reservation.check()?;
        let (host, closings) = (Arc::clone(reservation.host()), reservation.closings());
        let account = Account::open(
            host.budget(),
            host.memory().process,
            spawn.base.saturating_add(OWN),
            spawn.given,
        );
        let account = account.map_err(|spent| spent.error(host.name(), "a new process"))?;
        let child = Arc::new(Process::new(birth, reservation, account));
        queue_first_messages(&child, &spawn)?;
        let name: Option<Arc<str>> = spawn.name.map(Arc::from);
        if let Some(name) = &name {
            child.add_name(name, false)?;
        }
        let exec = match spawn.parent {
            None => {
                self.publish_alone(name, &child, &spawn)?;
                None
            }
            Some(parent) => self.publish_child(parent, name, &child, &spawn)?,
        };
        if host.was_closed_since(closings) {
            // The caller that closed the host may have looked before this process could
            // be found. Fails only if the process has exited.
            let _ = self.terminate(&child);
        }
        self.counts.has_spawned();
        self.tell_of_start(&child, &spawn);
        Ok(Spawned {
            process: child,
            exec,
        })
    }

    fn tell_of_start(&self, child: &Process, spawn: &Spawn<'_>) {
        self.readers.tell(|| Change::Started {
            pid: child.text().into(),
            parent: match spawn.parent {
                Some(parent) => Some(parent.text().into()),
                None => spawn.far_parent.map(|parent| (&parent.text).into()),
            },
            definition: spawn.origin.map(|origin| Arc::clone(&origin.definition)),
        });
        if let Some(name) = spawn.name {
            self.readers.tell(|| Change::Named {
                pid: child.text().into(),
                name: name.into(),
            });
        }
    }

    fn publish_child(
        &self,
        parent: &Process,
        name: Option<Arc<str>>,
        child: &Arc<Process>,
        spawn: &Spawn<'_>,
    ) -> Result<Option<Subscription>, Error> {
        if spawn.relation == Relation::default() && !spawn.exec {
            return self.publish(name, child).map(|()| None);
        }
        // If the parent exits meanwhile, the news waits until the child can be
        // found.
        let _pair = self.pairs.lock(parent.pid(), child.pid());
        let callee = Callee {
            pid: child.pid(),
            process: Arc::<Process>::downgrade(child),
        };
        let exec = parent.try_with_state(|state, config| {
            state.adopt(callee, spawn.relation, spawn.exec, config)
        })?;
        child.with_state(|state| state.be_child(parent.pid(), spawn.relation, exec));
        self.publish(name, child)
            .inspect_err(|_| parent.with_state(|state| state.disown(child.pid(), exec)))?;
        Ok(exec)
    }

    /// Publishes a process whose parent is of another node, or absent.
    fn publish_alone(
        &self,
        name: Option<Arc<str>>,
        child: &Arc<Process>,
        spawn: &Spawn<'_>,
    ) -> Result<(), Error> {
        let Some(parent) = spawn.far_parent else {
            return self.publish(name, child);
        };
        self.be_child_of_far(child, parent, spawn.relation);
        self.publish(name, child)
            .inspect_err(|_| self.disowned_by_far(child, parent))
    }

    /// Publishes a process in the table, and under its name.
    fn publish(&self, name: Option<Arc<str>>, process: &Arc<Process>) -> Result<(), Error> {
        let insert = || self.table.insert(Arc::clone(process));
        match name {
            None => {
                insert();
                Ok(())
            }
            Some(name) => self
                .names
                .claim(Arc::clone(&name), process, insert)
                .map_err(|holder| already_registered(&name, &holder)),
        }
    }
}

fn queue_first_messages(child: &Process, spawn: &Spawn<'_>) -> Result<(), Error> {
    let far = spawn.far_parent.map(|parent| &*parent.text);
    let sender = spawn.parent.map(|parent| &**parent.text()).or(far);
    for (topic, payload) in spawn.messages {
        check_message(child.host(), sender, topic, payload)?;
        let message = match spawn.trace {
            Some(trace) => Message::traced(sender, topic, payload, trace),
            None => Message::new(sender, topic, payload),
        };
        child.deliver(topic, message, child.started())?;
    }
    Ok(())
}
