//! The operations of `warren:process/context`.

use warren_kernel::Error;

use super::Guest;
use crate::codec;

impl Guest {
    /// A context value, if there is one for this key.
    pub(crate) fn context_value(&self, key: &str) -> Result<Option<&[u8]>, Error> {
        Ok(self.inherited()?.context.get(key).map(|value| &**value))
    }

    /// All context values, as one encoded map.
    pub(crate) fn context(&self) -> Result<Vec<u8>, Error> {
        Ok(codec::map(&self.inherited()?.context))
    }
}
