//! Preview 1 of WASI for core modules.
//!
//! [`link`] defines all functions. Every operand of a call is bounded. A longer
//! read or write transfers a part, which callers expect. Any other operand that is
//! too long is refused before a byte of it is read.

mod descriptors;
mod files;
mod guest_memory;
mod paths;
mod poll;
mod system;

use std::mem;
use std::sync::Arc;

use tokio::runtime::Handle;
use wasmtime::{Caller, Linker};

use super::errno::Errno;
use super::namespace::Namespace;
use super::table::Table;
use crate::blocking;
use crate::guest::Guest;

const MODULE: &str = "wasi_snapshot_preview1";

/// The WASI state of a core module.
pub(crate) struct Core {
    namespace: Arc<Namespace>,
    table: Table,
    tokio: Handle,
}

impl Core {
    fn new(guest: &Guest) -> Core {
        let grants = &guest.run.program.grants.paths;
        Core {
            namespace: Arc::new(Namespace::new(grants)),
            table: Table::new(Namespace::preopens(grants)),
            tokio: guest.shared.tokio.clone(),
        }
    }
}

impl Drop for Core {
    /// Closes the files off the worker: closing can wait for a disk.
    fn drop(&mut self) {
        if self.table.has_opened() {
            let table = mem::take(&mut self.table);
            drop(blocking::spawn(&self.tokio, move || drop(table)));
        }
    }
}

/// The failure of a call.
enum Failure {
    /// The guest gets this number.
    Errno(Errno),
    /// The guest traps: it named memory that it does not have.
    Trap(wasmtime::Error),
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Failure {
        Failure::Errno(errno)
    }
}

impl From<wasmtime::Error> for Failure {
    fn from(trap: wasmtime::Error) -> Failure {
        Failure::Trap(trap)
    }
}

type Done = Result<(), Failure>;

fn status(done: Done) -> wasmtime::Result<i32> {
    match done {
        Ok(()) => Ok(0),
        Err(Failure::Errno(errno)) => Ok(i32::from(errno.0)),
        Err(Failure::Trap(trap)) => Err(trap),
    }
}

/// Defines functions that return at once.
macro_rules! at_once {
    ($linker:ident: $($function:path => $name:ident($($parameter:ident: $type:ty),*)),+ $(,)?) => {$(
        $linker.func_wrap(
            MODULE,
            stringify!($name),
            |mut caller: Caller<'_, Guest>, $($parameter: $type),*| {
                status($function(&mut caller, $($parameter),*))
            },
        )?;
    )+};
}

/// Defines functions that may wait.
macro_rules! waiting {
    ($linker:ident: $($function:path => $name:ident($($parameter:ident: $type:ty),*)),+ $(,)?) => {$(
        $linker.func_wrap_async(
            MODULE,
            stringify!($name),
            |mut caller: Caller<'_, Guest>, ($($parameter,)*): ($($type,)*)| {
                Box::new(async move { status($function(&mut caller, $($parameter),*).await) })
            },
        )?;
    )+};
}

