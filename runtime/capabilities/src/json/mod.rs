//! The capability `json`: values checked against schemas of draft 2020-12.
//!
//! The evaluation is own code, since it must end: a schema of 2 KB can take a validator
//! years (`allOf` of two references to the next level, thirty levels deep), and no library
//! bounds its work. Here each step is charged to a budget before it is done.

mod compile;
mod draft;
mod eval;
mod kept;
mod marks;
mod number;
mod parts;
mod pattern;
mod run;
mod scalars;
mod schema_of_schemas;
mod sets;
#[cfg(test)]
mod suite;
#[cfg(test)]
mod tests;
mod tree;
mod uri;

use std::sync::Arc;

use warren_engine::capability::{Answer, Caller, Capability, Progress, Step};
use warren_kernel::Error;
use warren_values::msgpack::{Input, Token};

use crate::answer;
use crate::limit::beyond;
use crate::request::Arguments;
use compile::Schema;
use kept::{Kept, Key};
use run::{At, Budget, Run, Stop};
use tree::{Tree, invalid};

/// See [the module](self).
#[derive(Default)]
pub(crate) struct Json {
    kept: Arc<Kept>,
}

/// The most bytes of a schema, as text or encoded.
const MAX_SCHEMA: usize = 256 << 10;

/// The most bytes of a value, as text or encoded.
const MAX_DATA: usize = 4 << 20;

/// The most bytes of a value that is checked at once.
const AT_ONCE: usize = 2 << 10;

/// The most steps of a check: some seconds in the worst case.
const MAX_WORK: u64 = 20_000_000;

/// The most schemas of a check that lead to each other.
const MAX_CHAIN: usize = 256;

/// Bounds of a check.
const WORK: Budget = Budget {
    work: MAX_WORK,
    depth: MAX_CHAIN,
};

/// Bounds of a check where guests run: some 0.1 ms, and some 40 KiB of the stack that a
/// guest leaves to its imports.
const SHORT: Budget = Budget {
    work: 2_000,
    depth: SHALLOW,
};

/// The levels of a value that is checked at once.
const SHALLOW: usize = 16;

impl Capability for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn call(&self, _: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        let form = match operation {
            "validate" => Form::Value,
            "validate_string" => Form::Text,
            _ => return Step::Unknown,
        };
        self.validate(form, request)
            .unwrap_or_else(|error| Step::Done(Err(error)))
    }
}

/// The form of the data of a call.
#[derive(Clone, Copy)]
enum Form {
    Value,
    Text,
}

impl Json {
    fn validate(&self, form: Form, request: &[u8]) -> Result<Step, Error> {
        let call = Call::read(form, request)?;
        let known = self.kept.find(&call.key());
        if let Some(schema) = &known
            && call.data.len() <= AT_ONCE
            && call.is_shallow()
        {
            let answer = call.check(schema, SHORT, None);
            if !matches!(answer, Err(Stop::Work | Stop::Depth)) {
                return Ok(Step::Done(verdict(answer)));
            }
        }
        let mut memory = LEAST_MEMORY + tree::GROWTH * call.data.len();
        if known.is_none() {
            memory += 4 * tree::GROWTH * call.schema.len();
            if call.schema.windows(7).any(|word| word == b"pattern") {
                memory += 2 * pattern::MAX_PATTERNS;
            }
        }
        let (kept, request) = (Arc::clone(&self.kept), request.to_vec());
        Ok(Step::compute(memory, move |progress| {
            let call = Call::read(form, &request)?;
            let schema = match known {
                Some(schema) => schema,
                None => {
                    let schema = Arc::new(compiled(call.schema, progress)?);
                    kept.keep(call.key(), Arc::clone(&schema));
                    schema
                }
            };
            progress.check()?;
            verdict(call.check(&schema, WORK, Some(progress)))
        }))
    }
}

/// Memory of any check.
const LEAST_MEMORY: usize = 64 << 10;

/// A call's arguments.
struct Call<'r> {
    form: Form,
    /// Encoded, a text as well as a table.
    schema: &'r [u8],
    data: &'r [u8],
}

