//! WASI, what the libraries of other languages import: preview 1 for core
//! modules, 0.2 for components. Both reach what was granted and nothing else.

mod component;
mod errno;
mod namespace;
mod preview1;
mod table;
mod tree;

pub(crate) use component::{
    Component, MAX_RESOURCES, answer, exit_of, link as link_component, too_many_resources,
};
pub(crate) use preview1::link as link_core;
