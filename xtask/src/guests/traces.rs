//! Searches a module for paths of a machine.

use crate::project::HOMES;

/// Texts that no module may contain, besides [`HOMES`], wherever it is built. A
/// bare `registry` would not do: it is the name of an interface too.
const ANYWHERE: [&str; 6] = [
    "/opt/",
    "/tmp/",
    "registry/src",
    ".cargo/",
    ".rustup/",
    "crates.io",
];

/// Returns the forbidden texts, of [`HOMES`], [`ANYWHERE`] and `here`, that
/// occur in `module`: each with its first occurrence and its surroundings.
pub(crate) fn find(module: &[u8], here: &[String]) -> Vec<String> {
    let forbidden = HOMES
        .into_iter()
        .chain(ANYWHERE)
        .chain(here.iter().map(String::as_str))
        .filter(|text| !text.is_empty());
    let mut found = Vec::new();
    for text in forbidden {
        if let Some(at) = module
            .windows(text.len())
            .position(|window| window == text.as_bytes())
        {
            let around = &module[at.saturating_sub(16)..module.len().min(at + text.len() + 48)];
            found.push(format!("{text} at byte {at}: {}", around.escape_ascii()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_with_its_surroundings() {
        let [_, home, ..] = HOMES;
        let module = format!("\0asm...{home}ann/.cargo/registry/src/x/lua.rs");
        let found = find(module.as_bytes(), &[]);
        assert_eq!(found.len(), 3, "{found:?}");
        let expected = format!("{home} at byte 7: \\x00asm...{home}ann/");
        assert!(found[0].starts_with(&expected), "{found:?}");
    }

    #[test]
    fn paths_of_this_machine_are_found() {
        let here = ["/srv/build".to_owned(), String::new()];
        assert_eq!(find(b".../srv/build/x", &here).len(), 1);
        assert!(
            find(
                b"warren:core/registry@0.1.0 /crates/x-1.0/src/lib.rs",
                &here
            )
            .is_empty()
        );
    }
}
