//! Code that is loaded into a pool and linked.

use warren_kernel::Error;
use wasmtime::component::Component;
use wasmtime::{ExternType, FuncType, InstancePre, Module, ModuleExport, ValType, component};

use crate::code::entries::Entries;
use crate::code::linkers::Linkers;

/// Code in the engine of one pool, ready to be instantiated.
pub(crate) enum Loaded<T: 'static> {
    Core(Box<CoreCode<T>>),
    Component(Box<ComponentCode<T>>),
}

/// A component.
pub(crate) struct ComponentCode<T: 'static> {
    pub(crate) instance: component::InstancePre<T>,
    pub(crate) entries: Entries,
}

/// A core module that speaks the flat ABI.
pub(crate) struct CoreCode<T> {
    pub(crate) instance: InstancePre<T>,
    pub(crate) memory: ModuleExport,
    /// The function that is the process: `start`, or `_start`.
    pub(crate) start: ModuleExport,
    pub(crate) prepare: Option<ModuleExport>,
    pub(crate) initialize: Option<ModuleExport>,
    /// The function that enters a process again whose last call has returned to wait. Only
    /// of a module that can say what it waits for: it imports `mailbox.await`.
    pub(crate) resume: Option<ModuleExport>,
    /// The function that reads the stack in a copy of a process's memory.
    pub(crate) traceback: Option<ModuleExport>,
}

impl<T: 'static> ComponentCode<T> {
    /// Links a component.
    ///
    /// # Errors
    ///
    /// Those of [`Linkers::component`]; `Invalid` for a component that exports no function
    /// with which a process begins.
    pub(crate) fn new(
        name: &str,
        component: &Component,
        linkers: &Linkers<T>,
    ) -> Result<ComponentCode<T>, Error> {
        let entries = Entries::of(component).map_err(|problem| {
            Error::invalid(format!(
                "{name}: {problem}; a guest exports a function `start: func()`, and runs until it \
                 returns, or wasi:cli/run, or wasi:http/incoming-handler; see docs/guest-abi.md"
            ))
        })?;
        let instance = linkers.component(name, component)?;
        Ok(ComponentCode { instance, entries })
    }
}

impl<T: 'static> CoreCode<T> {
    pub(crate) fn new(
        name: &str,
        module: Module,
        linkers: &Linkers<T>,
    ) -> Result<CoreCode<T>, Error> {
        let export = |export: &str| module.get_export_index(export);
        let missing = |what: &str, remedy: &str| {
            Err(Error::invalid(format!(
                "{name}: it exports no {what}; {remedy}"
            )))
        };
        let Some(memory) = export("memory").filter(
            |_| matches!(module.get_export("memory"), Some(ExternType::Memory(m)) if !m.is_64()),
        ) else {
            return missing("32-bit memory called `memory`", "a guest must export one");
        };
        let function = |export: &str| match module.get_export(export) {
            None => Ok(false),
            Some(ExternType::Func(ty)) if ty.params().len() + ty.results().len() == 0 => Ok(true),
            Some(_) => Err(Error::invalid(format!(
                "{name}: its export `{export}` must be a function without parameters or results"
            ))),
        };
        // A command of WASI, whose language knows nothing of processes.
        let entry = if function("start")? {
            "start"
        } else {
            "_start"
        };
        let start = match function(entry)? {
            true => export(entry),
            false => None,
        };
        let Some(start) = start else {
            return missing(
                "function called `start`, nor `_start` as a command of WASI does",
                "a guest exports one, and runs until it returns; see docs/guest-abi.md",
            );
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
        // Functions of these names and another type are not the runtime's.
        let awaits = module
            .imports()
            .any(|import| (import.module(), import.name()) == AWAIT);
        let resume = match module.get_export("resume") {
            Some(ExternType::Func(ty)) if awaits && ty.params().len() + ty.results().len() == 0 => {
                export("resume")
            }
            _ => None,
        };
        let traceback = match module.get_export("traceback") {
            Some(ExternType::Func(ty)) if is_traceback(&ty) => export("traceback"),
            _ => None,
        };
        let instance = linkers.core(name, &module)?;
        Ok(CoreCode {
            instance,
            memory,
            start,
            prepare,
            initialize,
            resume,
            traceback,
        })
    }
}

/// The import by which a guest says what it waits for once its function has returned.
pub(crate) const AWAIT: (&str, &str) = ("warren:core/mailbox@0.1.0", "await");

/// Returns true if a function takes a range of memory and returns a length.
fn is_traceback(ty: &FuncType) -> bool {
    let is_i32 = |ty: ValType| matches!(ty, ValType::I32);
    (ty.params().len(), ty.results().len()) == (2, 1)
        && ty.params().all(is_i32)
        && ty.results().all(is_i32)
}
