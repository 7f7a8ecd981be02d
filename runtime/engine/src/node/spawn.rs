//! The start of a process: everything is in place before the kernel makes the process,
//! or nothing is left behind.
//!
//! ```text
//! permissions, identity ─ definition ─ host ─ sizes    refused before anything is held
//! program                                              compiled and prepared, or kept
//! room in the host ─ slot in a pool ─ presence         given back on an error
//! kernel: PID, name, ties, first messages              the process is visible
//! task                                                 the process runs
//! ```

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tracing::Instrument;
use warren_kernel::{Error, Host, Kind, Origin, Process, Relation, Spawn, Spawned};

use super::Node;
use super::presence::Presence;
use super::set::{ProgramSet, check_host};
use super::task::{Runner, Task};
use crate::code::definition::{Code, Definition};
use crate::code::native_code::NativeCode;
use crate::code::program::Program;
use crate::guest::watches::{NewWatch, Watches};
use crate::guest::{Awaits, Inherited, Run, SpawnRequest, Spawner, Start};
use crate::limits::{INSTANCE, TASK};
use crate::security::{AuditEvent, Identity, Judges};
use crate::trace_context::TraceContext;

/// Finds of a spawn, all of one moment.
struct Found {
    set: Arc<ProgramSet>,
    runs: Runs,
    host: Arc<Host>,
    /// The identity that the authorizer assigns; empty if it assigns none.
    assigned: Identity,
}

/// The code of a new process.
enum Runs {
    /// That of a definition of the set.
    Definition(Arc<Definition>),
    /// Native code that the embedder gave with the start.
    Code(NativeCode),
}

impl Runs {
    fn definition(&self) -> Option<&Definition> {
        match self {
            Runs::Definition(definition) => Some(definition),
            Runs::Code(_) => None,
        }
    }
}

impl Node {
    /// Starts a process. A failed spawn leaves nothing behind.
    ///
    /// # Errors
    ///
    /// The errors of every spawn; see `wit/process.wit`.
    pub(crate) async fn spawn_process(
        self: Arc<Self>,
        mut request: SpawnRequest,
    ) -> Result<Spawned, Error> {
        self.check_open()?;
        let Found {
            set,
            runs,
            host,
            assigned,
        } = self.found(&mut request)?;
        request.act_for(&assigned);
        let program = self.checked_program(&set, runs, &host, &request);
        let program = program.await;
        let program = program.map_err(|error| error.in_host(host.name()))?;
        let reservation = host.reserve()?;
        let runner = match &program.definition.code {
            Code::Native(code) => Runner::Native(code.clone()),
            Code::Lua(_) | Code::Wasm(_) => {
                let slot = self.slot(&host, program.artifact()?).await;
                Runner::Instance(slot.map_err(|error| error.in_host(host.name()))?)
            }
        };
        let origin = origin_of(&program, &request.inherited);
        let mut presence = Presence::new(&self, request.spawner.take_ended());
        self.check_open()?;
        let watch = request.prepare_watch(&self.shared.watches)?;
        let spawn = request.for_kernel(&runner, &origin);
        let spawned = self.shared.kernel.spawn(reservation, spawn);
        let mut spawned = spawned.inspect_err(|_| {
            if let Some(watch) = &watch {
                watch.give_up();
            }
        })?;
        if let Some(watch) = watch {
            spawned.exec = Some(watch.of(spawned.process.pid()));
        }
        let process = &spawned.process;
        presence.is_of(process);
        request.report_identity(&self.shared.judges, process, &assigned);
        let gate = request.start.gate.as_ref();
        let is_shut = gate.is_some_and(|gate| !gate.is_open());
        if is_shut || self.closed.load(Ordering::SeqCst) {
            // `Node::close` may have missed the new process. Fails only if the
            // process has exited.
            let _ = self.shared.kernel.terminate(process);
        }
        let span = span_of(process, &origin, request.inherited.trace.as_deref());
        let is_native = matches!(runner, Runner::Native(_));
        let task = Task {
            around: self.surroundings(),
            process: Arc::clone(process),
            first: request.spawner.starts_first(),
            inherited: request.inherited,
            cause: request.cause,
            kept: request.start.kept,
            run: Run {
                program,
                arguments: request.start.arguments,
            },
            runner,
            presence,
        };
        let task = task.run().instrument(span);
        if is_native {
            // `Presence` reports the end of the task, even after a panic.
            drop(self.shared.tokio.spawn(task));
        } else {
            self.scheduler.spawn(self.lane(&host), task).detach();
        }
        Ok(spawned)
    }

    /// Checks the spawner's permissions, and finds the set, the code, the host and the identity
    /// of the new process: all of one moment, however a reload replaces them meanwhile.
    ///
    /// # Errors
    ///
    /// `PermissionDenied`, before anything else; `NotFound` for the definition, and then for
    /// the host.
    fn found(&self, request: &mut SpawnRequest) -> Result<Found, Error> {
        let names_no_host = request.start.host.is_empty();
        self.programs.set.read(|set| {
            if names_no_host {
                // Chosen by the definitions of another moment, if this is not the first try.
                request.start.host.clear();
            }
            request.check_permissions(set.definitions())?;
            let (start, spawner) = (&request.start, &request.spawner);
            let runs = match spawner.code() {
                Some(code) => Runs::Code(code.clone()),
                None => Runs::Definition(set.definitions().definition(&start.definition)?),
            };
            let host = match spawner.is_embedder() {
                true => start.bound_host(runs.definition()),
                false => &start.host,
            };
            let host = self.shared.kernel.host(host)?;
            let assigned = request.assigned(&self.shared.judges, host.name());
            Ok(Found {
                set: Arc::clone(set),
                runs,
                host,
                assigned,
            })
        })
    }

