//! The proof of an example: its function is replaced by one that does nothing
//! and returns nothing, and the example must fail.

use crate::document::{Example, Function};

/// Modules that a program requires.
const MODULES: [&str; 7] = [
    "server",
    "task",
    "supervisor",
    "pool",
    "registry",
    "assert",
    "test",
];

/// Returns whether a function is one of these modules.
pub(crate) fn is_of_a_pattern(function: &Function) -> bool {
    let module = function.name.split_once('.').map(|(module, _)| module);
    module.is_some_and(|module| MODULES.contains(&module))
}

/// Returns whether an example mentions a function.
pub(crate) fn mentions(example: &Example, function: &Function) -> bool {
    let sources = || example.files.values();
    match function.method() {
        Some(method) => sources().any(|source| source.contains(&format!(":{method}("))),
        None => sources().any(|source| {
            has_word(source, &function.name) || source.contains(&required(&function.name))
        }),
    }
}

/// Returns a use of a module's function without a name for the module.
fn required(name: &str) -> String {
    let (module, function) = name.split_once('.').unwrap_or_default();
    format!(r#"require("{module}").{function}"#)
}

/// Returns the example with the function replaced, in all of its Lua files.
pub(crate) fn without(example: &Example, function: &Function) -> Example {
    let mut example = example.clone();
    let sources = example.files.iter_mut();
    for (_, source) in sources.filter(|(name, _)| name.ends_with(".lua")) {
        *source = match function.method() {
            // A method cannot be replaced; every call of it can.
            Some(method) => {
                let calls = without_calls(source, method);
                format!("local function nothing() return function() end end {calls}")
            }
            None => format!("{} {source}", replaced(&function.name)),
        };
    }
    example
}

/// Returns a chunk of one line that puts a function that does nothing in the place of this
/// one. The tables of modules are read-only: copies take their places.
fn replaced(name: &str) -> String {
    const COPY: &str = "local function copy(t) local c = {} \
                        for k, v in pairs(t) do c[k] = v end return c end";
    if let Some((module, function)) = name.split_once('.')
        && MODULES.contains(&module)
    {
        return format!(
            "do {COPY} local m = copy(require('{module}')) m.{function} = function() end \
             package.loaded.{module} = m end"
        );
    }
    let tables = name.match_indices('.').map(|(at, _)| &name[..at]);
    let copies: String = tables
        .map(|table| format!("{table} = copy({table}) "))
        .collect();
    format!("do {COPY} {copies}{name} = function() end end")
}

/// Replaces `OBJECT:method(` by `nothing(OBJECT)(`.
fn without_calls(source: &str, method: &str) -> String {
    let call = format!(":{method}(");
    let mut source = source.to_owned();
    while let Some(at) = source.find(&call) {
        let begin = begin_of_object(&source[..at]);
        let object = source[begin..at].to_owned();
        source.replace_range(begin..at + call.len(), &format!("nothing({object})("));
    }
    source
}

/// Returns the start of the expression that this text ends with: names, and
/// brackets behind them.
fn begin_of_object(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut begin = text.len();
    for (at, c) in text.char_indices().rev() {
        match c {
            ')' | ']' => depth += 1,
            '(' | '[' if depth == 0 => break,
            '(' | '[' => depth -= 1,
            _ if depth > 0 || c.is_ascii_alphanumeric() || "_.:".contains(c) => {}
            _ => break,
        }
        begin = at;
    }
    begin
}

/// Returns whether a name occurs that is not a part of a longer one.
fn has_word(source: &str, name: &str) -> bool {
    let is_part =
        |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || "_.:".contains(c));
    source.match_indices(name).any(|(at, _)| {
        !is_part(source[..at].chars().next_back())
            && !is_part(source[at + name.len()..].chars().next())
    })
}
