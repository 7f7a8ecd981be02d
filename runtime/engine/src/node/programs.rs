//! Makes code that can be instantiated from definitions. Each step runs once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use tokio::sync::{OnceCell, oneshot};
use warren_kernel::{Error, Host};

use super::Node;
use super::failures::{Failure, Failures};
use super::kept::Kept;
use super::prepare::prepare;
use super::slots::compiling;
use crate::code::artifact::{Artifact, Numbers};
use crate::code::bounds::{CompileLimits, check_file};
use crate::code::definition::{Code, Definition, Source};
use crate::code::program::{Chunk, Program};
use crate::code::wasm::Wasm;

/// The Lua interpreter that comes with warren.
const BUNDLED: &[u8] = include_bytes!("../../bundled/warren-lua.wasm");

/// SHA-256 of a source's name and content.
type ContentHash = [u8; 32];

/// The compiled and prepared code of a node.
#[derive(Default)]
pub(crate) struct Programs {
    /// Replaces the bundled interpreter.
    other_interpreter: Option<Vec<u8>>,
    interpreter: Arc<OnceCell<Arc<Artifact>>>,
    programs: Kept<Arc<str>, Arc<Program>>,
    artifacts: Kept<ContentHash, Arc<Artifact>>,
    numbers: Arc<Numbers>,
    chunks: Kept<ContentHash, Arc<Chunk>>,
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
    pub(crate) fn new(interpreter: Option<Vec<u8>>, limits: CompileLimits) -> Programs {
        Programs {
            other_interpreter: interpreter,
            limits,
            ..Programs::default()
        }
    }

    /// The number of compilations and preparations that were begun.
    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    fn interpreter_file(&self) -> &[u8] {
        self.other_interpreter.as_deref().unwrap_or(BUNDLED)
    }
}

