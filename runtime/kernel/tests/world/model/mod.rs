//! The kernel's promises, in the plainest form: one thread, one list of
//! messages per process, global sets of links and monitors, no care for speed.

mod process;

use std::collections::{BTreeMap, BTreeSet};

use warren_kernel::{HostConfig, Kind, Relation};

/// A process of the model: its index in `Model::processes`.
pub(crate) type Id = usize;

pub(crate) const INBOX: u32 = 1;
pub(crate) const EVENTS: u32 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Live,
    /// Between the two steps of an exit.
    Exiting,
    Gone,
}

/// The reason for a refusal: the kind of error, and the limit or queue it
/// names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct No(pub(crate) Kind, pub(crate) Option<String>);

/// The result of a receive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Message {
        from: Option<Id>,
        topic: String,
        payload: Vec<u8>,
    },
    Cancel {
        from: Option<Id>,
        at: i64,
        deadline: Option<i64>,
    },
    Exit {
        from: Id,
        at: i64,
        outcome: String,
    },
    LinkDown {
        from: Id,
        at: i64,
        outcome: String,
    },
    Exec(String),
}

#[derive(Debug)]
struct Mail {
    /// The subscription that can read the message; 0 while it is unclaimed.
    at: u32,
    bytes: usize,
    item: Item,
}

#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) phase: Phase,
    pub(crate) trap: bool,
    pub(crate) inbox: bool,
    pub(crate) events: bool,
    pub(crate) listeners: BTreeMap<u32, String>,
    mail: Vec<Mail>,
    news: Vec<Item>,
    /// The callee and, once it ended, its outcome.
    pub(crate) execs: BTreeMap<u32, (Id, Option<String>)>,
    waited_for_by: Option<(Id, u32)>,
    next_subscription: u32,
    /// The outcome decided from outside, and whether a link decided it.
    pub(crate) doom: Option<(String, bool)>,
    pub(crate) deadline: Option<u64>,
    interest: Vec<u32>,
    pub(crate) wakes: usize,
    outcome: Option<(String, bool)>,
    abandoned: Vec<Id>,
}

#[derive(Debug)]
pub(crate) struct Model {
    config: HostConfig,
    pub(crate) processes: Vec<Process>,
    pub(crate) names: BTreeMap<String, Id>,
    /// The joins of each member, by group.
    pub(crate) joins: BTreeMap<(String, Id), u64>,
    /// Each link once, the lower id first.
    pub(crate) links: BTreeSet<(Id, Id)>,
    /// Pairs of a monitoring process and the process it watches.
    pub(crate) monitors: BTreeSet<(Id, Id)>,
}

/// The request of a spawn.
#[derive(Debug)]
pub(crate) struct Birth {
    pub(crate) parent: Option<Id>,
    pub(crate) relation: Relation,
    pub(crate) exec: bool,
    pub(crate) name: Option<String>,
    pub(crate) messages: Vec<(String, Vec<u8>)>,
}

impl Model {
    pub(crate) fn new(config: HostConfig) -> Self {
        Model {
            config,
            processes: Vec::new(),
            names: BTreeMap::new(),
            joins: BTreeMap::new(),
            links: BTreeSet::new(),
            monitors: BTreeSet::new(),
        }
    }

    /// Processes that hold room.
    pub(crate) fn places(&self) -> usize {
        let holds = |process: &&Process| process.phase != Phase::Gone;
        self.processes.iter().filter(holds).count()
    }

    pub(crate) fn live(&self) -> Vec<Id> {
        (0..self.processes.len())
            .filter(|&id| self.is_live(id))
            .collect()
    }

    pub(crate) fn spawn(&mut self, birth: Birth, text_bytes: usize) -> Result<Option<u32>, No> {
        if self.places() >= self.config.max_processes {
            return Err(limit("max_processes"));
        }
        let child = self.processes.len();
        self.processes.push(Process::new());
        for (topic, payload) in &birth.messages {
            let sent = self.send(birth.parent, child, topic, payload, text_bytes);
            if let Err(no) = sent {
                self.processes.pop();
                return Err(no);
            }
        }
        let born = self.be_born(child, &birth);
        if born.is_err() {
            self.processes.pop();
        }
        born
    }

