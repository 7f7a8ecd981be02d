//! The library `time`.

mod duration;
mod letters;
mod library;
mod location;
mod value;
mod zones;

pub(crate) use duration::{Unit, signed, span};
pub(crate) use library::open;
pub(crate) use value::build_moment;
