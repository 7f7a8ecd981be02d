//! The permission checks of one instance, on its fiber.

use std::fmt;

use futures::future::BoxFuture;
use warren_kernel::{Error, Process};

use super::action::Action;
use super::cache::Key;
use super::decision::Decision;
use super::judge::Judge;
use super::question::Question;
use super::request::{Resource, Target};

/// The reason why an operation had no effect.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The operation failed.
    Error(Error),
    /// The authorizer has to decide first, off the guest's stack.
    Undecided(Box<Question>),
    /// Another node has to act. The operation is not run again: this yields its result.
    Elsewhere(Box<Elsewhere>),
}

/// The rest of an operation that other nodes carry out: a future of its result, as the
/// number that the flat ABI returns.
pub(crate) struct Elsewhere(pub(crate) BoxFuture<'static, Result<u32, Error>>);

impl fmt::Debug for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Elsewhere")
    }
}

impl Elsewhere {
    /// Returns the refusal of an operation that goes on elsewhere.
    pub(crate) fn refusal(
        rest: impl Future<Output = Result<u32, Error>> + Send + 'static,
    ) -> Refusal {
        Refusal::Elsewhere(Box::new(Elsewhere(Box::pin(rest))))
    }
}

/// The result of an operation, by the number that its rest elsewhere yields.
pub(crate) trait Settles: Sized {
    /// Returns the result.
    ///
    /// # Errors
    ///
    /// `Internal` for an operation that has no rest elsewhere.
    fn of(number: u32) -> Result<Self, Error>;
}

impl Settles for () {
    fn of(_: u32) -> Result<(), Error> {
        Ok(())
    }
}

impl Settles for bool {
    fn of(number: u32) -> Result<bool, Error> {
        Ok(number != 0)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal::Error(error)
    }
}

/// The known rights of one instance; empty if the instance may do everything.
pub(crate) struct Rights(Option<Box<Judged>>);

struct Judged {
    judge: Judge,
    permitted: [Option<Permitted>; PERMITTED],
    /// The decisions on this instance's own questions, the last used first. An
    /// operation that starts over finds its decision here.
    answers: Vec<Answer>,
}

/// A permitted action on a process. It is compared at each send, as sends usually
/// repeat, and holds until one of its fields changes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Permitted {
    generation: u64,
    pid: u64,
    attributes: u64,
    action: Action,
}

/// The number of slots for permitted actions. The slot of a process is its PID's
/// number modulo this.
const PERMITTED: usize = 4;

struct Answer {
    generation: u64,
    key: Key,
    decision: Decision,
}

/// The most decisions to keep, more than any one operation needs. Decisions with
/// [`Reuse::Caller`](super::Reuse::Caller) are kept only here.
const MAX_ANSWERS: usize = 16;

impl Rights {
    pub(crate) fn new(judge: Option<Judge>) -> Rights {
        Rights(judge.map(|judge| {
            Box::new(Judged {
                judge,
                permitted: [None; PERMITTED],
                answers: Vec::new(),
            })
        }))
    }

    /// The judge of the instance, for use off the fiber; `None` if everything is
    /// permitted.
    pub(crate) fn judge(&self) -> Option<&Judge> {
        self.0.as_ref().map(|judged| &judged.judge)
    }

    /// Refuses an action on a process if it is not permitted.
    #[inline]
    pub(crate) fn permit(&mut self, action: Action, target: &Process) -> Result<(), Refusal> {
        match &mut self.0 {
            None => Ok(()),
            Some(judged) => judged.permit(action, target),
        }
    }

    /// Refuses an action on an absent process if it is not permitted.
    pub(crate) fn permit_absent(&mut self, action: Action, pid: &str) -> Result<(), Refusal> {
        let Some(judged) = &mut self.0 else {
            return Ok(());
        };
        let key = Key::Named(action, pid.into());
        judged.permit_by(key, action, || Resource::Process(Target::absent(pid)))
    }

    /// Refuses an action on a named resource if it is not permitted.
    pub(crate) fn permit_named(
        &mut self,
        action: Action,
        resource: impl FnOnce() -> Resource,
    ) -> Result<(), Refusal> {
        let Some(judged) = &mut self.0 else {
            return Ok(());
        };
        let resource = resource();
        let key = Key::Named(action, resource.text().into());
        judged.permit_by(key, action, || resource)
    }

    /// Refuses the action of a question if it is not permitted.
    pub(crate) fn permit_asked(&mut self, question: Question) -> Result<(), Refusal> {
        match &mut self.0 {
            None => Ok(()),
            Some(judged) => judged.permit_asked(question),
        }
    }

