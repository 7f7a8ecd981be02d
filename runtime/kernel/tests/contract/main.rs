//! The promises of the contract, one test for each.

#![allow(clippy::unwrap_used, reason = "this is test code")]

#[path = "../setup/mod.rs"]
mod setup;

mod cancel;
mod delivery;
mod exit;
mod far;
mod groups;
mod hosts;
mod introspection;
mod memory;
mod registry;
mod spawn;
mod ties;
mod upgrade;
mod waking;
mod work;
