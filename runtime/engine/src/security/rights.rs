//! The checks of one instance, on its fiber.

use warren_kernel::{Error, Process};

use super::action::Action;
use super::cache::Key;
use super::decision::Decision;
use super::judge::Judge;
use super::question::Question;
use super::request::{Resource, Target};

/// Why an operation had no effect.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It failed.
    Error(Error),
    /// Whether it is allowed has to be asked first, off the guest's stack.
    Undecided(Box<Question>),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal::Error(error)
    }
}

/// What one instance may do, as far as it was asked; nothing is kept of one that
/// may do everything.
pub(crate) struct Rights(Option<Box<Judged>>);

struct Judged {
    judge: Judge,
    permitted: [Option<Permitted>; PERMITTED],
    /// The answers to this instance's own questions, the one used last first: an
    /// operation that asked finds its answer here.
    answers: Vec<Answer>,
}

/// An action on a process that was allowed, and is while nothing has changed.
/// What a send compares, which is most like one of those before it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Permitted {
    generation: u64,
    pid: u64,
    attributes: u64,
    action: Action,
}

/// Places for those; a process's is its number modulo this.
const PERMITTED: usize = 4;

struct Answer {
    generation: u64,
    key: Key,
    decision: Decision,
}

/// More answers than any operation needs at once. Those that hold for one process
/// alone are nowhere else.
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

    /// Who judges, off the fiber; nobody where everything is allowed.
    pub(crate) fn judge(&self) -> Option<&Judge> {
        self.0.as_ref().map(|judged| &judged.judge)
    }

    /// Refuses an action on a process that is not allowed.
    #[inline]
    pub(crate) fn permit(&mut self, action: Action, target: &Process) -> Result<(), Refusal> {
        match &mut self.0 {
            None => Ok(()),
            Some(judged) => judged.permit(action, target),
        }
    }

    /// Refuses an action on a process that may be gone, by its PID.
    pub(crate) fn permit_absent(&mut self, action: Action, pid: &str) -> Result<(), Refusal> {
        let Some(judged) = &mut self.0 else {
            return Ok(());
        };
        let key = Key::Named(action, pid.into());
        judged.permit_by(key, action, || Resource::Process(Target::absent(pid)))
    }

    /// Refuses an action on something that is named.
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

    /// Whether an action on a process is allowed; a denial is no event.
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

    /// Whether what a program asks for is allowed.
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

    /// Keeps the answer to a question that an operation gave up with.
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

    /// What allowing this would be. Read before it is judged, so that what changes
    /// meanwhile is no part of it.
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
        // Of long texts, which guests choose, only the last.
        self.answers
            .retain(|kept| kept.key != answer.key && kept.key.is_small());
        self.answers.truncate(MAX_ANSWERS - 1);
        self.answers.insert(0, answer);
    }
}
