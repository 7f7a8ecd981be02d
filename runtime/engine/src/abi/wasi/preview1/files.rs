//! Calls on open files and directories: reading, writing, listing.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{DirEntryExt, FileExt};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cap_std::fs::{Dir, Metadata};
use wasmtime::Caller;

use super::guest_memory::{
    MAX_TRANSFER, filestat, gather, kind, kind_of, put, scatter, size, total, vectors,
};
use super::{Done, Failure, core, on_disk, table};
use crate::abi::flat::write_range;
use crate::abi::wasi::errno::Errno;
use crate::abi::wasi::table::{Descriptor, Entry, Listing, OpenFile};
use crate::abi::wasi::tree::{Target, Times, Tree};
use crate::cached;
use crate::disk::Length;
use crate::guest::Guest;
use crate::output::Stream;

/// The most bytes of one listing. A longer buffer is refused: an answer that does
/// not fill it would mean the end of the directory.
const MAX_LISTING: u32 = 1 << 20;

pub(super) async fn fd_datasync(caller: &mut Caller<'_, Guest>, fd: u32) -> Done {
    sync(caller, fd, File::sync_data).await
}

pub(super) async fn fd_sync(caller: &mut Caller<'_, Guest>, fd: u32) -> Done {
    sync(caller, fd, File::sync_all).await
}

async fn sync(caller: &mut Caller<'_, Guest>, fd: u32, sync: fn(&File) -> io::Result<()>) -> Done {
    let tracked = table(caller.data_mut())?.tracked(fd)?;
    on_disk(caller.data(), move || Ok(sync(tracked.file())?)).await
}

pub(super) async fn fd_filestat_get(caller: &mut Caller<'_, Guest>, fd: u32, out: u32) -> Done {
    let stat = match table(caller.data_mut())?.get(fd)? {
        Descriptor::Input | Descriptor::Output(_) => {
            let mut stat = [0; 64];
            stat[16] = kind::UNKNOWN;
            stat
        }
        // `.` holds all grants, and may be no directory of the machine.
        Descriptor::Preopen(preopen) => {
            let preopen = preopen.clone();
            let targets = core(caller.data_mut())?.namespace.find(&preopen, b".");
            match targets.into_iter().next() {
                Some(target) => {
                    let stat = move || target.metadata(false);
                    filestat(&on_disk(caller.data(), stat).await?)
                }
                None => {
                    let mut stat = [0; 64];
                    stat[16] = kind::DIRECTORY;
                    stat
                }
            }
        }
        Descriptor::Directory(directory) => {
            let dir = Arc::clone(&directory.tree.dir);
            filestat(&on_disk(caller.data(), move || Ok(dir.dir_metadata()?)).await?)
        }
        Descriptor::File(file) => {
            let tracked = Arc::clone(&file.tracked);
            let stat = move || Ok(Metadata::from_file(tracked.file())?);
            filestat(&on_disk(caller.data(), stat).await?)
        }
    };
    put(caller, out, &stat)
}

pub(super) async fn fd_filestat_set_size(
    caller: &mut Caller<'_, Guest>,
    fd: u32,
    size: u64,
) -> Done {
    let file = table(caller.data_mut())?.file(fd)?;
    if !file.flags.may_change {
        return Err(Errno::ROFS.into());
    }
    if !file.flags.write {
        return Err(Errno::BADF.into());
    }
    let tracked = Arc::clone(&file.tracked);
    let files = Arc::clone(caller.data().files());
    on_disk(caller.data(), move || {
        tracked.lengthening(files.disk(), Length::To(size), |file| {
            Ok(file.set_len(size)?)
        })
    })
    .await
}

/// `fstflags`.
const ACCESSED: u32 = 1;
const ACCESSED_NOW: u32 = 1 << 1;
const MODIFIED: u32 = 1 << 2;
const MODIFIED_NOW: u32 = 1 << 3;

