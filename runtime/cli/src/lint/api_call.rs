//! Calls of functions of the API.

use std::collections::BTreeSet;

use tree_sitter::Node;
use warren::app::closest;

use super::Program;
use super::finding::{Finding, MOST, Rule, SUGGESTED};
use super::scope::Scopes;
use super::source::{Source, children};
use crate::lua_api::{Api, Signature};

/// Functions whose failure nobody hears of if the results are dropped.
const LOOKED_AT: [&str; 5] = [
    "process.send",
    "process.spawn",
    "process.spawn_monitored",
    "process.spawn_linked",
    "process.spawn_linked_monitored",
];

/// Functions whose first argument is a definition.
const DEFINED: [&str; 11] = [
    "funcs.async",
    "funcs.call",
    "process.exec",
    "process.spawn",
    "process.spawn_linked",
    "process.spawn_linked_monitored",
    "process.spawn_monitored",
    "process.upgrade",
    "server.become",
    "server.start",
    "task.async",
];

/// Methods of spawners, whose first argument is a definition too.
const SPAWNERS: [&str; 5] = [
    "exec",
    "spawn",
    "spawn_linked",
    "spawn_linked_monitored",
    "spawn_monitored",
];

/// A file at the place of a call.
pub(super) struct View<'w, 'a> {
    /// The path of the file, as messages name it.
    pub(super) path: &'a str,
    pub(super) source: Source<'a>,
    pub(super) program: &'a Program<'a>,
    pub(super) api: &'a Api,
    pub(super) scopes: &'w mut Scopes,
    /// Globals that the file has set so far.
    pub(super) set: &'w BTreeSet<String>,
    pub(super) findings: &'w mut Vec<Finding>,
}

impl View<'_, '_> {
    /// Returns the candidate most like a word, unless there were many suggestions before.
    fn closest<'c>(&self, word: &str, known: impl Iterator<Item = &'c str>) -> Option<&'c str> {
        let is_early = self.findings.len() < SUGGESTED;
        is_early.then(|| closest(word, known)).flatten()
    }

    fn find(&mut self, at: Node<'_>, rule: Rule, message: String, help: Option<String>) {
        if self.findings.len() == MOST {
            return;
        }
        let place = at.start_position();
        self.findings.push(Finding {
            file: self.path.to_owned(),
            line: place.row + 1,
            column: place.column + 1,
            rule,
            message,
            help,
        });
    }
}

/// Returns the table or function of the API that an expression stands for, such as
/// `process.registry`.
pub(super) fn api_path(view: &mut View<'_, '_>, node: Node<'_>) -> Option<String> {
    let source = view.source;
    let (root, fields) = source.path_of(node)?;
    let mut path = match root.kind() {
        "identifier" => {
            let name = source.text_of(root);
            match view.scopes.resolve(name) {
                Some(variable) if variable.is_set => return None,
                Some(variable) => variable.api.clone()?,
                None if view.set.contains(name) => return None,
                None => view.api.is_global(name).then(|| name.to_owned())?,
            }
        }
        "function_call" => required(view, root)?,
        _ => return None,
    };
    for field in fields {
        path.push('.');
        path.push_str(field);
    }
    Some(path)
}

/// Returns the module of the API that `require("name")` returns.
fn required(view: &mut View<'_, '_>, call: Node<'_>) -> Option<String> {
    let source = view.source;
    let function = call.child_by_field_name("name")?;
    let is_name = function.kind() == "identifier" && source.text_of(function) == "require";
    if !is_name || view.scopes.resolve("require").is_some() {
        return None;
    }
    let arguments = children(call.child_by_field_name("arguments")?);
    let name = source.string_of(*arguments.first()?)?;
    let module = match name.strip_prefix("warren.") {
        Some(module) => module,
        None if (view.program.has_module)(name) => return None,
        None => name,
    };
    view.api.is_module(module).then(|| module.to_owned())
}

