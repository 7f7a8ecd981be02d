//! The schema of policies: that of the runtime, with the program's additions.

use std::path::PathBuf;
use std::sync::Arc;

use cedar_policy::{Entities, Schema, SchemaFragment, Validator};

use super::guard::unread;
use crate::policy::bounds::{Validation, check_schema};
use crate::policy::error::{PolicyError, PolicyProblem};
use crate::policy::file::File;

/// The schema that every program shares.
const SCHEMA: &str = include_str!("../warren.cedarschema");

/// The schema of the runtime with the program's additions, as Cedar understands it.
pub(super) struct Understood {
    /// The text of the program's additions.
    pub(super) own: Option<Arc<str>>,
    pub(super) validator: Validator,
    /// The validation that all policies may need.
    pub(super) validation: Validation,
    /// The actions with the groups that they are in.
    pub(super) actions: Entities,
}

impl Understood {
    pub(super) fn new(own: Option<&File>) -> Result<Understood, PolicyError> {
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
    pub(super) fn is_of(&self, own: Option<&File>) -> bool {
        self.own.as_ref() == own.map(|file| &file.text)
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
