//! A small world of processes, run on the kernel and on a model that is too
//! plain to be wrong. After every step both must agree.

#![allow(clippy::expect_used, reason = "this is test code")]

mod compare;
pub(crate) mod model;
pub(crate) mod op;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use warren_kernel::{
    Delivery, Error, Event, Exiting, Host, HostConfig, Kernel, Moment, Monotonic, Outcome, Process,
    QueueLimits, Relation, Spawn, Subscription, Timestamp,
};

use compare::{same, show};
use model::{Birth, Id, Item, Model};
use op::{Op, Wanted};

/// The last two are refused.
pub(crate) const TOPICS: [&str; 5] = ["a", "b", "c", "", "@inbox"];
pub(crate) const NAMES: [&str; 4] = ["one", "two", "three", "four"];

/// Length of every PID's text in a world.
const TEXT_BYTES: usize = "{w:p|0x00001}".len();
/// Number of recent processes that `target` and `who` choose from.
const RECENT: usize = 8;

/// Returns limits small enough to be reached all the time.
fn config() -> HostConfig {
    HostConfig {
        max_processes: 6,
        queue: QueueLimits {
            messages: 4,
            bytes: 200,
        },
        max_message: 64,
        max_subscriptions: 2,
        max_links: 3,
        max_monitors: 3,
        max_names: 2,
        max_groups: 2,
        max_execs: 2,
    }
}

pub(crate) struct World {
    kernel: Arc<Kernel>,
    host: Arc<Host>,
    handles: Vec<Handle>,
    exiting: Vec<(Id, Exiting)>,
    model: Model,
    /// Steps taken; also the time.
    step: u64,
    sent: u64,
}

