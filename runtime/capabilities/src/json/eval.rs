//! The keywords of draft 2020-12 that schemas are made of. `format` and the keywords for
//! content are notes, as the draft has it.

use super::marks::Marks;
use super::run::{At, Holds, Run};
use super::tree::{Id, Node, member};

type Members = [(Box<str>, Id)];

impl<'a> Run<'a> {
    /// Evaluates a schema for a value.
    pub(super) fn holds(&mut self, schema: Id, data: Id, at: &At<'_>) -> Holds {
        self.holds_with(
            schema,
            data,
            at,
            &mut Marks::new(self.schema.has_unevaluated),
        )
    }

    /// Evaluates a schema for a value, and marks the parts that it evaluates.
    fn holds_with(&mut self, schema: Id, data: Id, at: &At<'_>, marks: &mut Marks) -> Holds {
        self.charge(1)?;
        let compiled = self.schema;
        match compiled.tree.node(schema) {
            Node::Boolean(false) => self.fail(at, "false", || "the schema allows nothing".into()),
            Node::Object(keywords) => {
                let entered = self.enter(schema)?;
                let holds = self.keywords(schema, keywords, data, at, marks);
                self.leave(entered);
                holds
            }
            _ => Ok(true),
        }
    }

    fn keywords(
        &mut self,
        schema: Id,
        keywords: &Members,
        data: Id,
        at: &At<'_>,
        marks: &mut Marks,
    ) -> Holds {
        self.charge(keywords.len() as u64)?;
        let tree = self.data;
        // Says most about a value that is quite another.
        if let Some(value) = member(keywords, "type")
            && !self.has_type(value, data, at)?
        {
            return Ok(false);
        }
        for (keyword, value) in keywords {
            let (keyword, value) = (&**keyword, *value);
            let holds = match keyword {
                "$ref" => match self.schema.refs.get(&schema) {
                    Some(target) => self.here(*target, data, at, marks),
                    None => Ok(true),
                },
                "$dynamicRef" => self.dynamic_ref(schema, data, at, marks),
                "allOf" => self.all_of(value, data, at, marks),
                "anyOf" => self.any_of(value, data, at, marks),
                "oneOf" => self.one_of(value, data, at, marks),
                "not" => self.not(value, data, at),
                "if" => self.condition(keywords, value, data, at, marks),
                "dependentSchemas" => self.dependent(value, data, at, marks),
                "enum" | "const" => self.is_one_of(keyword, value, data, at),
                "unevaluatedItems" | "unevaluatedProperties" => Ok(true),
                _ => match tree.node(data) {
                    Node::Integer(_) | Node::Float(_) => self.number(keyword, value, data, at),
                    Node::Text(text) => self.text(keyword, value, text, at),
                    Node::Array(elements) => {
                        self.array(keywords, keyword, value, elements, at, marks)
                    }
                    Node::Object(members) => {
                        self.object(keywords, keyword, value, members, at, marks)
                    }
                    Node::Empty => self.empty(keywords, keyword, value, at, marks),
                    Node::Null | Node::Boolean(_) => Ok(true),
                },
            };
            if !holds? {
                return Ok(false);
            }
        }
        match self.schema.has_unevaluated {
            true => self.unevaluated(keywords, data, at, marks),
            false => Ok(true),
        }
    }

    /// Evaluates another schema for the same value, whose marks count if it holds.
    pub(super) fn here(&mut self, schema: Id, data: Id, at: &At<'_>, marks: &mut Marks) -> Holds {
        if !self.schema.has_unevaluated {
            return self.holds(schema, data, at);
        }
        let mut own = Marks::new(true);
        let holds = self.holds_with(schema, data, at, &mut own)?;
        if holds {
            self.charge(own.work())?;
            marks.merge(&own);
        }
        Ok(holds)
    }

    fn dynamic_ref(&mut self, schema: Id, data: Id, at: &At<'_>, marks: &mut Marks) -> Holds {
        let compiled = self.schema;
        let Some(dynamic) = compiled.dynamic_refs.get(&schema) else {
            return Ok(true);
        };
        let outer = match &dynamic.name {
            Some(name) => self.dynamic(name)?,
            None => None,
        };
        self.here(outer.unwrap_or(dynamic.node), data, at, marks)
    }

    /// Returns the schemas of a keyword whose value is a list of them.
    pub(super) fn schemas(&self, list: Id) -> &'a [Id] {
        let compiled = self.schema;
        match compiled.tree.node(list) {
            Node::Array(schemas) => schemas,
            _ => &[],
        }
    }

    fn all_of(&mut self, list: Id, data: Id, at: &At<'_>, marks: &mut Marks) -> Holds {
        for schema in self.schemas(list) {
            if !self.here(*schema, data, at, marks)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn any_of(&mut self, list: Id, data: Id, at: &At<'_>, marks: &mut Marks) -> Holds {
        let count = self.schemas(list).len();
        let mut any = false;
        for schema in self.schemas(list) {
            any |= self.tolerantly(|run| run.here(*schema, data, at, marks))?;
            // Each that holds may mark something.
            if any && !self.schema.has_unevaluated {
                break;
            }
        }
        match any {
            true => Ok(true),
            false => self.fail(at, "anyOf", || format!("none of the {count} schemas holds")),
        }
    }

    fn one_of(&mut self, list: Id, data: Id, at: &At<'_>, marks: &mut Marks) -> Holds {
        let count = self.schemas(list).len();
        let mut holding = 0;
        for schema in self.schemas(list) {
            holding += usize::from(self.tolerantly(|run| run.here(*schema, data, at, marks))?);
            if holding > 1 {
                return self.fail(at, "oneOf", || "more than one schema holds".into());
            }
        }
        match holding {
            0 => self.fail(at, "oneOf", || format!("none of the {count} schemas holds")),
            _ => Ok(true),
        }
    }

    fn not(&mut self, schema: Id, data: Id, at: &At<'_>) -> Holds {
        if self.tolerantly(|run| run.holds(schema, data, at))? {
            return self.fail(at, "not", || "the value matches the schema of `not`".into());
        }
        Ok(true)
    }

    fn condition(
        &mut self,
        keywords: &Members,
        schema: Id,
        data: Id,
        at: &At<'_>,
        marks: &mut Marks,
    ) -> Holds {
        let holds = self.tolerantly(|run| run.here(schema, data, at, marks))?;
        match member(keywords, if holds { "then" } else { "else" }) {
            Some(schema) => self.here(schema, data, at, marks),
            None => Ok(true),
        }
    }

    fn dependent(&mut self, schemas: Id, data: Id, at: &At<'_>, marks: &mut Marks) -> Holds {
        let (compiled, tree) = (self.schema, self.data);
        let Node::Object(schemas) = compiled.tree.node(schemas) else {
            return Ok(true);
        };
        for (key, schema) in schemas {
            self.charge(1)?;
            if tree.member(data, key).is_some() && !self.here(*schema, data, at, marks)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
