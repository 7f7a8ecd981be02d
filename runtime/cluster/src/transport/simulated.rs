//! A simulated broker: packets and operations take a time that a seed decides, and are lost
//! while the broker or a connection is down. Time stands until it is moved on.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use warren_kernel::NodeName;

use super::{Event, Events, Found, Operation, Refusal, Transport};

/// Numbers that a seed decides.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Begins with a seed.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// Returns the next number.
    pub fn number(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `end`; 0 for an end of 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.number().checked_rem(end).unwrap_or(0)
    }

    /// Returns true in so many of a thousand cases.
    pub fn happens(&mut self, of_thousand: u64) -> bool {
        self.below(1000) < of_thousand
    }
}

/// The faults of a broker that is up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Nanoseconds that a packet or an operation takes at most.
    pub delay: u64,
    /// Packets that are lost, of a thousand.
    pub loss: u64,
    /// Packets that overtake others of the same sender, of a thousand.
    pub overtaking: u64,
    /// Operations whose result is lost, and that are carried out late or never, of a thousand.
    pub doubt: u64,
}

/// The broker.
#[derive(Clone, Debug)]
pub struct Broker(Arc<Mutex<State>>);

struct State {
    now: u64,
    random: Random,
    faults: Faults,
    is_down: bool,
    /// The next events, by time and order.
    queue: BTreeMap<(u64, u64), Item>,
    order: u64,
    ports: BTreeMap<u64, Place>,
    next_port: u64,
    /// Pairs of nodes whose packets are lost.
    parted: BTreeSet<(NodeName, NodeName)>,
    /// Ports whose connection is down.
    cut: BTreeSet<u64>,
    values: BTreeMap<String, (Bytes, u64)>,
    revision: u64,
    /// Arrival of the last packet of each pair of ports.
    last: BTreeMap<(u64, u64), u64>,
}

struct Place {
    node: NodeName,
    events: Arc<Events>,
}

enum Item {
    Deliver(u64, Event),
    /// An operation of a port, and whether its result is told.
    CarryOut(u64, u64, Operation, bool),
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("now", &self.now)
            .field("queue", &self.queue.len())
            .finish_non_exhaustive()
    }
}

impl Broker {
    /// Returns a broker that is up, at the time 0.
    pub fn new(seed: u64, faults: Faults) -> Broker {
        Broker(Arc::new(Mutex::new(State {
            now: 0,
            random: Random::new(seed),
            faults,
            is_down: false,
            queue: BTreeMap::new(),
            order: 0,
            ports: BTreeMap::new(),
            next_port: 1,
            parted: BTreeSet::new(),
            cut: BTreeSet::new(),
            values: BTreeMap::new(),
            revision: 0,
            last: BTreeMap::new(),
        })))
    }

    /// Returns a connection for a node.
    pub fn port(&self) -> Port {
        let mut state = self.0.lock();
        let number = state.next_port;
        state.next_port += 1;
        Port {
            broker: self.clone(),
            number,
        }
    }

    /// Returns the time of the next event.
    pub fn next(&self) -> Option<u64> {
        let state = self.0.lock();
        state.queue.first_key_value().map(|((at, _), _)| *at)
    }

    /// Moves the time on, and reports the events up to it.
    pub fn advance(&self, to: u64) {
        loop {
            let mut state = self.0.lock();
            let due = state
                .queue
                .first_key_value()
                .is_some_and(|((at, _), _)| *at <= to);
            if !due {
                state.now = state.now.max(to);
                return;
            }
            let Some(((at, _), item)) = state.queue.pop_first() else {
                return;
            };
            state.now = state.now.max(at);
            match item {
                Item::Deliver(port, event) => {
                    let reachable = !state.is_down && !state.cut.contains(&port);
                    let events = state
                        .ports
                        .get(&port)
                        .map(|place| Arc::clone(&place.events));
                    drop(state);
                    if let Some(events) = events.filter(|_| reachable) {
                        events(event);
                    }
                }
                Item::CarryOut(port, number, operation, is_told) => {
                    state.carry_out(port, number, operation, is_told);
                }
            }
        }
    }

    /// Changes the faults.
    pub fn set_faults(&self, faults: Faults) {
        self.0.lock().faults = faults;
    }

    /// Stops the broker, or starts it again with its values.
    pub fn set_down(&self, is_down: bool) {
        self.0.lock().is_down = is_down;
    }

    /// Parts two nodes, or joins them again.
    pub fn part(&self, one: &NodeName, other: &NodeName, is_parted: bool) {
        let mut state = self.0.lock();
        for pair in [(one, other), (other, one)] {
            let pair = (pair.0.clone(), pair.1.clone());
            match is_parted {
                true => state.parted.insert(pair),
                false => state.parted.remove(&pair),
            };
        }
    }

    /// Mends everything but the delays.
    pub fn heal(&self) {
        let mut state = self.0.lock();
        state.is_down = false;
        state.parted.clear();
        state.cut.clear();
        let delay = state.faults.delay;
        state.faults = Faults {
            delay,
            ..Faults::default()
        };
    }

    /// Puts a packet on its way as if a node had sent it.
    pub fn forge(&self, from: &NodeName, to: &NodeName, packet: Bytes) {
        self.0.lock().send(0, from, to, packet);
    }
}

