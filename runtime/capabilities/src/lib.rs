//! The capabilities of the runtime: operations that guests of all languages call
//! through the import `warren:core/capability`.
//!
//! Each module is one capability, with a file for each of its operations. Most are pure
//! functions of their requests, which need neither a grant nor a permission. `store`, `sql`,
//! `queue` and `fs` give things that a program is granted: stores and queues lie in `sqlite` and
//! `data`, and `sql` has pools of connections of its own. `stream` reads and writes what other
//! capabilities open; `quota` counts it. `http` sends requests to the origins that a program is
//! granted, and `web` serves them.
//! `request` reads the arguments of a call, and `answer` writes its value.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

use std::sync::Arc;

use warren_engine::capability::Capability;

mod answer;
mod crypto;
mod data;
mod entries;
mod env;
mod events;
mod forms;
mod fs;
mod groups;
mod hash;
mod hex;
mod http;
mod json;
mod limit;
pub mod metrics;
mod nats;
mod queue;
mod quota;
mod request;
mod security;
mod sql;
mod sqlite;
mod store;
mod streams;
#[cfg(test)]
mod test;
mod text;
mod time;
mod traces;
mod web;
mod yaml;

pub use crate::http::{Connecting, Resolver, Resolving};
pub use data::{BackedUp, BackupError, Data, DataError, back_up};
pub use fs::{VolumeError, Volumes};
pub use metrics::Metrics;
pub use queue::{Delivery, End, Intake, QueueClock, QueueCounts, QueueError, Queues};
pub use security::{TokenStoreError, TokenStores};
pub use sql::Databases;
pub use store::Stores;
pub use web::server;

/// The settings that the capabilities of a program are made with.
#[derive(Debug, Default)]
pub struct Settings {
    /// The stores of tokens.
    pub tokens: TokenStores,
    /// The metrics of the program's processes.
    pub metrics: Metrics,
    /// The stores of values.
    pub stores: Stores,
    /// The databases.
    pub databases: Databases,
    /// Finds the addresses of names for requests; `None` for the operating system.
    pub resolver: Option<Arc<dyn Resolver>>,
    /// The queues.
    pub queues: Queues,
    /// The volumes of files.
    pub volumes: Volumes,
}

/// Returns all capabilities of this crate.
pub fn all(settings: Settings) -> Vec<Arc<dyn Capability>> {
    let http = crate::http::Http::new(settings.resolver);
    vec![
        Arc::new(crypto::Crypto),
        Arc::new(env::Env),
        Arc::new(events::Events::default()),
        Arc::new(settings.volumes),
        Arc::new(groups::Groups),
        Arc::new(hash::Hash),
        Arc::new(http.websocket()),
        Arc::new(http),
        Arc::new(json::Json::default()),
        Arc::new(settings.metrics),
        Arc::new(settings.queues),
        Arc::new(security::Security::new(settings.tokens)),
        Arc::new(settings.databases),
        Arc::new(settings.stores),
        Arc::new(streams::Stream::default()),
        Arc::new(text::Text::default()),
        Arc::new(time::Time),
        Arc::new(web::Web),
        Arc::new(yaml::Yaml),
    ]
}
