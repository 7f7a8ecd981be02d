//! The evaluation of policies for values, which gives no rights.

use std::sync::Arc;

use warren_kernel::Error;

use super::judge::Judge;
use super::question::Question;
use super::subject::Actor;
use super::verdict::Verdict;

/// A request that a program makes up.
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
