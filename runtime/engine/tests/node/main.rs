//! Nodes as an embedder sees them, with guests written as text: one program, for
//! each that links wasmtime takes its time to build.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod capability;
mod churn;
mod classes;
mod code_cache;
mod compile;
mod component;
mod far;
mod grants;
mod hostile;
mod http;
mod interface;
mod keyvalue;
mod life;
mod memory;
mod output;
mod parking;
mod permissions;
mod reload;
mod residue;
mod services;
mod shutdown;
mod spawn;
mod stack;
mod support;
mod upgrade;
mod wasi;
