//! One session with another node: epochs, sequence numbers, window, heartbeats.
//!
//! Each side names the session by an epoch of its own, and a frame carries both epochs. A side
//! is up once a frame has told its own epoch back to it. A side that gives up takes another
//! epoch, which ends the session for the peer, too, as soon as the peer hears of it. So both
//! sides agree on the signals of a session, and none of an earlier one gets into a later one.

mod receiving;
mod sending;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;
use warren_kernel::{Incarnation, Monotonic, nanoseconds};

use crate::view::Figures;
use crate::wire::frame::{Body, Frame};
use receiving::Receiving;
use sending::Sending;

/// Time between heartbeats.
pub(crate) const BEAT: Duration = Duration::from_secs(1);
/// Time between greetings while a session is not up.
const GREETING: Duration = Duration::from_millis(250);
/// Time for which an acknowledgement waits for a frame to travel with.
const ACKNOWLEDGEMENT: Duration = Duration::from_millis(20);
/// Frames a second that carry nothing, beyond which a peer floods.
const NUISANCES: u32 = 20_000;
/// Backlogs that may wait for the window: answers, ends and members of groups are not refused
/// as requests are.
const BACKLOGS: usize = 16;
/// Times `down_after` that a frame may stay without an acknowledgement while the window has
/// room: the peer's signs of life may come through where data does not.
const STALLED: u32 = 4;

/// The settings of a session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) down_after: Duration,
    /// Bytes ahead of the acknowledgement.
    pub(crate) window: usize,
    /// Bytes that wait for the window.
    pub(crate) backlog: usize,
    /// Bytes of the largest signal.
    pub(crate) max_signal: usize,
    /// Bytes of the largest packet.
    pub(crate) max_packet: usize,
}

/// A change of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It began.
    Up,
    /// It ended, for a reason.
    Down(String),
    /// It ended because the peer has broken the protocol.
    Broken(String),
}

/// The session with one incarnation of a node.
#[derive(Debug)]
pub(crate) struct Session {
    settings: Settings,
    me: Incarnation,
    peer: Incarnation,
    /// This side's epoch.
    epoch: u64,
    /// The peer's epoch, once it was heard of.
    theirs: u64,
    /// True while both sides know each other's epochs, as far as this side can know.
    is_up: bool,
    sending: Sending,
    receiving: Receiving,
    heard_at: Monotonic,
    beat_at: Monotonic,
    /// A greeting is due at once.
    must_greet: bool,
    /// Stamp to echo; 0 for none.
    echo: u64,
    nuisances: u32,
    nuisances_since: Monotonic,
    round_trip: Option<u64>,
    /// The farewell to a peer that has broken the protocol.
    last_words: Option<Bytes>,
}

impl Session {
    /// Begins with an epoch that this node has never used.
    pub(crate) fn new(
        settings: Settings,
        (me, peer): (Incarnation, Incarnation),
        epoch: u64,
        now: Monotonic,
    ) -> Session {
        Session {
            settings,
            me,
            peer,
            epoch,
            theirs: 0,
            is_up: false,
            sending: Sending::default(),
            receiving: Receiving::default(),
            heard_at: now,
            beat_at: now,
            must_greet: true,
            echo: 0,
            nuisances: 0,
            nuisances_since: now,
            round_trip: None,
            last_words: None,
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        self.is_up
    }

    /// Returns the peer's incarnation.
    pub(crate) fn peer(&self) -> Incarnation {
        self.peer
    }

    /// Returns whether so many more bytes may wait for the window.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.sending.waiting().saturating_add(bytes) <= self.settings.backlog
    }

    /// Adds a signal to the stream. Does nothing unless the session is up.
    pub(crate) fn send(&mut self, signal: Bytes) {
        if self.is_up {
            self.sending.push(signal);
        }
    }