/// The times to set, accessed and modified.
pub(super) fn times(
    accessed: u64,
    modified: u64,
    which: u32,
) -> Result<[Option<SystemTime>; 2], Errno> {
    let one = |set: bool, now: bool, nanoseconds: u64| match (set, now) {
        (true, true) => Err(Errno::INVAL),
        (true, false) => SystemTime::UNIX_EPOCH
            .checked_add(Duration::from_nanos(nanoseconds))
            .map(Some)
            .ok_or(Errno::INVAL),
        (false, true) => Ok(Some(SystemTime::now())),
        (false, false) => Ok(None),
    };
    let has = |flag: u32| which & flag != 0;
    Ok([
        one(has(ACCESSED), has(ACCESSED_NOW), accessed)?,
        one(has(MODIFIED), has(MODIFIED_NOW), modified)?,
    ])
}

pub(super) async fn fd_filestat_set_times(
    caller: &mut Caller<'_, Guest>,
    fd: u32,
    accessed: u64,
    modified: u64,
    which: u32,
) -> Done {
    let [accessed, modified] = times(accessed, modified, which)?;
    let times = Times { accessed, modified }.of_file();
    let file = match table(caller.data_mut())?.get(fd)? {
        Descriptor::File(file) if file.flags.may_change => Arc::clone(file.tracked.file()),
        Descriptor::Directory(directory) if directory.tree.write => {
            let dir = Arc::clone(&directory.tree.dir);
            let clone = move || Ok(dir.try_clone()?.into_std_file());
            Arc::new(on_disk(caller.data(), clone).await?)
        }
        Descriptor::File(_) | Descriptor::Directory(_) => return Err(Errno::ROFS.into()),
        Descriptor::Preopen(_) => return Err(Errno::NOTCAPABLE.into()),
        Descriptor::Input | Descriptor::Output(_) => return Err(Errno::BADF.into()),
    };
    on_disk(caller.data(), move || Ok(file.set_times(times)?)).await
}

pub(super) async fn fd_read(
    caller: &mut Caller<'_, Guest>,
    fd: u32,
    iovs: u32,
    count: u32,
    out: u32,
) -> Done {
    if matches!(table(caller.data_mut())?.get(fd)?, Descriptor::Input) {
        return read_input(caller, iovs, count, out).await;
    }
    let position = table(caller.data_mut())?.file(fd)?.position;
    let read = read_at(caller, fd, iovs, count, position).await?;
    let file = table(caller.data_mut())?.file(fd)?;
    file.position = position.saturating_add(read as u64);
    put(caller, out, &size(read))
}

/// Reads standard input, which is at its end for all but the program's first process.
async fn read_input(caller: &mut Caller<'_, Guest>, iovs: u32, count: u32, out: u32) -> Done {
    let vectors = vectors(caller, iovs, count)?;
    let wanted = total(&vectors);
    let bytes = if wanted > 0 && caller.data().is_first() {
        let read = caller.data_mut().read(wanted).await;
        read.map_err(|_| Errno::IO)?
    } else {
        Vec::new()
    };
    scatter(caller, &vectors, &bytes)?;
    put(caller, out, &size(bytes.len()))
}

pub(super) async fn fd_pread(
    caller: &mut Caller<'_, Guest>,
    fd: u32,
    iovs: u32,
    count: u32,
    offset: u64,
    out: u32,
) -> Done {
    check_seekable(caller, fd)?;
    let read = read_at(caller, fd, iovs, count, offset).await?;
    put(caller, out, &size(read))
}

fn check_seekable(caller: &mut Caller<'_, Guest>, fd: u32) -> Done {
    match table(caller.data_mut())?.get(fd)? {
        Descriptor::Input | Descriptor::Output(_) => Err(Errno::SPIPE.into()),
        _ => Ok(()),
    }
}

async fn read_at(
    caller: &mut Caller<'_, Guest>,
    fd: u32,
    iovs: u32,
    count: u32,
    offset: u64,
) -> Result<usize, Failure> {
    let file = table(caller.data_mut())?.file(fd)?;
    if !file.flags.read {
        return Err(Errno::BADF.into());
    }
    let tracked = Arc::clone(&file.tracked);
    let vectors = vectors(caller, iovs, count)?;
    let wanted = total(&vectors);
    if wanted == 0 {
        return Ok(0);
    }
    let mut bytes = vec![0; wanted];
    if !cached::read(tracked.file(), &mut bytes, offset) {
        let read = move || {
            let read = again(|| tracked.file().read_at(&mut bytes, offset))?;
            bytes.truncate(read);
            Ok(bytes)
        };
        bytes = on_disk(caller.data(), read).await?;
    }
    scatter(caller, &vectors, &bytes)?;
    Ok(bytes.len())
}

