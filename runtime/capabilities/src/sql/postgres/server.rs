//! A server: the sessions that nobody uses, and new ones.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;
use tokio::time::timeout;
use warren_engine::capability::{DatabaseSettings, DatabaseUrl};
use warren_kernel::{Error, Kind};

use super::super::turns::PATIENCE;
use super::messages::{Key, Requests, Status};
use super::session::{Failure, Session};
use super::socket::{self, Roots};
use super::url::Address;
use super::{error, login};
use crate::data::DataError;

/// Time that a statement has beyond its own, for the server to end it.
const GRACE: Duration = Duration::from_secs(1);

/// Time for which a call waits for a session that is on its way back, in place of a new one.
const FOR_RETURN: Duration = Duration::from_secs(1);

/// Time between two records of the log about a server that cannot be reached.
const BETWEEN_RECORDS: Duration = Duration::from_secs(10);

/// Settings of each session. A statement that is alone only reads, and the text of a value
/// does not depend on the server's own settings.
const SETTINGS: &str = "SET default_transaction_read_only = on; \
    SET standard_conforming_strings = on; SET client_min_messages = error; \
    SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; \
    SET bytea_output = 'hex'; SET extra_float_digits = 3; ";

/// A server and its idle sessions.
pub(super) struct Server {
    id: Arc<str>,
    address: Address,
    roots: Roots,
    idle: Mutex<Vec<Session>>,
    /// Sessions that are on their way back.
    returning: AtomicUsize,
    /// Told when one of them is back or gone.
    returned: Notify,
    settings: String,
    max_statement: Duration,
    /// The time of the last record of the log.
    recorded: Mutex<Option<Instant>>,
}

impl Server {
    /// Reads the address of a server.
    ///
    /// # Errors
    ///
    /// [`DataError::Server`].
    pub(super) fn new(settings: &DatabaseSettings, url: &DatabaseUrl) -> Result<Server, DataError> {
        let address = Address::parse(url.as_str()).map_err(|reason| DataError::Server {
            id: settings.id.to_string(),
            reason,
        })?;
        let (max_statement, max_transaction) = (settings.max_statement, settings.max_transaction);
        let statement = milliseconds(max_statement);
        // For a runtime that is gone without a word.
        let idle = milliseconds(max_transaction.saturating_add(PATIENCE));
        Ok(Server {
            id: Arc::clone(&settings.id),
            address,
            roots: Roots::default(),
            idle: Mutex::default(),
            returning: AtomicUsize::new(0),
            returned: Notify::new(),
            settings: format!(
                "{SETTINGS}SET statement_timeout = {statement}; \
                 SET idle_in_transaction_session_timeout = {idle}"
            ),
            max_statement,
            recorded: Mutex::default(),
        })
    }

    /// Returns the number of idle sessions.
    pub(super) fn idle(&self) -> usize {
        self.idle.lock().len()
    }

    /// Returns an idle session, or begins one.
    ///
    /// # Errors
    ///
    /// `Unavailable`. The reason is in the log: it may tell the address of the server.
    pub(super) async fn session(&self) -> Result<Session, Error> {
        if let Some(session) = self.present().await {
            return Ok(session);
        }
        let begun = timeout(PATIENCE, self.begin()).await;
        let failed = match begun {
            Ok(Ok(session)) => return Ok(session),
            Ok(Err(failure)) => match failure {
                Failure::Server(error) => format!("{}: {}", error.code, error.message),
                Failure::Broken(error) => error.to_string(),
                Failure::TooLarge => "its message is too large".to_owned(),
            },
            Err(_) => format!("it does not answer for {PATIENCE:?}"),
        };
        self.record("a database cannot be reached", &failed);
        let message = "the database cannot be reached";
        Err(Error::new(Kind::Unavailable, message))
    }

    /// Returns an idle session, or one that is on its way back.
    async fn present(&self) -> Option<Session> {
        loop {
            // From here on it is told, too.
            let returned = self.returned.notified();
            while let Some(mut session) = self.take_idle() {
                if session.is_quiet() {
                    return Some(session);
                }
            }
            if self.returning.load(Ordering::SeqCst) == 0 {
                return None;
            }
            timeout(FOR_RETURN, returned).await.ok()?;
        }
    }

    fn take_idle(&self) -> Option<Session> {
        self.idle.lock().pop()
    }

    async fn begin(&self) -> Result<Session, Failure> {
        let socket = socket::connect(&self.address, &self.roots).await?;
        let mut session = Session::new(socket);
        login::log_in(&mut session, &self.address).await?;
        session.own(&[self.settings.as_str()]).await?;
        Ok(session)
    }

    /// Writes a record of the log, unless there was one a moment ago.
    pub(super) fn record(&self, what: &str, reason: &str) {
        let now = Instant::now();
        let mut recorded = self.recorded.lock();
        let is_recent = |last: Instant| now.duration_since(last) < BETWEEN_RECORDS;
        if !recorded.is_some_and(is_recent) {
            *recorded = Some(now);
            tracing::warn!(database = &*self.id, reason, "{what}");
        }
    }

    /// Tells that a session is on its way back.
    pub(super) fn expect(self: &Arc<Self>) -> Returning {
        self.returning.fetch_add(1, Ordering::SeqCst);
        Returning(Arc::clone(self))
    }

    /// Takes a session back that a call has used: makes it as new, or ends it with what it
    /// does.
    pub(super) async fn take_back(&self, mut session: Session) {
        if session.is_broken() {
            return;
        }
        if session.is_busy() {
            if let Some(key) = session.key() {
                // The statement ends with its time, too.
                let _ = timeout(PATIENCE, self.cancel(key)).await;
            }
            return;
        }
        let is_new = timeout(PATIENCE, self.renew(&mut session)).await;
        if matches!(is_new, Ok(Ok(()))) {
            session.shrink();
            self.idle.lock().push(session);
        }
    }

    /// Makes a session as new: without a transaction, settings, cursors, temporary tables,
    /// prepared statements and locks.
    async fn renew(&self, session: &mut Session) -> Result<(), Failure> {
        let all = ["ROLLBACK", "DISCARD ALL", self.settings.as_str()];
        let first = usize::from(session.status() == Status::Idle);
        session.own(&all[first..]).await
    }

    /// Asks the server to end the statement of another session, and waits until it has heard.
    async fn cancel(&self, key: &Key) -> io::Result<()> {
        let mut socket = socket::connect(&self.address, &self.roots).await?;
        socket.write_all(Requests::cancel(key).bytes()).await?;
        socket.flush().await?;
        // It closes the connection without an answer.
        socket.read_u8().await.map(|_| ())
    }

    /// Does work for a statement in its time, and some more for the server to end it.
    ///
    /// # Errors
    ///
    /// Those of the work; `Timeout`, and then the session is busy.
    pub(super) async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let most = self.max_statement;
        let done = timeout(most.saturating_add(GRACE), work).await;
        done.unwrap_or_else(|_| Err(error::expired(most)))
    }
}

/// The way of a session back to its server.
pub(super) struct Returning(Arc<Server>);

impl Drop for Returning {
    fn drop(&mut self) {
        self.0.returning.fetch_sub(1, Ordering::SeqCst);
        self.0.returned.notify_waiters();
    }
}

/// Returns a time as the server's settings have it. 0 would be for ever.
fn milliseconds(time: Duration) -> i32 {
    i32::try_from(time.as_millis()).unwrap_or(i32::MAX).max(1)
}
