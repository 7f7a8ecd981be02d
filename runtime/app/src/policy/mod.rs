//! Policies: the operator's permissions, written in Cedar.
//!
//! - A **policy** is a file `policies/NAME.cedar` below the program's root; its
//!   id is NAME. It holds any number of statements, `permit` and `forbid`.
//! - A **scope** is a set of policies that hold for a process. The manifest
//!   gives scopes names.
//! - The policies that `[security]` lists hold for every process, whatever its
//!   scope.
//!
//! ```text
//!   Files (text) ──> Compiled (validated) ──> Policies: Authorizer
//!                        ^                        │ reload
//!                        └────────────────────────┘
//! ```

mod audit;
mod authorizer;
mod bounds;
mod compiled;
mod entities;
mod error;
mod file;
mod files;
mod rules;
mod scan;
mod settings;

pub use audit::AuditError;
pub use authorizer::Policies;
pub use error::{PolicyError, PolicyProblem};
pub(crate) use files::{Directory, policy_path};
pub use rules::{Difference, PolicyPlace, Rules, RulesChange, RulesDifference};
pub(crate) use settings::Settings;
