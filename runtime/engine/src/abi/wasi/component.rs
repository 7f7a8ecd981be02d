//! WASI 0.2 for components, whose tool chains link it in.
//!
//! All imports of `wasi:cli` are linked: clocks, randomness, streams, files,
//! sockets. So are those of `wasi:http`, `wasi:keyvalue` and `wasi:config`, which call
//! capabilities. They reach only grants: without grants there are no directories, variables,
//! stores and servers. A component that imports anything else of WASI is refused.

mod clocks;
mod config;
mod environment;
mod filesystem;
mod held;
mod http;
mod input;
mod keyvalue;
mod output;
mod poll;
mod sockets;
mod stdin;
mod stdio;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime_wasi::filesystem::Dir;
use wasmtime_wasi::random::Deterministic;
use wasmtime_wasi::{FsPerms, I32Exit, OpenMode, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use self::held::Held;
use self::http::Http;
use self::sockets::Sockets;
use self::stdin::Input;
use self::stdio::Stdio;
use crate::code::definition::Grants;
use crate::code::grant::Object;
use crate::guest::{Guest, Unwind};
use crate::output::Stream;

pub(crate) use self::http::answer;

/// The most resources of WASI that a component may hold: streams, pollables,
/// directory listings. Files have a limit of their own.
pub(crate) const MAX_RESOURCES: usize = 4_096;

/// The most streams of files that a component may hold. Each may hold 64 KiB that were
/// read, or wait to be written.
const MAX_FILE_STREAMS: usize = 256;

/// The most random bytes of one call; more would occupy the worker for too long.
const MAX_RANDOM: u64 = 64 * 1024;

/// The WASI state of a component.
pub(crate) struct Component {
    /// Never locked. The mutex makes the type `Sync`.
    parts: Mutex<Parts>,
}

struct Parts {
    ctx: WasiCtx,
    table: ResourceTable,
    preopens: Vec<(Dir, String)>,
    /// Open files and directories, by descriptor.
    held: HashMap<u32, Arc<Held>>,
    /// Every open file holds a clone, streams included. The number of clones is the
    /// number of open files.
    open: Arc<()>,
    /// Every stream of a file holds a clone.
    streams: Arc<()>,
    http: Http,
    sockets: Sockets,
}

/// Random bytes of a component in a run with a seed, after which they come again.
const SEED: usize = 256;

/// Defines the imports of WASI.
pub(crate) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    linker.allow_shadowing(true);
    filesystem::link(linker)?;
    poll::link(linker)?;
    clocks::link(linker)?;
    environment::link(linker)?;
    sockets::link(linker)?;
    linker.allow_shadowing(false);
    http::link(linker)?;
    keyvalue::link(linker)?;
    config::link(linker)
}

/// `wasi:cli/exit` ends the process as `program.exit` does.
pub(crate) fn exit_of(error: wasmtime::Error) -> wasmtime::Error {
    match error.downcast::<I32Exit>() {
        Ok(I32Exit(status)) => wasmtime::Error::new(Unwind::Exit(status)),
        Err(error) => error,
    }
}

/// The message for a component that holds too many resources.
pub(crate) fn too_many_resources() -> String {
    format!(
        "the component holds {MAX_RESOURCES} resources of WASI, the most allowed: drop streams \
         and pollables that are no longer used"
    )
}

impl Component {
    /// Opens the grants of a process.
    ///
    /// # Errors
    ///
    /// A description of the mistake: a grant is a file, or its directory cannot be
    /// opened.
    pub(crate) fn new(guest: &Guest, grants: &Grants) -> Result<Component, String> {
        let (shared, control) = (&guest.shared, &guest.control);
        let mut preopens = Vec::new();
        for grant in &grants.paths {
            let Object::Directory(dir) = grant.object() else {
                return Err(format!(
                    "{} is a file, and a component can be granted only directories: grant its \
                     directory",
                    grant.guest
                ));
            };
            let (perms, mode) = if grant.write {
                (FsPerms::ReadWrite, OpenMode::READ | OpenMode::WRITE)
            } else {
                (FsPerms::ReadOnly, OpenMode::READ)
            };
            let file = dir
                .try_clone()
                .map_err(|error| format!("{}: {error}", grant.path.display()))?;
            let dir = Dir::new(file.into_std_file(), perms, mode, false);
            preopens.push((dir, grant.guest.clone()));
        }
        let to = |stream| Stdio::new(Arc::clone(&shared.output), Arc::clone(control), stream);
        let mut builder = WasiCtxBuilder::new();
        builder
            .stdout(to(Stream::Stdout))
            .stderr(to(Stream::Stderr))
            .max_random_size(MAX_RANDOM);
        if guest.is_first() {
            builder.stdin(Input::new(shared, control));
        }
        if let Some(simulation) = &shared.simulation {
            let mut seed = [0; 3 * SEED];
            simulation.fill(&mut seed);
            let (secure, rest) = seed.split_at(SEED);
            let (insecure, hashes) = rest.split_at(SEED);
            let hashes = hashes.first_chunk().copied().unwrap_or_default();
            builder
                .secure_random(Deterministic::new(secure.to_vec()))
                .insecure_random(Deterministic::new(insecure.to_vec()))
                .insecure_random_seed(u128::from_le_bytes(hashes));
        }
        let sockets = Sockets::new(&grants.uses, &mut builder);
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        Ok(Component {
            parts: Mutex::new(Parts {
                ctx: builder.build(),
                table,
                preopens,
                held: HashMap::new(),
                open: Arc::new(()),
                streams: Arc::new(()),
                http: Http::default(),
                sockets,
            }),
        })
    }

    fn parts(&mut self) -> &mut Parts {
        self.parts.get_mut()
    }
}

impl Guest {
    /// The WASI state of the component, made at its first use.
    fn component(&mut self) -> &mut Parts {
        if !self
            .wasi
            .as_ref()
            .is_some_and(|wasi| wasi.is::<Component>())
        {
            // Cannot fail without grants.
            if let Ok(component) = Component::new(self, &Grants::default()) {
                self.wasi = Some(Box::new(component));
            }
        }
        match self.wasi.as_mut().and_then(|wasi| wasi.downcast_mut()) {
            Some(component) => Component::parts(component),
            None => unreachable!("it was made above"),
        }
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let parts = self.component();
        WasiCtxView {
            ctx: &mut parts.ctx,
            table: &mut parts.table,
        }
    }
}
