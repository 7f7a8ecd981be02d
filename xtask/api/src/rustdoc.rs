//! One crate, as rustdoc's JSON describes it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// The public interface of a crate.
pub(crate) struct Crate {
    /// The crate's name in code.
    pub(crate) name: String,
    /// A line for each public item.
    pub(crate) items: Vec<String>,
    /// The paths that its `pub use` items name, those of other crates included.
    pub(crate) uses: Vec<String>,
}

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
        })
    }
}

fn uses(written: &Value) -> Vec<String> {
    let items = written["index"].as_object().into_iter().flatten();
    let public = items.filter(|(_, item)| item["visibility"] == "public");
    let sources = public.filter_map(|(_, item)| item["inner"]["use"]["source"].as_str());
    sources.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::uses;

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
