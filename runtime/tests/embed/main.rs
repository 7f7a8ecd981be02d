//! The embedder's API, as a program that embeds the runtime sees it.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test program"
)]

mod definitions;
mod identity;
mod isolation;
mod life;
mod native;
mod services;
mod setup;
mod stack;
mod traces;
