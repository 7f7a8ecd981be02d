//! Validated policies, and decisions by them.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use cedar_policy::{
    Authorizer, Effect, Entities, Policy, PolicyId, PolicySet, Schema, SchemaFragment,
    ValidationMode, Validator,
};
use warren_engine::security::{Action, Decision, Request, Reuse, Verdict};
use warren_kernel::Error;

use super::bounds::{Validation, check_schema};
use super::entities::Asked;
use super::error::{PolicyError, PolicyProblem};
use super::file::File;
use super::files::Files;
use super::scan::{MAX_NESTING, deepest, first_token, statements};
use crate::table::Table;
use sets::Sets;

mod sets;

/// The schema that every program shares.
const SCHEMA: &str = include_str!("warren.cedarschema");

/// Problems after which a file is not checked further. Each statement is
/// checked for each kind of request, and few problems are shown.
const MAX_PROBLEMS: usize = 1_000;

/// Bytes of the stack on which policies are read: some 10 KiB for each unit of
/// [`MAX_NESTING`]. Only the used part takes memory.
const STACK: usize = 32 << 20;

/// Validated policies.
pub(super) struct Compiled {
    schema: Arc<Understood>,
    policies: Table<Arc<Statements>>,
    /// The validation that is left for more policies.
    validation: Validation,
    sets: Sets<Effective>,
}

/// The schema of the runtime with the program's additions, as Cedar understands it.
struct Understood {
    /// The text of the program's additions.
    own: Option<Arc<str>>,
    validator: Validator,
    /// The validation that all policies may need.
    validation: Validation,
    /// The actions with the groups that they are in.
    actions: Entities,
}

/// The statements of one policy.
struct Statements {
    text: Arc<str>,
    all: Vec<Statement>,
    /// Bytes of each statement that was validated.
    lengths: Vec<usize>,
    /// The statements as Cedar judges by them alone, made at the first use.
    alone: OnceLock<PolicySet>,
}

/// A `permit` or `forbid`.
struct Statement {
    policy: Policy,
    /// The subjects for which an answer of the statement may be reused.
    reuse: Reuse,
}

/// The policies of one scope.
struct Effective {
    set: PolicySet,
    statements: usize,
    reuse: Reuse,
}

/// The reason why the policies of a request cannot be put together.
enum NotTogether {
    /// The scope names a policy that does not exist.
    Missing(String),
    /// Two statements have one id.
    Conflict(String),
}

impl fmt::Display for NotTogether {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotTogether::Missing(id) => {
                write!(f, "the scope names a policy `{id}`, which does not exist")
            }
            NotTogether::Conflict(error) => write!(f, "the policies cannot be combined: {error}"),
        }
    }
}

impl Compiled {
    /// Validates all policies.
    pub(super) fn new(files: &Files) -> Result<Compiled, PolicyError> {
        Compiled::after(files, None)
    }

    /// Validates all policies but those that are the same as before, under the same schema.
    pub(super) fn after(files: &Files, before: Option<&Compiled>) -> Result<Compiled, PolicyError> {
        let before = before.filter(|before| before.schema.is_of(files.schema.as_ref()));
        if let Some(before) = before
            && files
                .policies
                .iter()
                .all(|file| before.known(file).is_some())
        {
            return Ok(before.without_others(files));
        }
        let is_new = |file: &&File| before.is_none_or(|before| before.known(file).is_none());
        check_nesting(files.policies.iter().filter(is_new).chain(&files.schema))?;
        on_own_stack(|| Compiled::of(files, before))
    }

