//! Calls that name a path.

#![expect(
    clippy::too_many_arguments,
    reason = "the parameters are those of preview 1"
)]

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::sync::Arc;

use wasmtime::Caller;

use super::descriptors::{APPEND, wants_sync};
use super::files::times;
use super::guest_memory::{filestat, path, put, size};
use super::{Done, Failure, core, on_disk, table};
use crate::abi::wasi::errno::Errno;
use crate::abi::wasi::table::{Descriptor, FileFlags, OpenDirectory, OpenFile};
use crate::abi::wasi::tree::{How, Opened, Target, Times};
use crate::guest::Guest;

/// `lookupflags::symlink_follow`.
const FOLLOW: u32 = 1;

/// `oflags`.
const CREATE: u32 = 1;
const DIRECTORY: u32 = 1 << 1;
const EXCLUSIVE: u32 = 1 << 2;
const TRUNCATE: u32 = 1 << 3;

/// The bits of `rights` that tell for which operations a file is opened.
const READ: u64 = 1 << 1;
const WRITE: u64 = 1 << 6;

/// The possible targets of a path.
struct Found {
    targets: Vec<Target>,
    /// The path from the program's point of view; absent if it was looked up in a
    /// directory that the guest opened.
    named: Option<PathBuf>,
}

/// Looks up a path: in a directory that the guest opened, or else among the grants.
fn find(caller: &mut Caller<'_, Guest>, fd: u32, ptr: u32, len: u32) -> Result<Found, Failure> {
    let path = path(caller, ptr, len)?;
    let core = core(caller.data_mut())?;
    Ok(match core.table.get(fd)? {
        Descriptor::Directory(directory) => Found {
            targets: vec![Target::Below(
                directory.tree.clone(),
                PathBuf::from(OsString::from_vec(path)),
            )],
            named: None,
        },
        Descriptor::Preopen(preopen) => Found {
            targets: core.namespace.find(preopen, &path),
            named: Some(preopen.full_path(&path)),
        },
        Descriptor::File(_) => return Err(Errno::NOTDIR.into()),
        Descriptor::Input | Descriptor::Output(_) => return Err(Errno::BADF.into()),
    })
}

/// Tries the targets of a path in turn, until one exists and may be changed.
fn first<T>(
    targets: &[Target],
    mut attempt: impl FnMut(&Target) -> Result<T, Errno>,
) -> Result<T, Errno> {
    let mut failed = None;
    for target in targets {
        match attempt(target) {
            Err(error @ (Errno::NOENT | Errno::ROFS)) => failed = failed.or(Some(error)),
            done => return done,
        }
    }
    Err(failed.unwrap_or(Errno::NOENT))
}

/// Tries all pairs of targets of two paths in turn.
fn first_of_both<T>(
    one: &[Target],
    other: &[Target],
    mut attempt: impl FnMut(&Target, &Target) -> Result<T, Errno>,
) -> Result<T, Errno> {
    first(one, |one| first(other, |other| attempt(one, other)))
}

impl Found {
    /// Tries an operation on the targets of the path.
    ///
    /// A path that is not granted seems not to exist. Only the operator's own
    /// process gets `NOTCAPABLE` if the path exists.
    async fn attempt<T: Send + 'static>(
        self,
        caller: &mut Caller<'_, Guest>,
        write: bool,
        attempt: impl Fn(&Target) -> Result<T, Errno> + Send + 'static,
    ) -> Result<T, Failure> {
        let targets = self.targets;
        let is_granted = !targets.is_empty();
        let result = on_disk(caller.data(), move || first(&targets, attempt)).await;
        let Err(Failure::Errno(errno @ (Errno::NOENT | Errno::ROFS))) = result else {
            return result;
        };
        let Some(named) = self.named else {
            return result;
        };
        if is_granted && errno == Errno::NOENT {
            return result;
        }
        let guest = caller.data();
        let told = guest.tell_of_ungranted(&named, write);
        let is_operators = guest.is_operators();
        if let Some(told) = told.filter(|_| is_operators) {
            // Waits for the log record, since the program may end with this
            // process. Fails only if the tokio runtime has shut down.
            let is_there = told.await.unwrap_or(false);
            if is_there && errno == Errno::NOENT {
                return Err(Errno::NOTCAPABLE.into());
            }
        }
        result
    }
}

pub(super) async fn path_create_directory(
    caller: &mut Caller<'_, Guest>,
    fd: u32,
    ptr: u32,
    len: u32,
) -> Done {
    let found = find(caller, fd, ptr, len)?;
    let files = Arc::clone(caller.data().files());
    found
        .attempt(caller, true, move |target| target.create_directory(&files))
        .await
}

pub(super) async fn path_filestat_get(
    caller: &mut Caller<'_, Guest>,
    fd: u32,
    flags: u32,
    ptr: u32,
    len: u32,
    out: u32,
) -> Done {
    let found = find(caller, fd, ptr, len)?;
    let follow = flags & FOLLOW != 0;
    let stat = found
        .attempt(caller, false, move |target| target.metadata(follow))
        .await?;
    put(caller, out, &filestat(&stat))
}

