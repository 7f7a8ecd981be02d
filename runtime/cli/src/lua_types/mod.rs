//! Definitions of the Lua API for language servers, in the annotations of LuaCATS, made from
//! docs/lua-api.md and docs/patterns.md.
//!
//! The pages name parameters and say which of them may be left out; `kinds` gives the types of
//! the names. The standard library of Lua 5.4 is left to the language server.

mod kinds;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::lua_api::{Api, Entry, Signature};

/// The section of the page whose functions a language server knows, but for a few.
const STANDARD: &str = "The standard library";

/// Modules of others, whose functions their own manuals list.
const UNTYPED: [&str; 2] = ["lfs", "lpeg"];

/// A file, by its name.
pub(crate) type Written = (String, String);

/// Returns the files: one for each module, and those of methods and of additions to the
/// standard library.
pub(crate) fn files() -> Vec<Written> {
    let api = Api::get();
    let mut modules: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    let mut classes: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    let mut added = Vec::new();
    let mut seen = BTreeSet::new();
    for entry in &api.entries {
        if entry.signature.is_none() || !seen.insert(&entry.name) {
            continue;
        }
        if entry.section == STANDARD {
            if kinds::is_added(&entry.name) {
                added.push(entry);
            }
        } else if let Some((receiver, _)) = entry.name.split_once(':')
            && !api.is_table(receiver)
        {
            classes.entry(receiver).or_default().push(entry);
        } else {
            let root = entry.name.split(['.', ':']).next().unwrap_or_default();
            modules.entry(root).or_default().push(entry);
        }
    }
    // `stream:read` is a method of streams, and `stream` a module as well.
    let mut of_streams = Vec::new();
    for (module, entries) in &mut modules {
        if *module == "logger" {
            continue;
        }
        let all = entries.iter().copied();
        let (methods, functions): (Vec<&Entry>, Vec<&Entry>) =
            all.partition(|entry| entry.name.contains(':'));
        *entries = functions;
        if !methods.is_empty() {
            of_streams.push((*module, methods));
        }
    }
    for (receiver, methods) in of_streams {
        classes.entry(receiver).or_default().extend(methods);
    }
    let mut files: Vec<Written> = modules
        .iter()
        .map(|(module, entries)| (format!("{module}.lua"), of_module(api, module, entries)))
        .collect();
    let untyped = UNTYPED.iter();
    files.extend(untyped.map(|module| (format!("{module}.lua"), of_untyped(module))));
    files.push(("warren-objects.lua".to_owned(), of_classes(api, &classes)));
    files.push(("warren-standard.lua".to_owned(), of_additions(api, &added)));
    files
}

/// Returns the file of a module: a global, or one that is required.
fn of_module(api: &Api, module: &str, entries: &[&Entry]) -> String {
    let is_global = api.is_global(module) && module != "assert";
    let mut text = format!("---@meta {module}\n\n---@class warren.module.{module}\n");
    let local = if is_global { "" } else { "local " };
    let _ = writeln!(text, "{local}{module} = {{}}");
    let below = format!("{module}.");
    let values: Vec<&str> = api
        .values()
        .filter(|name| name.starts_with(&below))
        .collect();
    let mut tables: BTreeSet<&str> = api
        .tables()
        .filter(|name| name.starts_with(&below))
        .collect();
    for value in &values {
        let mut name = *value;
        while let Some((table, _)) = name.rsplit_once('.') {
            if table != module {
                tables.insert(table);
            }
            name = table;
        }
    }
    for table in &tables {
        let _ = writeln!(text, "\n---@class warren.module.{table}\n{table} = {{}}");
    }
    for value in values.iter().filter(|value| !tables.contains(**value)) {
        let _ = writeln!(text, "\n---@type any\n{value} = nil");
    }
    for entry in entries {
        function(&mut text, api, entry, &entry.name);
    }
    for global in kinds::globals_of(module) {
        let _ = writeln!(text, "\n{global} = {module}.{global}");
    }
    let _ = writeln!(text, "\nreturn {module}");
    text
}

/// Returns the file of a module of others, which the pages do not list.
fn of_untyped(module: &str) -> String {
    format!("---@meta {module}\n\n---@type any\nlocal {module} = nil\n\nreturn {module}\n")
}

fn of_classes(api: &Api, classes: &BTreeMap<&str, Vec<&Entry>>) -> String {
    let mut text = "---@meta warren-objects\n".to_owned();
    for (receiver, entries) in classes {
        let class = kinds::class_of(receiver);
        let local = class.replace('.', "_");
        let parent = kinds::parent_of(receiver);
        let _ = writeln!(text, "\n---@class {class}{parent}");
        for field in kinds::fields_of(receiver) {
            let _ = writeln!(text, "---@field {field}");
        }
        let _ = writeln!(text, "local {local} = {{}}");
        for entry in entries {
            let method = entry.name.split_once(':').map_or("", |(_, method)| method);
            function(&mut text, api, entry, &format!("{local}:{method}"));
        }
    }
    text
}

fn of_additions(api: &Api, entries: &[&Entry]) -> String {
    let mut text = "---@meta warren-standard\n\n---@type string\nos.platform = nil\n".to_owned();
    for entry in entries {
        function(&mut text, api, entry, &entry.name);
    }
    text
}

