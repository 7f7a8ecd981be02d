//! `wasi:io/poll`, with a limit for lists of pollables.

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::WasiView;
use wasmtime_wasi_io::bindings::wasi::io::poll::{self, Host, HostPollable};
use wasmtime_wasi_io::poll::DynPollable;

use crate::guest::Guest;

/// The most pollables of one call.
const MAX_POLLABLES: usize = 1_024;

struct Bounded;

impl HasData for Bounded {
    type Data<'a> = Table<'a>;
}

struct Table<'a>(&'a mut ResourceTable);

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    poll::add_to_linker::<Guest, Bounded>(linker, |guest| Table(guest.ctx().table))
}

impl Host for Table<'_> {
    async fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> wasmtime::Result<Vec<u32>> {
        if pollables.len() > MAX_POLLABLES {
            wasmtime::bail!(
                "poll takes at most {MAX_POLLABLES} pollables a call, not {}",
                pollables.len()
            );
        }
        Host::poll(self.0, pollables).await
    }
}

impl HostPollable for Table<'_> {
    async fn ready(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<bool> {
        HostPollable::ready(self.0, pollable).await
    }

    async fn block(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        HostPollable::block(self.0, pollable).await
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        HostPollable::drop(self.0, pollable)
    }
}
