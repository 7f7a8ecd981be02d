//! Compiled code, and where instances of it live.

pub(crate) mod address_space;
pub(crate) mod artifact;
pub(crate) mod bounds;
pub(crate) mod cache;
pub(crate) mod class;
pub(crate) mod compile_threads;
pub(crate) mod content;
pub(crate) mod definition;
pub(crate) mod entries;
pub(crate) mod excerpt;
pub(crate) mod grant;
pub(crate) mod image;
pub(crate) mod linkers;
pub(crate) mod loaded;
pub(crate) mod mappings;
pub(crate) mod native_code;
pub(crate) mod parked;
pub(crate) mod pool;
pub(crate) mod program;
pub(crate) mod slots;
pub(crate) mod symbols;
pub(crate) mod uses;
pub(crate) mod wasm;
