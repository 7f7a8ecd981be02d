//! The functions of preview 1 that take a path, for processes with grants: the
//! real ones, asked only for what [`super::grants`] lets through.

use wasmtime::{Caller, Linker};
use wasmtime_wasi::p1::wasi_snapshot_preview1 as p1;
use wiggle::GuestMemory;

use super::grants::Lookup;
use super::{Granted, MODULE, errno};
use crate::flat::{memory_and_guest, range};
use crate::guest::Guest;

/// `lookupflags::symlink_follow`.
const FOLLOW: i32 = 1;

/// Replaces one function by the real one, for paths that are granted: each `at`
/// names the parameters that make up a path, a directory's descriptor and a
/// range of memory. The descriptor that is passed on is that of the grant;
/// `following` names the lookup flags, which the grant may restrict.
macro_rules! granted {
    (
        $linker:ident, $name:ident($($parameter:ident),+),
        $(at($fd:ident, $ptr:ident, $len:ident)),+ $(, following $flags:ident)?
    ) => {
        $linker.func_wrap_async(
            MODULE,
            stringify!($name),
            |mut caller: Caller<'_, Guest>, ($($parameter,)+)| {
                Box::new(async move {
                    let (mut memory, granted) = parts(&mut caller)?;
                    let mut allowed = !0;
                    $(
                        let Some(found) = granted.find(&memory, $fd, $ptr, $len)? else {
                            return REFUSED;
                        };
                        let $fd = found.fd;
                        allowed &= found.flags;
                    )+
                    $(let $flags = lookup_flags($flags, allowed);)?
                    let _ = allowed;
                    p1::$name(granted.context(), &mut memory, $($parameter),+).await
                })
            },
        )?
    };
}

/// Replaces the functions in the linker.
#[rustfmt::skip]
pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    granted!(linker, path_create_directory(fd, ptr, len), at(fd, ptr, len));
    granted!(linker, path_filestat_get(fd, flags, ptr, len, out), at(fd, ptr, len), following flags);
    granted!(
        linker,
        path_filestat_set_times(fd, flags, ptr, len, accessed, modified, which),
        at(fd, ptr, len), following flags
    );
    granted!(
        linker,
        path_open(fd, flags, ptr, len, how, rights, inherited, fdflags, out),
        at(fd, ptr, len), following flags
    );
    granted!(linker, path_readlink(fd, ptr, len, buffer, buffer_len, out), at(fd, ptr, len));
    granted!(linker, path_remove_directory(fd, ptr, len), at(fd, ptr, len));
    granted!(linker, path_unlink_file(fd, ptr, len), at(fd, ptr, len));
    granted!(
        linker,
        path_link(fd, flags, ptr, len, new_fd, new_ptr, new_len),
        at(fd, ptr, len), at(new_fd, new_ptr, new_len), following flags
    );
    granted!(
        linker,
        path_rename(fd, ptr, len, new_fd, new_ptr, new_len),
        at(fd, ptr, len), at(new_fd, new_ptr, new_len)
    );
    granted!(linker, path_symlink(to_ptr, to_len, fd, ptr, len), at(fd, ptr, len));
    link_listing(linker)
}

/// Listing a directory names no path, but needs a directory that is granted as
/// a whole.
fn link_listing(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    linker.func_wrap_async(
        MODULE,
        "fd_readdir",
        |mut c, (fd, buffer, len, cookie, out)| {
            Box::new(async move {
                let (mut memory, granted) = parts(&mut c)?;
                let fd: i32 = fd;
                if !granted.preopens.may_list(fd.cast_unsigned()) {
                    return REFUSED;
                }
                p1::fd_readdir(granted.context(), &mut memory, fd, buffer, len, cookie, out).await
            })
        },
    )?;
    Ok(())
}

const REFUSED: wasmtime::Result<i32> = Ok(errno::NOTCAPABLE);

fn parts<'a>(
    caller: &'a mut Caller<'_, Guest>,
) -> wasmtime::Result<(GuestMemory<'a>, &'a mut Granted)> {
    let (memory, guest) = memory_and_guest(caller)?;
    match &mut guest.wasi {
        Some(granted) => Ok((GuestMemory::Unshared(memory), granted)),
        None => wasmtime::bail!("a process without grants was linked as one with"),
    }
}

fn lookup_flags(wanted: i32, allowed: i32) -> i32 {
    wanted & allowed
}

/// What a path is to be looked up with.
struct Found {
    /// The descriptor of the grant.
    fd: i32,
    /// The lookup flags that may be set.
    flags: i32,
}

impl Granted {
    /// How to look up a path; none where it is not granted.
    fn find(
        &self,
        memory: &GuestMemory<'_>,
        fd: i32,
        ptr: i32,
        len: i32,
    ) -> wasmtime::Result<Option<Found>> {
        let GuestMemory::Unshared(memory) = memory else {
            wasmtime::bail!("shared memory is not supported");
        };
        let path = range(memory, ptr.cast_unsigned(), len.cast_unsigned(), "path")?;
        Ok(match self.preopens.lookup(fd.cast_unsigned(), path) {
            Lookup::In(fd) => Some(Found {
                fd: fd.cast_signed(),
                flags: !0,
            }),
            Lookup::FileIn(fd) => Some(Found {
                fd: fd.cast_signed(),
                flags: !FOLLOW,
            }),
            Lookup::Refused => None,
        })
    }
}
