//! The embedder's API, as a program that embeds the runtime sees it.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test program"
)]

mod apply;
mod capability;
mod definitions;
mod ends;
mod hooks;
mod http;
mod identity;
mod introspection;
mod isolation;
mod life;
mod limits;
mod metrics;
mod native;
mod outside;
mod parking;
mod queue;
mod readme;
mod reload;
mod services;
mod setup;
mod shared;
mod shutdown;
mod stack;
mod tokens;
mod traces;
mod virtual_time;
mod volumes;
mod web;
