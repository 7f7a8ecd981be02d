//! The memory of a parked process: the pages that differ from its snapshot, compressed.
//!
//! ```text
//!  memory      [ snapshot page | own page | snapshot page | own page | untouched ]
//!  record      header, numbers of the own pages, lz4(own page xor snapshot page, ...)
//! ```
//!
//! Most bytes of an own page are those of the snapshot's page, so that the difference is
//! mostly zeros.

mod fitness;
mod record;
mod snapshot;
mod touched;

pub(crate) use fitness::is_fit;
pub(crate) use record::{Bound, Record, RecordError, pack};
pub(crate) use snapshot::Snapshot;

/// Bytes of a page of a record.
pub(crate) const PAGE: usize = 4096;
