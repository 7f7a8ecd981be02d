//! The evaluation of a value: its budget, its place and its first failure.

use warren_engine::capability::Progress;
use warren_kernel::{Error, text};

use super::compile::Schema;
use super::tree::{Id, Node, Tree};
use crate::forms::step;

/// The reason for which an evaluation ends early.
#[derive(Debug)]
pub(super) enum Stop {
    /// The budget of work is used up.
    Work,
    /// Schemas lead to schemas too often without an end.
    Depth,
    Error(Error),
}

/// True where a schema holds.
pub(super) type Holds = Result<bool, Stop>;

/// Bounds of an evaluation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    /// Steps, of some 50 ns each.
    pub(super) work: u64,
    /// Schemas that lead to each other.
    pub(super) depth: usize,
}

/// Steps between two checks: some 0.5 ms.
const BETWEEN_CHECKS: u64 = 10_000;

/// The evaluation of one value.
pub(super) struct Run<'a> {
    pub(super) schema: &'a Schema,
    pub(super) data: &'a Tree,
    budget: Budget,
    unchecked: u64,
    depth: usize,
    /// The resources that the evaluation has entered, outermost first.
    scope: Vec<u32>,
    /// Schemas around this one that may fail without the whole failing.
    tolerant: usize,
    pub(super) failure: Option<Failure>,
    progress: Option<&'a Progress<'a>>,
}

/// The first rule that a value does not satisfy.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) path: String,
    pub(super) rule: String,
    pub(super) why: String,
}

/// The place of a value within the whole.
#[derive(Clone, Copy)]
pub(super) struct At<'p> {
    up: Option<&'p At<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Root(&'p str),
    Field(&'p str),
    Place(usize),
}

impl<'p> At<'p> {
    pub(super) fn root(name: &'p str) -> At<'p> {
        At {
            up: None,
            step: Step::Root(name),
        }
    }

    pub(super) fn field(&'p self, key: &'p str) -> At<'p> {
        At {
            up: Some(self),
            step: Step::Field(key),
        }
    }

    /// Returns the place of an element, counted from 0.
    pub(super) fn place(&'p self, place: usize) -> At<'p> {
        At {
            up: Some(self),
            step: Step::Place(place),
        }
    }

    fn shown(&self) -> String {
        let mut steps = Vec::new();
        let mut at = Some(self);
        while let Some(here) = at {
            steps.push(match here.step {
                Step::Root(name) => name.to_owned(),
                Step::Field(key) => step(key),
                // As Lua counts.
                Step::Place(place) => format!("[{}]", place + 1),
            });
            at = here.up;
        }
        let path: String = steps.iter().rev().map(String::as_str).collect();
        text::clipped(&path, 300)
    }
}

impl<'a> Run<'a> {
    pub(super) fn new(
        schema: &'a Schema,
        data: &'a Tree,
        budget: Budget,
        progress: Option<&'a Progress<'a>>,
    ) -> Run<'a> {
        Run {
            schema,
            data,
            budget,
            unchecked: 0,
            depth: 0,
            scope: Vec::new(),
            tolerant: 0,
            failure: None,
            progress,
        }
    }

    /// Takes steps off the budget, before the work is done.
    pub(super) fn charge(&mut self, steps: u64) -> Result<(), Stop> {
        self.budget.work = self.budget.work.checked_sub(steps).ok_or(Stop::Work)?;
        self.unchecked += steps;
        if self.unchecked >= BETWEEN_CHECKS {
            self.unchecked = 0;
            if let Some(progress) = self.progress {
                progress.check().map_err(Stop::Error)?;
            }
        }
        Ok(())
    }

    /// Charges a text that is looked at as a whole.
    pub(super) fn charge_text(&mut self, text: &str) -> Result<(), Stop> {
        self.charge(1 + text.len() as u64 / 64)
    }

