//! The HTTP server, and the capability `web`, by which a process answers its request.
//!
//! A request is a process of the definition that its route names. The process finds its
//! request in its state ([`exchange`]):
//!
//! ```text
//!  connection ─ head, limits ─ router ─ middleware ─┐
//!                                                   v
//!          Node::start_process(Start { kept: Exchange })
//!                   │                         │
//!                   v                         v
//!          the handler ── web.* ──> Exchange (Lua, core modules)
//!                       └ wasi:http ──> Exchange (components)
//!                   │                         │ a pipe of 64 KiB
//!                   v                         v
//!          outcome: the answer, if        the client
//!          nothing was written
//! ```
//!
//! [`server`] has the listeners and all that happens before a process and behind it.

mod answer_operations;
mod exchange;
mod head;
mod multipart;
mod request_body;
mod request_operations;
pub mod server;

use std::sync::Arc;

use warren_engine::capability::{Caller, Capability, Step};
use warren_kernel::Error;
use warren_values::msgpack::{Input, Token};

use exchange::{Exchange, OfProcess, check_values};

/// See [the module](self).
pub(crate) struct Web;

impl Capability for Web {
    fn name(&self) -> &'static str {
        "web"
    }

    fn call(&self, caller: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        let step = match operation {
            "request" => request_operations::request(caller),
            "body" => request_operations::body(caller, request),
            "stream" => request_operations::stream(caller, request),
            "multipart" => request_operations::multipart(caller, request),
            "status" => answer_operations::status(caller, request),
            "header" => answer_operations::header(caller, request),
            "write" => answer_operations::write(caller, request),
            "flush" => answer_operations::flush(caller),
            _ => return Step::Unknown,
        };
        step.unwrap_or_else(|error| Step::Done(Err(error)))
    }
}

/// Returns the exchange of the process that calls.
///
/// # Errors
///
/// `Internal` for a process that answers no request.
fn exchange(caller: &mut dyn Caller) -> Result<Arc<Exchange>, Error> {
    match caller.kept().find::<OfProcess>() {
        Some(of_process) => Ok(Arc::clone(&of_process.0)),
        None => Err(Error::internal("the process answers no HTTP request")),
    }
}

/// Reads a text, or a list of texts, which may be of any bytes; none for nil.
///
/// # Errors
///
/// `Invalid`, naming the argument, for another value, and for more texts than an answer has
/// header fields.
fn values_of<'a>(name: &str, value: &'a [u8]) -> Result<Vec<&'a [u8]>, Error> {
    let wrong = || Error::invalid(format!("{name}: expected text, or a list of texts"));
    let mut input = Input::new(value);
    let bytes_of = |token: Token<'a>| match token {
        Token::String(bytes) => Ok(bytes),
        _ => Err(wrong()),
    };
    match input.token().map_err(|_| wrong())? {
        Token::Nil | Token::Null => Ok(Vec::new()),
        Token::Array(len) => {
            check_values(len)?;
            (0..len)
                .map(|_| bytes_of(input.token().map_err(|_| wrong())?))
                .collect()
        }
        one => Ok(vec![bytes_of(one)?]),
    }
}

#[cfg(test)]
mod tests {
    use warren_values::msgpack::Output;

    use super::*;

    #[test]
    fn the_values_of_a_field_are_bounded() {
        let mut list = Output::new();
        list.array(257).unwrap();
        for _ in 0..257 {
            list.string(b"").unwrap();
        }
        let error = values_of("value", list.as_slice()).unwrap_err();
        assert!(error.message.contains("max_headers = 256"), "{error}");
    }
}
