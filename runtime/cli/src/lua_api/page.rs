//! The entries of a page: signatures between backticks in headings of the third level, and
//! in the first column of tables.

use std::collections::BTreeSet;

use super::signature::Signature;

/// The statement of a page on one function or value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The heading of the second level above it.
    pub(crate) section: String,
    /// `process.send`, or `message:topic` for a method.
    pub(crate) name: String,
    /// The parameters; `None` for a value, such as `process.event.EXIT`.
    pub(crate) signature: Option<Signature>,
    /// The first paragraph below the heading, or the second column of the table.
    pub(crate) text: String,
}

/// Returns the entries of a page, in its order.
pub(super) fn entries(page: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut section = String::new();
    // Entries of the last heading, which wait for their paragraph.
    let mut waiting = 0..0;
    let mut in_block = false;
    let mut in_paragraph = false;
    for line in page.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
            waiting = 0..0;
            continue;
        }
        if in_block {
            continue;
        }
        if let Some(title) = line.strip_prefix("## ") {
            section = title.replace('`', "");
            waiting = 0..0;
        } else if let Some(title) = line.strip_prefix("### ") {
            let first = entries.len();
            entries.extend(codes(title).filter_map(|code| entry(&section, code, "")));
            waiting = first..entries.len();
            in_paragraph = false;
        } else if let Some(row) = line.strip_prefix("| ") {
            let (names, text) = row.split_once(" | ").unwrap_or((row, ""));
            let text = text.trim_end_matches('|').trim();
            entries.extend(codes(names).filter_map(|code| entry(&section, code, text)));
        } else if line.is_empty() {
            if in_paragraph {
                waiting = 0..0;
            }
        } else if !waiting.is_empty() {
            in_paragraph = true;
            for entry in &mut entries[waiting.clone()] {
                if !entry.text.is_empty() {
                    entry.text.push(' ');
                }
                entry.text.push_str(line);
            }
        }
    }
    entries
}

/// Returns the names between backticks, with a table before them, outside of examples.
pub(super) fn mentions(page: &str) -> BTreeSet<String> {
    let mut in_block = false;
    let mut found = BTreeSet::new();
    for line in page.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            let names = codes(line).filter_map(|code| entry("", code, ""));
            let values = names.filter(|entry| entry.signature.is_none());
            found.extend(values.map(|entry| entry.name));
        }
    }
    found.retain(|name| !name.contains(':'));
    found
}

/// Returns the texts between backticks.
fn codes(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Returns the entry of a signature, or of a value in a table of Lua.
fn entry(section: &str, code: &str, text: &str) -> Option<Entry> {
    let (name, signature) = match code.split_once('(') {
        Some((name, rest)) => {
            let parameters = rest.strip_suffix(')')?;
            (name, Some(Signature::parse(parameters)))
        }
        None => (code, None),
    };
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let is_path = !name.is_empty() && name.split(['.', ':']).all(is_name);
    // A word alone is an option, a kind or a file.
    let is_entry = is_path && (signature.is_some() || name.contains('.'));
    is_entry.then(|| Entry {
        section: section.to_owned(),
        name: name.to_owned(),
        signature,
        text: text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_headings_and_rows() {
        let page = "## a\n\n### `a.f(x)`, `b:g(y?, ...)`\n\nDoes it,\nand more.\n\nNot this.\n\n\
                    ```lua\n### `no.example(x)`\n```\n\n| function | meaning |\n|---|---|\n\
                    | `a.h()`, `a.V` | of a row |\n| `option` | nothing |\n";
        let found = entries(page);
        let names: Vec<&str> = found.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["a.f", "b:g", "a.h", "a.V"]);
        assert_eq!(found[0].text, "Does it, and more.");
        assert_eq!(found[2].text, "of a row");
        assert!(found[3].signature.is_none());
        assert!(found.iter().all(|entry| entry.section == "a"));
    }
}
