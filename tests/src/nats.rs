//! Servers of NATS for tests, each with data of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;

use tempfile::TempDir;

use crate::TIMEOUT;

/// A server of NATS with JetStream on a port of its own, killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// The URL of the server.
    pub url: String,
    _files: TempDir,
}

impl Server {
    /// Starts a server.
    ///
    /// # Panics
    /// There is no `nats-server` here, or it does not start.
    pub fn start() -> Server {
        let files = tempfile::tempdir().expect("a directory");
        let mut child = Command::new("nats-server")
            .args(["--jetstream", "--addr", "127.0.0.1", "--port", "-1"])
            .arg("--store_dir")
            .arg(files.path())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "there is no server of NATS here ({error}): `cargo xtask test` installs it, \
                     or run `apt-get install nats-server`"
                )
            });
        let log = child.stderr.take().expect("standard error is piped");
        let (line, lines) = mpsc::channel();
        thread::spawn(move || {
            // To its end, so that the server does not wait for room.
            for read in BufReader::new(log).lines().map_while(Result::ok) {
                let _ = line.send(read);
            }
        });
        let mut server = Server {
            child,
            url: String::new(),
            _files: files,
        };
        loop {
            let line = lines.recv_timeout(TIMEOUT).expect("the server is ready");
            if let Some((_, address)) = line.split_once("Listening for client connections on ") {
                server.url = format!("nats://{}", address.trim());
            }
            if line.ends_with("Server is ready") {
                assert!(!server.url.is_empty(), "it has told no address");
                return server;
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail if it has ended, and then the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
