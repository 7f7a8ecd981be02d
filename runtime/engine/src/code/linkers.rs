//! The imports of guests, linked once for each engine.

use std::sync::{Arc, OnceLock};

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
    /// The interfaces that capabilities have for components.
    pub(crate) interfaces: Arc<[Interface]>,
    /// Defines such an interface for a component that imports it.
    pub(crate) interface: LinkInterface<T>,
}

/// Defines an interface of a capability for a component that imports it.
pub(crate) type LinkInterface<T> =
    fn(&mut component::Linker<T>, &Component, &Interface) -> wasmtime::Result<()>;

/// The interface of a capability, with the functions that the component's own WIT has for it.
#[derive(Clone, Debug)]
pub(crate) struct Interface {
    /// The name in the WIT, such as `shop:pricing/quotes@0.1.0`.
    pub(crate) name: String,
    /// The name of the capability.
    pub(crate) capability: String,
}

impl<T> Clone for Imports<T> {
    fn clone(&self) -> Self {
        Imports {
            interfaces: Arc::clone(&self.interfaces),
            ..*self
        }
    }
}

#[cfg(test)]
impl<T> Imports<T> {
    /// Returns imports that define nothing.
    pub(crate) fn none() -> Imports<T> {
        Imports {
            core: |_| Ok(()),
            component: |_| Ok(()),
            interfaces: Arc::default(),
            interface: |_, _, _| Ok(()),
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
            let shared = self.for_components(component.engine())?;
            let ty = component.component_type();
            let is_imported = |interface: &&Interface| {
                ty.get_import(component.engine(), &interface.name).is_some()
            };
            let mut own = None;
            for interface in self.imports.interfaces.iter().filter(is_imported) {
                let linker = own.get_or_insert_with(|| shared.clone());
                (self.imports.interface)(linker, component, interface)?;
            }
            own.as_ref().unwrap_or(shared).instantiate_pre(component)
        };
        link().map_err(|error| {
            let problem = excerpt(format_args!("{error:#}"), excerpt::MESSAGE);
            Error::invalid(format!(
                "{name}: {problem}; a component may import warren:process/*@0.1.0, the interfaces \
                 of WASI that docs/guest-abi.md lists, and those of capabilities"
            ))
        })
    }

    /// Returns the linker that all components share, without interfaces of capabilities.
    fn for_components(&self, engine: &Engine) -> wasmtime::Result<&component::Linker<T>> {
        if let Some(linker) = self.component.get() {
            return Ok(linker);
        }
        let mut linker = component::Linker::new(engine);
        (self.imports.component)(&mut linker)?;
        Ok(self.component.get_or_init(|| linker))
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
