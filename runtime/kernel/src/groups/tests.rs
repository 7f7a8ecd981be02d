//! Groups against a plain model: sets of members with their joins.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use warren_values::msgpack::{Input, Token};

use super::{Part, Position, Watched};
use crate::kernel::{Exiting, Kernel, Spawn};
use crate::outcome::Outcome;
use crate::pid::Pid;
use crate::process::Process;
use crate::subscription::Subscription;
use crate::sync::Arc;
use crate::{Delivery, HostConfig, Moment, Monotonic, Timestamp};

const GROUPS: [&str; 5] = ["a", "a/1", "a/2", "b", "a/2/x"];
const PREFIX: &str = "a/";
const PROCESSES: usize = 4;

#[derive(Clone, Debug)]
enum Op {
    Join(usize, usize),
    Leave(usize, usize),
    /// The first step of an exit, and the second.
    Exit(usize),
    Finish(usize),
    Monitor(usize),
    MonitorPrefix,
    /// The next part of the members at the beginning of a monitor.
    ReadOn(usize),
    ReadItems(usize),
    Unmonitor(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let (who, group) = (0..PROCESSES, 0..GROUPS.len());
    prop_oneof![
        6 => (who.clone(), group.clone()).prop_map(|(who, group)| Op::Join(who, group)),
        4 => (who.clone(), group.clone()).prop_map(|(who, group)| Op::Leave(who, group)),
        1 => who.clone().prop_map(Op::Exit),
        1 => who.prop_map(Op::Finish),
        1 => group.prop_map(Op::Monitor),
        1 => Just(Op::MonitorPrefix),
        6 => (0..8_usize).prop_map(Op::ReadOn),
        3 => (0..8_usize).prop_map(Op::ReadItems),
        1 => (0..8_usize).prop_map(Op::Unmonitor),
    ]
}

type Members = BTreeSet<(String, String)>;

/// A monitor, and the members that its reader knows.
struct Reader {
    watched: Watched<'static>,
    feed: Subscription,
    is_whole: bool,
    known: Members,
}

struct World {
    kernel: Arc<Kernel>,
    host: Arc<crate::Host>,
    watcher: Arc<Process>,
    processes: Vec<Arc<Process>>,
    exiting: BTreeMap<usize, Exiting>,
    joins: BTreeMap<(&'static str, usize), u64>,
    readers: Vec<Reader>,
}

fn moment() -> Moment {
    Moment {
        wall: Timestamp(0),
        monotonic: Monotonic(0),
    }
}

impl World {
    fn new() -> World {
        let kernel = Kernel::new();
        let host = kernel.add_host("a:b", HostConfig::default()).unwrap();
        let spawn = || {
            let room = host.reserve().unwrap();
            kernel.spawn(room, Spawn::default()).unwrap().process
        };
        World {
            watcher: spawn(),
            processes: (0..PROCESSES).map(|_| spawn()).collect(),
            kernel: Arc::clone(&kernel),
            host,
            exiting: BTreeMap::new(),
            joins: BTreeMap::new(),
            readers: Vec::new(),
        }
    }

    fn step(&mut self, op: &Op) {
        match *op {
            Op::Join(who, group) => {
                let joined = self.kernel.join_group(GROUPS[group], &self.processes[who]);
                assert_eq!(joined.is_ok(), !self.exiting.contains_key(&who));
                if joined.is_ok() {
                    *self.joins.entry((GROUPS[group], who)).or_default() += 1;
                }
            }
            Op::Leave(who, group) => {
                let left = self.kernel.leave_group(GROUPS[group], &self.processes[who]);
                let joins = self.joins.get_mut(&(GROUPS[group], who));
                assert_eq!(left.unwrap(), joins.is_some());
                if let Some(joins) = joins {
                    *joins -= 1;
                }
                self.joins.retain(|_, joins| *joins > 0);
            }
            Op::Exit(who) => {
                if !self.exiting.contains_key(&who) {
                    let process = &self.processes[who];
                    let exiting = self.kernel.exit(process, Outcome::Returned(None));
                    self.exiting.insert(who, exiting);
                }
            }
            Op::Finish(who) => {
                let Some(exiting) = self.exiting.remove(&who) else {
                    return;
                };
                exiting.finish(moment());
                self.joins.retain(|(_, member), _| *member != who);
                let room = self.host.reserve().unwrap();
                let spawned = self.kernel.spawn(room, Spawn::default()).unwrap();
                self.processes[who] = spawned.process;
            }
            Op::Monitor(group) => self.monitor(Watched::One(GROUPS[group]), 0),
            Op::MonitorPrefix => self.monitor(Watched::Prefix(PREFIX), PREFIX.len()),
            Op::ReadOn(which) => self.read_on(which),
            Op::ReadItems(which) => self.read_items(which),
            Op::Unmonitor(which) => {
                if which < self.readers.len() {
                    let reader = self.readers.remove(which);
                    let pid = self.watcher.pid();
                    self.kernel
                        .unmonitor_groups(reader.watched, pid, reader.feed);
                    self.watcher.unlisten(reader.feed);
                }
            }
        }
    }

