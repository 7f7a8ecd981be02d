//! A broker, some nodes, what happens to them, and what has to hold.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use bytes::Bytes;
use warren_kernel::{
    Address, Delivery, Error, Event as KernelEvent, FarEnd, FarPid, Kind, NodeId, NodeName,
    Outcome, Process,
};

use super::member::{Clock, HOST, Member, Phase, moment, place};
use crate::config::Config;
use crate::core::{CallId, Named, Output};
use crate::news::{IncomingId, NodeChange};
use crate::signal::{Answer, Ask, Caller, End, Notice, Reply, Request};
use crate::transport::Transport as _;
use crate::transport::simulated::{Broker, Faults, Random};
use crate::view::Token;

const SECOND: u64 = 1_000_000_000;
const NAMES: [&str; 3] = ["one", "two", "a.b:c"];
const GROUPS: [&str; 2] = ["g", "h"];

/// Names of the numbers that a run counts, so that a world in which nothing happens is noticed.
pub(super) const COUNTED: [&str; 8] = [
    "messages delivered",
    "sends that failed",
    "ends of ties told",
    "sessions that began",
    "sessions that ended",
    "names taken",
    "names lost",
    "names that changed nodes",
];
const DELIVERED: usize = 0;
const FAILED: usize = 1;
const TOLD: usize = 2;
const BEGAN: usize = 3;
const ENDED: usize = 4;
const TAKEN: usize = 5;
const LOST: usize = 6;
const MOVED: usize = 7;

type Pair = (Address, Address);

pub(super) struct World {
    random: Random,
    now: u64,
    broker: Broker,
    members: Vec<Member>,
    settings: Config,
    /// Ends and beginnings, by their times.
    later: BTreeMap<(u64, u64), Later>,
    next_later: u64,
    model: Model,
    is_verbose: bool,
}

/// The end of a fault, or another thing that happens at a time.
enum Later {
    Cut(NodeName, bool),
    Join(NodeName, NodeName),
    BrokerUp,
    Start(NodeName),
    Answer(NodeId, IncomingId),
}

#[derive(Default)]
struct Model {
    counted: [u64; COUNTED.len()],
    addresses: Vec<Address>,
    sent: HashMap<Pair, u64>,
    /// The session and the number of the last message of each pair.
    last: HashMap<Pair, (u64, u64)>,
    delivered: HashSet<(Pair, u64)>,
    /// Messages that were not delivered, as their senders were told.
    never: HashSet<(Pair, u64)>,
    /// Sessions of a node with another one so far, and whether one is up.
    sessions: HashMap<(NodeId, NodeId), (u64, bool)>,
    calls: HashMap<(NodeId, CallId), Call>,
    abandoned: HashSet<(NodeId, CallId)>,
    names: HashMap<(NodeId, CallId), &'static str>,
    ties: BTreeMap<Pair, Tie>,
    tokens: BTreeMap<&'static str, (NodeId, Token)>,
    groups: BTreeMap<(NodeId, &'static str), BTreeSet<Address>>,
    slow: BTreeSet<(NodeId, IncomingId)>,
}

enum Call {
    Send(Pair, u64),
    Monitor(Pair),
    Slow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tie {
    Asked,
    Set,
    Failed,
    Told,
}

impl World {
    pub(super) fn new(seed: u64, is_verbose: bool) -> World {
        let mut random = Random::new(seed);
        let faults = Faults {
            delay: [200_000, 2_000_000, 50_000_000][random.below(3) as usize],
            loss: [0, 0, 20, 200][random.below(4) as usize],
            overtaking: [0, 0, 0, 100][random.below(4) as usize],
            doubt: [0, 50, 300][random.below(3) as usize],
        };
        let mut settings = Config::new("c".parse().unwrap(), "a".parse().unwrap());
        settings.down_after = Duration::from_secs(2 + random.below(4));
        settings.lease = Duration::from_secs(3 + random.below(8));
        settings.window = 64 << 10;
        settings.backlog = 256 << 10;
        let broker = Broker::new(random.number(), faults);
        let mut world = World {
            random,
            now: 0,
            broker,
            members: Vec::new(),
            settings,
            later: BTreeMap::new(),
            next_later: 0,
            model: Model::default(),
            is_verbose,
        };
        let nodes = 2 + world.random.below(3);
        for name in ["a", "b", "c", "d"].iter().take(nodes as usize) {
            world.start(&name.parse().unwrap());
        }
        world
    }

