//! Servers of PostgreSQL for tests, each with data of its own.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::guests::run;

/// The user of the databases, and its password.
const USER: &str = "warren";
const PASSWORD: &str = "secret of the test";

/// The user that runs the server for root, which it refuses.
const SYSTEM_USER: &str = "postgres";

/// A server of PostgreSQL on a socket in a directory of its own, ended when dropped.
#[derive(Debug)]
pub struct Postgres {
    directory: TempDir,
    binaries: PathBuf,
}

impl Postgres {
    /// Starts a server.
    ///
    /// # Panics
    ///
    /// There is no PostgreSQL, and the message says what to install; or it does not start.
    #[track_caller]
    pub fn start() -> Postgres {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let server = Postgres {
            directory,
            binaries: binaries(),
        };
        let password = server.path().join("password");
        fs::write(&password, PASSWORD).expect("the password is written");
        if is_root() {
            let mut chown = Command::new("chown");
            chown.args(["-R", SYSTEM_USER]).arg(server.path());
            run(chown, "the directory of the server");
        }
        let mut initdb = server.command("initdb");
        initdb
            .args(["--no-sync", "--auth=scram-sha-256", "--encoding=UTF8"])
            .args(["--locale=C", "--username", USER, "--pwfile"])
            .arg(password)
            .arg(server.data());
        run(initdb, "the data of PostgreSQL");
        let options = format!(
            "-c listen_addresses= -c unix_socket_directories={} -c fsync=off",
            server.path().display()
        );
        let mut start = server.command("pg_ctl");
        start
            .args(["start", "--wait", "--silent", "--options", &options])
            .arg("--log")
            .arg(server.path().join("log"))
            .arg("--pgdata")
            .arg(server.data());
        run(start, "PostgreSQL");
        server
    }

    /// Makes an empty database, and returns its URL.
    #[track_caller]
    pub fn database(&self, name: &str) -> String {
        let mut createdb = Command::new(self.binaries.join("createdb"));
        createdb
            .env("PGPASSWORD", PASSWORD)
            .arg("--host")
            .arg(self.path())
            .args(["--username", USER, name]);
        run(createdb, "a database");
        let password = PASSWORD.replace(' ', "%20");
        let socket = self.path().display();
        format!("postgres:///{name}?host={socket}&user={USER}&password={password}")
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Returns a command of the server, run by a user that may run it.
    fn command(&self, name: &str) -> Command {
        let binary = self.binaries.join(name);
        let mut command = match is_root() {
            false => Command::new(binary),
            true => {
                let mut setpriv = Command::new("setpriv");
                setpriv
                    .arg(format!("--reuid={SYSTEM_USER}"))
                    .arg(format!("--regid={SYSTEM_USER}"))
                    .arg("--init-groups")
                    .arg(binary);
                setpriv
            }
        };
        command.current_dir(self.path());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut stop = self.command("pg_ctl");
        stop.args(["stop", "--silent", "--mode", "immediate", "--pgdata"])
            .arg(self.data());
        // It may not have started.
        let _ = stop.status();
    }
}

/// Returns the directory with the commands of the newest version.
#[track_caller]
fn binaries() -> PathBuf {
    let has_server = |directory: &PathBuf| directory.join("initdb").is_file();
    let debian = fs::read_dir("/usr/lib/postgresql");
    let versions = debian.into_iter().flatten().flatten();
    let version = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.parse::<u32>().unwrap_or(0)
    };
    let newest = versions.map(|entry| entry.path()).max_by_key(version);
    let debian = newest.map(|path| path.join("bin"));
    let path = env::var_os("PATH").unwrap_or_default();
    let mut others = env::split_paths(&path);
    debian
        .filter(has_server)
        .or_else(|| others.find(has_server))
        .expect("there is no PostgreSQL: on Debian, `apt-get install postgresql` installs it")
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
