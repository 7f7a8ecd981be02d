//! The requests of components, by `wasi:http`. They are sent as they are: no redirect is
//! followed, and no body is decoded.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Method, Request};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use warren_engine::capability::http::{Body, Outgoing, OutgoingRequest, ResponseFuture, Sending};
use warren_engine::capability::{Caller, Origin};
use warren_kernel::Error;

use super::connect::{CONNECT_TIMEOUT, Wanted};
use super::exchange::{uri, within};
use super::granted::{Granted, Question};
use super::in_flight::InFlight;
use super::options::{self, TIMEOUT};
use super::{Http, failure};
use crate::traces;

impl Outgoing for Http {
    fn begin(&self, caller: &mut dyn Caller, request: &OutgoingRequest) -> Result<Sending, Error> {
        if matches!(request.method, Method::CONNECT | Method::TRACE) {
            let method = &request.method;
            return Err(Error::invalid(format!(
                "{method} is not a method of requests"
            )));
        }
        // Judged and sent in one form, whatever servers and resolvers make of others.
        let url = options::url(&request.uri.to_string())?;
        let origin = Origin::of(url.as_str()).ok_or_else(|| Error::invalid("url has no host"))?;
        let is_private = Granted::of(caller)?.check(&origin, url.path())?;
        let question = Question {
            origin: &origin,
            method: request.method.as_str(),
            path: url.path(),
            url: url.as_str(),
            upgrade: None,
        };
        question.ask(caller)?;
        let in_flight = self.client.flights.begin(caller, &origin)?;
        let uri = uri(url.as_str())?;
        let wanted = Wanted {
            host: caller.process().host().number(),
            timeout: request.timeouts.connect.unwrap_or(CONNECT_TIMEOUT),
        };
        let limit = request.timeouts.first_byte.unwrap_or(TIMEOUT);
        let (client, mut request) = (Arc::clone(&self.client), request.clone());
        traces::send_on(caller.trace().map(|trace| &**trace), &mut request.headers);
        Ok(Box::new(move |body: Body| -> ResponseFuture {
            let mut sent = Request::new(body);
            *sent.method_mut() = request.method;
            *sent.uri_mut() = uri;
            *sent.headers_mut() = request.headers;
            Box::pin(async move {
                let origin = origin.to_string();
                let sending = wanted.within(client.pool(is_private, None).request(sent));
                let answered =
                    async { sending.await.map_err(|error| failure::of(&error, &origin)) };
                let response = within(limit, &origin, answered).await?;
                Ok(response.map(|body| -> Body {
                    Box::pin(Answered {
                        body,
                        origin,
                        _in_flight: in_flight,
                    })
                }))
            })
        }))
    }
}

/// The body of an answer, whose request counts as long as the body is there.
struct Answered {
    body: Incoming,
    origin: String,
    _in_flight: InFlight,
}

impl http_body::Body for Answered {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(frame.map(|frame| frame.map_err(|error| failure::of(&error, &self.origin))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
