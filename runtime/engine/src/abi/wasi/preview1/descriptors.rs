//! Calls on descriptors: their kinds and rights, closing and moving them.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use wasmtime::Caller;

use super::guest_memory::{kind, put, size};
use super::{Done, on_disk, table};
use crate::abi::wasi::errno::Errno;
use crate::abi::wasi::table::{Descriptor, FileFlags};
use crate::guest::Guest;

/// The rights of a descriptor, for the guest to read. The guest cannot change them,
/// and no check uses them: the open file or directory decides.
mod rights {
    pub(super) const FD_DATASYNC: u64 = 1;
    pub(super) const FD_READ: u64 = 1 << 1;
    pub(super) const FD_SEEK: u64 = 1 << 2;
    pub(super) const FD_FDSTAT_SET_FLAGS: u64 = 1 << 3;
    pub(super) const FD_SYNC: u64 = 1 << 4;
    pub(super) const FD_TELL: u64 = 1 << 5;
    pub(super) const FD_WRITE: u64 = 1 << 6;
    pub(super) const FD_ADVISE: u64 = 1 << 7;
    pub(super) const PATH_CREATE_DIRECTORY: u64 = 1 << 9;
    pub(super) const PATH_CREATE_FILE: u64 = 1 << 10;
    pub(super) const PATH_LINK_SOURCE: u64 = 1 << 11;
    pub(super) const PATH_LINK_TARGET: u64 = 1 << 12;
    pub(super) const PATH_OPEN: u64 = 1 << 13;
    pub(super) const FD_READDIR: u64 = 1 << 14;
    pub(super) const PATH_READLINK: u64 = 1 << 15;
    pub(super) const PATH_RENAME_SOURCE: u64 = 1 << 16;
    pub(super) const PATH_RENAME_TARGET: u64 = 1 << 17;
    pub(super) const PATH_FILESTAT_GET: u64 = 1 << 18;
    pub(super) const PATH_FILESTAT_SET_TIMES: u64 = 1 << 20;
    pub(super) const FD_FILESTAT_GET: u64 = 1 << 21;
    pub(super) const FD_FILESTAT_SET_SIZE: u64 = 1 << 22;
    pub(super) const FD_FILESTAT_SET_TIMES: u64 = 1 << 23;
    pub(super) const PATH_SYMLINK: u64 = 1 << 24;
    pub(super) const PATH_REMOVE_DIRECTORY: u64 = 1 << 25;
    pub(super) const PATH_UNLINK_FILE: u64 = 1 << 26;
    pub(super) const POLL_FD_READWRITE: u64 = 1 << 27;

    /// The rights of a file that is open for reading.
    pub(super) const READING: u64 = FD_READ
        | FD_SEEK
        | FD_TELL
        | FD_ADVISE
        | FD_FDSTAT_SET_FLAGS
        | FD_FILESTAT_GET
        | POLL_FD_READWRITE;
    /// The rights of a file that is open for writing.
    pub(super) const WRITING: u64 =
        FD_WRITE | FD_DATASYNC | FD_SYNC | FD_FILESTAT_SET_SIZE | FD_FILESTAT_SET_TIMES;
    /// The rights of a directory that may be read.
    pub(super) const LISTING: u64 =
        PATH_OPEN | FD_READDIR | PATH_READLINK | PATH_FILESTAT_GET | FD_FILESTAT_GET;
    /// The rights of a directory that may be changed.
    pub(super) const CHANGING: u64 = PATH_CREATE_DIRECTORY
        | PATH_CREATE_FILE
        | PATH_LINK_SOURCE
        | PATH_LINK_TARGET
        | PATH_RENAME_SOURCE
        | PATH_RENAME_TARGET
        | PATH_FILESTAT_SET_TIMES
        | FD_FILESTAT_SET_TIMES
        | PATH_SYMLINK
        | PATH_REMOVE_DIRECTORY
        | PATH_UNLINK_FILE;
}

/// `fdflags`.
pub(super) const APPEND: u32 = 1;
const DSYNC: u32 = 1 << 1;
const RSYNC: u32 = 1 << 3;
const SYNC: u32 = 1 << 4;

/// Returns true if flags ask for synchronous writes. These are not supported; use
/// `fd_sync`.
pub(super) fn wants_sync(flags: u32) -> bool {
    flags & (DSYNC | RSYNC | SYNC) != 0
}

pub(super) fn fd_prestat_get(caller: &mut Caller<'_, Guest>, fd: u32, out: u32) -> Done {
    let Descriptor::Preopen(preopen) = table(caller.data_mut())?.get(fd)? else {
        return Err(Errno::BADF.into());
    };
    let len = size(preopen.name.len());
    put(caller, out, &[0; 4])?;
    put(caller, out.saturating_add(4), &len)
}

pub(super) fn fd_prestat_dir_name(
    caller: &mut Caller<'_, Guest>,
    fd: u32,
    buffer: u32,
    len: u32,
) -> Done {
    let Descriptor::Preopen(preopen) = table(caller.data_mut())?.get(fd)? else {
        return Err(Errno::NOTDIR.into());
    };
    let name = preopen.name.clone();
    if name.len() > len as usize {
        return Err(Errno::NAMETOOLONG.into());
    }
    put(caller, buffer, name.as_bytes())
}

