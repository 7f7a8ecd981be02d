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

/// Replaces the functions in the linker.
pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    linker.func_wrap_async(MODULE, "path_create_directory", |mut c, (fd, ptr, len)| {
        Box::new(async move {
            let (mut memory, granted) = parts(&mut c)?;
            let Some((fd, _)) = granted.find(&memory, fd, ptr, len)? else {
                return REFUSED;
            };
            p1::path_create_directory(&mut granted.context, &mut memory, fd, ptr, len).await
        })
    })?;
    linker.func_wrap_async(
        MODULE,
        "path_filestat_get",
        |mut c, (fd, flags, ptr, len, out)| {
            Box::new(async move {
                let (mut memory, granted) = parts(&mut c)?;
                let Some((fd, mask)) = granted.find(&memory, fd, ptr, len)? else {
                    return REFUSED;
                };
                let flags: i32 = flags;
                let context = &mut granted.context;
                p1::path_filestat_get(context, &mut memory, fd, flags & mask, ptr, len, out).await
            })
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "path_filestat_set_times",
        |mut c, (fd, flags, ptr, len, accessed, modified, which)| {
            Box::new(async move {
                let (mut memory, granted) = parts(&mut c)?;
                let Some((fd, mask)) = granted.find(&memory, fd, ptr, len)? else {
                    return REFUSED;
                };
                let (context, flags): (_, i32) = (&mut granted.context, flags);
                let flags = flags & mask;
                p1::path_filestat_set_times(
                    context,
                    &mut memory,
                    fd,
                    flags,
                    ptr,
                    len,
                    accessed,
                    modified,
                    which,
                )
                .await
            })
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "path_open",
        |mut c, (fd, flags, ptr, len, how, rights, inherited, fdflags, out)| {
            Box::new(async move {
                let (mut memory, granted) = parts(&mut c)?;
                let Some((fd, mask)) = granted.find(&memory, fd, ptr, len)? else {
                    return REFUSED;
                };
                let (context, flags): (_, i32) = (&mut granted.context, flags);
                let flags = flags & mask;
                p1::path_open(
                    context,
                    &mut memory,
                    fd,
                    flags,
                    ptr,
                    len,
                    how,
                    rights,
                    inherited,
                    fdflags,
                    out,
                )
                .await
            })
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "path_readlink",
        |mut c, (fd, ptr, len, buffer, buffer_len, out)| {
            Box::new(async move {
                let (mut memory, granted) = parts(&mut c)?;
                let Some((fd, _)) = granted.find(&memory, fd, ptr, len)? else {
                    return REFUSED;
                };
                let context = &mut granted.context;
                p1::path_readlink(context, &mut memory, fd, ptr, len, buffer, buffer_len, out).await
            })
        },
    )?;
    linker.func_wrap_async(MODULE, "path_remove_directory", |mut c, (fd, ptr, len)| {
        Box::new(async move {
            let (mut memory, granted) = parts(&mut c)?;
            let Some((fd, _)) = granted.find(&memory, fd, ptr, len)? else {
                return REFUSED;
            };
            p1::path_remove_directory(&mut granted.context, &mut memory, fd, ptr, len).await
        })
    })?;
    linker.func_wrap_async(MODULE, "path_unlink_file", |mut c, (fd, ptr, len)| {
        Box::new(async move {
            let (mut memory, granted) = parts(&mut c)?;
            let Some((fd, _)) = granted.find(&memory, fd, ptr, len)? else {
                return REFUSED;
            };
            p1::path_unlink_file(&mut granted.context, &mut memory, fd, ptr, len).await
        })
    })?;
    linker.func_wrap_async(
        MODULE,
        "path_link",
        |mut c, (fd, flags, ptr, len, new_fd, new_ptr, new_len)| {
            Box::new(async move {
                let (mut memory, granted) = parts(&mut c)?;
                let Some((fd, mask)) = granted.find(&memory, fd, ptr, len)? else {
                    return REFUSED;
                };
                let Some((new_fd, _)) = granted.find(&memory, new_fd, new_ptr, new_len)? else {
                    return REFUSED;
                };
                let (context, flags): (_, i32) = (&mut granted.context, flags);
                let flags = flags & mask;
                p1::path_link(
                    context,
                    &mut memory,
                    fd,
                    flags,
                    ptr,
                    len,
                    new_fd,
                    new_ptr,
                    new_len,
                )
                .await
            })
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "path_rename",
        |mut c, (fd, ptr, len, new_fd, new_ptr, new_len)| {
            Box::new(async move {
                let (mut memory, granted) = parts(&mut c)?;
                let Some((fd, _)) = granted.find(&memory, fd, ptr, len)? else {
                    return REFUSED;
                };
                let Some((new_fd, _)) = granted.find(&memory, new_fd, new_ptr, new_len)? else {
                    return REFUSED;
                };
                let context = &mut granted.context;
                p1::path_rename(context, &mut memory, fd, ptr, len, new_fd, new_ptr, new_len).await
            })
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "path_symlink",
        |mut c, (to_ptr, to_len, fd, ptr, len)| {
            Box::new(async move {
                let (mut memory, granted) = parts(&mut c)?;
                let Some((fd, _)) = granted.find(&memory, fd, ptr, len)? else {
                    return REFUSED;
                };
                let context = &mut granted.context;
                p1::path_symlink(context, &mut memory, to_ptr, to_len, fd, ptr, len).await
            })
        },
    )?;
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
                p1::fd_readdir(
                    &mut granted.context,
                    &mut memory,
                    fd,
                    buffer,
                    len,
                    cookie,
                    out,
                )
                .await
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

impl Granted {
    /// The descriptor to use for a path, and the lookup flags that may be set;
    /// none where it is not granted.
    fn find(
        &self,
        memory: &GuestMemory<'_>,
        fd: i32,
        ptr: i32,
        len: i32,
    ) -> wasmtime::Result<Option<(i32, i32)>> {
        let GuestMemory::Unshared(memory) = memory else {
            wasmtime::bail!("shared memory is not supported");
        };
        let path = range(memory, ptr.cast_unsigned(), len.cast_unsigned(), "path")?;
        Ok(match self.preopens.lookup(fd.cast_unsigned(), path) {
            Lookup::In(fd) => Some((fd.cast_signed(), !0)),
            Lookup::FileIn(fd) => Some((fd.cast_signed(), !FOLLOW)),
            Lookup::Refused => None,
        })
    }
}
