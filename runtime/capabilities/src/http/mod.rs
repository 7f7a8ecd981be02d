//! The capability `http`: requests to servers.
//!
//! ```text
//!  operation ──> Wish ──> grant, permission, limits ──> Exchange, in a task of tokio
//!                                                          │   ^
//!                      Pool of connections <── request ────┘   │ judged again
//!                              │                               │
//!  Resolver ──> addresses, judged ──> connection ──> answer ───┴─ redirect
//! ```
//!
//! A grant names origins. The addresses of an origin are judged after each look-up, and the
//! connection goes to one of those that were judged: a name that changes later has no effect.
//! Two pools keep connections to addresses of all kinds apart from those to public ones.

mod address;
mod answer;
mod batch;
mod client;
mod coding;
mod connect;
mod decode;
mod exchange;
mod failure;
mod granted;
mod headers;
mod in_flight;
mod multipart;
mod options;
mod outgoing;
mod payload;
mod redirect;
mod resolve;
mod streams;
#[cfg(test)]
mod tests;
mod texts;
mod tls;
mod websocket;

use std::sync::Arc;

use warren_engine::capability::http::Outgoing;
use warren_engine::capability::{Caller, Capability, Step};
use warren_kernel::Error;

use crate::streams::Streams;
use crate::traces;
use client::Client;
use exchange::Exchange;
use granted::{Granted, Question};
use options::Wish;
use payload::Source;
use resolve::SystemResolver;
pub use resolve::{Connecting, Resolver, Resolving};
pub(crate) use websocket::Websocket;

/// See [the module](self).
pub(crate) struct Http {
    client: Arc<Client>,
}

fn done(answer: Vec<u8>) -> Step {
    Step::Done(Ok(answer))
}

/// Bytes that a request takes beside its parts: buffers of its connection.
const OF_REQUEST: usize = 16 << 10;

impl Http {
    /// Makes the client of a program. Without a resolver it asks the operating system.
    pub(crate) fn new(resolver: Option<Arc<dyn Resolver>>) -> Http {
        let resolver = resolver.unwrap_or_else(|| Arc::new(SystemResolver));
        Http {
            client: Arc::new(Client::new(resolver)),
        }
    }

    /// Returns the capability of connections of frames, by the same grants.
    pub(crate) fn websocket(&self) -> Websocket {
        Websocket::new(&self.client)
    }
}

impl Capability for Http {
    fn name(&self) -> &'static str {
        "http"
    }

    fn call(&self, caller: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        let step = match operation {
            "request" => self.request(caller, request),
            "batch" => batch::batch(self, caller, request),
            "encode" => coding::encode(request).map(done),
            "decode" => coding::decode(request).map(done),
            _ => return Step::Unknown,
        };
        step.unwrap_or_else(|error| Step::Done(Err(error)))
    }

    fn outgoing(&self) -> Option<&dyn Outgoing> {
        Some(self)
    }
}

impl Http {
    /// `http.request(method, url, options)`: a map of `status`, `url`, `headers`, `cookies`, and
    /// `body` or `stream`.
    fn request(&self, caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
        let streams = caller.kept().state(Streams::default)?;
        let mut numbers = Vec::new();
        let mut find = |number: i64| -> Result<Source, Error> {
            let number = u32::try_from(number)
                .map_err(|_| Error::invalid(format!("stream {number} does not exist")))?;
            if numbers.contains(&number) {
                return Err(Error::invalid("options: a stream is there twice"));
            }
            let stream = streams.get(number)?;
            numbers.push(number);
            Ok(Box::pin(self::streams::OfRequest::new(stream)))
        };
        let wish = Wish::read(request, &mut find)?;
        let exchange = self.judge(caller, wish)?;
        // The client reads them to their ends from now on.
        for number in &numbers {
            exchange.streams.close(*number);
        }
        let buffers = OF_REQUEST + numbers.len() * crate::streams::pipe::MAX_BUFFERED;
        let memory = exchange.wish.payload.memory() + buffers;
        Ok(Step::wait(memory, move |charge| async move {
            exchange.run(&charge).await
        }))
    }

    /// Begins a request of a batch.
    fn begin_without_streams(
        &self,
        caller: &mut dyn Caller,
        request: &[u8],
    ) -> Result<Exchange, Error> {
        let refused = || Error::invalid("options: a request of a batch has no streams");
        let wish = Wish::read(request, &mut |_| Err(refused()))?;
        if wish.is_streamed {
            return Err(refused());
        }
        self.judge(caller, wish)
    }

    /// Judges a request: its grant, its permission and its limits, in this order.
    fn judge(&self, caller: &mut dyn Caller, mut wish: Wish) -> Result<Exchange, Error> {
        let granted = Granted::of(caller)?;
        let is_private = granted.check(&wish.origin, wish.url.path())?;
        let question = Question {
            origin: &wish.origin,
            method: wish.method.as_str(),
            path: wish.url.path(),
            url: wish.url.as_str(),
            upgrade: None,
        };
        question.ask(caller)?;
        traces::send_on(caller.trace().map(|trace| &**trace), &mut wish.headers);
        Ok(Exchange {
            in_flight: self.client.flights.begin(caller, &wish.origin)?,
            client: Arc::clone(&self.client),
            is_private,
            granted,
            permits: caller.permits(),
            streams: caller.kept().state(Streams::default)?,
            host: caller.process().host().number(),
            wish,
        })
    }
}
