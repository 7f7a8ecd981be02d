//! The addresses of names, and connections to addresses.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::pin::Pin;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Finds the addresses of names, and connects to the addresses that the client has judged. The
/// client asks once for each connection, and connects to nothing else.
///
/// ```
/// use std::io;
/// use std::net::SocketAddr;
/// use warren_capabilities::{Resolver, Resolving};
///
/// /// Knows one name.
/// #[derive(Debug)]
/// struct One;
///
/// impl Resolver for One {
///     fn resolve(&self, name: &str, port: u16) -> Resolving {
///         let known = name == "api.internal";
///         Box::pin(async move {
///             match known {
///                 true => Ok(vec![SocketAddr::from(([10, 0, 0, 7], port))]),
///                 false => Err(io::ErrorKind::NotFound.into()),
///             }
///         })
///     }
/// }
/// ```
pub trait Resolver: fmt::Debug + Send + Sync + 'static {
    /// Finds the addresses of a name. Runs in a task of tokio, and must not block.
    fn resolve(&self, name: &str, port: u16) -> Resolving;

    /// Opens a connection to an address. The default is a connection of TCP.
    fn connect(&self, address: SocketAddr) -> Connecting {
        Box::pin(TcpStream::connect(address))
    }
}

/// The addresses of a name, later.
pub type Resolving = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// A connection, later.
pub type Connecting = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>;

/// The resolver of the operating system, on threads that may block.
#[derive(Debug)]
pub(super) struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve(&self, name: &str, port: u16) -> Resolving {
        let name = name.to_owned();
        Box::pin(async move {
            let found = spawn_blocking(move || (name.as_str(), port).to_socket_addrs());
            let found = found.await.map_err(io::Error::other)??;
            Ok(found.collect())
        })
    }
}

/// Look-ups of names that run at a time. A slow one keeps its thread.
const MAX_LOOKUPS: usize = 64;

/// Those of the processes of one host.
const MAX_LOOKUPS_OF_HOST: usize = 32;

/// Bounds the look-ups of names. The others wait.
pub(super) struct Lookups {
    all: Arc<Semaphore>,
    of_hosts: Mutex<HashMap<usize, Weak<Semaphore>>>,
}

impl Default for Lookups {
    fn default() -> Self {
        Lookups {
            all: Arc::new(Semaphore::new(MAX_LOOKUPS)),
            of_hosts: Mutex::default(),
        }
    }
}

impl Lookups {
    /// Looks a name up for a host. The look-up counts until it ends, whether somebody waits for
    /// it or not.
    pub(super) async fn look_up(
        &self,
        host: usize,
        resolver: &Arc<dyn Resolver>,
        name: &str,
        port: u16,
    ) -> io::Result<Vec<SocketAddr>> {
        let of_host = self.of_host(host);
        let closed = |_| io::Error::other("the client has ended");
        let of_host = of_host.acquire_owned().await.map_err(closed)?;
        let of_all = Arc::clone(&self.all)
            .acquire_owned()
            .await
            .map_err(closed)?;
        let resolving = resolver.resolve(name, port);
        let looking = tokio::spawn(async move {
            let found = resolving.await;
            drop((of_host, of_all));
            found
        });
        looking.await.map_err(io::Error::other)?
    }

    fn of_host(&self, host: usize) -> Arc<Semaphore> {
        let mut of_hosts = self.of_hosts.lock();
        if let Some(known) = of_hosts.get(&host).and_then(Weak::upgrade) {
            return known;
        }
        // Hosts come and go.
        of_hosts.retain(|_, known| known.strong_count() > 0);
        let new = Arc::new(Semaphore::new(MAX_LOOKUPS_OF_HOST));
        of_hosts.insert(host, Arc::downgrade(&new));
        new
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    /// Answers when it is told to.
    #[derive(Debug)]
    struct Slow {
        begun: AtomicUsize,
        begin: Notify,
        answer: Arc<Semaphore>,
    }

    impl Resolver for Slow {
        fn resolve(&self, _: &str, port: u16) -> Resolving {
            self.begun.fetch_add(1, Ordering::SeqCst);
            self.begin.notify_one();
            let answer = Arc::clone(&self.answer);
            Box::pin(async move {
                let permit = answer.acquire().await.unwrap();
                permit.forget();
                Ok(vec![SocketAddr::from(([1, 1, 1, 1], port))])
            })
        }
    }

    #[tokio::test]
    async fn the_look_ups_of_one_host_leave_room_for_others() {
        let lookups = Arc::new(Lookups::default());
        let slow = Arc::new(Slow {
            begun: AtomicUsize::new(0),
            begin: Notify::new(),
            answer: Arc::new(Semaphore::new(0)),
        });
        let look_up = |host: usize| {
            let (lookups, slow) = (Arc::clone(&lookups), Arc::clone(&slow));
            tokio::spawn(async move {
                let resolver: Arc<dyn Resolver> = slow;
                lookups.look_up(host, &resolver, "a", 80).await
            })
        };
        let flood: Vec<_> = (0..MAX_LOOKUPS).map(|_| look_up(1)).collect();
        while slow.begun.load(Ordering::SeqCst) < MAX_LOOKUPS_OF_HOST {
            slow.begin.notified().await;
        }
        // One of another host begins, although half of the flood still waits.
        let other = look_up(2);
        while slow.begun.load(Ordering::SeqCst) < MAX_LOOKUPS_OF_HOST + 1 {
            slow.begin.notified().await;
        }
        assert_eq!(slow.begun.load(Ordering::SeqCst), MAX_LOOKUPS_OF_HOST + 1);
        slow.answer.add_permits(MAX_LOOKUPS + 1);
        for one in flood.into_iter().chain([other]) {
            assert_eq!(one.await.unwrap().unwrap()[0].port(), 80);
        }
    }

    #[tokio::test]
    async fn the_system_knows_this_machine() {
        let found = SystemResolver.resolve("localhost", 80).await.unwrap();
        assert!(found.iter().all(|address| address.ip().is_loopback()));
    }
}
