//! Grants of things that capabilities give, in the tables `[grants."id"]`.

use toml::Spanned;
use toml::de::DeValue;
use warren_kernel::text;

use super::reader::{Reader, Section, alternatives, type_of};
use crate::suggest::closest;
use crate::uses::UseKind;

/// A thing that is granted, and the right to it; an empty right is all that there is to do.
#[derive(Debug)]
pub(crate) struct Use {
    pub(crate) kind: &'static UseKind,
    pub(crate) thing: Spanned<String>,
    pub(crate) right: &'static str,
}

/// Reads all things that a table of grants names.
pub(super) fn read(reader: &mut Reader, grants: &Section<'_>) -> Vec<Use> {
    let mut uses = Vec::new();
    for kind in UseKind::ALL {
        match grants.value(kind.key) {
            Some(value) if !kind.rights.is_empty() && !is_array(value) => {
                uses.extend(rights(reader, grants, kind, value));
            }
            _ => {
                let things = reader.strings(grants, kind.key).into_iter();
                uses.extend(things.map(|thing| Use {
                    kind,
                    thing,
                    right: "",
                }));
            }
        }
    }
    uses
}

fn is_array(value: &Spanned<DeValue<'_>>) -> bool {
    matches!(value.get_ref(), DeValue::Array(_))
}

/// Reads a table of things with their rights: `{ "app:tasks" = "publish" }`.
fn rights(
    reader: &mut Reader,
    grants: &Section<'_>,
    kind: &'static UseKind,
    value: &Spanned<DeValue<'_>>,
) -> Vec<Use> {
    let DeValue::Table(entries) = value.get_ref() else {
        let expected = "an array of strings, or a table of rights";
        reader.wrong_type(grants, kind.key, value.span(), value.get_ref(), expected);
        return Vec::new();
    };
    let mut uses = Vec::new();
    for (thing, right) in entries {
        let place = || format!("`{}`{}", kind.key, grants.place());
        let DeValue::String(word) = right.get_ref() else {
            let message = format!(
                "{} has a right that is {}",
                place(),
                type_of(right.get_ref())
            );
            let label = format!("expected {}", alternatives(kind.rights));
            reader.problem(right.span(), message, label, None);
            continue;
        };
        match kind.rights.iter().find(|known| **known == **word) {
            Some(right) => uses.push(Use {
                kind,
                thing: Spanned::new(thing.span(), thing.get_ref().to_string()),
                right,
            }),
            None => reader.problem(
                right.span(),
                format!("{} has an unknown right `{}`", place(), text::quoted(word)),
                format!("expected {}", alternatives(kind.rights)),
                closest(word, kind.rights.iter().copied())
                    .map(|right| format!("did you mean `{right}`?")),
            ),
        }
    }
    uses
}

#[cfg(test)]
mod tests {
    use crate::manifest::Manifest;

    fn uses(line: &str) -> Vec<(String, &'static str)> {
        let (manifest, problems) = Manifest::parse(&format!("[grants.\"a:b\"]\n{line}\n"));
        assert_eq!(problems, [], "{line}");
        let uses = manifest.grants[0].uses.iter();
        uses.map(|one| (one.thing.get_ref().clone(), one.right))
            .collect()
    }

    #[test]
    fn a_right_is_all_or_a_word() {
        let all = [("tasks".to_owned(), ""), ("a:others".to_owned(), "")];
        assert_eq!(uses("queue = [\"tasks\", \"a:others\"]"), all);
        let some = [("a:tasks".to_owned(), "publish")];
        assert_eq!(uses("queue = { \"a:tasks\" = \"publish\" }"), some);
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        for (line, at, says) in [
            (
                "queue = 7",
                "7",
                "an array of strings, or a table of rights",
            ),
            (
                "queue = { \"a:b\" = 7 }",
                "7",
                "has a right that is an integer",
            ),
            (
                "queue = { \"a:b\" = \"pubish\" }",
                "\"pubish\"",
                "did you mean `publish`?",
            ),
            ("store = { \"a:b\" = \"read\" }", "{", "an array of strings"),
        ] {
            let text = format!("[grants.\"a:b\"]\n{line}\n");
            let (_, problems) = Manifest::parse(&text);
            let [problem] = &problems[..] else {
                panic!("{line}: {problems:#?}");
            };
            assert!(text[problem.span.clone()].starts_with(at), "{line}");
            let all = format!("{problem} {}", problem.label);
            assert!(all.contains(says), "{line}: {all}");
        }
    }
}
