//! The functions that a component exports for a process.

use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex};

/// The interface of a component that answers requests, in the newest version known. Older
/// ones are found by it, too.
const HANDLER: &str = "wasi:http/incoming-handler@0.2.12";

/// The interface of a command of WASI.
const COMMAND: &str = "wasi:cli/run@0.2.12";

/// The functions with which a process of a component may begin.
pub(crate) struct Entries {
    /// The function of a process.
    pub(crate) begin: Option<Begin>,
    /// The function of a process that answers a request, `handle` of `wasi:http`.
    pub(crate) handle: Option<ComponentExportIndex>,
}

/// The function with which a process begins that answers no request.
pub(crate) enum Begin {
    /// `start`, without result.
    Start(ComponentExportIndex),
    /// `run` of `wasi:cli`, whose result tells success.
    Run(ComponentExportIndex),
}

impl Entries {
    /// Finds the functions.
    ///
    /// # Errors
    ///
    /// The problem of a component that cannot run.
    pub(crate) fn of(component: &Component) -> Result<Entries, &'static str> {
        let handle = function(component, HANDLER, "handle").map(|(_, index)| index);
        let begin = match component.get_export(None, "start") {
            Some((ComponentItem::ComponentFunc(ty), index)) => {
                check_start(&ty)?;
                Some(Begin::Start(index))
            }
            Some(_) => return Err("its export `start` is not a function"),
            None => {
                let run = function(component, COMMAND, "run");
                let run = run.filter(|(ty, _)| !ty.async_());
                run.map(|(_, index)| Begin::Run(index))
            }
        };
        if begin.is_none() && handle.is_none() {
            return Err("it exports no function called `start`");
        }
        Ok(Entries { begin, handle })
    }
}

/// Finds a function of an exported interface.
fn function(
    component: &Component,
    interface: &str,
    name: &str,
) -> Option<(ComponentFunc, ComponentExportIndex)> {
    let interface = component.get_export_index(None, interface)?;
    match component.get_export(Some(&interface), name)? {
        (ComponentItem::ComponentFunc(ty), index) => Some((ty, index)),
        _ => None,
    }
}

fn check_start(ty: &ComponentFunc) -> Result<(), &'static str> {
    if ty.params().len() > 0 || ty.results().len() > 0 {
        Err("its `start` has parameters or a result")
    } else if ty.async_() {
        Err("its `start` is `async`")
    } else {
        Ok(())
    }
}
