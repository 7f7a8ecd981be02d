//! Guests as code: compiled once for each class of places, loaded once into
//! each pool.

use std::collections::HashMap;
use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use tokio::sync::OnceCell;
use warren_kernel::Error;
use wasmtime::component::Component;
use wasmtime::{Engine, Module};

use crate::code::cache::{self, CodeCache, Key};
use crate::code::class::{Class, Shape};
use crate::code::compile_threads;
use crate::code::definition::Source;
use crate::code::image;
use crate::code::loaded::{CoreCode, Loaded};
use crate::code::pool::{Forget, Pool};
use crate::code::wasm::{Wasm, refusal};

/// A guest, compiled for every class of places it was needed in so far, at
/// least one.
#[derive(Debug)]
pub(crate) struct Artifact {
    /// Of the artifacts of the node.
    number: Number,
    source: Source,
    shape: Shape,
    codes: RwLock<HashMap<Class, Arc<MachineCode>>>,
    /// Which codes are being made.
    making: Mutex<HashMap<Class, Arc<OnceCell<()>>>>,
    /// Whether its code for places beyond the fast ones is being made.
    is_ahead: AtomicBool,
}

/// The numbers of a node's artifacts, the lowest first. Pools keep loaded code by
/// them: one that is free again is given to the next.
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
    /// A number that no artifact has.
    pub(crate) fn take(self: &Arc<Self>) -> Number {
        let mut numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
        // Nobody runs the code any more, or whoever does holds it.
        let pools = self.pools.get_mut().unwrap_or_else(PoisonError::into_inner);
        for pool in pools.drain(..).filter_map(|pool| pool.upgrade()) {
            pool.forget(self.number);
        }
        let mut numbers = self
            .numbers
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        numbers.1.push(self.number);
    }
}

#[derive(Debug)]
enum MachineCode {
    /// Of the code cache; kept open, so that it can be loaded into further
    /// pools whatever becomes of the directory.
    File(File),
    Memory(Vec<u8>),
}

/// What compiling needs besides the code.
#[derive(Clone)]
pub(crate) struct Compiler {
    pub(crate) cache: Option<Arc<CodeCache>>,
    /// How often the cache did not help.
    pub(crate) compiled: Arc<AtomicU64>,
}

