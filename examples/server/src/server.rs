//! The server, from its opening to its end.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use warren::app::{App, AppOptions};
use warren::{Runtime, ServiceError};

use crate::config::Config;
use crate::error::{OpenError, ServeError};
use crate::state::{Shared, State};
use crate::tenants::Tenants;
use crate::{admin, chat, handler, operator};

/// A listening server: its code is compiled, and its rooms are open.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    /// The listener of the operator's pages, with its address.
    admin: Option<(TcpListener, SocketAddr)>,
    state: State,
    grace: Duration,
}

impl Server {
    /// Opens the program and everything that the tenants' requests will need.
    /// Connections are accepted from now on, and wait for [`Server::serve`].
    ///
    /// # Errors
    ///
    /// Any error for the operator.
    pub async fn open(config: Config) -> Result<Server, OpenError> {
        let app = App::open(&config.app, AppOptions::default())?;
        let tenants = Tenants::of(&app)?;
        let name = app.name().to_owned();
        let runtime = Runtime::builder().app(app).cache(config.cache).start()?;
        warm(&runtime, &tenants).await?;
        runtime.start_services().await.map_err(Box::new)?;
        let (listener, address) = listen(config.listen).await?;
        let admin = match config.admin {
            Some(admin) => Some(listen(admin).await?),
            None => None,
        };
        Ok(Server {
            address,
            listener,
            admin,
            state: Arc::new(Shared {
                runtime,
                app: name,
                tenants,
                changing: tokio::sync::Mutex::default(),
                deadline: config.deadline,
            }),
            grace: config.grace,
        })
    }

    /// Returns the address the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the address of the operator's pages, if there are any.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(|(_, address)| *address)
    }

    /// Returns the runtime, for inspection.
    pub fn runtime(&self) -> &Runtime {
        &self.state.runtime
    }

    /// Serves until it is told to stop. Then it accepts no more connections;
    /// requests and chat sessions have the grace of the configuration to
    /// finish, together.
    ///
    /// # Errors
    ///
    /// The server could not go on, and has ended in the same way.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
        let (tell, told) = oneshot::channel::<()>();
        // Answers must leave at once.
        let listener = self.listener.tap_io(|connection| {
            if let Err(error) = connection.set_nodelay(true) {
                tracing::debug!(%error, "a connection delays what is small");
            }
        });
        let serving = axum::serve(listener, router(Arc::clone(&self.state)))
            .with_graceful_shutdown(async { drop(told.await) });
        let mut serving = pin!(serving.into_future());
        let router = admin::router(Arc::clone(&self.state));
        let admin = self.admin.map(|(listener, _)| {
            // Its connections close with the server.
            AbortOnDrop(tokio::spawn(axum::serve(listener, router).into_future()))
        });
        let end = tokio::select! {
            () = stop => Ok(()),
            error = service_failed(&self.state.runtime) => Err(ServeError::from(Box::new(error))),
            served = &mut serving => return served.map_err(ServeError::Accept),
        };
        drop(admin);
        let until = Instant::now() + self.grace;
        // Fails if the receiver has ended.
        let _ = tell.send(());
        match timeout_at(until, serving).await {
            Ok(served) => served.map_err(ServeError::Accept)?,
            Err(_) => tracing::warn!("connections are closed before their requests are answered"),
        }
        let left = until.saturating_duration_since(Instant::now());
        self.state.runtime.shutdown(left).await;
        end
    }
}

/// Ends a task when it is dropped.
struct AbortOnDrop(JoinHandle<std::io::Result<()>>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), OpenError> {
    let refused = |error| OpenError::Listen { address, error };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    Ok((listener, address))
}

fn router(state: State) -> Router {
    Router::new()
        .route("/healthz", get(operator::health))
        .route("/metrics", get(operator::metrics))
        .route("/{tenant}/chat", get(chat::enter))
        .fallback(handler::handle)
        .layer(DefaultBodyLimit::max(handler::MAX_BODY))
        .with_state(state)
}

/// Compiles the code that the first requests would have to wait for.
async fn warm(runtime: &Runtime, tenants: &Tenants) -> Result<(), OpenError> {
    for tenant in tenants.all() {
        for code in tenant.code() {
            let prepared = runtime.prepare(code).await;
            prepared.map_err(|error| OpenError::Code {
                tenant: tenant.name().to_owned(),
                error: Box::new(error.into()),
            })?;
        }
    }
    Ok(())
}

/// Completes when a critical service has failed for good.
async fn service_failed(runtime: &Runtime) -> ServiceError {
    match runtime.services_ended().await {
        Err(error) => error,
        Ok(()) => std::future::pending().await, // there are none, or none any more
    }
}
