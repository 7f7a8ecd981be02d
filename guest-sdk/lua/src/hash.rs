//! The library `hash`: sums that are quickly made, and digests that the runtime makes.

use std::ffi::c_int;

use crate::argument::{REFUSED, given_bytes};
use crate::capability::operation;
use crate::lua::{self, Functions, Members, State};

struct Hash;

impl Members for Hash {
    const FUNCTIONS: &'static Functions = &[
        (c"fnv32", fnv32),
        (c"fnv64", fnv64),
        (c"md5", operation!("hash.md5")),
        (c"sha1", operation!("hash.sha1")),
        (c"sha256", operation!("hash.sha256")),
        (c"sha512", operation!("hash.sha512")),
        (c"hmac_md5", operation!("hash.hmac_md5")),
        (c"hmac_sha1", operation!("hash.hmac_sha1")),
        (c"hmac_sha256", operation!("hash.hmac_sha256")),
        (c"hmac_sha512", operation!("hash.hmac_sha512")),
    ];
}

/// Pushes the library.
pub(crate) fn open(l: State) {
    l.new_table(0, 0);
    lua::set_members::<Hash>(l);
}

/// `hash.fnv32(data)`: FNV-1 with 32 bits.
extern "C-unwind" fn fnv32(l: State) -> c_int {
    let Some(data) = given_bytes(l, 1, "data") else {
        return REFUSED;
    };
    let sum = data.iter().fold(0x811c_9dc5_u32, |sum, byte| {
        sum.wrapping_mul(0x0100_0193) ^ u32::from(*byte)
    });
    l.push_integer(sum.into());
    1
}

/// `hash.fnv64(data)`: FNV-1 with 64 bits, in two's complement.
extern "C-unwind" fn fnv64(l: State) -> c_int {
    let Some(data) = given_bytes(l, 1, "data") else {
        return REFUSED;
    };
    let sum = data.iter().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        sum.wrapping_mul(0x0000_0100_0000_01b3) ^ u64::from(*byte)
    });
    l.push_integer(sum.cast_signed());
    1
}
