//! One request from its connection to the end of its answer, with the redirects between them.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Request, Response, Uri, header};
use hyper::body::Incoming;
use tokio::task::yield_now;
use tokio::time::timeout;
use warren_engine::capability::{Answer, Charge, Origin, Permits};
use warren_kernel::{Error, Kind};

use super::answer::{Growing, Head};
use super::client::Client;
use super::connect::{CONNECT_TIMEOUT, Wanted};
use super::decode::{AnswerBody, Decode};
use super::failure;
use super::granted::{Granted, Question};
use super::headers::{self, drop_credentials};
use super::in_flight::InFlight;
use super::options::Wish;
use super::redirect::{self, Redirect};
use super::streams::{Limits, OfAnswer, too_large};
use super::tls::Tls;
use crate::streams::Streams;

/// A judged request of a program.
pub(super) struct Exchange {
    pub(super) client: Arc<Client>,
    pub(super) wish: Wish,
    /// True if the grant covers private addresses.
    pub(super) is_private: bool,
    pub(super) granted: Arc<Granted>,
    pub(super) permits: Permits,
    pub(super) in_flight: InFlight,
    /// The streams of the process.
    pub(super) streams: Arc<Streams>,
    /// The number of the process's host.
    pub(super) host: usize,
}

/// Bytes of a body after which other tasks have a turn: a decoder makes many of few.
const TURN: usize = 256 << 10;

impl Exchange {
    /// Sends the request, and returns its answer, encoded.
    ///
    /// # Errors
    ///
    /// `Timeout`, `Unavailable`, `PermissionDenied` for a redirect, `RateLimited` and `Invalid`
    /// beyond a limit.
    pub(super) async fn run(self, charge: &Charge) -> Answer {
        let (limit, origin) = (self.wish.timeout, self.wish.origin.to_string());
        within(limit, &origin, self.exchange(charge)).await
    }

    async fn exchange(mut self, charge: &Charge) -> Answer {
        let mut tls = match self.wish.tls.take() {
            Some(options) => Some(Tls::own(options, &self.client.tls).await?),
            None => None,
        };
        let mut left = self.wish.redirects;
        loop {
            let again = self.wish.payload.again();
            let response = self.send(tls.as_ref()).await?;
            let Some(redirect) = self.redirect(&response)? else {
                return self.answer(response, charge).await;
            };
            let again = match (redirect.has_body, again) {
                (false, _) => None,
                (true, Some(payload)) => Some(payload),
                // A stream cannot be sent again: the program has to.
                (true, None) => return self.answer(response, charge).await,
            };
            left = left.checked_sub(1).ok_or_else(|| self.too_many())?;
            drop(response);
            match again {
                Some(payload) => self.wish.payload = payload,
                None => drop_body_fields(&mut self.wish.headers),
            }
            self.follow(redirect, &mut tls)?;
        }
    }

    /// Sends the request as it is now. Its body is gone then.
    async fn send(&mut self, tls: Option<&Tls>) -> Result<Response<Incoming>, Error> {
        let wish = &mut self.wish;
        let payload = std::mem::take(&mut wish.payload);
        let mut request = Request::new(payload.into_body());
        *request.method_mut() = wish.method.clone();
        *request.uri_mut() = uri(wish.url.as_str())?;
        *request.headers_mut() = wish.headers.clone();
        let wanted = Wanted {
            host: self.host,
            timeout: CONNECT_TIMEOUT.min(wish.timeout),
        };
        let sent = self.client.pool(self.is_private, tls).request(request);
        let response = wanted.within(sent).await;
        let origin = self.wish.origin.as_str();
        let response = response.map_err(|error| failure::of(&error, origin))?;
        // The connection reads more than that at once.
        match headers::bytes_of(response.headers()) > headers::MAX_HEADERS {
            true => Err(failure::long_head(origin)),
            false => Ok(response),
        }
    }

