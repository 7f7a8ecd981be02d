//! A session that a call or a transaction has.

use std::sync::Arc;

use tokio::runtime::Handle;
use warren_kernel::Error;

use super::super::turns::Turn;
use super::server::Server;
use super::session::Session;

/// A session, with the turn at it. Its drop ends what the session does, and gives it to the
/// next one as a new one.
pub(super) struct Lent {
    /// Present until the drop, like the turn.
    session: Option<Session>,
    turn: Option<Turn>,
    server: Arc<Server>,
    tokio: Handle,
}

impl Lent {
    /// Lends a session. Called on the tokio runtime.
    ///
    /// # Errors
    ///
    /// `Unavailable` if the server cannot be reached.
    pub(super) async fn take(server: &Arc<Server>, turn: Turn) -> Result<Lent, Error> {
        let session = server.session().await?;
        Ok(Lent {
            session: Some(session),
            turn: Some(turn),
            server: Arc::clone(server),
            tokio: Handle::current(),
        })
    }

    /// Returns the session.
    pub(super) fn session(&mut self) -> Result<&mut Session, Error> {
        let session = self.session.as_mut();
        session.ok_or_else(|| Error::internal("the session of the database is gone"))
    }

    /// Returns the server of the session.
    pub(super) fn server(&self) -> Arc<Server> {
        Arc::clone(&self.server)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(session) = self.session.take() else {
            return;
        };
        let (server, turn) = (Arc::clone(&self.server), self.turn.take());
        let returning = (!session.is_busy()).then(|| server.expect());
        self.tokio.spawn(async move {
            server.take_back(session).await;
            drop((turn, returning));
        });
    }
}
