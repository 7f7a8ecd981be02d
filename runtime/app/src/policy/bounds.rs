//! Bounds of the work that a program's schema and policies make for Cedar.
//!
//! Cedar writes types out where they are named, which doubles them with each level,
//! finds all ancestors of entities and actions in cubic time, and validates each
//! statement for each kind of request. All of that is counted here first.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

/// Parts that all types may have when they are written out where they are named.
const MAX_WRITTEN_OUT: usize = 500_000;

/// Named types that may lead from one to the next.
const MAX_TYPE_DEPTH: usize = 100;

/// Ancestors that all entities and actions may have together, counted once for each
/// way to them.
const MAX_ANCESTORS: usize = 100_000;

/// Bytes of policies times kinds of request; a statement counts 100 bytes more. A kind
/// is an action with one type of principal and one of resource.
const MAX_VALIDATION: usize = 48 << 20;

/// Bytes that each statement counts beyond its own.
const STATEMENT: usize = 100;

/// Refuses a schema that takes minutes or gigabytes to understand. A circle is left to
/// Cedar, which names it.
///
/// # Errors
///
/// Names the limit and what exceeds it.
pub(super) fn check_schema(fragments: &[Value]) -> Result<(), String> {
    let namespaces = || fragments.iter().filter_map(Value::as_object).flatten();
    let types = namespaces().filter_map(|(_, space)| space["commonTypes"].as_object());
    let types: HashMap<&str, &Value> = types
        .flatten()
        .map(|(name, value)| (last(name), value))
        .collect();
    let mut sizes = Sizes {
        types: &types,
        known: HashMap::new(),
        open: HashSet::new(),
    };
    let mut written_out = 0_usize;
    let mut parents: HashMap<(bool, &str), Vec<&str>> = HashMap::new();
    for (_, space) in namespaces() {
        let (size, depth) = sizes.of(space);
        written_out = written_out.saturating_add(size);
        if depth > MAX_TYPE_DEPTH {
            return Err(too_deep());
        }
        let below = |kind: &str| space[kind].as_object().into_iter().flatten();
        for (name, entity) in below("entityTypes") {
            let of = entity["memberOfTypes"].as_array().into_iter().flatten();
            let of = of.filter_map(Value::as_str).map(last);
            parents.entry((false, last(name))).or_default().extend(of);
        }
        for (name, action) in below("actions") {
            let of = action["memberOf"].as_array().into_iter().flatten();
            let of = of.filter_map(|group| group["id"].as_str());
            parents.entry((true, name)).or_default().extend(of);
        }
    }
    if written_out > MAX_WRITTEN_OUT {
        return Err(format!(
            "its types have more than {MAX_WRITTEN_OUT} parts, each type counted in every \
             place that names it"
        ));
    }
    check_ancestors(&parents)
}

fn check_ancestors(parents: &HashMap<(bool, &str), Vec<&str>>) -> Result<(), String> {
    let mut ways = 0_usize;
    for &(is_action, name) in parents.keys() {
        let mut found = HashSet::from([name]);
        let mut next = vec![name];
        while let Some(name) = next.pop() {
            for parent in parents.get(&(is_action, name)).into_iter().flatten() {
                ways += 1;
                if ways > MAX_ANCESTORS {
                    return Err(format!(
                        "its entities and actions have more than {MAX_ANCESTORS} ancestors together"
                    ));
                }
                if found.insert(parent) {
                    next.push(parent);
                }
            }
        }
    }
    Ok(())
}

fn too_deep() -> String {
    format!("types refer to each other more than {MAX_TYPE_DEPTH} deep")
}

/// Named types, written out.
struct Sizes<'a> {
    types: &'a HashMap<&'a str, &'a Value>,
    known: HashMap<&'a str, (usize, usize)>,
    /// Those that are being looked at: a circle ends there.
    open: HashSet<&'a str>,
}

impl<'a> Sizes<'a> {
    /// The parts of a schema as JSON, whose own nesting the text was checked for, and
    /// how many types lead from one to the next there.
    fn of(&mut self, value: &'a Value) -> (usize, usize) {
        let mut sum = (1_usize, 0_usize);
        let mut add = |(size, depth): (usize, usize)| {
            sum = (sum.0.saturating_add(size), sum.1.max(depth));
        };
        match value {
            Value::Object(fields) => {
                for word in ["type", "name"] {
                    if let Some(name) = fields.get(word).and_then(Value::as_str) {
                        add(self.named(last(name)));
                    }
                }
                fields.values().for_each(|value| add(self.of(value)));
            }
            Value::Array(values) => values.iter().for_each(|value| add(self.of(value))),
            _ => {}
        }
        sum
    }

