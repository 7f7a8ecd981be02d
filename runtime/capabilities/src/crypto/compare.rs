//! `crypto.constant_time_compare(a, b)`: whether two strings are equal, in a time that
//! depends on their lengths alone.

use ctutils::CtEq as _;
use warren_engine::capability::Answer;

use crate::answer;
use crate::request::Arguments;

pub(super) fn answer(request: &[u8]) -> Answer {
    let mut arguments = Arguments::new(request)?;
    let (a, b) = (arguments.bytes("a")?, arguments.bytes("b")?);
    let equal = bool::from(a.ct_eq(b));
    answer::write(|out| out.boolean(equal))
}
