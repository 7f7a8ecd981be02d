//! The imports of guests: the flat ABI and preview 1 for core modules, the WIT and
//! WASI 0.2 for components.

use std::sync::Arc;

use super::{component, flat, wasi};
use crate::code::linkers::{Imports, Interface};
use crate::guest::Guest;

/// Everything that a guest may import. With `asks`, imports may have to wait for a
/// decision of the authorizer. `interfaces` are those of capabilities.
pub(crate) fn all(asks: bool, interfaces: Arc<[Interface]>) -> Imports<Guest> {
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
        interfaces,
        interface: component::link_interface,
    }
}
