//! Other definitions, hosts and policies in place of the present ones, while processes
//! run.
//!
//! ```text
//! prepare    hosts are made, all that is new is compiled     nobody sees any of it
//! publish    hosts, policies, definitions                    in one moment
//!            processes are told of changes of their code
//!            the code of what is gone is freed
//! ```

use std::fmt;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::join_all;
use warren_kernel::{Error, Host};

use super::Node;
use super::set::{OfDefinition, ProgramSet};
use crate::code::content::content_hash;
use crate::code::definition::{Definition, Definitions, Edition, Source};
use crate::code::program::Program;
use crate::host_limits::{DEFAULT_HOST, HostLimits};

/// Definitions that do not compile after which a reload looks at no further ones.
pub const MAX_REFUSED: usize = 100;

/// Definitions that are compiled at a time. Permits bound what really is.
const AT_A_TIME: usize = 16;

/// A reload that [`Node::prepare_reload`] and [`Node::publish`] carry out.
pub struct Reload {
    /// The definitions to come. Definitions that are the same are the same `Arc`.
    pub definitions: Arc<dyn Definitions>,
    /// The new and the changed definitions among them, which are compiled before anything
    /// is put in place.
    pub changed: Vec<Arc<Definition>>,
    /// The present definitions that are not among those to come.
    pub replaced: Vec<Arc<Definition>>,
    /// The sources that have no place any more.
    pub stale: Vec<Source>,
    /// Hosts that are new, or that get other limits.
    pub hosts: Vec<(String, HostLimits)>,
    /// The names of hosts that are removed. Their processes go on; see
    /// [`Node::end_hosts`].
    pub removed_hosts: Vec<String>,
    /// Puts other policies in place, in the same moment. It must not block, nor panic.
    pub policies: Option<Box<dyn FnOnce() + Send>>,
}

/// The reason why a reload is not possible. Nothing has changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unprepared {
    /// A host is not valid.
    #[error("host {name}: {error}")]
    Host {
        /// Its name.
        name: String,
        /// The fault.
        error: Box<Error>,
    },
    /// Definitions do not compile: their ids and errors, of the first [`MAX_REFUSED`].
    #[error("{}", shown(.0))]
    Code(Vec<(Arc<str>, Error)>),
}

/// A reload whose hosts are made and whose code is compiled. Dropped, it has changed
/// nothing.
#[must_use = "nothing changes before it is published"]
pub struct Prepared {
    reload: Reload,
    edition: Edition,
    hosts: Vec<Arc<Host>>,
    programs: Vec<Arc<Program>>,
}

/// A reload that was put in place.
#[derive(Debug)]
pub struct Published {
    /// The definitions of which a process has required a file that is another now.
    pub requiring: Vec<Arc<str>>,
    /// The hosts that were removed, whose processes go on.
    pub removed: Vec<Arc<Host>>,
}

impl Reload {
    /// Returns a reload that puts these definitions in place, of which none is new.
    pub fn new(definitions: Arc<dyn Definitions>) -> Reload {
        Reload {
            definitions,
            changed: Vec::new(),
            replaced: Vec::new(),
            stale: Vec::new(),
            hosts: Vec::new(),
            removed_hosts: Vec::new(),
            policies: None,
        }
    }
}

impl Node {
    /// Prepares a reload and puts it in place; see [`Node::prepare_reload`].
    ///
    /// Returns the definitions of which a process has required a file that is another now.
    ///
    /// # Errors
    ///
    /// As for [`Node::prepare_reload`].
    pub async fn reload(self: &Arc<Self>, reload: Reload) -> Result<Vec<Arc<str>>, Unprepared> {
        let prepared = self.prepare_reload(reload).await?;
        Ok(self.publish(prepared).requiring)
    }

