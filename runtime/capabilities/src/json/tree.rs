//! Values of JSON as a tree in one block, made of a text or of an encoded value.

use std::fmt;

use serde_core::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use warren_kernel::{Error, text};
use warren_values::msgpack::{self, Input, Malformed, Token};

use crate::forms::{self, step};
use crate::limit::beyond;

/// The place of a node in its tree.
pub(super) type Id = u32;

/// A value of JSON.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(Box<str>),
    Array(Box<[Id]>),
    /// Sorted by key.
    Object(Box<[(Box<str>, Id)]>),
    /// An empty table of Lua, which is an array as well as an object.
    Empty,
}

/// Bytes of a tree for each byte of a text or encoded value, at most: a node has 24, and
/// beside it stand its place and its allocation.
pub(super) const GROWTH: usize = 40;

/// A value with all values within.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// True if a text was refused since it nests too deeply.
    is_too_deep: bool,
}

impl Tree {
    pub(super) fn node(&self, id: Id) -> &Node {
        &self.nodes[id as usize]
    }

    /// Returns the member of an object.
    pub(super) fn member(&self, object: Id, key: &str) -> Option<Id> {
        match self.node(object) {
            Node::Object(members) => member(members, key),
            _ => None,
        }
    }

    /// Returns the number of nodes.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Adds the value of a text, and returns its node.
    ///
    /// # Errors
    ///
    /// The reason for which the text is none, with line and column.
    pub(super) fn add_text(&mut self, text: &[u8]) -> Result<Id, String> {
        let mut reader = serde_json::Deserializer::from_slice(text);
        let builder = Builder {
            tree: self,
            depth: 0,
        };
        let id = builder.deserialize(&mut reader);
        let id = id.map_err(|error| text::quoted(&error.to_string()))?;
        reader
            .end()
            .map_err(|error| text::quoted(&error.to_string()))?;
        Ok(id)
    }

    /// Returns the refusal of a text or value that could not be added.
    pub(super) fn refusal(&self, name: &str, why: impl fmt::Display) -> Error {
        let error = invalid(name, why);
        match self.is_too_deep {
            false => error,
            true => beyond("max_nesting", MAX_DEPTH, error.message),
        }
    }

    /// Adds an encoded value, and returns its node.
    ///
    /// # Errors
    ///
    /// The path and the reason for which it has no form in JSON.
    pub(super) fn add_value(&mut self, encoded: &[u8]) -> Result<Id, String> {
        let mut path = Vec::new();
        let id = self.encoded(&mut Input::new(encoded), &mut path);
        id.map_err(|why| {
            let path: String = path.iter().rev().map(String::as_str).collect();
            format!("{path}: {why}")
        })
    }

    /// Adds the name of a member as a text.
    pub(super) fn add_name(&mut self, name: &str) -> Id {
        self.nodes.push(Node::Text(name.into()));
        // Names are as many as members, whose places are of this type.
        (self.nodes.len() - 1) as Id
    }

    fn add(&mut self, node: Node) -> Result<Id, &'static str> {
        let id = Id::try_from(self.nodes.len()).map_err(|_| "too many values")?;
        self.nodes.push(node);
        Ok(id)
    }

    fn encoded(&mut self, input: &mut Input<'_>, path: &mut Vec<String>) -> Result<Id, String> {
        let malformed = |why: Malformed| why.to_string();
        let node = match input.token().map_err(malformed)? {
            Token::Nil | Token::Null => Node::Null,
            Token::Boolean(value) => Node::Boolean(value),
            Token::Integer(number) => Node::Integer(number),
            // As `json.encode` has it.
            Token::Float(number) if !number.is_finite() => Node::Null,
            Token::Float(number) => Node::Float(number),
            Token::String(bytes) => Node::Text(utf8(bytes)?),
            Token::Error(parts) => Node::Text(forms::message(parts).map_err(malformed)?.into()),
            Token::Array(0) => Node::Empty,
            Token::Array(len) => {
                let mut elements = Vec::with_capacity(len as usize);
                for place in 1..=len {
                    let id = self.encoded(input, path);
                    elements.push(id.inspect_err(|_| path.push(format!("[{place}]")))?);
                }
                Node::Array(elements.into())
            }
            Token::Map(len) => {
                let mut members = Vec::with_capacity(len as usize);
                for _ in 0..len {
                    let Token::String(key) = input.token().map_err(malformed)? else {
                        return Err(forms::KEYS.into());
                    };
                    let id = self.encoded(input, path);
                    let id = id.inspect_err(|_| path.push(step(&String::from_utf8_lossy(key))))?;
                    members.push((utf8(key)?, id));
                }
                Node::Object(sorted(members))
            }
        };
        Ok(self.add(node)?)
    }
}

