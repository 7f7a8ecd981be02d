//! `wasi:http`: requests that a component sends, and the request that it answers.
//!
//! ```text
//!  OutgoingRequest ── handle ──> Guest::begin_request ──> a task: Begun::send
//!                                                              │
//!  FutureIncomingResponse <── get ─────────────────────────────┘
//!
//!  Incoming ──> IncomingRequest, ResponseOutparam ──> handle of the component
//!                                                          │ set
//!  Exchange::respond <─────────────────────────────────────┘
//!
//!  a body that is read      task: Body ──> Pipe ──> input-stream     64 KiB
//!  a body that is written   output-stream ──> Pipe ──> Body          64 KiB
//! ```
//!
//! The bindings are made here and not taken from `wasmtime-wasi-http`: bodies there run on
//! the stack of the guest, and the memory of all fields of a component has no limit.

mod answer;
mod awaited;
mod bindings;
mod code;
mod counted;
mod fields;
mod incoming;
mod method;
mod options;
mod outgoing;
mod pipe;
mod reading;
mod request;
mod resources;
mod response;
mod written;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmtime::component::{HasSelf, Linker, Resource, ResourceTable};

use self::bindings::wasi::http::{outgoing_handler, types};
use self::code::Failed;
use crate::guest::Guest;

pub(crate) use self::answer::answer;

/// The most bodies that a component may have open at once, those of requests and of responses
/// together. Each may hold 64 KiB.
pub(crate) const MAX_BODIES: usize = 64;

/// The counts of a component.
#[derive(Default)]
pub(super) struct Http {
    /// Bytes of all fields.
    headers: Arc<AtomicUsize>,
    /// Open bodies.
    bodies: Arc<AtomicUsize>,
}

/// An open body, which counts until this value is dropped.
struct Open(Arc<AtomicUsize>);

impl Http {
    /// Counts one more body; `None` at the limit.
    fn body(&self) -> Option<Arc<Open>> {
        // Only the component's own fiber adds bodies.
        if self.bodies.load(Ordering::Relaxed) >= MAX_BODIES {
            return None;
        }
        self.bodies.fetch_add(1, Ordering::Relaxed);
        Some(Arc::new(Open(Arc::clone(&self.bodies))))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    types::add_to_linker::<Guest, HasSelf<Guest>>(linker, |guest| guest)?;
    outgoing_handler::add_to_linker::<Guest, HasSelf<Guest>>(linker, |guest| guest)
}

impl Guest {
    fn http(&mut self) -> (&mut ResourceTable, &Http) {
        let parts = self.component();
        (&mut parts.table, &parts.http)
    }
}

impl types::Host for Guest {
    fn http_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<types::ErrorCode>> {
        let error = self.http().0.get(&error)?;
        let failed = error.downcast_ref::<Failed>();
        Ok(failed.map(|failed| failed.0.clone()))
    }
}
