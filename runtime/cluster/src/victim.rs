//! A node and a peer that does to it whatever bytes say: for fuzzing, and for the tests of
//! hostile peers.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use warren_kernel::{Error, Incarnation, Monotonic, NodeId, NodeName, Outcome, Pid, Timestamp};

use crate::config::Config;
use crate::core::{Core, Output};
use crate::joining::Joined;
use crate::member::{NodeEntry, key_of_node};
use crate::news::NodeChange;
use crate::signal::{Answer, Ask, Caller, End, Notice, Place, Request, Start};
use crate::transport::{Event, Found, Operation};
use crate::wire::frame::{Body, Chunk, Frame, MAJOR};
use crate::wire::signal::Signal;
use crate::wire::{Reader, Writer};

/// Bytes of the largest packet.
const PACKET: usize = 4096;
/// Bytes of the largest signal.
const SIGNAL: usize = 64 << 10;
const ME: Incarnation = Incarnation(10);
/// The life of the peer.
pub(crate) const PEER: Incarnation = Incarnation(7);
const MILLISECOND: u64 = 1_000_000;

/// The reach of one input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Packets that were frames.
    pub frames: u64,
    /// Signals that were handed over.
    pub signals: u64,
    /// 1 if the peer was cut off.
    pub cut_off: u64,
    /// Packets of other versions.
    pub versions: u64,
}

/// Takes an input as packets of a peer: each is a byte for its sort, two for its length, and
/// its content. Checks that the node stays sound.
///
/// # Panics
/// The node breaks a promise.
pub fn suffer(input: &[u8]) -> Reach {
    let mut victim = Victim::new();
    let mut reach = Reach::default();
    let mut rest = input;
    while let [sort, low, high, content @ ..] = rest {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(content.len());
        let (content, after) = content.split_at(length);
        rest = after;
        let content = Bytes::copy_from_slice(content);
        match Frame::decode(&content) {
            Ok(frame) => {
                assert_eq!(Frame::decode(&frame.encode()).as_ref(), Ok(&frame));
                reach.frames += 1;
            }
            Err(crate::wire::frame::Unreadable::Version(..)) => reach.versions += 1,
            Err(_) => {}
        }
        if let Ok(signal) = Signal::decode(&content) {
            assert_eq!(Signal::decode(&signal.encode()), Ok(signal));
        }
        let outputs = match sort % 4 {
            0 => victim.packet(content),
            1 => victim.signal(content, true),
            2 => victim.signal(content, false),
            _ => victim.beat(&content),
        };
        for output in outputs {
            match output {
                Output::Packet(to, packet) => {
                    assert_eq!(to, victim.peer.name, "packets are for the peer alone");
                    assert!(packet.len() <= PACKET, "a packet of {} bytes", packet.len());
                    assert!(Frame::decode(&packet).is_ok());
                }
                Output::Request(..) | Output::Notice(..) | Output::Group(_) => reach.signals += 1,
                Output::Node(NodeChange::CutOff(..)) => {
                    assert_eq!(reach.cut_off, 0, "cut off once");
                    reach.cut_off = 1;
                }
                _ => assert_eq!(reach.cut_off, 0, "nothing of a peer that is cut off"),
            }
        }
    }
    reach
}

