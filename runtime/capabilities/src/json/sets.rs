//! Keywords that look at all elements or fields at once.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hash as _, Hasher};

use super::marks::Marks;
use super::number;
use super::run::{At, Holds, Run, Stop};
use super::tree::{Id, Node, Tree, member};

type Members = [(Box<str>, Id)];

impl Run<'_> {
    /// Returns the places of two elements that are equal.
    pub(super) fn repeated(&mut self, elements: &[Id]) -> Result<Option<(usize, usize)>, Stop> {
        let tree = self.data;
        let state = RandomState::new();
        let mut seen: HashMap<u64, Vec<usize>> = HashMap::new();
        for (place, element) in elements.iter().enumerate() {
            let mut hasher = state.build_hasher();
            self.hash(tree, *element, &mut hasher)?;
            let same = seen.entry(hasher.finish()).or_default();
            for before in same.iter() {
                if self.equal((tree, elements[*before]), (tree, *element))? {
                    return Ok(Some((*before, place)));
                }
            }
            same.push(place);
        }
        Ok(None)
    }

    /// Hashes a value, such that equal values have one hash.
    fn hash(&mut self, tree: &Tree, id: Id, hasher: &mut impl Hasher) -> Result<(), Stop> {
        self.charge(1)?;
        match tree.node(id) {
            Node::Null => 0_u8.hash(hasher),
            Node::Boolean(value) => value.hash(hasher),
            node @ (Node::Integer(_) | Node::Float(_)) => match (number::whole(node), node) {
                (Some(whole), _) => whole.hash(hasher),
                (None, Node::Float(float)) => float.to_bits().hash(hasher),
                _ => {}
            },
            Node::Text(text) => {
                self.charge_text(text)?;
                text.hash(hasher);
            }
            Node::Array(elements) => {
                for element in elements {
                    self.hash(tree, *element, hasher)?;
                }
                elements.len().hash(hasher);
            }
            Node::Object(members) => {
                for (key, value) in members {
                    self.charge_text(key)?;
                    key.hash(hasher);
                    self.hash(tree, *value, hasher)?;
                }
                members.len().hash(hasher);
            }
            // As an empty array and an empty object.
            Node::Empty => 0_usize.hash(hasher),
        }
        Ok(())
    }

    /// Evaluates the schema of `propertyNames`.
    pub(super) fn names(&mut self, schema: Id, members: &Members, at: &At<'_>) -> Holds {
        // The names are values of their own.
        let mut tree = Tree::default();
        let mut names = Vec::with_capacity(members.len());
        for (key, _) in members {
            self.charge_text(key)?;
            names.push(tree.add_name(key));
        }
        self.with_data(&tree, |run| {
            for ((key, _), name) in members.iter().zip(&names) {
                if !run.holds(schema, *name, &at.field(key))? {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    /// Evaluates `unevaluatedItems` and `unevaluatedProperties`, after all other keywords.
    pub(super) fn unevaluated(
        &mut self,
        keywords: &Members,
        data: Id,
        at: &At<'_>,
        marks: &mut Marks,
    ) -> Holds {
        let values = self.data;
        match values.node(data) {
            Node::Array(elements) => {
                let Some(schema) = member(keywords, "unevaluatedItems") else {
                    return Ok(true);
                };
                for (place, element) in elements.iter().enumerate() {
                    self.charge(1)?;
                    if !marks.has(place)
                        && !self.other(schema, "unevaluatedItems", *element, &at.place(place))?
                    {
                        return Ok(false);
                    }
                }
            }
            Node::Object(members) => {
                let Some(schema) = member(keywords, "unevaluatedProperties") else {
                    return Ok(true);
                };
                for (place, (key, value)) in members.iter().enumerate() {
                    self.charge(1)?;
                    if !marks.has(place)
                        && !self.other(schema, "unevaluatedProperties", *value, &at.field(key))?
                    {
                        return Ok(false);
                    }
                }
            }
            _ => return Ok(true),
        }
        marks.mark_all();
        Ok(true)
    }
}