    fn monitor(&mut self, watched: Watched<'static>, hidden: usize) {
        let feed = self.kernel.monitor_groups(watched, &self.watcher, hidden);
        let feed = feed.unwrap();
        self.readers.push(Reader {
            watched,
            feed,
            is_whole: false,
            known: Members::new(),
        });
    }

    fn read_on(&mut self, which: usize) {
        let Some(reader) = self.readers.get_mut(which) else {
            return;
        };
        let pid = self.watcher.pid();
        let kernel = &self.kernel;
        let Part {
            members, has_more, ..
        } = kernel.read_group_monitor(reader.watched, pid, reader.feed, 2);
        assert!(members.len() <= 2 && (members.is_empty() || !reader.is_whole));
        for (group, member) in members {
            let is_new = reader
                .known
                .insert((group.to_string(), member.text().to_string()));
            assert!(is_new, "{group} {member:?} was read twice");
        }
        reader.is_whole = !has_more;
    }

    /// Reads what was told, and changes what is known; only a change may be told.
    fn read_items(&mut self, which: usize) {
        let Some(reader) = self.readers.get_mut(which) else {
            return;
        };
        while let Some((_, Delivery::Message(item))) = self.watcher.try_receive(&[reader.feed]) {
            let (kind, group, pid) = fields(item.payload());
            let group = match reader.watched {
                Watched::One(_) => group,
                Watched::Prefix(prefix) => format!("{prefix}{group}"),
            };
            let changed = match kind.as_str() {
                "member.joined" => reader.known.insert((group, pid)),
                "member.left" => reader.known.remove(&(group, pid)),
                kind => panic!("{kind}"),
            };
            assert!(changed, "told of no change");
        }
    }

    fn members(&self, watched: Watched<'_>) -> Members {
        let groups = self.joins.keys().filter(|(group, _)| match watched {
            Watched::One(one) => *group == one,
            Watched::Prefix(prefix) => group.starts_with(prefix),
        });
        groups
            .map(|(group, who)| ((*group).to_owned(), self.processes[*who].text().to_string()))
            .collect()
    }

    fn compare(&self) {
        for group in GROUPS {
            let mut members = Vec::new();
            loop {
                let last = members.last().map(|last: &Arc<Process>| last.pid());
                let part = self.kernel.group_members(group, last, 2).unwrap();
                if part.is_empty() {
                    break;
                }
                members.extend(part);
            }
            let members: Members = members
                .iter()
                .map(|member| (group.to_owned(), member.text().to_string()))
                .collect();
            assert_eq!(members, self.members(Watched::One(group)));
        }
        let expected: BTreeSet<_> = self.joins.keys().map(|(group, _)| *group).collect();
        assert_eq!(self.names(""), expected);
        let expected = expected.into_iter().filter(|name| name.starts_with(PREFIX));
        assert_eq!(self.names(PREFIX), expected.collect());
        let groups: BTreeSet<_> = self.joins.keys().map(|(group, _)| group).collect();
        let counts = (groups.len(), self.readers.len());
        assert_eq!(self.kernel.group_counts(), counts);
        for (who, process) in self.processes.iter().enumerate() {
            let of = self.joins.keys().filter(|(_, member)| *member == who);
            let exited = self.exiting.contains_key(&who);
            assert_eq!(process.counts().groups, if exited { 0 } else { of.count() });
        }
    }

    fn names(&self, prefix: &str) -> BTreeSet<&'static str> {
        let (mut position, mut names) = (Position::default(), BTreeSet::new());
        while !position.is_end() {
            for name in self.kernel.groups(prefix, &mut position, 2) {
                let known = GROUPS.into_iter().find(|known| **known == *name);
                assert!(names.insert(known.unwrap()), "{name} twice");
            }
        }
        names
    }

