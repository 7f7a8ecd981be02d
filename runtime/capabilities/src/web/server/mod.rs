//! The server: listeners, and all that happens to a request before its process and behind it.
//!
//! ```text
//!  Server ─ prepare, put ─> Listening ─ accept ─> connection ─ hyper ─> request
//!                           (socket)              TLS, protocol,        │ table: router, route
//!                                                 times                 │ middleware
//!                              files <──────────────────────────────────┤
//!                            process <──────────────────────────────────┘
//! ```
//!
//! A [`Server`] holds no node, which its connections do: each of them ends with its client,
//! with its listener, or with the server.

mod activity;
mod answer;
mod body;
mod budget;
mod checks;
mod clients;
mod compress;
mod conditions;
mod connection;
mod context;
mod counts;
mod error;
mod files;
mod io;
mod listener;
mod media;
mod middleware;
mod open;
mod path;
mod process;
mod record;
mod relay;
mod request;
mod site;
mod status;
mod stream;
mod table;
mod tls;
mod tree;
mod unbound;

use std::fmt;
use std::future::Future;
use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use warren_engine::capability::web::WebSettings;
use warren_engine::security::{
    Action, AuditEvent, Authorizer, Caller, EntryKind, Request, Resource, Subject,
};
use warren_engine::{DEFAULT_HOST, Node};

use crate::fs::Volumes;
use crate::security::TokenStores;
use context::{Context, Ids, MAX_DISK};
use counts::Counts;
use listener::Listening;
use middleware::Making;
use open::Stop;
use site::Site;

pub use counts::{DURATIONS, ListenerCounts, RequestCounts, SORTS, WebCounts};
pub use error::ListenError;
#[doc(hidden)]
pub use unbound::{Answerer, Unbound};

/// The HTTP server of a program.
pub struct Server {
    tokens: TokenStores,
    volumes: Volumes,
    authorizer: Option<Arc<dyn Authorizer>>,
    counts: Arc<Counts>,
    ids: Arc<Ids>,
    disk: Arc<Semaphore>,
    /// True once connections are accepted.
    go: watch::Sender<bool>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: Vec<Arc<Listening>>,
    /// True once listeners were opened.
    has_begun: bool,
    is_ending: bool,
}

/// Listeners that are ready to take the place of the present ones. Nobody can connect to the
/// new ones yet.
pub struct Prepared(Vec<(Place, Arc<Site>)>);

/// The socket of a listener.
enum Place {
    /// That of a present listener.
    Open(Arc<Listening>),
    New(TcpListener, SocketAddr),
}

/// A listener that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The id of the listener.
    pub listener: Arc<str>,
    /// The address, with the port that the system has chosen if the settings leave it open.
    pub address: SocketAddr,
    /// True if the listener has a certificate.
    pub is_secure: bool,
}

impl Server {
    /// Makes a server without listeners.
    pub fn new(
        tokens: TokenStores,
        volumes: Volumes,
        authorizer: Option<Arc<dyn Authorizer>>,
    ) -> Server {
        Server {
            tokens,
            volumes,
            authorizer,
            counts: Arc::default(),
            ids: Arc::new(Ids::new()),
            disk: Arc::new(Semaphore::new(MAX_DISK)),
            go: watch::Sender::new(false),
            state: Mutex::default(),
        }
    }

    /// Returns true once [`Server::put`] has opened listeners.
    pub fn has_begun(&self) -> bool {
        self.state.lock().has_begun
    }

    /// Opens the sockets, certificates and directories that the settings name. A socket that
    /// is open with the same address is used again, and serves as before until then.
    ///
    /// Reads files.
    ///
    /// # Errors
    ///
    /// See [`ListenError`]. Nothing has changed.
    pub fn prepare(
        &self,
        node: &Arc<Node>,
        settings: &WebSettings,
    ) -> Result<Prepared, ListenError> {
        let making = Making {
            tokens: &self.tokens,
            volumes: &self.volumes,
        };
        let mut sites = Vec::with_capacity(settings.listeners.len());
        for listener in &settings.listeners {
            self.permit(&listener.id)?;
            let counts = self.counts.listener(&listener.id);
            sites.push(Arc::new(Site::new(listener, settings, &making, counts)?));
        }
        let mut free = self.open()?;
        let mut take = |is_wanted: &dyn Fn(&Listening) -> bool| {
            let place = free.iter().position(|open| is_wanted(open))?;
            Some(free.swap_remove(place))
        };
        let same = sites.iter().map(|site| {
            take(&|open| open.bind() == site.settings.bind && open.id() == site.settings.id)
        });
        let same: Vec<_> = same.collect();
        let mut placed = Vec::with_capacity(sites.len());
        for (site, same) in sites.into_iter().zip(same) {
            let bind = site.settings.bind;
            // A port that the system chooses belongs to one listener.
            let open = same.or_else(|| take(&|open| open.bind() == bind && bind.port() != 0));
            let place = match open {
                Some(open) => Place::Open(open),
                None => {
                    let (socket, address) = listener::bind(&site.settings, node.tokio())?;
                    Place::New(socket, address)
                }
            };
            placed.push((place, site));
        }
        Ok(Prepared(placed))
    }