    /// Returns where an answer redirects to, if redirects are followed.
    fn redirect(&self, response: &Response<Incoming>) -> Result<Option<Redirect>, Error> {
        if self.wish.redirects == 0 {
            return Ok(None);
        }
        let (status, headers) = (response.status(), response.headers());
        redirect::of(status, headers, &self.wish.method, &self.wish.url)
    }

    /// Makes the request that of a redirect, which is judged as the first one was.
    fn follow(&mut self, redirect: Redirect, tls: &mut Option<Tls>) -> Result<(), Error> {
        let origin = Origin::of(redirect.url.as_str());
        let origin = origin.ok_or_else(|| Error::internal("a redirect has no origin"))?;
        let path = redirect.url.path();
        self.is_private = self.granted.check(&origin, path)?;
        let question = Question {
            origin: &origin,
            method: redirect.method.as_str(),
            path,
            url: redirect.url.as_str(),
            upgrade: None,
        };
        question.ask_later(&self.permits)?;
        if origin != self.wish.origin {
            drop_credentials(&mut self.wish.headers);
            *tls = None;
        }
        self.in_flight.go_to(&origin)?;
        self.wish.origin = origin;
        self.wish.url = redirect.url;
        self.wish.method = redirect.method;
        Ok(())
    }

    /// Reads an answer, or opens its stream.
    async fn answer(self, response: Response<Incoming>, charge: &Charge) -> Answer {
        let Exchange {
            wish,
            streams,
            mut in_flight,
            ..
        } = self;
        let origin = wish.origin.to_string();
        let decode = match (wish.is_decoded, wish.is_streamed) {
            (false, _) => Decode::Nothing,
            (true, true) => Decode::Gzip,
            (true, false) => Decode::All(charge),
        };
        let (mut head, body) = response.into_parts();
        let mut body = AnswerBody::begin(body, &mut head.headers, decode, &origin).await?;
        let head = Head {
            status: head.status,
            headers: &head.headers,
            url: &wish.url,
        };
        if wish.is_streamed {
            let limits = Limits {
                silence: wish.timeout,
                max_body: wish.max_body,
            };
            let stream = OfAnswer::new(body, limits, origin, in_flight);
            return head.with_stream(streams.open(Arc::new(stream))?);
        }
        let most = wish.max_body.unwrap_or(usize::MAX);
        if body.length().is_some_and(|length| length > most as u64) {
            return Err(too_large(&origin, most));
        }
        let mut answer = Growing::begin(&head)?;
        let mut turn = 0;
        while let Some(part) = body.next().await? {
            if part.len() > most.saturating_sub(answer.len()) {
                return Err(too_large(&origin, most));
            }
            in_flight.hold(part.len())?;
            answer.add(&part, charge)?;
            turn += part.len();
            if turn >= TURN {
                turn = 0;
                yield_now().await;
            }
        }
        Ok(answer.finish())
    }

    fn too_many(&self) -> Error {
        let most = self.wish.redirects;
        let message = format!(
            "more than {most} redirects, the last one by {}",
            self.wish.origin
        );
        Error::new(Kind::Unavailable, message).retryable(false)
    }
}

/// Waits for an exchange, for as long as its time limit allows.
///
/// # Errors
///
/// `Timeout`, and those of the exchange.
pub(super) async fn within<T>(
    limit: Duration,
    origin: &str,
    exchange: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    match timeout(limit, exchange).await {
        Ok(answer) => answer,
        Err(_) => Err(failure::timeout(origin, limit)),
    }
}

/// Returns a URL in the form that requests have.
///
/// # Errors
///
/// `Invalid` for a character that has no place in a request.
pub(super) fn uri(url: &str) -> Result<Uri, Error> {
    Uri::try_from(url).map_err(|error| Error::invalid(format!("url cannot be sent: {error}")))
}

/// Removes the fields that describe a body which is not sent.
fn drop_body_fields(headers: &mut HeaderMap) {
    for name in [
        header::CONTENT_ENCODING,
        header::CONTENT_LANGUAGE,
        header::CONTENT_LOCATION,
        header::CONTENT_TYPE,
    ] {
        headers.remove(name);
    }
}