    pub(super) fn counted(&self) -> [u64; COUNTED.len()] {
        self.model.counted
    }

    /// Lives through troubles and a quiet end.
    pub(super) fn live(&mut self) {
        let end = (20 + self.random.below(60)) * SECOND;
        while self.now < end {
            let pause = 1 + self.random.below(300_000_000);
            self.run_until(self.now + pause);
            self.act();
        }
        self.calm();
        self.run_until(self.now + 45 * SECOND);
        self.check_quiet();
        self.end_processes();
        self.run_until(self.now + 15 * SECOND);
        self.check_nothing_is_left();
    }

    fn say(&self, what: impl FnOnce() -> String) {
        if self.is_verbose {
            println!("{:>9} ms {}", self.now / 1_000_000, what());
        }
    }

    fn run_until(&mut self, end: u64) {
        loop {
            let members = self.members.iter().filter_map(Member::next);
            let later = self.later.keys().next().map(|(at, _)| *at);
            let next = members.chain(self.broker.next()).chain(later).min();
            let next = next.unwrap_or(u64::MAX).max(self.now);
            if next > end {
                self.now = end;
                self.broker.advance(end);
                return;
            }
            self.now = next;
            self.broker.advance(next);
            while let Some(((at, _), _)) = self.later.first_key_value()
                && *at <= self.now
                && let Some((_, later)) = self.later.pop_first()
            {
                self.happens(later);
            }
            for index in 0..self.members.len() {
                if self.members[index].next().is_some_and(|at| at <= self.now) {
                    self.step(index);
                }
            }
            self.check_names();
        }
    }

    fn after(&mut self, nanoseconds: u64, later: Later) {
        self.next_later += 1;
        let key = (self.now + nanoseconds, self.next_later);
        self.later.insert(key, later);
    }

    fn start(&mut self, name: &NodeName) {
        let mut config = self.settings.clone();
        config.node = name.clone();
        // Clocks are wrong by up to 1 %.
        let drift = self.random.below(20_001) as i64 - 10_000;
        let clock = Clock::new(self.random.below(1000) * SECOND, drift);
        self.say(|| format!("start {name}, drift {drift}"));
        let member = Member::start(&self.broker, config, clock, self.now);
        self.members.push(member);
    }

    fn happens(&mut self, later: Later) {
        match later {
            Later::Cut(name, is_cut) => {
                for member in self.members.iter().filter(|member| member.name == name) {
                    member.port.cut(is_cut);
                }
            }
            Later::Join(one, other) => self.broker.part(&one, &other, false),
            Later::BrokerUp => self.broker.set_down(false),
            Later::Start(name) => self.start(&name),
            Later::Answer(node, request) => {
                if let Some(index) = self.index(&node)
                    && self.members[index].paused_until <= self.now
                    && self.model.slow.remove(&(node, request))
                {
                    if let Some(running) = self.members[index].up_mut() {
                        running.core.answer(request, Ok(Answer::Done));
                    }
                    self.settle(index);
                }
            }
        }
    }

    fn index(&self, node: &NodeId) -> Option<usize> {
        self.members
            .iter()
            .position(|member| member.up().is_some_and(|up| up.core.node() == node))
    }

    fn step(&mut self, index: usize) {
        let member = &mut self.members[index];
        if member.up().is_none() {
            if member.join(self.now) {
                for _ in 0..2 {
                    self.spawn(index);
                }
                self.settle(index);
            }
            return;
        }
        let local = member.clock.local(self.now);
        let events = std::mem::take(&mut *member.inbox.lock());
        if let Some(running) = member.up_mut() {
            for event in events {
                running.core.event(event, local);
            }
        }
        self.settle(index);
    }

    fn spawn(&mut self, index: usize) {
        if let Some(running) = self.members[index].up_mut() {
            let process = running.spawn();
            let address = Address::parse(process.text()).unwrap();
            self.model.addresses.push(address);
        }
    }