    fn be_born(&mut self, child: Id, birth: &Birth) -> Result<Option<u32>, No> {
        if let Some(parent) = birth.parent {
            if birth.relation.linked {
                self.room_for_link(parent)?;
            }
            if birth.relation.monitored {
                self.room_for_monitor(parent)?;
            }
            if birth.exec && self.processes[parent].execs.len() >= self.config.max_execs {
                return Err(limit("max_execs"));
            }
        }
        if let Some(name) = &birth.name {
            // The number an exec would have had is not given out again.
            if self.names.contains_key(name) {
                if let Some(parent) = birth.parent.filter(|_| birth.exec) {
                    self.processes[parent].next_subscription += 1;
                }
                return Err(no(Kind::AlreadyExists));
            }
            self.names.insert(name.clone(), child);
        }
        let Some(parent) = birth.parent else {
            return Ok(None);
        };
        if birth.relation.linked {
            self.links.insert(pair(parent, child));
        }
        if birth.relation.monitored {
            self.monitors.insert((parent, child));
        }
        Ok(birth.exec.then(|| {
            let number = self.processes[parent].allocate();
            self.processes[parent].execs.insert(number, (child, None));
            self.processes[child].waited_for_by = Some((parent, number));
            number
        }))
    }

    pub(crate) fn send(
        &mut self,
        from: Option<Id>,
        to: Id,
        topic: &str,
        payload: &[u8],
        text_bytes: usize,
    ) -> Result<(), No> {
        if topic.is_empty() || topic.starts_with('@') {
            return Err(no(Kind::Invalid));
        }
        if topic.len() + payload.len() > self.config.max_message {
            return Err(limit_of(Kind::Invalid, "max_message"));
        }
        self.alive(to)?;
        let queue = self.config.queue;
        let process = &mut self.processes[to];
        let listener = process.listeners.iter().find(|(_, of)| *of == topic);
        let (at, name) = match listener {
            Some((number, _)) => (*number, topic),
            None if process.inbox => (INBOX, "inbox"),
            None => (0, "unclaimed"),
        };
        let bytes = 12 + from.map_or(0, |_| text_bytes) + topic.len() + payload.len();
        let there = process.mail.iter().filter(|mail| mail.at == at);
        let (count, sum) = there.fold((0, 0), |(count, sum), mail| (count + 1, sum + mail.bytes));
        if count >= queue.messages || sum + bytes > queue.bytes {
            return Err(limit(name));
        }
        process.mail.push(Mail {
            at,
            bytes,
            item: Item::Message {
                from,
                topic: topic.to_owned(),
                payload: payload.to_owned(),
            },
        });
        process.readable(at);
        Ok(())
    }

    pub(crate) fn monitor(&mut self, who: Id, target: Id) -> Result<(), No> {
        if who == target {
            return Err(no(Kind::Invalid));
        }
        if !self.monitors.contains(&(who, target)) {
            self.room_for_monitor(who)?;
        }
        self.alive(target)?;
        self.monitors.insert((who, target));
        Ok(())
    }

    pub(crate) fn unmonitor(&mut self, who: Id, target: Id) {
        self.monitors.remove(&(who, target));
        self.processes[who]
            .news
            .retain(|item| !matches!(item, Item::Exit { from, .. } if *from == target));
    }

    pub(crate) fn link(&mut self, who: Id, target: Id) -> Result<(), No> {
        if who == target {
            return Err(no(Kind::Invalid));
        }
        if !self.links.contains(&pair(who, target)) {
            self.room_for_link(who)?;
            self.alive(target)?;
            self.room_for_link(target)?;
        }
        self.alive(target)?;
        self.links.insert(pair(who, target));
        Ok(())
    }

