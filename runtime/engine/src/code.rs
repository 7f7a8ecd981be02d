//! Guests as code: compiled once, checked once, loaded once per pool.

use std::fs::File;
use std::sync::{Arc, OnceLock};

use warren_kernel::Error;
use wasmtime::component::{self, Component};
use wasmtime::{Engine, ExternType, InstancePre, Module, ModuleExport};

use crate::cache::{self, CodeCache, Key};
use crate::class::Shape;
use crate::guest::Guest;
use crate::image;
use crate::pool::Pool;

/// Compiled code, not yet loaded into any engine.
#[derive(Debug)]
pub(crate) struct Artifact {
    key: Key,
    /// How messages name it.
    name: Arc<str>,
    shape: Shape,
    machine_code: MachineCode,
}

#[derive(Debug)]
enum MachineCode {
    /// Of the code cache; kept open, so that it can be loaded into further
    /// pools whatever becomes of the directory.
    File(File),
    Memory(Vec<u8>),
}

/// Code in the engine of one pool, ready to be instantiated.
pub(crate) enum Loaded {
    Core(Box<CoreCode>),
    Component(component::InstancePre<Guest>),
}

/// A core module that speaks the flat ABI.
pub(crate) struct CoreCode {
    module: Module,
    without_grants: InstancePre<Guest>,
    with_grants: OnceLock<InstancePre<Guest>>,
    pub(crate) memory: ModuleExport,
    pub(crate) start: ModuleExport,
    pub(crate) prepare: Option<ModuleExport>,
    pub(crate) initialize: Option<ModuleExport>,
}

/// A WebAssembly file in its binary form.
pub(crate) struct Wasm {
    pub(crate) name: Arc<str>,
    pub(crate) binary: Vec<u8>,
    pub(crate) shape: Shape,
}

impl Wasm {
    /// Takes a file apart, binary or text.
    ///
    /// # Errors
    ///
    /// `Invalid`, with the place for text.
    pub(crate) fn parse(name: Arc<str>, bytes: &[u8]) -> Result<Wasm, Error> {
        let is_text = !bytes.starts_with(b"\0asm")
            && (name.ends_with(".wat") || bytes.trim_ascii_start().starts_with(b"("));
        let binary = if is_text {
            wat::Parser::new()
                .parse_bytes(Some(name.as_ref().as_ref()), bytes)
                .map_err(|error| Error::invalid(format!("{name}: not WebAssembly text: {error}")))?
        } else {
            bytes.into()
        };
        let shape = match binary.get(..8) {
            Some(b"\0asm\x01\0\0\0") => Shape::Core,
            Some(b"\0asm\x0d\0\x01\0") => Shape::Component,
            _ => {
                return Err(Error::invalid(format!(
                    "{name}: not WebAssembly: the file must begin with the bytes 00 61 73 6d and \
                     a version"
                )));
            }
        };
        Ok(Wasm {
            name,
            binary: binary.into_owned(),
            shape,
        })
    }
}

impl Artifact {
    /// Compiles, or takes the result of an earlier run from the cache. Takes
    /// seconds for large code: not for an async worker. `compiling` is called
    /// where the cache does not help.
    ///
    /// # Errors
    ///
    /// `Invalid` where it is not valid WebAssembly, where an import is not
    /// provided, or where the exports of the ABI are missing.
    pub(crate) fn compile(
        wasm: Wasm,
        pool: &Pool,
        cache: Option<&CodeCache>,
        compiling: impl FnOnce(),
    ) -> Result<Artifact, Error> {
        let snapshot = wasm.shape == Shape::Core && image::is_wanted(&wasm.binary);
        let key = Key::new(
            &pool.engine,
            if snapshot { "snapshot" } else { "plain" },
            &wasm.binary,
        );
        if let Some(file) = cache.and_then(|cache| cache.find(key)) {
            let cached = Artifact {
                key,
                name: Arc::clone(&wasm.name),
                shape: wasm.shape,
                machine_code: MachineCode::File(file),
            };
            match cached.load(pool) {
                Ok(_) => return Ok(cached),
                // Adding it again replaces the file.
                Err(error) => tracing::warn!(%error, "unusable file in the code cache"),
            }
        }
        compiling();
        let machine_code = compile(&pool.engine, &wasm, snapshot)?;
        let machine_code = match cache.map(|cache| cache.add(key, &machine_code)) {
            Some(Ok(file)) => MachineCode::File(file),
            Some(Err(error)) => {
                tracing::warn!(%error, "the code cache cannot be written");
                MachineCode::Memory(machine_code)
            }
            None => MachineCode::Memory(machine_code),
        };
        let artifact = Artifact {
            key,
            name: wasm.name,
            shape: wasm.shape,
            machine_code,
        };
        artifact.load(pool)?;
        Ok(artifact)
    }

