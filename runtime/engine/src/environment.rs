//! The environment variables of a program: granted ones, and those that the program sets.
//!
//! A definition's grants hold the values of the machine. The program may set variables
//! that are granted for writing; such a value is kept here, for all processes with a grant
//! to write that variable, and never reaches the machine.

use std::collections::HashMap;

use parking_lot::RwLock;
use warren_kernel::{Error, Kind};

use crate::code::definition::Grants;

/// The most bytes of a value that a program sets.
const MAX_VALUE: usize = 64 << 10;

/// The most bytes of the names and values that a program sets together.
const MAX_SET: usize = 1 << 20;

/// The variables that a program has set.
#[derive(Debug, Default)]
pub(crate) struct Environment(RwLock<Set>);

#[derive(Debug, Default)]
struct Set {
    values: HashMap<String, String>,
    /// Bytes of names and values.
    bytes: usize,
}

/// The variables that one process sees.
///
/// ```
/// use warren_engine::capability::{Answer, Caller, Variables};
/// use warren_kernel::Error;
///
/// /// Returns the language of texts.
/// fn language(variables: Variables<'_>) -> String {
///     variables.get("LANG").unwrap_or_else(|| "C".to_owned())
/// }
///
/// /// Answers with the length of the language's name, encoded.
/// fn answer(caller: &mut dyn Caller) -> Answer {
///     match u8::try_from(language(caller.variables()).len()) {
///         Ok(length @ 0..=0x7f) => Ok(vec![length]),
///         _ => Err(Error::invalid("the name of the language is too long")),
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Variables<'a> {
    environment: &'a Environment,
    grants: &'a Grants,
}

impl Environment {
    /// The variables of a process with these grants.
    pub(crate) fn of<'a>(&'a self, grants: &'a Grants) -> Variables<'a> {
        Variables {
            environment: self,
            grants,
        }
    }
}

impl Variables<'_> {
    /// Returns the value of a variable; `None` if the variable is not granted or not set.
    pub fn get(&self, name: &str) -> Option<String> {
        if self.may_set(name)
            && let Some(value) = self.environment.0.read().values.get(name)
        {
            return Some(value.clone());
        }
        let granted = self.grants.env.iter().find(|(granted, _)| granted == name);
        granted.map(|(_, value)| value.clone())
    }

    /// Returns all variables that are granted and set.
    pub fn all(&self) -> Vec<(String, String)> {
        let mut all = self.grants.env.clone();
        let set = self.environment.0.read();
        for name in &self.grants.env_write {
            let Some(value) = set.values.get(name) else {
                continue;
            };
            match all.iter_mut().find(|(granted, _)| granted == name) {
                Some((_, granted)) => granted.clone_from(value),
                None => all.push((name.clone(), value.clone())),
            }
        }
        all
    }

    /// Sets a variable for all processes that may set it.
    ///
    /// # Errors
    ///
    /// `NotFound` for a variable that is not granted for writing, `Invalid` for a name or
    /// value that no variable may have, `RateLimited` if the program's variables have too
    /// many bytes.
    pub fn set(&self, name: &str, value: &str) -> Result<(), Error> {
        if value.len() > MAX_VALUE {
            let message = format!(
                "value: {} bytes are more than the {MAX_VALUE} of a variable (max_value)",
                value.len()
            );
            return Err(Error::at_limit(
                Kind::Invalid,
                "max_value",
                MAX_VALUE as u64,
                message,
            ));
        }
        if value.contains('\0') {
            return Err(Error::invalid(
                "value: a variable may not contain a zero byte",
            ));
        }
        if !self.may_set(name) {
            return Err(Error::not_found(format!(
                "environment variable not found: {}",
                warren_kernel::text::line(name)
            ))
            .retryable(false));
        }
        let mut set = self.environment.0.write();
        let before = set.values.get(name).map(|value| name.len() + value.len());
        let bytes = set.bytes - before.unwrap_or_default() + name.len() + value.len();
        if bytes > MAX_SET {
            let message = format!(
                "the variables that the program sets have more than {MAX_SET} bytes (max_set)"
            );
            return Err(Error::at_limit(
                Kind::RateLimited,
                "max_set",
                MAX_SET as u64,
                message,
            ));
        }
        set.bytes = bytes;
        set.values.insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    fn may_set(&self, name: &str) -> bool {
        self.grants.env_write.iter().any(|granted| granted == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(env: &[(&str, &str)], write: &[&str]) -> Grants {
        Grants {
            env: env
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            env_write: write.iter().map(|name| (*name).to_owned()).collect(),
            ..Grants::default()
        }
    }

    #[test]
    fn a_set_variable_is_seen_by_those_who_may_set_it() {
        let environment = Environment::default();
        let writer = grants(&[("A", "1")], &["A", "B"]);
        let reader = grants(&[("A", "1")], &[]);
        let seen = |grants: &Grants, name: &str| environment.of(grants).get(name);
        assert_eq!(seen(&writer, "A").as_deref(), Some("1"));
        assert_eq!(seen(&writer, "B"), None);
        environment.of(&writer).set("A", "2").unwrap();
        environment.of(&writer).set("B", "3").unwrap();
        assert_eq!(seen(&writer, "A").as_deref(), Some("2"));
        assert_eq!(seen(&reader, "A").as_deref(), Some("1"));
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let all = environment.of(&writer).all();
        assert_eq!(all, [pair("A", "2"), pair("B", "3")]);
        assert_eq!(environment.of(&reader).all(), [pair("A", "1")]);
        let error = environment.of(&reader).set("A", "4").unwrap_err();
        assert_eq!(error.kind, Kind::NotFound);
    }

    #[test]
    fn set_variables_are_bounded_and_replaced_ones_do_not_count() {
        let environment = Environment::default();
        let names: Vec<_> = (10..30).map(|n| n.to_string()).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let writer = grants(&[], &names);
        let variables = environment.of(&writer);
        let large = "x".repeat(MAX_VALUE);
        for _ in 0..100 {
            variables.set("10", &large).unwrap();
        }
        let full = names.iter().map(|name| variables.set(name, &large));
        let refused: Vec<_> = full.filter_map(Result::err).collect();
        assert_eq!(refused.len(), 5);
        assert!(refused.iter().all(|error| error.kind == Kind::RateLimited));
        let error = variables.set("10", &format!("{large}x")).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
        assert_eq!(variables.set("10", "\0").unwrap_err().kind, Kind::Invalid);
    }
}
