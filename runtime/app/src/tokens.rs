//! Ids of stores of tokens, as the manifest writes them.

/// Completes the id of an entry of the manifest: a name alone is one of `app`.
pub(crate) fn full_id(id: &str) -> String {
    match id.contains(':') {
        true => id.to_owned(),
        false => format!("app:{id}"),
    }
}
