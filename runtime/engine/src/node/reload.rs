//! Other definitions in place of the present ones, while processes run.

use std::sync::Arc;

use warren_kernel::Error;

use super::Node;
use super::set::ProgramSet;
use crate::code::definition::{Code, Definition, Definitions, Source};
use crate::code::program::{Program, content_hash};
use crate::host_limits::DEFAULT_HOST;

/// Definitions that do not compile after which a reload looks at no further ones.
pub const MAX_REFUSED: usize = 100;

/// A reload that [`Node::reload`] carries out.
pub struct Reload {
    /// The definitions to come. Definitions whose code is the same are the same `Arc`.
    pub definitions: Arc<dyn Definitions>,
    /// The new and the changed definitions among them.
    pub changed: Vec<Arc<Definition>>,
    /// The sources that have no place any more.
    pub stale: Vec<Source>,
}

impl Node {
    /// Compiles all that has changed, and then puts the definitions of a reload in place:
    /// for spawns, upgrades and restarts from now on. A running process goes on with its
    /// code, and requires modules of the definitions it was started from. Processes that
    /// ask for it are told of a change of their code.
    ///
    /// Returns the definitions of which a process has required a file that is another now.
    ///
    /// Two reloads may not overlap: the caller sees to that. A future that is dropped has
    /// put nothing in place.
    ///
    /// # Errors
    ///
    /// The errors of the definitions that do not compile, with their ids; of the first
    /// [`MAX_REFUSED`]. Nothing has
    /// changed then.
    pub async fn reload(
        self: &Arc<Self>,
        reload: Reload,
    ) -> Result<Vec<Arc<str>>, Vec<(Arc<str>, Error)>> {
        let set = ProgramSet::new(Arc::clone(&reload.definitions));
        let refused = self.compile_all(&set, &reload.changed).await;
        if !refused.is_empty() {
            self.forget_sources(reload.changed.iter().filter_map(|one| source_of(&one.code)));
            return Err(refused);
        }
        let before = self.programs.set.get();
        let requiring = requiring(&before, &reload.definitions);
        self.take_over(&before, &set);
        // Nobody fetches a program of the old set once this reference is gone.
        drop(before);
        let set = Arc::new(set);
        let mut replaced = None;
        let replace = || replaced = Some(self.programs.set.replace(set));
        let at = self.shared.now().wall;
        self.shared
            .outdated
            .replace(&reload.definitions, at, replace);
        // Freed without the lock of those who ask.
        drop(replaced);
        self.forget_sources(reload.stale.iter());
        Ok(requiring)
    }

    /// Makes the programs of definitions. Returns the errors.
    async fn compile_all(
        self: &Arc<Self>,
        set: &ProgramSet,
        definitions: &[Arc<Definition>],
    ) -> Vec<(Arc<str>, Error)> {
        let mut refused = Vec::new();
        for definition in definitions {
            let made = async {
                self.check_open()?;
                let host = definition.host.as_deref().unwrap_or(DEFAULT_HOST);
                let host = self.shared.kernel.host(host)?;
                let definition = Arc::clone(definition);
                self.make_program(definition, &host, set).await
            };
            match made.await {
                Ok(program) => self.add_to(set, program),
                Err(error) => {
                    let host = definition.host.as_deref().unwrap_or(DEFAULT_HOST);
                    refused.push((Arc::clone(&definition.id), error.in_host(host)));
                }
            }
            if refused.len() == MAX_REFUSED {
                break;
            }
        }
        refused
    }

    /// Adds the programs of unchanged definitions to a set: their code is compiled.
    fn take_over(&self, before: &ProgramSet, set: &ProgramSet) {
        for (id, program) in before.programs.all_made() {
            let same = set.definitions.definition(&id);
            if same.is_ok_and(|same| Arc::ptr_eq(&same, &program.definition)) {
                let origin = program.origin.as_ref();
                let program = Program {
                    origin: origin.map(|origin| origin.successor(&set.definitions)),
                    ..Program::clone(&program)
                };
                self.add_to(set, Arc::new(program));
            }
        }
    }

    fn add_to(&self, set: &ProgramSet, program: Arc<Program>) {
        let (id, bytes) = (Arc::clone(&program.definition.id), program.bytes());
        let max_kept = self.programs.limits.max_kept;
        set.programs.put(&id, program, bytes, max_kept);
    }

    /// Frees the code of sources once no process runs it.
    fn forget_sources<'a>(&self, sources: impl Iterator<Item = &'a Source>) {
        for source in sources {
            self.programs.forget(&content_hash(source));
        }
    }
}

/// Returns the ids of the programs that require another file in the new definitions.
fn requiring(before: &ProgramSet, now: &Arc<dyn Definitions>) -> Vec<Arc<str>> {
    let all = before.programs.all_made().into_iter();
    let news = |program: &Program| program.changes(Some(&before.definitions), now);
    all.filter(|(_, program)| !news(program).is_empty())
        .map(|(id, _)| id)
        .collect()
}

fn source_of(code: &Code) -> Option<&Source> {
    match code {
        Code::Lua(source) | Code::Wasm(source) => Some(source),
        Code::Native(_) => None,
    }
}

impl std::fmt::Debug for Reload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reload")
            .field("changed", &self.changed.len())
            .finish_non_exhaustive()
    }
}
