//! The schema that schemas must satisfy.

use std::sync::OnceLock;

use warren_engine::capability::Progress;
use warren_kernel::Error;

use super::compile::Schema;
use super::draft::SCHEMA;
use super::tree::Tree;

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
