//! A request: its way to a process or a file, and its answer.

use std::convert::Infallible;
use std::future::Future;
use std::num::NonZeroU64;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version, header};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::service::Service;
use tokio::sync::watch;
use tracing::{Instrument as _, Level, Span};
use warren_engine::capability::http::Body as BoxedBody;
use warren_kernel::TraceId;

use super::activity::{Active, Activity};
use super::answer::{failure, plain};
use super::body::{Served, drain};
use super::checks::{check, has_other_coding, join_cookies, length_in};
use super::counts::Answering;
use super::middleware::{Asked, Step};
use super::open::{Connection, Stop, stopped};
use super::path::{Path, decode};
use super::process::{self, Call};
use super::record::Record;
use super::relay::{Place, Relays};
use super::site::Site;
use super::table::{Found, Router};
use crate::traces;
use crate::web::request_body::Progress;

/// The header field with the id of the request.
const REQUEST_ID: &str = "x-request-id";

/// The requests of a connection.
pub(super) struct Requests {
    connection: Arc<Connection>,
    activity: Arc<Activity>,
}

impl Requests {
    pub(super) fn new(connection: Connection, activity: Arc<Activity>) -> Requests {
        Requests {
            connection: Arc::new(connection),
            activity,
        }
    }
}

impl Service<Request<Incoming>> for Requests {
    type Response = Response<Served>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Served>, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let active = self.activity.begin(!request.body().is_end_stream());
        let connection = Arc::clone(&self.connection);
        Box::pin(async move { Ok(answer(&connection, active, request).await) })
    }
}

async fn answer(
    connection: &Arc<Connection>,
    active: Active,
    request: Request<Incoming>,
) -> Response<Served> {
    let site = connection.open.site();
    let (parts, body) = request.into_parts();
    let method = parts.method.clone();
    let trace = connection.context.ids.next();
    let answering = site.counts.request(site.settings.max_requests);
    let is_full = answering.is_none();
    let mut record = Record::new(
        trace.to_string(),
        active,
        answering,
        &site.counts,
        (&site.settings.id, connection.peer, &parts),
    );
    let received = traces::received(&parts.headers);
    let parent = received.as_ref().map(|received| received.span);
    // A request that nobody traces is traced here, if anybody wants spans.
    let context = received.or_else(|| wants_spans().then(|| traces::begun(trace.0))?);
    record.set_trace(context.map(|context| Arc::new(context.below(trace.0))));
    let span = span_of(&record, &site.settings.id, &parts, parent);
    let sending = Sending::of(&parts, &body);
    let mut response = match is_full {
        true => failure(StatusCode::SERVICE_UNAVAILABLE, record.id()),
        false => {
            let on_the_way = OnTheWay {
                connection,
                site: &site,
                trace,
                span: span.clone(),
                progress: sending
                    .as_ref()
                    .map(|sending| Arc::clone(&sending.progress)),
                record: &mut record,
            };
            on_the_way.answer(parts, body).instrument(span).await
        }
    };
    if sending.is_some_and(|sending| sending.leaves_bytes()) {
        close(&mut response);
    }
    let (response, unread) = finish(response, &method, record);
    if let Some(unread) = unread {
        let limit = site.settings.timeouts.write;
        tokio::spawn(unread.drain(limit, connection.stop.clone()));
    }
    response
}

/// Returns true if anybody wants spans.
fn wants_spans() -> bool {
    tracing::enabled!(target: "warren::span", Level::DEBUG)
}

/// Opens the span of a request, whose number is the id of the request. If nobody wants spans, the
/// cost is one check at each poll.
fn span_of(
    record: &Record,
    listener: &Arc<str>,
    parts: &Parts,
    parent: Option<NonZeroU64>,
) -> Span {
    tracing::debug_span!(
        target: "warren::span",
        "request",
        request = record.id(),
        listener = &**listener,
        method = parts.method.as_str(),
        // Without the query, which may have tokens.
        path = parts.uri.path(),
        route = tracing::field::Empty,
        trace_id = record.trace_id(),
        parent_id = parent.map(|parent| format!("{parent:016x}")),
    )
}

/// Bytes of a process that its client does not get, as with HEAD. The request counts until the
/// process has ended.
struct Unread {
    body: BoxedBody,
    answering: Option<Answering>,
}

impl Unread {
    /// Lets the process go on to its end, for as long as it would have had without an answer.
    /// After that its client has gone, as is that of a listener that ends.
    async fn drain(self, limit: Duration, mut stop: watch::Receiver<Stop>) {
        let Unread { body, answering } = self;
        tokio::select! {
            () = drain(body) => {}
            () = tokio::time::sleep(limit) => {}
            () = stopped(&mut stop, Stop::Now) => {}
        }
        drop(answering);
    }
}

