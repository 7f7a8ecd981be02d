//! What an example proves: the function it shows is replaced by one that does
//! nothing and returns nothing, and that must be noticed.

use crate::document::{Example, Function};

/// Whether an example has anything to do with a function.
pub(crate) fn mentions(example: &Example, function: &Function) -> bool {
    let sources = || example.files.values();
    match function.method() {
        Some(method) => sources().any(|source| source.contains(&format!(":{method}("))),
        None => sources().any(|source| has_word(source, &function.name)),
    }
}

/// The example with the function replaced, in all of its files.
pub(crate) fn without(example: &Example, function: &Function) -> Example {
    let mut example = example.clone();
    for source in example.files.values_mut() {
        *source = match function.method() {
            // Nobody can replace a method; but every call of it.
            Some(method) => {
                let calls = without_calls(source, method);
                format!("local function nothing() return function() end end {calls}")
            }
            None => format!("{} = function() end {source}", function.name),
        };
    }
    example
}

/// `OBJECT:method(` becomes `nothing(OBJECT)(`.
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

/// Where the expression begins that this text ends with: names, and what is in
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

/// Whether a name stands there that is not a part of a longer one.
fn has_word(source: &str, name: &str) -> bool {
    let is_part =
        |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || "_.:".contains(c));
    source.match_indices(name).any(|(at, _)| {
        !is_part(source[..at].chars().next_back())
            && !is_part(source[at + name.len()..].chars().next())
    })
}
