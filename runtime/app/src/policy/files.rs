//! The files of a program's policies.

use std::path::{Path, PathBuf};

use super::error::{PolicyError, PolicyProblem};
use super::file::File;
use crate::root::{SourceError, SourceRoot};

/// The directory of the policies, below the root.
const DIRECTORY: &str = "policies";

/// The file of the program's additions to the schema.
const SCHEMA: &str = "schema.cedarschema";

const EXTENSION: &str = ".cedar";

/// Files in the directory of the policies.
const MAX_FILES: usize = 10_000;

/// Returns the path of a policy's file, below the root: `ns:name` is
/// `policies/ns/name.cedar`.
pub(crate) fn policy_path(id: &str) -> String {
    match id.split_once(':') {
        Some((namespace, name)) => format!("{DIRECTORY}/{namespace}/{name}{EXTENSION}"),
        None => format!("{DIRECTORY}/{id}{EXTENSION}"),
    }
}

/// The directory of a program's policies.
pub(crate) struct Directory {
    root: SourceRoot,
    /// The root's name in messages.
    shown: PathBuf,
}

/// The texts of a program's policies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    pub(crate) policies: Vec<File>,
    /// The program's additions to the schema.
    pub(crate) schema: Option<File>,
}

impl Directory {
    /// Returns the policies' directory below a program's root, which messages
    /// call `shown`.
    pub(crate) fn below(root: SourceRoot, shown: &Path) -> Directory {
        Directory {
            root,
            shown: shown.to_owned(),
        }
    }

    /// Reads all files.
    pub(crate) fn read(&self) -> Result<Files, PolicyError> {
        let shown = &self.shown;
        let mut files = Files::default();
        let mut problems = Vec::new();
        let whole = |message: String| PolicyError {
            problems: vec![PolicyProblem::whole(shown.join(DIRECTORY), message)],
        };
        // Every file with the name of a policy counts: a skipped file would
        // leave the program with fewer rules than its operator wrote.
        let names = self.names().map_err(|(directory, error)| PolicyError {
            problems: vec![PolicyProblem::whole(
                shown.join(directory),
                format!("it cannot be listed: {error}"),
            )],
        })?;
        if names.len() > MAX_FILES {
            let count = names.len();
            return Err(whole(format!(
                "it has {count} files, more than the {MAX_FILES} that it may have: put \
                 statements together in fewer files"
            )));
        }
        for name in names {
            let id = name.strip_suffix(EXTENSION);
            if id.is_none() && name != SCHEMA {
                continue;
            }
            match (self.read_file(&name, id), id) {
                (Ok(file), Some(_)) => files.policies.push(file),
                (Ok(file), None) => files.schema = Some(file),
                (Err(error), _) => problems.extend(error.problems),
            }
        }
        if problems.is_empty() {
            Ok(files)
        } else {
            Err(PolicyError { problems })
        }
    }

    /// Reads one file; the schema has no id.
    fn read_file(&self, name: &str, id: Option<&str>) -> Result<File, PolicyError> {
        let relative = format!("{DIRECTORY}/{name}");
        let path = if self.shown.as_path() == Path::new(".") {
            PathBuf::from(&relative)
        } else {
            self.shown.join(&relative)
        };
        let failed = |message: String| PolicyError {
            problems: vec![PolicyProblem::whole(path.clone(), message)],
        };
        let text = match self.root.read_text(&relative).map(String::from_utf8) {
            Ok(Ok(text)) => text,
            Ok(Err(_)) => return Err(failed("the file is not UTF-8".to_owned())),
            Err(error) => return Err(failed(format!("it cannot be read: {error}"))),
        };
        if name.contains(':') {
            let message = "`:` stands between the directory and the name of a policy, and \
                           may be in neither";
            return Err(failed(message.to_owned()));
        }
        Ok(File {
            id: id.unwrap_or_default().replace('/', ":"),
            path,
            text: text.into(),
        })
    }
}

impl Directory {
    /// Returns the names of all files, those in directories below with the directory's
    /// name; or the directory that cannot be listed.
    fn names(&self) -> Result<Vec<String>, (String, SourceError)> {
        let names_in = |directory: String| match self.root.names_in(&directory) {
            Ok(names) => Ok(names),
            Err(error) => Err((directory, error)),
        };
        let mut names = Vec::new();
        for name in names_in(DIRECTORY.to_owned())? {
            let path = format!("{DIRECTORY}/{name}");
            let is_file = name.ends_with(EXTENSION) || name == SCHEMA;
            if !is_file && self.root.is_directory(&path) {
                let below = names_in(path)?.into_iter();
                names.extend(below.map(|inner| format!("{name}/{inner}")));
            } else {
                names.push(name);
            }
        }
        Ok(names)
    }
}

impl Files {
    /// Returns policies without files, by their ids.
    pub(crate) fn given<'a>(
        policies: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Files, PolicyError> {
        let mut files = Files::default();
        for (id, text) in policies {
            let path = PathBuf::from(format!("{id}{EXTENSION}"));
            if files.policies.iter().any(|file| file.id == id) {
                let problems = vec![PolicyProblem::whole(path, "given twice")];
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

    /// Returns the file of a policy.
    pub(crate) fn policy(&self, id: &str) -> Option<&File> {
        self.policies.iter().find(|file| file.id == id)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.policies.is_empty() && self.schema.is_none()
    }
}
