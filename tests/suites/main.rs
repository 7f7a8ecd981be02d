//! Whole programs, run by the command: one module for each promise.
//!
//! One binary, because linking takes longer than compiling: a new file is a
//! module below. The suites `conformance`, `hostile` and `lua_api` are binaries
//! of their own, because they find their tests when they start.

mod bombs;
mod broken_programs;
mod cache;
mod cluster;
mod components;
mod databases;
mod dirty_pages;
mod examples;
mod fairness;
mod guests;
mod guides;
mod kills;
mod limits;
mod lost_nodes;
mod nats;
mod new_programs;
mod output;
mod queue;
mod races;
mod reading;
mod recursion;
mod scale;
mod served;
mod storage;
mod streams;
mod supervision;
mod transactions;
mod web;
