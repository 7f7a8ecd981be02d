//! Makes code that can be instantiated from definitions. Each step runs once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{OnceCell, oneshot};
use warren_kernel::{Error, Host};

use super::Node;
use super::failures::{Failure, Failures, in_host};
use super::kept::Kept;
use super::prepare::prepare;
use super::set::{OfDefinition, PresentSet, ProgramSet, check_host};
use super::slots::compiling;
use crate::code::artifact::{Artifact, Numbers};
use crate::code::bounds::{CompileLimits, check_file};
use crate::code::content::{ContentHash, content_hash, digest, named_hash};
use crate::code::definition::{Code, Definition, Edition, Source};
use crate::code::program::{Chunk, IMPORT, Program};
use crate::code::wasm::{Bytes, Wasm, WasmFile};
use crate::guest::{Module, Start};

/// The Lua interpreter that comes with warren.
const BUNDLED: &[u8] = include_bytes!("../../bundled/warren-lua.wasm");

/// Its hash, which every start needs: the build hashes the file once.
const BUNDLED_HASH: &ContentHash = include_bytes!(concat!(env!("OUT_DIR"), "/warren-lua.hash"));

/// The compiled and prepared code of a node.
pub(crate) struct Programs {
    /// The definitions from which processes start, with their programs.
    pub(super) set: PresentSet,
    /// Replaces the bundled interpreter.
    other_interpreter: Option<Vec<u8>>,
    interpreter: Arc<OnceCell<Arc<Artifact>>>,
    artifacts: Kept<ContentHash, Artifact>,
    numbers: Arc<Numbers>,
    chunks: Kept<ContentHash, Chunk>,
    /// Errors by definition, so that a repeated spawn does not hash the content
    /// again.
    failed_programs: Failures<Arc<str>>,
    /// Errors by content.
    failed_code: Failures<ContentHash>,
    /// The number of compilations and preparations that were begun.
    begun: AtomicU64,
    pub(super) limits: CompileLimits,
}

impl Programs {
    /// Returns an empty collection. `interpreter` replaces the bundled one.
    pub(crate) fn new(
        edition: Edition,
        interpreter: Option<Vec<u8>>,
        limits: CompileLimits,
    ) -> Programs {
        Programs {
            set: PresentSet::new(ProgramSet::new(edition, Arc::default())),
            other_interpreter: interpreter,
            interpreter: Arc::default(),
            artifacts: Kept::unique(),
            numbers: Arc::default(),
            chunks: Kept::unique(),
            failed_programs: Failures::default(),
            failed_code: Failures::default(),
            begun: AtomicU64::new(0),
            limits,
        }
    }

    /// Forgets the code of a source that is not asked for any more. Processes that run it
    /// keep it, and so do other definitions of the same source: it is found there again.
    pub(super) fn forget(&self, source: &ContentHash) {
        self.artifacts.forget(source);
        self.chunks.forget(source);
    }

    /// The number of compilations and preparations that were begun.
    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    fn interpreter_file(&self) -> WasmFile {
        let name = "the Lua interpreter".into();
        match &self.other_interpreter {
            Some(other) => WasmFile::hashed(Source {
                name,
                bytes: Arc::from(&**other),
            }),
            None => WasmFile {
                name,
                bytes: Bytes::Static(BUNDLED),
                digest: *BUNDLED_HASH,
            },
        }
    }
}

impl Node {
    /// Returns the program of a definition of the set, ready to run in a host.
    ///
    /// # Errors
    ///
    /// `Invalid` if the definition is bound to another host or its code is invalid.
    pub(crate) async fn program(
        self: &Arc<Self>,
        set: &ProgramSet,
        definition: Arc<Definition>,
        host: &Arc<Host>,
    ) -> Result<Arc<Program>, Error> {
        check_host(&definition, host)?;
        let key = OfDefinition(Arc::clone(&definition));
        let programs = &set.programs;
        let cell = programs.cell(key.clone());
        if let Some(program) = cell.get() {
            return Ok(Arc::clone(program));
        }
        let program = cell
            .get_or_try_init(|| self.make_program(definition, host, set))
            .await;
        match program {
            Ok(program) => {
                programs.made(&key, program.bytes(), self.programs.limits.max_kept);
                self.forget_replaced(set, &key.0);
                Ok(Arc::clone(program))
            }
            Err(error) => {
                programs.failed(&key, &cell);
                Err(error)
            }
        }
    }

