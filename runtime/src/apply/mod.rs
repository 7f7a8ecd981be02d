//! Changes of a running runtime.
//!
//! ```text
//! Change ──> Target: the version to come, checked ──> Steps: what differs
//!                                                       │
//!                    Plan (to look at)  <───────────────┤
//!                                                       v
//!                    the node: prepare (compile), publish in one moment
//!                                                       │
//!                    services start and end, hosts drain <┘   Applied
//! ```
//!
//! A [`Version`] never changes, and shares what is the same with the versions before and
//! after it. So a change costs what it changes, and a rollback is a change to an earlier
//! version.

mod applied;
mod change;
mod error;
mod plan;
mod planned;
mod steps;
mod target;
mod version;
mod versions;
mod web;
mod web_steps;
mod work;

pub use applied::Applied;
pub use change::Change;
pub use error::ApplyError;
pub use plan::{Action, Object, Plan, Step};
pub use planned::Planned;
pub(crate) use version::Version;
pub(crate) use versions::Versions;
pub(crate) use web::check as check_web;
