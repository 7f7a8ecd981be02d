//! The places of a client in its frames, found in its bytes without a copy of them (RFC 6455,
//! section 5.2).

/// The most bytes of the head of a frame.
const HEAD: usize = 14;

/// The bit of the first byte of a frame that is the last of its message.
const LAST: u8 = 0x80;

/// The bit of the first byte of a frame that is no part of a message.
const CONTROL: u8 = 0x08;

/// The place of a client in its frames and messages.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// The head of the present frame, as far as it has come.
    head: [u8; HEAD],
    len: usize,
    /// Bytes of the payload that have not come.
    left: u64,
    /// Bytes of the message that has no end yet.
    unfinished: usize,
    /// Messages, and frames that are no part of one, that have come whole.
    ended: u64,
}

impl Places {
    /// Notes bytes that have come.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        while let [first, behind @ ..] = bytes {
            if self.left > 0 {
                let len = usize::try_from(self.left).unwrap_or(usize::MAX);
                let len = len.min(bytes.len());
                self.take(len);
                bytes = &bytes[len..];
                continue;
            }
            self.head[self.len] = *first;
            self.len += 1;
            bytes = behind;
            if let Some(left) = self.payload() {
                self.left = left;
                self.take(0);
            }
        }
    }

    /// Returns the bytes that have not come of a frame that has begun.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    pub(super) fn unfinished(&self) -> usize {
        self.unfinished
    }

    pub(super) fn ended(&self) -> u64 {
        self.ended
    }

    /// Returns true if the last bytes were the end of a frame.
    pub(super) fn is_between_frames(&self) -> bool {
        self.len == 0 && self.left == 0
    }

    /// Returns the bytes of the payload, once the head is whole.
    fn payload(&self) -> Option<u64> {
        let [_, second, behind @ ..] = &self.head[..self.len] else {
            return None;
        };
        let extended = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask = if second & 0x80 == 0 { 0 } else { 4 };
        if behind.len() < extended + mask {
            return None;
        }
        let bytes = behind[..extended].iter();
        Some(match extended {
            0 => u64::from(second & 0x7f),
            _ => bytes.fold(0, |len, byte| (len << 8) | u64::from(*byte)),
        })
    }

    /// Takes bytes of the payload. The last ones end the frame.
    fn take(&mut self, len: usize) {
        self.left -= len as u64;
        let first = self.head[0];
        let is_control = first & CONTROL != 0;
        if !is_control {
            self.unfinished = self.unfinished.saturating_add(len);
        }
        if self.left > 0 {
            return;
        }
        self.len = 0;
        if is_control {
            self.ended += 1;
        } else if first & LAST != 0 {
            self.unfinished = 0;
            self.ended += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a frame with a mask, whose length has this form: 0, 2 or 8 bytes.
    fn frame(first: u8, len: usize, form: usize) -> Vec<u8> {
        let mut frame = vec![first];
        let bytes = (len as u64).to_be_bytes();
        match form {
            0 => frame.push(0x80 | u8::try_from(len).unwrap()),
            2 => frame.push(0x80 | 126),
            _ => frame.push(0x80 | 127),
        }
        frame.extend(&bytes[8 - form..]);
        frame.extend([0; 4]);
        frame.extend(vec![b'a'; len]);
        frame
    }

    #[test]
    fn frames_end_where_their_heads_say() {
        let all = [
            frame(0x81, 5, 0),
            frame(0x02, 300, 2),
            frame(0x89, 4, 8),
            frame(0x00, 0, 0),
            frame(0x80, 70_000, 8),
            // Without a mask, too.
            vec![0x81, 1, b'a'],
        ]
        .concat();
        for step in [1, 2, 3, 7, 1_000, all.len()] {
            let mut places = Places::default();
            let mut most = 0;
            for part in all.chunks(step) {
                places.pass(part);
                most = most.max(places.unfinished());
            }
            assert_eq!(places.ended(), 4, "{step}");
            assert!(places.is_between_frames());
            assert_eq!(places.unfinished(), 0);
            assert!(
                step > 3 || (70_000..70_300).contains(&most),
                "{step}: {most}"
            );
        }
    }

    #[test]
    fn a_message_is_unfinished_until_its_last_frame() {
        let mut places = Places::default();
        places.pass(&frame(0x01, 100, 0));
        places.pass(&frame(0x89, 10, 0));
        assert_eq!((places.unfinished(), places.ended()), (100, 1));
        places.pass(&frame(0x80, 50, 0)[..16]);
        assert_eq!((places.unfinished(), places.left()), (110, 40));
        assert!(!places.is_between_frames());
        // Lengths that nobody has end nothing.
        let mut places = Places::default();
        places.pass(&[0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        places.pass(&[0; 4]);
        assert_eq!(places.left(), u64::MAX);
        places.pass(&[0; 100]);
        assert_eq!(places.left(), u64::MAX - 100);
    }
}
