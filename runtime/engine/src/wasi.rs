//! WASI, what the libraries of other languages import: preview 1 for core
//! modules, 0.2 for components.
//!
//! A process without grants gets clocks, randomness and output, and "not
//! permitted" for everything else. A process with grants gets the real thing
//! (`wasmtime_wasi`) with exactly the directories and variables granted.

mod component;
mod grants;
mod paths;

use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::{Caller, FuncType, Linker, Val, ValType};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p1::WasiP1Ctx;

use self::grants::Preopens;
use crate::definition::Grants;
use crate::flat::{fill_with_random_bytes, memory_and_guest, range, range_mut, write_range};
use crate::guest::{Guest, Unwind};
use crate::node::Node;
use crate::output::Stream;

pub(crate) use component::{exit_of, link as link_component};

const MODULE: &str = "wasi_snapshot_preview1";

/// Error numbers of preview 1.
mod errno {
    pub(super) const SUCCESS: i32 = 0;
    pub(super) const BADF: i32 = 8;
    pub(super) const INVAL: i32 = 28;
    pub(super) const NOTCAPABLE: i32 = 76;
}

/// Every function there is, with its parameters: `i` is 32, `l` 64 bits wide.
/// All but `proc_exit` return an error number.
const FUNCTIONS: &[(&str, &str)] = &[
    ("args_get", "ii"),
    ("args_sizes_get", "ii"),
    ("clock_res_get", "ii"),
    ("clock_time_get", "ili"),
    ("environ_get", "ii"),
    ("environ_sizes_get", "ii"),
    ("fd_advise", "illi"),
    ("fd_allocate", "ill"),
    ("fd_close", "i"),
    ("fd_datasync", "i"),
    ("fd_fdstat_get", "ii"),
    ("fd_fdstat_set_flags", "ii"),
    ("fd_fdstat_set_rights", "ill"),
    ("fd_filestat_get", "ii"),
    ("fd_filestat_set_size", "il"),
    ("fd_filestat_set_times", "illi"),
    ("fd_pread", "iiili"),
    ("fd_prestat_dir_name", "iii"),
    ("fd_prestat_get", "ii"),
    ("fd_pwrite", "iiili"),
    ("fd_read", "iiii"),
    ("fd_readdir", "iiili"),
    ("fd_renumber", "ii"),
    ("fd_seek", "ilii"),
    ("fd_sync", "i"),
    ("fd_tell", "ii"),
    ("fd_write", "iiii"),
    ("path_create_directory", "iii"),
    ("path_filestat_get", "iiiii"),
    ("path_filestat_set_times", "iiiilli"),
    ("path_link", "iiiiiii"),
    ("path_open", "iiiiillii"),
    ("path_readlink", "iiiiii"),
    ("path_remove_directory", "iii"),
    ("path_rename", "iiiiii"),
    ("path_symlink", "iiiii"),
    ("path_unlink_file", "iii"),
    ("poll_oneoff", "iiii"),
    ("proc_exit", "i"),
    ("proc_raise", "i"),
    ("random_get", "ii"),
    ("sched_yield", ""),
    ("sock_accept", "iii"),
    ("sock_recv", "iiiiii"),
    ("sock_send", "iiiii"),
    ("sock_shutdown", "ii"),
];