/// Writes a function under a name, with all of its forms.
fn function(text: &mut String, api: &Api, entry: &Entry, name: &str) {
    let mut forms: Vec<&Signature> = api.signatures(&entry.name).iter().collect();
    // The form with the most parameters is the one of the definition.
    forms.sort_by_key(|form| std::cmp::Reverse(form.parameters.len()));
    forms.dedup();
    let Some((main, others)) = forms.split_first() else {
        return;
    };
    text.push('\n');
    for line in wrapped(&without_links(&entry.text)) {
        let _ = writeln!(text, "---{line}");
    }
    for parameter in &main.parameters {
        if parameter.is_rest() {
            text.push_str("---@param ... any\n");
            continue;
        }
        let optional = if parameter.optional { "?" } else { "" };
        let (name, kind) = (&parameter.name, kinds::of_parameter(&parameter.name));
        let _ = writeln!(text, "---@param {name}{optional} {kind}");
    }
    let results_of_main = results(entry, main);
    for kind in &results_of_main {
        let _ = writeln!(text, "---@return {kind}");
    }
    for result in kinds::pairs(&results_of_main) {
        let _ = writeln!(text, "---@return_overload {result}");
    }
    for other in others {
        overload(text, &names(other, true), &results(entry, other));
    }
    if let Some(receiver) = kinds::own_receiver(&entry.name) {
        let parameters = format!("self: {receiver}, {}", names(main, true));
        overload(text, &parameters, &results(entry, main));
    }
    let _ = writeln!(text, "function {name}({}) end", names(main, false));
}

/// Writes another form of a function.
fn overload(text: &mut String, parameters: &str, results: &[String]) {
    // The types alone: a result of a type of functions has no name.
    let results = results.iter().filter_map(|result| result.split(' ').next());
    let results = results.collect::<Vec<_>>().join(", ");
    let _ = writeln!(text, "---@overload fun({parameters}): {results}");
}

/// Returns the types of the results of a form.
fn results(entry: &Entry, form: &Signature) -> Vec<String> {
    let with_names = format!("{}({})", entry.name, names(form, false));
    kinds::results_of(&entry.name, &with_names)
}

fn names(signature: &Signature, is_typed: bool) -> String {
    let parameters = signature.parameters.iter().map(|parameter| {
        let optional = if parameter.optional && !parameter.is_rest() {
            "?"
        } else {
            ""
        };
        match is_typed {
            true => format!("{}{optional}: any", parameter.name),
            false => parameter.name.clone(),
        }
    });
    parameters.collect::<Vec<_>>().join(", ")
}

/// Returns the text with the words of links in place of the links.
fn without_links(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, link)) = rest.split_once('[') {
        plain.push_str(before);
        let parts = link.split_once("](").and_then(|(words, target)| {
            let (_, after) = target.split_once(')')?;
            (!words.contains('[')).then_some((words, after))
        });
        match parts {
            Some((words, after)) => {
                plain.push_str(words);
                rest = after;
            }
            None => {
                plain.push('[');
                rest = link;
            }
        }
    }
    plain + rest
}

/// Breaks a text into lines.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < 90 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> String {
        let found = files().into_iter().find(|(file, _)| file == name);
        found.map(|(_, text)| text).unwrap()
    }

    #[test]
    fn functions_have_their_parameters_and_their_text() {
        let process = file("process.lua");
        for expected in [
            "---@meta process\n",
            "\nprocess = {}\n",
            "\n---Sends one message of any number of values. `true` means that the message is queued",
            "---@param destination string\n---@param topic string\n---@param ... any\n",
            "function process.send(destination, topic, ...) end\n",
            "---@param host? string\n",
            "\nprocess.registry = {}\n",
            "function process.registry.lookup(name) end\n",
            "\n---@type any\nprocess.event.EXIT = nil\n",
            "---@return warren.Channel\n",
            "---@return string?\n---@return warren.Error? err\n\
             ---@return_overload string\n---@return_overload nil, warren.Error err\n\
             function process.registry.lookup(name) end\n",
            "\nreturn process\n",
        ] {
            assert!(process.contains(expected), "{expected}: {process}");
        }
        let time = file("time.lua");
        assert!(
            time.contains("---@overload fun(text: any): any\n"),
            "{time}"
        );
        let server = file("server.lua");
        assert!(server.contains("local server = {}\n"), "{server}");
        assert!(server.contains("\nserver.noreply = nil\n"), "{server}");
        let requests = file("http.lua");
        let overload = "---@overload fun(options?: any): warren.Request?, warren.Error?\n";
        assert!(requests.contains(overload), "{requests}");
        let objects = file("warren-objects.lua");
        assert!(objects.contains("function warren_Channel:receive(timeout) end"));
        assert!(objects.contains("function warren_Stream:read(n) end"));
        assert!(objects.contains("---@class warren.Error: string\n"));
        let logger = file("logger.lua");
        assert!(
            logger.contains("function logger:with(fields) end"),
            "{logger}"
        );
        assert!(logger.contains("fun(self: warren.module.logger, message: any, fields?: any)"));
        assert!(file("test.lua").contains("\nit_skip = test.it_skip\n"));
        assert!(file("lpeg.lua").contains("local lpeg = nil\n"));
        assert!(file("warren-standard.lua").contains("function coroutine.spawn(f, ...) end"));
    }

    #[test]
    fn every_function_of_the_pages_is_there() {
        let all: String = files().into_iter().map(|(_, text)| text).collect();
        for entry in &Api::get().entries {
            let is_left = entry.section == STANDARD && !kinds::is_added(&entry.name);
            if entry.signature.is_none() || is_left {
                continue;
            }
            let name = entry.name.replace(':', "\0");
            let name = name.rsplit(['.', '\0']).next().unwrap();
            let is_there = [".", ":", " "]
                .iter()
                .any(|before| all.contains(&format!("{before}{name}(")));
            assert!(is_there, "{}", entry.name);
        }
    }

    #[test]
    fn links_are_words() {
        assert_eq!(without_links("a [b](c.md#d) [e] f"), "a b [e] f");
        assert_eq!(without_links("t[1](x)"), "t1");
        assert_eq!(without_links("["), "[");
    }
}