    pub(crate) fn unlink(&mut self, who: Id, target: Id) {
        self.links.remove(&pair(who, target));
        self.processes[who]
            .news
            .retain(|item| !matches!(item, Item::LinkDown { from, .. } if *from == target));
    }

    pub(crate) fn terminate(&mut self, target: Id) -> Result<(), No> {
        self.alive(target)?;
        self.processes[target].doom("f:process terminated", false);
        Ok(())
    }

    pub(crate) fn cancel(
        &mut self,
        from: Option<Id>,
        target: Id,
        at: i64,
        deadline: Option<i64>,
        enforced: Option<u64>,
    ) -> Result<(), No> {
        self.alive(target)?;
        let process = &mut self.processes[target];
        let wakes = process.wakes;
        let new = Item::Cancel { from, at, deadline };
        let waiting = process.news.iter_mut().find_map(|item| match item {
            Item::Cancel { deadline, .. } => Some((*deadline, item)),
            _ => None,
        });
        match waiting {
            None => process.tell(new),
            Some((present, item)) => {
                let later = |deadline: Option<i64>| deadline.unwrap_or(i64::MAX);
                if later(deadline) < later(present) {
                    *item = new;
                }
            }
        }
        if enforced.is_some_and(|new| process.deadline.is_none_or(|present| new < present)) {
            process.deadline = enforced;
            process.wakes = wakes + 1;
        }
        Ok(())
    }

    pub(crate) fn register(&mut self, name: &str, target: Id) -> Result<(), No> {
        match self.names.get(name) {
            Some(&holder) if holder != target => return Err(no(Kind::AlreadyExists)),
            Some(_) => return self.alive(target),
            None => self.alive(target)?,
        }
        if self.names.values().filter(|&&id| id == target).count() >= self.config.max_names {
            return Err(limit("max_names"));
        }
        self.names.insert(name.to_owned(), target);
        Ok(())
    }

    pub(crate) fn join(&mut self, group: &str, target: Id) -> Result<(), No> {
        self.alive(target)?;
        let key = (group.to_owned(), target);
        let of_target = self.joins.keys().filter(|(_, id)| *id == target).count();
        if !self.joins.contains_key(&key) && of_target >= self.config.max_groups {
            return Err(limit("max_groups"));
        }
        *self.joins.entry(key).or_default() += 1;
        Ok(())
    }

    pub(crate) fn leave(&mut self, group: &str, target: Id) -> bool {
        let key = (group.to_owned(), target);
        let Some(joins) = self.joins.get_mut(&key) else {
            return false;
        };
        *joins -= 1;
        if *joins == 0 {
            self.joins.remove(&key);
        }
        true
    }

    pub(crate) fn upgrade(&mut self, who: Id) {
        let process = &mut self.processes[who];
        process.interest.clear();
        process.inbox = false;
        process.events = false;
        process.listeners.clear();
        process.mail.iter_mut().for_each(|mail| mail.at = 0);
        let abandoned = std::mem::take(&mut process.execs);
        self.terminate_running(abandoned);
    }

    pub(crate) fn exit(&mut self, who: Id, outcome: String) {
        self.names.retain(|_, holder| *holder != who);
        let process = &mut self.processes[who];
        process.phase = Phase::Exiting;
        process.outcome = Some(process.doom.clone().unwrap_or((outcome, false)));
        process.mail.clear();
        process.news.clear();
        process.deadline = None;
        let execs = std::mem::take(&mut process.execs);
        process.abandoned = execs
            .into_values()
            .filter(|(_, outcome)| outcome.is_none())
            .map(|(callee, _)| callee)
            .collect();
    }

