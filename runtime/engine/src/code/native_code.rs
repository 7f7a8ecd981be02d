//! The code of a host function process, as a definition holds it.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// A Rust function of the embedder, called once for each process that runs it.
#[derive(Clone)]
pub struct NativeCode(Arc<dyn Any + Send + Sync>);

impl NativeCode {
    pub(crate) fn holding(starter: impl Any + Send + Sync) -> NativeCode {
        NativeCode(Arc::new(starter))
    }

    pub(crate) fn is_that_of(&self, other: &NativeCode) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn held<T: Any>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

impl fmt::Debug for NativeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NativeCode")
    }
}
