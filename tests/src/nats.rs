//! Servers of NATS for tests, each with data of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc;
use std::thread;

use tempfile::TempDir;

use crate::TIMEOUT;

/// The name of the file with a server's settings.
const SETTINGS: &str = "nats.conf";

/// A server of NATS with JetStream on a port of its own, killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// The URL of the server.
    pub url: String,
    files: TempDir,
}

impl Server {
    /// Starts a server.
    ///
    /// # Panics
    /// There is no `nats-server` here, or it does not start.
    pub fn start() -> Server {
        Server::with_settings("")
    }

    /// Starts a server whose JetStream has room for so many bytes.
    ///
    /// # Panics
    /// As [`Server::start`].
    pub fn with_room(bytes: u64) -> Server {
        Server::with_settings(&format!("jetstream {{ max_file_store: {bytes} }}\n"))
    }

    fn with_settings(settings: &str) -> Server {
        let files = tempfile::tempdir().expect("a directory");
        fs::write(files.path().join(SETTINGS), settings).expect("a file of settings");
        let (child, url) = run(files.path(), "-1");
        Server { child, url, files }
    }

    /// Kills the server.
    ///
    /// # Panics
    /// The system refuses.
    pub fn kill(&mut self) {
        self.child.kill().expect("the server is killed");
        self.child.wait().expect("the server is waited for");
    }

    /// Starts the server again after its end, with its port and its files.
    ///
    /// # Panics
    /// As [`Server::start`].
    pub fn start_again(&mut self) {
        let port = self.url.rsplit(':').next().expect("a port");
        let (child, url) = run(self.files.path(), port);
        assert_eq!(url, self.url);
        self.child = child;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail if it has ended, and then the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a server, and returns its URL once it is ready.
fn run(files: &Path, port: &str) -> (Child, String) {
    let mut child = Command::new("nats-server")
        .args(["--jetstream", "--addr", "127.0.0.1", "--port", port])
        .arg("--store_dir")
        .arg(files)
        .arg("--config")
        .arg(files.join(SETTINGS))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "there is no server of NATS here ({error}): `cargo xtask test` installs it, \
                 or run `apt-get install nats-server`"
            )
        });
    let log = child.stderr.take().expect("standard error is piped");
    let Some(url) = url_once_ready(log) else {
        let _ = child.kill();
        let _ = child.wait();
        panic!("the server of NATS is not ready");
    };
    (child, url)
}

/// Reads a server's log up to the line that says that it is ready.
fn url_once_ready(log: ChildStderr) -> Option<String> {
    let (line, lines) = mpsc::channel();
    thread::spawn(move || {
        // To its end, so that the server does not wait for room.
        for read in BufReader::new(log).lines().map_while(Result::ok) {
            let _ = line.send(read);
        }
    });
    let mut url = None;
    loop {
        let line = lines.recv_timeout(TIMEOUT).ok()?;
        if let Some((_, address)) = line.split_once("Listening for client connections on ") {
            url = Some(format!("nats://{}", address.trim()));
        }
        if line.ends_with("Server is ready") {
            return url;
        }
    }
}