impl Node {
    /// Returns the program of a definition, ready to run in a host.
    ///
    /// # Errors
    ///
    /// `NotFound` if there is no such definition; `Invalid` if the definition is
    /// bound to another host or its code is invalid.
    pub(crate) async fn program(
        self: &Arc<Self>,
        id: &str,
        host: &Arc<Host>,
    ) -> Result<Arc<Program>, Error> {
        let definition = self.shared.definitions.definition(id)?;
        if let Some(only) = &definition.host
            && **only != *host.name()
        {
            return Err(Error::invalid(format!(
                "{id} is bound to host {only} and cannot run in host {}",
                host.name()
            )));
        }
        let key = Arc::clone(&definition.id);
        let programs = &self.programs.programs;
        let cell = programs.cell(Arc::clone(&key));
        if let Some(program) = cell.get() {
            return Ok(Arc::clone(program));
        }
        let program = cell
            .get_or_try_init(|| self.make_program(definition, host))
            .await;
        match program {
            Ok(program) => {
                programs.made(&key, program.bytes(), self.programs.limits.max_kept);
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
    async fn make_program(
        self: &Arc<Self>,
        definition: Arc<Definition>,
        host: &Arc<Host>,
    ) -> Result<Arc<Program>, Error> {
        let failed = &self.programs.failed_programs;
        if let Some(error) = failed.of_definition(&definition.id, host.number(), &definition) {
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
            failed.add(key, host.number(), Some(&definition), &failure);
            *failure.error
        })?;
        Ok(Arc::new(Program {
            grants: Arc::clone(&definition.grants),
            definition,
            artifact,
            chunk,
        }))
    }

    /// Compiles a definition and checks its imports and exports, as a spawn in this
    /// host would. Starts no process.
    ///
    /// # Errors
    ///
    /// The errors of a spawn that the code causes: `NotFound`, `Invalid`.
    pub async fn check(self: &Arc<Self>, definition: &str, host: &str) -> Result<(), Error> {
        self.shared.definitions.definition(definition)?;
        let host = self.shared.kernel.host(host)?;
        self.program(definition, &host).await.map(|_| ())
    }

    /// Returns one of the program's own modules, prepared for the interpreter of
    /// this program; `None` if there is no module of this name.
    ///
    /// # Errors
    ///
    /// `Invalid` if the module does not compile.
    pub(super) async fn module_of(
        self: &Arc<Self>,
        program: &Program,
        name: &str,
        host: &Arc<Host>,
    ) -> Result<Option<Arc<Chunk>>, Error> {
        match self.shared.definitions.module(name)? {
            None => Ok(None),
            Some(source) => {
                let interpreter = program.artifact()?;
                let chunk = self.chunk(&source, interpreter, host).await;
                chunk.map(Some).map_err(|failure| *failure.error)
            }
        }
    }

    async fn interpreter(self: &Arc<Self>, host: &Arc<Host>) -> Result<Arc<Artifact>, Error> {
        let source = || Source {
            name: "the Lua interpreter".into(),
            bytes: Arc::from(self.programs.interpreter_file()),
        };
        self.compiled_once(&self.programs.interpreter, source, host, None)
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
            Wasm::is_text(&source),
            &self.programs.limits,
        )
        .map_err(Failure::of_code)?;
        let (key, bytes) = (content_hash(&source), source.bytes.len());
        let artifacts = &self.programs.artifacts;
        let cell = artifacts.cell(key);
        let artifact = self
            .compiled_once(&cell, || source, host, Some(key))
            .await
            .map_err(Failure::of_code);
        match &artifact {
            // The machine code is some four times as long as the file.
            Ok(_) => artifacts.made(&key, bytes.saturating_mul(4), self.programs.limits.max_kept),
            Err(_) => artifacts.failed(&key, &cell),
        }
        artifact
    }

    /// Compiles a source, unless `cell` has the result. A compilation that has
    /// begun is finished and kept even if the caller stops waiting: callers with
    /// short timeouts succeed in the end, and no source is compiled twice at a
    /// time. A failure is remembered by the key, if there is one.
    async fn compiled_once(
        self: &Arc<Self>,
        cell: &Arc<OnceCell<Arc<Artifact>>>,
        source: impl FnOnce() -> Source,
        host: &Arc<Host>,
        key: Option<ContentHash>,
    ) -> Result<Arc<Artifact>, Error> {
        if let Some(artifact) = cell.get() {
            return Ok(Arc::clone(artifact));
        }
        let (sender, made) = oneshot::channel();
        let (node, cell, host) = (Arc::clone(self), Arc::clone(cell), Arc::clone(host));
        let source = source();
        self.shared.tokio.spawn(async move {
            let artifact = cell.get_or_try_init(|| async {
                if sender.is_closed() {
                    // Another attempt has failed, and its callers are gone.
                    return Err(Error::internal(
                        "compiling was not begun: its caller no longer waits",
                    ));
                }
                let failed = &node.programs.failed_code;
                let known = || failed.of(&key?, host.number());
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
                let compiled = node.compile(source, &host).await;
                compiled.map_err(Failure::of_code).map_err(|failure| {
                    if let Some(key) = key {
                        failed.add(key, host.number(), None, &failure);
                    }
                    *failure.error
                })
            });
            let artifact = artifact.await.map(Arc::clone);
            // Fails only if the caller no longer waits.
            let _ = sender.send(artifact);
        });
        made.await
            .map_err(|_| Error::internal("compiling stopped without a result"))?
    }

    /// Compiles for the first slots of a host.
    async fn compile(
        self: &Arc<Self>,
        source: Source,
        host: &Arc<Host>,
    ) -> Result<Arc<Artifact>, Error> {
        let (node, host) = (Arc::clone(self), Arc::clone(host));
        compiling(move || {
            let wasm = Wasm::parse(&source)?;
            let pool = node.host_slots(&host).of(wasm.shape).first()?;
            let number = node.programs.numbers.take();
            Artifact::compile(number, &source, &wasm, &pool, &node.compiler).map(Arc::new)
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
        if let Some(error) = failed.of(&key, host.number()) {
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
        let prepared = self.scheduler.spawn(host.number(), prepare).fallible();
        let prepared = prepared.await;
        let prepared =
            prepared.ok_or_else(|| Error::internal("preparing stopped without a result"))?;
        let code = prepared.inspect_err(|failure| failed.add(key, host.number(), None, failure))?;
        Ok(Arc::new(Chunk {
            name: Arc::clone(&source.name),
            code,
        }))
    }
}

/// Hashes name and content: error messages of the compiled code contain the name.
fn content_hash(source: &Source) -> ContentHash {
    let mut hasher = Sha256::new();
    hasher.update((source.name.len() as u64).to_le_bytes());
    hasher.update(source.name.as_bytes());
    hasher.update(&source.bytes);
    hasher.finalize().into()
}
