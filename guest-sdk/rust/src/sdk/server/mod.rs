//! A process that answers requests: Erlang's `gen_server`.
//!
//! The contract between caller and server, which any language can speak:
//!
//! ```text
//! caller                                         server
//!   call   topic "call", (address, request)      ->  Server::call
//!   <-     topic as asked, (true, reply)             Caller::reply
//!   <-     topic as asked, (false, error)            Caller::refuse
//!   cast   topic "cast", request                 ->  Server::cast
//!          any other topic                       ->  Server::message
//!          an event                              ->  Server::event
//! ```
//!
//! An address is a topic; or an array of a topic and a number, and then the answer has the
//! number behind its other values. A caller that numbers its calls needs one topic for all
//! of them, and knows an answer that comes too late. [`call`] and Lua's `server.call` do so:
//! each calls servers in either language.
//!
//! One queue takes all messages, so that what one process calls and casts is
//! handled in the order it was sent.
//!
//! ```no_run
//! use serde::{Deserialize, Serialize};
//! use warren_guest::Error;
//! use warren_guest::server::{self, Caller, Next, Server};
//!
//! #[derive(Serialize, Deserialize)]
//! enum Request { Get, Add(i64) }
//!
//! struct Counter(i64);
//!
//! impl Server for Counter {
//!     type Request = Request;
//!     type Reply = i64;
//!
//!     fn call(&mut self, request: Request, caller: Caller<i64>) -> Result<Next, Error> {
//!         if let Request::Add(n) = request {
//!             self.0 += n;
//!         }
//!         caller.reply(&self.0)?;
//!         Ok(Next::Continue)
//!     }
//! }
//!
//! #[warren_guest::main]
//! fn main() -> Result<(), Error> {
//!     server::serve(Counter(0))
//! }
//!
//! // In another process:
//! # fn client(counter: warren_guest::Pid) -> Result<(), Error> {
//! let five: i64 = server::call(&counter, Request::Add(5))?;
//! # Ok(()) }
//! ```

mod call;
pub(super) mod driven;
mod watches;

use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Event, Message, Pid, Select, Value, events, inbox, send};
use crate::{Error, kind};

pub use call::{call, call_timeout, cast};

/// The topic of requests with a reply.
pub const CALL: &str = "call";
/// The topic of requests without a reply.
pub const CAST: &str = "cast";
/// Timeout of [`call`].
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// The decision of a handler whether the server goes on.
///
/// ```
/// use warren_guest::Error;
/// use warren_guest::server::{Caller, Next, Server, serve};
///
/// /// A roll of tickets. The server ends with the last one.
/// struct Tickets(u32);
///
/// impl Server for Tickets {
///     type Request = ();
///     type Reply = u32;
///
///     fn call(&mut self, _: (), caller: Caller<u32>) -> Result<Next, Error> {
///         caller.reply(&self.0)?;
///         self.0 -= 1;
///         Ok(if self.0 == 0 { Next::Stop } else { Next::Continue })
///     }
/// }
/// # use warren_guest::mock;
/// # let client = mock::play("client", |_, _| {});
/// # client.send("call", ("ticket", ()));
/// # client.send("call", ("ticket", ()));
/// serve(Tickets(2))?; // returns after two calls
/// # let replies = mock::with(|runtime| runtime.sent.clone());
/// # let replies = replies.iter().map(|sent| sent.get::<(bool, u32)>());
/// # assert_eq!(replies.collect::<Result<Vec<_>, _>>()?, [(true, 2), (true, 1)]);
/// # Ok::<_, Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Go on with the next message.
    Continue,
    /// Stop: [`serve`] returns, and the process usually ends.
    Stop,
}

