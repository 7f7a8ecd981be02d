//! The library `time`.

mod duration;
mod library;
mod moment;

pub(crate) use duration::{Unit, span};
pub(crate) use library::open;
pub(crate) use moment::build_moment;
