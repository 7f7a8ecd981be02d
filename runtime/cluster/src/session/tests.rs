//! Two sessions that are connected without a broker.

use super::*;

const SETTINGS: Settings = Settings {
    down_after: Duration::from_secs(5),
    window: 64 << 10,
    backlog: 1 << 20,
    max_signal: 1 << 20,
    max_packet: 4096,
};

/// One side.
struct Side {
    session: Session,
    epochs: u64,
    signals: Vec<Bytes>,
    changes: Vec<Change>,
}

impl Side {
    fn new(me: u64, peer: u64) -> Side {
        let lives = (Incarnation(me), Incarnation(peer));
        Side {
            session: Session::new(SETTINGS, lives, 1, Monotonic(0)),
            epochs: 2,
            signals: Vec::new(),
            changes: Vec::new(),
        }
    }

    fn packets(&mut self, now: Monotonic) -> Vec<Bytes> {
        let mut packets = Vec::new();
        self.changes
            .extend(self.session.check(&mut self.epochs, now));
        self.session.flush(now, |packet| packets.push(packet));
        packets
    }

    fn take(&mut self, packet: &Bytes, now: Monotonic) {
        assert!(packet.len() <= SETTINGS.max_packet);
        let frame = Frame::decode(packet).unwrap();
        let (signals, epochs) = (&mut self.signals, &mut self.epochs);
        self.changes
            .extend(self.session.receive(frame, signals, epochs, now));
    }
}

struct Both {
    sides: [Side; 2],
    now: u64,
}

impl Both {
    fn new() -> Both {
        Both {
            sides: [Side::new(1, 2), Side::new(2, 1)],
            now: 0,
        }
    }

    /// Lets time pass in steps of 10 ms. Packets for which `loses` is true are lost.
    fn pass(&mut self, milliseconds: u64, mut loses: impl FnMut(usize, &Bytes) -> bool) {
        for _ in 0..milliseconds / 10 {
            self.now += 10_000_000;
            let now = Monotonic(self.now);
            for from in [0, 1] {
                for packet in self.sides[from].packets(now) {
                    if !loses(from, &packet) {
                        self.sides[1 - from].take(&packet, now);
                    }
                }
            }
        }
    }

    fn up() -> Both {
        let mut both = Both::new();
        both.pass(1000, |_, _| false);
        for side in &both.sides {
            assert_eq!(side.changes, [Change::Up]);
        }
        both
    }
}

fn signal(number: usize) -> Bytes {
    // Some fill many frames.
    let len = if number.is_multiple_of(50) {
        20_000
    } else {
        20
    };
    let mut bytes = number.to_le_bytes().to_vec();
    bytes.resize(len, 7);
    bytes.into()
}

#[test]
fn signals_arrive_in_order_over_a_connection_that_loses_much() {
    let mut both = Both::up();
    for number in 0..500 {
        both.sides[0].session.send(signal(number));
        both.sides[1].session.send(signal(number));
    }
    let mut count = 0_u32;
    both.pass(60_000, |_, _| {
        count += 1;
        count.is_multiple_of(3)
    });
    for side in &both.sides {
        let expected: Vec<Bytes> = (0..500).map(signal).collect();
        assert_eq!(side.signals.len(), 500);
        assert!(side.signals == expected, "in order and whole");
        assert_eq!(side.changes, [Change::Up], "no session has ended");
        assert_eq!(side.session.figures().in_flight, 0);
    }
    assert!(both.sides[0].session.figures().frames_resent > 0);
}

#[test]
fn without_acknowledgements_a_window_is_sent_and_then_given_up() {
    let mut both = Both::up();
    for number in 0..5_000 {
        both.sides[0].session.send(signal(number));
    }
    // Only heartbeats get through.
    let is_data =
        |_, packet: &Bytes| matches!(Frame::decode(packet).unwrap().body, Body::Data { .. });
    both.pass(4_000, is_data);
    let figures = both.sides[0].session.figures();
    assert!(figures.in_flight <= (SETTINGS.window + SETTINGS.max_packet) as u64);
    assert!(figures.waiting > 0);
    both.pass(2_000, is_data);
    let down = |reason: &str| Change::Down(reason.to_owned());
    let [sender, receiver] = &both.sides;
    assert_eq!(
        sender.changes[1],
        down("it has acknowledged nothing for 5s")
    );
    assert_eq!(receiver.changes[1], down("it gave up the session"));
}

#[test]
fn a_lone_frame_that_never_arrives_ends_the_session() {
    let mut both = Both::up();
    both.sides[0].session.send(signal(1));
    let is_data =
        |_, packet: &Bytes| matches!(Frame::decode(packet).unwrap().body, Body::Data { .. });
    both.pass(19_000, is_data);
    assert_eq!(both.sides[0].changes, [Change::Up]);
    both.pass(1_500, is_data);
    let down = Change::Down("it has acknowledged nothing for 20s".to_owned());
    assert_eq!(both.sides[0].changes[1], down);
}

#[test]
fn a_session_that_one_side_gave_up_ends_for_both_and_is_not_resumed() {
    let mut both = Both::up();
    both.sides[0].session.send(signal(1));
    let old = both.sides[0].packets(Monotonic(both.now));
    let [one, _] = &mut both.sides;
    one.session.give_up(&mut one.epochs);
    both.pass(1_000, |_, _| false);
    let gave_up = Change::Down("it gave up the session".to_owned());
    assert_eq!(both.sides[1].changes, [Change::Up, gave_up, Change::Up]);
    assert_eq!(both.sides[0].changes, [Change::Up, Change::Up]);
    for packet in &old {
        both.sides[1].take(packet, Monotonic(both.now));
    }
    assert!(
        both.sides[1].signals.is_empty(),
        "a frame of the old session"
    );
    both.sides[0].session.send(signal(2));
    both.pass(1_000, |_, _| false);
    assert_eq!(both.sides[1].signals, [signal(2)]);
}

#[test]
fn a_farewell_that_comes_first_ends_nothing() {
    let mut both = Both::new();
    let now = Monotonic(1);
    let [a, b] = &mut both.sides;
    for greeting in a.packets(now) {
        b.take(&greeting, now);
    }
    for answer in b.packets(now) {
        a.take(&answer, now);
    }
    assert_eq!(a.changes, [Change::Up]);
    b.take(&a.session.farewell(false, "it leaves"), now);
    assert_eq!(b.changes, []);
    assert!(!b.session.is_up());
}

#[test]
fn a_silent_session_has_a_round_trip_and_few_packets() {
    let mut both = Both::up();
    let mut packets = 0;
    both.pass(10_000, |_, _| {
        packets += 1;
        false
    });
    assert!(packets <= 2 * 2 * 11, "{packets} packets in 10 s");
    assert!(both.sides[0].session.figures().round_trip.is_some());
}
