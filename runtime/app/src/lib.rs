//! A warren program on disk.
//!
//! [`App::open`] takes a file or a directory and yields everything a runtime
//! needs to run it: the definition to start, the hosts, and, through
//! [`warren_engine::Definitions`], the code of every definition together with
//! its grants.
//!
//! Words used throughout:
//!
//! - The **root** is the directory given, or the directory of the file given.
//!   Code and manifest are read below it and nowhere else, symbolic links
//!   included.
//! - A **definition id** is `namespace:name`. It belongs to a file by
//!   **place**: in an app named `app`, `app.workers:handler` is
//!   `workers/handler.lua` (or `.wasm`, or `.wat`) below the root.
//! - The **manifest** is `warren.toml` at the root. It is optional and holds
//!   the settings that do not follow from a place.
//!
//! Each file is read once, when it is first needed, and kept in memory. A reloadable
//! program reads all of its code when it is opened: these files belong together, until
//! [`App::reread`] reads them again.

mod app;
mod check;
mod consumer;
mod database_check;
mod duration;
mod error;
mod fixed;
mod grants;
mod host;
mod id;
mod library;
mod lines;
mod listen;
mod location;
mod manifest;
mod nats_url;
mod open;
mod options;
mod place;
mod plan;
mod policy;
mod queue_check;
mod reach;
mod reread;
mod root;
mod self_write;
mod service;
mod service_check;
mod succession;
mod suggest;
mod survey;
mod table;
mod test;
mod tokens;
mod too_much;
mod uses;
mod volumes;
mod watcher;
mod web_check;

pub use app::{App, MANIFEST};
pub use consumer::Consumer;
pub use duration::{DurationError, parse_duration};
pub use error::{Access, AppError, GrantError};
pub use host::{HostSettings, QueueSettings};
pub use id::{Id, IdError};
pub use lines::Lines;
pub use listen::{Listen, ListenError};
pub use manifest::{
    ClusterEntry, MEMORY_OF_ALL, ManifestError, Position, Problem, SizeError, more_problems,
    parse_size,
};
pub use options::{AppOptions, EnvGrant, UseGrant, VolumeGrant};
pub use policy::{
    AuditError, Difference, Policies, PolicyError, PolicyPlace, PolicyProblem, Rules, RulesChange,
    RulesDifference,
};
pub use reread::{Changes, FileChange, FileProblem, Reread, RereadError};
pub use self_write::SelfWrite;
pub use service::{Restart, RestartCode, RestartPolicy, Service};
pub use service_check::{DependencyError, sort_services};
#[doc(hidden)]
pub use suggest::closest;
#[doc(hidden)]
pub use table::Table;
pub use test::Test;
pub use warren_engine::DEFAULT_HOST;
pub use warren_engine::capability::{DatabaseSettings, StoreSettings, web};
pub use warren_engine::security::TokenStore;
pub use watcher::{Seen, Watcher};
// The parts of an opened program, for users of this crate alone.
pub use warren_engine::{Code, Definition, Definitions, Source};
