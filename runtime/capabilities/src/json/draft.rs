//! The schemas of draft 2020-12 itself, as json-schema.org has them (BSD licence).

use std::sync::OnceLock;

use warren_engine::capability::Progress;
use warren_kernel::Error;

use super::compile::Schema;
use super::tree::Tree;

/// The URI of the draft.
pub(super) const SCHEMA: &str = "https://json-schema.org/draft/2020-12/schema";

/// The beginning of the URIs of its schemas.
pub(super) const PREFIX: &str = "https://json-schema.org/draft/2020-12/";

pub(super) const TEXTS: [&str; 8] = [
    include_str!("draft2020-12/schema.json"),
    include_str!("draft2020-12/core.json"),
    include_str!("draft2020-12/applicator.json"),
    include_str!("draft2020-12/unevaluated.json"),
    include_str!("draft2020-12/validation.json"),
    include_str!("draft2020-12/meta-data.json"),
    include_str!("draft2020-12/format-annotation.json"),
    include_str!("draft2020-12/content.json"),
];

/// Returns the schema that every schema must satisfy. It is compiled at its first use.
///
/// # Errors
///
/// None: the schemas are part of the runtime.
pub(super) fn schema() -> Result<&'static Schema, Error> {
    static SCHEMA_OF_SCHEMAS: OnceLock<Result<Schema, Error>> = OnceLock::new();
    let compiled = SCHEMA_OF_SCHEMAS.get_or_init(|| {
        let mut tree = Tree::default();
        let text = format!("{{\"$ref\": \"{SCHEMA}\"}}");
        let root = tree.add_text(text.as_bytes()).map_err(Error::internal)?;
        Schema::new(tree, root, &[], &Progress::new(&|| Ok(())))
    });
    compiled.as_ref().map_err(Clone::clone)
}
