//! The schemas of draft 2020-12 itself, as json-schema.org has them (BSD licence).

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
