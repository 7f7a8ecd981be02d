//! Calls of other processes, and their answers: the parts of the bundled module `server`
//! that every call goes through.
//!
//! ```text
//!   call    topic "call", ([topic, number], request)   to the server
//!           that topic, (true, reply, number)          back; or (false, error, number)
//!   cast    topic "cast", (request)
//! ```
//!
//! An address may also be a topic alone, whose answer has no number.

mod caller;
mod server;

use crate::lua::Functions;
use crate::message;
use crate::outcome;

/// The functions that bundled modules are given.
pub(crate) const FUNCTIONS: &Functions = &[
    (c"ask", caller::ask),
    (c"address", caller::address),
    (c"await", caller::await_answer),
    (c"next", server::next),
    (c"answer", server::answer),
    (c"caller", server::caller),
    (c"values", message::values),
    (c"check_value", caller::check_value),
    (c"structured", outcome::structured),
];
