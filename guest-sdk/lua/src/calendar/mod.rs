//! Calendars, clocks and layouts, without Lua: what the library `time` reckons with.
//!
//! A [`Stamp`] is the block of a Time, a [`Rule`] that of a Location.

pub(crate) mod date;
pub(crate) mod layout;
mod moment;
mod span;
mod stamp;
mod wall;

pub(crate) use moment::Moment;
pub(crate) use span::{Abbreviation, Rule, Span};
pub(crate) use stamp::{Location, Stamp};
pub(crate) use wall::{Parts, Wall};