pub(super) fn fd_fdstat_get(caller: &mut Caller<'_, Guest>, fd: u32, out: u32) -> Done {
    use rights::{CHANGING, FD_READ, FD_WRITE, LISTING, READING, WRITING};
    let (kind, flags, base, inheriting) = match table(caller.data_mut())?.get(fd)? {
        Descriptor::Input => (kind::UNKNOWN, 0, FD_READ, 0),
        Descriptor::Output(_) => (kind::UNKNOWN, 0, FD_WRITE, 0),
        // The paths below may belong to several grants.
        Descriptor::Preopen(_) => {
            let all = LISTING | CHANGING;
            (kind::DIRECTORY, 0, all, all | READING | WRITING)
        }
        Descriptor::Directory(directory) => {
            if directory.tree.write {
                let all = LISTING | CHANGING;
                (kind::DIRECTORY, 0, all, all | READING | WRITING)
            } else {
                (kind::DIRECTORY, 0, LISTING, LISTING | READING)
            }
        }
        Descriptor::File(file) => {
            let flags = file.flags;
            let mut base = READING | WRITING;
            if !flags.read {
                base &= !FD_READ;
            }
            if !flags.write {
                base &= !WRITING;
            }
            (kind::FILE, if flags.append { APPEND } else { 0 }, base, 0)
        }
    };
    let mut stat = [0; 24];
    stat[0] = kind;
    stat[2..4].copy_from_slice(&flags.to_le_bytes()[..2]);
    stat[8..16].copy_from_slice(&base.to_le_bytes());
    stat[16..24].copy_from_slice(&u64::to_le_bytes(inheriting));
    put(caller, out, &stat)
}

/// Refuses: the rights of an open file never change.
pub(super) fn fd_fdstat_set_rights(
    caller: &mut Caller<'_, Guest>,
    fd: u32,
    _: u64,
    _: u64,
) -> Done {
    table(caller.data_mut())?.get(fd)?;
    Err(Errno::NOTSUP.into())
}

/// Turns appending on or off. The flag for not blocking is ignored, since files
/// never block.
pub(super) async fn fd_fdstat_set_flags(
    caller: &mut Caller<'_, Guest>,
    fd: u32,
    flags: u32,
) -> Done {
    let file = table(caller.data_mut())?.file(fd)?;
    if wants_sync(flags) {
        return Err(Errno::INVAL.into());
    }
    let append = flags & APPEND != 0;
    let open = Arc::clone(&file.tracked);
    on_disk(caller.data(), move || Ok(set_append(open.file(), append)?)).await?;
    let file = table(caller.data_mut())?.file(fd)?;
    file.flags = FileFlags {
        append,
        ..file.flags
    };
    Ok(())
}

fn set_append(file: &std::fs::File, append: bool) -> io::Result<()> {
    let fd = file.as_raw_fd();
    // SAFETY: the descriptor is open for as long as `file` is, and the command
    // takes no pointer.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    if flags < 0 {
        return Err(io::Error::last_os_error());
    }
    let flags = if append {
        flags | libc::O_APPEND
    } else {
        flags & !libc::O_APPEND
    };
    // SAFETY: as above.
    if unsafe { libc::fcntl(fd, libc::F_SETFL, flags) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Advice is checked and ignored.
pub(super) fn fd_advise(
    caller: &mut Caller<'_, Guest>,
    fd: u32,
    _offset: u64,
    _len: u64,
    advice: u32,
) -> Done {
    table(caller.data_mut())?.file(fd)?;
    if advice > 5 {
        return Err(Errno::INVAL.into());
    }
    Ok(())
}

/// Not supported; later versions of WASI have removed this function.
pub(super) fn fd_allocate(caller: &mut Caller<'_, Guest>, fd: u32, _: u64, _: u64) -> Done {
    table(caller.data_mut())?.file(fd)?;
    Err(Errno::NOTSUP.into())
}

pub(super) fn fd_tell(caller: &mut Caller<'_, Guest>, fd: u32, out: u32) -> Done {
    let position = match table(caller.data_mut())?.get(fd)? {
        Descriptor::File(file) => file.position,
        Descriptor::Input | Descriptor::Output(_) => return Err(Errno::SPIPE.into()),
        Descriptor::Preopen(_) | Descriptor::Directory(_) => return Err(Errno::BADF.into()),
    };
    put(caller, out, &position.to_le_bytes())
}

pub(super) async fn fd_close(caller: &mut Caller<'_, Guest>, fd: u32) -> Done {
    let closed = table(caller.data_mut())?.remove(fd)?;
    close(caller, closed).await
}

pub(super) async fn fd_renumber(caller: &mut Caller<'_, Guest>, from: u32, to: u32) -> Done {
    match table(caller.data_mut())?.renumber(from, to)? {
        Some(replaced) => close(caller, replaced).await,
        None => Ok(()),
    }
}

/// Closes a file off the worker: closing can wait for a disk.
async fn close(caller: &mut Caller<'_, Guest>, descriptor: Descriptor) -> Done {
    if matches!(descriptor, Descriptor::File(_) | Descriptor::Directory(_)) {
        on_disk(caller.data(), move || {
            drop(descriptor);
            Ok(())
        })
        .await?;
    }
    Ok(())
}
