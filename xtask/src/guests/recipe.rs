//! The recipe of a committed guest.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::inputs::sha256;

/// The contents of `recipe.toml`.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recipe {
    /// The built module.
    pub(crate) artifact: Artifact,
    /// The tools that built it, by name: a version or a hash each.
    pub(crate) tools: BTreeMap<String, String>,
    /// The SHA-256 of every source, by its path from the project's root.
    pub(crate) inputs: BTreeMap<String, String>,
}

/// The identity of a module.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Artifact {
    bytes: u64,
    sha256: String,
}

impl Artifact {
    /// Returns size and hash of `module`.
    pub(crate) fn of(module: &[u8]) -> Self {
        Self {
            bytes: module.len() as u64,
            sha256: sha256(module),
        }
    }
}

impl fmt::Display for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes, SHA-256 {}", self.bytes, self.sha256)
    }
}

impl Recipe {
    /// Reads `recipe.toml`.
    ///
    /// # Errors
    /// The file cannot be read, or is not a recipe.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read {}; run `cargo xtask guests`", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is not a recipe", path.display()))
    }

    /// Returns the text of `recipe.toml`.
    ///
    /// # Errors
    /// The recipe cannot be written as TOML.
    pub(crate) fn to_toml(&self) -> Result<String> {
        let body = toml::to_string(self).context("cannot write the recipe")?;
        Ok(format!(
            "# The sources and tools of warren-lua.wasm, written by `cargo xtask guests`.\n\n{body}"
        ))
    }
}

/// Returns one line for each key that is missing on a side or has another
/// value.
pub(crate) fn differences(
    recipe: &BTreeMap<String, String>,
    here: &BTreeMap<String, String>,
) -> Vec<String> {
    let mut lines = Vec::new();
    for (key, value) in recipe {
        match here.get(key) {
            None => lines.push(format!("{key}: {value} in the recipe, missing here")),
            Some(other) if other != value => {
                lines.push(format!("{key}: {value} in the recipe, {other} here"))
            }
            Some(_) => {}
        }
    }
    let new = here.iter().filter(|(key, _)| !recipe.contains_key(*key));
    lines.extend(new.map(|(key, value)| format!("{key}: not in the recipe, {value} here")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_recipe_survives_being_written_and_read() {
        let recipe = Recipe {
            artifact: Artifact::of(b"module"),
            tools: map(&[("rustc", "1.95.0"), ("clang", "22 \"x\"")]),
            inputs: map(&[("guest-sdk/lua/src/lib.rs", "00")]),
        };
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("recipe.toml");
        fs::write(&path, recipe.to_toml().unwrap()).unwrap();
        assert_eq!(Recipe::read(&path).unwrap(), recipe);
    }

    #[test]
    fn differences_of_every_kind_are_named() {
        let recipe = map(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let here = map(&[("a", "1"), ("b", "x"), ("d", "4")]);
        let expected = [
            "b: 2 in the recipe, x here",
            "c: 3 in the recipe, missing here",
            "d: not in the recipe, 4 here",
        ];
        assert_eq!(differences(&recipe, &here), expected);
        assert!(differences(&recipe, &recipe).is_empty());
    }
}
