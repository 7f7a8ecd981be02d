//! `wasi:filesystem`, based on wasmtime's implementation. Here granted directories
//! are opened once, open files and their streams are counted, and files that could block for
//! ever are not opened.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cap_std::fs::Dir;
use tokio::runtime::Handle;
use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::filesystem::{
    Descriptor, Dir as WasiDir, File as WasiFile, WasiFilesystemCtxView,
};
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    self, ErrorCode, HostDescriptor, HostDirectoryEntryStream,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};
use wasmtime_wasi::{FsPerms, OpenMode};

use super::held::Held;
use super::input::FileInput;
use super::output::FileOutput;
use super::{MAX_FILE_STREAMS, Parts};
use crate::abi::wasi::errno::Errno;
use crate::abi::wasi::tree::{How, Opened, Target, Times, Tree};
use crate::disk::Length;
use crate::files::HostFiles;
use crate::guest::Guest;

/// The most entries of a listed directory: wasmtime reads all of them at once.
const MAX_ENTRIES: usize = 65_536;

/// The most bytes of a path.
const MAX_PATH: usize = 4_096;

struct Filesystem;

impl HasData for Filesystem {
    type Data<'a> = View<'a>;
}

struct View<'a> {
    library: WasiFilesystemCtxView<'a>,
    preopens: &'a [(WasiDir, String)],
    held: &'a mut HashMap<u32, Arc<Held>>,
    open: &'a Arc<()>,
    streams: &'a Arc<()>,
    files: Arc<HostFiles>,
    tokio: Handle,
}

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    types::add_to_linker::<Guest, Filesystem>(linker, view)?;
    preopens::add_to_linker::<Guest, Filesystem>(linker, view)
}

fn view(guest: &mut Guest) -> View<'_> {
    let (files, tokio) = (Arc::clone(guest.files()), guest.shared.tokio.clone());
    let Parts {
        ctx,
        table,
        preopens,
        held,
        open,
        streams,
        ..
    } = guest.component();
    View {
        library: WasiFilesystemCtxView {
            ctx: ctx.filesystem(),
            table,
        },
        preopens,
        held,
        open,
        streams,
        files,
        tokio,
    }
}

impl View<'_> {
    /// Takes tickets for one more file. The file is open twice: in wasmtime, and to
    /// track its length.
    fn hold(&self) -> FsResult<Held> {
        let open = 2 * (Arc::strong_count(self.open) - 1);
        let ticket = |open| self.files.take(open).ok_or(ErrorCode::InsufficientMemory);
        Ok(Held {
            _tickets: vec![ticket(open)?, ticket(open + 1)?],
            _open: Arc::clone(self.open),
            tracked: None,
        })
    }

    /// Counts one more stream of a file.
    fn stream(&self) -> FsResult<Arc<()>> {
        if Arc::strong_count(self.streams) > MAX_FILE_STREAMS {
            return Err(ErrorCode::InsufficientMemory.into());
        }
        Ok(Arc::clone(self.streams))
    }

    /// Resolves a path below a directory.
    fn target(&self, fd: &Fd, path: String) -> FsResult<Target> {
        let Descriptor::Dir(dir) = self.library.table.get(fd)? else {
            return Err(ErrorCode::NotDirectory.into());
        };
        if path.len() > MAX_PATH {
            return Err(ErrorCode::NameTooLong.into());
        }
        let tree = Tree {
            dir: Arc::new(Dir::from_std_file(dir.dir.try_clone()?)),
            write: dir.perms == FsPerms::ReadWrite,
        };
        Ok(Target::Below(tree, path.into()))
    }

    fn on_disk<T, W>(&self, work: W) -> impl Future<Output = FsResult<T>> + Send + use<T, W>
    where
        T: Send + 'static,
        W: FnOnce(&HostFiles) -> Result<T, Errno> + Send + 'static,
    {
        let files = Arc::clone(&self.files);
        let done = Arc::clone(&self.files).run(self.tokio.clone(), move || work(&files));
        async move { Ok(done.await.ok_or(ErrorCode::Io)?.map_err(error_code)?) }
    }

    /// An open file that may be changed.
    fn changeable(&self, fd: &Fd) -> FsResult<Arc<Held>> {
        match self.library.table.get(fd)? {
            Descriptor::File(file) if file.perms == FsPerms::ReadWrite => {
                let held = self.held.get(&fd.rep());
                Ok(Arc::clone(held.ok_or(ErrorCode::BadDescriptor)?))
            }
            Descriptor::File(_) => Err(ErrorCode::NotPermitted.into()),
            Descriptor::Dir(_) => Err(ErrorCode::BadDescriptor.into()),
        }
    }
}

