//! The walk over a file: which variable a name stands for, and what is called.

use std::collections::BTreeSet;

use tree_sitter::{Node, Tree};

use super::api_call::{self, View};
use super::finding::{Finding, MOST, Rule, SUGGESTED};
use super::scope::{Kind, Scopes, Variable};
use super::silence::Silence;
use super::source::{Source, children};
use super::tree::{self, Unread};
use super::{File, Program};
use crate::lua_api::Api;

/// The result of a walk.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// Findings that need no other file.
    pub(super) findings: Vec<Finding>,
    pub(super) silence: Silence,
    /// Names that the file makes global.
    pub(super) set: BTreeSet<String>,
    /// Uses of globals, in the order of the text.
    pub(super) globals: Vec<Global>,
    /// True if the file may make any name a global.
    pub(super) any_global: bool,
}

/// A use of a global.
#[derive(Debug)]
pub(super) struct Global {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) is_set: bool,
    /// Names of locals that are visible there, for a suggestion.
    pub(super) locals: Vec<String>,
}

/// Names of locals that are kept for a suggestion.
const LOCALS: usize = 50;

/// Walks over a file.
pub(super) fn walk(file: &File, program: &Program<'_>, api: &Api) -> Result<Walked, Unread> {
    let tree = tree::parse(&file.text)?;
    let mut walk = Walk {
        file,
        source: Source { text: &file.text },
        program,
        api,
        scopes: Scopes::default(),
        walked: Walked::default(),
        tasks: vec![Task::Visit(tree.root_node())],
        declarations: 0,
        unknown: 0,
        own_globals: false,
    };
    while let Some(task) = walk.tasks.pop() {
        walk.run(task);
    }
    let mut walked = walk.end();
    walked.silence = silence(&tree, Source { text: &file.text });
    Ok(walked)
}