    /// Returns these policies with others under some ids, or with none; `None` if that is
    /// what they are. Nothing but what is new is validated, and nothing else looked at.
    pub(super) fn changed(
        &self,
        change: Vec<(&str, Option<File>)>,
    ) -> Result<Option<Compiled>, PolicyError> {
        let is_other = |(id, file): &(&str, Option<File>)| match file {
            Some(file) => self.known(file).is_none(),
            None => self.policies.contains(id),
        };
        let change: Vec<_> = change.into_iter().filter(is_other).collect();
        if change.is_empty() {
            return Ok(None);
        }
        let (mut policies, mut validation) = (self.policies.clone(), self.validation.clone());
        for (id, _) in &change {
            if let Some(gone) = policies.remove(id) {
                gone.give_back(&mut validation);
            }
        }
        let new: Vec<File> = change.into_iter().filter_map(|(_, file)| file).collect();
        check_nesting(new.iter())?;
        if !new.is_empty() {
            let validator = &self.schema.validator;
            let read = on_own_stack(|| read_all(&new, validator, &mut validation))?;
            for (id, statements) in read {
                policies.insert(id, statements);
            }
        }
        Ok(Some(Compiled {
            schema: Arc::clone(&self.schema),
            policies,
            validation,
            sets: Sets::default(),
        }))
    }

    fn of(files: &Files, before: Option<&Compiled>) -> Result<Compiled, PolicyError> {
        let schema = match before {
            Some(before) => Arc::clone(&before.schema),
            None => Arc::new(Understood::new(files.schema.as_ref())?),
        };
        let mut validation = schema.validation.clone();
        let mut policies = Table::default();
        let mut problems = Vec::new();
        for file in &files.policies {
            let known = before.and_then(|before| before.known(file));
            if let Some(known) = known
                && known.take_again(&mut validation)
            {
                policies.insert(file.id.as_str().into(), Arc::clone(known));
                continue;
            }
            match read(file, &schema.validator, &mut validation) {
                Ok(statements) => {
                    policies.insert(file.id.as_str().into(), Arc::new(statements));
                }
                Err(error) => problems.extend(error.problems),
            }
        }
        if !problems.is_empty() {
            return Err(PolicyError { problems });
        }
        Ok(Compiled {
            schema,
            policies,
            validation,
            sets: Sets::default(),
        })
    }

    /// Returns true if these are the policies of the files, under their schema.
    pub(super) fn is_of(&self, files: &Files) -> bool {
        self.schema.is_of(files.schema.as_ref())
            && self.policies.len() == files.policies.len()
            && files.policies.iter().all(|file| self.known(file).is_some())
    }

    /// Returns the statements of a file, if they were validated before.
    fn known(&self, file: &File) -> Option<&Arc<Statements>> {
        let known = self.policies.get(&file.id)?;
        (known.text == file.text).then_some(known)
    }

    /// Returns these policies without those that are not among the files.
    fn without_others(&self, files: &Files) -> Compiled {
        let known = files.policies.iter();
        let known = known.filter_map(|file| {
            let id = Arc::<str>::from(file.id.as_str());
            Some((id, Arc::clone(self.known(file)?)))
        });
        let policies: Table<Arc<Statements>> = known.collect();
        let mut validation = self.schema.validation.clone();
        for (_, known) in policies.iter() {
            // All of these and more had room before.
            known.take_again(&mut validation);
        }
        Compiled {
            schema: Arc::clone(&self.schema),
            policies,
            validation,
            sets: Sets::default(),
        }
    }

