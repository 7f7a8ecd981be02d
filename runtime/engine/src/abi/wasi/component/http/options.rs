//! `request-options`: the time limits of a request.

use std::time::Duration;

use warren_kernel::nanoseconds;
use wasmtime::component::Resource;

use super::bindings::wasi::http::types;
use super::resources::RequestOptions;
use crate::capability::http::Timeouts;
use crate::guest::Guest;

type Options = Resource<RequestOptions>;

impl Guest {
    fn timeouts(&mut self, options: &Options) -> wasmtime::Result<&mut Timeouts> {
        Ok(&mut self.http().0.get_mut(options)?.timeouts)
    }
}

fn read(timeout: Option<Duration>) -> Option<u64> {
    timeout.map(nanoseconds)
}

fn set(timeout: &mut Option<Duration>, nanoseconds: Option<u64>) -> Result<(), ()> {
    *timeout = nanoseconds.map(Duration::from_nanos);
    Ok(())
}

impl types::HostRequestOptions for Guest {
    fn new(&mut self) -> wasmtime::Result<Options> {
        Ok(self.http().0.push(RequestOptions::default())?)
    }

    fn connect_timeout(&mut self, this: Options) -> wasmtime::Result<Option<u64>> {
        Ok(read(self.timeouts(&this)?.connect))
    }

    fn set_connect_timeout(
        &mut self,
        this: Options,
        timeout: Option<u64>,
    ) -> wasmtime::Result<Result<(), ()>> {
        Ok(set(&mut self.timeouts(&this)?.connect, timeout))
    }

    fn first_byte_timeout(&mut self, this: Options) -> wasmtime::Result<Option<u64>> {
        Ok(read(self.timeouts(&this)?.first_byte))
    }

    fn set_first_byte_timeout(
        &mut self,
        this: Options,
        timeout: Option<u64>,
    ) -> wasmtime::Result<Result<(), ()>> {
        Ok(set(&mut self.timeouts(&this)?.first_byte, timeout))
    }

    fn between_bytes_timeout(&mut self, this: Options) -> wasmtime::Result<Option<u64>> {
        Ok(read(self.timeouts(&this)?.between_bytes))
    }

    fn set_between_bytes_timeout(
        &mut self,
        this: Options,
        timeout: Option<u64>,
    ) -> wasmtime::Result<Result<(), ()>> {
        Ok(set(&mut self.timeouts(&this)?.between_bytes, timeout))
    }

    fn drop(&mut self, this: Options) -> wasmtime::Result<()> {
        self.http().0.delete(this)?;
        Ok(())
    }
}