    /// Compiles and prepares the code of a definition. An error that lasts is
    /// remembered by the definition.
    pub(super) async fn make_program(
        self: &Arc<Self>,
        definition: Arc<Definition>,
        host: &Arc<Host>,
        set: &ProgramSet,
    ) -> Result<Arc<Program>, Error> {
        let failed = &self.programs.failed_programs;
        if let Some(error) = failed.of_definition(&definition.id, in_host(host), &definition) {
            return Err(error);
        }
        let made = async {
            Ok::<_, Failure>(match &definition.code {
                Code::Lua(source) => {
                    let interpreter = self.interpreter(host).await?;
                    let chunk = self.chunk(source, &interpreter, host).await?;
                    (Some(interpreter), Some(chunk))
                }
                Code::Wasm(source) => (Some(self.artifact(source.clone(), host).await?), None),
                Code::Native(_) => (None, None),
            })
        };
        let (artifact, chunk) = made.await.map_err(|failure| {
            let key = Arc::clone(&definition.id);
            failed.add(key, in_host(host), Some(&definition), &failure);
            *failure.error
        })?;
        Ok(Arc::new(Program {
            grants: Arc::clone(&definition.grants),
            modules: set.definitions().modules(&definition.id),
            definition,
            artifact,
            chunk,
            origin: set.origin(),
        }))
    }

    /// Returns the definition of this id, as a spawn finds it now.
    ///
    /// # Errors
    ///
    /// `NotFound` if there is none; `Unavailable` if its file cannot be read.
    pub fn definition(&self, id: &str) -> Result<Arc<Definition>, Error> {
        self.programs.set.get().definitions().definition(id)
    }

    /// Compiles the definition of a start by the embedder and checks its imports and
    /// exports, for its host. Starts no process.
    ///
    /// # Errors
    ///
    /// The errors of a spawn that the definition causes: `NotFound`, `Invalid`.
    pub async fn prepare_code(self: &Arc<Self>, start: &Start) -> Result<(), Error> {
        self.check_open()?;
        let set = self.programs.set.get();
        let definition = set.definitions().definition(&start.definition)?;
        let host = start.bound_host(Some(&definition));
        let host = self.shared.kernel.host(host)?;
        let program = self.program(&set, definition, &host).await;
        program
            .map(drop)
            .map_err(|error| error.in_host(host.name()))
    }

    /// Returns one of the program's own modules with its source, prepared for the
    /// interpreter of this program; `None` if there is no module of this name. The module
    /// is of the files that the program was made with, also after a reload. A name behind
    /// [`IMPORT`] is that of an import of the program's definition.
    ///
    /// # Errors
    ///
    /// `Invalid` if the module does not compile.
    pub(super) async fn module_of(
        self: &Arc<Self>,
        program: &Program,
        name: &str,
        host: &Arc<Host>,
    ) -> Result<Option<Module>, Error> {
        let Some(origin) = &program.origin else {
            return Ok(None);
        };
        // Code is remembered also if it does not compile: a reload may mend it.
        let found = match name.strip_prefix(IMPORT) {
            Some(name) => {
                let found = origin.files.import(&program.definition.id, name)?;
                origin.imports(name, found.as_ref());
                found
            }
            None => {
                let found = origin.files.module(name)?;
                if let Some(source) = &found {
                    origin.requires(source);
                }
                found
            }
        };
        let Some(source) = found else {
            return Ok(None);
        };
        let interpreter = program.artifact()?;
        let chunk = self.chunk(&source, interpreter, host).await;
        let chunk = chunk.map_err(|failure| *failure.error)?;
        Ok(Some(Module { source, chunk }))
    }

    async fn interpreter(self: &Arc<Self>, host: &Arc<Host>) -> Result<Arc<Artifact>, Error> {
        let file = || self.programs.interpreter_file();
        self.compiled_once(&self.programs.interpreter, file, host, None)
            .await
    }

    async fn artifact(
        self: &Arc<Self>,
        source: Source,
        host: &Arc<Host>,
    ) -> Result<Arc<Artifact>, Failure> {
        // Checked before the bytes are hashed.
        check_file(
            &source.name,
            source.bytes.len(),
            Wasm::is_text(&source.name, &source.bytes),
            &self.programs.limits,
        )
        .map_err(Failure::of_code)?;
        let digest = digest(&source.bytes);
        let key = named_hash(&source.name, &digest);
        let artifacts = &self.programs.artifacts;
        let cell = artifacts.cell(key);
        let artifact = self
            .compiled_once(&cell, || WasmFile::new(source, digest), host, Some(key))
            .await
            .map_err(Failure::of_code);
        if artifact.is_err() {
            artifacts.failed(&key, &cell);
        }
        artifact
    }

