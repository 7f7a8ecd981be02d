//! The code of guests: compiled once for each class of slots, loaded once into
//! each pool.

use std::collections::HashMap;
use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::{Mutex, RwLock};
use tokio::sync::OnceCell;
use warren_kernel::{Error, Kind, nanoseconds};
use wasmtime::component::Component;
use wasmtime::{Engine, Module};

use crate::code::bounds::{self, CompileLimits};
use crate::code::cache::{self, CodeCache, Key};
use crate::code::class::{Class, Shape};
use crate::code::compile_threads;
use crate::code::image::{self, TookTooLong};
use crate::code::loaded::{ComponentCode, CoreCode, Loaded};
use crate::code::parked::{self, Bound, Snapshot};
use crate::code::pool::{Forget, Pool};
use crate::code::symbols::{Frame, Places, Symbols};
use crate::code::wasm::{Wasm, WasmFile, refusal};

/// A guest's code, compiled for each class of slots that needed it so far, at
/// least one.
#[derive(Debug)]
pub(crate) struct Artifact {
    /// The number among the artifacts of the node.
    number: Number,
    file: Arc<WasmFile>,
    shape: Shape,
    codes: RwLock<HashMap<Class, Arc<MachineCode>>>,
    /// One cell for each class whose code is compiled or was.
    making: Mutex<HashMap<Class, Arc<OnceCell<()>>>>,
    /// True once someone compiles the code for dense slots ahead.
    is_ahead: AtomicBool,
    symbols: Symbols,
    /// The hash of the file if its processes can be parked, once somebody has asked.
    fitness: OnceLock<Option<[u8; 32]>>,
    /// The memory that instances begin with, by class, once a process was parked.
    snapshots: Mutex<HashMap<Class, Arc<Snapshot>>>,
}

/// The numbers of a node's artifacts, by which pools keep loaded code. The number of
/// a dropped artifact is given to a later one, so that the numbers stay small.
#[derive(Debug, Default)]
pub(crate) struct Numbers(Mutex<(usize, Vec<usize>)>);

/// A number, and the pools in which code is loaded under it.
#[derive(Debug)]
pub(crate) struct Number {
    number: usize,
    numbers: Arc<Numbers>,
    pools: Mutex<Vec<Weak<dyn Forget>>>,
}

impl Numbers {
    /// Takes a number that no artifact has.
    pub(crate) fn take(self: &Arc<Self>) -> Number {
        let mut numbers = self.0.lock();
        let number = numbers.1.pop().unwrap_or_else(|| {
            numbers.0 += 1;
            numbers.0 - 1
        });
        Number {
            number,
            numbers: Arc::clone(self),
            pools: Mutex::default(),
        }
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        // A process that still runs the code holds it itself.
        let pools = self.pools.get_mut();
        for pool in pools.drain(..).filter_map(|pool| pool.upgrade()) {
            pool.forget(self.number);
        }
        let mut numbers = self.numbers.0.lock();
        numbers.1.push(self.number);
    }
}

#[derive(Debug)]
enum MachineCode {
    /// A file of the code cache. It stays open, so that further pools can load it
    /// even if it is removed from the directory.
    File(File),
    Memory(Vec<u8>),
}

/// The code cache, the limits of what is compiled, and the count of compilations.
#[derive(Clone)]
pub(crate) struct Compiler {
    pub(crate) cache: Option<Arc<CodeCache>>,
    pub(crate) limits: CompileLimits,
    /// True if snapshots take the same seeds in each run.
    pub(crate) is_seeded: bool,
    /// Number of compilations that the cache did not spare.
    pub(crate) compiled: Arc<AtomicU64>,
}

