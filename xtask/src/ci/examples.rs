//! Examples of the Rust SDK: each public type has one in its document. `xtask/api` checks
//! the types of the library.

use std::ffi::OsStr;
use std::fs;

use anyhow::{Context, Result, bail};
use syn::{Attribute, Expr, ExprLit, Item, Lit, Meta, Visibility};

use super::example::has_example;
use crate::project;

/// Directories of the SDK's sources.
const SOURCES: [&str; 2] = ["guest-sdk/rust/src", "guest-sdk/rust/values/src"];

/// Reads every source of the SDK. A public type that users cannot name is a warning of
/// rustc's.
///
/// # Errors
/// A type has no example, or a file cannot be read.
pub(crate) fn check() -> Result<()> {
    eprintln!("==> each type of the Rust SDK has an example");
    let (mut count, mut without) = (0, Vec::new());
    for file in project::files()? {
        let is_source = SOURCES.iter().any(|directory| file.starts_with(directory));
        if !is_source || file.extension() != Some(OsStr::new("rs")) {
            continue;
        }
        let name = file.display();
        let text = fs::read_to_string(project::root().join(&file))
            .with_context(|| format!("cannot read {name}"))?;
        let parsed = syn::parse_file(&text).with_context(|| format!("cannot parse {name}"))?;
        let mut types = Vec::new();
        collect(&parsed.items, &mut types);
        count += types.len();
        let lacking = types.iter().filter(|(_, document)| !has_example(document));
        without.extend(lacking.map(|(of_type, _)| format!("{name}: {of_type}")));
    }
    if count == 0 {
        bail!("there is no public type in {}", SOURCES.join(" and "));
    }
    if !without.is_empty() {
        bail!(
            "types without an example; add a block of Rust to the document of each:\n  {}",
            without.join("\n  ")
        );
    }
    Ok(())
}

/// Adds the public types among items, and those of their public modules, each with its
/// document.
fn collect(items: &[Item], types: &mut Vec<(String, String)>) {
    for item in items {
        let (visibility, name, attributes) = match item {
            Item::Enum(item) => (&item.vis, &item.ident, &item.attrs),
            Item::Struct(item) => (&item.vis, &item.ident, &item.attrs),
            Item::Trait(item) => (&item.vis, &item.ident, &item.attrs),
            Item::Type(item) => (&item.vis, &item.ident, &item.attrs),
            Item::Union(item) => (&item.vis, &item.ident, &item.attrs),
            Item::Mod(module) => {
                if let (Visibility::Public(_), Some((_, items))) = (&module.vis, &module.content) {
                    collect(items, types);
                }
                continue;
            }
            _ => continue,
        };
        if matches!(visibility, Visibility::Public(_)) {
            types.push((name.to_string(), document(attributes)));
        }
    }
}

/// Returns the text of the document comments.
fn document(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| {
        let Meta::NameValue(pair) = &attribute.meta else {
            return None;
        };
        let Expr::Lit(ExprLit {
            lit: Lit::Str(line),
            ..
        }) = &pair.value
        else {
            return None;
        };
        pair.path.is_ident("doc").then(|| line.value())
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_types_are_found_with_their_documents() {
        let file = syn::parse_file(
            r#"
            /// A queue.
            ///
            /// ```
            /// use();
            /// ```
            #[derive(Debug)]
            pub struct Queue(u32);

            pub mod raw {
                /// Bytes.
                pub type Bytes = Vec<u8>;
            }

            mod sealed {
                pub trait Source {}
            }

            pub(crate) enum Hidden {}
            "#,
        );
        let mut types = Vec::new();
        collect(&file.unwrap().items, &mut types);
        let found: Vec<_> = types
            .iter()
            .map(|(name, document)| (name.as_str(), has_example(document)))
            .collect();
        assert_eq!(found, [("Queue", true), ("Bytes", false)]);
    }
}