/// The handlers of a server. An error from any of them is the server's own
/// failure; report an error of the caller by [`Caller::refuse`].
///
/// ```
/// use warren_guest::server::{Caller, Next, Server, serve};
/// use warren_guest::{Error, Message};
///
/// /// Adds numbers up, and tells the sum.
/// struct Sum(i64);
///
/// impl Server for Sum {
///     type Request = i64;
///     type Reply = i64;
///
///     fn call(&mut self, number: i64, caller: Caller<i64>) -> Result<Next, Error> {
///         self.0 += number;
///         caller.reply(&self.0)?;
///         Ok(Next::Continue)
///     }
///
///     fn cast(&mut self, number: i64) -> Result<Next, Error> {
///         self.0 += number;
///         Ok(Next::Continue)
///     }
///
///     fn message(&mut self, message: Message) -> Result<Next, Error> {
///         Ok(if message.topic() == "stop" { Next::Stop } else { Next::Continue })
///     }
/// }
/// # use warren_guest::mock;
/// # let client = mock::play("client", |_, _| {});
/// # client.send("cast", 5);
/// # client.send("call", ("sum", 2));
/// # client.send("stop", ());
/// serve(Sum(0))?;
/// # let reply = mock::with(|runtime| runtime.sent[0].clone());
/// # assert_eq!(reply.get::<(bool, i64)>()?, (true, 7));
/// # Ok::<_, Error>(())
/// ```
pub trait Server {
    /// The type of requests. Another request is refused with `Invalid`, or, if
    /// nobody waits for a reply, logged and dropped.
    type Request: DeserializeOwned;
    /// The type of replies.
    type Reply: Serialize;

    /// Handles a request whose caller waits until it is answered. The caller
    /// can be kept and answered later, from any other function.
    ///
    /// # Errors
    ///
    /// Ends the server.
    fn call(&mut self, request: Self::Request, caller: Caller<Self::Reply>) -> Result<Next, Error>;

    /// Handles a request whose sender does not wait. The default logs and drops
    /// it.
    ///
    /// # Errors
    ///
    /// Ends the server.
    fn cast(&mut self, request: Self::Request) -> Result<Next, Error> {
        drop(request);
        log::warn!("dropped a cast: this server takes none");
        Ok(Next::Continue)
    }

    /// Handles any other message. The default logs and drops it.
    ///
    /// # Errors
    ///
    /// Ends the server.
    fn message(&mut self, message: Message) -> Result<Next, Error> {
        let from = message.from().map_or("nobody", Pid::as_str);
        log::warn!("dropped a message `{}` from {from}", message.topic());
        Ok(Next::Continue)
    }

    /// Handles an event. By default a CANCEL stops the server, the failure of a
    /// linked process ends it with that error, and an EXIT is ignored.
    ///
    /// # Errors
    ///
    /// Ends the server.
    fn event(&mut self, event: Event) -> Result<Next, Error> {
        match event {
            Event::Cancel { .. } => Ok(Next::Stop),
            Event::LinkDown {
                from,
                result: Err(error),
                ..
            } => Err(error.wrap(format_args!("linked process {from} failed"))),
            // The ends of other processes, and news of nodes and names.
            _ => Ok(Next::Continue),
        }
    }
}

/// Handles messages and events until a handler stops the server. Events go
/// before messages.
///
/// A server that mostly waits needs no stack for that: see
/// [`#[warren_guest::serve]`](macro@crate::serve).
///
/// # Errors
///
/// The error of a handler.
pub fn serve<S: Server>(mut server: S) -> Result<(), Error> {
    let (inbox, events) = (inbox(), events());
    loop {
        let came = Select::new()
            .on(&events, Came::Event)
            .on(&inbox, Came::Message)
            .wait()?;
        if handle(&mut server, came)? == Next::Stop {
            return Ok(());
        }
    }
}

/// A message or an event for a server.
enum Came {
    Message(Message),
    Event(Event),
}

fn handle<S: Server>(server: &mut S, came: Came) -> Result<Next, Error> {
    match came {
        Came::Event(event) => server.event(event),
        Came::Message(message) => dispatch(server, message),
    }
}

