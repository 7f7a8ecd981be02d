//! The kinds of things that capabilities give and that a program grants.

use warren_engine::Uses;
use warren_engine::capability::OriginGrant;

/// A kind of things: entries of the manifest, or origins of URLs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UseKind {
    /// The key of `[grants."id"]`, which is the capability as well.
    pub(crate) key: &'static str,
    /// The table that has the entries; empty for origins.
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
            key: OriginGrant::CAPABILITY,
            table: "",
            what: "origin",
            rights: &[PRIVATE],
        },
        UseKind {
            key: "queue",
            table: "queues",
            what: "queue",
            rights: &["publish"],
        },
    ];

    /// Returns true if the things are origins, which no table declares.
    pub(crate) fn has_origins(&self) -> bool {
        self.table.is_empty()
    }

    /// Adds a thing with a right, by the form of its name that the capability looks for. A
    /// thing that is granted whole stays so.
    pub(crate) fn grant(&self, uses: &mut Uses, thing: &str, right: &str) {
        let whole = if self.has_origins() { PRIVATE } else { "" };
        if uses.right(self.key, thing) != Some(whole) {
            uses.grant(self.key, thing, right);
        }
    }

    /// Returns the kind of a capability.
    pub(crate) fn of(capability: &str) -> Option<&'static UseKind> {
        UseKind::ALL.iter().find(|kind| kind.key == capability)
    }
}

/// The right to the private addresses of an origin.
pub(crate) const PRIVATE: &str = "private";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wider_right_holds() {
        for (capability, some, whole) in [("queue", "publish", ""), ("http", "", PRIVATE)] {
            let kind = UseKind::of(capability).unwrap();
            for rights in [[some, whole], [whole, some]] {
                let mut uses = Uses::default();
                for right in rights {
                    kind.grant(&mut uses, "a:b", right);
                }
                assert_eq!(uses.right(capability, "a:b"), Some(whole));
            }
        }
    }
}
