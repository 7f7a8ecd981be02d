//! `groups.monitor`, `groups.monitor_all` and their end: the members of groups, and news
//! of every change since.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use warren_engine::capability::{Answer, Caller, Step};
use warren_kernel::{Error, Kernel, MAX_NAME_BYTES, Process, Subscription, Watched};
use warren_values::msgpack::{Full, Output};

use super::list::{ByGroup, Texts, bytes_of};
use super::{PART, check_prefix};
use crate::answer;
use crate::limit::check_subscriptions;
use crate::request::{Arguments, subscription};

const ACTION: &str = "pg.monitor";

pub(super) fn monitor(caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let group = arguments.text("group")?;
    let hidden = hidden(arguments.integer_or("hidden", 0)?)?;
    if group.len() <= MAX_NAME_BYTES {
        caller.permit(ACTION, group, &[])?;
    }
    let bytes = bytes_of(caller.kernel(), group);
    begin(
        caller,
        Groups::One(group.into()),
        hidden,
        bytes,
        Members::One(Texts::of_members()),
    )
}

pub(super) fn monitor_all(caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let prefix = Arguments::new(request)?.text_or_nil("prefix")?;
    let prefix = prefix.unwrap_or_default();
    check_prefix(prefix)?;
    caller.permit(ACTION, &format!("{prefix}*"), &[])?;
    begin(
        caller,
        Groups::Prefix(prefix.into()),
        prefix.len(),
        ByGroup::MOST,
        Members::Many(ByGroup::default()),
    )
}

pub(super) fn close(caller: &mut dyn Caller, request: &[u8]) -> Answer {
    let subscription = subscription(request)?;
    if let Some(open) = caller.kept().find::<OfProcess>() {
        open.close(subscription);
    }
    answer::write(|output| output.boolean(true))
}

/// Begins a monitor, and reads the present members, which take `bytes` bytes.
fn begin(
    caller: &mut dyn Caller,
    groups: Groups,
    hidden: usize,
    bytes: usize,
    members: Members,
) -> Result<Step, Error> {
    let (kernel, process) = (Arc::clone(caller.kernel()), Arc::clone(caller.process()));
    let open = caller.kept().state(|| OfProcess::new(&kernel, &process))?;
    let groups = Arc::new(groups);
    let subscription = open.open(&groups, hidden)?;
    let mut reading = Reading {
        begun: Begun {
            open,
            subscription,
            is_whole: false,
        },
        groups,
        hidden,
        members,
    };
    // A look at many groups goes through all shards, each of which may be empty.
    for _ in 0..PART {
        if !reading.part()? {
            return Ok(Step::Done(reading.answer()));
        }
        if reading.members.exceed_a_part() {
            break;
        }
    }
    Ok(Step::compute(bytes, move |progress| {
        loop {
            progress.check()?;
            if !reading.part()? {
                return reading.answer();
            }
        }
    }))
}

/// Reads how many bytes of names are left out.
fn hidden(bytes: i64) -> Result<usize, Error> {
    usize::try_from(bytes)
        .ok()
        .filter(|bytes| *bytes <= MAX_NAME_BYTES)
        .ok_or_else(|| Error::invalid(format!("hidden: {bytes} is not from 0 to {MAX_NAME_BYTES}")))
}

/// The groups of a monitor.
enum Groups {
    One(Box<str>),
    Prefix(Box<str>),
}

impl Groups {
    fn watched(&self) -> Watched<'_> {
        match self {
            Groups::One(group) => Watched::One(group),
            Groups::Prefix(prefix) => Watched::Prefix(prefix),
        }
    }
}

/// The members at the beginning of a monitor.
enum Members {
    One(Texts),
    Many(ByGroup),
}

impl Members {
    /// Returns true if the rest is read as work: after a part that did not end a group, or
    /// once many groups have more members than a part.
    fn exceed_a_part(&self) -> bool {
        match self {
            Members::One(_) => true,
            Members::Many(groups) => groups.len() > PART,
        }
    }

    fn write(&self, output: &mut Output) -> Result<(), Full> {
        match self {
            Members::One(members) => members.write(output),
            Members::Many(groups) => groups.write(output),
        }
    }
}

/// A monitor whose members are read.
struct Reading {
    begun: Begun,
    groups: Arc<Groups>,
    hidden: usize,
    members: Members,
}

/// A monitor that ends again unless its members were read to the end.
struct Begun {
    open: Arc<OfProcess>,
    subscription: Subscription,
    is_whole: bool,
}

impl Drop for Begun {
    fn drop(&mut self) {
        if !self.is_whole {
            self.open.close(self.subscription);
        }
    }
}

impl Reading {
    /// Reads the next members. Returns whether there may be more.
    fn part(&mut self) -> Result<bool, Error> {
        let OfProcess {
            kernel, process, ..
        } = &*self.begun.open;
        let (watched, feed) = (self.groups.watched(), self.begun.subscription);
        let part = kernel.read_group_monitor(watched, process.pid(), feed, PART);
        for (group, member) in part.members {
            let pid = Arc::clone(member.text());
            match &mut self.members {
                Members::One(members) => members.add(pid)?,
                Members::Many(groups) => {
                    groups.add(group.get(self.hidden..).unwrap_or_default(), pid)?;
                }
            }
        }
        for (group, pid) in part.far {
            match &mut self.members {
                Members::One(members) => members.add(pid)?,
                Members::Many(groups) => {
                    groups.add(group.get(self.hidden..).unwrap_or_default(), pid)?;
                }
            }
        }
        Ok(part.has_more)
    }

    fn answer(mut self) -> Answer {
        self.begun.is_whole = true;
        answer::write(|output| {
            output.array(2)?;
            output.integer(self.begun.subscription.0.into())?;
            self.members.write(output)
        })
    }
}

/// The monitors of one process. They end with this value.
struct OfProcess {
    kernel: Arc<Kernel>,
    process: Arc<Process>,
    open: Mutex<BTreeMap<Subscription, Arc<Groups>>>,
}

impl OfProcess {
    fn new(kernel: &Arc<Kernel>, process: &Arc<Process>) -> OfProcess {
        OfProcess {
            kernel: Arc::clone(kernel),
            process: Arc::clone(process),
            open: Mutex::default(),
        }
    }

    fn open(&self, groups: &Arc<Groups>, hidden: usize) -> Result<Subscription, Error> {
        let mut open = self.open.lock();
        check_subscriptions(&self.process, open.len(), "monitor")?;
        let watched = groups.watched();
        let subscription = self.kernel.monitor_groups(watched, &self.process, hidden)?;
        open.insert(subscription, Arc::clone(groups));
        Ok(subscription)
    }

    /// Ends a monitor. Does nothing for an unknown number.
    fn close(&self, subscription: Subscription) {
        let Some(groups) = self.open.lock().remove(&subscription) else {
            return;
        };
        self.end(subscription, &groups);
        self.process.unlisten(subscription);
    }

    fn end(&self, subscription: Subscription, groups: &Groups) {
        let (watched, pid) = (groups.watched(), self.process.pid());
        self.kernel.unmonitor_groups(watched, pid, subscription);
    }
}

impl Drop for OfProcess {
    fn drop(&mut self) {
        // The feeds end with the process or its code.
        let open = std::mem::take(self.open.get_mut());
        for (subscription, groups) in open {
            self.end(subscription, &groups);
        }
    }
}