    /// Carries out all outputs of a node.
    fn settle(&mut self, index: usize) {
        loop {
            let member = &mut self.members[index];
            let local = member.clock.local(self.now);
            let Some(running) = member.up_mut() else {
                return;
            };
            for (node, end) in running.ends() {
                let told = end.told.iter().map(|text| Address::parse(text).unwrap());
                let told = told.map(|address| crate::signal::Place {
                    host: address.host,
                    pid: address.pid,
                });
                let process = Address::parse(&end.pid).unwrap();
                let notice = Notice::Ended(End {
                    process: crate::signal::Place {
                        host: process.host,
                        pid: process.pid,
                    },
                    at: end.at,
                    outcome: (*end.outcome).clone(),
                    by_link: end.by_link,
                    told: told.collect(),
                });
                running.core.notify(&node, &notice, local);
            }
            running.core.turn(local);
            let outputs = running.core.outputs();
            if outputs.is_empty() {
                self.read_events(index);
                return;
            }
            for output in outputs {
                self.carry_out(index, output);
            }
        }
    }

    fn carry_out(&mut self, index: usize, output: Output) {
        let now = self.now;
        let member = &mut self.members[index];
        match output {
            Output::Packet(to, packet) => return member.port.send(&to, packet),
            Output::Ask(number, operation) => return member.port.ask(number, operation),
            Output::Deposed(_) => {
                let node = member.up().unwrap().core.node().clone();
                member.phase = Phase::Over;
                self.model.forget(&node);
                return;
            }
            _ => {}
        }
        let Some(running) = member.up_mut() else {
            return;
        };
        let me = running.core.node().clone();
        let model = &mut self.model;
        match output {
            Output::Request(from, id, request) => {
                let answer = match request.ask {
                    Ask::Send { to, payload, .. } => {
                        let pair = pair_of(&from, &request.caller, &me, &to);
                        let number = u64::from_le_bytes(payload[..8].try_into().unwrap());
                        match running.kernel.process(to.pid) {
                            None => Err(Error::not_found("process not found")),
                            Some(process) => {
                                model.delivers(&me, &from, pair, number);
                                let sent =
                                    running.kernel.send_from(None, &process, "t", b"m", None);
                                sent.unwrap();
                                Ok(Answer::Done)
                            }
                        }
                    }
                    Ask::Monitor { to } => {
                        let (watcher, _) = pair_of(&from, &request.caller, &me, &to);
                        let process = running.kernel.process(to.pid);
                        let process = process.ok_or_else(|| Error::not_found("process not found"));
                        process.and_then(|process| {
                            let watcher = FarPid::from(watcher);
                            running.kernel.monitored_by_far(&process, &watcher)?;
                            Ok(Answer::Done)
                        })
                    }
                    Ask::Call { .. } => {
                        model.slow.insert((me.clone(), id));
                        let wait = self.random.below(8 * SECOND);
                        return self.after(wait, Later::Answer(me, id));
                    }
                    other => panic!("nobody asks for {other:?}"),
                };
                running.core.answer(id, answer);
            }
            Output::Abandoned(id) => {
                model.slow.remove(&(me, id));
            }
            Output::Notice(from, Notice::Ended(end)) => {
                let text = |node: &NodeId, place: &crate::signal::Place| {
                    Address {
                        node: node.clone(),
                        host: place.host.clone(),
                        pid: place.pid,
                    }
                    .text()
                };
                running.kernel.far_ended(&FarEnd {
                    pid: text(&from, &end.process),
                    at: end.at,
                    outcome: end.outcome.into(),
                    by_link: end.by_link,
                    told: end.told.iter().map(|place| text(&me, place)).collect(),
                });
            }
            Output::Notice(_, other) => panic!("nobody sends {other:?}"),
            Output::Node(NodeChange::Up(node)) => {
                let session = model
                    .sessions
                    .entry((me.clone(), node.clone()))
                    .or_default();
                assert!(!session.1, "{me} is told twice that {node} is up");
                *session = (session.0 + 1, true);
                model.counted[BEGAN] += 1;
                self.say(|| format!("{me}: {node} is up"));
            }
            Output::Node(NodeChange::Down(node, reason)) => {
                let session = model
                    .sessions
                    .entry((me.clone(), node.clone()))
                    .or_default();
                assert!(
                    session.1,
                    "{me} is told that {node} is down, which was not up"
                );
                session.1 = false;
                model.counted[ENDED] += 1;
                let down = Error::new(Kind::Unavailable, "node is down");
                let outcome = Outcome::Failed(Box::new(down));
                let at = moment(now).wall;
                running.kernel.node_is_down(&node, &outcome.into(), at);
                self.read_events(index);
                let lost = |(pair, tie): (&Pair, &Tie)| {
                    pair.0.node == me && pair.1.node == node && *tie == Tie::Set
                };
                let waits = self.model.ties.iter().find(|tie| lost(*tie));
                let waits = waits.map(|(pair, _)| pair.clone());
                if let Some((watcher, target)) = waits {
                    assert!(
                        !self.is_alive(&watcher),
                        "{watcher} is not told of {target}, whose node is down"
                    );
                }
                self.say(|| format!("{me}: {node} is down: {reason}"));
            }
            Output::Node(other) => panic!("{me}: {other:?}"),
            Output::NameLost(name, _) => {
                model.counted[LOST] += 1;
                self.say(|| format!("{me} loses {name}"));
            }
            Output::Group(change) => {
                let group = GROUPS.iter().find(|group| **group == change.group).unwrap();
                let members = model.groups.entry((me, *group)).or_default();
                for member in change.members {
                    let new = match change.joined {
                        true => members.insert(member),
                        false => members.remove(&member),
                    };
                    assert!(new, "a member of {group} changes twice");
                }
            }
            Output::Reply(call, reply) => {
                let key = (me, call);
                match model.calls.remove(&key) {
                    Some(call) => self.replied(index, call, reply),
                    None => assert!(model.abandoned.contains(&key), "two answers for a call"),
                }
            }
            Output::Name(call, result) => {
                let name = model.names.remove(&(me.clone(), call)).expect("one result");
                if let Ok(Named::Taken(token)) = result {
                    model.counted[TAKEN] += 1;
                    self.say(|| format!("{me} takes {name} with {token:?}"));
                }
            }
            Output::Packet(..) | Output::Ask(..) | Output::Deposed(_) => {}
        }
    }