    /// Checks that a reader of everything knows the members, and that nothing is left in the end.
    fn end(mut self) {
        for which in 0..self.readers.len() {
            while !self.readers[which].is_whole {
                self.read_on(which);
            }
            self.read_items(which);
            let reader = &self.readers[which];
            assert_eq!(
                reader.known,
                self.members(reader.watched),
                "{:?}",
                reader.watched
            );
        }
        for who in 0..PROCESSES {
            self.step(&Op::Exit(who));
            self.step(&Op::Finish(who));
        }
        for which in 0..self.readers.len() {
            self.read_items(which);
            assert_eq!(self.readers[which].known, Members::new());
        }
        for _ in 0..self.readers.len() {
            self.step(&Op::Unmonitor(0));
        }
        assert_eq!(self.kernel.group_counts(), (0, 0));
        let mut processes = std::mem::take(&mut self.processes);
        processes.push(Arc::clone(&self.watcher));
        for process in processes {
            self.kernel
                .exit(&process, Outcome::Returned(None))
                .finish(moment());
        }
        assert_eq!(self.host.budget().used(), 0);
        assert_eq!(self.host.group_counts(), [0; 3]);
    }
}

/// The kind, the group and the PID of an item.
fn fields(payload: &[u8]) -> (String, String, String) {
    let mut input = Input::new(payload);
    let mut texts = Vec::new();
    while let Ok(token) = input.token() {
        if let Token::String(bytes) = token {
            texts.push(String::from_utf8(bytes.to_vec()).unwrap());
        }
    }
    let after = |name: &str| {
        texts
            .iter()
            .position(|text| text == name)
            .map(|at| texts[at + 1].clone())
    };
    (
        after("kind").unwrap(),
        after("path").unwrap_or_default(),
        after("PIDs").unwrap_or_default(),
    )
}

proptest! {
    #[test]
    fn groups_are_those_of_the_model_and_monitors_have_no_gap(ops in vec(op(), 0..120)) {
        let mut world = World::new();
        for op in &ops {
            world.step(op);
            world.compare();
        }
        world.end();
    }
}

#[test]
fn a_full_monitor_says_last_that_it_missed_changes() {
    let mut world = World::new();
    world.monitor(Watched::One("a"), 0);
    world.read_on(0);
    // The default queue holds 10,000 items, one of which is left for the last.
    for _ in 0..6_000 {
        world.step(&Op::Join(0, 0));
        world.step(&Op::Leave(0, 0));
    }
    let feed = world.readers[0].feed;
    let mut kinds = Vec::new();
    while let Some((_, Delivery::Message(item))) = world.watcher.try_receive(&[feed]) {
        kinds.push(fields(item.payload()).0);
    }
    assert_eq!(
        (kinds.len(), kinds.pop().as_deref()),
        (10_000, Some("missed"))
    );
    assert!(kinds.iter().all(|kind| kind != "missed"));
    // Nothing comes after that.
    world.step(&Op::Join(0, 0));
    assert!(world.watcher.try_receive(&[feed]).is_none());
}

#[test]
fn memberships_groups_and_monitors_are_bounded() {
    let kernel = Kernel::new();
    let config = HostConfig {
        max_groups: 20_000,
        max_subscriptions: 10_000,
        ..HostConfig::default()
    };
    let host = kernel.add_host("a:b", config).unwrap();
    let room = host.reserve().unwrap();
    let process = kernel.spawn(room, Spawn::default()).unwrap().process;
    let refused = |result: Result<(), crate::Error>| {
        let error = result.unwrap_err();
        assert_eq!(error.kind, crate::Kind::RateLimited);
        error.message
    };
    for number in 0..crate::MAX_GROUPS_OF_HOST {
        kernel.join_group(&number.to_string(), &process).unwrap();
    }
    assert!(refused(kernel.join_group("more", &process)).contains("max_host_groups = 16384"));
    kernel.join_group("7", &process).unwrap();
    assert_eq!(kernel.leave_group("0", &process), Ok(true));
    kernel.join_group("more", &process).unwrap();
    let monitor = |watched| kernel.monitor_groups(watched, &process, 0).map(drop);
    for _ in 0..crate::MAX_GROUP_MONITORS_OF_HOST {
        monitor(Watched::One("g")).unwrap();
    }
    assert!(refused(monitor(Watched::One("g"))).contains("max_group_monitors = 4096"));
    for _ in 0..crate::MAX_WIDE_MONITORS_OF_HOST {
        monitor(Watched::Prefix("g")).unwrap();
    }
    assert!(refused(monitor(Watched::Prefix("g"))).contains("max_wide_monitors = 64"));
    let small = HostConfig {
        max_groups: 1,
        ..HostConfig::default()
    };
    let host = kernel.add_host("a:small", small).unwrap();
    let room = host.reserve().unwrap();
    let process = kernel.spawn(room, Spawn::default()).unwrap().process;
    kernel.join_group("one", &process).unwrap();
    kernel.join_group("one", &process).unwrap();
    assert!(refused(kernel.join_group("two", &process)).contains("max_groups = 1"));
    for name in ["", "{x", "@x", &*"x".repeat(1025)] {
        let error = kernel.join_group(name, &process).unwrap_err();
        assert_eq!(error.kind, crate::Kind::Invalid, "{name}");
    }
}

#[test]
fn a_dropped_exit_ends_the_memberships_too() {
    let mut world = World::new();
    world.step(&Op::Join(0, 0));
    drop(
        world
            .kernel
            .exit(&world.processes[0], Outcome::Returned(None)),
    );
    assert_eq!(world.kernel.group_counts(), (0, 0));
    assert!(
        world
            .kernel
            .group_members("a", None::<Pid>, 9)
            .unwrap()
            .is_empty()
    );
}