impl Artifact {
    /// Compiles a file for this pool's class of slots and loads the code into the
    /// pool; see [`Artifact::compile_for`]. `wasm` is the file in its binary form.
    ///
    /// # Errors
    ///
    /// `Invalid` if the file is not valid WebAssembly, is beyond a limit, imports
    /// something that the runtime does not provide, or lacks an export of the ABI.
    pub(crate) fn compile<T: 'static>(
        number: Number,
        file: &Arc<WasmFile>,
        wasm: &Wasm<'_>,
        pool: &Arc<Pool<T>>,
        compiler: &Compiler,
    ) -> Result<Artifact, Error> {
        let artifact = Artifact {
            number,
            file: Arc::clone(file),
            shape: wasm.shape,
            codes: RwLock::default(),
            making: Mutex::default(),
            is_ahead: AtomicBool::new(false),
            symbols: Symbols::default(),
            fitness: OnceLock::new(),
            snapshots: Mutex::default(),
        };
        artifact.compile_wasm(wasm, pool, compiler)?;
        Ok(artifact)
    }

    /// Compiles for this pool's class of slots, or takes the result of an
    /// earlier run from the cache, and loads it into the pool. Blocks for seconds if
    /// the code is large: not for an async worker.
    ///
    /// # Errors
    ///
    /// As for [`Artifact::compile`].
    pub(crate) fn compile_for<T: 'static>(
        &self,
        pool: &Arc<Pool<T>>,
        compiler: &Compiler,
    ) -> Result<(), Error> {
        let wasm = Wasm::parse(&self.file.name, &self.file.bytes)?;
        self.compile_wasm(&wasm, pool, compiler)
    }

    fn compile_wasm<T: 'static>(
        &self,
        wasm: &Wasm<'_>,
        pool: &Arc<Pool<T>>,
        compiler: &Compiler,
    ) -> Result<(), Error> {
        let snapshot = wasm.shape == Shape::Core && image::is_wanted(&wasm.binary);
        let key = Key::new(
            &pool.engine,
            match (snapshot, compiler.is_seeded) {
                (true, false) => "snapshot",
                (true, true) => "seeded snapshot",
                (false, _) => "plain",
            },
            &compiler.limits,
            &self.file.digest,
        );
        let cache = compiler.cache.as_deref();
        let mut replaced = None;
        if let Some(file) = cache.and_then(|cache| cache.find(key)) {
            self.add(pool.class(), MachineCode::File(file));
            match self.try_load(pool) {
                Ok(()) => return Ok(()),
                Err(Unusable::Guest(error)) => return Err(error),
                // Adding the code below replaces the file.
                Err(Unusable::Code(error)) => replaced = Some(error),
            }
        }
        // Code in the cache was compiled within the same limits: they are in its key.
        bounds::check(wasm, &compiler.limits)?;
        compiler.compiled.fetch_add(1, Ordering::Relaxed);
        let machine_code = compile_threads::run(|| {
            let snapshot = snapshot.then_some(compiler.is_seeded);
            compile(&pool.engine, wasm, snapshot)
        })??;
        let machine_code = match cache.map(|cache| cache.add(key, &machine_code)) {
            Some(Ok(file)) => MachineCode::File(file),
            Some(Err(error)) => {
                tracing::warn!(
                    help = error.remedy(),
                    "cannot write to the code cache: {error}"
                );
                MachineCode::Memory(machine_code)
            }
            None => MachineCode::Memory(machine_code),
        };
        self.add(pool.class(), machine_code);
        self.load(pool)?;
        // The new code could be loaded, so the old file was at fault.
        if let Some(error) = replaced {
            let error = self.unreadable(&error);
            tracing::warn!(%error, "replaced an unusable file of the code cache");
        }
        Ok(())
    }

    fn add(&self, class: Class, code: MachineCode) {
        let mut codes = self.codes.write();
        codes.insert(class, Arc::new(code));
    }

    fn code(&self, class: Class) -> Option<Arc<MachineCode>> {
        let codes = self.codes.read();
        codes.get(&class).cloned()
    }

    /// Returns the bytes of memory that the code takes. Code in a file of the cache counts for
    /// nothing: the system reads it again when it needs the memory.
    pub(crate) fn memory(&self) -> usize {
        let codes = self.codes.read();
        codes.values().map(|code| code.memory()).sum()
    }

    /// Returns the number among the artifacts of the node.
    pub(crate) fn number(&self) -> usize {
        self.number.number
    }

    /// Returns the cell that is set once code for this class is compiled: of all
    /// callers that need the code, one compiles and the others wait for the cell.
    pub(crate) fn making(&self, class: Class) -> Arc<OnceCell<()>> {
        let mut making = self.making.lock();
        Arc::clone(making.entry(class).or_default())
    }

    /// Returns true if an instance can be made anew from its memory alone. Reads the whole
    /// file at the first call: some 10 ms for the interpreter.
    pub(crate) fn is_fit(&self) -> bool {
        self.module().is_some()
    }

    /// Returns the code and the layout that a record of a parked process in a slot of this
    /// class belongs to; `None` if such a process cannot be parked.
    pub(crate) fn bound(&self, class: Class) -> Option<Bound> {
        Some(Bound::new(self.module()?, class))
    }

    /// Returns the hash of the file if its processes can be parked.
    fn module(&self) -> Option<[u8; 32]> {
        *self.fitness.get_or_init(|| {
            let wasm = Wasm::parse(&self.file.name, &self.file.bytes).ok()?;
            let is_fit = wasm.shape == Shape::Core && parked::is_fit(&wasm.binary);
            is_fit.then_some(self.file.digest)
        })
    }

    /// Returns the memory that an instance in a slot of this class begins with, if a process
    /// was parked there before.
    pub(crate) fn snapshot(&self, class: Class) -> Option<Arc<Snapshot>> {
        self.snapshots.lock().get(&class).cloned()
    }

    /// Keeps the memory of a new instance. A snapshot that is already kept stays.
    pub(crate) fn keep_snapshot(&self, class: Class, snapshot: Snapshot) -> Arc<Snapshot> {
        let mut snapshots = self.snapshots.lock();
        let kept = snapshots.entry(class);
        Arc::clone(kept.or_insert_with(|| Arc::new(snapshot)))
    }

    /// Returns the kind of code.
    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }

    /// Returns true if there is code for this class of slots.
    pub(crate) fn is_compiled(&self, class: Class) -> bool {
        self.code(class).is_some()
    }

    /// Returns true once: to the first caller, which compiles the code for dense
    /// slots ahead.
    pub(crate) fn begins_ahead(&self) -> bool {
        !self.is_ahead.load(Ordering::Relaxed) && !self.is_ahead.swap(true, Ordering::Relaxed)
    }

    /// Returns the places of calls of a process of this code, if they can be told at once.
    pub(crate) fn known_places(&self, frames: &[Frame]) -> Option<Vec<Places>> {
        self.symbols.known(frames)
    }

    /// Reads the places of calls from the debug information of the file. Blocks for up to
    /// 0.1 s.
    pub(crate) fn find_places(&self, frames: &[Frame]) -> Vec<Places> {
        let (name, bytes) = (&self.file.name, &self.file.bytes);
        self.symbols.find(name, bytes, self.shape, frames)
    }

    /// Returns the code that is loaded into a pool, if it is.
    pub(crate) fn loaded<T: 'static>(&self, pool: &Pool<T>) -> Option<Arc<Loaded<T>>> {
        pool.loaded(self.number())
    }

    /// Loads the code into a pool, unless it is loaded already.
    ///
    /// # Errors
    ///
    /// As for [`Artifact::compile`]; none if the code is loaded already.
    pub(crate) fn load<T: 'static>(&self, pool: &Arc<Pool<T>>) -> Result<(), Error> {
        self.try_load(pool).map_err(|unusable| match unusable {
            Unusable::Code(error) => self.unreadable(&error),
            Unusable::Guest(error) => error,
        })
    }

    fn unreadable(&self, error: &wasmtime::Error) -> Error {
        let reason = format_args!("{error:#}");
        refusal(
            &self.file.name,
            "the compiled code cannot be loaded",
            reason,
        )
    }

    fn try_load<T: 'static>(&self, pool: &Arc<Pool<T>>) -> Result<(), Unusable> {
        if pool.has_loaded(self.number()) {
            return Ok(());
        }
        let name = &self.file.name;
        let Some(code) = self.code(pool.class()) else {
            return Err(Error::internal(format!("{name}: not compiled")).into());
        };
        let loaded = match self.shape {
            Shape::Core => {
                let module = code.module(&pool.engine).map_err(Unusable::Code)?;
                Loaded::Core(Box::new(CoreCode::new(name, module, &pool.linkers)?))
            }
            Shape::Component => {
                let component = code.component(&pool.engine).map_err(Unusable::Code)?;
                let code = ComponentCode::new(name, &component, &pool.linkers)?;
                Loaded::Component(Box::new(code))
            }
        };
        let mut pools = self.number.pools.lock();
        let pool_of_code: Weak<Pool<T>> = Arc::downgrade(pool);
        pools.push(pool_of_code);
        drop(pools);
        pool.keep(self.number(), loaded);
        Ok(())
    }
}