/// Returns the member of a key.
pub(super) fn member(members: &[(Box<str>, Id)], key: &str) -> Option<Id> {
    let place = members.binary_search_by(|(known, _)| (**known).cmp(key));
    place.ok().map(|place| members[place].1)
}

fn utf8(bytes: &[u8]) -> Result<Box<str>, &'static str> {
    let text = msgpack::text(bytes).ok_or("a string that is not UTF-8 has no form in JSON")?;
    Ok(text.into())
}

/// Sorts members by key. Of two with one key the later stays.
fn sorted(mut members: Vec<(Box<str>, Id)>) -> Box<[(Box<str>, Id)]> {
    members.sort_by(|(a, _), (b, _)| a.cmp(b));
    members.dedup_by(|later, kept| {
        let same = later.0 == kept.0;
        if same {
            kept.1 = later.1;
        }
        same
    });
    members.into()
}

/// The most levels of arrays and objects in a text.
const MAX_DEPTH: usize = 128;

/// Adds what a deserializer yields to a tree.
struct Builder<'t> {
    tree: &'t mut Tree,
    /// Arrays and objects that the value lies in.
    depth: usize,
}

impl Builder<'_> {
    fn add<E: serde_core::de::Error>(self, node: Node) -> Result<Id, E> {
        self.tree.add(node).map_err(E::custom)
    }

    /// Enters an array or object.
    fn enter<E: serde_core::de::Error>(&mut self) -> Result<(), E> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            self.tree.is_too_deep = true;
            return Err(E::custom(format_args!(
                "nested deeper than {MAX_DEPTH} levels"
            )));
        }
        Ok(())
    }

    /// Returns true if `serde_json` refuses an array or object within, though one more
    /// level is allowed.
    fn is_at_end(&self) -> bool {
        self.depth + 1 == MAX_DEPTH
    }

    fn within(&mut self) -> Builder<'_> {
        Builder {
            tree: self.tree,
            depth: self.depth,
        }
    }

    /// Adds a value of the last level from its text.
    fn last<E: serde_core::de::Error>(&mut self, raw: &RawValue) -> Result<Id, E> {
        let mut reader = serde_json::Deserializer::from_str(raw.get());
        self.within().deserialize(&mut reader).map_err(|error| {
            // The place is one within the value.
            let error = error.to_string();
            let why = error.rsplit_once(" at line ").map(|(why, _)| why);
            E::custom(why.unwrap_or(&error))
        })
    }
}

