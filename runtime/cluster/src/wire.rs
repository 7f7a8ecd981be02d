//! The bytes that nodes exchange: MessagePack, in arrays whose ends a newer version may extend.
//!
//! A packet of the broker holds one [`frame::Frame`]. The chunks of data frames make up a
//! stream of [`signal::Signal`]s.

pub(crate) mod frame;
pub(crate) mod process;
mod read;
pub(crate) mod signal;
mod write;

pub(crate) use read::{Malformed, Reader};
pub(crate) use write::Writer;
