//! Frames: one packet of the broker each.

use bytes::Bytes;
use thiserror::Error;
use warren_kernel::Incarnation;

use super::{Malformed, Reader, Writer};

/// The version of the protocol. Nodes of another major version are refused.
pub(crate) const MAJOR: u64 = 1;
/// The minor version: it only appends values to arrays, and adds kinds.
pub(crate) const MINOR: u64 = 0;

/// Bytes of a data frame beside its chunks, at most.
pub(crate) const OVERHEAD: usize = 96;
/// Bytes of a chunk beside its content, at most.
pub(crate) const CHUNK_OVERHEAD: usize = 7;

/// Bytes of the longest reason that is read or written.
const LONGEST_REASON: usize = 512;

/// A packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The life of the sender.
    pub(crate) from: Incarnation,
    /// The life of the receiver.
    pub(crate) to: Incarnation,
    /// The sender's epoch.
    pub(crate) from_epoch: u64,
    /// The receiver's epoch as the sender knows it; 0 for none.
    pub(crate) to_epoch: u64,
    /// The content.
    pub(crate) body: Body,
}

/// The content of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// Tells the sender's epoch.
    Hello,
    /// A part of the stream of signals.
    Data {
        /// The number of the frame in the session; the first is 1.
        number: u64,
        /// The number of the last frame received in order.
        received: u64,
        /// The chunks.
        chunks: Vec<Chunk>,
    },
    /// A sign of life and an acknowledgement.
    Beat {
        /// The number of the last frame sent.
        sent: u64,
        /// The number of the last frame received in order.
        received: u64,
        /// True if the receiver is to send again from the frame after `received` on.
        again: bool,
        /// The sender's clock, for an echo; 0 asks for none.
        stamp: u64,
        /// The echo of a stamp; 0 for none.
        echo: u64,
    },
    /// The sender gives up the session, for good.
    Bye {
        /// True if the receiver has broken the protocol.
        is_cut: bool,
        /// The reason, in words.
        reason: String,
    },
    /// A kind of a newer minor version.
    Unknown,
}

/// A signal or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// True if the signal ends here.
    pub(crate) is_last: bool,
    /// The bytes.
    pub(crate) bytes: Bytes,
}

/// A packet that is no frame of this version.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Unreadable {
    /// Another major version.
    #[error(
        "it speaks version {0}.{1} of the protocol, this node {major}.{minor}",
        major = MAJOR,
        minor = MINOR
    )]
    Version(u64, u64),
    /// No frame at all.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

const HELLO: u64 = 0;
const DATA: u64 = 1;
const BEAT: u64 = 2;
const BYE: u64 = 3;

impl Frame {
    pub(crate) fn encode(&self) -> Bytes {
        match &self.body {
            Body::Hello | Body::Unknown => {
                let is_hello = self.body == Body::Hello;
                let mut to = self.begin(if is_hello { HELLO } else { u64::MAX }, 0);
                to.nil();
                to.into_bytes()
            }
            Body::Data {
                number,
                received,
                chunks,
            } => {
                let mut encoded = Writer::new();
                for chunk in chunks {
                    encoded.chunk(chunk.is_last, &chunk.bytes);
                }
                self.encode_data(*number, *received, chunks.len(), &encoded.into_bytes())
            }
            Body::Beat {
                sent,
                received,
                again,
                stamp,
                echo,
            } => {
                let mut to = self.begin(BEAT, 5);
                to.uint(*sent).uint(*received).bool(*again);
                to.uint(*stamp).uint(*echo);
                to.into_bytes()
            }
            Body::Bye { is_cut, reason } => {
                let mut to = self.begin(BYE, 2);
                to.bool(*is_cut).text(cut(reason));
                to.into_bytes()
            }
        }
    }

    /// Encodes a data frame whose chunks are encoded already.
    pub(crate) fn encode_data(
        &self,
        number: u64,
        received: u64,
        count: usize,
        chunks: &[u8],
    ) -> Bytes {
        let mut to = self.begin(DATA, 3);
        to.uint(number).uint(received).array(count).encoded(chunks);
        to.into_bytes()
    }

    /// Writes all up to the content, an array of so many values (nil for a content of none).
    fn begin(&self, kind: u64, len: usize) -> Writer {
        let mut to = Writer::new();
        to.array(8).uint(MAJOR).uint(MINOR);
        to.uint(self.from.0).uint(self.to.0);
        to.uint(self.from_epoch).uint(self.to_epoch).uint(kind);
        if len > 0 {
            to.array(len);
        }
        to
    }