    fn replied(&mut self, index: usize, call: Call, reply: Reply) {
        let model = &mut self.model;
        match (call, reply) {
            (Call::Send(pair, number), Ok(_)) => {
                let message = (pair, number);
                assert!(
                    model.delivered.contains(&message),
                    "not delivered: {message:?}"
                );
            }
            (Call::Send(pair, number), Err(error)) => {
                model.counted[FAILED] += 1;
                let is_unknown = format!("{:?}", error.details).contains("unknown");
                let message = (pair, number);
                if !is_unknown {
                    assert!(!model.delivered.contains(&message), "{message:?}: {error}");
                    model.never.insert(message);
                }
            }
            (Call::Monitor(pair), Ok(_)) => {
                assert_eq!(model.ties.insert(pair, Tie::Set), Some(Tie::Asked));
            }
            (Call::Monitor(pair), Err(_)) => {
                let running = self.members[index].up().unwrap();
                if let Some(watcher) = running.kernel.process(pair.0.pid) {
                    running.kernel.unmonitor_far(&watcher, &pair.1.text());
                }
                match model.ties.get(&pair) {
                    Some(Tie::Told) => {}
                    before => {
                        assert_eq!(before, Some(&Tie::Asked));
                        model.ties.insert(pair, Tie::Failed);
                    }
                }
            }
            (Call::Slow, _) => {}
        }
    }

    /// Reads the events of all processes of a node.
    fn read_events(&mut self, index: usize) {
        let Some(running) = self.members[index].up() else {
            return;
        };
        for process in &running.processes {
            let events = process.events();
            while let Some((_, delivery)) = process.try_receive(&[events]) {
                let Delivery::Event(KernelEvent::Exit { from, .. }) = delivery else {
                    panic!("not an EXIT: {delivery:?}");
                };
                let watcher = Address::parse(process.text()).unwrap();
                let target = Address::parse(from.as_str()).unwrap();
                let pair = (watcher, target);
                let before = self.model.ties.insert(pair.clone(), Tie::Told);
                // A process that watches the watcher tells of its end before it hears of the request.
                // The watcher may read the end before the refusal of its request, or after it.
                let is_tie = matches!(before, Some(Tie::Set | Tie::Asked | Tie::Failed));
                assert!(is_tie, "{} is told of {}: {before:?}", pair.0, pair.1);
                self.model.counted[TOLD] += 1;
            }
        }
    }