/// The reason for which compiled code was not loaded.
enum Unusable {
    /// The machine code cannot be read.
    Code(wasmtime::Error),
    /// The machine code is readable, but it is not the code of a guest.
    Guest(Error),
}

impl From<Error> for Unusable {
    fn from(error: Error) -> Unusable {
        Unusable::Guest(error)
    }
}

impl MachineCode {
    /// Returns the bytes of memory that the code takes once it is loaded: itself, its copy
    /// that runs, and the initial memory, up to 16 MiB however few of it a module states.
    fn memory(&self) -> usize {
        match self {
            MachineCode::File(_) => 0,
            MachineCode::Memory(bytes) => bytes.len().saturating_mul(3),
        }
    }

    fn module(&self, engine: &Engine) -> wasmtime::Result<Module> {
        // SAFETY: the bytes are machine code that `Engine::precompile_module`
        // made: in this run, or in an earlier one of this user, whose key has
        // authenticated them. The open file that was checked is the one that is
        // loaded, and only its user can write to it (see `CodeCache`).
        unsafe {
            match self {
                MachineCode::File(file) => Module::deserialize_open_file(engine, file.try_clone()?),
                MachineCode::Memory(bytes) => Module::deserialize(engine, bytes),
            }
        }
    }

    fn component(&self, engine: &Engine) -> wasmtime::Result<Component> {
        // SAFETY: as in `module`.
        unsafe {
            match self {
                MachineCode::File(file) => Component::deserialize(engine, cache::code_in(file)?),
                MachineCode::Memory(bytes) => Component::deserialize(engine, bytes),
            }
        }
    }
}