impl preopens::Host for View<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let mut directories = Vec::with_capacity(self.preopens.len());
        for (dir, name) in self.preopens {
            let dir = self.library.table.push(Descriptor::Dir(dir.clone()))?;
            directories.push((dir, name.clone()));
        }
        Ok(directories)
    }
}

impl types::Host for View<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        types::Host::convert_error_code(&mut self.library, error)
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        types::Host::filesystem_error_code(&mut self.library, error)
    }
}

/// Defines methods that call wasmtime's, on a counted thread.
macro_rules! the_librarys {
    ($($name:ident($($parameter:ident: $type:ty),*) -> $result:ty;)+) => {$(
        async fn $name(&mut self, $($parameter: $type),*) -> $result {
            let _threads = self.files.threads().await;
            HostDescriptor::$name(&mut self.library, $($parameter),*).await
        }
    )+};
}

type Fd = Resource<Descriptor>;

impl HostDescriptor for View<'_> {
    the_librarys! {
        advise(fd: Fd, offset: u64, len: u64, advice: types::Advice) -> FsResult<()>;
        sync_data(fd: Fd) -> FsResult<()>;
        sync(fd: Fd) -> FsResult<()>;
        get_flags(fd: Fd) -> FsResult<types::DescriptorFlags>;
        get_type(fd: Fd) -> FsResult<types::DescriptorType>;
        read(fd: Fd, len: u64, offset: u64) -> FsResult<(Vec<u8>, bool)>;
        stat(fd: Fd) -> FsResult<types::DescriptorStat>;
        stat_at(fd: Fd, flags: types::PathFlags, path: String) -> FsResult<types::DescriptorStat>;
        readlink_at(fd: Fd, path: String) -> FsResult<String>;
        is_same_object(one: Fd, other: Fd) -> wasmtime::Result<bool>;
        metadata_hash(fd: Fd) -> FsResult<types::MetadataHashValue>;
        metadata_hash_at(fd: Fd, flags: types::PathFlags, path: String) -> FsResult<types::MetadataHashValue>;
    }

    async fn open_at(
        &mut self,
        fd: Fd,
        path_flags: types::PathFlags,
        path: String,
        open_flags: types::OpenFlags,
        flags: types::DescriptorFlags,
    ) -> FsResult<Fd> {
        use types::{DescriptorFlags, OpenFlags, PathFlags};
        let target = self.target(&fd, path)?;
        let synchronous = DescriptorFlags::FILE_INTEGRITY_SYNC
            | DescriptorFlags::DATA_INTEGRITY_SYNC
            | DescriptorFlags::REQUESTED_WRITE_SYNC;
        if flags.intersects(synchronous) {
            return Err(ErrorCode::Unsupported.into());
        }
        let how = How {
            read: flags.contains(DescriptorFlags::READ),
            write: flags.contains(DescriptorFlags::WRITE),
            append: false,
            create: open_flags.contains(OpenFlags::CREATE),
            exclusive: open_flags.contains(OpenFlags::EXCLUSIVE),
            truncate: open_flags.contains(OpenFlags::TRUNCATE),
            directory: open_flags.contains(OpenFlags::DIRECTORY),
            follow: path_flags.contains(PathFlags::SYMLINK_FOLLOW),
        };
        let mut held = self.hold()?;
        let mut mode = OpenMode::empty();
        mode.set(OpenMode::READ, how.read || !how.write);
        mode.set(OpenMode::WRITE, how.write || how.create || how.truncate);
        let perms = |write| {
            if write {
                FsPerms::ReadWrite
            } else {
                FsPerms::ReadOnly
            }
        };
        let descriptor = match self.on_disk(move |files| target.open(how, files)).await? {
            Opened::Directory(tree) => {
                let dir = Arc::into_inner(tree.dir).ok_or(ErrorCode::Io)?;
                let dir = WasiDir::new(dir.into_std_file(), perms(tree.write), mode, false);
                Descriptor::Dir(dir)
            }
            Opened::File { file, may_change } => {
                let of_library = file.file().try_clone()?;
                held.tracked = Some(file);
                Descriptor::File(WasiFile::new(of_library, perms(may_change), mode, false))
            }
        };
        let fd = self.library.table.push(descriptor)?;
        self.held.insert(fd.rep(), Arc::new(held));
        Ok(fd)
    }

    async fn set_size(&mut self, fd: Fd, size: u64) -> FsResult<()> {
        let held = self.changeable(&fd)?;
        self.on_disk(move |files| {
            let tracked = held.tracked.as_ref().ok_or(Errno::BADF)?;
            tracked.lengthening(files.disk(), Length::To(size), |file| {
                Ok(file.set_len(size)?)
            })
        })
        .await
    }

    async fn write(&mut self, fd: Fd, bytes: Vec<u8>, offset: u64) -> FsResult<u64> {
        let held = self.changeable(&fd)?;
        let write = move |files: &HostFiles| held.write(files, &bytes, Some(offset));
        Ok(self.on_disk(write).await? as u64)
    }

    async fn create_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let target = self.target(&fd, path)?;
        self.on_disk(move |files| target.create_directory(files))
            .await
    }

    async fn remove_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let target = self.target(&fd, path)?;
        self.on_disk(move |files| target.remove_directory(files))
            .await
    }

    async fn rename_at(&mut self, fd: Fd, path: String, new: Fd, new_path: String) -> FsResult<()> {
        let (old, new) = (self.target(&fd, path)?, self.target(&new, new_path)?);
        self.on_disk(move |files| old.rename(&new, files)).await
    }

    // The library's does not charge the host for the new name.
    async fn link_at(
        &mut self,
        fd: Fd,
        flags: types::PathFlags,
        path: String,
        new: Fd,
        new_path: String,
    ) -> FsResult<()> {
        // Following a link here would give the new name to the link's target.
        if flags.contains(types::PathFlags::SYMLINK_FOLLOW) {
            return Err(ErrorCode::Invalid.into());
        }
        let (old, new) = (self.target(&fd, path)?, self.target(&new, new_path)?);
        self.on_disk(move |files| old.hard_link(&new, files)).await
    }

    // The library's fails for a directory, whose handle is for paths only.
    async fn set_times(
        &mut self,
        fd: Fd,
        accessed: types::NewTimestamp,
        modified: types::NewTimestamp,
    ) -> FsResult<()> {
        let times = times(accessed, modified)?;
        if let Descriptor::Dir(_) = self.library.table.get(&fd)? {
            let target = self.target(&fd, ".".to_owned())?;
            return self.on_disk(move |_| target.set_times(true, times)).await;
        }
        let held = self.changeable(&fd)?;
        self.on_disk(move |_| {
            let tracked = held.tracked.as_ref().ok_or(Errno::BADF)?;
            Ok(tracked.file().set_times(times.of_file())?)
        })
        .await
    }

    // The library's opens a FIFO, and waits until somebody reads from it.
    async fn set_times_at(
        &mut self,
        fd: Fd,
        flags: types::PathFlags,
        path: String,
        accessed: types::NewTimestamp,
        modified: types::NewTimestamp,
    ) -> FsResult<()> {
        let times = times(accessed, modified)?;
        let follow = flags.contains(types::PathFlags::SYMLINK_FOLLOW);
        let target = self.target(&fd, path)?;
        self.on_disk(move |_| target.set_times(follow, times)).await
    }

    async fn symlink_at(&mut self, fd: Fd, content: String, path: String) -> FsResult<()> {
        let target = self.target(&fd, path)?;
        self.on_disk(move |files| target.create_link(content.as_ref(), files))
            .await
    }

    async fn unlink_file_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let target = self.target(&fd, path)?;
        self.on_disk(move |files| target.remove_file(files)).await
    }

    fn drop(&mut self, fd: Fd) -> wasmtime::Result<()> {
        self.held.remove(&fd.rep());
        HostDescriptor::drop(&mut self.library, fd)
    }

    async fn read_directory(&mut self, fd: Fd) -> FsResult<Resource<types::DirectoryEntryStream>> {
        let Descriptor::Dir(dir) = self.library.table.get(&fd)? else {
            return Err(ErrorCode::NotDirectory.into());
        };
        let dir = Arc::clone(&dir.dir);
        let count = move || {
            let dir = Dir::from_std_file(dir.try_clone()?);
            let mut entries = dir.entries()?;
            Ok::<_, std::io::Error>(entries.nth(MAX_ENTRIES).is_none())
        };
        let counted = Arc::clone(&self.files).run(self.tokio.clone(), count).await;
        if !counted.ok_or(ErrorCode::Io)?? {
            return Err(ErrorCode::Overflow.into());
        }
        let _threads = self.files.threads().await;
        HostDescriptor::read_directory(&mut self.library, fd).await
    }

    fn read_via_stream(&mut self, fd: Fd, offset: u64) -> FsResult<Resource<DynInputStream>> {
        let Descriptor::File(_) = self.library.table.get(&fd)? else {
            return Err(ErrorCode::IsDirectory.into());
        };
        let held = self.held.get(&fd.rep()).cloned();
        let stream: DynInputStream = Box::new(FileInput::new(
            held.ok_or(ErrorCode::BadDescriptor)?,
            offset,
            Arc::clone(&self.files),
            self.tokio.clone(),
            self.stream()?,
        ));
        Ok(self.library.table.push(stream)?)
    }

    fn write_via_stream(&mut self, fd: Fd, offset: u64) -> FsResult<Resource<DynOutputStream>> {
        self.output(&fd, Some(offset))
    }

    fn append_via_stream(&mut self, fd: Fd) -> FsResult<Resource<DynOutputStream>> {
        self.output(&fd, None)
    }
}

