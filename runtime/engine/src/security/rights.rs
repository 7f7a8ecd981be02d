//! The checks of one instance, on its fiber.

use warren_kernel::{Error, Process};

use super::action::Action;
use super::authorizer::Decision;
use super::cache::Key;
use super::judge::Judge;
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

/// What has to be asked.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) key: Key,
    pub(crate) action: String,
    pub(crate) resource: Resource,
    /// An encoded map, or nothing.
    pub(crate) attributes: Vec<u8>,
}

impl Question {
    /// About something that is not a process.
    pub(crate) fn named(action: Action, resource: Resource) -> Question {
        Question {
            key: Key::Named(action, resource.text().into()),
            action: action.as_str().to_owned(),
            resource,
            attributes: Vec::new(),
        }
    }
}

/// What one instance may do, as far as it was asked; nothing is kept of one that
/// may do everything.
pub(crate) struct Rights(Option<Box<Judged>>);

struct Judged {
    judge: Judge,
    /// The answers used last, the latest first: most sends are like the one
    /// before, and an operation that asked finds its answer here.
    recent: Vec<Answer>,
}

#[derive(Clone)]
struct Answer {
    generation: u64,
    key: Key,
    decision: Decision,
}

/// More answers than any operation needs at once.
const RECENT: usize = 4;

impl Rights {
    pub(crate) fn new(judge: Option<Judge>) -> Rights {
        Rights(judge.map(|judge| {
            Box::new(Judged {
                judge,
                recent: Vec::with_capacity(RECENT),
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

impl Judged {
    fn permit(&mut self, action: Action, target: &Process) -> Result<(), Refusal> {
        let key = Key::process(action, target);
        // The last answer again, without looking further.
        if let Some(last) = self.recent.first()
            && last.key == key
            && last.decision.allowed
            && last.generation == self.judge.generation()
        {
            return Ok(());
        }
        self.permit_by(key, action, || Resource::Process(Target::of(target)))
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
        let kept = self.recent.iter().position(|answer| answer.key == *key);
        if let Some(place) = kept
            && self.recent[place].generation == generation
        {
            self.recent[..=place].rotate_right(1);
            return Some(self.recent[0].decision.clone());
        }
        let decision = self.judge.known(generation, key)?;
        self.keep(Answer {
            generation,
            key: key.clone(),
            decision: decision.clone(),
        });
        Some(decision)
    }

    fn keep(&mut self, answer: Answer) {
        self.recent.retain(|kept| kept.key != answer.key);
        self.recent.truncate(RECENT - 1);
        self.recent.insert(0, answer);
    }
}