/// Work that is left, the next piece at the end of the list.
enum Task<'t> {
    Visit(Node<'t>),
    Statement(Node<'t>),
    /// The statements of a block, in the scope that is open.
    Statements(Node<'t>),
    Open,
    Close,
    Declare(Vec<Declared<'t>>),
}

/// A variable to be declared.
struct Declared<'t> {
    name: Node<'t>,
    kind: Kind,
    value: Option<Node<'t>>,
}

struct Walk<'a, 't> {
    file: &'a File,
    source: Source<'a>,
    program: &'a Program<'a>,
    api: &'a Api,
    scopes: Scopes,
    walked: Walked,
    tasks: Vec<Task<'t>>,
    declarations: usize,
    /// Unknown globals for which names of locals were kept.
    unknown: usize,
    /// True if the file replaces `_ENV`: its globals are fields of another table.
    own_globals: bool,
}

impl<'a, 't> Walk<'a, 't> {
    fn run(&mut self, task: Task<'t>) {
        match task {
            Task::Open => self.scopes.open(),
            Task::Close => self.scopes.close(),
            Task::Declare(variables) => self.declare(&variables),
            Task::Statements(node) => self.then(children(node).into_iter().map(Task::Statement)),
            Task::Statement(node) => {
                if node.kind() == "function_call" {
                    api_call::check_statement(&mut self.view(), node);
                }
                self.visit(node);
            }
            Task::Visit(node) => self.visit(node),
        }
    }

    /// Puts tasks before those that are left.
    fn then(&mut self, tasks: impl IntoIterator<Item = Task<'t>>) {
        let first = self.tasks.len();
        self.tasks.extend(tasks);
        self.tasks[first..].reverse();
    }

    fn visit(&mut self, node: Node<'t>) {
        let field = |name: &str| node.child_by_field_name(name);
        match node.kind() {
            "chunk" | "block" => self.then([Task::Open, Task::Statements(node), Task::Close]),
            "identifier" => self.read(node),
            "dot_index_expression" | "method_index_expression" => {
                self.then(field("table").map(Task::Visit));
            }
            "field" => self.table_field(node),
            "function_call" => {
                self.walked.any_global |= self.opens_globals(node);
                api_call::check(&mut self.view(), node);
                self.visit_children(node);
            }
            "function_definition" => self.function(node, false),
            "function_declaration" => self.named_function(node),
            "variable_declaration" => self.local(node),
            "assignment_statement" => self.assignment(node),
            "for_statement" => self.for_loop(node),
            "repeat_statement" => {
                // The condition sees the variables of the body.
                let body = field("body").map(Task::Statements);
                let condition = field("condition").map(Task::Visit);
                let parts = [Some(Task::Open), body, condition, Some(Task::Close)];
                self.then(parts.into_iter().flatten());
            }
            "goto_statement" | "label_statement" | "attribute" | "string" | "number" => {}
            _ => self.visit_children(node),
        }
    }

    /// Tells whether a call is `setmetatable(_G, ...)` or `rawset(_G, ...)`.
    fn opens_globals(&self, call: Node<'t>) -> bool {
        let function = call.child_by_field_name("name");
        // The text of a longer expression is not looked at: it may be the whole file.
        let function = function.filter(|function| function.kind() == "identifier");
        let function = function.map_or("", |function| self.source.text_of(function));
        let arguments = call.child_by_field_name("arguments").map(children);
        let first = arguments.and_then(|arguments| arguments.first().copied());
        ["setmetatable", "rawset"].contains(&function)
            && first.is_some_and(|first| self.source.text_of(first) == "_G")
    }

    fn visit_children(&mut self, node: Node<'t>) {
        self.then(children(node).into_iter().map(Task::Visit));
    }

    /// Visits `value`, `name = value` or `[key] = value` of a table.
    fn table_field(&mut self, node: Node<'t>) {
        let is_key = node.child(0).is_some_and(|first| first.kind() == "[");
        let key = node.child_by_field_name("name").filter(|_| is_key);
        let value = node.child_by_field_name("value");
        self.then(key.into_iter().chain(value).map(Task::Visit));
    }

    fn function(&mut self, node: Node<'t>, is_method: bool) {
        let parameters = node.child_by_field_name("parameters");
        let given = parameters.map(children).unwrap_or_default();
        let given = given.into_iter().filter(|one| one.kind() == "identifier");
        let given = given
            .map(|name| Declared {
                name,
                kind: Kind::Given,
                value: None,
            })
            .collect();
        let body = node.child_by_field_name("body").map(Task::Statements);
        if is_method {
            self.scopes.open();
            self.declare_name("self", node, Kind::Given, None);
        }
        let parts = [Some(Task::Open), Some(Task::Declare(given)), body];
        let ends = [Some(Task::Close), is_method.then_some(Task::Close)];
        self.then(parts.into_iter().chain(ends).flatten());
    }

    /// Visits `function a.b:c() end` or `local function a() end`.
    fn named_function(&mut self, node: Node<'t>) {
        let Some(name) = node.child_by_field_name("name") else {
            return self.visit_children(node);
        };
        let is_local = node.child(0).is_some_and(|first| first.kind() == "local");
        if is_local {
            self.declarations += 1;
            let text = self.source.text_of(name);
            self.declare_name(text, name, Kind::Function, None);
        } else if name.kind() == "identifier" {
            self.set(name);
        }
        self.function(node, name.kind() == "method_index_expression");
        // Before the body: `then` has put that in front.
        if !is_local && name.kind() != "identifier" {
            self.set_field(name);
            self.then([Task::Visit(name)]);
        }
    }

    /// Visits `local a <const>, b = 1, 2`.
    fn local(&mut self, node: Node<'t>) {
        let Some(inner) = children(node).into_iter().next() else {
            return;
        };
        let (names, values) = match inner.kind() {
            "assignment_statement" => {
                let mut parts = children(inner).into_iter();
                (parts.next(), parts.next())
            }
            _ => (Some(inner), None),
        };
        let values: Vec<Node<'t>> = values.map(children).unwrap_or_default();
        let mut declared: Vec<Declared<'t>> = Vec::new();
        for part in names.map(children).unwrap_or_default() {
            match part.kind() {
                "identifier" => declared.push(Declared {
                    name: part,
                    kind: Kind::Local,
                    value: values.get(declared.len()).copied(),
                }),
                "attribute" => {
                    let closes = self.source.text_of(part).contains("close");
                    if let (true, Some(last)) = (closes, declared.last_mut()) {
                        last.kind = Kind::Closed;
                    }
                }
                _ => {}
            }
        }
        let visits = values.into_iter().map(Task::Visit);
        self.then(visits.chain([Task::Declare(declared)]));
    }

    fn assignment(&mut self, node: Node<'t>) {
        let mut parts = children(node).into_iter();
        let targets = parts.next().map(children).unwrap_or_default();
        let mut visits = Vec::new();
        for target in targets {
            if target.kind() == "identifier" {
                self.set(target);
            } else {
                self.set_field(target);
                visits.push(Task::Visit(target));
            }
        }
        self.then(visits.into_iter().chain(parts.map(Task::Visit)));
    }

    fn for_loop(&mut self, node: Node<'t>) {
        let clause = node.child_by_field_name("clause");
        let (mut names, mut visits) = (Vec::new(), Vec::new());
        for part in clause.map(children).unwrap_or_default() {
            match part.kind() {
                "variable_list" => names.extend(children(part)),
                // The first of `i = 1, 10`.
                "identifier" if names.is_empty() && visits.is_empty() => names.push(part),
                _ => visits.push(Task::Visit(part)),
            }
        }
        let given = names.into_iter().map(|name| Declared {
            name,
            kind: Kind::Given,
            value: None,
        });
        let body = node.child_by_field_name("body").map(Task::Visit);
        let inner = [Task::Open, Task::Declare(given.collect())];
        let tasks = visits.into_iter().chain(inner).chain(body);
        self.then(tasks.chain([Task::Close]));
    }

    fn declare(&mut self, variables: &[Declared<'t>]) {
        self.declarations += 1;
        for variable in variables {
            let api = variable
                .value
                .and_then(|value| api_call::api_path(&mut self.view(), value));
            let name = self.source.text_of(variable.name);
            self.declare_name(name, variable.name, variable.kind, api);
        }
    }

    fn declare_name(&mut self, name: &str, place: Node<'t>, kind: Kind, api: Option<String>) {
        self.own_globals |= name == "_ENV";
        let place = place.start_position();
        self.scopes.declare(Variable {
            name: name.to_owned(),
            line: place.row + 1,
            column: place.column + 1,
            kind,
            declaration: self.declarations,
            is_read: false,
            is_set: false,
            api,
        });
    }

    fn read(&mut self, node: Node<'t>) {
        let name = self.source.text_of(node);
        match self.scopes.resolve(name) {
            Some(variable) => variable.is_read = true,
            None => self.global(node, false),
        }
    }

    fn set(&mut self, node: Node<'t>) {
        let name = self.source.text_of(node);
        match self.scopes.resolve(name) {
            Some(variable) => variable.is_set = true,
            None => {
                self.own_globals |= name == "_ENV";
                self.walked.set.insert(name.to_owned());
                self.global(node, true);
            }
        }
    }

    /// Notes `_G.name = value`, which says that a global is meant.
    fn set_field(&mut self, target: Node<'t>) {
        if let Some((root, fields)) = self.source.path_of(target)
            && self.source.text_of(root) == "_G"
            && let Some(name) = fields.first()
        {
            self.walked.set.insert((*name).to_owned());
        }
    }

    fn global(&mut self, node: Node<'t>, is_set: bool) {
        let name = self.source.text_of(node);
        if name == "_ENV" {
            return;
        }
        let mut locals = Vec::new();
        if !self.api.is_global(name) && self.unknown < SUGGESTED {
            self.unknown += 1;
            locals = self.scopes.nearest(LOCALS);
        }
        let place = node.start_position();
        self.walked.globals.push(Global {
            name: name.to_owned(),
            line: place.row + 1,
            column: place.column + 1,
            is_set,
            locals,
        });
    }

    /// Returns the file as the checks of calls see it.
    fn view(&mut self) -> View<'_, 'a> {
        View {
            path: &self.file.path,
            source: self.source,
            program: self.program,
            api: self.api,
            scopes: &mut self.scopes,
            set: &self.walked.set,
            findings: &mut self.walked.findings,
        }
    }

    fn end(mut self) -> Walked {
        if self.own_globals {
            self.walked.globals.clear();
        }
        for variable in self.scopes.unused().into_iter().take(MOST) {
            let name = &variable.name;
            let message = match (variable.kind, variable.is_set) {
                (Kind::Function, _) => format!("the function `{name}` is never used"),
                (_, true) => format!("the local `{name}` is set and never read"),
                (_, false) => format!("the local `{name}` is never used"),
            };
            self.walked.findings.push(Finding {
                file: self.file.path.clone(),
                line: variable.line,
                column: variable.column,
                rule: Rule::UnusedLocal,
                message,
                help: None,
            });
        }
        self.walked
    }
}

/// Returns what the comments of a file silence.
fn silence(tree: &Tree, source: Source<'_>) -> Silence {
    let mut silence = Silence::default();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if node.kind() == "comment" {
            let line = node.start_position().row + 1;
            silence.note(source.text_of(node), line, source.is_first_in_line(node));
        } else if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return silence;
            }
        }
    }
}
