//! Keywords that look at a value itself: its type, its number, its text.

use warren_kernel::text;

use super::number;
use super::run::{At, Holds, Run, Stop};
use super::tree::{Id, Node};

use crate::limit::beyond;

impl Run<'_> {
    pub(super) fn has_type(&mut self, types: Id, data: Id, at: &At<'_>) -> Holds {
        let compiled = self.schema;
        let tree = self.data;
        let value = tree.node(data);
        let is = |id: Id| match compiled.tree.node(id) {
            Node::Text(name) => is_of_type(value, name),
            _ => false,
        };
        let (holds, expected) = match compiled.tree.node(types) {
            Node::Array(names) => (names.iter().any(|name| is(*name)), names.to_vec()),
            _ => (is(types), vec![types]),
        };
        if holds {
            return Ok(true);
        }
        self.fail(at, "type", || {
            let names = expected
                .iter()
                .filter_map(|id| match compiled.tree.node(*id) {
                    Node::Text(name) => Some(&**name),
                    _ => None,
                });
            let names: Vec<_> = names.take(7).collect();
            format!("expected {}, got {}", names.join(" or "), type_of(value))
        })
    }

    pub(super) fn is_one_of(&mut self, keyword: &str, values: Id, data: Id, at: &At<'_>) -> Holds {
        let (compiled, tree) = (self.schema, self.data);
        match compiled.tree.node(values) {
            Node::Array(values) if keyword == "enum" => {
                for value in values {
                    if self.equal((&compiled.tree, *value), (tree, data))? {
                        return Ok(true);
                    }
                }
            }
            _ if keyword == "enum" => {}
            _ => {
                if self.equal((&compiled.tree, values), (tree, data))? {
                    return Ok(true);
                }
            }
        }
        self.fail(at, keyword, || match keyword {
            "enum" => "it is not one of the values allowed".into(),
            _ => "it is not the value required".into(),
        })
    }

    pub(super) fn number(&mut self, keyword: &str, limit: Id, data: Id, at: &At<'_>) -> Holds {
        let (compiled, tree) = (self.schema, self.data);
        let (number, limit) = (tree.node(data), compiled.tree.node(limit));
        let order = |holds: fn(std::cmp::Ordering) -> bool| {
            number::compare(number, limit).is_none_or(holds)
        };
        let (holds, says) = match keyword {
            "minimum" => (order(|order| order.is_ge()), "is less than"),
            "maximum" => (order(|order| order.is_le()), "is greater than"),
            "exclusiveMinimum" => (order(|order| order.is_gt()), "is not greater than"),
            "exclusiveMaximum" => (order(|order| order.is_lt()), "is not less than"),
            "multipleOf" => {
                self.charge(16)?;
                (number::is_multiple(number, limit), "is not a multiple of")
            }
            _ => return Ok(true),
        };
        match holds {
            true => Ok(true),
            false => self.fail(at, keyword, || {
                format!("{} {says} {}", shown(number), shown(limit))
            }),
        }
    }

    pub(super) fn text(&mut self, keyword: &str, limit: Id, text: &str, at: &At<'_>) -> Holds {
        let compiled = self.schema;
        match (keyword, compiled.tree.node(limit)) {
            ("minLength" | "maxLength", limit) => {
                self.charge_text(text)?;
                let length = text.chars().count();
                self.within(keyword, length, limit, "characters", at)
            }
            ("pattern", Node::Text(pattern)) => match self.matches(pattern, text)? {
                true => Ok(true),
                false => self.fail(at, keyword, || {
                    let pattern = text::clipped(&**pattern, 60);
                    format!("the text does not match {pattern}")
                }),
            },
            _ => Ok(true),
        }
    }

    pub(super) fn matches(&mut self, pattern: &str, text: &str) -> Holds {
        let compiled = self.schema;
        let Some(pattern) = compiled.pattern(pattern) else {
            return Ok(true);
        };
        let Some(work) = pattern.work(text) else {
            let bytes = text.len();
            let message = format!("data: a text of {bytes} bytes is too long for its pattern");
            return Err(Stop::Error(beyond(
                "max_search",
                pattern.longest(),
                message,
            )));
        };
        self.charge(work)?;
        Ok(pattern.is_match(text))
    }

    /// Compares a count with the limit of a keyword that begins with `min` or `max`.
    pub(super) fn within(
        &mut self,
        keyword: &str,
        count: usize,
        limit: &Node,
        of: &str,
        at: &At<'_>,
    ) -> Holds {
        let counted = Node::Integer(i64::try_from(count).unwrap_or(i64::MAX));
        let order = number::compare(&counted, limit);
        let is_minimum = keyword.starts_with("min");
        if order.is_none_or(|order| {
            if is_minimum {
                order.is_ge()
            } else {
                order.is_le()
            }
        }) {
            return Ok(true);
        }
        let than = if is_minimum { "fewer" } else { "more" };
        self.fail(at, keyword, || {
            format!("{count} {of} are {than} than {}", shown(limit))
        })
    }
}

fn is_of_type(value: &Node, name: &str) -> bool {
    match value {
        Node::Null => name == "null",
        Node::Boolean(_) => name == "boolean",
        Node::Integer(_) | Node::Float(_) => {
            name == "number" || name == "integer" && number::is_whole(value)
        }
        Node::Text(_) => name == "string",
        Node::Array(_) => name == "array",
        Node::Object(_) => name == "object",
        Node::Empty => matches!(name, "array" | "object"),
    }
}

fn type_of(value: &Node) -> &'static str {
    match value {
        Node::Null => "null",
        Node::Boolean(_) => "boolean",
        Node::Integer(_) | Node::Float(_) => "number",
        Node::Text(_) => "string",
        Node::Array(_) => "array",
        Node::Object(_) => "object",
        Node::Empty => "an empty table",
    }
}

fn shown(number: &Node) -> String {
    match number {
        Node::Integer(number) => number.to_string(),
        Node::Float(number) => format!("{number:?}"),
        _ => "no number".into(),
    }
}