/// Links preview 1 for processes that were granted nothing.
pub(crate) fn link_without_grants(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    for (name, parameters) in FUNCTIONS {
        let parameters = parameters
            .chars()
            .map(|c| if c == 'i' { ValType::I32 } else { ValType::I64 });
        let results = (*name != "proc_exit").then_some(ValType::I32);
        let ty = FuncType::new(linker.engine(), parameters, results);
        let refusal = if name.starts_with("fd_") {
            errno::BADF
        } else {
            errno::NOTCAPABLE
        };
        linker.func_new(MODULE, name, ty, move |_, _, results| {
            if let Some(result) = results.first_mut() {
                *result = Val::I32(refusal);
            }
            Ok(())
        })?;
    }
    linker.func_wrap(MODULE, "args_sizes_get", nothing)?;
    linker.func_wrap(MODULE, "args_get", |_: i32, _: i32| errno::SUCCESS)?;
    linker.func_wrap(MODULE, "environ_sizes_get", nothing)?;
    linker.func_wrap(MODULE, "environ_get", |_: i32, _: i32| errno::SUCCESS)?;
    linker.func_wrap(MODULE, "sched_yield", || errno::SUCCESS)?;
    linker.func_wrap(MODULE, "clock_time_get", clock_time_get)?;
    linker.func_wrap(MODULE, "random_get", random_get)?;
    linker.func_wrap_async(
        MODULE,
        "fd_write",
        |caller, (fd, vectors, count, written)| {
            Box::new(fd_write(caller, fd, vectors, count, written))
        },
    )?;
    link_exit(linker)?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Links preview 1 for processes with a [`Guest::wasi`].
pub(crate) fn link_with_grants(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    wasmtime_wasi::p1::add_to_linker_async(linker, |guest: &mut Guest| {
        let node = &guest.node;
        guest
            .wasi
            .get_or_insert_with(|| Box::new(Granted::nothing(node)))
            .context()
    })?;
    paths::link(linker)?;
    link_exit(linker)?;
    linker.allow_shadowing(false);
    Ok(())
}

/// What a process with grants reaches.
pub(crate) struct Granted {
    /// Never locked: it is so that what holds a guest can be shared.
    context: Mutex<WasiP1Ctx>,
    preopens: Preopens,
}

impl Granted {
    fn context(&mut self) -> &mut WasiP1Ctx {
        let context = self.context.get_mut();
        context.unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens what was granted. Touches the file system.
    ///
    /// # Errors
    ///
    /// The first path that cannot be opened, and why.
    pub(crate) fn open(node: &Arc<Node>, grants: &Grants) -> Result<Granted, String> {
        let mut builder = builder(node);
        for (name, value) in &grants.env {
            builder.env(name, value);
        }
        let preopens = Preopens::open(&mut builder, grants)?;
        Ok(Granted {
            context: Mutex::new(builder.build_p1()),
            preopens,
        })
    }

    /// A component's, which has no way to be granted single files.
    ///
    /// # Errors
    ///
    /// As for [`Granted::open`], and for a grant of a file.
    pub(crate) fn open_for_component(node: &Arc<Node>, grants: &Grants) -> Result<Granted, String> {
        if let Some(file) = grants.paths.iter().find(|grant| !grant.path.is_dir()) {
            return Err(format!(
                "{} is a file; a component is granted whole directories only",
                file.guest
            ));
        }
        Granted::open(node, grants)
    }

    fn nothing(node: &Arc<Node>) -> Granted {
        Granted {
            context: Mutex::new(builder(node).build_p1()),
            preopens: Preopens::default(),
        }
    }
}

fn builder(node: &Arc<Node>) -> WasiCtxBuilder {
    let mut builder = WasiCtxBuilder::new();
    builder
        .stdout(ToOutput {
            node: Arc::clone(node),
            stream: Stream::Stdout,
        })
        .stderr(ToOutput {
            node: Arc::clone(node),
            stream: Stream::Stderr,
        });
    builder
}

/// `proc_exit` ends the process as `program.exit` does.
fn link_exit(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, "proc_exit", |status: i32| -> wasmtime::Result<()> {
        Err(wasmtime::Error::new(Unwind::Exit(status)))
    })?;
    Ok(())
}

/// There are no arguments and no variables.
fn nothing(mut caller: Caller<'_, Guest>, count: u32, size: u32) -> wasmtime::Result<i32> {
    let (memory, _) = memory_and_guest(&mut caller)?;
    range_mut(memory, count, 4, "count")?.fill(0);
    range_mut(memory, size, 4, "size")?.fill(0);
    Ok(errno::SUCCESS)
}

fn clock_time_get(
    mut caller: Caller<'_, Guest>,
    clock: i32,
    _precision: i64,
    out: u32,
) -> wasmtime::Result<i32> {
    let (memory, guest) = memory_and_guest(&mut caller)?;
    let now = guest.node.now();
    let nanoseconds = match clock {
        0 => now.wall.0.cast_unsigned(),
        1..=3 => now.monotonic.0,
        _ => return Ok(errno::INVAL),
    };
    range_mut(memory, out, 8, "time")?.copy_from_slice(&nanoseconds.to_le_bytes());
    Ok(errno::SUCCESS)
}

/// The most `random_get` gives at once: more would keep the worker from others.
const MAX_RANDOM: u32 = 1 << 20;

fn random_get(mut caller: Caller<'_, Guest>, ptr: u32, len: u32) -> wasmtime::Result<i32> {
    let (memory, _) = memory_and_guest(&mut caller)?;
    if len > MAX_RANDOM {
        return Ok(errno::INVAL);
    }
    fill_with_random_bytes(range_mut(memory, ptr, len, "buf")?)?;
    Ok(errno::SUCCESS)
}

/// The most vectors one `fd_write` looks at.
const MAX_VECTORS: u32 = 1_024;

/// The most bytes one `fd_write` takes.
const MAX_WRITE: u32 = 1 << 20;

/// Standard output and error; there is no other file.
async fn fd_write(
    mut caller: Caller<'_, Guest>,
    fd: i32,
    vectors: u32,
    count: u32,
    written: u32,
) -> wasmtime::Result<i32> {
    let stream = match fd {
        1 => Stream::Stdout,
        2 => Stream::Stderr,
        _ => return Ok(errno::BADF),
    };
    let mut total = 0_u32;
    // Writing less than was asked for is always allowed.
    for index in 0..count.min(MAX_VECTORS) {
        let (memory, _) = memory_and_guest(&mut caller)?;
        let vector = range(
            memory,
            vectors.saturating_add(index.saturating_mul(8)),
            8,
            "iovs",
        )?;
        let [ptr, len] = [&vector[..4], &vector[4..]]
            .map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        let room = MAX_WRITE - total;
        write_range(&mut caller, stream, ptr, len.min(room), "iov").await?;
        total += len.min(room);
        if len >= room {
            break;
        }
    }
    // libc buffers no standard error, and has no other way to pass it on.
    if stream == Stream::Stderr {
        caller.data_mut().flush(stream).await;
    }
    let (memory, _) = memory_and_guest(&mut caller)?;
    range_mut(memory, written, 4, "nwritten")?.copy_from_slice(&total.to_le_bytes());
    Ok(errno::SUCCESS)
}

/// A standard stream of a process with grants.
struct ToOutput {
    node: Arc<Node>,
    stream: Stream,
}

impl IsTerminal for ToOutput {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for ToOutput {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(self.node.output().writer(self.stream))
    }
}