/// Compiles a guest. `snapshot` asks for one, and tells whether it takes the same seeds in
/// each run.
fn compile(engine: &Engine, wasm: &Wasm<'_>, snapshot: Option<bool>) -> Result<Vec<u8>, Error> {
    let invalid = |error: wasmtime::Error| {
        refusal(
            wasm.name,
            "not valid WebAssembly",
            format_args!("{error:#}"),
        )
    };
    tracing::info!(target: "warren::compile", name = %wasm.name, "compiling");
    match (wasm.shape, snapshot) {
        (Shape::Component, _) => engine.precompile_component(&wasm.binary).map_err(invalid),
        (Shape::Core, Some(is_seeded)) => {
            let image = image::take(&wasm.binary, is_seeded).map_err(|error| {
                let refusal = refusal(
                    wasm.name,
                    "cannot take a snapshot of its initialized memory",
                    format_args!("{error:#}"),
                );
                match error.downcast_ref::<TookTooLong>() {
                    None => refusal,
                    Some(TookTooLong(time)) => {
                        let value = nanoseconds(*time);
                        Error::at_limit(Kind::Invalid, "max_initialize", value, refusal.message)
                    }
                }
            })?;
            engine.precompile_module(&image).map_err(invalid)
        }
        (Shape::Core, None) => engine.precompile_module(&wasm.binary).map_err(invalid),
    }
}
