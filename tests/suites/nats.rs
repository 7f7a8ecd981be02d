//! Programs of the conformance suite whose queues or stores are on a server of NATS.

#![allow(clippy::expect_used, reason = "a test program")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;

use tempfile::TempDir;
use warren_tests::{TIMEOUT, Warren, entries, packages, project};

/// Runs all programs of a section of the conformance suite, with the things of a table of their
/// manifests on a server.
///
/// # Panics
/// One of them fails, or there are none.
pub(crate) fn runs(section: &str, table: &str) {
    let section = project().join("tests/conformance").join(section);
    let programs = entries(&section).expect("the programs");
    assert!(programs.len() > 6, "{programs:?}");
    for program in programs {
        println!("{}", program.display());
        let moved = tempfile::tempdir().expect("a directory");
        packages::copy_tree(&program, moved.path());
        on_a_server(&moved.path().join("warren.toml"), table);
        // A server of its own, because the programs have things of the same names.
        let server = Server::start();
        Warren::run(moved.path())
            .env("NATS_URL", &server.url)
            .outcome()
            .ends_with(0);
    }
}

/// Gives each entry of a table of a manifest the URL.
fn on_a_server(manifest: &Path, table: &str) {
    let text = fs::read_to_string(manifest).expect("a manifest");
    let start = format!("[{table}.");
    let mut moved = String::new();
    for line in text.lines() {
        moved.push_str(line);
        moved.push('\n');
        if line.starts_with(&start) {
            moved.push_str("url = \"NATS_URL\"\n");
        }
    }
    assert_ne!(moved, text);
    fs::write(manifest, moved).expect("a manifest");
}

/// A server of NATS with JetStream on a port of its own, killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    _files: TempDir,
}

impl Server {
    pub(crate) fn start() -> Server {
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