impl State {
    fn push(&mut self, at: u64, item: Item) {
        self.order += 1;
        self.queue.insert((at, self.order), item);
    }

    fn delay(&mut self) -> u64 {
        let most = self.faults.delay;
        1 + self.random.below(most)
    }

    fn send(&mut self, port: u64, from: &NodeName, to: &NodeName, packet: Bytes) {
        if self.is_down || self.cut.contains(&port) {
            return;
        }
        if self.parted.contains(&(from.clone(), to.clone())) {
            return;
        }
        let receivers = self.ports.iter().filter(|(_, place)| place.node == *to);
        let receivers: Vec<u64> = receivers.map(|(number, _)| *number).collect();
        for receiver in receivers {
            let loss = self.faults.loss;
            if self.random.happens(loss) {
                continue;
            }
            let mut at = self.now + self.delay();
            let overtaking = self.faults.overtaking;
            let overtakes = self.random.happens(overtaking);
            let last = self.last.entry((port, receiver)).or_default();
            if !overtakes {
                at = at.max(*last);
            }
            *last = at.max(*last);
            let event = Event::Packet {
                from: from.clone(),
                packet: packet.clone(),
            };
            self.push(at, Item::Deliver(receiver, event));
        }
    }

    fn ask(&mut self, port: u64, number: u64, operation: Operation) {
        let doubt = self.faults.doubt;
        let is_doubtful = self.random.happens(doubt);
        if self.is_down || self.cut.contains(&port) || is_doubtful {
            if is_doubtful && self.random.happens(500) {
                // Carried out long after its sender has given up.
                let at = self.now + self.random.below(20_000_000_000);
                self.push(at, Item::CarryOut(port, number, operation, false));
            }
            let at = self.now + 1_000_000_000 + self.random.below(4_000_000_000);
            let result = Err(Refusal::Unavailable("the broker is down".to_owned()));
            if self.random.happens(700) {
                self.push(at, Item::Deliver(port, Event::Answer { number, result }));
            }
            return;
        }
        let at = self.now + self.delay();
        self.push(at, Item::CarryOut(port, number, operation, true));
    }

    fn carry_out(&mut self, port: u64, number: u64, operation: Operation, is_told: bool) {
        let result = self.change(operation);
        if is_told {
            let at = self.now + self.delay();
            self.push(at, Item::Deliver(port, Event::Answer { number, result }));
        }
    }

    fn change(&mut self, operation: Operation) -> Result<Found, Refusal> {
        let revision_of = |values: &BTreeMap<String, (Bytes, u64)>, key: &str| {
            values.get(key).map_or(0, |(_, revision)| *revision)
        };
        match operation {
            Operation::Get { key } => Ok(match self.values.get(&key) {
                Some((value, revision)) => Found::Value(value.clone(), *revision),
                None => Found::Nothing,
            }),
            Operation::Put {
                key,
                value,
                revision,
            } => {
                if revision_of(&self.values, &key) != revision {
                    return Err(Refusal::Conflict);
                }
                self.revision += 1;
                self.values.insert(key, (value, self.revision));
                Ok(Found::Revision(self.revision))
            }
            Operation::Delete { key, revision } => {
                if revision_of(&self.values, &key) != revision {
                    return Err(Refusal::Conflict);
                }
                self.revision += 1;
                self.values.remove(&key);
                Ok(Found::Revision(0))
            }
            Operation::List {
                prefix,
                after,
                most,
            } => {
                let values = self.values.range(prefix.clone()..);
                let values = values
                    .take_while(|(key, _)| key.starts_with(&prefix))
                    .filter(|(key, _)| **key > after)
                    .take(most);
                let values =
                    values.map(|(key, (value, revision))| (key.clone(), value.clone(), *revision));
                Ok(Found::Values(values.collect()))
            }
        }
    }
}

/// The connection of one life of a node to the broker.
#[derive(Debug)]
pub struct Port {
    broker: Broker,
    number: u64,
}

impl Port {
    /// Cuts the connection, or mends it.
    pub fn cut(&self, is_cut: bool) {
        let mut state = self.broker.0.lock();
        match is_cut {
            true => state.cut.insert(self.number),
            false => state.cut.remove(&self.number),
        };
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        let mut state = self.broker.0.lock();
        state.ports.remove(&self.number);
        state.cut.remove(&self.number);
    }
}

impl Transport for Port {
    fn start(&mut self, _cluster: &NodeName, node: &NodeName, events: Events) {
        let place = Place {
            node: node.clone(),
            events: Arc::new(events),
        };
        self.broker.0.lock().ports.insert(self.number, place);
    }

    fn max_packet(&self) -> usize {
        4096
    }

    fn send(&self, to: &NodeName, packet: Bytes) {
        let mut state = self.broker.0.lock();
        if let Some(from) = state
            .ports
            .get(&self.number)
            .map(|place| place.node.clone())
        {
            state.send(self.number, &from, to, packet);
        }
    }

    fn ask(&self, number: u64, operation: Operation) {
        self.broker.0.lock().ask(self.number, number, operation);
    }

    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}