    /// Enters a schema, and its resource.
    pub(super) fn enter(&mut self, schema: Id) -> Result<bool, Stop> {
        if self.depth == self.budget.depth {
            return Err(Stop::Depth);
        }
        self.depth += 1;
        match self.schema.place(schema) {
            Some(resource) if self.scope.last() != Some(&resource) => {
                self.scope.push(resource);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Leaves what [`enter`](Self::enter) has entered.
    pub(super) fn leave(&mut self, resource_too: bool) {
        self.depth -= 1;
        if resource_too {
            self.scope.pop();
        }
    }

    /// Finds the schema of a dynamic anchor in the outermost resource that has one.
    pub(super) fn dynamic(&mut self, name: &str) -> Result<Option<Id>, Stop> {
        self.charge(self.scope.len() as u64)?;
        let schema = self.schema;
        let mut scope = self.scope.iter();
        Ok(scope.find_map(|resource| schema.dynamic_anchor(*resource, name)))
    }

    /// Evaluates what may fail without the whole failing.
    pub(super) fn tolerantly(&mut self, evaluate: impl FnOnce(&mut Self) -> Holds) -> Holds {
        self.tolerant += 1;
        let holds = evaluate(self);
        self.tolerant -= 1;
        holds
    }

    /// Evaluates schemas for other data, within the same budget.
    pub(super) fn with_data(
        &mut self,
        data: &Tree,
        evaluate: impl FnOnce(&mut Run<'_>) -> Holds,
    ) -> Holds {
        let mut run = Run {
            schema: self.schema,
            data,
            budget: self.budget,
            unchecked: self.unchecked,
            depth: self.depth,
            scope: std::mem::take(&mut self.scope),
            tolerant: self.tolerant,
            failure: self.failure.take(),
            progress: self.progress,
        };
        let holds = evaluate(&mut run);
        (self.budget, self.unchecked) = (run.budget, run.unchecked);
        (self.scope, self.failure) = (run.scope, run.failure);
        holds
    }

    /// Notes that a rule does not hold, and returns false.
    pub(super) fn fail(&mut self, at: &At<'_>, rule: &str, why: impl FnOnce() -> String) -> Holds {
        if self.tolerant == 0 && self.failure.is_none() {
            self.failure = Some(Failure {
                path: at.shown(),
                rule: text::clipped(rule, 60),
                why: why(),
            });
        }
        Ok(false)
    }

    /// Tells whether two values are equal. A node of the schema is compared with one of
    /// the data, or two of the data.
    pub(super) fn equal(&mut self, a: (&Tree, Id), b: (&Tree, Id)) -> Holds {
        self.charge(1)?;
        let ((left, a), (right, b)) = (a, b);
        match (left.node(a), right.node(b)) {
            (Node::Text(a), Node::Text(b)) => {
                self.charge_text(a)?;
                Ok(a == b)
            }
            (Node::Array(a), Node::Array(b)) if a.len() == b.len() => {
                for (a, b) in a.iter().zip(b) {
                    if !self.equal((left, *a), (right, *b))? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Node::Object(a), Node::Object(b)) if a.len() == b.len() => {
                for ((a_key, a), (b_key, b)) in a.iter().zip(b) {
                    self.charge_text(a_key)?;
                    if a_key != b_key || !self.equal((left, *a), (right, *b))? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (a, b) => Ok(match super::number::compare(a, b) {
                Some(order) => order.is_eq(),
                None => match (a, b) {
                    // An empty table equals an empty array as well as an empty object.
                    (Node::Empty, other) | (other, Node::Empty) => is_empty(other),
                    (Node::Null, Node::Null) => true,
                    (Node::Boolean(a), Node::Boolean(b)) => a == b,
                    _ => false,
                },
            }),
        }
    }
}

/// Returns true for what an empty table stands for.
fn is_empty(node: &Node) -> bool {
    match node {
        Node::Empty => true,
        Node::Array(elements) => elements.is_empty(),
        Node::Object(members) => members.is_empty(),
        _ => false,
    }
}