impl<'de> DeserializeSeed<'de> for Builder<'_> {
    type Value = Id;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Id, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Builder<'_> {
    type Value = Id;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of JSON")
    }

    fn visit_unit<E: serde_core::de::Error>(self) -> Result<Id, E> {
        self.add(Node::Null)
    }

    fn visit_bool<E: serde_core::de::Error>(self, value: bool) -> Result<Id, E> {
        self.add(Node::Boolean(value))
    }

    fn visit_i64<E: serde_core::de::Error>(self, number: i64) -> Result<Id, E> {
        self.add(Node::Integer(number))
    }

    fn visit_u64<E: serde_core::de::Error>(self, number: u64) -> Result<Id, E> {
        let float = Node::Float(number as f64);
        self.add(i64::try_from(number).map_or(float, Node::Integer))
    }

    fn visit_f64<E: serde_core::de::Error>(self, number: f64) -> Result<Id, E> {
        self.add(Node::Float(number))
    }

    fn visit_str<E: serde_core::de::Error>(self, text: &str) -> Result<Id, E> {
        self.add(Node::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Id, A::Error> {
        self.enter()?;
        let mut elements = Vec::new();
        if self.is_at_end() {
            while let Some(raw) = seq.next_element::<&'de RawValue>()? {
                elements.push(self.last(raw)?);
            }
        } else {
            while let Some(id) = seq.next_element_seed(self.within())? {
                elements.push(id);
            }
        }
        self.add(Node::Array(elements.into()))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Id, A::Error> {
        self.enter()?;
        let mut members = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let id = match self.is_at_end() {
                true => self.last(map.next_value::<&'de RawValue>()?)?,
                false => map.next_value_seed(self.within())?,
            };
            members.push((key.into_boxed_str(), id));
        }
        self.add(Node::Object(sorted(members)))
    }
}

/// Returns an error of kind `Invalid` whose message begins with a name.
pub(super) fn invalid(name: &str, why: impl fmt::Display) -> Error {
    Error::invalid(format!("{name}{why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_text(text: &str) -> Node {
        let mut tree = Tree::default();
        let root = tree.add_text(text.as_bytes()).unwrap();
        tree.node(root).clone()
    }

    #[test]
    fn a_text_becomes_a_tree() {
        assert_eq!(of_text("9223372036854775807"), Node::Integer(i64::MAX));
        assert_eq!(
            of_text("9223372036854775808"),
            Node::Float(9_223_372_036_854_775_808.0)
        );
        assert_eq!(of_text("1.0"), Node::Float(1.0));
        assert_eq!(of_text("[]"), Node::Array(Box::default()));
        let mut tree = Tree::default();
        let root = tree.add_text(br#"{"b": 1, "a": 2, "b": 3}"#).unwrap();
        let Node::Object(members) = tree.node(root) else {
            panic!()
        };
        let keys: Vec<_> = members.iter().map(|(key, _)| &**key).collect();
        assert_eq!(keys, ["a", "b"]);
        assert_eq!(tree.node(members[1].1), &Node::Integer(3));
        for text in ["", "[1", "[1]]", "nul", "1e999", "\"\\ud800\""] {
            assert!(Tree::default().add_text(text.as_bytes()).is_err(), "{text}");
        }
        for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
            let levels = open.matches(['[', '{']).count();
            let nested = |value: &str, count: usize| {
                let text = open.repeat(count / levels) + value + &close.repeat(count / levels);
                Tree::default().add_text(text.as_bytes())
            };
            assert!(nested("1", 128).is_ok() && nested("[1, 2]", 126).is_ok());
            for (value, depth) in [("1", 130), ("[]", 128), ("1", 1_000)] {
                let why = nested(value, depth).unwrap_err();
                let limit = "nested deeper than 128 levels at line 1 column";
                assert!(why.starts_with(limit), "{why}");
            }
            let why = nested("1e999", 128).unwrap_err();
            assert!(why.starts_with("number out of range at line 1"), "{why}");
        }
    }

    #[test]
    fn a_value_without_a_form_is_named_by_its_path() {
        for (encoded, why) in [
            (
                &b"\x81\xa1a\x92\x01\xc4\x01\xff"[..],
                ".a[2]: a string that is not UTF-8",
            ),
            (b"\x81\xa3a-b\x81\x05\x01", "[\"a-b\"]: a table whose keys"),
        ] {
            let error = Tree::default().add_value(encoded).unwrap_err();
            assert!(error.starts_with(why), "{error}");
        }
    }
}
