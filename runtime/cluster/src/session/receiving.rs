//! The stream of signals of a peer: frames in order, chunks put together.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use warren_kernel::Monotonic;

use super::{later, since};
use crate::view::Figures;
use crate::wire::frame::Chunk;

/// Time between two requests to send again.
const ASKING: Duration = Duration::from_millis(100);

/// The receiving side of a session.
#[derive(Debug, Default)]
pub(super) struct Receiving {
    /// Number of the last frame in order.
    received: u64,
    /// Number of the last frame that the peer is known to have sent.
    highest: u64,
    /// Time of the last request to send again, and of the last progress since.
    asked_at: Option<Monotonic>,
    /// Time of the first frame without an acknowledgement, and the bytes since.
    untold_since: Option<Monotonic>,
    untold_bytes: usize,
    /// The chunks of a signal that is not whole.
    partial: BytesMut,
    figures: Figures,
}

impl Receiving {
    /// Takes a data frame. Returns false for one that came before: behind a lost frame come as
    /// many as the window has.
    pub(super) fn take(
        &mut self,
        number: u64,
        chunks: Vec<Chunk>,
        max_signal: usize,
        signals: &mut Vec<Bytes>,
        now: Monotonic,
    ) -> Result<bool, String> {
        self.highest = self.highest.max(number);
        if number != self.received + 1 {
            // An old frame comes again because its acknowledgement was lost.
            if number <= self.received {
                self.untold_since.get_or_insert(now);
            }
            return Ok(number > self.received);
        }
        self.received = number;
        self.untold_since.get_or_insert(now);
        self.figures.frames_received += 1;
        if self.asked_at.is_some() {
            self.asked_at = (self.received < self.highest).then_some(now);
        }
        for chunk in chunks {
            self.figures.bytes_received += chunk.bytes.len() as u64;
            self.untold_bytes += chunk.bytes.len();
            if self.partial.len().saturating_add(chunk.bytes.len()) > max_signal {
                return Err(format!("a signal of more than {max_signal} bytes"));
            }
            if self.partial.is_empty() && chunk.is_last {
                signals.push(chunk.bytes);
                continue;
            }
            self.partial.extend_from_slice(&chunk.bytes);
            if chunk.is_last {
                signals.push(self.partial.split().freeze());
            }
        }
        Ok(true)
    }

    /// Learns that the peer has sent frames up to a number.
    pub(super) fn is_behind(&mut self, sent: u64, _now: Monotonic) {
        self.highest = self.highest.max(sent);
    }

    /// Returns the number of the last frame in order.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Returns whether the peer is to send again, and counts as a request if so.
    pub(super) fn wants_again(&mut self, now: Monotonic) -> bool {
        let wants = self.received < self.highest
            && self
                .asked_at
                .is_none_or(|asked| since(now, asked) >= ASKING);
        if wants {
            self.asked_at = Some(now);
        }
        wants
    }

    /// Returns whether an acknowledgement is due.
    pub(super) fn acknowledgement_due(
        &self,
        after: Duration,
        bytes: usize,
        now: Monotonic,
    ) -> bool {
        self.untold_bytes >= bytes
            || self
                .untold_since
                .is_some_and(|first| since(now, first) >= after)
    }

    /// Learns that the peer was told what has arrived.
    pub(super) fn told(&mut self) {
        self.untold_since = None;
        self.untold_bytes = 0;
    }

    /// Returns the time of the next request or acknowledgement.
    pub(super) fn next(&self, acknowledgement: Duration) -> Option<Monotonic> {
        let told = self.untold_since.map(|first| later(first, acknowledgement));
        let asked = (self.received < self.highest).then(|| {
            self.asked_at
                .map_or(Monotonic(0), |asked| later(asked, ASKING))
        });
        told.into_iter().chain(asked).min()
    }

    pub(super) fn count(&self, figures: &mut Figures) {
        figures.frames_received = self.figures.frames_received;
        figures.bytes_received = self.figures.bytes_received;
    }
}
