//! The calling conventions of guests. Each calls the operations of
//! [`Guest`](crate::guest::Guest).

pub(crate) mod component;
pub(crate) mod flat;
pub(crate) mod imports;
pub(crate) mod wasi;
