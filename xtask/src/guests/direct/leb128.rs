//! Numbers in LEB128, as the binary format has them.

/// Writes an unsigned number in LEB128.
pub(super) fn number(out: &mut Vec<u8>, mut n: u32) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Writes a signed number in LEB128.
pub(super) fn signed(out: &mut Vec<u8>, mut n: i64) {
    loop {
        let byte = n as u8 & 0x7f;
        n >>= 7;
        let sign = byte & 0x40 != 0;
        if (n == 0 && !sign) || (n == -1 && sign) {
            out.push(byte);
            return;
        }
        out.push(byte | 0x80);
    }
}