/// Links all of preview 1.
#[rustfmt::skip]
pub(crate) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    at_once!(linker:
        system::args_get => args_get(argv: u32, buffer: u32),
        system::args_sizes_get => args_sizes_get(count: u32, size: u32),
        system::environ_get => environ_get(environ: u32, buffer: u32),
        system::environ_sizes_get => environ_sizes_get(count: u32, size: u32),
        system::clock_res_get => clock_res_get(clock: u32, out: u32),
        system::clock_time_get => clock_time_get(clock: u32, precision: u64, out: u32),
        system::proc_raise => proc_raise(signal: u32),
        system::sched_yield => sched_yield(),
        system::sock_accept => sock_accept(fd: u32, flags: u32, out: u32),
        system::sock_recv => sock_recv(fd: u32, vectors: u32, count: u32, flags: u32, out: u32, out_flags: u32),
        system::sock_send => sock_send(fd: u32, vectors: u32, count: u32, flags: u32, out: u32),
        system::sock_shutdown => sock_shutdown(fd: u32, how: u32),
        descriptors::fd_prestat_get => fd_prestat_get(fd: u32, out: u32),
        descriptors::fd_prestat_dir_name => fd_prestat_dir_name(fd: u32, buffer: u32, len: u32),
        descriptors::fd_fdstat_get => fd_fdstat_get(fd: u32, out: u32),
        descriptors::fd_fdstat_set_rights => fd_fdstat_set_rights(fd: u32, base: u64, inheriting: u64),
        descriptors::fd_advise => fd_advise(fd: u32, offset: u64, len: u64, advice: u32),
        descriptors::fd_allocate => fd_allocate(fd: u32, offset: u64, len: u64),
        descriptors::fd_tell => fd_tell(fd: u32, out: u32),
    );
    waiting!(linker:
        system::random_get => random_get(buffer: u32, len: u32),
        descriptors::fd_close => fd_close(fd: u32),
        descriptors::fd_renumber => fd_renumber(from: u32, to: u32),
        descriptors::fd_fdstat_set_flags => fd_fdstat_set_flags(fd: u32, flags: u32),
        files::fd_datasync => fd_datasync(fd: u32),
        files::fd_sync => fd_sync(fd: u32),
        files::fd_filestat_get => fd_filestat_get(fd: u32, out: u32),
        files::fd_filestat_set_size => fd_filestat_set_size(fd: u32, size: u64),
        files::fd_filestat_set_times => fd_filestat_set_times(fd: u32, accessed: u64, modified: u64, which: u32),
        files::fd_read => fd_read(fd: u32, vectors: u32, count: u32, out: u32),
        files::fd_pread => fd_pread(fd: u32, vectors: u32, count: u32, offset: u64, out: u32),
        files::fd_write => fd_write(fd: u32, vectors: u32, count: u32, out: u32),
        files::fd_pwrite => fd_pwrite(fd: u32, vectors: u32, count: u32, offset: u64, out: u32),
        files::fd_seek => fd_seek(fd: u32, offset: i64, whence: u32, out: u32),
        files::fd_readdir => fd_readdir(fd: u32, buffer: u32, len: u32, cookie: u64, out: u32),
        paths::path_create_directory => path_create_directory(fd: u32, path: u32, len: u32),
        paths::path_filestat_get => path_filestat_get(fd: u32, flags: u32, path: u32, len: u32, out: u32),
        paths::path_filestat_set_times => path_filestat_set_times(fd: u32, flags: u32, path: u32, len: u32, accessed: u64, modified: u64, which: u32),
        paths::path_link => path_link(fd: u32, flags: u32, path: u32, len: u32, new_fd: u32, new_path: u32, new_len: u32),
        paths::path_open => path_open(fd: u32, flags: u32, path: u32, len: u32, how: u32, rights: u64, inheriting: u64, fd_flags: u32, out: u32),
        paths::path_readlink => path_readlink(fd: u32, path: u32, len: u32, buffer: u32, buffer_len: u32, out: u32),
        paths::path_remove_directory => path_remove_directory(fd: u32, path: u32, len: u32),
        paths::path_rename => path_rename(fd: u32, path: u32, len: u32, new_fd: u32, new_path: u32, new_len: u32),
        paths::path_symlink => path_symlink(content: u32, content_len: u32, fd: u32, path: u32, len: u32),
        paths::path_unlink_file => path_unlink_file(fd: u32, path: u32, len: u32),
        poll::poll_oneoff => poll_oneoff(subscriptions: u32, events: u32, count: u32, out: u32),
    );
    linker.func_wrap(MODULE, "proc_exit", system::proc_exit)?;
    Ok(())
}

/// The WASI state of the guest, made at its first use.
fn core(guest: &mut Guest) -> Result<&mut Core, Failure> {
    if guest.wasi.is_none() {
        let core = Core::new(guest);
        guest.wasi = Some(Box::new(core));
    }
    let wasi = guest.wasi.as_mut();
    wasi.and_then(|wasi| wasi.downcast_mut())
        .ok_or_else(|| wasmtime::format_err!("a component has called preview 1 of WASI").into())
}

fn table(guest: &mut Guest) -> Result<&mut Table, Failure> {
    Ok(&mut core(guest)?.table)
}

/// Runs work that may wait for a disk, while other processes run.
async fn on_disk<T: Send + 'static>(
    guest: &Guest,
    work: impl FnOnce() -> Result<T, Errno> + Send + 'static,
) -> Result<T, Failure> {
    let done = guest.file_work(work).await;
    Ok(done.ok_or(Errno::IO)??)
}
