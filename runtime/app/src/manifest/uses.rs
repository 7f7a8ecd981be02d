//! Grants of things that capabilities give, in the tables `[grants."id"]`.

use toml::Spanned;
use toml::de::DeValue;
use warren_engine::capability::{Endpoint, OriginGrant};
use warren_kernel::text;

use super::reader::{MAX_STRINGS, Reader, Section, alternatives, type_of};
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
            Some(value) if kind.has_origins() => {
                uses.extend(origins(reader, grants, kind, value));
            }
            Some(_) if kind.has_servers() => uses.extend(servers(reader, grants, kind)),
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
        match kind.rights.iter().find(|known| **known == word.as_ref()) {
            Some(right) => uses.push(Use {
                kind,
                thing: Spanned::new(thing.span(), thing.get_ref().to_string()),
                right,
            }),
            None => reader.problem(
                right.span(),
                format!(
                    "{} has an unknown right `{}`",
                    place(),
                    text::quoted(word.as_ref())
                ),
                format!("expected {}", alternatives(kind.rights)),
                closest(word, kind.rights.iter().copied())
                    .map(|right| format!("did you mean `{right}`?")),
            ),
        }
    }
    uses
}

/// Reads a list of origins. An element is a text, or a table that names private addresses, too:
/// `{ origin = "http://localhost:8080", private = true }`.
fn origins<'a>(
    reader: &mut Reader,
    grants: &Section<'a>,
    kind: &'static UseKind,
    value: &'a Spanned<DeValue<'a>>,
) -> Vec<Use> {
    let expected = "an array of origins";
    let DeValue::Array(array) = value.get_ref() else {
        reader.wrong_type(grants, kind.key, value.span(), value.get_ref(), expected);
        return Vec::new();
    };
    let place = format!("`{}`{}", kind.key, grants.place());
    if array.len() > MAX_STRINGS {
        let message = format!("{place} holds {} origins", array.len());
        let label = format!("expected at most {MAX_STRINGS}");
        reader.problem(value.span(), message, label, None);
        return Vec::new();
    }
    let mut uses = Vec::new();
    for element in array.iter() {
        let (origin, private) = match element.get_ref() {
            DeValue::String(text) => {
                let text = text.clone().into_owned();
                (Some(Spanned::new(element.span(), text)), false)
            }
            DeValue::Table(entries) => {
                let section = grants.below(kind.key, entries);
                reader.known_keys(&section, &["origin", "private"]);
                if !section.has("origin") {
                    let message = format!("{place} holds a table without `origin`");
                    let label = "expected `origin`, and `private` if it is wanted";
                    reader.problem(element.span(), message, label, None);
                }
                let private = reader.boolean(&section, "private");
                (
                    reader.string(&section, "origin"),
                    private.unwrap_or_default(),
                )
            }
            other => {
                let message = format!("{place} holds {}", type_of(other));
                let label = format!("expected {expected}");
                reader.problem(element.span(), message, label, None);
                continue;
            }
        };
        let Some(origin) = origin else {
            continue;
        };
        match OriginGrant::parse(origin.get_ref(), private) {
            Ok(grant) => uses.push(Use {
                kind,
                thing: Spanned::new(origin.span(), grant.as_str().to_owned()),
                right: grant.right(),
            }),
            Err(error) => {
                let shown = text::quoted(origin.get_ref());
                let message = format!("{place} holds `{shown}`, which cannot be granted");
                reader.problem(origin.span(), message, error.to_string(), None);
            }
        }
    }
    uses
}

/// Reads a list of servers: `["db.internal:5432"]`.
fn servers(reader: &mut Reader, grants: &Section<'_>, kind: &'static UseKind) -> Vec<Use> {
    let mut uses = Vec::new();
    for server in reader.strings(grants, kind.key) {
        match Endpoint::parse(server.get_ref()) {
            Ok(endpoint) => uses.push(Use {
                kind,
                thing: Spanned::new(server.span(), endpoint.to_string()),
                right: "",
            }),
            Err(error) => {
                let shown = text::quoted(server.get_ref());
                let place = grants.place();
                let message = format!(
                    "`{}`{place} holds `{shown}`, which cannot be granted",
                    kind.key
                );
                reader.problem(server.span(), message, error.to_string(), None);
            }
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
    fn an_origin_is_a_text_or_a_table() {
        let line = "http = [\"https://A.org:443/v1/\", { origin = \"http://[::1]:81\", private = true }, \
                    { origin = \"*\" }]";
        let expected = [
            ("https://a.org/v1/".to_owned(), ""),
            ("http://[::1]:81".to_owned(), "private"),
            ("*".to_owned(), ""),
        ];
        assert_eq!(uses(line), expected);
        assert_eq!(uses("http = []"), []);
    }

    #[test]
    fn a_server_is_a_host_and_a_port() {
        let expected = [
            ("db.internal:5432".to_owned(), ""),
            ("[::1]:80".to_owned(), ""),
        ];
        assert_eq!(
            uses("tcp = [\"DB.internal:5432\", \"[0::1]:80\"]"),
            expected
        );
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        for (line, at, says) in [
            (
                "http = \"https://a.org\"",
                "\"https",
                "expected an array of origins",
            ),
            ("http = [7]", "7", "holds an integer"),
            ("http = [\"a.org\"]", "\"a.org", "expected `http://`"),
            ("http = [{ private = true }]", "{", "without `origin`"),
            ("http = [{ origin = 7 }]", "7", "expected a string"),
            (
                "http = [{ origin = \"http://a\", private = 1 }]",
                "1",
                "expected true or false",
            ),
            (
                "http = [{ origin = \"http://a\", privat = true }]",
                "privat",
                "did you mean",
            ),
            (
                "http = [{ origin = \"http://*.a\", private = true }]",
                "\"http://*.a",
                "private addresses",
            ),
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
            ("tcp = [\"db\"]", "\"db\"", "a host and a port"),
            ("tcp = \"db:1\"", "\"db:1\"", "an array of strings"),
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