    /// Makes the hosts of a reload, and compiles all that has changed. A future that is
    /// dropped has put nothing in place.
    ///
    /// # Errors
    ///
    /// See [`Unprepared`].
    pub async fn prepare_reload(self: &Arc<Self>, reload: Reload) -> Result<Prepared, Unprepared> {
        let mut hosts = Vec::with_capacity(reload.hosts.len());
        for (name, limits) in &reload.hosts {
            let host = self.make_host(name, limits);
            hosts.push(host.map_err(|error| Unprepared::Host {
                name: name.clone(),
                error: Box::new(error),
            })?);
        }
        let edition = Edition::new(Arc::clone(&reload.definitions));
        let set = ProgramSet::new(edition.clone(), Arc::default());
        let (programs, refused) = self.compile_all(&set, &hosts, &reload.changed).await;
        if !refused.is_empty() {
            self.forget_sources(reload.changed.iter().filter_map(|one| one.code.source()));
            return Err(Unprepared::Code(refused));
        }
        Ok(Prepared {
            reload,
            edition,
            hosts,
            programs,
        })
    }

    /// Puts a reload in place: for spawns, upgrades and restarts from now on. A running
    /// process goes on with its code, and requires modules of the files it was started
    /// from. Processes that ask for it are told of a change of their code.
    ///
    /// Two reloads may not overlap, from before [`Node::prepare_reload`] to the end of this: the
    /// caller sees to that.
    pub fn publish(self: &Arc<Self>, prepared: Prepared) -> Published {
        self.publish_with(prepared, || {})
    }

    /// Does the same, and calls `first` in the same moment, before all else. It must not
    /// block, nor panic.
    pub fn publish_with(self: &Arc<Self>, prepared: Prepared, first: impl FnOnce()) -> Published {
        let Prepared {
            reload,
            edition,
            hosts,
            programs,
        } = prepared;
        let before = self.programs.set.get();
        let has_same_files = edition.has_files_of(&before.edition);
        let kept = match has_same_files {
            true => Arc::clone(&before.programs),
            false => Arc::default(),
        };
        let set = Arc::new(ProgramSet::new(edition.clone(), kept));
        let requiring = match has_same_files {
            true => Vec::new(),
            false => {
                self.take_over(&before, &set);
                requiring(&before, &edition)
            }
        };
        for program in programs {
            self.add_to(&set, program);
        }
        // Nobody fetches a program of the old set once this reference is gone.
        drop(before);
        let remove: Vec<&str> = reload.removed_hosts.iter().map(String::as_str).collect();
        let (mut removed, mut replaced) = (Vec::new(), None);
        let others = || {
            first();
            removed = self.shared.kernel.put_hosts(&hosts, &remove);
            for host in &hosts {
                self.shared.host(host).enforce();
            }
            if let Some(policies) = reload.policies {
                policies();
            }
        };
        let present = Arc::clone(&set);
        let replace = || replaced = Some(self.programs.set.replace(present, others));
        let at = self.shared.now().wall;
        self.shared.outdated.replace(&edition, at, replace);
        // Freed without the lock of those who ask.
        drop(replaced);
        for definition in reload.replaced {
            set.programs.forget(&OfDefinition(definition));
        }
        self.forget_sources(reload.stale.iter());
        Published { requiring, removed }
    }

    /// Makes a host: a new one, or a present one with other limits.
    fn make_host(&self, name: &str, limits: &HostLimits) -> Result<Arc<Host>, Error> {
        let kernel = &self.shared.kernel;
        let host = match kernel.host(name) {
            Ok(present) => self.hosts.revised_host(kernel, &present, limits),
            Err(_) => self.hosts.new_host(kernel, name, limits),
        }?;
        self.scheduler.grow(self.lane(&host) + 1);
        Ok(host)
    }

