//! Schemas, prepared for evaluation: references resolved, patterns compiled.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use warren_engine::capability::Progress;
use warren_kernel::{Error, text};

use super::draft;
use super::pattern::{MAX_PATTERNS, Pattern};
use super::tree::{Id, Node, Tree, invalid};
use super::uri;

use crate::limit::beyond;

/// The base of a schema without `$id`.
const BASE: &str = "json-schema:///";

/// The most references of a schema, with those within what they refer to.
const MAX_REFERENCES: usize = 10_000;

/// Keywords whose value is a schema.
const ONE: [&str; 11] = [
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Keywords whose value is a list of schemas.
const LIST: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];
/// Keywords whose value is a map of schemas.
const MAP: [&str; 5] = [
    "$defs",
    "definitions",
    "dependentSchemas",
    "patternProperties",
    "properties",
];

/// A schema that values can be checked against.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) tree: Tree,
    pub(super) root: Id,
    /// The resource of each schema in the tree that is an object.
    places: HashMap<Id, u32>,
    resources: Vec<Resource>,
    /// The targets of `$ref`, by the schema that has it.
    pub(super) refs: HashMap<Id, Id>,
    pub(super) dynamic_refs: HashMap<Id, Dynamic>,
    patterns: HashMap<Box<str>, Pattern>,
    /// A schema within asks for what others have evaluated.
    pub(super) has_unevaluated: bool,
}

/// A schema with a URI of its own.
#[derive(Debug)]
struct Resource {
    uri: String,
    root: Id,
    anchors: HashMap<Box<str>, Anchor>,
}

#[derive(Debug, Clone, Copy)]
struct Anchor {
    node: Id,
    is_dynamic: bool,
}

/// The target of `$dynamicRef`.
#[derive(Debug)]
pub(super) struct Dynamic {
    pub(super) node: Id,
    /// The name that outer resources may give another target.
    pub(super) name: Option<Box<str>>,
}

impl Schema {
    /// Compiles the schema at `root`. `more` are resources that it may refer to.
    ///
    /// # Errors
    ///
    /// `Invalid` for references to nothing and patterns that are none or too large; the
    /// error of a check.
    pub(super) fn new(
        tree: Tree,
        root: Id,
        more: &[(&str, Id)],
        progress: &Progress<'_>,
    ) -> Result<Schema, Error> {
        let schema = Schema {
            tree,
            root,
            places: HashMap::new(),
            resources: Vec::new(),
            refs: HashMap::new(),
            dynamic_refs: HashMap::new(),
            patterns: HashMap::new(),
            has_unevaluated: false,
        };
        let mut compiler = Compiler {
            schema,
            by_uri: HashMap::new(),
            pending: Vec::new(),
            has_draft: false,
            pattern_bytes: 0,
            progress,
        };
        for (uri, root) in more {
            compiler.resource((*uri).to_owned(), *root)?;
        }
        compiler.resource(BASE.to_owned(), root)?;
        compiler.references()?;
        Ok(compiler.schema)
    }

    /// Returns the resource of a schema.
    pub(super) fn place(&self, node: Id) -> Option<u32> {
        self.places.get(&node).copied()
    }

    /// Returns the schema of a dynamic anchor in a resource.
    pub(super) fn dynamic_anchor(&self, resource: u32, name: &str) -> Option<Id> {
        let anchor = self.resources[resource as usize].anchors.get(name)?;
        anchor.is_dynamic.then_some(anchor.node)
    }

    pub(super) fn pattern(&self, text: &str) -> Option<&Pattern> {
        self.patterns.get(text)
    }

    /// Returns some bytes that the schema takes.
    pub(super) fn size(&self) -> usize {
        // A pattern, and what its searches keep.
        let patterns: usize = self.patterns.values().map(|one| 2 * one.bytes()).sum();
        let references = self.refs.len() + self.dynamic_refs.len() + self.places.len();
        64 * self.tree.len() + 64 * references + patterns
    }
}