/// Completes an answer. Returns the bytes that the client does not get, too.
fn finish(
    mut response: Response<Served>,
    method: &Method,
    mut record: Record,
) -> (Response<Served>, Option<Unread>) {
    let status = response.status();
    record.answered(status.as_u16());
    if let Ok(id) = HeaderValue::from_str(record.id()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let given = length_in(response.headers());
    let length = given.or_else(|| response.body().size_hint().exact());
    let has_no_body = matches!(
        status,
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
    );
    let is_head = *method == Method::HEAD;
    if is_head
        && !has_no_body
        && let Some(length) = length
    {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    let left_out = match has_no_body || is_head {
        true => response.body_mut().leave_out(),
        false => None,
    };
    let unread = left_out.map(|body| Unread {
        body,
        answering: record.take_answering(),
    });
    (response.map(|body| body.recorded(record, length)), unread)
}

/// A request on its way.
struct OnTheWay<'a> {
    connection: &'a Arc<Connection>,
    site: &'a Site,
    trace: TraceId,
    /// The span of the request, if anybody wants spans.
    span: Span,
    /// Present if the client sends a body by HTTP/1.
    progress: Option<Arc<Progress>>,
    record: &'a mut Record,
}

impl OnTheWay<'_> {
    async fn answer(mut self, mut parts: Parts, body: Incoming) -> Response<Served> {
        if parts.version == Version::HTTP_2 {
            join_cookies(&mut parts.headers);
        }
        if let Err(status) = check(&parts, self.site.settings.max_body) {
            return plain(status);
        }
        if has_other_coding(&parts.headers) {
            // A proxy in front may have found another end of the body.
            let mut response = plain(StatusCode::NOT_IMPLEMENTED);
            close(&mut response);
            return response;
        }
        if parts.method == Method::OPTIONS && parts.uri.path() == "*" {
            // A question about the server as a whole: it is there.
            let mut response = Response::new(Served::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            return response;
        }
        let Some(path) = decode(parts.uri.path()) else {
            return plain(StatusCode::BAD_REQUEST);
        };
        let found = self.site.table.find(&parts.method, &path.segments);
        let router = found.router().cloned();
        let mut asked = Asked::new(self.record.id().to_owned(), &parts, self.connection.peer);
        let none: &[Step] = &[];
        let steps = router.as_deref().map_or(none, |router| &router.before[..]);
        let (mut passed, mut early) = (0, None);
        for step in steps {
            passed += 1;
            early = step
                .before(&parts, &mut asked, &self.connection.context)
                .await;
            if early.is_some() {
                break;
            }
        }
        self.record.set_remote(asked.remote);
        let mut response = match early {
            Some(response) => response,
            None => self.of_found(found, parts, body, path, &asked).await,
        };
        for step in steps[..passed].iter().rev() {
            step.after(&asked, &mut response);
        }
        response
    }

    async fn of_found(
        &mut self,
        found: Found,
        mut parts: Parts,
        body: Incoming,
        path: Path,
        asked: &Asked,
    ) -> Response<Served> {
        let (router, matched) = match found {
            Found::Route(router, matched) => (router, matched),
            Found::Files(_, files, segments) => {
                let head = (&parts.method, &parts.uri, &parts.headers);
                let disk = &self.connection.context.disk;
                return files.answer(head, &segments, disk).await;
            }
            Found::OtherMethods(_, methods) => return other_methods(methods),
            Found::Nothing(_) => return plain(StatusCode::NOT_FOUND),
        };
        if let Some(refusal) = self.refused(&router, &matched.route.definition, asked) {
            return refusal;
        }
        if asked.is_counted {
            let counts = &self.connection.context.counts;
            self.record.set_route(counts.route(&matched.route.shown));
        }
        if !self.span.is_disabled() {
            self.span.record("route", &*matched.route.shown);
        }
        let relays = Relays::of(&router.behind, &mut parts);
        if let Some(refusal) = relays.refusal() {
            return refusal;
        }
        let definition = Arc::clone(&matched.route.definition);
        let call = Call {
            connection: self.connection,
            site: self.site,
            trace: self.trace,
            progress: self.progress.clone(),
            asked,
            matched,
            path,
        };
        let response = process::answer(call, parts, body, self.record).await;
        let place = Place {
            connection: self.connection,
            definition: &definition,
            identity: &asked.identity,
        };
        let relayed = relays.answer(response, &place).await;
        relayed.unwrap_or_else(|failed| failed.answer(&definition, self.record))
    }

    fn refused(
        &self,
        router: &Router,
        definition: &Arc<str>,
        asked: &Asked,
    ) -> Option<Response<Served>> {
        let context = &self.connection.context;
        let mut steps = router.behind.iter();
        steps.find_map(|step| step.behind(definition, asked, context))
    }
}

/// The most bytes of a body that nobody has read, behind which the next request is looked for.
const SMALL: u64 = 4 << 10;

/// A body that a client sends by HTTP/1, ahead of its next request.
struct Sending {
    progress: Arc<Progress>,
    /// The client waits until it is asked for the body.
    waits: bool,
    is_small: bool,
}

impl Sending {
    fn of(parts: &Parts, body: &Incoming) -> Option<Sending> {
        let sends = parts.version < Version::HTTP_2 && !body.is_end_stream();
        sends.then(|| Sending {
            progress: Arc::default(),
            waits: parts.headers.contains_key(header::EXPECT),
            is_small: body.size_hint().exact().is_some_and(|len| len <= SMALL),
        })
    }

    /// Returns true if bytes of the body lie between this request and the next one, when the
    /// answer begins. The client has to know then that the connection ends: its next request
    /// would be lost. The next bytes of a client that was not asked for the body may be the
    /// body or a request.
    fn leaves_bytes(&self) -> bool {
        let may_send = match self.waits {
            true => !self.progress.is_asked_for() || !self.is_small,
            false => !self.is_small,
        };
        may_send && !self.progress.has_ended()
    }
}

/// Closes the connection behind an answer.
fn close(response: &mut Response<Served>) {
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
}

/// Returns the answer to a request for a path that has routes of these methods alone.
fn other_methods(mut methods: Vec<Method>) -> Response<Served> {
    if methods.contains(&Method::GET) && !methods.contains(&Method::HEAD) {
        methods.push(Method::HEAD);
    }
    let mut names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let mut response = plain(StatusCode::METHOD_NOT_ALLOWED);
    if let Ok(value) = HeaderValue::from_str(&names.join(", ")) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_methods_that_are_allowed() {
        let allowed = |methods: &[Method]| {
            let response = other_methods(methods.to_vec());
            response.headers()[header::ALLOW]
                .to_str()
                .unwrap()
                .to_owned()
        };
        assert_eq!(allowed(&[Method::PUT, Method::GET]), "GET, HEAD, PUT");
        assert_eq!(allowed(&[Method::POST, Method::POST]), "POST");
    }

    #[test]
    fn an_answer_to_head_keeps_its_length() {
        let record = || Record::of_test("00ff");
        let whole = || Response::new(Served::whole("hello".into()));
        let (response, _) = finish(whole(), &Method::HEAD, record());
        assert_eq!(response.headers()[header::CONTENT_LENGTH], "5");
        assert_eq!(response.headers()[REQUEST_ID], "00ff");
        assert!(response.into_body().into_bytes().is_none());
        let (response, _) = finish(whole(), &Method::GET, record());
        assert_eq!(response.into_body().into_bytes().unwrap(), "hello");
        let mut empty = whole();
        *empty.status_mut() = StatusCode::NO_CONTENT;
        let (response, _) = finish(empty, &Method::GET, record());
        assert!(!response.headers().contains_key(header::CONTENT_LENGTH));
        assert!(response.into_body().into_bytes().is_none());
    }

    #[test]
    fn a_process_goes_on_behind_an_answer_to_head() {
        let unread = |body: Served| {
            let record = Record::of_test("00ff");
            finish(Response::new(body), &Method::HEAD, record).1
        };
        let bytes = || Box::pin(Served::whole("hello".into()));
        assert!(unread(Served::of_process(bytes())).is_some());
        // Nobody reads a file in vain.
        assert!(unread(Served::parts(bytes())).is_none());
        assert!(unread(Served::whole("hello".into())).is_none());
    }

    #[tokio::test]
    async fn a_process_that_nobody_hears_has_its_time() {
        struct Endless;
        impl http_body::Body for Endless {
            type Data = bytes::Bytes;
            type Error = warren_kernel::Error;

            fn poll_frame(
                self: Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, Self::Error>>>
            {
                std::task::Poll::Pending
            }
        }
        let unread = || Unread {
            body: Box::pin(Endless),
            answering: None,
        };
        let (stop, stopped) = watch::channel(Stop::Drain);
        unread()
            .drain(Duration::from_millis(20), stopped.clone())
            .await;
        stop.send_replace(Stop::Now);
        unread().drain(Duration::from_secs(3_600), stopped).await;
    }
}
