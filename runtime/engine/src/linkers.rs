//! The imports guests get, per engine: the flat ABI and preview 1 for core
//! modules, the WIT and WASI 0.2 for components.

use std::sync::OnceLock;

use warren_kernel::Error;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{self, Component};
use wasmtime::{Caller, Engine, ExternType, InstancePre, Linker, Module, UnknownImportError, Val};

use crate::excerpt::{self, excerpt};
use crate::guest::Guest;
use crate::{component as wit, flat, wasi};

/// The linkers of one engine.
pub(crate) struct Linkers {
    core: Linker<Guest>,
    component: OnceLock<component::Linker<Guest>>,
}

impl Linkers {
    /// Links everything a core module may import. `asks` where imports may have to
    /// ask for permission, and so to wait.
    ///
    /// # Errors
    ///
    /// Only where memory runs out.
    pub(crate) fn new(engine: &Engine, asks: bool) -> wasmtime::Result<Linkers> {
        let mut linker = Linker::new(engine);
        flat::link(&mut linker, asks)?;
        wasi::link_core(&mut linker)?;
        Ok(Linkers {
            core: linker,
            component: OnceLock::new(),
        })
    }

    /// A core module, linked.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming every import that nothing provides.
    pub(crate) fn core(&self, name: &str, module: &Module) -> Result<InstancePre<Guest>, Error> {
        self.core.instantiate_pre(module).map_err(|error| {
            let unknown = unknown_imports(self.core.clone(), module);
            let problem = if unknown.is_empty() {
                format!("its imports do not link: {error:#}")
            } else {
                format!("nothing provides its imports {}", unknown.join(", "))
            };
            let problem = excerpt(problem, excerpt::MESSAGE);
            Error::invalid(format!(
                "{name}: {problem}; a guest may import warren:core/* and wasi_snapshot_preview1"
            ))
        })
    }

    /// A component, linked.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the first import nothing provides, or where it does
    /// not export `start`.
    pub(crate) fn component(
        &self,
        name: &str,
        engine: &Engine,
        component: &Component,
    ) -> Result<component::InstancePre<Guest>, Error> {
        if let Some(problem) = problem_of_start(component) {
            return Err(Error::invalid(format!(
                "{name}: {problem}; a guest exports a function `start: func()`, and runs until it \
                 returns; see docs/guest-abi.md"
            )));
        }
        let link = || -> wasmtime::Result<_> {
            if let Some(linker) = self.component.get() {
                return linker.instantiate_pre(component);
            }
            let mut linker = component::Linker::new(engine);
            wit::link(&mut linker)?;
            wasi::link_component(&mut linker)?;
            self.component
                .get_or_init(|| linker)
                .instantiate_pre(component)
        };
        link().map_err(|error| {
            let problem = excerpt(format_args!("{error:#}"), excerpt::MESSAGE);
            Error::invalid(format!(
                "{name}: {problem}; a component may import warren:process/*@0.1.0 and what \
                 wasi:cli@0.2 does, and exports `start`"
            ))
        })
    }
}

/// What is wrong with the `start` of a component, where something is.
fn problem_of_start(component: &Component) -> Option<&'static str> {
    match component.get_export(None, "start") {
        None => Some("it exports no function called `start`"),
        Some((ComponentItem::ComponentFunc(ty), _)) => {
            if ty.params().len() > 0 || ty.results().len() > 0 {
                Some("its `start` has parameters or a result")
            } else if ty.async_() {
                Some("its `start` is `async`")
            } else {
                None
            }
        }
        Some(_) => Some("its `start` is no function"),
    }
}

/// More unknown imports than this are not named: finding each takes a pass over
/// all of them.
const MAX_NAMED: usize = 10;

/// The names of the imports the linker does not have.
fn unknown_imports(mut linker: Linker<Guest>, module: &Module) -> Vec<String> {
    let mut unknown = Vec::new();
    while let Err(error) = linker.instantiate_pre(module) {
        let Some(import) = error.downcast_ref::<UnknownImportError>() else {
            break;
        };
        if unknown.len() == MAX_NAMED {
            unknown.push("and more".to_owned());
            break;
        }
        unknown.push(format!("`{}` `{}`", import.module(), import.name()));
        // Defined so that the next try names the next one.
        let ExternType::Func(ty) = import.ty() else {
            break;
        };
        let never = |_: Caller<'_, Guest>, _: &[Val], _: &mut [Val]| {
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
