//! `wasi:io/poll`, with a limit for lists of pollables.

use std::sync::Arc;

use warren_kernel::Process;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::WasiView;
use wasmtime_wasi_io::bindings::wasi::io::poll::{self, Host, HostPollable};
use wasmtime_wasi_io::poll::DynPollable;

use crate::guest::Guest;
use crate::guest::asleep::WaitsForFirst;

/// The most pollables of one call.
const MAX_POLLABLES: usize = 1_024;

struct Bounded;

impl HasData for Bounded {
    type Data<'a> = Waiting<'a>;
}

/// The resources of a guest, which waits for some of them.
struct Waiting<'a> {
    table: &'a mut ResourceTable,
    /// Absent for a guest that is no process.
    process: Option<Arc<Process>>,
}

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    poll::add_to_linker::<Guest, Bounded>(linker, |guest| Waiting {
        process: guest.process().ok().cloned(),
        table: guest.ctx().table,
    })
}

impl Host for Waiting<'_> {
    async fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> wasmtime::Result<Vec<u32>> {
        if pollables.len() > MAX_POLLABLES {
            wasmtime::bail!(
                "poll takes at most {MAX_POLLABLES} pollables a call, not {}",
                pollables.len()
            );
        }
        let process = self.process.clone();
        let _waits = process.map(|process| WaitsForFirst::of(process, pollables.len()));
        Host::poll(self.table, pollables).await
    }
}

impl HostPollable for Waiting<'_> {
    async fn ready(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<bool> {
        HostPollable::ready(self.table, pollable).await
    }

    async fn block(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        HostPollable::block(self.table, pollable).await
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        HostPollable::drop(self.table, pollable)
    }
}
