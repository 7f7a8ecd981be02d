//! Frames of HTTP/2, written by hand.

use super::client::Client;

/// The first bytes of a client.
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The first bytes of a client, with settings that ask for nothing.
pub(super) fn preface() -> Vec<u8> {
    preface_with(&[])
}

/// The first bytes of a client with these settings.
pub(super) fn preface_with(settings: &[(u16, u32)]) -> Vec<u8> {
    let settings = settings.iter();
    let payload = settings.flat_map(|(id, value)| {
        let (id, value) = (id.to_be_bytes(), value.to_be_bytes());
        id.into_iter().chain(value)
    });
    let payload: Vec<u8> = payload.collect();
    [PREFACE, &frame(SETTINGS, 0, 0, &payload)].concat()
}

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const PRIORITY: u8 = 2;
pub(super) const RESET: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PUSH_PROMISE: u8 = 5;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

/// The flags of a request that is one frame.
pub(super) const WHOLE: u8 = END_STREAM | END_HEADERS;

/// `GET /` of the host `a`, as HPACK has it.
pub(super) const GET: &[u8] = b"\x82\x84\x86\x41\x01a";

/// The header field `a: b`.
pub(super) const FIELD: &[u8] = b"\x00\x01a\x01b";

/// Returns a frame.
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).expect("a short frame");
    let mut frame = len.to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// Returns the kind and the length of a frame with this head of 9 bytes.
pub(super) fn read_head(head: &[u8]) -> (u8, usize) {
    let len = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    (head[3], usize::try_from(len).expect("a short frame"))
}

/// A frame of the server.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) stream: u32,
    pub(super) payload: Vec<u8>,
}

impl Frame {
    /// Reads a frame; `None` at the end of the connection.
    #[track_caller]
    pub(super) fn read(client: &mut Client) -> Option<Frame> {
        if !client.has_more() {
            return None;
        }
        let head = client.bytes(9);
        let (kind, len) = read_head(&head);
        Some(Frame {
            kind,
            stream: number(&head[5..]),
            payload: client.bytes(len),
        })
    }

    /// Returns the code of a frame that ends a stream or the connection.
    pub(super) fn code(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        number(&self.payload[at..])
    }

    /// Returns the status of the first answer of a connection, whose head begins with it.
    #[track_caller]
    pub(super) fn status(&self) -> u16 {
        match self.payload[..] {
            [known @ 0x88..=0x8e, ..] => {
                [200, 204, 206, 304, 400, 404, 500][usize::from(known - 0x88)]
            }
            // A literal, whose name is `:status`, in the code of Huffman.
            [0x48, len, ref rest @ ..] if len & 0x80 != 0 => {
                digits(&rest[..usize::from(len & 0x7f)])
            }
            _ => panic!("no status in {:02x?}", self.payload),
        }
    }
}

/// Returns the number of the first 4 bytes.
fn number(bytes: &[u8]) -> u32 {
    let bytes = bytes[..4].iter();
    bytes.fold(0, |number, byte| (number << 8) | u32::from(*byte))
}

/// Decodes a status in the code of Huffman, where 0 to 2 have 5 bits, and other digits 6
/// (RFC 7541, appendix B).
fn digits(bytes: &[u8]) -> u16 {
    let mut bits = bytes.iter().flat_map(|byte| {
        let places = (0..8).rev();
        places.map(move |place| u16::from((byte >> place) & 1))
    });
    let mut number = 0;
    for _ in 0..3 {
        let first = bits.by_ref().take(5);
        let first = first.fold(0, |code, bit| (code << 1) | bit);
        let digit = match first {
            0..=2 => first,
            _ => ((first << 1) | bits.next().unwrap_or_default()) - 22,
        };
        number = number * 10 + digit;
    }
    number
}
