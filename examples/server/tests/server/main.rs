//! The server, as its clients and its operator see it.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test program"
)]

mod chat;
mod client;
mod command;
mod isolation;
mod opening;
mod operator;
mod requests;
mod setup;
mod shutdown;
mod tenants;