    /// Makes the programs of definitions. Returns those that were made, and the errors of
    /// the others.
    async fn compile_all(
        self: &Arc<Self>,
        set: &ProgramSet,
        hosts: &[Arc<Host>],
        definitions: &[Arc<Definition>],
    ) -> (Vec<Arc<Program>>, Vec<(Arc<str>, Error)>) {
        let (mut programs, mut refused) = (Vec::new(), Vec::new());
        for some in definitions.chunks(AT_A_TIME) {
            let some = some
                .iter()
                .map(|definition| self.compile_one(set, hosts, definition).boxed());
            for made in join_all(some).await {
                match made {
                    Ok(program) => programs.push(program),
                    Err(error) => refused.push(error),
                }
            }
            if refused.len() >= MAX_REFUSED {
                refused.truncate(MAX_REFUSED);
                break;
            }
        }
        (programs, refused)
    }

    async fn compile_one(
        self: &Arc<Self>,
        set: &ProgramSet,
        hosts: &[Arc<Host>],
        definition: &Arc<Definition>,
    ) -> Result<Arc<Program>, (Arc<str>, Error)> {
        let made = async {
            self.check_open()?;
            let name = definition.host.as_deref().unwrap_or(DEFAULT_HOST);
            let host = match hosts.iter().find(|host| host.name() == name) {
                Some(host) => Arc::clone(host),
                None => self.shared.kernel.host(name)?,
            };
            self.make_program(Arc::clone(definition), &host, set).await
        };
        made.await.map_err(|error| {
            let host = definition.host.as_deref().unwrap_or(DEFAULT_HOST);
            (Arc::clone(&definition.id), error.in_host(host))
        })
    }

    /// Adds the programs of unchanged definitions to a set with other files: their code is
    /// compiled.
    fn take_over(&self, before: &ProgramSet, set: &ProgramSet) {
        for (OfDefinition(definition), program) in before.programs.all_made() {
            let same = set.definitions().definition(&definition.id);
            if same.is_ok_and(|same| Arc::ptr_eq(&same, &definition)) {
                let origin = program.origin.as_ref();
                let program = Program {
                    modules: set.definitions().modules(&definition.id),
                    origin: origin
                        .map(|origin| origin.successor(&definition.id, &set.edition.files)),
                    ..Program::clone(&program)
                };
                self.add_to(set, Arc::new(program));
            }
        }
    }

    fn add_to(&self, set: &ProgramSet, program: Arc<Program>) {
        let (key, bytes) = (
            OfDefinition(Arc::clone(&program.definition)),
            program.bytes(),
        );
        let max_kept = self.programs.limits.max_kept;
        set.programs.put(&key, program, bytes, max_kept);
    }

    /// Frees a program that was made of a definition which is not there any more: nobody
    /// asks for it again.
    pub(super) fn forget_replaced(&self, set: &ProgramSet, definition: &Arc<Definition>) {
        let present = self.programs.set.get();
        if !Arc::ptr_eq(&present.programs, &set.programs) {
            // The programs of that set are freed with it.
            return;
        }
        let now = present.definitions().definition(&definition.id);
        if !now.is_ok_and(|now| Arc::ptr_eq(&now, definition)) {
            set.programs.forget(&OfDefinition(Arc::clone(definition)));
            self.forget_sources(definition.code.source().into_iter());
        }
    }

    /// Frees the code of sources once no process runs it.
    fn forget_sources<'a>(&self, sources: impl Iterator<Item = &'a Source>) {
        for source in sources {
            self.programs.forget(&content_hash(source));
        }
    }
}

/// Returns the ids of the programs that require another file in the new edition.
fn requiring(before: &ProgramSet, now: &Edition) -> Vec<Arc<str>> {
    let all = before.programs.all_made().into_iter();
    let news = |program: &Program| program.changes(Some(&before.edition), now);
    all.filter(|(_, program)| !news(program).is_empty())
        .map(|(OfDefinition(definition), _)| Arc::clone(&definition.id))
        .collect()
}

fn shown(refused: &[(Arc<str>, Error)]) -> String {
    let messages: Vec<_> = refused.iter().map(|(_, error)| &*error.message).collect();
    messages.join("\n")
}

impl fmt::Debug for Reload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reload")
            .field("changed", &self.changed.len())
            .field("replaced", &self.replaced.len())
            .field("hosts", &self.hosts.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Prepared").field(&self.reload).finish()
    }
}