pub(super) async fn fd_write(
    caller: &mut Caller<'_, Guest>,
    fd: u32,
    iovs: u32,
    count: u32,
    out: u32,
) -> Done {
    let stream = match &caller.data().wasi {
        // Most programs write only to the standard streams, and need no table.
        None if fd == 1 => Some(Stream::Stdout),
        None if fd == 2 => Some(Stream::Stderr),
        _ => match table(caller.data_mut())?.get(fd)? {
            Descriptor::Output(stream) => Some(*stream),
            _ => None,
        },
    };
    let written = match stream {
        Some(stream) => {
            let vectors = vectors(caller, iovs, count)?;
            for (ptr, len) in &vectors {
                write_range(caller, stream, *ptr, *len, "iov").await?;
            }
            // libc does not buffer standard error, and never flushes it.
            if stream == Stream::Stderr {
                caller.data_mut().flush(stream).await;
            }
            total(&vectors)
        }
        None => {
            let position = table(caller.data_mut())?.file(fd)?.position;
            let (written, position) = write_at(caller, fd, iovs, count, position).await?;
            table(caller.data_mut())?.file(fd)?.position = position;
            written
        }
    };
    put(caller, out, &size(written))
}

pub(super) async fn fd_pwrite(
    caller: &mut Caller<'_, Guest>,
    fd: u32,
    iovs: u32,
    count: u32,
    offset: u64,
    out: u32,
) -> Done {
    check_seekable(caller, fd)?;
    let (written, _) = write_at(caller, fd, iovs, count, offset).await?;
    put(caller, out, &size(written))
}

/// Returns the number of bytes written, and the position after them.
async fn write_at(
    caller: &mut Caller<'_, Guest>,
    fd: u32,
    iovs: u32,
    count: u32,
    offset: u64,
) -> Result<(usize, u64), Failure> {
    let file = table(caller.data_mut())?.file(fd)?;
    if !file.flags.write {
        return Err(Errno::BADF.into());
    }
    let OpenFile { flags, tracked, .. } = file;
    let (append, tracked) = (flags.append, Arc::clone(tracked));
    let files = Arc::clone(caller.data().files());
    let vectors = vectors(caller, iovs, count)?;
    let bytes = gather(caller, &vectors)?;
    if bytes.is_empty() {
        return Ok((0, offset));
    }
    let length = if append {
        Length::By(bytes.len() as u64)
    } else {
        Length::To(offset.saturating_add(bytes.len() as u64))
    };
    let write = move || {
        tracked.lengthening(files.disk(), length, |mut file| {
            if append {
                // The system writes at the end of the file at that moment.
                let written = again(|| io::Write::write(&mut file, &bytes))?;
                return Ok((written, file.metadata()?.len()));
            }
            let written = again(|| file.write_at(&bytes, offset))?;
            Ok((written, offset.saturating_add(written as u64)))
        })
    };
    on_disk(caller.data(), write).await
}

/// Repeats a call that a signal interrupted.
fn again<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

pub(super) async fn fd_seek(
    caller: &mut Caller<'_, Guest>,
    fd: u32,
    offset: i64,
    whence: u32,
    out: u32,
) -> Done {
    check_seekable(caller, fd)?;
    let file = table(caller.data_mut())?.file(fd)?;
    let from = match whence {
        0 => 0,
        1 => file.position,
        2 => {
            let tracked = Arc::clone(&file.tracked);
            on_disk(caller.data(), move || Ok(tracked.file().metadata()?.len())).await?
        }
        _ => return Err(Errno::INVAL.into()),
    };
    // Programs read the position as a signed number.
    let position = from
        .checked_add_signed(offset)
        .filter(|position| i64::try_from(*position).is_ok())
        .ok_or(Errno::INVAL)?;
    table(caller.data_mut())?.file(fd)?.position = position;
    put(caller, out, &position.to_le_bytes())
}