struct Handle {
    process: Arc<Process>,
    woken: Arc<Count>,
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let kernel = Kernel::new();
        let host = kernel.add_host("w:p", config()).expect("it is new");
        World {
            kernel,
            host,
            handles: Vec::new(),
            exiting: Vec::new(),
            model: Model::new(config()),
            step: 0,
            sent: 0,
        }
    }

    /// Takes one step on both and compares them.
    pub(crate) fn step(&mut self, op: &Op) {
        self.step += 1;
        self.perform(op);
        self.compare();
    }

    /// Ends everything; nothing may be left.
    pub(crate) fn end(mut self) {
        while let Some(&id) = self.model.live().last() {
            self.exit(id, false, 0);
            self.compare();
        }
        while !self.exiting.is_empty() {
            self.finish(0);
            self.compare();
        }
        assert_eq!((self.kernel.live(), self.kernel.name_count()), (0, 0));
        assert_eq!(self.kernel.group_counts(), (0, 0));
        assert_eq!(self.host.live(), 0);
        assert_eq!(self.host.budget().used(), 0);
        assert_eq!(self.kernel.budget().used(), 0);
        for handle in &self.handles {
            assert_eq!(handle.process.counts(), Default::default());
            assert_eq!(handle.process.depth(), Default::default());
            // Only this world still refers to the process, its waker included.
            assert_eq!(Arc::strong_count(&handle.process), 1);
            assert_eq!(Arc::strong_count(&handle.woken), 1);
        }
    }

    fn perform(&mut self, op: &Op) {
        match op {
            Op::Spawn {
                parent,
                monitored,
                linked,
                exec,
                name,
                messages,
            } => {
                let parent = parent.and_then(|parent| self.actor(parent));
                let birth = Birth {
                    parent,
                    relation: Relation {
                        monitored: *monitored && parent.is_some(),
                        linked: *linked && parent.is_some(),
                    },
                    exec: *exec && parent.is_some(),
                    name: name.map(|name| NAMES[name].to_owned()),
                    messages: messages
                        .iter()
                        .map(|&topic| (TOPICS[topic].to_owned(), self.payload(3)))
                        .collect(),
                };
                self.spawn(birth);
            }
            Op::Send {
                from,
                to,
                topic,
                bytes,
            } => {
                let from = from.and_then(|from| self.actor(from));
                if let Some(to) = self.target(*to) {
                    self.send(from, to, TOPICS[*topic], *bytes);
                }
            }
            Op::SendByName { from, name, topic } => {
                let from = self.actor(*from);
                let found = self.kernel.resolve(NAMES[*name]);
                let expected = self.model.names.get(NAMES[*name]).copied();
                assert_eq!(
                    found.as_ref().ok().map(|process| process.pid()),
                    expected.map(|id| self.process(id).pid())
                );
                if let Some(to) = expected {
                    self.send(from, to, TOPICS[*topic], 5);
                }
            }
            Op::Cancel {
                from,
                target,
                deadline,
                enforce,
            } => {
                let from = from.and_then(|from| self.actor(from));
                if let Some(target) = self.target(*target) {
                    self.cancel(from, target, *deadline, *enforce);
                }
            }
            Op::Terminate { target } => {
                if let Some(target) = self.target(*target) {
                    let result = self.kernel.terminate(self.process(target));
                    same(result, self.model.terminate(target));
                }
            }
            Op::Register { name, target } => {
                if let Some(target) = self.target(*target) {
                    let name = NAMES[*name];
                    let result = self.kernel.register(name, self.process(target));
                    same(result, self.model.register(name, target));
                }
            }
            Op::Unregister { name } => {
                let freed = self.kernel.unregister(NAMES[*name]);
                let expected = self.model.names.remove(NAMES[*name]).is_some();
                assert_eq!(freed, Ok(expected));
            }
            Op::Join { group, target } => {
                if let Some(target) = self.target(*target) {
                    let group = NAMES[*group];
                    let result = self.kernel.join_group(group, self.process(target));
                    same(result, self.model.join(group, target));
                }
            }
            Op::Leave { group, target } => {
                if let Some(target) = self.target(*target) {
                    let group = NAMES[*group];
                    let left = self.kernel.leave_group(group, self.process(target));
                    assert_eq!(left, Ok(self.model.leave(group, target)));
                }
            }
            Op::Monitor { who, target }
            | Op::Unmonitor { who, target }
            | Op::Link { who, target }
            | Op::Unlink { who, target } => {
                if let (Some(who), Some(target)) = (self.actor(*who), self.target(*target)) {
                    self.tie(op, who, target);
                }
            }
            Op::TrapLinks { who, .. }
            | Op::Inbox { who }
            | Op::Events { who }
            | Op::Listen { who, .. }
            | Op::Unlisten { who, .. }
            | Op::Upgrade { who } => {
                if let Some(who) = self.actor(*who) {
                    self.change(op, who);
                }
            }
            Op::Receive { who, wanted, wait } => {
                if let Some(who) = self.actor(*who) {
                    self.receive(who, wanted, *wait);
                }
            }
            Op::Exit { who, fail, bytes } => {
                if let Some(who) = self.actor(*who) {
                    self.exit(who, *fail, *bytes);
                }
            }
            Op::Finish { which } => {
                if !self.exiting.is_empty() {
                    self.finish(which % self.exiting.len());
                }
            }
        }
    }

    fn spawn(&mut self, birth: Birth) {
        let place = self.host.reserve();
        let messages: Vec<_> = birth
            .messages
            .iter()
            .map(|(topic, payload)| (topic.clone(), payload.as_slice().into()))
            .collect();
        let spawned = place.and_then(|place| {
            let spawn = Spawn {
                parent: birth.parent.map(|parent| self.process(parent)),
                relation: birth.relation,
                exec: birth.exec,
                name: birth.name.as_deref(),
                messages: &messages,
                ..Spawn::default()
            };
            self.kernel.spawn(place, spawn)
        });
        let expected = self.model.spawn(birth, TEXT_BYTES);
        let exec = spawned.as_ref().map(|spawned| spawned.exec);
        same(
            exec.map_err(Error::clone),
            expected.map(|exec| exec.map(Subscription)),
        );
        if let Ok(spawned) = spawned {
            let woken = Arc::new(Count::default());
            spawned.process.set_waker(&Waker::from(Arc::clone(&woken)));
            self.handles.push(Handle {
                process: spawned.process,
                woken,
            });
        }
    }

    fn send(&mut self, from: Option<Id>, to: Id, topic: &str, bytes: usize) {
        let payload = self.payload(bytes);
        let sender = from.map(|from| &**self.process(from));
        let result = self.kernel.send(sender, self.process(to), topic, &payload);
        let expected = self.model.send(from, to, topic, &payload, TEXT_BYTES);
        same(result, expected);
    }

    fn cancel(&mut self, from: Option<Id>, target: Id, deadline: Option<u64>, enforce: bool) {
        let deadline = deadline.map(|after| moment(self.step + after));
        let result = self.kernel.cancel(
            from.map(|from| &**self.process(from)),
            self.process(target),
            deadline,
            enforce,
            moment(self.step),
        );
        let expected = self.model.cancel(
            from,
            target,
            self.step as i64,
            deadline.map(|deadline| deadline.wall.0),
            deadline
                .filter(|_| enforce)
                .map(|deadline| deadline.monotonic.0),
        );
        same(result, expected);
    }

    fn tie(&mut self, op: &Op, who: Id, target: Id) {
        let (kernel, one, other) = (&self.kernel, self.process(who), self.process(target));
        match op {
            Op::Monitor { .. } => same(kernel.monitor(one, other), self.model.monitor(who, target)),
            Op::Link { .. } => same(kernel.link(one, other), self.model.link(who, target)),
            Op::Unmonitor { .. } => {
                kernel.unmonitor(one, other.pid());
                self.model.unmonitor(who, target);
            }
            _ => {
                kernel.unlink(one, other.pid());
                self.model.unlink(who, target);
            }
        }
    }

    fn change(&mut self, op: &Op, who: Id) {
        let process = Arc::clone(self.process(who));
        let twin = &mut self.model.processes[who];
        match op {
            Op::TrapLinks { trap, .. } => {
                process.set_trap_links(*trap);
                twin.trap = *trap;
            }
            Op::Inbox { .. } => {
                assert_eq!(process.inbox(), Subscription::INBOX);
                twin.open_inbox();
            }
            Op::Events { .. } => {
                assert_eq!(process.events(), Subscription::EVENTS);
                twin.events = true;
            }
            Op::Listen { topic, .. } => {
                let listened = process.listen(TOPICS[*topic]);
                let expected = self.model.listen(who, TOPICS[*topic]);
                same(listened, expected.map(Subscription));
            }
            Op::Unlisten { which, .. } => {
                let number = nth(twin.listeners.keys(), *which).unwrap_or(999);
                process.unlisten(Subscription(number));
                twin.unlisten(number);
            }
            _ => {
                process.begin_upgrade();
                self.model.upgrade(who);
            }
        }
    }

    fn receive(&mut self, who: Id, wanted: &[Wanted], wait: bool) {
        let twin = &mut self.model.processes[who];
        let numbers: Vec<u32> = wanted
            .iter()
            .filter_map(|wanted| match wanted {
                Wanted::Inbox => Some(model::INBOX),
                Wanted::Events => Some(model::EVENTS),
                Wanted::Listener(which) => nth(twin.listeners.keys(), *which),
                Wanted::Exec(which) => nth(twin.execs.keys(), *which),
                Wanted::Nonsense(number) => Some(*number),
            })
            .collect();
        let expected = twin.receive(&numbers, wait);
        let wanted: Vec<_> = numbers.into_iter().map(Subscription).collect();
        let process = self.process(who);
        let received = if wait {
            process.poll_receive(&wanted)
        } else {
            process.try_receive(&wanted)
        };
        let received =
            received.map(|(subscription, delivery)| (subscription.0, self.item(delivery)));
        assert_eq!(received, expected);
    }

    fn exit(&mut self, who: Id, fail: bool, bytes: usize) {
        let outcome = match (fail, bytes) {
            (true, _) => Outcome::Failed(Box::new(Error::internal("boom"))),
            (false, 0) => Outcome::Returned(None),
            (false, _) => Outcome::Returned(Some(vec![7; bytes].into())),
        };
        let shown = match &outcome {
            Outcome::Returned(Some(_)) if bytes > config().max_message => {
                "f:result too large".to_owned()
            }
            other => show(other),
        };
        let process = self.process(who);
        let exiting = self.kernel.exit(process, outcome);
        // A second exit changes nothing, and finishing it tells nobody.
        let again = self.kernel.exit(process, Outcome::Returned(None));
        assert!(again.outcome().is_none());
        again.finish(moment(self.step));
        self.exiting.push((who, exiting));
        self.model.exit(who, shown);
    }

    fn finish(&mut self, which: usize) {
        let (who, exiting) = self.exiting.remove(which);
        exiting.finish(moment(self.step));
        self.model.finish(who, self.step as i64);
    }

    /// Picks a live process that can act: it is not blocked in a receive.
    fn actor(&mut self, which: usize) -> Option<Id> {
        let live = self.model.live();
        let id = *live.get(which % live.len().max(1))?;
        self.process(id).clear_interest();
        self.model.processes[id].receive(&[], false);
        Some(id)
    }

    /// Picks one of the recent processes, live or not.
    fn target(&self, which: usize) -> Option<Id> {
        let recent = self.handles.len().min(RECENT);
        (recent > 0).then(|| self.handles.len() - 1 - which % recent)
    }

    fn process(&self, id: Id) -> &Arc<Process> {
        &self.handles[id].process
    }

    /// Returns a payload that differs from all others, as far as its bytes
    /// allow.
    fn payload(&mut self, bytes: usize) -> Vec<u8> {
        self.sent += 1;
        let number = self.sent.to_le_bytes();
        number.into_iter().cycle().take(bytes).collect()
    }

    fn id(&self, text: &str) -> Id {
        self.handles
            .iter()
            .position(|handle| &**handle.process.text() == text)
            .expect("a PID of this world")
    }

    fn item(&self, delivery: Delivery) -> Item {
        match delivery {
            Delivery::Message(message) => Item::Message {
                from: message.sender().map(|sender| self.id(sender)),
                topic: message.topic().to_owned(),
                payload: message.payload().to_owned(),
            },
            Delivery::Event(Event::Cancel {
                from, at, deadline, ..
            }) => Item::Cancel {
                from: from.map(|from| self.id(from.as_str())),
                at: at.0,
                deadline: deadline.map(|deadline| deadline.0),
            },
            Delivery::Event(Event::Exit { from, at, outcome }) => Item::Exit {
                from: self.id(from.as_str()),
                at: at.0,
                outcome: show(&outcome),
            },
            Delivery::Event(Event::LinkDown { from, at, outcome }) => Item::LinkDown {
                from: self.id(from.as_str()),
                at: at.0,
                outcome: show(&outcome),
            },
            Delivery::Event(
                Event::Outdated { .. }
                | Event::NodeUp { .. }
                | Event::NodeDown { .. }
                | Event::NameLost { .. },
            ) => unreachable!("nothing reloads here, and there is one node"),
            Delivery::Exec(outcome) => Item::Exec(show(&outcome)),
        }
    }
}

fn moment(step: u64) -> Moment {
    Moment {
        wall: Timestamp(step as i64),
        monotonic: Monotonic(step),
    }
}

fn nth<'a>(mut numbers: impl ExactSizeIterator<Item = &'a u32>, which: usize) -> Option<u32> {
    let count = numbers.len().max(1);
    numbers.nth(which % count).copied()
}
