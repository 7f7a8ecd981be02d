//! Layouts: the form of a time, shown by the time of reference, Monday 2 January 2006
//! 15:04:05 at an offset of -7 hours (MST). Elements and rules are those of package
//! `time` of Go, which has defined them.

mod element;
mod names;
mod read;
mod write;

pub(crate) use names::{LAYOUTS, RFC3339, RFC3339_NANO};
pub(crate) use read::{Mismatch, Zone, read};
pub(crate) use write::write;
