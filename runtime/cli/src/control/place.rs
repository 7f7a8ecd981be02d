//! The path of a control socket: a connection to it, and what stands in its place.

use std::fs::FileType;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};

/// Help for a path that no socket can have.
pub(crate) const TOO_LONG: &str = "name a shorter path: a socket's path has at most about 90 bytes; a relative path counts as \
     it is given";

/// Connects within `patience`: a stopped program accepts no client, and the
/// system queues further ones.
///
/// # Errors
/// An [`io::Error`] if the operating system refuses the connection: `InvalidFilename` for
/// a path too long for a socket, `WouldBlock` after `patience`.
pub(crate) fn connect(path: &Path, patience: Duration) -> io::Result<UnixStream> {
    let address = SocketAddrUnix::new(path)?;
    let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    let stream = UnixStream::from(socket);
    stream.set_write_timeout(Some(patience))?;
    rustix::net::connect(&stream, &address)?;
    Ok(stream)
}

/// Names what stands in the place of a socket; `None` for a socket.
pub(crate) fn other_than_socket(found: FileType) -> Option<&'static str> {
    Some(if found.is_socket() {
        return None;
    } else if found.is_dir() {
        "a directory"
    } else if found.is_file() {
        "a file"
    } else if found.is_fifo() {
        "a named pipe"
    } else if found.is_symlink() {
        "a symbolic link"
    } else {
        "a device"
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn connecting_to_a_stopped_server_times_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("control");
        let listener = UnixListener::bind(&path).unwrap();
        rustix::net::listen(&listener, 1).unwrap();
        let mut clients = Vec::new();
        let error = loop {
            match connect(&path, Duration::from_millis(100)) {
                Ok(client) => clients.push(client),
                Err(error) => break error,
            }
            assert!(clients.len() < 100, "all are let in");
        };
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "{error}");
    }
}