    /// Reads a packet.
    pub(crate) fn decode(packet: &Bytes) -> Result<Frame, Unreadable> {
        let mut from = Reader::new(packet);
        let present = from.array(2)?;
        let (major, minor) = (from.uint()?, from.uint()?);
        if major != MAJOR {
            return Err(Unreadable::Version(major, minor));
        }
        if present < 8 {
            return Err(Malformed("an array of another length").into());
        }
        let frame = Frame {
            from: Incarnation(from.uint()?),
            to: Incarnation(from.uint()?),
            from_epoch: from.uint()?,
            to_epoch: from.uint()?,
            body: body(&mut from)?,
        };
        from.newer(present, 8)?;
        if !from.is_empty() {
            return Err(Malformed("bytes behind the end").into());
        }
        Ok(frame)
    }
}

impl Writer {
    /// Appends a chunk.
    pub(crate) fn chunk(&mut self, is_last: bool, bytes: &[u8]) {
        self.array(2).bool(is_last).bytes(bytes);
    }
}

fn body(from: &mut Reader<'_>) -> Result<Body, Malformed> {
    match from.uint()? {
        HELLO => {
            from.newer(1, 0)?;
            Ok(Body::Hello)
        }
        DATA => {
            let present = from.array(3)?;
            let (number, received) = (from.uint()?, from.uint()?);
            let chunks = from.list(usize::MAX, |from| {
                let present = from.array(2)?;
                let (is_last, bytes) = (from.bool()?, from.bytes()?);
                from.newer(present, 2)?;
                Ok(Chunk { is_last, bytes })
            })?;
            from.newer(present, 3)?;
            Ok(Body::Data {
                number,
                received,
                chunks,
            })
        }
        BEAT => {
            let present = from.array(5)?;
            let body = Body::Beat {
                sent: from.uint()?,
                received: from.uint()?,
                again: from.bool()?,
                stamp: from.uint()?,
                echo: from.uint()?,
            };
            from.newer(present, 5)?;
            Ok(body)
        }
        BYE => {
            let present = from.array(2)?;
            let is_cut = from.bool()?;
            let reason = cut(from.text()?).to_owned();
            from.newer(present, 2)?;
            Ok(Body::Bye { is_cut, reason })
        }
        _ => {
            from.newer(1, 0)?;
            Ok(Body::Unknown)
        }
    }
}

fn cut(reason: &str) -> &str {
    &reason[..reason.floor_char_boundary(LONGEST_REASON)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(body: Body) -> Frame {
        Frame {
            from: Incarnation(u64::MAX),
            to: Incarnation(2),
            from_epoch: 3,
            to_epoch: 4,
            body,
        }
    }

    #[test]
    fn frames_read_back() {
        let chunk = |is_last, text: &'static str| Chunk {
            is_last,
            bytes: Bytes::from_static(text.as_bytes()),
        };
        for body in [
            Body::Hello,
            Body::Data {
                number: 1,
                received: u64::MAX,
                chunks: vec![chunk(false, "a"), chunk(true, "")],
            },
            Body::Beat {
                sent: 1,
                received: 2,
                again: true,
                stamp: 3,
                echo: 4,
            },
            Body::Bye {
                is_cut: true,
                reason: "garbage".to_owned(),
            },
        ] {
            let frame = frame(body);
            assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
        }
    }

    #[test]
    fn another_major_version_is_told_apart_whatever_follows() {
        let mut writer = Writer::new();
        writer.array(3).uint(MAJOR + 1).uint(7).text("anything");
        let error = Frame::decode(&writer.into_bytes()).unwrap_err();
        assert_eq!(error, Unreadable::Version(MAJOR + 1, 7));
        assert!(error.to_string().contains("version 2.7 of the protocol"));
    }

    #[test]
    fn a_newer_minor_version_is_understood() {
        let mut writer = Writer::new();
        writer.array(9).uint(MAJOR).uint(MINOR + 1);
        writer.uint(u64::MAX).uint(2).uint(3).uint(4).uint(BYE);
        writer.array(3).bool(false).text("it ends").uint(7);
        writer.text("appended");
        let body = Body::Bye {
            is_cut: false,
            reason: "it ends".to_owned(),
        };
        assert_eq!(Frame::decode(&writer.into_bytes()), Ok(frame(body)));
        let mut writer = Writer::new();
        writer.array(8).uint(MAJOR).uint(MINOR + 1);
        writer
            .uint(u64::MAX)
            .uint(2)
            .uint(3)
            .uint(4)
            .uint(99)
            .array(1)
            .uint(1);
        let unknown = Frame::decode(&writer.into_bytes());
        assert_eq!(unknown, Ok(frame(Body::Unknown)));
    }

    #[test]
    fn the_overhead_is_an_upper_bound() {
        let chunks = vec![Chunk {
            is_last: true,
            bytes: vec![0; 70_000].into(),
        }];
        let frame = Frame {
            from: Incarnation(u64::MAX),
            to: Incarnation(u64::MAX),
            from_epoch: u64::MAX,
            to_epoch: u64::MAX,
            body: Body::Data {
                number: u64::MAX,
                received: u64::MAX,
                chunks,
            },
        };
        assert!(frame.encode().len() <= 70_000 + OVERHEAD + CHUNK_OVERHEAD);
    }
}
