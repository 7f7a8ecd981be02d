//! Likely mistakes in the sources of a program in Lua, found without running it.
//!
//! A file is parsed once, and walked without recursion: the depth of its nesting costs heap
//! alone. A file that is too large, or takes too long, is left out and told of.

mod api_call;
mod finding;
mod scope;
mod silence;
mod source;
mod tree;
mod walk;

use std::collections::BTreeSet;

use warren::app::closest;

pub(crate) use finding::{Finding, Rule};

use crate::lua_api::Api;
use finding::{MOST, SUGGESTED};
use tree::Unread;
use walk::Walked;

/// The parts of a program that matter to a file.
pub(crate) struct Program<'a> {
    /// The name of the app: the first part of the ids of its definitions.
    pub(crate) app: &'a str,
    /// The ids of its definitions.
    pub(crate) definitions: &'a [&'a str],
    /// Tells whether the program has a definition of this id.
    pub(crate) has_definition: &'a dyn Fn(&str) -> bool,
    /// Tells whether `require` of this name returns a file of the program.
    pub(crate) has_module: &'a dyn Fn(&str) -> bool,
}

/// A file in Lua.
pub(crate) struct File {
    /// The path, as messages name it.
    pub(crate) path: String,
    pub(crate) text: Vec<u8>,
}

/// Returns the findings of all files, in the order of the files and of their lines.
pub(crate) fn lint(files: &[File], program: &Program<'_>) -> Vec<Finding> {
    let api = Api::get();
    let walked: Vec<(&File, Result<Walked, Unread>)> = files
        .iter()
        .map(|file| (file, walk::walk(file, program, api)))
        .collect();
    let read = || walked.iter().filter_map(|(_, walked)| walked.as_ref().ok());
    // A file may use what another one has set in the same process.
    let set: BTreeSet<&str> = read()
        .flat_map(|walked| walked.set.iter().map(String::as_str))
        .collect();
    // `setmetatable(_G, ...)` can make any name a global.
    let any_global = read().any(|walked| walked.any_global);
    let mut findings = Vec::new();
    for (file, walked) in &walked {
        let walked = match walked {
            Ok(walked) => walked,
            Err(unread) => {
                findings.push(unread.finding(file));
                continue;
            }
        };
        let mut of_file = walked.findings.clone();
        if !any_global {
            of_file.extend(globals(file, &walked.globals, &set, api));
        }
        of_file.retain(|finding| !walked.silence.covers(finding));
        of_file.sort_by_key(|finding| (finding.line, finding.column));
        findings.extend(of_file);
    }
    findings
}

/// Returns the findings about globals that nothing declares.
fn globals(file: &File, globals: &[walk::Global], set: &BTreeSet<&str>, api: &Api) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut told = BTreeSet::new();
    for global in globals {
        if findings.len() == MOST {
            break;
        }
        if api.is_global(&global.name) {
            continue;
        }
        let name = &global.name;
        let (rule, message, help) = if global.is_set {
            if !told.insert(name) {
                continue;
            }
            let help = format!("write `local {name}`, or `_G.{name}` for a global");
            let message = format!("`{name}` becomes a global of the whole process");
            (Rule::SetGlobal, message, Some(help))
        } else {
            if set.contains(name.as_str()) {
                continue;
            }
            let known = api
                .globals()
                .chain(global.locals.iter().map(String::as_str));
            let known = known.chain(set.iter().copied());
            let is_early = findings.len() < SUGGESTED;
            let like = is_early.then(|| closest(name, known)).flatten();
            let help = like.map(|right| format!("did you mean `{right}`?"));
            (
                Rule::UnknownGlobal,
                format!("unknown global `{name}`"),
                help,
            )
        };
        findings.push(Finding {
            file: file.path.clone(),
            line: global.line,
            column: global.column,
            rule,
            message,
            help,
        });
    }
    findings
}

#[cfg(test)]
mod tests;
