//! Ids of entries, as the manifest writes them where it names them.

/// Completes the id of an entry of the manifest: a name alone is one of `app`.
pub(crate) fn full_id(id: &str) -> String {
    match id.contains(':') {
        true => id.to_owned(),
        false => format!("app:{id}"),
    }
}