    /// Returns the ids under which others have something else, sorted, each with whether
    /// there is a policy here, and there.
    pub(super) fn differing<'a>(
        &'a self,
        others: &'a Compiled,
    ) -> impl Iterator<Item = (&'a Arc<str>, bool, bool)> {
        let is_same = |one: &Arc<Statements>, other: &Arc<Statements>| one.text == other.text;
        let differing = self.policies.differing(&others.policies, is_same);
        let differing = differing.into_iter();
        differing.map(|(id, here, there)| (id, here.is_some(), there.is_some()))
    }

    /// Returns the text of the program's additions to the schema.
    pub(super) fn own_schema(&self) -> Option<&Arc<str>> {
        self.schema.own.as_ref()
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.policies.contains(id)
    }

    /// Returns the ids, sorted.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        let all = self.policies.sorted().into_iter();
        all.map(|(id, _)| &**id)
    }

    pub(super) fn statements(&self) -> usize {
        let all = self.policies.iter();
        all.map(|(_, policy)| policy.all.len()).sum()
    }

    /// Decides by the policies for everyone and those of the subject's scope.
    pub(super) fn decide(
        &self,
        request: &Request<'_>,
        everyone: &[String],
        strict: bool,
    ) -> Decision {
        let effective = match self.effective(everyone, request) {
            Ok(effective) => effective,
            Err(error) => return denied(error.to_string()),
        };
        let asked = match Asked::new(request, &self.schema.actions) {
            Ok(asked) => asked,
            Err(error) => return denied(format!("the request cannot be judged: {error}")),
        };
        let response =
            Authorizer::new().is_authorized(&asked.request, &effective.set, &asked.entities);
        let diagnostics = response.diagnostics();
        if let Some(failure) = failing_forbid(&effective.set, diagnostics) {
            return denied(failure);
        }
        let mut deciding: Vec<String> = diagnostics.reason().map(ToString::to_string).collect();
        deciding.sort();
        let allowed = response.decision() == cedar_policy::Decision::Allow;
        let confined = strict || request.subject.is_confined() || is_of_runtime(request);
        let because = match (allowed, deciding.is_empty()) {
            (true, _) => format!("{} permits it", deciding.join(" and ")),
            (false, false) => format!("{} forbids it", deciding.join(" and ")),
            (false, true) if !confined => {
                "nothing forbids it, and the process has neither actor nor scope".to_owned()
            }
            (false, true) => "no policy permits it".to_owned(),
        };
        Decision {
            allowed: allowed || (deciding.is_empty() && !confined),
            because: because.into(),
            reason: (!allowed)
                .then(|| reason(&effective.set, diagnostics.reason()))
                .flatten(),
            reuse: effective.reuse,
        }
    }

    /// Evaluates a request by each of these policies alone. The sets that decisions share
    /// stay as they are: any process may evaluate any policies.
    pub(super) fn evaluate(
        &self,
        request: &Request<'_>,
        ids: &[String],
        check: &dyn Fn() -> Result<(), Error>,
    ) -> Result<Verdict, Error> {
        let asked = Asked::new(request, &self.schema.actions)
            .map_err(|error| Error::internal(format!("cannot evaluate the request: {error}")))?;
        let (mut allowed, mut complete) = (false, true);
        let ids: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
        for id in ids {
            check()?;
            let Some(policy) = self.policies.get(id) else {
                complete = false;
                continue;
            };
            match policy.evaluate(&asked) {
                Verdict::Deny => return Ok(Verdict::Deny),
                verdict => allowed |= verdict == Verdict::Allow,
            }
        }
        Ok(match allowed && complete {
            true => Verdict::Allow,
            false => Verdict::Undefined,
        })
    }

    /// Returns the policies for everyone and those of the subject's scope, together.
    fn effective(
        &self,
        everyone: &[String],
        request: &Request<'_>,
    ) -> Result<Arc<Effective>, NotTogether> {
        let scope = request.subject.scope();
        let mut ids = everyone.to_vec();
        ids.extend(scope.into_iter().flat_map(|scope| scope.policies.clone()));
        ids.sort();
        ids.dedup();
        if let Some(known) = self.sets.get(&ids) {
            return Ok(known);
        }
        let effective = Arc::new(self.put_together(&ids)?);
        let statements = effective.statements;
        self.sets.keep(ids, Arc::clone(&effective), statements);
        Ok(effective)
    }

    fn put_together(&self, ids: &[String]) -> Result<Effective, NotTogether> {
        let policies: Result<Vec<_>, _> = ids
            .iter()
            .map(|id| {
                let policy = self.policies.get(id);
                policy.ok_or_else(|| NotTogether::Missing(id.clone()))
            })
            .collect();
        let mut effective = Effective {
            set: PolicySet::new(),
            statements: 0,
            reuse: Reuse::Subject,
        };
        for (id, policy) in ids.iter().zip(policies?) {
            effective.statements += policy.all.len();
            for statement in &policy.all {
                if statement.reuse == Reuse::Caller {
                    effective.reuse = Reuse::Caller;
                }
                // Ids differ by construction: `NAME.cedar:LINE:COLUMN`.
                let added = effective.set.add(statement.policy.clone());
                added.map_err(|error| NotTogether::Conflict(format!("{id}: {error}")))?;
            }
        }
        Ok(effective)
    }
}