/// Returns encoded signals of every sort, to make inputs of.
pub fn signals() -> Vec<Vec<u8>> {
    let place = Place {
        host: "app:processes".into(),
        pid: Pid::from_number(2).unwrap_or_else(|| unreachable!()),
    };
    let asks = [
        Ask::Send {
            to: place.clone(),
            topic: "topic".to_owned(),
            payload: Bytes::from_static(&[0x91, 7]),
        },
        Ask::Cancel {
            to: place.clone(),
            deadline: Some(Timestamp(9)),
            within: Some(5),
            reason: Some("full".to_owned()),
        },
        Ask::Monitor { to: place.clone() },
        Ask::Exec(Box::new(Start {
            definition: "app:main".to_owned(),
            messages: vec![("topic".to_owned(), Bytes::from_static(&[0x90]))],
            ..Start::default()
        })),
        Ask::Unknown,
    ];
    let error = Error::not_found("gone").with("node", "b");
    let outcome = Outcome::Failed(Box::new(error.clone()));
    let ended = End {
        process: place.clone(),
        at: Timestamp(1),
        outcome: outcome.clone(),
        by_link: false,
        told: vec![place.clone()],
    };
    let caller = Caller {
        process: Some(place.clone()),
        scope: Some(vec!["app:read".to_owned()]),
        ..Caller::default()
    };
    let request = |(number, ask): (u64, Ask)| {
        let caller = caller.clone();
        Signal::Request(number, Request { caller, ask })
    };
    let others = [
        Signal::Answer(1, Err(error)),
        Signal::Answer(1, Ok(Answer::Ended(outcome))),
        Signal::Answer(1, Ok(Answer::Spawned(place.clone()))),
        Signal::Abandon(1),
        Signal::Notice(Notice::Ended(ended)),
        Signal::Join("group".to_owned(), vec![place.clone()]),
        Signal::Leave("group".to_owned(), vec![place]),
        Signal::CheckName("name".to_owned(), 3),
        Signal::Release(4, "name".to_owned()),
        Signal::Released(4, true),
    ];
    let requests = (1..).zip(asks).map(request);
    requests
        .chain(others)
        .map(|signal| signal.encode().to_vec())
        .collect()
}

/// Returns encoded frames of every sort, and one of another version.
pub fn frames() -> Vec<Vec<u8>> {
    let victim = Victim::new();
    let bodies = [
        Body::Hello,
        Body::Data {
            number: 1,
            received: 0,
            chunks: vec![Chunk {
                is_last: true,
                bytes: Signal::Abandon(1).encode(),
            }],
        },
        Body::Beat {
            sent: 3,
            received: 0,
            again: true,
            stamp: 5,
            echo: 0,
        },
        Body::Bye {
            is_cut: false,
            reason: "it has left the cluster".to_owned(),
        },
    ];
    let frames = bodies.into_iter().map(|body| victim.frame(body).encode());
    let mut other = Writer::new();
    other.array(3).uint(MAJOR + 1).uint(0).nil();
    frames
        .chain([other.into_bytes()])
        .map(|frame| frame.to_vec())
        .collect()
}

/// A node whose session with a peer is up.
pub(crate) struct Victim {
    pub(crate) core: Core,
    pub(crate) peer: NodeId,
    now: u64,
    /// The epoch of the node's session.
    epoch: u64,
    /// The number of the peer's last data frame.
    number: u64,
}

impl Victim {
    pub(crate) fn new() -> Victim {
        // Both are names of nodes.
        let name = |text: &str| -> NodeName { text.parse().unwrap_or_else(|_| unreachable!()) };
        let (me, peer) = (name("a"), name("b"));
        let mut config = Config::new(name("c"), me.clone());
        config.max_signal = SIGNAL;
        let joined = Joined {
            node: NodeId {
                name: me,
                incarnation: ME,
            },
            revision: 1,
            sent_at: Monotonic(MILLISECOND),
        };
        let mut victim = Victim {
            core: Core::new(config, joined, PACKET, Monotonic(MILLISECOND)),
            peer: NodeId {
                name: peer,
                incarnation: PEER,
            },
            now: MILLISECOND,
            epoch: 0,
            number: 0,
        };
        victim.meet(PEER, 2);
        victim
    }

    /// Lets the node find an entry of the peer, and begins a session.
    pub(crate) fn meet(&mut self, incarnation: Incarnation, revision: u64) {
        self.peer.incarnation = incarnation;
        self.now += 2_500 * MILLISECOND;
        let entry = NodeEntry {
            incarnation,
            generation: 1,
            lease: Duration::from_secs(10),
            is_over: false,
        };
        let key = key_of_node(&self.peer.name);
        let values = vec![(key, entry.encode(), revision)];
        let outputs = self.turn();
        let list = outputs.into_iter().find_map(|output| match output {
            Output::Ask(number, Operation::List { .. }) => Some(number),
            _ => None,
        });
        let Some(number) = list else {
            return;
        };
        let result = Ok(Found::Values(values));
        self.core
            .event(Event::Answer { number, result }, Monotonic(self.now));
        for output in self.turn() {
            if let Output::Packet(_, packet) = output
                && let Ok(frame) = Frame::decode(&packet)
            {
                self.epoch = frame.from_epoch;
            }
        }
        self.number = 0;
        let hello = self.frame(Body::Hello);
        self.packet(hello.encode());
    }