    /// Compiles a file, unless `cell` has the result. A compilation that has
    /// begun is finished and kept even if the caller stops waiting: callers with
    /// short timeouts succeed in the end, and no source is compiled twice at a
    /// time. A failure is remembered by the key, if there is one, by which also the room of
    /// a result is counted.
    async fn compiled_once(
        self: &Arc<Self>,
        cell: &Arc<OnceCell<Arc<Artifact>>>,
        file: impl FnOnce() -> WasmFile,
        host: &Arc<Host>,
        key: Option<ContentHash>,
    ) -> Result<Arc<Artifact>, Error> {
        if let Some(artifact) = cell.get() {
            return Ok(Arc::clone(artifact));
        }
        let (sender, made) = oneshot::channel();
        let (node, cell, host) = (Arc::clone(self), Arc::clone(cell), Arc::clone(host));
        let file = file();
        let bytes = file.bytes.len();
        self.shared.tokio.spawn(async move {
            let artifact = cell.get_or_try_init(|| async {
                if sender.is_closed() {
                    // Another attempt has failed, and its callers are gone.
                    return Err(Error::internal(
                        "compiling was not begun: its caller no longer waits",
                    ));
                }
                let failed = &node.programs.failed_code;
                let known = || failed.of(&key?, in_host(&host));
                if let Some(error) = known() {
                    return Err(error);
                }
                let _permit = node.compiling.permit(host.number()).await;
                if sender.is_closed() {
                    return Err(Error::internal(
                        "compiling was not begun: its caller no longer waits",
                    ));
                }
                node.programs.begun.fetch_add(1, Ordering::Relaxed);
                let compiled = node.compile(file, &host).await;
                compiled.map_err(Failure::of_code).map_err(|failure| {
                    if let Some(key) = key {
                        failed.add(key, in_host(&host), None, &failure);
                    }
                    *failure.error
                })
            });
            let artifact = artifact.await.map(Arc::clone);
            if let (Some(key), Ok(artifact)) = (&key, &artifact) {
                // Machine code in a file is some four times as long as the source.
                let bytes = bytes.saturating_mul(4).max(artifact.memory());
                let max_kept = node.programs.limits.max_kept;
                node.programs.artifacts.made(key, bytes, max_kept);
            }
            // Fails only if the caller no longer waits.
            let _ = sender.send(artifact);
        });
        made.await
            .map_err(|_| Error::internal("compiling stopped without a result"))?
    }

    /// Compiles for the first slots of a host.
    async fn compile(
        self: &Arc<Self>,
        file: WasmFile,
        host: &Arc<Host>,
    ) -> Result<Arc<Artifact>, Error> {
        let (node, host) = (Arc::clone(self), Arc::clone(host));
        compiling(move || {
            let file = Arc::new(file);
            let wasm = Wasm::parse(&file.name, &file.bytes)?;
            let pool = node.host_slots(&host).of(wasm.shape).first()?;
            let number = node.programs.numbers.take();
            Artifact::compile(number, &file, &wasm, &pool, &node.compiler).map(Arc::new)
        })
        .await
    }

    /// Returns the code that an interpreter prepares from a source.
    async fn chunk(
        self: &Arc<Self>,
        source: &Source,
        interpreter: &Arc<Artifact>,
        host: &Arc<Host>,
    ) -> Result<Arc<Chunk>, Failure> {
        check_file(
            &source.name,
            source.bytes.len(),
            true,
            &self.programs.limits,
        )
        .map_err(Failure::of_code)?;
        let (key, chunks) = (content_hash(source), &self.programs.chunks);
        let cell = chunks.cell(key);
        if let Some(chunk) = cell.get() {
            return Ok(Arc::clone(chunk));
        }
        let chunk = cell
            .get_or_try_init(|| self.prepare(source, key, interpreter, host))
            .await;
        match chunk {
            Ok(chunk) => {
                chunks.made(&key, chunk.code.len(), self.programs.limits.max_kept);
                Ok(Arc::clone(chunk))
            }
            Err(failure) => {
                chunks.failed(&key, &cell);
                Err(failure)
            }
        }
    }

    async fn prepare(
        self: &Arc<Self>,
        source: &Source,
        key: ContentHash,
        interpreter: &Arc<Artifact>,
        host: &Arc<Host>,
    ) -> Result<Arc<Chunk>, Failure> {
        let failed = &self.programs.failed_code;
        if let Some(error) = failed.of(&key, in_host(host)) {
            return Err(Failure::of_code(error));
        }
        let _permit = self.preparing.permit(host.number()).await;
        self.programs.begun.fetch_add(1, Ordering::Relaxed);
        let slot = self.slot(host, interpreter).await?;
        // A task of its own, so that preparing is preempted like a process. The
        // task is dropped with the caller; the next waiting caller starts again.
        let prepare = prepare(
            self.surroundings(),
            slot,
            Arc::clone(host),
            Arc::clone(interpreter),
            Chunk {
                name: Arc::clone(&source.name),
                code: Arc::clone(&source.bytes),
            },
        );
        let prepared = self.scheduler.spawn(self.lane(host), prepare).fallible();
        let prepared = prepared.await;
        let prepared =
            prepared.ok_or_else(|| Error::internal("preparing stopped without a result"))?;
        let code = prepared.inspect_err(|failure| failed.add(key, in_host(host), None, failure))?;
        Ok(Arc::new(Chunk {
            name: Arc::clone(&source.name),
            code,
        }))
    }
}
