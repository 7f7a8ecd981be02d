//! What the operator decides.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// How a [`Server`](crate::Server) is to run.
#[derive(Clone, Debug)]
pub struct Config {
    /// The directory of the program.
    pub app: PathBuf,
    /// Where to listen; port 0 takes any that is free.
    pub listen: SocketAddr,
    /// How long a request may take, its body included.
    pub deadline: Duration,
    /// How long requests and chat sessions have to finish at the end.
    pub grace: Duration,
    /// Where compiled code is kept between runs; nowhere means that each start
    /// compiles, which takes seconds.
    pub cache: Option<PathBuf>,
}

impl Config {
    /// A program on a free port of this machine.
    pub fn new(app: impl Into<PathBuf>) -> Config {
        Config {
            app: app.into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            deadline: Duration::from_secs(2),
            grace: Duration::from_secs(5),
            cache: None,
        }
    }
}
