//! Reading a file that the command line or the environment names.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

/// The largest file that is read, in bytes: the largest source of a program.
const MAX_SIZE: u64 = 256 << 20;

/// Reads a plain file. Refuses a named pipe, which would wait for a writer, and
/// a device, which may have no end.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a plain file",
        ));
    }
    let mut bytes = Vec::new();
    if metadata.len() <= MAX_SIZE {
        file.take(MAX_SIZE + 1).read_to_end(&mut bytes)?;
    }
    if metadata.len().max(bytes.len() as u64) > MAX_SIZE {
        let message = format!("it has more than {MAX_SIZE} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        options.custom_flags(flags.bits().cast_signed());
    }
    options.open(path)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn other_files_than_plain_ones_are_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RWXU).unwrap();
        for path in [&fifo, dir.path(), Path::new("/dev/zero")] {
            let error = read(path).unwrap_err();
            assert_eq!(error.to_string(), "not a plain file");
        }
        let large = dir.path().join("large");
        let file = File::create(&large).unwrap();
        file.set_len(MAX_SIZE + 1).unwrap();
        assert_eq!(
            read(&large).unwrap_err().kind(),
            io::ErrorKind::FileTooLarge
        );
        file.set_len(3).unwrap();
        assert_eq!(read(&large).unwrap(), [0; 3]);
    }
}
