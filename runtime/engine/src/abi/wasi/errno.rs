//! Error numbers of preview 1.

use std::io;

use crate::disk::DiskFull;

/// An error number, never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Errno(pub(crate) u16);

impl Errno {
    pub(crate) const TOOBIG: Errno = Errno(1);
    pub(crate) const ACCES: Errno = Errno(2);
    pub(crate) const AGAIN: Errno = Errno(6);
    pub(crate) const BADF: Errno = Errno(8);
    pub(crate) const BUSY: Errno = Errno(10);
    pub(crate) const DQUOT: Errno = Errno(19);
    pub(crate) const EXIST: Errno = Errno(20);
    pub(crate) const FBIG: Errno = Errno(22);
    pub(crate) const INTR: Errno = Errno(27);
    pub(crate) const INVAL: Errno = Errno(28);
    pub(crate) const IO: Errno = Errno(29);
    pub(crate) const ISDIR: Errno = Errno(31);
    pub(crate) const LOOP: Errno = Errno(32);
    pub(crate) const MFILE: Errno = Errno(33);
    pub(crate) const MLINK: Errno = Errno(34);
    pub(crate) const NAMETOOLONG: Errno = Errno(37);
    pub(crate) const NFILE: Errno = Errno(41);
    pub(crate) const NOENT: Errno = Errno(44);
    pub(crate) const NOMEM: Errno = Errno(48);
    pub(crate) const NOSPC: Errno = Errno(51);
    pub(crate) const NOTDIR: Errno = Errno(54);
    pub(crate) const NOTEMPTY: Errno = Errno(55);
    pub(crate) const NOTSOCK: Errno = Errno(57);
    pub(crate) const NOTSUP: Errno = Errno(58);
    pub(crate) const NXIO: Errno = Errno(60);
    pub(crate) const PERM: Errno = Errno(63);
    pub(crate) const PIPE: Errno = Errno(64);
    pub(crate) const ROFS: Errno = Errno(69);
    pub(crate) const SPIPE: Errno = Errno(70);
    pub(crate) const TXTBSY: Errno = Errno(74);
    pub(crate) const XDEV: Errno = Errno(75);
    pub(crate) const NOTCAPABLE: Errno = Errno(76);
}

impl From<DiskFull> for Errno {
    fn from(_: DiskFull) -> Errno {
        Errno::DQUOT
    }
}

impl From<io::Error> for Errno {
    fn from(error: io::Error) -> Errno {
        match error.raw_os_error() {
            Some(number) => of_system(number).unwrap_or_else(|| of_kind(error.kind())),
            None => of_kind(error.kind()),
        }
    }
}

/// The numbers that [`io::ErrorKind`] does not tell apart.
fn of_system(number: i32) -> Option<Errno> {
    Some(match number {
        libc::EPERM => Errno::PERM,
        libc::EMFILE => Errno::MFILE,
        libc::ENFILE => Errno::NFILE,
        libc::EIO => Errno::IO,
        libc::ELOOP => Errno::LOOP,
        libc::EMLINK => Errno::MLINK,
        libc::ENXIO => Errno::NXIO,
        libc::EDQUOT => Errno::DQUOT,
        libc::EFBIG => Errno::FBIG,
        libc::ENAMETOOLONG => Errno::NAMETOOLONG,
        _ => return None,
    })
}

fn of_kind(kind: io::ErrorKind) -> Errno {
    use io::ErrorKind;
    match kind {
        ErrorKind::NotFound => Errno::NOENT,
        // cap-std reports this for a path that leads out of its directory.
        ErrorKind::PermissionDenied => Errno::ACCES,
        ErrorKind::AlreadyExists => Errno::EXIST,
        ErrorKind::WouldBlock => Errno::AGAIN,
        ErrorKind::NotADirectory => Errno::NOTDIR,
        ErrorKind::IsADirectory => Errno::ISDIR,
        ErrorKind::DirectoryNotEmpty => Errno::NOTEMPTY,
        ErrorKind::ReadOnlyFilesystem => Errno::ROFS,
        ErrorKind::InvalidInput => Errno::INVAL,
        ErrorKind::StorageFull => Errno::NOSPC,
        ErrorKind::NotSeekable => Errno::SPIPE,
        ErrorKind::QuotaExceeded => Errno::DQUOT,
        ErrorKind::FileTooLarge => Errno::FBIG,
        ErrorKind::ResourceBusy => Errno::BUSY,
        ErrorKind::ExecutableFileBusy => Errno::TXTBSY,
        ErrorKind::CrossesDevices => Errno::XDEV,
        ErrorKind::TooManyLinks => Errno::MLINK,
        ErrorKind::InvalidFilename => Errno::INVAL,
        ErrorKind::ArgumentListTooLong => Errno::TOOBIG,
        ErrorKind::Interrupted => Errno::INTR,
        ErrorKind::BrokenPipe => Errno::PIPE,
        ErrorKind::Unsupported => Errno::NOTSUP,
        ErrorKind::OutOfMemory => Errno::NOMEM,
        _ => Errno::IO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_system_have_their_number() {
        let number = |number| Errno::from(io::Error::from_raw_os_error(number));
        assert_eq!(number(libc::ENOENT), Errno::NOENT);
        assert_eq!(number(libc::EACCES), Errno::ACCES);
        assert_eq!(number(libc::EPERM), Errno::PERM);
        assert_eq!(number(libc::EMFILE), Errno::MFILE);
        assert_eq!(number(libc::EFBIG), Errno::FBIG);
        assert_eq!(number(libc::ENOSPC), Errno::NOSPC);
        assert_eq!(number(libc::EISDIR), Errno::ISDIR);
    }
}