    /// Returns a frame of the peer, in the present session.
    pub(crate) fn frame(&self, body: Body) -> Frame {
        Frame {
            from: self.peer.incarnation,
            to: ME,
            from_epoch: 1,
            to_epoch: self.epoch,
            body,
        }
    }

    /// Takes a packet of the peer, and returns the outputs.
    pub(crate) fn packet(&mut self, packet: Bytes) -> VecDeque<Output> {
        let from = self.peer.name.clone();
        self.now += MILLISECOND / 100;
        self.core
            .event(Event::Packet { from, packet }, Monotonic(self.now));
        self.turn()
    }

    /// Takes a chunk in the next data frame.
    pub(crate) fn signal(&mut self, bytes: Bytes, is_last: bool) -> VecDeque<Output> {
        self.number += 1;
        let frame = self.frame(Body::Data {
            number: self.number,
            received: 0,
            chunks: vec![Chunk { is_last, bytes }],
        });
        self.packet(frame.encode())
    }

    /// Takes a heartbeat whose numbers are read from bytes.
    fn beat(&mut self, bytes: &Bytes) -> VecDeque<Output> {
        let mut from = Reader::new(bytes);
        let mut number = || from.uint().unwrap_or(0);
        let frame = self.frame(Body::Beat {
            sent: number(),
            received: number(),
            again: number() % 2 == 1,
            stamp: number(),
            echo: number(),
        });
        self.packet(frame.encode())
    }