    /// Returns true if an action on a process is permitted. A denial is not
    /// reported to the operator.
    pub(crate) fn allows(&mut self, action: Action, target: &Process) -> Result<bool, Refusal> {
        let Some(judged) = &mut self.0 else {
            return Ok(true);
        };
        let key = Key::process(action, target);
        let question = |key| Question {
            key,
            action: action.as_str().to_owned(),
            resource: Resource::Process(Target::of(target)),
            attributes: Vec::new(),
        };
        judged.answer(key, question)
    }

    /// Returns the decision on a question of the program's own.
    pub(crate) fn answers(
        &mut self,
        key: Key,
        question: impl FnOnce(Key) -> Question,
    ) -> Result<bool, Refusal> {
        match &mut self.0 {
            None => Ok(true),
            Some(judged) => judged.answer(key, question),
        }
    }

    /// Keeps the decision on a question for which an operation stopped.
    pub(crate) fn learn(&mut self, key: Key, generation: u64, decision: Decision) {
        if let Some(judged) = &mut self.0 {
            judged.keep(Answer {
                generation,
                key,
                decision,
            });
        }
    }
}

impl Permitted {
    #[inline]
    fn place(&self) -> usize {
        self.pid as usize % PERMITTED
    }
}

impl Judged {
    #[inline]
    fn permit(&mut self, action: Action, target: &Process) -> Result<(), Refusal> {
        let permitted = self.permitted(action, target);
        if self.permitted[permitted.place()] == Some(permitted) {
            return Ok(());
        }
        self.permit_anew(permitted, action, target)
    }

    #[inline(never)]
    fn permit_anew(
        &mut self,
        permitted: Permitted,
        action: Action,
        target: &Process,
    ) -> Result<(), Refusal> {
        let key = Key::Process(action, permitted.pid, permitted.attributes);
        if !self.judge.is_known_to_permit(permitted.generation, &key) {
            self.permit_by(key, action, || Resource::Process(Target::of(target)))?;
        }
        self.permitted[permitted.place()] = Some(permitted);
        Ok(())
    }

    /// The entry for this action if it is permitted. Read before the decision, so
    /// that a later change makes the entry invalid.
    #[inline]
    fn permitted(&self, action: Action, target: &Process) -> Permitted {
        Permitted {
            generation: self.judge.generation(),
            pid: target.pid().number(),
            attributes: target.attributes_version(),
            action,
        }
    }

    fn permit_by(
        &mut self,
        key: Key,
        action: Action,
        resource: impl FnOnce() -> Resource,
    ) -> Result<(), Refusal> {
        match self.decision(&key) {
            Some(decision) if decision.allowed => Ok(()),
            Some(decision) => {
                let error = self.judge.denied(action.as_str(), &resource(), &decision);
                Err(Refusal::Error(error))
            }
            None => Err(Refusal::Undecided(Box::new(Question {
                key,
                action: action.as_str().to_owned(),
                resource: resource(),
                attributes: Vec::new(),
            }))),
        }
    }

    fn permit_asked(&mut self, question: Question) -> Result<(), Refusal> {
        match self.decision(&question.key) {
            Some(decision) if decision.allowed => Ok(()),
            Some(decision) => {
                let Question {
                    action, resource, ..
                } = &question;
                Err(Refusal::Error(
                    self.judge.denied(action, resource, &decision),
                ))
            }
            None => Err(Refusal::Undecided(Box::new(question))),
        }
    }

    fn answer(
        &mut self,
        key: Key,
        question: impl FnOnce(Key) -> Question,
    ) -> Result<bool, Refusal> {
        match self.decision(&key) {
            Some(decision) => Ok(decision.allowed),
            None => Err(Refusal::Undecided(Box::new(question(key)))),
        }
    }

    fn decision(&mut self, key: &Key) -> Option<Decision> {
        let generation = self.judge.generation();
        let kept = self.answers.iter().position(|answer| answer.key == *key);
        if let Some(place) = kept
            && self.answers[place].generation == generation
        {
            self.answers[..=place].rotate_right(1);
            return Some(self.answers[0].decision.clone());
        }
        self.judge.known(generation, key)
    }

    fn keep(&mut self, answer: Answer) {
        // Guests choose the texts of questions: of the long ones only the last is
        // kept.
        self.answers
            .retain(|kept| kept.key != answer.key && kept.key.is_small());
        self.answers.truncate(MAX_ANSWERS - 1);
        self.answers.insert(0, answer);
    }
}
