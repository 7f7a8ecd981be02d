//! The evaluation of policies for values, which gives no rights.

use std::sync::Arc;

use warren_kernel::Error;

use super::judge::Judge;
use super::question::Question;
use super::subject::Actor;
use super::verdict::Verdict;

/// A request that a program makes up.
///
/// ```
/// use std::collections::BTreeMap;
/// use warren_engine::security::{Action, Actor, Supposed};
///
/// let question = Supposed {
///     policies: vec!["shop:refunds".to_owned()],
///     actor: Some(Actor::new("ada", &BTreeMap::new())),
///     action: "shop.refund",
///     resource: "order 7",
///     attributes: b"\x81\xa4tier\xa4gold", // {tier = "gold"}
/// };
/// assert_eq!(question.actor.as_ref().map(Actor::id), Some("ada"));
/// assert_eq!(Action::of(question.action), None); // a word of the program's own
/// ```
#[derive(Clone, Debug)]
pub struct Supposed<'a> {
    /// The ids of the policies.
    pub policies: Vec<String>,
    /// The actor; `None` for a process without one.
    pub actor: Option<Actor>,
    /// The action.
    pub action: &'a str,
    /// The resource, as in `security.can`.
    pub resource: &'a str,
    /// The attributes, an encoded map, or empty.
    pub attributes: &'a [u8],
}

/// An evaluation of policies, for a thread that may take its time.
///
/// ```
/// use warren_engine::capability::Caller;
/// use warren_engine::security::{Supposed, Verdict};
/// use warren_kernel::Error;
///
/// /// Returns the verdict of one policy on a refund for a process without an actor.
/// fn refund(caller: &dyn Caller, order: &str) -> Result<Verdict, Error> {
///     let evaluation = caller.evaluation(Supposed {
///         policies: vec!["shop:refunds".to_owned()],
///         actor: None,
///         action: "shop.refund",
///         resource: order,
///         attributes: &[],
///     })?;
///     evaluation.run(&|| Ok(())) // on a thread that may take its time
/// }
/// ```
pub struct Evaluation {
    pub(crate) judge: Option<Judge>,
    pub(crate) question: Question,
    pub(crate) actor: Option<Arc<Actor>>,
    pub(crate) policies: Vec<String>,
}

impl Evaluation {
    /// Evaluates the policies. `check` is called between two of them.
    ///
    /// # Errors
    ///
    /// Those of `check`, and `Internal` for a request that the authorizer cannot read.
    pub fn run(&self, check: &dyn Fn() -> Result<(), Error>) -> Result<Verdict, Error> {
        match &self.judge {
            // The program has no policies.
            None => Ok(Verdict::Undefined),
            Some(judge) => {
                let actor = self.actor.clone();
                judge.evaluate(&self.question, actor, &self.policies, check)
            }
        }
    }
}

impl std::fmt::Debug for Evaluation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Evaluation")
            .field("question", &self.question)
            .field("actor", &self.actor)
            .field("policies", &self.policies)
            .finish_non_exhaustive()
    }
}