fn dispatch<S: Server>(server: &mut S, message: Message) -> Result<Next, Error> {
    match message.topic() {
        CALL => {
            let Some((caller, request)) = caller_of(&message) else {
                return server.message(message);
            };
            match request.to() {
                Ok(request) => server.call(request, caller),
                Err(error) => {
                    let refused = Error::from(error).wrap("request");
                    caller.refuse(&refused)?;
                    Ok(Next::Continue)
                }
            }
        }
        CAST => match message.get() {
            Ok(request) => server.cast(request),
            Err(error) => {
                log::warn!("dropped a cast: {error}");
                Ok(Next::Continue)
            }
        },
        _ => server.message(message),
    }
}

fn caller_of<R>(message: &Message) -> Option<(Caller<R>, Value)> {
    let from = message.from()?.clone();
    let (address, request) = message.get().ok()?;
    let caller = Caller {
        from,
        address,
        reply: PhantomData,
    };
    Some((caller, request))
}

/// The place of an answer in the mailbox of the caller.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Address {
    Topic(String),
    Numbered(String, i64),
}

/// A process that waits for a reply.
///
/// ```
/// use warren_guest::Error;
/// use warren_guest::server::{Caller, Next, Server, serve};
///
/// /// Introduces two callers to each other. The first one waits for the second.
/// struct Pair(Option<(String, Caller<String>)>);
///
/// impl Server for Pair {
///     type Request = String;
///     type Reply = String;
///
///     fn call(&mut self, name: String, caller: Caller<String>) -> Result<Next, Error> {
///         if name.is_empty() {
///             caller.refuse(&Error::invalid("a name has a letter at least"))?;
///             return Ok(Next::Continue);
///         }
///         let Some((first, waiting)) = self.0.take() else {
///             self.0 = Some((name, caller));
///             return Ok(Next::Continue);
///         };
///         waiting.reply(&name)?;
///         caller.reply(&first)?;
///         Ok(Next::Stop)
///     }
/// }
/// # use warren_guest::mock;
/// # let client = mock::play("client", |_, _| {});
/// # for name in ["", "Ada", "Grace"] {
/// #     client.send("call", ("name", name));
/// # }
/// serve(Pair(None))?;
/// # let replies = mock::with(|runtime| runtime.sent.clone());
/// # assert_eq!(replies.len(), 3);
/// # assert!(!replies[0].get::<(bool, Error)>()?.0);
/// # assert_eq!(replies[1].get::<(bool, String)>()?, (true, "Grace".to_owned()));
/// # assert_eq!(replies[2].get::<(bool, String)>()?, (true, "Ada".to_owned()));
/// # Ok::<_, Error>(())
/// ```
#[must_use = "whoever called waits until it is answered"]
pub struct Caller<R> {
    from: Pid,
    address: Address,
    reply: PhantomData<fn(&R)>,
}

impl<R> fmt::Debug for Caller<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("from", &self.from).finish()
    }
}

impl<R: Serialize> Caller<R> {
    /// Returns the caller's PID.
    pub fn pid(&self) -> &Pid {
        &self.from
    }

    /// Answers. If the caller has ended meanwhile, or its queue is full, the
    /// reply is dropped.
    ///
    /// # Errors
    ///
    /// `Invalid`: the reply cannot cross.
    pub fn reply(self, reply: &R) -> Result<(), Error> {
        self.answer(true, reply)
    }
}

impl<R> Caller<R> {
    /// Refuses the request: [`call`] returns this error.
    ///
    /// # Errors
    ///
    /// `Invalid`: the error's details cannot cross.
    pub fn refuse(self, error: &Error) -> Result<(), Error> {
        self.answer(false, error)
    }

    fn answer(self, is_reply: bool, value: impl Serialize) -> Result<(), Error> {
        let sent = match &self.address {
            Address::Topic(topic) => send(&self.from, topic, (is_reply, value)),
            Address::Numbered(topic, number) => send(&self.from, topic, (is_reply, value, number)),
        };
        match sent {
            Err(error) if error.is(kind::INVALID) => Err(error.wrap("reply")),
            _ => Ok(()),
        }
    }
}

/// Forgets the watches on servers, which ended with the runtime of a test.
#[cfg(all(not(target_family = "wasm"), feature = "mock"))]
pub(crate) fn forget_watches() {
    watches::forget_all();
}