    fn named(&mut self, name: &'a str) -> (usize, usize) {
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        let Some(value) = self.types.get(name) else {
            return (0, 0);
        };
        if self.open.len() > MAX_TYPE_DEPTH || !self.open.insert(name) {
            // Deep enough to be refused, or a circle.
            return (0, self.open.len());
        }
        let (size, depth) = self.of(value);
        self.open.remove(name);
        self.known.insert(name, (size, depth + 1));
        (size, depth + 1)
    }
}

/// A name without its namespace: where two have the same, one stands for both.
fn last(name: &str) -> &str {
    name.rsplit("::").next().unwrap_or(name)
}

/// The share of [`MAX_VALIDATION`] that is left.
#[derive(Clone, Debug)]
pub(super) struct Validation {
    kinds: usize,
    left: usize,
}

impl Validation {
    /// Returns all of it, for a schema with these `kinds` of request. Counts only as many
    /// kinds as matter.
    pub(super) fn of(kinds: impl Iterator<Item = impl Sized>) -> Validation {
        Validation {
            kinds: kinds.take(MAX_VALIDATION / STATEMENT + 1).count().max(1),
            left: MAX_VALIDATION,
        }
    }

    /// Takes the share that a statement of `bytes` bytes needs.
    ///
    /// # Errors
    ///
    /// The message of the limit, if the share is more than what is left.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), String> {
        self.left = self.left.checked_sub(self.needed(bytes)).ok_or_else(|| {
            format!(
                "too many policies: with the {1} kinds of request of the schema, all \
                 statements together may have {0} bytes, each counted as {STATEMENT} more than \
                 its own",
                MAX_VALIDATION / self.kinds,
                self.kinds
            )
        })?;
        Ok(())
    }

    /// Gives back what a statement of `bytes` bytes has taken.
    pub(super) fn give_back(&mut self, bytes: usize) {
        self.left = self.left.saturating_add(self.needed(bytes));
    }

    fn needed(&self, bytes: usize) -> usize {
        bytes.saturating_add(STATEMENT).saturating_mul(self.kinds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn types_are_counted_as_often_as_they_are_named() {
        let doubling = |levels: usize| {
            let mut types = serde_json::Map::new();
            types.insert("T0".into(), json!({"type": "Long"}));
            for n in 1..=levels {
                let named = json!({"type": "EntityOrCommon", "name": format!("N::T{}", n - 1)});
                let attributes = json!({"a": named, "b": named});
                let record = json!({"type": "Record", "attributes": attributes});
                types.insert(format!("T{n}"), record);
            }
            check_schema(&[json!({"N": {"commonTypes": types}})])
        };
        assert_eq!(doubling(10), Ok(()));
        assert!(doubling(40).unwrap_err().contains("each type counted"));
        assert!(doubling(200).unwrap_err().contains("refer to each other"));
        let circle = json!({"N": {"commonTypes": {"A": {"type": "B"}, "B": {"type": "A"}}}});
        assert_eq!(check_schema(&[circle]), Ok(()));
    }

    #[test]
    fn ancestors_are_counted() {
        let chain = |length: usize| {
            let entity = |n: usize| {
                let parents = n.checked_sub(1).map(|n| format!("E{n}"));
                (
                    format!("E{n}"),
                    json!({"memberOfTypes": parents.as_slice()}),
                )
            };
            let entities: serde_json::Map<_, _> = (0..length).map(entity).collect();
            check_schema(&[json!({"": {"entityTypes": entities}})])
        };
        assert_eq!(chain(400), Ok(()));
        assert!(chain(1_000).unwrap_err().contains("ancestors"));
        let circle = json!({"": {"entityTypes":
            {"A": {"memberOfTypes": ["B"]}, "B": {"memberOfTypes": ["A"]}}}});
        assert_eq!(check_schema(&[circle]), Ok(()));
    }

    #[test]
    fn statements_are_counted_for_each_kind_of_request() {
        let fits = |kinds: usize, statements: usize| {
            let mut validation = Validation::of(0..kinds);
            (0..statements).all(|_| validation.take(50).is_ok())
        };
        assert!(fits(20, 10_000));
        assert!(!fits(20, 20_000));
        assert!(!fits(usize::MAX, 1));
        assert!(fits(0, 1));
    }
}
