//! The socket in the file system: created for its user alone, never in place of
//! another file, and removed at the program's end.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use warren::text;

use super::place;
use crate::exit::Exit;
use crate::report::failure::Failure;

/// Time after which a program that accepts no client counts as running.
const PATIENCE: Duration = Duration::from_secs(1);

/// A listening socket. Dropping it frees its path, unless another program has
/// taken the path meanwhile.
pub(crate) struct Socket {
    listener: UnixListener,
    path: PathBuf,
    /// Device and inode of the created socket.
    made: (u64, u64),
}

impl Socket {
    /// Listens at a path, which is free, or has the socket of a program that is
    /// gone.
    pub(crate) fn listen(path: &Path) -> Result<Socket, Box<Failure>> {
        free(path)?;
        make(path).map_err(|error| Box::new(refused(path, &error)))
    }

    pub(crate) fn listener(&self) -> io::Result<UnixListener> {
        self.listener.try_clone()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let is_ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|present| (present.dev(), present.ino()) == self.made);
        if is_ours {
            // If removing fails, the next program finds that nobody listens.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Removes the socket of a program that is gone.
fn free(path: &Path) -> Result<(), Box<Failure>> {
    let present = match fs::symlink_metadata(path) {
        Ok(present) => present,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Box::new(refused(path, &error))),
    };
    let taken = |what: &str, help: &str| {
        Box::new(Failure {
            help: Some(help.to_owned()),
            ..Failure::new(
                Exit::Usage,
                format!("--control {}: {what}", text::path(path)),
            )
        })
    };
    if let Some(other) = place::other_than_socket(present.file_type()) {
        return Err(taken(
            &format!("the path is taken by {other}, not a socket"),
            "name a path that is free",
        ));
    }
    match place::connect(path, PATIENCE) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|error| Box::new(refused(path, &error)))
        }
        _ => Err(taken(
            "another program uses the socket",
            "name another path, or end the other program",
        )),
    }
}

/// Creates the socket in a directory that only its user can enter and links it
/// to its place once its mode is set: nobody else can connect in between.
/// Unlike a rename, a link does not replace an existing file.
fn make(path: &Path) -> io::Result<Socket> {
    // A path that is too long could be created by way of the shorter path
    // below, but not connected to.
    SocketAddr::from_pathname(path)?;
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let room = tempfile::Builder::new()
        .prefix(".warren-")
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir_in(parent)?;
    let private = room.path().join("s");
    let listener = UnixListener::bind(&private)?;
    fs::set_permissions(&private, fs::Permissions::from_mode(0o600))?;
    fs::hard_link(&private, path)?;
    let metadata = fs::symlink_metadata(path)?;
    Ok(Socket {
        listener,
        path: path.to_owned(),
        made: (metadata.dev(), metadata.ino()),
    })
}

/// Returns the reason of an error without the name of the temporary directory.
fn without_place(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.source());
    inner.map_or_else(|| error.to_string(), ToString::to_string)
}

fn refused(path: &Path, error: &io::Error) -> Failure {
    let help = match error.kind() {
        io::ErrorKind::NotFound => "create the directory first",
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidFilename => place::TOO_LONG,
        io::ErrorKind::NotADirectory => "name a path in a directory: a part of this one is a file",
        io::ErrorKind::PermissionDenied => "name a directory you may write to",
        _ => "name another path",
    };
    let reason = match error.kind() {
        io::ErrorKind::NotFound => "the directory does not exist".to_owned(),
        _ => without_place(error),
    };
    Failure {
        help: Some(help.to_owned()),
        ..Failure::new(
            Exit::Usage,
            format!("--control {}: {reason}", text::path(path)),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn the_socket_is_its_users_alone_and_goes_with_the_program() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("control");
        let socket = Socket::listen(&path).unwrap();
        let mode = fs::symlink_metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(UnixStream::connect(&path).is_ok());
        let failure = Socket::listen(&path).err().unwrap();
        assert!(failure.message.contains("another program"), "{failure}");
        drop(socket);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_socket_of_a_program_that_is_gone_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("control");
        drop(UnixListener::bind(&path).unwrap());
        let socket = Socket::listen(&path).unwrap();
        // Another program takes the path: it is not ours to remove.
        fs::remove_file(&path).unwrap();
        fs::write(&path, "x").unwrap();
        drop(socket);
        assert!(path.exists());
    }

    #[test]
    fn nothing_else_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "x").unwrap();
        let failure = Socket::listen(&path).err().unwrap();
        assert!(failure.message.contains("not a socket"), "{failure}");
        assert_eq!(fs::read(&path).unwrap(), b"x");
        for path in [dir.path().join("no/such"), dir.path().join("x".repeat(200))] {
            let failure = Socket::listen(&path).err().unwrap();
            assert_eq!(failure.exit, Exit::Usage);
            assert!(failure.help.is_some());
        }
    }
}
