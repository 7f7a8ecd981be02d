//! Keywords for the elements of arrays and the members of objects.

use super::marks::Marks;
use super::run::{At, Holds, Run};
use super::tree::{Id, Node, member};

type Members = [(Box<str>, Id)];

impl Run<'_> {
    /// Evaluates a keyword for an empty table, which is an array and an object.
    pub(super) fn empty(
        &mut self,
        keywords: &Members,
        keyword: &str,
        value: Id,
        at: &At<'_>,
        marks: &mut Marks,
    ) -> Holds {
        Ok(self.array(keywords, keyword, value, &[], at, marks)?
            && self.object(keywords, keyword, value, &[], at, marks)?)
    }

    pub(super) fn array(
        &mut self,
        keywords: &Members,
        keyword: &str,
        value: Id,
        elements: &[Id],
        at: &At<'_>,
        marks: &mut Marks,
    ) -> Holds {
        let compiled = self.schema;
        match keyword {
            "prefixItems" => {
                let schemas = self.schemas(value).iter().zip(elements);
                for (place, (schema, element)) in schemas.enumerate() {
                    marks.mark(place);
                    if !self.holds(*schema, *element, &at.place(place))? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            "items" => {
                let prefix = member(keywords, "prefixItems");
                let from = prefix.map_or(0, |prefix| self.schemas(prefix).len());
                marks.mark_all();
                for (place, element) in elements.iter().enumerate().skip(from) {
                    if !self.holds(value, *element, &at.place(place))? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            "contains" => self.contains(keywords, value, elements, at, marks),
            "minItems" | "maxItems" => {
                let limit = compiled.tree.node(value);
                self.within(keyword, elements.len(), limit, "elements", at)
            }
            "uniqueItems" if compiled.tree.node(value) == &Node::Boolean(true) => {
                match self.repeated(elements)? {
                    None => Ok(true),
                    Some((a, b)) => self.fail(at, keyword, || {
                        format!("the elements {} and {} are equal", a + 1, b + 1)
                    }),
                }
            }
            _ => Ok(true),
        }
    }

    fn contains(
        &mut self,
        keywords: &Members,
        schema: Id,
        elements: &[Id],
        at: &At<'_>,
        marks: &mut Marks,
    ) -> Holds {
        let mut count = 0;
        for (place, element) in elements.iter().enumerate() {
            if self.tolerantly(|run| run.holds(schema, *element, &at.place(place)))? {
                marks.mark(place);
                count += 1;
            }
        }
        let compiled = self.schema;
        let limit = |keyword| Some(compiled.tree.node(member(keywords, keyword)?));
        let least = limit("minContains").unwrap_or(&Node::Integer(1));
        if !self.within("minContains", count, least, "elements of its kind", at)? {
            return Ok(false);
        }
        match limit("maxContains") {
            Some(most) => self.within("maxContains", count, most, "elements of its kind", at),
            None => Ok(true),
        }
    }

    pub(super) fn object(
        &mut self,
        keywords: &Members,
        keyword: &str,
        value: Id,
        members: &Members,
        at: &At<'_>,
        marks: &mut Marks,
    ) -> Holds {
        let compiled = self.schema;
        match (keyword, compiled.tree.node(value)) {
            ("properties", Node::Object(schemas)) => {
                self.charge(schemas.len().min(members.len()) as u64)?;
                self.properties(schemas, members, at, marks)
            }
            ("patternProperties", Node::Object(schemas)) => {
                for (place, (key, data)) in members.iter().enumerate() {
                    for (pattern, schema) in schemas {
                        if self.matches(pattern, key)? {
                            marks.mark(place);
                            if !self.holds(*schema, *data, &at.field(key))? {
                                return Ok(false);
                            }
                        }
                    }
                }
                Ok(true)
            }
            ("additionalProperties", _) => {
                for (place, (key, data)) in members.iter().enumerate() {
                    if !self.is_additional(keywords, key)? {
                        continue;
                    }
                    marks.mark(place);
                    if !self.other(value, keyword, *data, &at.field(key))? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            ("propertyNames", _) => self.names(value, members, at),
            ("minProperties" | "maxProperties", limit) => {
                self.within(keyword, members.len(), limit, "fields", at)
            }
            ("required", Node::Array(names)) => self.required(keyword, names, members, at),
            ("dependentRequired", Node::Object(lists)) => {
                for (key, names) in lists {
                    self.charge(1)?;
                    if member(members, key).is_some()
                        && let Node::Array(names) = compiled.tree.node(*names)
                        && !self.required(keyword, names, members, at)?
                    {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ => Ok(true),
        }
    }

    /// Walks the shorter of both lists.
    fn properties(
        &mut self,
        schemas: &Members,
        members: &Members,
        at: &At<'_>,
        marks: &mut Marks,
    ) -> Holds {
        let place_of =
            |list: &Members, key: &str| list.binary_search_by(|(known, _)| (**known).cmp(key)).ok();
        if schemas.len() < members.len() {
            for (key, schema) in schemas {
                let Some(place) = place_of(members, key) else {
                    continue;
                };
                marks.mark(place);
                if !self.holds(*schema, members[place].1, &at.field(key))? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        for (place, (key, data)) in members.iter().enumerate() {
            let Some(schema) = place_of(schemas, key) else {
                continue;
            };
            marks.mark(place);
            if !self.holds(schemas[schema].1, *data, &at.field(key))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Tells whether neither `properties` nor `patternProperties` names a field.
    fn is_additional(&mut self, keywords: &Members, key: &str) -> Holds {
        self.charge(1)?;
        let compiled = self.schema;
        let schemas = |keyword| match compiled.tree.node(member(keywords, keyword)?) {
            Node::Object(schemas) => Some(schemas),
            _ => None,
        };
        if schemas("properties").is_some_and(|schemas| member(schemas, key).is_some()) {
            return Ok(false);
        }
        for (pattern, _) in schemas("patternProperties").into_iter().flatten() {
            if self.matches(pattern, key)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Evaluates the schema of all other fields or elements. False names its keyword.
    pub(super) fn other(&mut self, schema: Id, keyword: &str, data: Id, at: &At<'_>) -> Holds {
        if self.schema.tree.node(schema) == &Node::Boolean(false) {
            self.charge(1)?;
            return self.fail(at, keyword, || "it is not allowed here".into());
        }
        self.holds(schema, data, at)
    }

    fn required(&mut self, keyword: &str, names: &[Id], members: &Members, at: &At<'_>) -> Holds {
        let compiled = self.schema;
        self.charge(names.len() as u64)?;
        for name in names {
            if let Node::Text(name) = compiled.tree.node(*name)
                && member(members, name).is_none()
            {
                return self.fail(&at.field(name), keyword, || "it is missing".into());
            }
        }
        Ok(true)
    }
}