    /// What kind of code it is.
    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }

    /// The code in a pool's engine.
    ///
    /// # Errors
    ///
    /// As for [`Artifact::compile`]; not again once that succeeded.
    pub(crate) fn load(&self, pool: &Pool) -> Result<Arc<Loaded>, Error> {
        pool.loaded(self.key, || match self.shape {
            Shape::Core => {
                let module = self
                    .module(&pool.engine)
                    .map_err(|error| self.unreadable(&error))?;
                Ok(Loaded::Core(Box::new(CoreCode::new(
                    &self.name, module, pool,
                )?)))
            }
            Shape::Component => {
                let component = self
                    .component(&pool.engine)
                    .map_err(|error| self.unreadable(&error))?;
                pool.linkers
                    .component(&self.name, &pool.engine, &component)
                    .map(Loaded::Component)
            }
        })
    }

    fn unreadable(&self, error: &wasmtime::Error) -> Error {
        Error::invalid(format!("{}: it cannot be loaded: {error:#}", self.name))
    }

    fn module(&self, engine: &Engine) -> wasmtime::Result<Module> {
        // SAFETY: the bytes are machine code that `Engine::precompile_module`
        // made: in this run, or in an earlier one, from a file with the right
        // checksum in a directory that only its user writes to (see
        // `CodeCache`).
        unsafe {
            match &self.machine_code {
                MachineCode::File(file) => Module::deserialize_open_file(engine, file.try_clone()?),
                MachineCode::Memory(bytes) => Module::deserialize(engine, bytes),
            }
        }
    }

    fn component(&self, engine: &Engine) -> wasmtime::Result<Component> {
        // SAFETY: as in `module`.
        unsafe {
            match &self.machine_code {
                MachineCode::File(file) => Component::deserialize(engine, cache::code_in(file)?),
                MachineCode::Memory(bytes) => Component::deserialize(engine, bytes),
            }
        }
    }
}

impl CoreCode {
    fn new(name: &str, module: Module, pool: &Pool) -> Result<CoreCode, Error> {
        let export = |export: &str| module.get_export_index(export);
        let missing = |what: &str, remedy: &str| {
            Err(Error::invalid(format!(
                "{name}: it exports no {what}; {remedy}"
            )))
        };
        let Some(memory) = export("memory").filter(
            |_| matches!(module.get_export("memory"), Some(ExternType::Memory(m)) if !m.is_64()),
        ) else {
            return missing("32-bit memory called `memory`", "a guest must");
        };
        let function = |export: &str| match module.get_export(export) {
            None => Ok(false),
            Some(ExternType::Func(ty)) if ty.params().len() + ty.results().len() == 0 => Ok(true),
            Some(_) => Err(Error::invalid(format!(
                "{name}: its export `{export}` must be a function without parameters or results"
            ))),
        };
        if !function("start")? {
            return missing(
                "function called `start`",
                "a guest exports `start`, and runs until it returns; see docs/guest-abi.md",
            );
        }
        let Some(start) = export("start") else {
            return missing("function called `start`", "a guest must");
        };
        let prepare = if function("prepare")? {
            export("prepare")
        } else {
            None
        };
        let initialize = if function("_initialize")? {
            export("_initialize")
        } else {
            None
        };
        let without_grants = pool.linkers.without_grants(name, &module)?;
        Ok(CoreCode {
            module,
            without_grants,
            with_grants: OnceLock::new(),
            memory,
            start,
            prepare,
            initialize,
        })
    }

    /// What to instantiate for a process with or without grants.
    pub(crate) fn instance(
        &self,
        pool: &Pool,
        grants: bool,
    ) -> wasmtime::Result<&InstancePre<Guest>> {
        if !grants {
            return Ok(&self.without_grants);
        }
        if let Some(instance) = self.with_grants.get() {
            return Ok(instance);
        }
        let instance = pool.linkers.with_grants(&pool.engine, &self.module)?;
        Ok(self.with_grants.get_or_init(|| instance))
    }
}

fn compile(engine: &Engine, wasm: &Wasm, snapshot: bool) -> Result<Vec<u8>, Error> {
    let invalid = |error: wasmtime::Error| {
        Error::invalid(format!("{}: not valid WebAssembly: {error:#}", wasm.name))
    };
    tracing::info!(target: "warren::compile", name = %wasm.name, "compiling");
    match wasm.shape {
        Shape::Component => engine.precompile_component(&wasm.binary).map_err(invalid),
        Shape::Core if snapshot => {
            let image = image::take(&wasm.binary).map_err(|error| {
                Error::invalid(format!(
                    "{}: no snapshot can be taken: {error:#}",
                    wasm.name
                ))
            })?;
            engine.precompile_module(&image).map_err(invalid)
        }
        Shape::Core => engine.precompile_module(&wasm.binary).map_err(invalid),
    }
}