    fn is_alive(&self, address: &Address) -> bool {
        self.index(&address.node).is_some_and(|index| {
            let running = self.members[index].up().unwrap();
            running.kernel.process(address.pid).is_some()
        })
    }

    /// No two nodes hold a name at one instant, by their own clocks, those that are stopped
    /// included; and a later holder has the larger token.
    fn check_names(&mut self) {
        for name in NAMES {
            let mut holder: Option<(NodeId, Token)> = None;
            for member in &self.members {
                let local = member.clock.local(self.now);
                let Some(running) = member.up() else {
                    continue;
                };
                if let Some(token) = running.core.holds(name, local) {
                    let here = running.core.node().clone();
                    assert!(holder.is_none(), "{here} and {holder:?} hold {name}");
                    holder = Some((here, token));
                }
            }
            let Some(holder) = holder else {
                continue;
            };
            if let Some((node, token)) = self.model.tokens.get(name) {
                assert!(holder.1 >= *token, "{name}: {token:?}, then {:?}", holder.1);
                if *node != holder.0 {
                    assert!(holder.1 > *token, "{name}: {token:?} of two nodes");
                    self.model.counted[MOVED] += 1;
                }
            }
            self.model.tokens.insert(name, holder);
        }
    }

    /// Does something at random.
    fn act(&mut self) {
        let index = self.random.below(self.members.len() as u64) as usize;
        let is_busy = |member: &Member| member.up().is_none() || member.paused_until > 0;
        self.members[index].paused_until = match self.members[index].paused_until {
            until if until <= self.now => 0,
            until => until,
        };
        if !is_busy(&self.members[index]) {
            self.act_on(index);
            self.settle(index);
        }
        if self.random.happens(60) {
            self.break_something(index);
        }
        self.check_names();
    }

    fn act_on(&mut self, index: usize) {
        let what = self.random.below(100);
        let local = self.members[index].clock.local(self.now);
        let far = self.random.below(self.model.addresses.len() as u64) as usize;
        let far = self.model.addresses.get(far).cloned();
        let Some(running) = self.members[index].up_mut() else {
            return;
        };
        let me = running.core.node().clone();
        running.processes.retain(|process| !process.has_exited());
        let choice = self.random.below(running.processes.len() as u64) as usize;
        let Some(process) = running.processes.get(choice).cloned() else {
            return self.spawn(index);
        };
        let own = Address::parse(process.text()).unwrap();
        let far = far.filter(|far| far.node != me);
        let model = &mut self.model;
        match (what, far) {
            (0..10, _) if running.processes.len() < 4 => self.spawn(index),
            (0..10, _) => {}
            (10..16, _) => {
                let exiting = running.kernel.exit(&process, Outcome::Returned(None));
                exiting.finish(moment(self.now));
                running.core.exited(process.pid(), local);
                for group in GROUPS {
                    running.core.leave_group(group, &place(&process));
                }
                running
                    .processes
                    .retain(|other| other.pid() != process.pid());
            }
            (16..50, Some(far)) => {
                let count = 1 + self.random.below(20);
                for _ in 0..count {
                    let size = match self.random.happens(50) {
                        true => 8 + self.random.below(20_000),
                        false => 8,
                    };
                    let pair = (own.clone(), far.clone());
                    let number = model.sent.entry(pair.clone()).or_default();
                    *number += 1;
                    let mut payload = number.to_le_bytes().to_vec();
                    payload.resize(size as usize, 0);
                    let call = Call::Send(pair, *number);
                    let ask = Ask::Send {
                        to: place_of(&far),
                        topic: "t".to_owned(),
                        payload: payload.into(),
                    };
                    let request = request(&process, ask);
                    let number = running.core.request(&far.node, request);
                    model.calls.insert((me.clone(), number), call);
                }
            }
            (50..65, Some(far)) => {
                let pair = (own, far.clone());
                if model.ties.contains_key(&pair) {
                    return;
                }
                let pid = FarPid::from(far.clone());
                running.kernel.monitor_far(&process, &pid).unwrap();
                let ask = Ask::Monitor { to: place_of(&far) };
                let number = running.core.request(&far.node, request(&process, ask));
                model.ties.insert(pair.clone(), Tie::Asked);
                model.calls.insert((me, number), Call::Monitor(pair));
            }
            (65..75, _) => {
                let name = NAMES[self.random.below(3) as usize];
                let call = running.core.register(name, &place(&process), local);
                model.names.insert((me, call), name);
            }
            (75..79, _) => {
                let name = NAMES[self.random.below(3) as usize];
                let call = match self.random.happens(500) {
                    true => running.core.unregister(name, local),
                    false => running.core.look_up(name, local),
                };
                model.names.insert((me, call), name);
            }
            (79..86, _) => {
                let group = GROUPS[self.random.below(2) as usize];
                match self.random.happens(600) {
                    true => running.core.join_group(group, &place(&process)),
                    false => running.core.leave_group(group, &place(&process)),
                }
            }
            (86..92, Some(far)) => {
                let ask = Ask::Call {
                    operation: "slow".to_owned(),
                    arguments: Bytes::new(),
                };
                let number = running.core.request(&far.node, request(&process, ask));
                match self.random.happens(300) && running.core.is_up(&far.node) {
                    true => {
                        running.core.abandon(number);
                        model.abandoned.insert((me, number));
                    }
                    false => {
                        model.calls.insert((me, number), Call::Slow);
                    }
                }
            }
            _ => {}
        }
    }

