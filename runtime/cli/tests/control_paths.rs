//! Paths of control sockets that are none, or that the user may not reach.

#![allow(clippy::unwrap_used, reason = "this is test code")]

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};

#[cfg(target_os = "linux")]
use crate::control::Top;
use crate::support::{outcome, warren};
use warren_tests::Program;

/// A path that has no control socket.
struct WrongPath {
    path: String,
    /// Texts of the error of a client.
    client: [&'static str; 2],
    /// Texts of the error of `warren run`; `None` where the path can become a socket.
    run: Option<[&'static str; 2]>,
}

fn wrong_paths(dir: &Path) -> Vec<WrongPath> {
    const GIVE: &str = "give the SOCKET of `warren run --control SOCKET`";
    const FREE: &str = "name a path that is free";
    std::fs::write(dir.join("file"), "x").unwrap();
    std::fs::create_dir(dir.join("directory")).unwrap();
    symlink("file", dir.join("link")).unwrap();
    let made = Command::new("mkfifo").arg(dir.join("pipe")).status();
    assert!(made.unwrap().success());
    drop(UnixListener::bind(dir.join("stale")).unwrap());
    let of = |path: &str, client, run| WrongPath {
        path: path.to_owned(),
        client,
        run,
    };
    vec![
        of(
            "nothing",
            [
                "No such file",
                "start the program with `warren run --control SOCKET`",
            ],
            None,
        ),
        of(
            "stale",
            [
                "Connection refused",
                "the program has ended: start it again",
            ],
            None,
        ),
        of(
            "no/such",
            [
                "No such file",
                "start the program with `warren run --control SOCKET`",
            ],
            Some(["the directory does not exist", "create the directory first"]),
        ),
        of(
            "file",
            ["this is a file, not a control socket", GIVE],
            Some(["taken by a file, not a socket", FREE]),
        ),
        of(
            "directory",
            ["this is a directory, not a control socket", GIVE],
            Some(["taken by a directory, not a socket", FREE]),
        ),
        of(
            "link",
            ["this is a file, not a control socket", GIVE],
            Some(["taken by a symbolic link, not a socket", FREE]),
        ),
        of(
            "pipe",
            ["this is a named pipe, not a control socket", GIVE],
            Some(["taken by a named pipe, not a socket", FREE]),
        ),
        of(
            "/dev/null",
            ["this is a device, not a control socket", GIVE],
            Some(["taken by a device, not a socket", FREE]),
        ),
        of(
            "file/socket",
            ["Not a directory", GIVE],
            Some(["Not a directory", "a part of this one is a file"]),
        ),
        of(
            &"x".repeat(120),
            [
                "cannot connect",
                "a socket's path has at most about 90 bytes",
            ],
            Some(["--control", "a socket's path has at most about 90 bytes"]),
        ),
        of(
            &"x".repeat(300),
            [
                "cannot connect",
                "a socket's path has at most about 90 bytes",
            ],
            Some(["--control", "a socket's path has at most about 90 bytes"]),
        ),
    ]
}

#[test]
fn each_wrong_path_of_a_socket_comes_with_a_remedy() {
    let dir = Program::of(&[("main.lua", "print(1)")]);
    let clients: [&[&str]; 5] = [
        &["ps"],
        &["reload"],
        &["send", "name", "topic"],
        &["cancel", "name"],
        &["terminate", "name"],
    ];
    for client in clients {
        outcome(warren(dir.path(), client))
            .ends_with(2)
            .says(&["--control SOCKET", "WARREN_CONTROL"]);
    }
    for WrongPath { path, client, run } in wrong_paths(dir.path()) {
        let control = ["--control", &*path];
        for command in clients {
            outcome(warren(dir.path(), &[command, &control].concat()))
                .ends_with(1)
                .says(&client);
        }
        #[cfg(target_os = "linux")]
        {
            let (status, top) = Top::start_with(dir.path(), &path, "").end_without_screen();
            assert_eq!(status, Some(1), "{path}: {top}");
            for text in client {
                assert!(top.contains(text), "{path}: {top}");
            }
        }
        let ended = outcome(warren(
            dir.path(),
            &[&["run"], &control[..], &["main.lua"]].concat(),
        ));
        match run {
            Some(texts) => drop(ended.ends_with(2).says(&texts)),
            None => drop(ended.ends_with(0).prints("1\n")),
        }
    }
    assert_eq!(std::fs::read(dir.path().join("file")).unwrap(), b"x");
}

/// Runs a command as the user `nobody`, where this one is root, whom no permission
/// stops.
fn as_nobody(dir: &Path, args: &[&str]) -> Command {
    const NOBODY: &str = "65534";
    let original = warren(dir, args);
    if std::fs::metadata(dir).unwrap().uid() != 0 {
        return original;
    }
    let mut other = Command::new("setpriv");
    other
        .args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"])
        .arg(dir.join("warren"))
        .args(args)
        .current_dir(dir)
        .env_remove("HOME")
        .env_remove("XDG_CACHE_HOME")
        .stdin(Stdio::null());
    other
}

#[test]
fn a_socket_without_permission_comes_with_a_remedy() {
    let dir = Program::of(&[("main.lua", "print(1)")]);
    // `nobody` may not read the command where root has built it.
    let command = warren(dir.path(), &[]);
    std::fs::copy(command.get_program(), dir.path().join("warren")).unwrap();
    for (name, mode) in [("closed", 0o000), ("unwritable", 0o555)] {
        std::fs::create_dir(dir.path().join(name)).unwrap();
        let _socket = UnixListener::bind(dir.path().join(name).join("socket")).unwrap();
        let mode = Permissions::from_mode(mode);
        std::fs::set_permissions(dir.path().join(name), mode).unwrap();
    }
    let listener = UnixListener::bind(dir.path().join("socket")).unwrap();
    std::fs::set_permissions(dir.path().join("socket"), Permissions::from_mode(0o000)).unwrap();
    std::fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    for path in ["socket", "closed/socket"] {
        for command in [&["ps"][..], &["terminate", "name"]] {
            let ended = outcome(as_nobody(
                dir.path(),
                &[command, &["--control", path]].concat(),
            ));
            ended
                .ends_with(1)
                .says(&[path, "Permission denied", "become that user"]);
        }
    }
    for path in ["closed/new", "unwritable/new"] {
        outcome(as_nobody(
            dir.path(),
            &["run", "--control", path, "main.lua"],
        ))
        .ends_with(2)
        .says(&[
            path,
            "Permission denied",
            "name a directory you may write to",
        ]);
    }
    drop(listener);
}