impl View<'_> {
    fn output(&mut self, fd: &Fd, position: Option<u64>) -> FsResult<Resource<DynOutputStream>> {
        let stream: DynOutputStream = Box::new(FileOutput::new(
            self.changeable(fd)?,
            position,
            Arc::clone(&self.files),
            self.tokio.clone(),
            self.stream()?,
        ));
        Ok(self.library.table.push(stream)?)
    }
}

impl HostDirectoryEntryStream for View<'_> {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<types::DirectoryEntryStream>,
    ) -> FsResult<Option<types::DirectoryEntry>> {
        HostDirectoryEntryStream::read_directory_entry(&mut self.library, stream).await
    }

    fn drop(&mut self, stream: Resource<types::DirectoryEntryStream>) -> wasmtime::Result<()> {
        HostDirectoryEntryStream::drop(&mut self.library, stream)
    }
}

/// Returns the time to set; none where it stays.
fn times(accessed: types::NewTimestamp, modified: types::NewTimestamp) -> FsResult<Times> {
    Ok(Times {
        accessed: time(accessed)?,
        modified: time(modified)?,
    })
}

fn time(timestamp: types::NewTimestamp) -> FsResult<Option<SystemTime>> {
    let time = match timestamp {
        types::NewTimestamp::NoChange => return Ok(None),
        types::NewTimestamp::Now => Some(SystemTime::now()),
        types::NewTimestamp::Timestamp(at) => Duration::from_secs(at.seconds)
            .checked_add(Duration::from_nanos(at.nanoseconds.into()))
            .and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since)),
    };
    Ok(Some(time.ok_or(ErrorCode::Overflow)?))
}

