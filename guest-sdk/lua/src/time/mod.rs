//! The library `time`.

mod calendar;
mod duration;
mod layout;
mod letters;
mod library;
mod location;
mod moment;
mod value;
mod wall;
mod zones;

pub(crate) use duration::{Unit, signed, span};
pub(crate) use library::open;
pub(crate) use location::Rule;
pub(crate) use value::{Stamp, build_moment};
