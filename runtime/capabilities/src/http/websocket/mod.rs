//! The capability `websocket`: connections of frames to servers, by the grants of `http`.
//!
//! ```text
//!  websocket.connect ──> grant, permission, addresses (as a request) ──> handshake ──> Socket
//!  websocket.receive <── frames, read when the program asks
//!  websocket.send    ──> frames
//! ```

mod connect;
mod meter;
mod options;
mod socket;
mod sockets;

use std::sync::Arc;

use warren_engine::capability::{Answer, Caller, Capability, Step};
use warren_kernel::Error;

use super::client::Client;
use crate::answer;
use crate::quota::Quota;
use crate::request::Arguments;
use socket::{Kind, Socket};
use sockets::Sockets;

/// See [the module](self).
pub(crate) struct Websocket {
    client: Arc<Client>,
    pub(super) quota: Arc<Quota>,
}

/// Sockets of one process.
const MAX_SOCKETS: usize = 64;

/// Sockets of all processes of a host.
const MAX_SOCKETS_OF_HOST: usize = 1_024;

impl Websocket {
    pub(super) fn new(client: &Arc<Client>) -> Websocket {
        Websocket {
            client: Arc::clone(client),
            quota: Quota::new("max_sockets", MAX_SOCKETS, MAX_SOCKETS_OF_HOST),
        }
    }
}

impl Capability for Websocket {
    fn name(&self) -> &'static str {
        "websocket"
    }

    fn call(&self, caller: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        let step = match operation {
            "connect" => connect::connect(self, caller, request),
            "receive" => receive(caller, request),
            "send" => send(caller, request),
            "ping" => ping(caller, request),
            "close" => close(caller, request),
            "drop" => drop_socket(caller, request),
            _ => return Step::Unknown,
        };
        step.unwrap_or_else(|error| Step::Done(Err(error)))
    }
}

fn done() -> Answer {
    answer::write(|out| out.boolean(true))
}

/// Reads the number of a socket of the process.
fn socket(caller: &mut dyn Caller, arguments: &mut Arguments<'_>) -> Result<Arc<Socket>, Error> {
    let number = arguments.integer("socket")?;
    caller.kept().state(Sockets::default)?.get(number)
}

/// Returns the bytes that the sockets of the process hold for calls that it has given up. A call
/// that makes them hold more is charged for these, too.
fn left(caller: &mut dyn Caller) -> usize {
    let sockets = caller.kept().find::<Sockets>();
    sockets.map_or(0, |sockets| sockets.left())
}

/// `websocket.receive(socket)`: a map of `type` and `data`; nil once the socket is closed.
fn receive(caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let socket = socket(caller, &mut Arguments::new(request)?)?;
    let memory = socket::BUFFER + left(caller);
    Ok(Step::wait(memory, move |charge| async move {
        let Some((kind, data)) = socket.receive(&charge).await? else {
            return answer::write(|out| out.nil());
        };
        answer::write(|out| {
            out.map(2)?;
            out.string(b"type")?;
            out.string(kind.as_str().as_bytes())?;
            out.string(b"data")?;
            out.string(&data)
        })
    }))
}

/// `websocket.send(socket, data, type)`: sends a message, of type 1, a text, or 2, bytes; true
/// once it is written.
fn send(caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let socket = socket(caller, &mut arguments)?;
    let data = arguments.bytes("data")?;
    let kind = Kind::of(arguments.integer_or("type", Kind::TEXT)?)?;
    let message = kind.message(data)?;
    let memory = data.len() + left(caller);
    Ok(Step::wait(memory, move |_| async move {
        socket.send(message).await?;
        done()
    }))
}

/// `websocket.ping(socket)`: sends a ping; true.
fn ping(caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let socket = socket(caller, &mut Arguments::new(request)?)?;
    Ok(Step::wait(0, move |_| async move {
        socket.send(socket::ping()).await?;
        done()
    }))
}

/// `websocket.close(socket, code, reason)`: closes the socket; true, of a closed one, too.
fn close(caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let socket = socket(caller, &mut arguments)?;
    let code = arguments.integer_or("code", socket::NORMAL)?;
    let reason = arguments.text_or_nil("reason")?.unwrap_or_default();
    let frame = socket::close_frame(code, reason)?;
    Ok(Step::wait(0, move |_| async move {
        socket.close(frame).await;
        done()
    }))
}

/// `websocket.drop(socket)`: forgets a socket, which closes with the code 1001; true.
fn drop_socket(caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let number = Arguments::new(request)?.integer("socket")?;
    caller.kept().state(Sockets::default)?.remove(number);
    Ok(Step::Done(done()))
}
