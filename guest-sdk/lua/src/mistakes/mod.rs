//! Mistakes that programs make, and what is said about them. Nothing here runs while a
//! program makes none.

mod discarded;
mod place;
mod suggestion;
mod units;

pub(crate) use discarded::{
    check_all_stopped, check_all_taken, check_first_taken, check_taken, discarded, tell_discarded,
    text_of,
};
pub(crate) use suggestion::nearest;
pub(crate) use units::{check_milliseconds, check_unit};
