//! Validated policies.

mod decide;
mod effective;
mod guard;
mod reuse;
mod schema;
mod sets;
mod statements;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::bounds::Validation;
use super::error::PolicyError;
use super::file::File;
use super::files::Files;
use crate::table::Table;
use effective::Effective;
use guard::{check_nesting, on_own_stack};
use schema::Understood;
use sets::Sets;
use statements::{Statements, read, read_all};

/// Validated policies.
pub(super) struct Compiled {
    schema: Arc<Understood>,
    policies: Table<Arc<Statements>>,
    /// The validation that is left for more policies.
    validation: Validation,
    sets: Sets<Effective>,
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

    /// Returns the text of a policy.
    pub(super) fn text(&self, id: &str) -> Option<&Arc<str>> {
        Some(&self.policies.get(id)?.text)
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
}
