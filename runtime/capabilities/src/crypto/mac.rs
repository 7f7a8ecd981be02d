//! `crypto.hmac.sha256(key, data)` and `crypto.hmac.sha512`: unlike those of `hash`, the
//! key comes first, and may not be empty.

use hmac::digest::block_api::EagerHash;
use warren_engine::capability::Answer;

use crate::answer;
use crate::hash::authenticate;
use crate::hex;
use crate::request::Arguments;

pub(super) fn answer<D: EagerHash>(request: &[u8]) -> Answer {
    let mut arguments = Arguments::new(request)?;
    let (key, data) = (arguments.key("key")?, arguments.bytes("data")?);
    let code = authenticate::<D>(key, data)?;
    answer::write(|out| out.string(hex::lower(&code).as_bytes()))
}
