//! The files of a program's policies.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::{PolicyError, PolicyProblem};
use crate::root::SourceRoot;

/// The directory of the policies, below the root.
const DIRECTORY: &str = "policies";

/// What a program adds to the schema.
const SCHEMA: &str = "schema.cedarschema";

const EXTENSION: &str = ".cedar";

/// The path of a policy's file, below the root.
pub(crate) fn policy_path(id: &str) -> String {
    format!("{DIRECTORY}/{id}{EXTENSION}")
}

/// Where a program's policies are.
pub(crate) struct Directory {
    root: SourceRoot,
    /// How messages name the root.
    shown: PathBuf,
}

/// The texts of a program's policies.
#[derive(Debug, Default)]
pub(crate) struct Files {
    pub(crate) policies: Vec<File>,
    /// What the program adds to the schema.
    pub(crate) schema: Option<File>,
}

/// One file.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// Its name without directory and extension.
    pub(crate) id: String,
    /// As the caller named its directory.
    pub(crate) path: PathBuf,
    pub(crate) text: Arc<str>,
}

impl Directory {
    /// That of the program below a root, which messages call `shown`.
    pub(crate) fn below(root: SourceRoot, shown: &Path) -> Directory {
        Directory {
            root,
            shown: shown.to_owned(),
        }
    }

    /// Reads all files.
    pub(crate) fn read(&self) -> Result<Files, PolicyError> {
        let Directory { root, shown } = self;
        let mut files = Files::default();
        let mut problems = Vec::new();
        let whole = |message: String| PolicyError {
            problems: vec![PolicyProblem::whole(shown.join(DIRECTORY), message)],
        };
        // Whatever has the name of a policy counts: one that is passed over would
        // leave the program with fewer rules than its operator wrote.
        let names = root
            .names_in(DIRECTORY)
            .map_err(|error| whole(format!("it cannot be listed: {error}")))?;
        for name in names {
            let id = name.strip_suffix(EXTENSION);
            if id.is_none() && name != SCHEMA {
                continue;
            }
            let relative = format!("{DIRECTORY}/{name}");
            let path = if shown.as_path() == Path::new(".") {
                PathBuf::from(&relative)
            } else {
                shown.join(&relative)
            };
            let text = match root.read_text(&relative).map(String::from_utf8) {
                Ok(Ok(text)) => text,
                Ok(Err(_)) => {
                    problems.push(PolicyProblem::whole(path, "the file is not UTF-8"));
                    continue;
                }
                Err(error) => {
                    let message = format!("it cannot be read: {error}");
                    problems.push(PolicyProblem::whole(path, message));
                    continue;
                }
            };
            let file = File {
                id: id.unwrap_or_default().to_owned(),
                path,
                text: text.into(),
            };
            match id {
                Some(_) => files.policies.push(file),
                None => files.schema = Some(file),
            }
        }
        if problems.is_empty() {
            Ok(files)
        } else {
            Err(PolicyError { problems })
        }
    }
}

impl Files {
    /// Policies that are in no file, by their ids.
    pub(crate) fn given<'a>(
        policies: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Files, PolicyError> {
        let mut files = Files::default();
        for (id, text) in policies {
            let path = PathBuf::from(format!("{id}{EXTENSION}"));
            if files.policies.iter().any(|file| file.id == id) {
                let problems = vec![PolicyProblem::whole(path, "it is given twice")];
                return Err(PolicyError { problems });
            }
            files.policies.push(File {
                id: id.to_owned(),
                path,
                text: text.into(),
            });
        }
        Ok(files)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.policies.is_empty() && self.schema.is_none()
    }
}
