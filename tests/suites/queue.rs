//! Queues whose program is killed, and queues on a server of NATS.

#![allow(clippy::expect_used, reason = "a test program")]

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;

use tempfile::TempDir;
use warren_tests::{Session, TIMEOUT, Warren, packages, project};

use crate::kills::{kill, lives, random};

/// The most lines that the program prints before it is killed.
const LINES: u64 = 60;

#[test]
fn what_was_acknowledged_is_there_after_a_crash() {
    lives(live);
}

/// Kills a program this many times, lets it finish, and compares its words with what it has
/// done.
fn live(kills: u32) {
    let data = tempfile::tempdir().expect("a directory for data");
    let mut told = Told::default();
    for round in 0..kills {
        let mut session = start(&data, &round.to_string());
        for _ in 0..random(LINES) {
            match session.line().expect("a line in time") {
                Some(line) => told.hear(round, &line),
                None => panic!("the program ended by itself: {}", session.end()),
            }
        }
        // These came before the kill, too.
        for line in kill(session) {
            told.hear(round, &line);
        }
    }
    let mut session = start(&data, "drain");
    while let Some(line) = session.line().expect("a line in time") {
        told.hear(kills, &line);
    }
    session.end().ends_with(0);
    told.compare();
}

fn start(data: &TempDir, word: &str) -> Session {
    Warren::run("tests/programs/jobs")
        .options([OsStr::new("--data"), data.path().as_os_str()])
        .arguments([word])
        .start()
}

/// Everything that the program has said, over all its lives.
#[derive(Default)]
struct Told {
    published: HashSet<String>,
    /// The last life and attempt in which a process had the job.
    begun: HashMap<String, (u32, u32)>,
    acknowledged: HashSet<String>,
    done: HashSet<String>,
}

impl Told {
    fn hear(&mut self, round: u32, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let (word, job) = line.trim_end().split_once(' ').expect("two words");
        let job = job.to_owned();
        let first_time = match word {
            "published" => self.published.insert(job.clone()),
            "acked" => self.acknowledged.insert(job.clone()),
            "done" => self.done.insert(job.clone()),
            "begun" => return self.begin(round, &job),
            _ => panic!("{line}"),
        };
        assert!(first_time, "twice: {line}");
    }

    fn begin(&mut self, round: u32, job: &str) {
        let (attempt, name) = job.split_once(' ').expect("an attempt and a job");
        let attempt: u32 = attempt.parse().expect("a number");
        assert!(
            !self.acknowledged.contains(name),
            "acknowledged, and begun again: {name}"
        );
        let most = if name.starts_with("failing") { 3 } else { 1 };
        assert!((1..=most).contains(&attempt), "attempt {attempt} of {name}");
        if let Some(last) = self.begun.insert(name.to_owned(), (round, attempt)) {
            // A crash costs no attempt, and takes none back.
            let sound = match round > last.0 {
                true => attempt >= last.1,
                false => attempt == last.1 + 1,
            };
            assert!(sound, "{name}: {last:?}, then attempt {attempt} of {round}");
        }
    }

    /// Compares what was published with what was done.
    fn compare(self) {
        for job in &self.published {
            let buried = self.done.contains(&format!("dead {job}"));
            let done = self.done.contains(job);
            let failing = job.starts_with("failing");
            assert_eq!((done, buried), (!failing, failing), "{job}");
        }
        for job in &self.acknowledged {
            assert!(self.done.contains(job), "{job}");
        }
        for job in &self.done {
            let failing = job.starts_with("dead failing-");
            let other = job.starts_with("acked-") || job.starts_with("returned-");
            assert!(failing || other, "{job}");
        }
    }
}

/// Programs of the conformance suite, with their queues on a server.
#[test]
fn a_server_of_nats_keeps_the_contract() {
    for name in ["messages", "failures", "several"] {
        let program = project().join("tests/conformance/queue").join(name);
        let moved = tempfile::tempdir().expect("a directory");
        packages::copy_tree(&program, moved.path());
        on_a_server(&moved.path().join("warren.toml"));
        // A server of its own, because the programs have queues of the same names.
        let server = Server::start();
        Warren::run(moved.path())
            .env("NATS_URL", &server.url)
            .outcome()
            .ends_with(0);
    }
}

/// Gives each queue of a manifest the URL.
fn on_a_server(manifest: &Path) {
    let text = fs::read_to_string(manifest).expect("a manifest");
    let mut moved = String::new();
    for line in text.lines() {
        moved.push_str(line);
        moved.push('\n');
        if line.starts_with("[queues.") {
            moved.push_str("url = \"NATS_URL\"\n");
        }
    }
    assert_ne!(moved, text);
    fs::write(manifest, moved).expect("a manifest");
}

/// A server of NATS with JetStream on a port of its own, killed when dropped.
struct Server {
    child: Child,
    url: String,
    _files: TempDir,
}

impl Server {
    fn start() -> Server {
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
