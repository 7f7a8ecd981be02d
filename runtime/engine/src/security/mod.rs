//! Permissions: the checks before each operation of a guest, and the authorizer
//! that decides.
//!
//! ```text
//!   fiber                                task (worker's own stack)
//!   -----                                -------------------------
//!   operation: Rights::permit
//!     no rights kept: goes on            (nobody judges, nothing to deny)
//!     known answer: goes on, or is denied
//!     unknown: Undecided ------------->  Judge::decide: Authorizer::decide
//!   operation, from its beginning <----    the answer is kept
//! ```
//!
//! An operation checks and acts in one step on the fiber, so it acts on exactly the
//! process for which it was permitted. If no decision is known, the operation stops
//! before it has any effect. The task then has the question decided on its own
//! stack, and the operation starts over.
//!
//! - A **subject** is the identity for which a process acts: actor, scope and
//!   context values. All processes with equal values share one [`Subject`] and its
//!   decisions.
//! - An **action** is a word of the contract's table, or one of the program's own.
//! - An **authorizer** decides. The engine has none of its own. Without one,
//!   processes with an actor or a scope may do nothing that needs a permission; all
//!   other processes may do everything.

mod action;
mod authorizer;
mod cache;
mod decision;
mod evaluation;
mod judge;
mod operation;
mod question;
mod request;
mod rights;
mod subject;
mod token_store;
mod verdict;

pub use action::{Action, ResourceKind};
pub use authorizer::{AuditEvent, Authorizer, Identity};
pub use decision::{Decision, Reuse};
pub use evaluation::{Evaluation, Supposed};
pub use operation::{Open, Operation};
pub use request::{Caller, EntryKind, Request, Resource, Target};
pub use subject::{Actor, Scope, Subject};
pub use token_store::TokenStore;
pub use verdict::Verdict;

pub(crate) use cache::Key;
pub(crate) use judge::{Judge, Judges};
pub(crate) use question::Question;
pub(crate) use rights::{Elsewhere, Refusal, Rights, Settles};