impl Understood {
    fn new(own: Option<&File>) -> Result<Understood, PolicyError> {
        let schema = schema(own)?;
        let validation = Validation::of(schema.request_envs());
        let actions = schema.action_entities().map_err(|error| {
            let path = own.map(|file| file.path.clone());
            let message = format!("the groups of its actions cannot be read: {error}");
            unread(path.unwrap_or_else(built_in_path), message)
        })?;
        Ok(Understood {
            own: own.map(|file| Arc::clone(&file.text)),
            validator: Validator::new(schema),
            validation,
            actions,
        })
    }

    /// Returns true if this is the schema with these additions.
    fn is_of(&self, own: Option<&File>) -> bool {
        self.own.as_ref() == own.map(|file| &file.text)
    }
}

impl Statements {
    /// Takes the validation that these statements needed. Returns false, and takes nothing,
    /// if there is too little left.
    fn take_again(&self, validation: &mut Validation) -> bool {
        let mut left = validation.clone();
        let fits = self.lengths.iter().all(|bytes| left.take(*bytes).is_ok());
        if fits {
            *validation = left;
        }
        fits
    }

    /// Gives back the validation that these statements needed.
    fn give_back(&self, validation: &mut Validation) {
        for bytes in &self.lengths {
            validation.give_back(*bytes);
        }
    }

    fn evaluate(&self, asked: &Asked) -> Verdict {
        let set = self.alone.get_or_init(|| {
            let mut set = PolicySet::new();
            for statement in &self.all {
                // Ids differ by construction.
                let added = set.add(statement.policy.clone());
                debug_assert!(added.is_ok(), "two statements in one place");
            }
            set
        });
        let response = Authorizer::new().is_authorized(&asked.request, set, &asked.entities);
        let diagnostics = response.diagnostics();
        if failing_forbid(set, diagnostics).is_some() {
            return Verdict::Deny;
        }
        match response.decision() {
            cedar_policy::Decision::Allow => Verdict::Allow,
            cedar_policy::Decision::Deny if diagnostics.reason().next().is_some() => Verdict::Deny,
            cedar_policy::Decision::Deny => Verdict::Undefined,
        }
    }
}

/// Returns the message of a statement that forbids and fails. Cedar skips a statement
/// that fails; one that forbids must not be skipped.
fn failing_forbid(set: &PolicySet, diagnostics: &cedar_policy::Diagnostics) -> Option<String> {
    diagnostics.errors().find_map(|error| {
        let cedar_policy::AuthorizationError::PolicyEvaluationError(error) = error;
        let policy = set.policy(error.policy_id());
        policy
            .is_none_or(|policy| policy.effect() == Effect::Forbid)
            .then(|| format!("{} fails: {error}", error.policy_id()))
    })
}

/// Returns the reason that the caller may read: the `@reason` of a deciding
/// statement.
fn reason<'a>(set: &PolicySet, mut ids: impl Iterator<Item = &'a PolicyId>) -> Option<Arc<str>> {
    ids.find_map(|id| set.annotation(id, "reason"))
        .map(Arc::from)
}