    pub(crate) fn finish(&mut self, who: Id, at: i64) {
        self.processes[who].phase = Phase::Gone;
        self.joins.retain(|(_, member), _| *member != who);
        let Some((outcome, by_link)) = self.processes[who].outcome.clone() else {
            return;
        };
        let passed_on = match (by_link, outcome.strip_prefix("f:")) {
            (false, Some(message)) => format!("f:linked process failed: {message}"),
            _ => outcome.clone(),
        };
        for peer in self.live() {
            let wakes = self.processes[peer].wakes;
            let linked = self.links.contains(&pair(who, peer));
            if linked && outcome.starts_with("f:") {
                if self.processes[peer].trap {
                    let outcome = outcome.clone();
                    self.processes[peer].tell(Item::LinkDown {
                        from: who,
                        at,
                        outcome,
                    });
                } else {
                    self.processes[peer].doom(&passed_on, true);
                }
            }
            if self.monitors.contains(&(peer, who)) {
                let outcome = outcome.clone();
                self.processes[peer].tell(Item::Exit {
                    from: who,
                    at,
                    outcome,
                });
            }
            // A process is woken once, however much it is told at once.
            let woken = &mut self.processes[peer].wakes;
            *woken = (*woken).min(wakes + 1);
        }
        self.links
            .retain(|&(one, other)| one != who && other != who);
        self.monitors
            .retain(|&(one, other)| one != who && other != who);
        if let Some((caller, number)) = self.processes[who].waited_for_by
            && let Some((_, done)) = self.processes[caller].execs.get_mut(&number)
        {
            *done = Some(outcome);
            self.processes[caller].readable(number);
        }
        for callee in std::mem::take(&mut self.processes[who].abandoned) {
            let _ = self.terminate(callee);
        }
    }

    pub(crate) fn listen(&mut self, who: Id, topic: &str) -> Result<u32, No> {
        if topic.is_empty() || topic.starts_with('@') {
            return Err(no(Kind::Invalid));
        }
        let process = &mut self.processes[who];
        if let Some((number, _)) = process.listeners.iter().find(|(_, of)| *of == topic) {
            return Ok(*number);
        }
        if process.listeners.len() >= self.config.max_subscriptions {
            return Err(limit("max_subscriptions"));
        }
        let number = process.allocate();
        process.listeners.insert(number, topic.to_owned());
        for mail in &mut process.mail {
            let of_topic = matches!(&mail.item, Item::Message { topic: of, .. } if of == topic);
            if mail.at == 0 && of_topic {
                mail.at = number;
            }
        }
        Ok(number)
    }

    pub(crate) fn is_live(&self, id: Id) -> bool {
        self.processes[id].phase == Phase::Live
    }

    fn alive(&self, id: Id) -> Result<(), No> {
        self.is_live(id).then_some(()).ok_or(no(Kind::NotFound))
    }

    fn room_for_link(&self, id: Id) -> Result<(), No> {
        let links = self.links.iter().filter(|&&(a, b)| a == id || b == id);
        let unread = |item: &&Item| matches!(item, Item::LinkDown { .. });
        let used = links.count() + self.processes[id].news.iter().filter(unread).count();
        room(used, self.config.max_links, "max_links")
    }

    fn room_for_monitor(&self, id: Id) -> Result<(), No> {
        let monitors = self.monitors.iter().filter(|&&(who, _)| who == id);
        let unread = |item: &&Item| matches!(item, Item::Exit { .. });
        let used = monitors.count() + self.processes[id].news.iter().filter(unread).count();
        room(used, self.config.max_monitors, "max_monitors")
    }

    fn terminate_running(&mut self, execs: BTreeMap<u32, (Id, Option<String>)>) {
        for (callee, outcome) in execs.into_values() {
            if outcome.is_none() {
                let _ = self.terminate(callee);
            }
        }
    }
}

fn pair(one: Id, other: Id) -> (Id, Id) {
    (one.min(other), one.max(other))
}

fn room(used: usize, max: usize, name: &str) -> Result<(), No> {
    if used < max { Ok(()) } else { Err(limit(name)) }
}

fn no(kind: Kind) -> No {
    No(kind, None)
}

fn limit(name: &str) -> No {
    limit_of(Kind::RateLimited, name)
}

fn limit_of(kind: Kind, name: &str) -> No {
    No(kind, Some(name.to_owned()))
}
