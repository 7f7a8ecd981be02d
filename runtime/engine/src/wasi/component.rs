//! WASI 0.2 for components: what their tool chains link in.
//!
//! The imports of `wasi:cli` are all there (clocks, randomness, streams, files,
//! sockets), and reach what was granted: without grants there are no
//! directories and no variables, and no socket is ever opened. Nothing else of
//! WASI is linked; a component that imports more is refused.

use std::sync::Arc;

use wasmtime::component::Linker;
use wasmtime_wasi::{I32Exit, WasiCtxView, WasiView};

use super::Granted;
use crate::guest::{Guest, Unwind};

/// Defines the imports of `wasi:cli`.
pub(crate) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)
}

/// `wasi:cli/exit` ends the process as `program.exit` does.
pub(crate) fn exit_of(error: wasmtime::Error) -> wasmtime::Error {
    match error.downcast::<I32Exit>() {
        Ok(I32Exit(status)) => wasmtime::Error::new(Unwind::Exit(status)),
        Err(error) => error,
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let node = Arc::clone(&self.node);
        self.wasi
            .get_or_insert_with(|| Box::new(Granted::nothing(&node)))
            .context()
            .ctx()
    }
}
