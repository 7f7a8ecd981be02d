//! Mistakes that programs make, and what is said about them. Nothing here runs while a
//! program makes none.

mod discarded;
mod place;
mod suggestion;
mod units;

pub(crate) use discarded::check_taken;
pub(crate) use units::check_unit;
