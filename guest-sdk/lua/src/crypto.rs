//! The library `crypto`, whose functions are operations of the runtime.

use std::ffi::CStr;

use crate::capability::operation;
use crate::lua::{self, Functions, Members, State};

struct Crypto;

impl Members for Crypto {
    const FUNCTIONS: &'static Functions = &[
        (c"pbkdf2", operation!("crypto.pbkdf2", "ssnns")),
        (c"argon2id", operation!("crypto.argon2id", "sst")),
        (
            c"constant_time_compare",
            operation!("crypto.constant_time_compare", "ss"),
        ),
    ];
}

struct Random;

impl Members for Random {
    const FUNCTIONS: &'static Functions = &[
        (c"bytes", operation!("crypto.random.bytes", "n")),
        (c"string", operation!("crypto.random.string", "ns")),
        (c"uuid", operation!("crypto.random.uuid")),
    ];
}

struct Hmac;

impl Members for Hmac {
    const FUNCTIONS: &'static Functions = &[
        (c"sha256", operation!("crypto.hmac.sha256", "ss")),
        (c"sha512", operation!("crypto.hmac.sha512", "ss")),
    ];
}

struct Encrypt;

impl Members for Encrypt {
    const FUNCTIONS: &'static Functions = &[
        (c"aes", operation!("crypto.encrypt.aes", "sss")),
        (c"chacha20", operation!("crypto.encrypt.chacha20", "sss")),
    ];
}

struct Decrypt;

impl Members for Decrypt {
    const FUNCTIONS: &'static Functions = &[
        (c"aes", operation!("crypto.decrypt.aes", "sss")),
        (c"chacha20", operation!("crypto.decrypt.chacha20", "sss")),
    ];
}

struct Jwt;

impl Members for Jwt {
    const FUNCTIONS: &'static Functions = &[
        (c"encode", operation!("crypto.jwt.encode", "tss")),
        (c"verify", operation!("crypto.jwt.verify", "sssb")),
    ];
}

/// Pushes the library.
pub(crate) fn open(l: State) {
    l.new_table(0, 5);
    add::<Random>(l, c"random");
    add::<Hmac>(l, c"hmac");
    add::<Encrypt>(l, c"encrypt");
    add::<Decrypt>(l, c"decrypt");
    add::<Jwt>(l, c"jwt");
    lua::set_members::<Crypto>(l);
}

/// Adds a table of functions to the table on top of the stack.
fn add<M: Members>(l: State, name: &CStr) {
    l.new_table(0, 0);
    lua::set_members::<M>(l);
    l.set_field(-2, name);
}
