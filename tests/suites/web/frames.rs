//! Frames of HTTP/2, written by hand.

/// The first bytes of a client, with settings that ask for nothing.
pub(super) fn preface() -> Vec<u8> {
    let settings = frame(SETTINGS, 0, 0, &[]);
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &settings[..]].concat()
}

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RESET: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const CONTINUATION: u8 = 9;

pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

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
