//! The operator's settings.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The configuration of a [`Server`](crate::Server).
#[derive(Clone, Debug)]
pub struct Config {
    /// The directory of the program.
    pub app: PathBuf,
    /// The address to listen on; port 0 takes any free port.
    pub listen: SocketAddr,
    /// The address of the pages that add and remove tenants; none if absent. Whoever reaches
    /// it may run code here: keep it to the operator.
    pub admin: Option<SocketAddr>,
    /// Time for a request, its body included.
    pub deadline: Duration,
    /// Time that requests and chat sessions have to finish at the end.
    pub grace: Duration,
    /// The directory for compiled code; without one, each start compiles, which
    /// takes seconds.
    pub cache: Option<PathBuf>,
}

impl Config {
    /// Returns a configuration for a program on a free port of this machine.
    pub fn new(app: impl Into<PathBuf>) -> Config {
        Config {
            app: app.into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            admin: None,
            deadline: Duration::from_secs(2),
            grace: Duration::from_secs(5),
            cache: None,
        }
    }
}
