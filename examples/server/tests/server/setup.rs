//! A server of a test's own, and patience.

use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use warren::introspection::{Change, Observer};
use warren::{Pid, Runtime};
use warren_server::{Config, ServeError, Server};

/// Longer than any step takes; a longer wait has found a hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// The example's program.
pub(crate) const APP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/app");

/// Runs a test on a tokio runtime of its own.
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    tokio.block_on(in_time(test))
}

pub(crate) async fn in_time<T>(future: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(PATIENCE, future).await;
    done.expect("it should not have taken so long")
}

/// Returns the directory of compiled code.
pub(crate) fn cache() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("code-cache")
}

/// Returns a configuration without tight deadlines.
pub(crate) fn config(app: impl AsRef<Path>) -> Config {
    Config {
        deadline: PATIENCE,
        grace: PATIENCE,
        cache: Some(cache()),
        ..Config::new(app.as_ref())
    }
}

/// Returns a program of these files.
pub(crate) fn app(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    directory
}

/// A serving server.
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    pub(crate) runtime: Runtime,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), ServeError>>,
}

impl Serving {
    /// Starts the example, without tight deadlines.
    pub(crate) async fn example() -> Serving {
        Serving::start(config(APP)).await
    }

    pub(crate) async fn start(config: Config) -> Serving {
        Serving::of(Server::open(config).await.unwrap())
    }

    /// Starts a server with pages of the operator. Returns their address, too.
    pub(crate) async fn start_with_admin(config: Config) -> (Serving, SocketAddr) {
        let server = Server::open(config).await.unwrap();
        let admin = server.admin_address().unwrap();
        (Serving::of(server), admin)
    }

    fn of(server: Server) -> Serving {
        let (stop, stopped) = oneshot::channel::<()>();
        Serving {
            address: server.address(),
            runtime: server.runtime().clone(),
            stop,
            served: tokio::spawn(server.serve(async { drop(stopped.await) })),
        }
    }

    /// Returns the events of processes from now on.
    pub(crate) fn observe(&self) -> Observer {
        self.runtime.inspector().observe(10_000)
    }

    /// Tells it to stop; what it returns is there when it has.
    pub(crate) fn stop(self) -> JoinHandle<Result<(), ServeError>> {
        let _ = self.stop.send(());
        self.served
    }

    /// Waits for it to end by itself.
    pub(crate) async fn ended(self) -> Result<(), ServeError> {
        self.served.await.unwrap()
    }
}

/// The PID of the next process of a definition.
pub(crate) async fn started(changes: &mut Observer, definition: &str) -> Pid {
    loop {
        match changes.next().await.expect("the server goes on") {
            Change::Started {
                pid,
                definition: Some(of),
                ..
            } if *of == *definition => return pid,
            Change::Missed(missed) => panic!("missed {missed} events"),
            _ => {}
        }
    }
}

/// Waits for the end of a process.
pub(crate) async fn ended(changes: &mut Observer, pid: &Pid) {
    loop {
        match changes.next().await.expect("the server goes on") {
            Change::Ended { pid: of, .. } if of == *pid => return,
            Change::Missed(missed) => panic!("missed {missed} events"),
            _ => {}
        }
    }
}
