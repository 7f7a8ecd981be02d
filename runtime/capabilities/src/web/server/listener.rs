//! A listener: its socket, the connections that it accepts, and their end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::watch;
use warren_engine::capability::web::ListenerSettings;

use super::connection;
use super::context::Context;
use super::error::ListenError;
use super::open::{Connection, Open, Stop, stopped};
use super::site::Site;
use super::tls::Certificate;

/// Connections that the system takes before they are accepted.
const BACKLOG: u32 = 4_096;

/// Time between two looks at the files of a certificate.
const RENEWAL: Duration = Duration::from_secs(60);

/// The shortest and the longest time without an accept after one that has failed.
const PAUSE: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// An open listener. Its drop ends it at once, with its connections.
pub(super) struct Listening {
    /// The address as the settings have it.
    bind: SocketAddr,
    address: SocketAddr,
    open: Arc<Open>,
    stop: watch::Sender<Stop>,
}

/// Opens the socket of a listener.
///
/// # Errors
///
/// [`ListenError::Bind`].
pub(super) fn bind(
    settings: &ListenerSettings,
    tokio: &Handle,
) -> Result<(TcpListener, SocketAddr), ListenError> {
    // Sockets belong to a runtime.
    let _entered = tokio.enter();
    open(settings.bind).map_err(|error| ListenError::Bind {
        listener: Arc::clone(&settings.id),
        address: settings.bind,
        error,
    })
}

fn open(bind: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = match bind {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // Connections of an earlier run may still be closing.
    socket.set_reuseaddr(true)?;
    socket.bind(bind)?;
    let socket = socket.listen(BACKLOG)?;
    let address = socket.local_addr()?;
    Ok((socket, address))
}

impl Listening {
    /// Starts to accept connections, once the server does.
    pub(super) fn start(
        socket: TcpListener,
        address: SocketAddr,
        site: Arc<Site>,
        context: &Arc<Context>,
    ) -> Listening {
        let (stop, stopped) = watch::channel(Stop::No);
        let bind = site.settings.bind;
        let open = Arc::new(Open::new(site));
        let accepting = accept(socket, Arc::clone(&open), Arc::clone(context), stopped);
        context.node.tokio().spawn(accepting);
        let renewing = renew(Arc::clone(&open), stop.subscribe());
        context.node.tokio().spawn(renewing);
        Listening {
            bind,
            address,
            open,
            stop,
        }
    }

    pub(super) fn id(&self) -> Arc<str> {
        Arc::clone(&self.open.site().settings.id)
    }

    pub(super) fn bind(&self) -> SocketAddr {
        self.bind
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn is_secure(&self) -> bool {
        self.open.site().certificate.is_some()
    }

    /// Serves something else from the next request on.
    pub(super) fn put(&self, site: Arc<Site>) {
        self.open.put(site);
    }

    /// Ends the listener. It does not go back to a milder end.
    pub(super) fn stop(&self, stop: Stop) {
        self.stop.send_if_modified(|present| {
            let is_stronger = stop > *present;
            *present = stop.max(*present);
            is_stronger
        });
    }

    /// Waits until the socket is closed and all connections have ended.
    pub(super) async fn ended(&self) {
        self.stop.closed().await;
    }
}

/// Accepts connections until the end of the listener.
async fn accept(
    socket: TcpListener,
    open: Arc<Open>,
    context: Arc<Context>,
    mut stop: watch::Receiver<Stop>,
) {
    let mut go = context.go.clone();
    let begun = async { go.wait_for(|go| *go).await.is_ok() };
    let has_begun = tokio::select! {
        has_begun = begun => has_begun,
        () = stopped(&mut stop, Stop::Drain) => false,
    };
    if !has_begun {
        return;
    }
    let mut pause = PAUSE.0;
    loop {
        let accepted = tokio::select! {
            accepted = next(&socket, &open) => accepted,
            () = stopped(&mut stop, Stop::Drain) => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_of_client(&error) => continue,
            Err(error) => {
                let listener = Arc::clone(&open.site().settings.id);
                tracing::warn!("the listener {listener} cannot accept a connection: {error}");
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = stopped(&mut stop, Stop::Drain) => return,
                }
                pause = (pause * 2).min(PAUSE.1);
                continue;
            }
        };
        pause = PAUSE.0;
        let Some(held) = open.enter(peer) else {
            continue;
        };
        // Without it small parts of answers wait for each other.
        let _ = stream.set_nodelay(true);
        let connection = Connection {
            peer,
            is_secure: false,
            open: Arc::clone(&open),
            context: Arc::clone(&context),
            stop: stop.clone(),
            _held: held,
        };
        tokio::spawn(connection::serve(stream, connection));
    }
}

/// Reads the certificate again when its files were written, until the end of the listener.
async fn renew(open: Arc<Open>, mut stop: watch::Receiver<Stop>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(RENEWAL) => {}
            () = stopped(&mut stop, Stop::Drain) => return,
        }
        let site = open.site();
        if site.certificate.is_none() {
            continue;
        }
        // Fails only at the end of the runtime.
        let _ = tokio::task::spawn_blocking(move || {
            let listener = &site.settings.id;
            match site.certificate.as_ref().map(Certificate::renew) {
                Some(Ok(true)) => tracing::info!("the listener {listener} has a new certificate"),
                Some(Err(error)) => tracing::warn!("the certificate stays what it was: {error}"),
                Some(Ok(false)) | None => {}
            }
        })
        .await;
    }
}

/// Accepts one connection, once there is room for it.
async fn next(socket: &TcpListener, open: &Open) -> io::Result<(TcpStream, SocketAddr)> {
    open.has_room().await;
    socket.accept().await
}

/// Returns true for the error of a connection that its client has given up.
fn is_of_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}