struct Compiler<'p> {
    schema: Schema,
    by_uri: HashMap<String, u32>,
    /// Schemas with references that are not resolved yet.
    pending: Vec<Id>,
    /// The schemas of the draft itself are in the tree.
    has_draft: bool,
    pattern_bytes: usize,
    progress: &'p Progress<'p>,
}

impl Compiler<'_> {
    /// Adds a resource, which may name itself otherwise.
    fn resource(&mut self, uri: String, root: Id) -> Result<(), Error> {
        let resource = self.add_resource(uri, root)?;
        self.walk(root, resource)
    }

    fn add_resource(&mut self, uri: String, root: Id) -> Result<u32, Error> {
        let number = self.schema.resources.len() as u32;
        if self.by_uri.insert(uri.clone(), number).is_some() {
            let uri = text::quoted(&uri);
            return Err(invalid(
                "schema",
                format!(": two schemas have the id {uri}"),
            ));
        }
        self.schema.resources.push(Resource {
            uri,
            root,
            anchors: HashMap::new(),
        });
        Ok(number)
    }

    /// Notes the schema at `node` and all schemas within. A tree nests no deeper than its
    /// reader allows.
    fn walk(&mut self, node: Id, mut resource: u32) -> Result<(), Error> {
        let Node::Object(members) = self.schema.tree.node(node) else {
            return Ok(());
        };
        if self.schema.places.contains_key(&node) {
            return Ok(());
        }
        let members = members.clone();
        let text_of = |schema: &Schema, keyword: &str| {
            let at = members.binary_search_by(|(key, _)| (**key).cmp(keyword));
            match at.map(|at| schema.tree.node(members[at].1)) {
                Ok(Node::Text(text)) => Some(text.clone()),
                _ => None,
            }
        };
        if let Some(draft) = text_of(&self.schema, "$schema")
            && uri::split(&draft).0 != draft::SCHEMA
        {
            let draft = text::quoted(&*draft);
            return Err(invalid(
                "schema",
                format!(".$schema: {draft} is not {}", draft::SCHEMA),
            ));
        }
        if let Some(id) = text_of(&self.schema, "$id") {
            let base = &self.schema.resources[resource as usize].uri;
            let uri = uri::resolve(base, uri::split(&id).0);
            if uri != *base {
                resource = self.add_resource(uri, node)?;
            }
        }
        self.schema.places.insert(node, resource);
        for (keyword, is_dynamic) in [("$anchor", false), ("$dynamicAnchor", true)] {
            if let Some(name) = text_of(&self.schema, keyword) {
                let anchor = Anchor { node, is_dynamic };
                let anchors = &mut self.schema.resources[resource as usize].anchors;
                anchors.insert(name, anchor);
            }
        }
        for (keyword, value) in &members {
            self.keyword(node, keyword, *value, resource)?;
        }
        Ok(())
    }

    fn keyword(&mut self, node: Id, keyword: &str, value: Id, resource: u32) -> Result<(), Error> {
        match keyword {
            "$ref" | "$dynamicRef" => self.pending.push(node),
            "unevaluatedItems" | "unevaluatedProperties" => self.schema.has_unevaluated = true,
            "pattern" => {
                if let Node::Text(text) = self.schema.tree.node(value) {
                    let text = text.clone();
                    self.pattern(text)?;
                }
            }
            _ => {}
        }
        if ONE.contains(&keyword) {
            return self.walk(value, resource);
        }
        match self.schema.tree.node(value) {
            Node::Array(elements) if LIST.contains(&keyword) => {
                for element in elements.clone() {
                    self.walk(element, resource)?;
                }
            }
            Node::Object(members) if MAP.contains(&keyword) => {
                for (key, member) in members.clone() {
                    if keyword == "patternProperties" {
                        self.pattern(key)?;
                    }
                    self.walk(member, resource)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn pattern(&mut self, text: Box<str>) -> Result<(), Error> {
        if self.schema.patterns.contains_key(&text) {
            return Ok(());
        }
        self.progress.check()?;
        let pattern = Pattern::new(&text)?;
        self.pattern_bytes += pattern.bytes();
        if self.pattern_bytes > MAX_PATTERNS {
            let message =
                format!("schema: its patterns have more than {MAX_PATTERNS} bytes, compiled");
            return Err(beyond("max_patterns", MAX_PATTERNS, message));
        }
        self.schema.patterns.insert(text, pattern);
        Ok(())
    }

    /// Resolves all references. What a reference leads to may have further ones.
    fn references(&mut self) -> Result<(), Error> {
        let mut count = 0;
        while let Some(node) = self.pending.pop() {
            count += 1;
            if count > MAX_REFERENCES {
                let message = format!("schema: more than {MAX_REFERENCES} references");
                return Err(beyond("max_references", MAX_REFERENCES, message));
            }
            if count % 256 == 0 {
                self.progress.check()?;
            }
            if let Some(reference) = self.text(node, "$ref") {
                let (target, _) = self.target(node, &reference)?;
                self.schema.refs.insert(node, target);
            }
            if let Some(reference) = self.text(node, "$dynamicRef") {
                let (target, anchor) = self.target(node, &reference)?;
                let name = anchor.filter(|anchor| anchor.is_dynamic);
                let name = name.map(|_| uri::split(&reference).1.into());
                let dynamic = Dynamic { node: target, name };
                self.schema.dynamic_refs.insert(node, dynamic);
            }
        }
        Ok(())
    }

    fn text(&self, node: Id, keyword: &str) -> Option<Box<str>> {
        match self
            .schema
            .tree
            .node(self.schema.tree.member(node, keyword)?)
        {
            Node::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// Returns the schema that a reference of the schema at `node` leads to, and its
    /// anchor if the reference names one.
    fn target(&mut self, node: Id, reference: &str) -> Result<(Id, Option<Anchor>), Error> {
        let missing = || {
            let reference = text::quoted(reference);
            invalid("schema", format!(".$ref: {reference} refers to no schema"))
        };
        let (reference, fragment) = uri::split(reference);
        let from = self.schema.places.get(&node).copied().unwrap_or_default();
        let uri = uri::resolve(&self.schema.resources[from as usize].uri, reference);
        let resource = self.find(&uri)?.ok_or_else(missing)?;
        let fragment = percent_decode_str(fragment).decode_utf8();
        let fragment = fragment.map_err(|_| missing())?;
        if !fragment.is_empty() && !fragment.starts_with('/') {
            let anchors = &self.schema.resources[resource as usize].anchors;
            let anchor = anchors.get(&*fragment).copied().ok_or_else(missing)?;
            return Ok((anchor.node, Some(anchor)));
        }
        let mut place = resource;
        let mut target = self.schema.resources[resource as usize].root;
        for token in fragment.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            target = match self.schema.tree.node(target) {
                Node::Array(elements) => {
                    let place = token.parse::<usize>().ok();
                    place.and_then(|place| elements.get(place)).copied()
                }
                _ => self.schema.tree.member(target, &token),
            }
            .ok_or_else(missing)?;
            place = self.schema.places.get(&target).copied().unwrap_or(place);
        }
        match self.schema.tree.node(target) {
            Node::Object(_) | Node::Boolean(_) | Node::Empty => {}
            _ => return Err(missing()),
        }
        self.walk(target, place)?;
        Ok((target, None))
    }

    /// Finds the resource of a URI. Those of the draft are added at the first use.
    fn find(&mut self, uri: &str) -> Result<Option<u32>, Error> {
        let known = self.by_uri.get(uri).copied();
        if known.is_some() || self.has_draft || !uri.starts_with(draft::PREFIX) {
            return Ok(known);
        }
        self.has_draft = true;
        for text in draft::TEXTS {
            let root = self.schema.tree.add_text(text.as_bytes());
            let root = root.map_err(|why| Error::internal(format!("the draft: {why}")))?;
            let Some(id) = self.text(root, "$id") else {
                continue;
            };
            // The schema may bring a resource of this name.
            if !self.by_uri.contains_key(&*id) {
                self.resource(id.into(), root)?;
            }
        }
        Ok(self.by_uri.get(uri).copied())
    }
}