/// Checks a call that stands anywhere.
pub(super) fn check(view: &mut View<'_, '_>, call: Node<'_>) {
    let (Some(function), Some(arguments)) = (
        call.child_by_field_name("name"),
        call.child_by_field_name("arguments"),
    ) else {
        return;
    };
    let arguments = children(arguments);
    let (name, is_defined) = if function.kind() == "method_index_expression" {
        let method = function.child_by_field_name("method");
        let method = method.map_or("", |method| view.source.text_of(method));
        let table = function.child_by_field_name("table");
        let table = table.and_then(|table| api_path(view, table));
        let name = table.map(|table| format!("{table}:{method}"));
        (name, SPAWNERS.contains(&method))
    } else {
        let name = api_path(view, function);
        let is_defined = name.as_deref().is_some_and(|name| DEFINED.contains(&name));
        (name, is_defined)
    };
    if let Some(name) = name {
        check_name(view, function, &name, &arguments);
    }
    if let (true, Some(first)) = (is_defined, arguments.first()) {
        check_definition(view, *first);
    }
}

/// Checks a call that is a statement of its own.
pub(super) fn check_statement(view: &mut View<'_, '_>, call: Node<'_>) {
    let Some(function) = call.child_by_field_name("name") else {
        return;
    };
    let Some(name) = api_path(view, function) else {
        return;
    };
    if !LOOKED_AT.contains(&name.as_str()) {
        return;
    }
    let arguments = call.child_by_field_name("arguments").map(children);
    let first = arguments.and_then(|arguments| arguments.first().copied());
    if name == "process.send" && first.is_some_and(|first| is_sender(view, first)) {
        return;
    }
    let message = format!("nobody looks at the results of {name}");
    let help = "it can fail: for example, take them with assert".to_owned();
    view.find(function, Rule::Discarded, message, Some(help));
}

/// Tells whether an expression is `message:from()`: the asker of a reply may have ended.
fn is_sender(view: &View<'_, '_>, node: Node<'_>) -> bool {
    let function = node.child_by_field_name("name");
    let method = function.and_then(|function| function.child_by_field_name("method"));
    method.is_some_and(|method| view.source.text_of(method) == "from")
}

/// Checks the name and the number of arguments.
fn check_name(view: &mut View<'_, '_>, at: Node<'_>, name: &str, arguments: &[Node<'_>]) {
    let signatures = view.api.signatures(name);
    if signatures.is_empty() {
        let Some((table, field)) = name.rsplit_once('.') else {
            return;
        };
        if view.api.is_table(table) {
            let like = view.closest(field, view.api.functions_in(table));
            let help = like.map(|right| format!("did you mean `{right}`?"));
            let message = format!("`{table}` has no function `{field}`");
            view.find(at, Rule::UnknownFunction, message, help);
        }
        return;
    }
    let last = arguments.last().map(Node::kind);
    let is_open = matches!(last, Some("function_call" | "vararg_expression"));
    // An open end may have no values.
    let given = arguments.len() - usize::from(is_open);
    let fits = |signature: &Signature| {
        let enough = is_open || given >= signature.least();
        enough && signature.most().is_none_or(|most| given <= most)
    };
    if signatures.iter().any(fits) {
        return;
    }
    let least = signatures.iter().map(Signature::least).min().unwrap_or(0);
    let most = signatures.iter().map(Signature::most).max_by_key(|most| {
        // No bound is the largest.
        most.unwrap_or(usize::MAX)
    });
    let takes = takes(least, most.flatten());
    let at_least = if is_open { "at least " } else { "" };
    let message = format!("{name} takes {takes}, and is given {at_least}{given}");
    view.find(at, Rule::Arguments, message, None);
}

/// Returns the words for a number of arguments.
fn takes(least: usize, most: Option<usize>) -> String {
    let s = |number| if number == 1 { "" } else { "s" };
    match most {
        None => format!("at least {least} argument{}", s(least)),
        Some(0) => "no arguments".to_owned(),
        Some(most) if most == least => format!("{least} argument{}", s(least)),
        Some(most) => format!("{least} to {most} arguments"),
    }
}

/// Checks that the program has a definition, if the argument is its text.
fn check_definition(view: &mut View<'_, '_>, argument: Node<'_>) {
    let Some(id) = view.source.string_of(argument) else {
        return;
    };
    let program = view.program;
    if (program.has_definition)(id) {
        return;
    }
    let full = match id.contains(':') {
        true => id.to_owned(),
        false => format!("{}:{id}", program.app),
    };
    let known = program.definitions.iter().copied();
    let like = view.closest(&full, known);
    let namespace = full.split([':', '.']).next();
    // A program around this one may have given definitions of other names.
    if like.is_none() && namespace != Some(program.app) {
        return;
    }
    let help = like.map(|right| format!("did you mean `{right}`?"));
    let message = format!("the program has no definition `{id}`");
    view.find(argument, Rule::UnknownDefinition, message, help);
}