    /// Takes a frame of the peer, whose incarnations were checked. Adds the signals that are
    /// whole now to `signals`; they belong before the change that is returned.
    pub(crate) fn receive(
        &mut self,
        frame: Frame,
        signals: &mut Vec<Bytes>,
        fresh_epoch: &mut u64,
        now: Monotonic,
    ) -> Option<Change> {
        if frame.from_epoch < self.theirs || frame.from_epoch == 0 {
            return self.nuisance(fresh_epoch, now);
        }
        if frame.from_epoch > self.theirs {
            let was_up = self.is_up;
            if was_up {
                self.give_up(fresh_epoch);
            }
            self.theirs = frame.from_epoch;
            self.must_greet = true;
            if was_up {
                return Some(Change::Down("it gave up the session".to_owned()));
            }
        }
        if frame.to_epoch > self.epoch {
            let reason = "a frame for an epoch that never was".to_owned();
            return self.broken(reason, fresh_epoch);
        }
        if frame.to_epoch < self.epoch {
            // The peer does not know this side's epoch yet.
            self.must_greet = true;
            return self.nuisance(fresh_epoch, now);
        }
        self.heard_at = now;
        let mut change = None;
        if !self.is_up {
            self.is_up = true;
            self.beat_at = now;
            // Without a frame of this session the peer does not know that it is up.
            self.must_greet = true;
            self.sending = Sending::default();
            self.receiving = Receiving::default();
            change = Some(Change::Up);
        }
        let outcome = self.take(frame.body, signals, now);
        match outcome {
            Ok(true) => change,
            Ok(false) => change.or_else(|| self.nuisance(fresh_epoch, now)),
            Err(Ended::Bye(reason)) => {
                self.give_up(fresh_epoch);
                // A session that ends with its first frame was never up.
                change.is_none().then_some(Change::Down(reason))
            }
            Err(Ended::Broken(reason)) => self.broken(reason, fresh_epoch),
        }
    }

    /// Takes the content of a frame. Returns whether it was of use.
    fn take(
        &mut self,
        body: Body,
        signals: &mut Vec<Bytes>,
        now: Monotonic,
    ) -> Result<bool, Ended> {
        match body {
            // The peer has not heard of the session yet.
            Body::Hello => {
                self.must_greet = true;
                Ok(false)
            }
            Body::Unknown => Ok(true),
            Body::Bye { reason, is_cut } => Err(Ended::Bye(match is_cut {
                true => format!("it cut this node off: {reason}"),
                false => reason,
            })),
            Body::Data {
                number,
                received,
                chunks,
            } => {
                self.acknowledged(received, now)?;
                let max_signal = self.settings.max_signal;
                let taken = self
                    .receiving
                    .take(number, chunks, max_signal, signals, now);
                taken.map_err(Ended::Broken)
            }
            Body::Beat {
                sent,
                received,
                again,
                stamp,
                echo,
            } => {
                self.acknowledged(received, now)?;
                self.receiving.is_behind(sent, now);
                if again {
                    self.sending.again();
                }
                if stamp != 0 {
                    self.echo = stamp;
                }
                if echo != 0 {
                    self.round_trip = now.0.checked_sub(echo);
                }
                Ok(true)
            }
        }
    }

    fn acknowledged(&mut self, received: u64, now: Monotonic) -> Result<(), Ended> {
        match self.sending.acknowledged(received, now) {
            true => Ok(()),
            false => Err(Ended::Broken(
                "an acknowledgement of a frame that was never sent".to_owned(),
            )),
        }
    }

    /// Counts a frame that carried nothing.
    fn nuisance(&mut self, fresh_epoch: &mut u64, now: Monotonic) -> Option<Change> {
        if since(now, self.nuisances_since) > BEAT {
            self.nuisances_since = now;
            self.nuisances = 0;
        }
        self.nuisances += 1;
        if self.nuisances > NUISANCES {
            let reason = format!("more than {NUISANCES} useless frames within a second");
            return self.broken(reason, fresh_epoch);
        }
        None
    }

    fn broken(&mut self, reason: String, fresh_epoch: &mut u64) -> Option<Change> {
        let farewell = self.farewell(true, &reason);
        self.give_up(fresh_epoch);
        self.last_words = Some(farewell);
        Some(Change::Broken(reason))
    }

    /// Ends the session on this side. Its epoch is never used again.
    pub(crate) fn give_up(&mut self, fresh_epoch: &mut u64) {
        self.epoch = *fresh_epoch;
        *fresh_epoch += 1;
        self.is_up = false;
        self.must_greet = true;
        self.echo = 0;
        self.round_trip = None;
        self.sending = Sending::default();
        self.receiving = Receiving::default();
    }