fn error_code(errno: Errno) -> ErrorCode {
    match errno {
        Errno::ACCES => ErrorCode::Access,
        Errno::AGAIN => ErrorCode::WouldBlock,
        Errno::BADF => ErrorCode::BadDescriptor,
        Errno::BUSY => ErrorCode::Busy,
        Errno::DQUOT => ErrorCode::Quota,
        Errno::EXIST => ErrorCode::Exist,
        Errno::FBIG => ErrorCode::FileTooLarge,
        Errno::INTR => ErrorCode::Interrupted,
        Errno::INVAL => ErrorCode::Invalid,
        Errno::ISDIR => ErrorCode::IsDirectory,
        Errno::LOOP => ErrorCode::Loop,
        Errno::MLINK => ErrorCode::TooManyLinks,
        // `wasi:filesystem` has no code for too many open files.
        Errno::MFILE | Errno::NFILE | Errno::NOMEM => ErrorCode::InsufficientMemory,
        Errno::NAMETOOLONG => ErrorCode::NameTooLong,
        Errno::NOENT => ErrorCode::NoEntry,
        Errno::NOSPC => ErrorCode::InsufficientSpace,
        Errno::NOTDIR => ErrorCode::NotDirectory,
        Errno::NOTEMPTY => ErrorCode::NotEmpty,
        Errno::NOTSUP => ErrorCode::Unsupported,
        Errno::NXIO => ErrorCode::NoSuchDevice,
        Errno::PERM | Errno::NOTCAPABLE => ErrorCode::NotPermitted,
        Errno::PIPE => ErrorCode::Pipe,
        Errno::ROFS => ErrorCode::ReadOnly,
        Errno::SPIPE => ErrorCode::InvalidSeek,
        Errno::TXTBSY => ErrorCode::TextFileBusy,
        Errno::XDEV => ErrorCode::CrossDevice,
        _ => ErrorCode::Io,
    }
}
