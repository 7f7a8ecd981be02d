//! The kinds of things that capabilities give and that a program grants.

/// A kind of things that are entries of the manifest.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UseKind {
    /// The key of `[grants."id"]`, which is the capability as well.
    pub(crate) key: &'static str,
    /// The table that has the entries.
    pub(crate) table: &'static str,
    /// The word for one of them.
    pub(crate) what: &'static str,
    /// The words for a part of what there is to do; none if a grant is always whole.
    pub(crate) rights: &'static [&'static str],
}

impl UseKind {
    /// All kinds.
    pub(crate) const ALL: &'static [UseKind] = &[
        UseKind {
            key: "store",
            table: "stores",
            what: "store",
            rights: &[],
        },
        UseKind {
            key: "sql",
            table: "databases",
            what: "database",
            rights: &["read", "write"],
        },
        UseKind {
            key: "queue",
            table: "queues",
            what: "queue",
            rights: &["publish"],
        },
    ];

    /// Returns the kind of a capability.
    pub(crate) fn of(capability: &str) -> Option<&'static UseKind> {
        UseKind::ALL.iter().find(|kind| kind.key == capability)
    }
}
