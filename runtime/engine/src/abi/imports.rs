//! The imports that guests get: the flat ABI and preview 1 for core modules, the
//! WIT and WASI 0.2 for components.

use super::{component, flat, wasi};
use crate::code::linkers::Imports;
use crate::guest::Guest;

/// Everything a guest may import. `asks` where imports may have to ask for
/// permission, and so to wait.
pub(crate) fn all(asks: bool) -> Imports<Guest> {
    Imports {
        core: if asks {
            |linker| {
                flat::link(linker, true)?;
                wasi::link_core(linker)
            }
        } else {
            |linker| {
                flat::link(linker, false)?;
                wasi::link_core(linker)
            }
        },
        component: |linker| {
            component::link(linker)?;
            wasi::link_component(linker)
        },
    }
}