    fn turn(&mut self) -> VecDeque<Output> {
        self.core.turn(Monotonic(self.now));
        self.core.outputs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::MINOR;

    /// Returns the reason for which the peer was cut off.
    fn reason(outputs: VecDeque<Output>) -> String {
        let reason = outputs.iter().find_map(|output| match output {
            Output::Node(NodeChange::CutOff(_, reason)) => Some(reason.clone()),
            _ => None,
        });
        let told = outputs.iter().any(|output| match output {
            Output::Packet(_, packet) => {
                let frame = Frame::decode(packet).unwrap();
                matches!(frame.body, Body::Bye { is_cut: true, .. })
            }
            _ => false,
        });
        assert!(told, "the peer is told why: {outputs:?}");
        let down = outputs
            .iter()
            .any(|output| matches!(output, Output::Node(NodeChange::Down(..))));
        assert!(down, "the node is down: {outputs:?}");
        reason.unwrap_or_else(|| panic!("not cut off: {outputs:?}"))
    }

    fn request(number: u64) -> Bytes {
        let place = Place {
            host: "h".into(),
            pid: warren_kernel::Pid::from_number(1).unwrap(),
        };
        let ask = Ask::Terminate { to: place };
        let caller = Caller::default();
        Signal::Request(number, Request { caller, ask }).encode()
    }

    #[test]
    fn a_victim_takes_requests() {
        let mut victim = Victim::new();
        assert!(victim.core.is_up(&victim.peer));
        let outputs = victim.signal(request(1), true);
        let is_request = |output: &Output| matches!(output, Output::Request(..));
        assert!(outputs.iter().any(is_request), "{outputs:?}");
    }

    #[test]
    fn garbage_cuts_off_one_life_of_a_peer() {
        let mut victim = Victim::new();
        let outputs = victim.packet(Bytes::from_static(b"garbage"));
        assert_eq!(reason(outputs), "malformed: not an array");
        assert!(!victim.core.is_up(&victim.peer));
        assert!(victim.signal(request(1), true).is_empty());
        assert!(victim.packet(Bytes::from_static(b"garbage")).is_empty());
        victim.meet(Incarnation(8), 3);
        assert!(victim.core.is_up(&victim.peer), "its next life is met");
    }

    #[test]
    fn broken_promises_cut_a_peer_off() {
        let mut victim = Victim::new();
        let outputs = victim.signal(Bytes::from_static(&[0xc1]), true);
        assert_eq!(reason(outputs), "malformed: not an array");

        let mut victim = Victim::new();
        let beat = victim.frame(Body::Beat {
            sent: 0,
            received: 1 << 40,
            again: false,
            stamp: 0,
            echo: 0,
        });
        let outputs = victim.packet(beat.encode());
        assert_eq!(
            reason(outputs),
            "an acknowledgement of a frame that was never sent"
        );

        let mut victim = Victim::new();
        let ahead = Frame {
            to_epoch: u64::MAX,
            ..victim.frame(Body::Hello)
        };
        let outputs = victim.packet(ahead.encode());
        assert_eq!(reason(outputs), "a frame for an epoch that never was");

        let mut victim = Victim::new();
        victim.signal(request(1), true);
        let outputs = victim.signal(request(1), true);
        assert_eq!(reason(outputs), "two requests of one number");
    }

    #[test]
    fn a_signal_without_an_end_is_bounded() {
        let mut victim = Victim::new();
        let part = Bytes::from(vec![0; 3000]);
        let outputs = (0..SIGNAL).map(|_| victim.signal(part.clone(), false));
        let outputs = outputs.take(SIGNAL / 3000 + 1).last().unwrap();
        assert_eq!(
            reason(outputs),
            format!("a signal of more than {SIGNAL} bytes")
        );
    }

    #[test]
    fn a_flood_cuts_a_peer_off() {
        let mut victim = Victim::new();
        let old = victim.frame(Body::Data {
            number: 0,
            received: 0,
            chunks: Vec::new(),
        });
        let old = old.encode();
        let flooded = (0..30_000).find_map(|_| {
            let outputs = victim.packet(old.clone());
            let is_down = !victim.core.is_up(&victim.peer);
            is_down.then_some(outputs)
        });
        let reason = reason(flooded.expect("a flood"));
        assert_eq!(reason, "more than 20000 useless frames within a second");
    }

    #[test]
    fn frames_behind_a_lost_one_are_no_flood() {
        let mut victim = Victim::new();
        for number in 2..30_000 {
            let frame = victim.frame(Body::Data {
                number,
                received: 0,
                chunks: Vec::new(),
            });
            victim.packet(frame.encode());
        }
        assert!(victim.core.is_up(&victim.peer));
    }

    #[test]
    fn another_version_is_refused_with_both_versions() {
        let mut victim = Victim::new();
        let mut packet = Writer::new();
        packet.array(2).uint(MAJOR + 1).uint(3);
        let outputs = victim.packet(packet.into_bytes());
        let refused = outputs.iter().find_map(|output| match output {
            Output::Node(NodeChange::Refused(name, reason)) => Some((name.clone(), reason.clone())),
            _ => None,
        });
        let expected = format!("it speaks version 2.3 of the protocol, this node {MAJOR}.{MINOR}");
        assert_eq!(refused, Some((victim.peer.name.clone(), expected)));
    }

    #[test]
    fn frames_of_other_lives_do_nothing() {
        let mut victim = Victim::new();
        for (from, to) in [(PEER.0 - 1, ME.0), (PEER.0 + 1, ME.0), (PEER.0, ME.0 - 1)] {
            let frame = Frame {
                from: Incarnation(from),
                to: Incarnation(to),
                ..victim.frame(Body::Data {
                    number: 1,
                    received: 0,
                    chunks: vec![Chunk {
                        is_last: true,
                        bytes: request(1),
                    }],
                })
            };
            let outputs = victim.packet(frame.encode());
            let acts = |output: &Output| matches!(output, Output::Request(..) | Output::Node(_));
            assert!(!outputs.iter().any(acts), "{from} to {to}: {outputs:?}");
        }
        assert!(victim.core.is_up(&victim.peer));
    }

    #[test]
    fn random_bytes_are_suffered() {
        let mut random = crate::transport::simulated::Random::new(7);
        for _ in 0..500 {
            let input: Vec<u8> = (0..64).map(|_| random.number() as u8 % 16).collect();
            suffer(&input);
        }
    }
}