/// Returns true for a subscription to events of the runtime, which only a policy permits.
fn is_of_runtime(request: &Request<'_>) -> bool {
    request.action == Action::EventsSubscribe.as_str()
        && request.resource.text().starts_with("warren.")
}

fn denied(because: String) -> Decision {
    Decision {
        allowed: false,
        because: because.into(),
        reason: None,
        reuse: Reuse::Caller,
    }
}

/// Returns the problem of a file that nests deeper than Cedar can handle
/// safely.
fn too_deep(file: &File) -> Option<PolicyProblem> {
    let (depth, at) = deepest(&file.text);
    (depth > MAX_NESTING).then(|| {
        PolicyProblem::at(
            file,
            at,
            "it nests too deep",
            format!(
                "a statement may nest {} brackets, or {MAX_NESTING} operators",
                MAX_NESTING / 5
            ),
        )
    })
}

/// Refuses files that nest deeper than Cedar can handle safely.
fn check_nesting<'a>(files: impl Iterator<Item = &'a File>) -> Result<(), PolicyError> {
    let problems: Vec<_> = files.filter_map(too_deep).collect();
    match problems.is_empty() {
        true => Ok(()),
        false => Err(PolicyError { problems }),
    }
}

/// Reads on a stack of its own: Cedar recurses, and the caller's may have little left.
fn on_own_stack<T: Send>(
    read: impl FnOnce() -> Result<T, PolicyError> + Send,
) -> Result<T, PolicyError> {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("warren-policies".into())
            .stack_size(STACK)
            .spawn_scoped(scope, read)
            .map_err(|error| format!("cannot start a thread to read the policies: {error}"))
            .and_then(|thread| {
                let read = thread.join();
                read.map_err(|_| "Cedar panicked while it read the policies".to_owned())
            })
            .unwrap_or_else(|message| Err(unread(PathBuf::new(), message)))
    })
}

/// Returns the error for a file without a place in it; for no file if the path is empty.
fn unread(path: PathBuf, message: String) -> PolicyError {
    PolicyError {
        problems: vec![PolicyProblem::whole(path, message)],
    }
}

/// The name of the schema of the runtime.
fn built_in_path() -> PathBuf {
    PathBuf::from("warren.cedarschema")
}

fn schema(own: Option<&File>) -> Result<Schema, PolicyError> {
    let built_in = File {
        id: String::new(),
        path: built_in_path(),
        text: SCHEMA.into(),
    };
    let mut fragments = Vec::new();
    for file in std::iter::once(&built_in).chain(own) {
        let (fragment, _) =
            SchemaFragment::from_cedarschema_str(&file.text).map_err(|error| PolicyError {
                problems: vec![PolicyProblem::within(file, 0, &error)],
            })?;
        fragments.push(fragment);
    }
    let problem = |message: String| {
        let file = own.unwrap_or(&built_in);
        let problems = vec![PolicyProblem::at(file, 0, message, "in this schema")];
        PolicyError { problems }
    };
    let as_json = fragments.iter().cloned().map(SchemaFragment::to_json_value);
    let as_json: Result<Vec<_>, _> = as_json.collect();
    let as_json = as_json.map_err(|error| problem(error.to_string()))?;
    check_schema(&as_json).map_err(problem)?;
    Schema::from_schema_fragments(fragments).map_err(|error| {
        let file = own.unwrap_or(&built_in);
        PolicyError {
            problems: vec![PolicyProblem::within(file, 0, &error)],
        }
    })
}

/// Statements with the id of their policy.
type Named = (Arc<str>, Arc<Statements>);

/// Reads the statements of files, by their ids.
fn read_all(
    files: &[File],
    validator: &Validator,
    validation: &mut Validation,
) -> Result<Vec<Named>, PolicyError> {
    let mut all = Vec::with_capacity(files.len());
    let mut problems = Vec::new();
    for file in files {
        match read(file, validator, validation) {
            Ok(statements) => all.push((file.id.as_str().into(), Arc::new(statements))),
            Err(error) => problems.extend(error.problems),
        }
    }
    match problems.is_empty() {
        true => Ok(all),
        false => Err(PolicyError { problems }),
    }
}