pub(super) async fn path_filestat_set_times(
    caller: &mut Caller<'_, Guest>,
    fd: u32,
    flags: u32,
    ptr: u32,
    len: u32,
    accessed: u64,
    modified: u64,
    which: u32,
) -> Done {
    let [accessed, modified] = times(accessed, modified, which)?;
    let times = Times { accessed, modified };
    let found = find(caller, fd, ptr, len)?;
    let follow = flags & FOLLOW != 0;
    found
        .attempt(caller, true, move |target| target.set_times(follow, times))
        .await
}

pub(super) async fn path_link(
    caller: &mut Caller<'_, Guest>,
    fd: u32,
    flags: u32,
    ptr: u32,
    len: u32,
    new_fd: u32,
    new_ptr: u32,
    new_len: u32,
) -> Done {
    // Following a link here would give the new name to the link's target.
    if flags & FOLLOW != 0 {
        return Err(Errno::INVAL.into());
    }
    let old = find(caller, fd, ptr, len)?.targets;
    let new = find(caller, new_fd, new_ptr, new_len)?.targets;
    let files = Arc::clone(caller.data().files());
    on_disk(caller.data(), move || {
        first_of_both(&old, &new, |old, new| old.hard_link(new, &files))
    })
    .await
}

pub(super) async fn path_rename(
    caller: &mut Caller<'_, Guest>,
    fd: u32,
    ptr: u32,
    len: u32,
    new_fd: u32,
    new_ptr: u32,
    new_len: u32,
) -> Done {
    let old = find(caller, fd, ptr, len)?.targets;
    let new = find(caller, new_fd, new_ptr, new_len)?.targets;
    let files = Arc::clone(caller.data().files());
    on_disk(caller.data(), move || {
        first_of_both(&old, &new, |old, new| old.rename(new, &files))
    })
    .await
}

pub(super) async fn path_open(
    caller: &mut Caller<'_, Guest>,
    fd: u32,
    flags: u32,
    ptr: u32,
    len: u32,
    how: u32,
    rights: u64,
    _inheriting: u64,
    fd_flags: u32,
    out: u32,
) -> Done {
    let has = |flag: u32| how & flag != 0;
    if wants_sync(fd_flags) {
        return Err(Errno::NOTSUP.into());
    }
    let how = How {
        read: rights & READ != 0,
        write: rights & WRITE != 0,
        append: rights & WRITE != 0 && fd_flags & APPEND != 0,
        create: has(CREATE),
        exclusive: has(EXCLUSIVE),
        truncate: has(TRUNCATE),
        directory: has(DIRECTORY),
        follow: flags & FOLLOW != 0,
    };
    let found = find(caller, fd, ptr, len)?;
    let files = Arc::clone(caller.data().files());
    let ticket = table(caller.data_mut())?.ticket(&files)?;
    let changes = how.write || how.create || how.truncate;
    let opened = found
        .attempt(caller, changes, move |target| target.open(how, &files))
        .await?;
    let descriptor = match opened {
        Opened::Directory(tree) => Descriptor::Directory(OpenDirectory {
            tree,
            listing: None,
            _ticket: ticket,
        }),
        Opened::File { file, may_change } => Descriptor::File(OpenFile {
            tracked: Arc::new(file),
            position: 0,
            flags: FileFlags {
                read: how.read,
                write: how.write,
                append: how.append,
                may_change,
            },
            _ticket: ticket,
        }),
    };
    let number = table(caller.data_mut())?.add(descriptor);
    put(caller, out, &number.to_le_bytes())
}

pub(super) async fn path_readlink(
    caller: &mut Caller<'_, Guest>,
    fd: u32,
    ptr: u32,
    len: u32,
    buffer: u32,
    buffer_len: u32,
    out: u32,
) -> Done {
    let found = find(caller, fd, ptr, len)?;
    let link = found.attempt(caller, false, Target::read_link).await?;
    let link = link.as_os_str().as_bytes();
    let link = &link[..link.len().min(buffer_len as usize)];
    put(caller, buffer, link)?;
    put(caller, out, &size(link.len()))
}

pub(super) async fn path_remove_directory(
    caller: &mut Caller<'_, Guest>,
    fd: u32,
    ptr: u32,
    len: u32,
) -> Done {
    let found = find(caller, fd, ptr, len)?;
    let files = Arc::clone(caller.data().files());
    found
        .attempt(caller, true, move |target| target.remove_directory(&files))
        .await
}

pub(super) async fn path_symlink(
    caller: &mut Caller<'_, Guest>,
    content_ptr: u32,
    content_len: u32,
    fd: u32,
    ptr: u32,
    len: u32,
) -> Done {
    let content = path(caller, content_ptr, content_len)?;
    let content = PathBuf::from(OsString::from_vec(content));
    let found = find(caller, fd, ptr, len)?;
    let files = Arc::clone(caller.data().files());
    found
        .attempt(caller, true, move |target| {
            target.create_link(&content, &files)
        })
        .await
}

pub(super) async fn path_unlink_file(
    caller: &mut Caller<'_, Guest>,
    fd: u32,
    ptr: u32,
    len: u32,
) -> Done {
    let found = find(caller, fd, ptr, len)?;
    let files = Arc::clone(caller.data().files());
    found
        .attempt(caller, true, move |target| target.remove_file(&files))
        .await
}
