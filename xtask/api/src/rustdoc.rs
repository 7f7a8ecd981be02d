//! One crate, as rustdoc's JSON describes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::example::has_example;

/// The public interface of a crate.
pub(crate) struct Crate {
    /// The crate's name in code.
    pub(crate) name: String,
    /// A line for each public item.
    pub(crate) items: Vec<String>,
    /// The paths that its `pub use` items name, those of other crates included.
    pub(crate) uses: Vec<String>,
    /// The types that its users can name, sorted by path.
    pub(crate) types: Vec<Type>,
}

/// A struct, an enum, a union, a trait or an alias.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Type {
    /// The path by which users name the type.
    pub(crate) path: String,
    /// True if the document of the type has an example.
    pub(crate) has_example: bool,
}

/// The kinds of items that are types, as rustdoc names them.
const TYPES: [&str; 5] = ["struct", "enum", "union", "trait", "type_alias"];

impl Crate {
    /// Reads the JSON. Implementations that every type has (`Send`, `From<T>
    /// for T`) are left out.
    ///
    /// # Errors
    /// The file cannot be read, or is not rustdoc's.
    pub(crate) fn read(json: &Path) -> Result<Crate> {
        let unreadable = || format!("cannot read {}", json.display());
        let api = public_api::Builder::from_rustdoc_json(json)
            .omit_blanket_impls(true)
            .omit_auto_derived_impls(true)
            .omit_auto_trait_impls(true)
            .build()
            .with_context(unreadable)?;
        let text = fs::read_to_string(json).with_context(unreadable)?;
        let written: Value = serde_json::from_str(&text).with_context(unreadable)?;
        let name = json.file_stem().unwrap_or_default().to_string_lossy();
        Ok(Crate {
            name: name.into_owned(),
            items: api.items().map(ToString::to_string).collect(),
            uses: uses(&written),
            types: types(&written),
        })
    }
}

fn uses(written: &Value) -> Vec<String> {
    let items = written["index"].as_object().into_iter().flatten();
    let public = items.filter(|(_, item)| item["visibility"] == "public");
    let sources = public.filter_map(|(_, item)| item["inner"]["use"]["source"].as_str());
    sources.map(str::to_owned).collect()
}

/// Returns the types that public paths lead to.
fn types(written: &Value) -> Vec<Type> {
    let root = &written["root"];
    let name = item(written, root).and_then(|root| root["name"].as_str());
    let mut types = BTreeMap::new();
    let mut open = vec![(root, name.unwrap_or_default().to_owned())];
    // Each module counts once: re-exports may lead in a circle.
    let mut seen = BTreeSet::new();
    while let Some((module, path)) = open.pop() {
        if !seen.insert(module.to_string()) {
            continue;
        }
        let items = item(written, module).map(|module| &module["inner"]["module"]["items"]);
        for id in items.and_then(Value::as_array).into_iter().flatten() {
            let Some(found) = item(written, id).filter(|found| found["visibility"] == "public")
            else {
                continue;
            };
            let used = &found["inner"]["use"];
            let (id, target, name) = match used.is_null() {
                true => (id, Some(found), &found["name"]),
                // An item of another crate is not among those of this one.
                false => (&used["id"], item(written, &used["id"]), &used["name"]),
            };
            let (Some(target), Some(name)) = (target, name.as_str()) else {
                continue;
            };
            let is_glob = used["is_glob"] == true;
            let below = match is_glob {
                true => path.clone(),
                false => format!("{path}::{name}"),
            };
            let is = |kind: &&str| !target["inner"][*kind].is_null();
            if is(&"module") {
                open.push((id, below));
            } else if !is_glob && TYPES.iter().any(is) {
                let document = target["docs"].as_str().unwrap_or_default();
                types.insert(below, has_example(document));
            }
        }
    }
    let types = types.into_iter();
    types
        .map(|(path, has_example)| Type { path, has_example })
        .collect()
}

/// Returns the item of an id; the keys of the index are the texts of ids.
fn item<'a>(written: &'a Value, id: &Value) -> Option<&'a Value> {
    written["index"].get(id.to_string())
}

#[cfg(test)]
mod tests {
    use super::{Type, types, uses};

    #[test]
    fn types_have_the_paths_of_their_users() {
        let written = serde_json::json!({"root": 0, "index": {
            "0": {"name": "lib", "visibility": "public",
                "inner": {"module": {"items": [1, 2, 3, 4]}}},
            "1": {"visibility": "public",
                "inner": {"use": {"name": "Renamed", "id": 5, "is_glob": false}}},
            "2": {"visibility": "public",
                "inner": {"use": {"name": "OfAnother", "id": 99, "is_glob": false}}},
            "3": {"name": "deep", "visibility": "public",
                "inner": {"module": {"items": [6, 7]}}},
            "4": {"visibility": "public",
                "inner": {"use": {"name": "private", "id": 8, "is_glob": true}}},
            "5": {"name": "Own", "visibility": "public", "docs": "```\nuse();\n```",
                "inner": {"struct": {}}},
            "6": {"name": "Plain", "visibility": "public", "docs": null,
                "inner": {"enum": {}}},
            "7": {"name": "function", "visibility": "public", "inner": {"function": {}}},
            "8": {"name": "private", "visibility": "default",
                "inner": {"module": {"items": [9, 10]}}},
            "9": {"name": "Trait", "visibility": "public", "inner": {"trait": {}}},
            "10": {"name": "Hidden", "visibility": "default", "inner": {"struct": {}}},
        }});
        let found = types(&written);
        let found: Vec<_> = found
            .iter()
            .map(|Type { path, has_example }| (path.as_str(), *has_example))
            .collect();
        assert_eq!(
            found,
            [
                ("lib::Renamed", true),
                ("lib::Trait", false),
                ("lib::deep::Plain", false),
            ]
        );
    }

    #[test]
    fn only_public_items_are_re_exported() {
        let written = serde_json::json!({"index": {
            "1": {"visibility": "public", "inner": {"use": {"source": "a::B"}}},
            "2": {"visibility": "default", "inner": {"use": {"source": "a::C"}}},
            "3": {"visibility": "public", "inner": {"struct": {}}},
        }});
        assert_eq!(uses(&written), ["a::B"]);
    }
}
