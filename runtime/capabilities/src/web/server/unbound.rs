//! A listener without a socket, for tests that bring bytes of their own.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use http::Method;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, watch};
use warren_engine::Node;
use warren_engine::capability::web::{ListenerSettings, WebSettings};

use super::connection;
use super::context::{Context, Ids, MAX_DISK};
use super::counts::{Counts, WebCounts};
use super::error::ListenError;
use super::middleware::Making;
use super::open::{Connection, Open, Stop};
use super::path::decode;
use super::site::Site;
use super::table::Found;
use crate::fs::Volumes;
use crate::security::TokenStores;

/// A listener without a socket. Its drop ends its connections.
pub struct Unbound {
    open: Arc<Open>,
    context: Arc<Context>,
    stop: watch::Sender<Stop>,
}

/// The thing that answers a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answerer {
    /// A definition, with the parameters of the path.
    Definition(String, Vec<(String, String)>),
    /// A directory, with the segments below its prefix.
    Files(Vec<String>),
    /// Nothing, as the routes of the path have these methods alone.
    OtherMethods(Vec<String>),
    /// Nothing.
    Nothing,
    /// Nothing, as the path or the method is none.
    Refused,
}

impl Unbound {
    /// Makes a listener, with the routes that the settings have for it.
    ///
    /// # Errors
    ///
    /// See [`ListenError`].
    pub fn new(
        node: &Arc<Node>,
        listener: &ListenerSettings,
        settings: &WebSettings,
    ) -> Result<Unbound, ListenError> {
        let tokens = TokenStores::default();
        let counts = Arc::<Counts>::default();
        let making = Making {
            tokens: &tokens,
            volumes: &Volumes::default(),
        };
        let of_listener = counts.listener(&listener.id);
        let site = Site::new(listener, settings, &making, of_listener)?;
        let context = Context {
            node: Arc::clone(node),
            authorizer: None,
            tokens,
            counts,
            ids: Arc::new(Ids::new()),
            disk: Arc::new(Semaphore::new(MAX_DISK)),
            go: watch::Sender::new(true).subscribe(),
        };
        Ok(Unbound {
            open: Arc::new(Open::new(Arc::new(site))),
            context: Arc::new(context),
            stop: watch::Sender::new(Stop::No),
        })
    }

    /// Serves a connection until its end, as one of a socket.
    pub async fn serve<T>(&self, stream: T)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let peer = SocketAddr::from(([127, 0, 0, 1], 1));
        let Some(held) = self.open.enter(peer) else {
            return;
        };
        let connection = Connection {
            peer,
            is_secure: false,
            open: Arc::clone(&self.open),
            context: Arc::clone(&self.context),
            stop: self.stop.subscribe(),
            _held: held,
        };
        connection::serve(stream, connection).await;
    }

    /// Finds the thing that answers a request for a path.
    pub fn find(&self, method: &str, path: &str) -> Answerer {
        let (Ok(method), Some(path)) = (Method::from_bytes(method.as_bytes()), decode(path)) else {
            return Answerer::Refused;
        };
        match self.open.site().table.find(&method, &path.segments) {
            Found::Route(_, matched) => {
                let names = matched.route.names.iter().map(ToString::to_string);
                let parameters = names.zip(matched.values).collect();
                Answerer::Definition(matched.route.definition.to_string(), parameters)
            }
            Found::Files(_, _, segments) => Answerer::Files(segments),
            Found::OtherMethods(_, methods) => {
                let methods = methods.iter().map(ToString::to_string);
                Answerer::OtherMethods(methods.collect())
            }
            Found::Nothing(_) => Answerer::Nothing,
        }
    }

    /// Returns the counts of requests and connections.
    pub fn counts(&self) -> WebCounts {
        self.context.counts.now()
    }
}

impl fmt::Debug for Unbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unbound")
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}
