//! An HTTP and WebSocket server whose tenants' handlers are Lua processes.
//!
//! ```text
//!   GET /acme/orders          ──> one process of app.acme:http, for this request
//!   GET /acme/chat (upgrade)  ──> a host function process for the socket, linked with
//!                                 one process of app.acme:chat, which talks to
//!                                 the room `acme:room`
//!   GET /metrics, /healthz    ──> the library's counts; whether all is well
//! ```
//!
//! - A **tenant** is a host `tenants:NAME`, with limits and a scope: see [`Tenant`]. Its
//!   code is in the namespace `app.NAME`. Tenants are those of the program's manifest, and
//!   those that the operator adds while the server runs.
//! - A [`Server`] is opened from a program on disk, and serves until it is told to
//!   stop.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod admin;
mod answer;
mod chat;
mod config;
mod description;
mod error;
mod failure;
mod handler;
mod operator;
mod request;
mod server;
mod socket;
mod state;
mod tenants;

pub use config::Config;
pub use error::{OpenError, ServeError};
pub use server::Server;
pub use tenants::{Tenant, Tenants};
