//! `context`.

use super::bindings::warren::process as wit;
use crate::guest::Guest;

impl wit::context::Host for Guest {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<Vec<u8>>> {
        Ok(self.context_value(&key)?.map(<[u8]>::to_vec))
    }

    fn all(&mut self) -> wasmtime::Result<Vec<u8>> {
        Ok(self.context()?)
    }
}