impl Artifact {
    /// Compiles for this pool's class of places and loads the code into the
    /// pool; see [`Artifact::compile_for`].
    ///
    /// # Errors
    ///
    /// `Invalid` where it is not valid WebAssembly, where an import is not
    /// provided, or where the exports of the ABI are missing.
    pub(crate) fn compile<T: 'static>(
        number: Number,
        source: &Source,
        wasm: &Wasm<'_>,
        pool: &Arc<Pool<T>>,
        compiler: &Compiler,
    ) -> Result<Artifact, Error> {
        let artifact = Artifact {
            number,
            source: source.clone(),
            shape: wasm.shape,
            codes: RwLock::default(),
            making: Mutex::default(),
            is_ahead: AtomicBool::new(false),
        };
        artifact.compile_wasm(wasm, pool, compiler)?;
        Ok(artifact)
    }

    /// Compiles for this pool's class of places, or takes the result of an
    /// earlier run from the cache, and loads it into the pool. Takes seconds
    /// for large code: not for an async worker.
    ///
    /// # Errors
    ///
    /// As for [`Artifact::compile`].
    pub(crate) fn compile_for<T: 'static>(
        &self,
        pool: &Arc<Pool<T>>,
        compiler: &Compiler,
    ) -> Result<(), Error> {
        self.compile_wasm(&Wasm::parse(&self.source)?, pool, compiler)
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
            if snapshot { "snapshot" } else { "plain" },
            &wasm.digest,
        );
        let cache = compiler.cache.as_deref();
        let mut replaced = None;
        if let Some(file) = cache.and_then(|cache| cache.find(key)) {
            self.add(pool.class(), MachineCode::File(file));
            match self.try_load(pool) {
                Ok(()) => return Ok(()),
                Err(Unusable::Guest(error)) => return Err(error),
                // Adding it again replaces the file.
                Err(Unusable::Code(error)) => replaced = Some(error),
            }
        }
        compiler.compiled.fetch_add(1, Ordering::Relaxed);
        let machine_code = compile_threads::run(|| compile(&pool.engine, wasm, snapshot))??;
        let machine_code = match cache.map(|cache| cache.add(key, &machine_code)) {
            Some(Ok(file)) => MachineCode::File(file),
            Some(Err(error)) => {
                tracing::warn!(
                    help = error.remedy(),
                    "the code cache cannot be written: {error}"
                );
                MachineCode::Memory(machine_code)
            }
            None => MachineCode::Memory(machine_code),
        };
        self.add(pool.class(), machine_code);
        self.load(pool)?;
        // Where what replaces it cannot be loaded either, the file is not at fault.
        if let Some(error) = replaced {
            let error = self.unreadable(&error);
            tracing::warn!(%error, "unusable file in the code cache, which was replaced");
        }
        Ok(())
    }

    fn add(&self, class: Class, code: MachineCode) {
        let mut codes = self.codes.write().unwrap_or_else(PoisonError::into_inner);
        codes.insert(class, Arc::new(code));
    }

    fn code(&self, class: Class) -> Option<Arc<MachineCode>> {
        let codes = self.codes.read().unwrap_or_else(PoisonError::into_inner);
        codes.get(&class).cloned()
    }

    /// Its number among the artifacts of the node.
    pub(crate) fn number(&self) -> usize {
        self.number.number
    }

    /// Made when code for such places is: by one of those who need it.
    pub(crate) fn making(&self, class: Class) -> Arc<OnceCell<()>> {
        let mut making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(making.entry(class).or_default())
    }

    /// What kind of code it is.
    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }

    /// Whether there is code for such places.
    pub(crate) fn is_compiled(&self, class: Class) -> bool {
        self.code(class).is_some()
    }

    /// Whether code for the places beyond the fast ones is to be made: only the
    /// first who asks is told so.
    pub(crate) fn begins_ahead(&self) -> bool {
        !self.is_ahead.load(Ordering::Relaxed) && !self.is_ahead.swap(true, Ordering::Relaxed)
    }

    /// The code in a pool's engine, where it was loaded.
    pub(crate) fn loaded<T: 'static>(&self, pool: &Pool<T>) -> Option<Arc<Loaded<T>>> {
        pool.loaded(self.number())
    }

    /// Loads the code into a pool's engine, where it is not.
    ///
    /// # Errors
    ///
    /// As for [`Artifact::compile`]; not again once that succeeded.
    pub(crate) fn load<T: 'static>(&self, pool: &Arc<Pool<T>>) -> Result<(), Error> {
        self.try_load(pool).map_err(|unusable| match unusable {
            Unusable::Code(error) => self.unreadable(&error),
            Unusable::Guest(error) => error,
        })
    }

    fn unreadable(&self, error: &wasmtime::Error) -> Error {
        let reason = format_args!("{error:#}");
        refusal(&self.source.name, "it cannot be loaded", reason)
    }

    fn try_load<T: 'static>(&self, pool: &Arc<Pool<T>>) -> Result<(), Unusable> {
        if pool.has_loaded(self.number()) {
            return Ok(());
        }
        let name = &self.source.name;
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
                let linkers = &pool.linkers;
                Loaded::Component(linkers.component(name, &pool.engine, &component)?)
            }
        };
        let mut pools = self
            .number
            .pools
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let pool_of_code: Weak<Pool<T>> = Arc::downgrade(pool);
        pools.push(pool_of_code);
        drop(pools);
        pool.keep(self.number(), loaded);
        Ok(())
    }
}

/// Why compiled code was not loaded.
enum Unusable {
    /// The machine code cannot be read.
    Code(wasmtime::Error),
    /// It can, and is none of a guest.
    Guest(Error),
}

impl From<Error> for Unusable {
    fn from(error: Error) -> Unusable {
        Unusable::Guest(error)
    }
}

impl MachineCode {
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

fn compile(engine: &Engine, wasm: &Wasm<'_>, snapshot: bool) -> Result<Vec<u8>, Error> {
    let invalid = |error: wasmtime::Error| {
        refusal(
            wasm.name,
            "not valid WebAssembly",
            format_args!("{error:#}"),
        )
    };
    tracing::info!(target: "warren::compile", name = %wasm.name, "compiling");
    match wasm.shape {
        Shape::Component => engine.precompile_component(&wasm.binary).map_err(invalid),
        Shape::Core if snapshot => {
            let image = image::take(&wasm.binary).map_err(|error| {
                refusal(
                    wasm.name,
                    "no snapshot can be taken",
                    format_args!("{error:#}"),
                )
            })?;
            engine.precompile_module(&image).map_err(invalid)
        }
        Shape::Core => engine.precompile_module(&wasm.binary).map_err(invalid),
    }
}
