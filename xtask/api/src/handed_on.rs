//! The items of other crates that a library re-exports by `pub use`: with their
//! fields and methods, as if they were its own.

use std::collections::BTreeSet;

use crate::rustdoc::{Crate, Type};

/// Returns a line for each item: the library's own, then those of the other
/// crates that can be reached through it.
pub(crate) fn with_items(library: &Crate, others: &[Crate]) -> String {
    let named = paths(library, others);
    let mut lines = library.items.clone();
    for other in others {
        let reached = |line: &&String| {
            let subject = subject(line, &other.name);
            subject.is_some_and(|subject| named.iter().any(|path| is_below(subject, path)))
        };
        lines.extend(other.items.iter().filter(reached).cloned());
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Returns the library's own types, then those of the other crates that can be
/// reached through it.
pub(crate) fn with_types<'a>(library: &'a Crate, others: &'a [Crate]) -> Vec<&'a Type> {
    let named = paths(library, others);
    let is_reached = |one: &&Type| named.iter().any(|path| is_below(&one.path, path));
    let of_others = others.iter().flat_map(|other| &other.types);
    library
        .types
        .iter()
        .chain(of_others.filter(is_reached))
        .collect()
}

/// Returns the paths that the library re-exports. A re-exported crate adds its
/// own re-exports.
fn paths(library: &Crate, others: &[Crate]) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    let mut open = library.uses.clone();
    while let Some(path) = open.pop() {
        if let Some(whole) = others.iter().find(|other| other.name == path)
            && !paths.contains(&path)
        {
            open.extend(whole.uses.iter().cloned());
        }
        paths.insert(path);
    }
    paths
}

/// Returns the item that a line belongs to: the first path of this crate in it;
/// of an `impl`, the type.
fn subject<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let of = match line.strip_prefix("impl") {
        Some(rest) => rest.rsplit(" for ").next().unwrap_or(rest),
        None => line,
    };
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    // A trait with supertraits has a colon behind its name.
    let mut words = of
        .split(|c| !is_path(c))
        .map(|word| word.trim_end_matches(':'));
    // The first path counts wherever it belongs; a path of another crate
    // belongs to no item.
    let first = words.find(|word| word.contains("::") || *word == name)?;
    is_below(first, name).then_some(first)
}

fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn krate(name: &str, items: &[&str], uses: &[&str]) -> Crate {
        let owned = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        Crate {
            name: name.to_owned(),
            items: owned(items),
            uses: owned(uses),
            types: Vec::new(),
        }
    }

    fn with_types_of(krate: Crate, paths: &[&str]) -> Crate {
        let types = paths.iter().map(|path| Type {
            path: (*path).to_owned(),
            has_example: false,
        });
        Crate {
            types: types.collect(),
            ..krate
        }
    }

    #[test]
    fn types_are_reached_by_themselves_or_their_module() {
        let uses = ["kernel::Error", "app::text"];
        let library = with_types_of(krate("lib", &[], &uses), &["lib::Own"]);
        let kernel = with_types_of(
            krate("kernel", &[], &[]),
            &["kernel::Error", "kernel::ErrorKind"],
        );
        let app = with_types_of(krate("app", &[], &[]), &["app::text::Line", "app::Id"]);
        let others = [kernel, app];
        let reached: Vec<&str> = with_types(&library, &others)
            .into_iter()
            .map(|one| one.path.as_str())
            .collect();
        assert_eq!(reached, ["lib::Own", "kernel::Error", "app::text::Line"]);
    }

    #[test]
    fn re_exported_items_come_with_their_parts_and_no_others() {
        let library = krate("lib", &["pub mod lib"], &["kernel::Error", "app", "own::X"]);
        let kernel = krate(
            "kernel",
            &[
                "pub struct kernel::Error",
                "pub kernel::Error::kind: kernel::Kind",
                "pub fn kernel::Error::new(kernel::Kind) -> Self",
                "impl core::fmt::Display for kernel::Error",
                "impl core::convert::From<kernel::Error> for kernel::Other",
                "pub struct kernel::ErrorKind",
                "pub fn kernel::other(kernel::Error)",
                "pub struct kernel::ByApp",
            ],
            &["kernel::Kind"],
        );
        let app = krate(
            "app",
            &["pub mod app", "pub struct app::Id"],
            &["kernel::ByApp"],
        );
        assert_eq!(
            with_items(&library, &[app, kernel])
                .lines()
                .collect::<Vec<_>>(),
            [
                "pub mod lib",
                "pub mod app",
                "pub struct app::Id",
                "pub struct kernel::Error",
                "pub kernel::Error::kind: kernel::Kind",
                "pub fn kernel::Error::new(kernel::Kind) -> Self",
                "impl core::fmt::Display for kernel::Error",
                "pub struct kernel::ByApp",
            ]
        );
    }
}