    /// Puts listeners in place of the present ones. Those that are left out accept nothing
    /// more, and their connections end with the requests that they are answering, after
    /// `grace` at the latest.
    pub fn put(&self, node: &Arc<Node>, prepared: Prepared, grace: Duration) {
        let mut state = self.state.lock();
        if state.is_ending {
            return;
        }
        let context = Arc::new(Context {
            node: Arc::clone(node),
            authorizer: self.authorizer.clone(),
            tokens: self.tokens.clone(),
            counts: Arc::clone(&self.counts),
            ids: Arc::clone(&self.ids),
            disk: Arc::clone(&self.disk),
            go: self.go.subscribe(),
        });
        let placed = prepared.0.into_iter().map(|(place, site)| match place {
            Place::Open(listening) => {
                listening.put(site);
                listening
            }
            Place::New(socket, address) => {
                Arc::new(Listening::start(socket, address, site, &context))
            }
        });
        let placed: Vec<_> = placed.collect();
        let before = mem::replace(&mut state.open, placed);
        let is_left_out =
            |old: &Arc<Listening>| !state.open.iter().any(|new| Arc::ptr_eq(old, new));
        let left_out: Vec<_> = before.into_iter().filter(is_left_out).collect();
        state.has_begun = true;
        drop(state);
        for listening in left_out {
            listening.stop(Stop::Drain);
            node.tokio().spawn(async move {
                // The drop of the listener ends the connections that outlast the grace.
                let _ = tokio::time::timeout(grace, listening.ended()).await;
            });
        }
    }

    /// Accepts connections from now on. Until then they wait, as the system lets them.
    pub fn go(&self) {
        self.go.send_replace(true);
    }

    /// Returns the listeners that are open.
    pub fn bound(&self) -> Vec<Bound> {
        let open = self.state.lock().open.clone();
        let bound = open.iter().map(|listening| Bound {
            listener: listening.id(),
            address: listening.address(),
            is_secure: listening.is_secure(),
        });
        bound.collect()
    }

    /// Closes the listeners for good. They accept nothing more, and their connections end
    /// with the requests that they are answering. The future is ready when all have ended;
    /// its drop ends the others at once.
    pub fn end(&self) -> impl Future<Output = ()> + Send + 'static {
        let open = self.close();
        for listening in &open {
            listening.stop(Stop::Drain);
        }
        async move {
            for listening in &open {
                listening.ended().await;
            }
        }
    }

    /// Closes the listeners and their connections at once.
    pub fn abandon(&self) {
        // Ends with the drop of its listener.
        drop(self.close());
    }

    /// Returns the counts of requests and connections.
    pub fn counts(&self) -> WebCounts {
        self.counts.now()
    }

    fn open(&self) -> Result<Vec<Arc<Listening>>, ListenError> {
        let state = self.state.lock();
        match state.is_ending {
            true => Err(ListenError::Ending),
            false => Ok(state.open.clone()),
        }
    }

    fn close(&self) -> Vec<Arc<Listening>> {
        let mut state = self.state.lock();
        state.is_ending = true;
        mem::take(&mut state.open)
    }

    /// Asks the policies for a listener.
    fn permit(&self, listener: &Arc<str>) -> Result<(), ListenError> {
        let Some(authorizer) = &self.authorizer else {
            return Ok(());
        };
        // The program listens, and no process of it.
        let subject = Subject::new(None, None);
        let caller = Caller {
            pid: "".into(),
            definition: "".into(),
            host: DEFAULT_HOST.into(),
            node: None,
        };
        let action = Action::HttpListen.as_str();
        let resource = Resource::Entry(EntryKind::Listener, listener.to_string());
        let decision = authorizer.decide(&Request {
            subject: &subject,
            caller: &caller,
            action,
            resource: &resource,
            attributes: &[],
        });
        if decision.allowed {
            return Ok(());
        }
        authorizer.observe(&AuditEvent::Denied {
            caller: &caller,
            subject: &subject,
            action,
            resource: &resource,
            decision: &decision,
        });
        Err(ListenError::Denied {
            listener: Arc::clone(listener),
        })
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("bound", &self.bound())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").finish_non_exhaustive()
    }
}
