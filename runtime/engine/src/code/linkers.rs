//! The imports of guests, linked once for each engine.

use std::sync::OnceLock;

use warren_kernel::{Error, text};
use wasmtime::component::{self, Component};
use wasmtime::{Caller, Engine, ExternType, InstancePre, Linker, Module, UnknownImportError, Val};

use crate::code::excerpt::{self, excerpt};

/// The functions that define the imports of guests.
pub(crate) struct Imports<T: 'static> {
    /// Imports of core modules.
    pub(crate) core: fn(&mut Linker<T>) -> wasmtime::Result<()>,
    /// Imports of components.
    pub(crate) component: fn(&mut component::Linker<T>) -> wasmtime::Result<()>,
}

impl<T> Clone for Imports<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Imports<T> {}

#[cfg(test)]
impl<T> Imports<T> {
    /// Returns imports that define nothing.
    pub(crate) fn none() -> Imports<T> {
        Imports {
            core: |_| Ok(()),
            component: |_| Ok(()),
        }
    }
}

/// The linkers of one engine.
pub(crate) struct Linkers<T: 'static> {
    core: Linker<T>,
    component: OnceLock<component::Linker<T>>,
    imports: Imports<T>,
}

impl<T> Linkers<T> {
    /// Links everything a core module may import.
    ///
    /// # Errors
    ///
    /// A [`wasmtime::Error`] if an import is defined twice.
    pub(crate) fn new(engine: &Engine, imports: Imports<T>) -> wasmtime::Result<Linkers<T>> {
        let mut linker = Linker::new(engine);
        (imports.core)(&mut linker)?;
        Ok(Linkers {
            core: linker,
            component: OnceLock::new(),
            imports,
        })
    }

    /// Links a core module.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the imports that the runtime does not provide, at most
    /// [`MAX_NAMED`].
    pub(crate) fn core(&self, name: &str, module: &Module) -> Result<InstancePre<T>, Error> {
        self.core.instantiate_pre(module).map_err(|error| {
            let unknown = unknown_imports(self.core.clone(), module);
            let problem = if unknown.is_empty() {
                format!("cannot link its imports: {error:#}")
            } else {
                format!(
                    "the runtime does not provide its imports {}",
                    unknown.join(", ")
                )
            };
            let problem = excerpt(problem, excerpt::MESSAGE);
            Error::invalid(format!(
                "{name}: {problem}; a guest may import warren:core/* and wasi_snapshot_preview1, \
                 and docs/guest-abi.md says how to be rid of other imports"
            ))
        })
    }

    /// Links a component.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the first import that the runtime does not provide.
    pub(crate) fn component(
        &self,
        name: &str,
        component: &Component,
    ) -> Result<component::InstancePre<T>, Error> {
        let link = || -> wasmtime::Result<_> {
            if let Some(linker) = self.component.get() {
                return linker.instantiate_pre(component);
            }
            let mut linker = component::Linker::new(component.engine());
            (self.imports.component)(&mut linker)?;
            self.component
                .get_or_init(|| linker)
                .instantiate_pre(component)
        };
        link().map_err(|error| {
            let problem = excerpt(format_args!("{error:#}"), excerpt::MESSAGE);
            Error::invalid(format!(
                "{name}: {problem}; a component may import warren:process/*@0.1.0 and the \
                 imports of wasi:cli@0.2 and wasi:http@0.2; see docs/guest-abi.md"
            ))
        })
    }
}

/// Most unknown imports that a message names: finding each takes a pass over all
/// imports.
const MAX_NAMED: usize = 10;

/// Returns the names of the imports that the linker does not have.
fn unknown_imports<T: 'static>(mut linker: Linker<T>, module: &Module) -> Vec<String> {
    let mut unknown = Vec::new();
    while let Err(error) = linker.instantiate_pre(module) {
        let Some(import) = error.downcast_ref::<UnknownImportError>() else {
            break;
        };
        if unknown.len() == MAX_NAMED {
            unknown.push("and more".to_owned());
            break;
        }
        let (module, name) = (text::line(import.module()), text::line(import.name()));
        unknown.push(format!("`{module}` `{name}`"));
        // Defining this import makes the next try name the next unknown one.
        let ExternType::Func(ty) = import.ty() else {
            break;
        };
        let never = |_: Caller<'_, T>, _: &[Val], _: &mut [Val]| {
            Err(wasmtime::format_err!("this import does not exist"))
        };
        if linker
            .func_new(import.module(), import.name(), ty, never)
            .is_err()
        {
            break;
        }
    }
    unknown
}