    fn break_something(&mut self, index: usize) {
        let name = self.members[index].name.clone();
        let scale = [SECOND, 10 * SECOND, 30 * SECOND][self.random.below(3) as usize];
        let time = self.random.below(scale);
        match self.random.below(10) {
            0..3 => {
                self.say(|| format!("stop {name} for {} ms", time / 1_000_000));
                self.members[index].paused_until = self.now + time;
            }
            3..5 => {
                self.say(|| format!("cut {name} for {} ms", time / 1_000_000));
                self.happens(Later::Cut(name.clone(), true));
                self.after(time, Later::Cut(name, false));
            }
            5..7 => {
                let other = self.random.below(self.members.len() as u64) as usize;
                let other = self.members[other].name.clone();
                self.say(|| format!("part {name} and {other} for {} ms", time / 1_000_000));
                self.broker.part(&name, &other, true);
                self.after(time, Later::Join(name, other));
            }
            7 => {
                self.say(|| format!("broker down for {} ms", time / 1_000_000));
                self.broker.set_down(true);
                self.after(time, Later::BrokerUp);
            }
            8 => {
                self.say(|| format!("kill {name} for {} ms", time / 1_000_000));
                self.kill(index);
                self.after(time, Later::Start(name));
            }
            _ => {
                // A second node of the name, while the first one lives.
                if self.members.len() < 6 && self.random.happens(300) {
                    self.start(&name);
                }
            }
        }
    }

    fn kill(&mut self, index: usize) {
        let member = self.members.swap_remove(index);
        if let Some(running) = member.up() {
            self.model.forget(running.core.node());
        }
        if self.members.is_empty() {
            self.start(&member.name);
        }
    }

    /// Ends all faults.
    fn calm(&mut self) {
        self.say(|| "calm".to_owned());
        self.broker.heal();
        for member in &mut self.members {
            member.paused_until = 0;
        }
        self.later
            .retain(|_, later| matches!(later, Later::Answer(..)));
        let asked = std::mem::take(&mut self.model.slow);
        for (node, request) in asked {
            if let Some(index) = self.index(&node) {
                if let Some(running) = self.members[index].up_mut() {
                    running.core.answer(request, Ok(Answer::Done));
                }
                self.settle(index);
            }
        }
    }

    fn check_quiet(&mut self) {
        let over = |member: &Member| matches!(member.phase, Phase::Over);
        self.members.retain(|member| !over(member));
        let mut nodes = BTreeSet::new();
        for member in &self.members {
            let running = member.up().expect("every node has joined");
            let is_new = nodes.insert(running.core.node().clone());
            assert!(is_new);
        }
        assert!(self.model.calls.is_empty(), "every call has its answer");
        assert!(self.model.names.is_empty(), "every name has its result");
        for member in &self.members {
            let running = member.up().unwrap();
            let me = running.core.node();
            let others: Vec<NodeId> = nodes.iter().filter(|node| *node != me).cloned().collect();
            assert_eq!(running.core.up(), others, "{me} is up with all others");
            let [sessions, outgoing, incoming, _, _] = running.core.counts();
            assert_eq!(
                [sessions, outgoing, incoming],
                [others.len(), 0, 0],
                "of {me}"
            );
            assert!(
                running.core.has_lease(member.clock.local(self.now)),
                "{me} has a lease"
            );
            for group in GROUPS {
                self.check_group(me, group);
            }
        }
        for ((watcher, target), tie) in &self.model.ties {
            if self.is_alive(watcher) {
                let expected = match tie {
                    Tie::Set => self.is_alive(target),
                    Tie::Asked => false,
                    Tie::Failed | Tie::Told => true,
                };
                assert!(expected, "{watcher} and {target}: {tie:?}");
            }
        }
    }