pub(super) async fn fd_readdir(
    caller: &mut Caller<'_, Guest>,
    fd: u32,
    buffer: u32,
    len: u32,
    cookie: u64,
    out: u32,
) -> Done {
    if len > MAX_LISTING {
        return Err(Errno::INVAL.into());
    }
    let len = len as usize;
    let (tree, listing) = match table(caller.data_mut())?.get(fd)? {
        Descriptor::Directory(directory) => (directory.tree.clone(), directory.listing.take()),
        Descriptor::Preopen(preopen) => {
            let preopen = preopen.clone();
            let targets = core(caller.data_mut())?.namespace.find(&preopen, b".");
            let tree = targets.into_iter().find_map(whole);
            // Listed from the start each time: programs open a directory to list
            // it.
            (tree.ok_or(Errno::NOTCAPABLE)?, None)
        }
        _ => return Err(Errno::NOTDIR.into()),
    };
    let list = move || list(&tree.dir, listing, len, cookie);
    let (bytes, listing) = on_disk(caller.data(), list).await?;
    if let Descriptor::Directory(directory) = table(caller.data_mut())?.get(fd)? {
        directory.listing = Some(listing);
    }
    put(caller, buffer, &bytes)?;
    put(caller, out, &size(bytes.len()))
}

fn whole(target: Target) -> Option<Tree> {
    match target {
        Target::Below(tree, path) if path.as_os_str() == "." => Some(tree),
        _ => None,
    }
}

/// Returns the entries from a cookie on, as many as fit; the last one may be cut
/// off.
fn list(
    dir: &Dir,
    listing: Option<Listing>,
    len: usize,
    cookie: u64,
) -> Result<(Vec<u8>, Listing), Errno> {
    let known = |listing: &Listing| {
        let given = listing.given.len() as u64;
        // A listing from the start reads the directory anew.
        cookie > 0 && (listing.first..=listing.first + given).contains(&cookie)
    };
    let mut listing = match listing.filter(known) {
        Some(listing) => listing,
        None => Listing::new(dir)?,
    };
    listing.skip_to(cookie)?;
    let mut bytes = Vec::with_capacity(len.min(MAX_TRANSFER));
    let mut index = 0;
    while bytes.len() < len {
        if index == listing.given.len() && !listing.read_one()? {
            break;
        }
        let Some(entry) = listing.given.get(index) else {
            break;
        };
        index += 1;
        entry.write(listing.first + index as u64, &mut bytes);
    }
    bytes.truncate(len);
    Ok((bytes, listing))
}

impl Listing {
    fn new(dir: &Dir) -> Result<Listing, Errno> {
        let dot = |name: &[u8]| Entry {
            name: name.to_vec(),
            inode: 0,
            kind: kind::DIRECTORY,
        };
        Ok(Listing {
            rest: dir.entries()?,
            given: VecDeque::from([dot(b"."), dot(b"..")]),
            first: 0,
        })
    }

    /// Drops the entries before a cookie.
    fn skip_to(&mut self, cookie: u64) -> Result<(), Errno> {
        while self.first < cookie {
            if self.given.is_empty() && !self.read_one()? {
                return Ok(());
            }
            self.given.pop_front();
            self.first += 1;
        }
        Ok(())
    }

    /// Reads one more entry; returns false at the end.
    fn read_one(&mut self) -> Result<bool, Errno> {
        let Some(entry) = self.rest.next() else {
            return Ok(false);
        };
        let entry = entry?;
        self.given.push_back(Entry {
            inode: entry.ino(),
            kind: entry.file_type().map_or(kind::UNKNOWN, kind_of),
            name: entry.file_name().into_vec(),
        });
        Ok(true)
    }
}

impl Entry {
    fn write(&self, next: u64, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&next.to_le_bytes());
        bytes.extend_from_slice(&self.inode.to_le_bytes());
        bytes.extend_from_slice(&size(self.name.len()));
        bytes.extend_from_slice(&[self.kind, 0, 0, 0]);
        bytes.extend_from_slice(&self.name);
    }
}