impl<'r> Call<'r> {
    fn read(form: Form, request: &'r [u8]) -> Result<Call<'r>, Error> {
        let mut arguments = Arguments::new(request)?;
        let schema = arguments.value()?;
        let expected = || Error::invalid("schema: expected a table or text");
        match Input::new(schema).token().map_err(|_| expected())? {
            Token::String(_) | Token::Map(_) | Token::Array(0) => {}
            Token::Nil => return Err(Error::invalid("schema is required")),
            _ => return Err(expected()),
        }
        let required = || Error::invalid("data is required");
        let data = match form {
            Form::Value => Some(arguments.value()?).filter(|data| !is_nil(data)),
            Form::Text => arguments.bytes_or_nil("data")?,
        };
        let data = data.ok_or_else(required)?;
        for (name, bytes, most, limit) in [
            ("schema", schema.len(), MAX_SCHEMA, "max_schema"),
            ("data", data.len(), MAX_DATA, "max_data"),
        ] {
            if bytes > most {
                let message = format!("{name}: {bytes} bytes are more than {most}");
                return Err(beyond(limit, most, message));
            }
        }
        Ok(Call { form, schema, data })
    }

    fn key(&self) -> Key {
        kept::key(self.schema)
    }

    /// Returns true for data whose reading takes little stack.
    fn is_shallow(&self) -> bool {
        match self.form {
            Form::Value => Input::new(self.data).value_within(SHALLOW).is_ok(),
            Form::Text => {
                let (mut depth, mut deepest) = (0_usize, 0);
                for byte in self.data {
                    match byte {
                        b'[' | b'{' => depth += 1,
                        b']' | b'}' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    deepest = deepest.max(depth);
                }
                deepest <= SHALLOW
            }
        }
    }

    fn check(
        &self,
        schema: &Schema,
        budget: Budget,
        progress: Option<&Progress<'_>>,
    ) -> Result<(), Stop> {
        let mut tree = Tree::default();
        let data = match self.form {
            Form::Value => tree.add_value(self.data),
            Form::Text => tree.add_text(self.data).map_err(|why| format!(": {why}")),
        };
        let data = data.map_err(|why| Stop::Error(tree.refusal("data", why)))?;
        check("data", schema, &tree, data, budget, progress)
    }
}

fn is_nil(value: &[u8]) -> bool {
    matches!(Input::new(value).token(), Ok(Token::Nil))
}

/// Checks a value against a schema. The path of a failure begins with `name`.
fn check(
    name: &str,
    schema: &Schema,
    tree: &Tree,
    data: tree::Id,
    budget: Budget,
    progress: Option<&Progress<'_>>,
) -> Result<(), Stop> {
    let mut run = Run::new(schema, tree, budget, progress);
    if run.holds(schema.root, data, &At::root(name))? {
        return Ok(());
    }
    let Some(failure) = run.failure else {
        return Err(Stop::Error(invalid(name, ": the schema does not hold")));
    };
    let run::Failure { path, rule, why } = failure;
    let error = Error::invalid(format!("{path}: {rule}: {why}"));
    Err(Stop::Error(error.with("path", path).with("rule", rule)))
}

/// Returns the answer of a call.
fn verdict(checked: Result<(), Stop>) -> Answer {
    match checked {
        Ok(()) => answer::write(|out| out.boolean(true)),
        Err(stop) => Err(error_of(stop)),
    }
}

fn error_of(stop: Stop) -> Error {
    match stop {
        Stop::Error(error) => error,
        Stop::Work => {
            let message = format!("schema: the check takes more than {} steps", WORK.work);
            beyond("max_schema_work", WORK.work as usize, message)
        }
        Stop::Depth => {
            let most = WORK.depth;
            let message = format!("schema: more than {most} schemas lead to each other");
            beyond("max_schema_depth", most, message)
        }
    }
}

/// Compiles an encoded schema, which must satisfy the schema of the draft.
fn compiled(encoded: &[u8], progress: &Progress<'_>) -> Result<Schema, Error> {
    let mut tree = Tree::default();
    let root = match Input::new(encoded).token() {
        Ok(Token::String(text)) => tree.add_text(text).map_err(|why| format!(": {why}")),
        _ => tree.add_value(encoded),
    };
    let root = root.map_err(|why| tree.refusal("schema", why))?;
    progress.check()?;
    check(
        "schema",
        schema_of_schemas::schema()?,
        &tree,
        root,
        WORK,
        Some(progress),
    )
    .map_err(error_of)?;
    Schema::new(tree, root, &[], progress)
}