    /// Gives up a session without a sign of life, with a window that stays full, or with a peer
    /// that takes far less than it asks for.
    pub(crate) fn check(&mut self, fresh_epoch: &mut u64, now: Monotonic) -> Option<Change> {
        if !self.is_up {
            return None;
        }
        let down_after = self.settings.down_after;
        let reason = if since(now, self.heard_at) >= down_after {
            format!("no sign of life for {down_after:?}")
        } else if let Some(full) = self.sending.full_since(self.settings.window)
            && since(now, full) >= down_after
        {
            format!("it has acknowledged nothing for {down_after:?}")
        } else if let Some(moved) = self.sending.flying_since()
            && since(now, moved) >= down_after * STALLED
        {
            format!("it has acknowledged nothing for {:?}", down_after * STALLED)
        } else if self.sending.waiting() > self.settings.backlog.saturating_mul(BACKLOGS) {
            format!("{} bytes wait for it", self.sending.waiting())
        } else {
            return None;
        };
        self.give_up(fresh_epoch);
        Some(Change::Down(reason))
    }

    /// Writes the packets that are due.
    pub(crate) fn flush(&mut self, now: Monotonic, mut packet: impl FnMut(Bytes)) {
        if !self.is_up {
            if self.must_greet || since(now, self.beat_at) >= GREETING {
                self.must_greet = false;
                self.beat_at = now;
                packet(self.frame(Body::Hello).encode());
            }
            return;
        }
        let again = self.receiving.wants_again(now);
        let is_beat = since(now, self.beat_at) >= BEAT;
        let due =
            self.receiving
                .acknowledgement_due(ACKNOWLEDGEMENT, self.settings.window / 4, now);
        let head = self.frame(Body::Hello);
        let received = self.receiving.received();
        let carried = self
            .sending
            .flush(&self.settings, now, |number, count, chunks| {
                packet(head.encode_data(number, received, count, chunks));
            });
        if again || is_beat || self.must_greet || self.echo != 0 || (due && !carried) {
            let stamp = if is_beat { now.0.max(1) } else { 0 };
            let beat = Body::Beat {
                sent: self.sending.sent(),
                received,
                again,
                stamp,
                echo: std::mem::take(&mut self.echo),
            };
            packet(self.frame(beat).encode());
            if is_beat {
                self.beat_at = now;
            }
            self.must_greet = false;
            self.receiving.told();
        } else if carried {
            self.receiving.told();
        }
    }

    /// Ends the session, if it has not ended yet, and returns the packet that tells the peer
    /// that it is cut off.
    pub(crate) fn cut_off(&mut self, reason: &str, fresh_epoch: &mut u64) -> Bytes {
        if let Some(words) = self.last_words.take() {
            return words;
        }
        let farewell = self.farewell(true, reason);
        self.give_up(fresh_epoch);
        farewell
    }

    /// Returns the packet that tells the peer of the end of the session. To be asked before
    /// [`Session::give_up`].
    pub(crate) fn farewell(&self, is_cut: bool, reason: &str) -> Bytes {
        let reason = reason.to_owned();
        self.frame(Body::Bye { is_cut, reason }).encode()
    }

    /// Returns the time until which [`Session::flush`] and [`Session::check`] have nothing to
    /// do, unless something is sent or received.
    pub(crate) fn next(&self) -> Monotonic {
        if !self.is_up {
            return match self.must_greet {
                true => Monotonic(0),
                false => later(self.beat_at, GREETING),
            };
        }
        if self.must_greet || self.echo != 0 || self.sending.is_due(self.settings.window) {
            return Monotonic(0);
        }
        let mut next =
            later(self.beat_at, BEAT).min(later(self.heard_at, self.settings.down_after));
        if let Some(at) = self.receiving.next(ACKNOWLEDGEMENT) {
            next = next.min(at);
        }
        next
    }

    /// Returns the figures of the session.
    pub(crate) fn figures(&self) -> Figures {
        let mut figures = Figures {
            round_trip: self.round_trip,
            ..Figures::default()
        };
        self.sending.count(&mut figures);
        self.receiving.count(&mut figures);
        figures
    }

    fn frame(&self, body: Body) -> Frame {
        Frame {
            from: self.me,
            to: self.peer,
            from_epoch: self.epoch,
            to_epoch: self.theirs,
            body,
        }
    }
}

/// The end of a session by the peer.
enum Ended {
    Bye(String),
    Broken(String),
}

/// Returns the time between two moments; none for a clock that stands.
pub(crate) fn since(now: Monotonic, then: Monotonic) -> Duration {
    Duration::from_nanos(now.0.saturating_sub(then.0))
}

/// Returns the moment so much later.
pub(crate) fn later(then: Monotonic, by: Duration) -> Monotonic {
    Monotonic(then.0.saturating_add(nanoseconds(by)))
}
