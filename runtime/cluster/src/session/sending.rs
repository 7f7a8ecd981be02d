//! The stream of signals to a peer: a window of frames, sent again on request.

use std::collections::VecDeque;

use bytes::Bytes;
use warren_kernel::Monotonic;

use super::Settings;
use crate::view::Figures;
use crate::wire::Writer;
use crate::wire::frame::{CHUNK_OVERHEAD, OVERHEAD};

/// Bytes and frames that one request sends again, at most: the peer asks for the others.
const AGAIN_BYTES: usize = 1 << 20;
const AGAIN_FRAMES: usize = 1024;

/// The sending side of a session.
#[derive(Debug, Default)]
pub(super) struct Sending {
    /// Signals without a frame.
    waiting: VecDeque<Bytes>,
    waiting_bytes: usize,
    /// Bytes of the first waiting signal that frames have already.
    begun: usize,
    /// Frames without an acknowledgement.
    flying: VecDeque<Flying>,
    flying_bytes: usize,
    /// Number of the last frame.
    sent: u64,
    acknowledged: u64,
    /// Time of the last progress.
    moved_at: Monotonic,
    is_again: bool,
    figures: Figures,
}

#[derive(Debug)]
struct Flying {
    number: u64,
    /// Number of chunks.
    count: usize,
    chunks: Bytes,
}

impl Sending {
    pub(super) fn push(&mut self, signal: Bytes) {
        self.waiting_bytes += signal.len();
        self.waiting.push_back(signal);
    }

    /// Returns the bytes without a frame.
    pub(super) fn waiting(&self) -> usize {
        self.waiting_bytes
    }

    /// Returns the number of the last frame.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// Returns whether a frame can be sent now.
    pub(super) fn is_due(&self, window: usize) -> bool {
        self.is_again || (!self.waiting.is_empty() && self.flying_bytes < window)
    }

    /// Returns the time since which the window is full without progress.
    pub(super) fn full_since(&self, window: usize) -> Option<Monotonic> {
        (self.flying_bytes >= window).then_some(self.moved_at)
    }

    /// Returns the time of the last progress, if there are frames without an acknowledgement.
    pub(super) fn flying_since(&self) -> Option<Monotonic> {
        (!self.flying.is_empty()).then_some(self.moved_at)
    }

    /// Forgets all frames up to a number. Returns false for a number that was never sent.
    pub(super) fn acknowledged(&mut self, number: u64, now: Monotonic) -> bool {
        if number > self.sent {
            return false;
        }
        if number > self.acknowledged {
            self.acknowledged = number;
            self.moved_at = now;
        }
        while let Some(first) = self.flying.front()
            && first.number <= number
        {
            self.flying_bytes -= first.chunks.len();
            self.flying.pop_front();
        }
        true
    }

    /// Sends the frames without an acknowledgement again, with the next flush.
    pub(super) fn again(&mut self) {
        self.is_again = !self.flying.is_empty();
    }

    /// Writes frames: those to send again, and new ones up to the window. Returns whether
    /// there was any.
    pub(super) fn flush(
        &mut self,
        settings: &Settings,
        now: Monotonic,
        mut frame: impl FnMut(u64, usize, &[u8]),
    ) -> bool {
        let mut carried = false;
        if std::mem::take(&mut self.is_again) {
            let mut bytes = 0;
            for flying in self.flying.iter().take(AGAIN_FRAMES) {
                frame(flying.number, flying.count, &flying.chunks);
                self.figures.frames_resent += 1;
                self.figures.frames_sent += 1;
                self.figures.bytes_sent += flying.chunks.len() as u64;
                carried = true;
                bytes += flying.chunks.len();
                if bytes >= AGAIN_BYTES {
                    break;
                }
            }
        }
        let room = settings
            .max_packet
            .saturating_sub(OVERHEAD)
            .max(CHUNK_OVERHEAD + 1);
        while !self.waiting.is_empty() && self.flying_bytes < settings.window {
            let (count, chunks) = self.fill(room);
            if self.flying.is_empty() {
                self.moved_at = now;
            }
            self.sent += 1;
            frame(self.sent, count, &chunks);
            carried = true;
            self.figures.frames_sent += 1;
            self.figures.bytes_sent += chunks.len() as u64;
            self.flying_bytes += chunks.len();
            self.flying.push_back(Flying {
                number: self.sent,
                count,
                chunks,
            });
        }
        carried
    }

    /// Takes waiting signals, or a part of one, into the chunks of one frame.
    fn fill(&mut self, room: usize) -> (usize, Bytes) {
        let mut chunks = Writer::new();
        let mut count = 0;
        while let Some(signal) = self.waiting.front() {
            let rest = signal.len() - self.begun;
            let left = room.saturating_sub(chunks.len() + CHUNK_OVERHEAD);
            if rest <= left {
                chunks.chunk(true, &signal[self.begun..]);
                self.waiting_bytes -= rest;
                self.begun = 0;
                self.waiting.pop_front();
                count += 1;
                continue;
            }
            // A signal is split only where it does not fit into a frame of its own.
            if count == 0 || self.begun > 0 {
                let part = left.max(usize::from(count == 0));
                if part > 0 {
                    chunks.chunk(false, &signal[self.begun..self.begun + part]);
                    self.waiting_bytes -= part;
                    self.begun += part;
                    count += 1;
                }
            }
            break;
        }
        (count, chunks.into_bytes())
    }

    pub(super) fn count(&self, figures: &mut Figures) {
        figures.frames_sent = self.figures.frames_sent;
        figures.frames_resent = self.figures.frames_resent;
        figures.bytes_sent = self.figures.bytes_sent;
        figures.in_flight = self.flying_bytes as u64;
        figures.waiting = self.waiting_bytes as u64;
    }
}
