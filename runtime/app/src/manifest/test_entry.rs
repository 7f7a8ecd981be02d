//! The table `test` of a definition, which is a test.

use toml::Spanned;

use super::reader::{Reader, Section};

/// The table `test` in `[processes."id"]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TestEntry {
    /// False for a definition that is no test, whatever its place.
    pub(crate) enabled: bool,
    /// The suite; the namespace of the definition if absent.
    pub(crate) suite: Option<String>,
    /// The name for people; the id of the definition if absent.
    pub(crate) name: Option<String>,
    /// The place in the suite.
    pub(crate) order: u32,
}

impl TestEntry {
    /// Reads the table of a definition, if there is one.
    pub(super) fn read(reader: &mut Reader, process: &Section<'_>) -> Option<TestEntry> {
        let section = reader.table(process, "test")?;
        reader.known_keys(&section, &["enabled", "suite", "name", "order"]);
        let order = reader.count_within(&section, "order", 0..=u32::MAX);
        Some(TestEntry {
            enabled: reader.boolean(&section, "enabled").unwrap_or(true),
            suite: reader.string(&section, "suite").map(Spanned::into_inner),
            name: reader.string(&section, "name").map(Spanned::into_inner),
            order: order
                .and_then(|order| u32::try_from(order).ok())
                .unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    fn test_of(text: &str) -> Option<TestEntry> {
        let text = format!("[processes.\"app:x\"]\n{text}\n");
        let (mut manifest, problems) = Manifest::parse(&text);
        assert_eq!(problems, []);
        manifest.processes.remove(0).test
    }

    #[test]
    fn a_table_makes_a_test() {
        assert_eq!(test_of(""), None);
        let plain = TestEntry {
            enabled: true,
            suite: None,
            name: None,
            order: 0,
        };
        assert_eq!(test_of("test = {}"), Some(plain.clone()));
        let test = test_of("test = { suite = \"orders\", name = \"totals\", order = 3 }");
        let whole = TestEntry {
            suite: Some("orders".to_owned()),
            name: Some("totals".to_owned()),
            order: 3,
            ..plain.clone()
        };
        assert_eq!(test, Some(whole));
        let none = TestEntry {
            enabled: false,
            ..plain
        };
        assert_eq!(test_of("test.enabled = false"), Some(none));
    }
}