/// Reads the statements of a file, each validated as a text of its own.
fn read(
    file: &File,
    validator: &Validator,
    validation: &mut Validation,
) -> Result<Statements, PolicyError> {
    let mut position = Position::default();
    let mut all = Vec::new();
    let mut lengths = Vec::new();
    let mut problems = Vec::new();
    for range in statements(&file.text) {
        if problems.len() >= MAX_PROBLEMS {
            break;
        }
        let text = &file.text[range.clone()];
        if let Err(message) = validation.take(text.len()) {
            problems.push(PolicyProblem::at(
                file,
                range.start + first_token(text),
                message,
                "the limit is reached here",
            ));
            break;
        }
        lengths.push(text.len());
        let problem = |diagnostic: &dyn miette::Diagnostic| {
            PolicyProblem::within(file, range.start, diagnostic)
        };
        let set = match PolicySet::from_str(text) {
            Ok(set) => set,
            Err(errors) => {
                problems.extend(errors.iter().map(|error| problem(error)));
                continue;
            }
        };
        let start = range.start + first_token(text);
        if set.templates().next().is_some() {
            let message = "`?principal` and `?resource` are not allowed";
            problems.push(PolicyProblem::at(file, start, message, "here"));
            continue;
        }
        let result = validator.validate(&set, ValidationMode::Strict);
        problems.extend(result.validation_errors().map(|error| problem(error)));
        position.go_to(&file.text, start);
        let id = PolicyId::new(format!("{}.cedar:{position}", file.id));
        all.extend(set.policies().map(|policy| Statement {
            policy: policy.new_id(id.clone()),
            reuse: reuse(policy),
        }));
    }
    if problems.is_empty() {
        Ok(Statements {
            text: Arc::clone(&file.text),
            all,
            lengths,
            alone: OnceLock::new(),
        })
    } else {
        Err(PolicyError { problems })
    }
}

/// A position that moves forward through a text: `LINE:COLUMN`, both from 1.
#[derive(Default)]
struct Position {
    at: usize,
    lines: usize,
    /// Characters since the last newline.
    characters: usize,
}

impl Position {
    fn go_to(&mut self, text: &str, at: usize) {
        let passed = text.get(self.at..at).unwrap_or_default();
        match passed.rfind('\n') {
            Some(newline) => {
                self.lines += passed.matches('\n').count();
                self.characters = passed[newline + 1..].chars().count();
            }
            None => self.characters += passed.chars().count(),
        }
        self.at = at;
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.lines + 1, self.characters + 1)
    }
}

/// Returns the subjects for which an answer may be reused. A statement that
/// looks at more of its caller than actor, scope and context values answers for
/// that process alone.
fn reuse(policy: &Policy) -> Reuse {
    match policy.to_json() {
        Ok(json) if !looks_at_caller(&json) => Reuse::Subject,
        _ => Reuse::Caller,
    }
}

/// Returns whether an expression uses `context` in another way than
/// `context.values` and `context.attributes`, which are part of the subject and
/// of the question.
fn looks_at_caller(json: &serde_json::Value) -> bool {
    use serde_json::Value;
    match json {
        Value::Object(fields) => {
            if fields.get("Var").and_then(Value::as_str) == Some("context") {
                return true;
            }
            fields.iter().any(|(key, value)| {
                let harmless = matches!(key.as_str(), "." | "has")
                    && value["left"]["Var"].as_str() == Some("context")
                    && matches!(value["attr"].as_str(), Some("values" | "attributes"));
                !harmless && looks_at_caller(value)
            })
        }
        Value::Array(elements) => elements.iter().any(looks_at_caller),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