    /// Makes the program, after a check of all that the new process is given.
    async fn checked_program(
        self: &Arc<Self>,
        set: &ProgramSet,
        runs: Runs,
        host: &Arc<Host>,
        request: &SpawnRequest,
    ) -> Result<Arc<Program>, Error> {
        let start = &request.start;
        self.shared.check_arguments(&start.arguments, host).await?;
        request.inherited.check(host)?;
        match runs {
            Runs::Code(code) => Ok(Arc::new(Program::native(
                start.definition.as_str().into(),
                code,
            ))),
            Runs::Definition(definition) => self.program_of(set, definition, start, host).await,
        }
    }

    /// Makes the program of a start: that of its definition, or, for a process that had
    /// been upgraded, the code of another one with the grants of its own.
    async fn program_of(
        self: &Arc<Self>,
        set: &ProgramSet,
        own: Arc<Definition>,
        start: &Start,
        host: &Arc<Host>,
    ) -> Result<Arc<Program>, Error> {
        let Some(other) = &start.upgraded_to else {
            return self.program(set, own, host).await;
        };
        check_host(&own, host)?;
        let other = set.definitions().definition(other)?;
        let program = self.program(set, other, host).await?;
        program.artifact()?;
        Ok(Arc::new(program.with_grants(Arc::clone(&own.grants))))
    }

    pub(super) fn check_open(&self) -> Result<(), Error> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(Error::new(
                Kind::Unavailable,
                "cannot start a process: the program is ending",
            ));
        }
        Ok(())
    }
}

impl SpawnRequest {
    /// Returns the part of the request that the kernel carries out.
    fn for_kernel<'a>(&'a self, runner: &Runner, origin: &'a Origin) -> Spawn<'a> {
        let (parent, relation, exec) = match &self.spawner {
            Spawner::Process {
                process,
                relation,
                awaits,
                ..
            } => (Some(process), *relation, *awaits == Awaits::Outcome),
            Spawner::Far { relation, .. } => (None, *relation, false),
            Spawner::Embedder { .. } => (None, Relation::default(), false),
        };
        Spawn {
            parent,
            far_parent: match &self.spawner {
                Spawner::Far { parent, .. } => Some(parent),
                _ => None,
            },
            relation,
            exec,
            name: self.start.name.as_deref(),
            messages: &self.start.messages,
            trace: self.cause,
            base: match runner {
                Runner::Native(_) => TASK,
                Runner::Instance(_) | Runner::Parked => INSTANCE,
            },
            given: self.inherited.given(&self.start.arguments),
            origin: Some(origin),
        }
    }

    /// Reserves the watch of the new process, if its spawner wants one.
    ///
    /// # Errors
    ///
    /// Those of [`Watches::prepare`].
    fn prepare_watch(&self, watches: &Arc<Watches>) -> Result<Option<NewWatch>, Error> {
        match &self.spawner {
            Spawner::Process {
                process,
                awaits: Awaits::End,
                ..
            } => watches.prepare(process).map(Some),
            _ => Ok(None),
        }
    }

    /// Reports an identity that the process was given to the authorizer's audit:
    /// one that the spawner set, or one that was assigned.
    fn report_identity(&self, judges: &Judges, process: &Process, assigned: &Identity) {
        if let Spawner::Process {
            judge: Some(judge), ..
        }
        | Spawner::Far {
            judge: Some(judge), ..
        } = &self.spawner
            && !self.start.identity.is_empty()
        {
            let identity = Identity {
                actor: self.inherited.actor.clone(),
                scope: self.inherited.scope.clone(),
            };
            judge.has_granted(process.text(), &self.start.definition, &identity);
        } else if !assigned.is_empty()
            && let Some(authorizer) = judges.authorizer()
        {
            authorizer.observe(&AuditEvent::Granted {
                by: None,
                pid: process.text(),
                definition: &self.start.definition,
                actor: assigned.actor.as_deref(),
                scope: assigned.scope.as_deref(),
            });
        }
    }
}

fn origin_of(program: &Program, inherited: &Inherited) -> Origin {
    let actor = inherited.actor.as_ref();
    Origin {
        definition: Arc::clone(&program.definition.id),
        frame: Arc::clone(&inherited.frame),
        actor: actor.map(|actor| actor.id.as_str().into()),
    }
}

/// The tracing span of a process. If no subscriber wants spans, the cost is one
/// check at each poll.
fn span_of(process: &Process, origin: &Origin, trace: Option<&TraceContext>) -> tracing::Span {
    tracing::debug_span!(
        target: "warren::span",
        "process",
        pid = &**process.text(),
        frame = &*origin.frame,
        definition = &*origin.definition,
        host = process.host().name(),
        actor = origin.actor.as_deref(),
        trace_id = trace.map(TraceContext::trace_id),
        span_id = trace.map(TraceContext::span_id),
    )
}
