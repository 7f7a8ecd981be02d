//! Who may do what: the questions the engine asks before it does anything for a
//! guest, and who answers them.
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
//! An operation checks and acts in one step, on the fiber: what it was allowed
//! to do is what it does, to the process it resolved. Only where no answer is
//! known does it give up, before any effect; the task around it has the question
//! judged on a stack of its own, and the operation starts over.
//!
//! - A **subject** is on whose behalf a process acts: actor, scope and context
//!   values. All processes with equal ones share one [`Subject`] and its answers.
//! - An **action** is a word of the contract's table, or of the program's own.
//! - An **authorizer** judges. The engine has none of its own: without one, who
//!   has an actor or a scope may do nothing that needs a permission, and
//!   everyone else everything.

mod action;
mod authorizer;
mod cache;
mod decision;
mod judge;
mod operation;
mod question;
mod request;
mod rights;
mod subject;

pub use action::{Action, ResourceKind};
pub use authorizer::{Authorizer, Event, Identity};
pub use decision::{Decision, Reuse};
pub use operation::{Open, Operation};
pub use request::{Caller, Request, Resource, Target};
pub use subject::{Actor, Scope, Subject};

pub(crate) use cache::Key;
pub(crate) use judge::{Judge, Judges};
pub(crate) use question::Question;
pub(crate) use rights::{Refusal, Rights};
