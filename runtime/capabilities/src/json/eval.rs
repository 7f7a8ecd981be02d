//! The keywords of draft 2020-12. `format` and the keywords for content are notes, as the
//! draft has it.

use super::marks::Marks;
use super::number;
use super::run::{At, Holds, Run, Stop};
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
    fn here(&mut self, schema: Id, data: Id, at: &At<'_>, marks: &mut Marks) -> Holds {
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
    fn schemas(&self, list: Id) -> &'a [Id] {
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
            return self.fail(at, "not", || "the schema holds that must not".into());
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

    fn has_type(&mut self, types: Id, data: Id, at: &At<'_>) -> Holds {
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

    fn is_one_of(&mut self, keyword: &str, values: Id, data: Id, at: &At<'_>) -> Holds {
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
            "enum" => "it is none of the values allowed".into(),
            _ => "it is not the value required".into(),
        })
    }

    fn number(&mut self, keyword: &str, limit: Id, data: Id, at: &At<'_>) -> Holds {
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

    fn text(&mut self, keyword: &str, limit: Id, text: &str, at: &At<'_>) -> Holds {
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
                    let pattern = warren_kernel::text::clipped(&**pattern, 60);
                    format!("the text does not match {pattern}")
                }),
            },
            _ => Ok(true),
        }
    }

    fn matches(&mut self, pattern: &str, text: &str) -> Holds {
        let compiled = self.schema;
        let Some(pattern) = compiled.pattern(pattern) else {
            return Ok(true);
        };
        let Some(work) = pattern.work(text) else {
            return Err(Stop::Error(
                warren_kernel::Error::invalid(format!(
                    "data: a text of {} bytes is too long for its pattern",
                    text.len()
                ))
                .with("limit", "max_search"),
            ));
        };
        self.charge(work)?;
        Ok(pattern.is_match(text))
    }

    /// Compares a count with the limit of a keyword that begins with `min` or `max`.
    fn within(
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

    /// Evaluates a keyword for an empty table, which is an array and an object.
    fn empty(
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

    fn array(
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

    fn object(
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