    /// All nodes see the same members.
    fn check_group(&self, me: &NodeId, group: &'static str) {
        let mut expected = BTreeSet::new();
        for member in &self.members {
            let running = member.up().unwrap();
            if running.core.node() != me {
                expected.extend(running.core.members_here(group));
            }
        }
        let index = self.index(me).unwrap();
        let seen: BTreeSet<Address> = self.members[index]
            .up()
            .unwrap()
            .core
            .members(group)
            .into_iter()
            .collect();
        assert_eq!(seen, expected, "{me} sees {group}");
        let told = self
            .model
            .groups
            .get(&(me.clone(), group))
            .cloned()
            .unwrap_or_default();
        assert_eq!(told, expected, "{me} was told of {group}");
    }

    fn end_processes(&mut self) {
        for index in 0..self.members.len() {
            let local = self.members[index].clock.local(self.now);
            let Some(running) = self.members[index].up_mut() else {
                continue;
            };
            for process in std::mem::take(&mut running.processes) {
                running
                    .kernel
                    .exit(&process, Outcome::Returned(None))
                    .finish(moment(self.now));
                running.core.exited(process.pid(), local);
            }
            self.settle(index);
        }
    }

    fn check_nothing_is_left(&self) {
        for member in &self.members {
            let running = member.up().unwrap();
            let me = running.core.node();
            assert_eq!(running.kernel.strangers(), 0, "{me} knows no stranger");
            let [_, outgoing, incoming, open, members] = running.core.counts();
            assert_eq!([outgoing, incoming, members], [0, 0, 0], "of {me}");
            assert!(open <= 2, "{me} has {open} operations open");
        }
    }
}

impl Model {
    /// A message is delivered to a node in its present session with another one.
    fn delivers(&mut self, me: &NodeId, from: &NodeId, pair: Pair, number: u64) {
        let (session, is_up) = self.sessions[&(me.clone(), from.clone())];
        assert!(is_up, "a message of a node that is not up");
        if let Some((last_session, last)) = self.last.get(&pair) {
            assert!(number > *last, "{pair:?}: {number} comes after {last}");
            // Within a session nothing is lost. Numbers that were refused at once do not count.
            if *last_session == session {
                for lost in last + 1..number {
                    let is_refused = self.never.contains(&(pair.clone(), lost));
                    assert!(is_refused, "{pair:?}: {lost} is lost before {number}");
                }
            }
        }
        assert!(
            !self.never.contains(&(pair.clone(), number)),
            "{pair:?}: {number}"
        );
        self.last.insert(pair.clone(), (session, number));
        self.delivered.insert((pair, number));
        self.counted[DELIVERED] += 1;
    }

    /// A node is gone with everything that it waited for.
    fn forget(&mut self, node: &NodeId) {
        self.calls.retain(|(of, _), _| of != node);
        self.names.retain(|(of, _), _| of != node);
        self.slow.retain(|(of, _)| of != node);
    }
}

fn request(process: &Process, ask: Ask) -> Request {
    let caller = Caller {
        process: Some(place(process)),
        ..Caller::default()
    };
    Request { caller, ask }
}

fn place_of(address: &Address) -> crate::signal::Place {
    crate::signal::Place {
        host: HOST.into(),
        pid: address.pid,
    }
}

fn pair_of(from: &NodeId, caller: &Caller, me: &NodeId, to: &crate::signal::Place) -> Pair {
    let sender = caller.process.as_ref().unwrap();
    let address = |node: &NodeId, place: &crate::signal::Place| Address {
        node: node.clone(),
        host: place.host.clone(),
        pid: place.pid,
    };
    (address(from, sender), address(me, to))
}
