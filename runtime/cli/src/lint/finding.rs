//! A likely mistake, and the rule that found it.

use std::fmt;

use serde_json::{Value, json};

/// Findings of one file that are told; a file with more is broken in another way.
pub(super) const MOST: usize = 1_000;

/// Findings of one file that get a suggestion, which compares with every known name.
pub(super) const SUGGESTED: usize = 100;

/// A rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A global that neither the API nor the program has.
    UnknownGlobal,
    /// An assignment that makes a global, mostly for want of a `local`.
    SetGlobal,
    /// A local that nothing reads.
    UnusedLocal,
    /// A call of a function that a table of the API does not have.
    UnknownFunction,
    /// A number of arguments that a function of the API does not take.
    Arguments,
    /// A `send` or `spawn` whose results nobody looks at.
    Discarded,
    /// A definition that the program does not have.
    UnknownDefinition,
    /// A file that was not read for mistakes.
    Unread,
}

impl Rule {
    /// Returns the name, as messages and comments have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Rule::UnknownGlobal => "unknown-global",
            Rule::SetGlobal => "set-global",
            Rule::UnusedLocal => "unused-local",
            Rule::UnknownFunction => "unknown-function",
            Rule::Arguments => "arguments",
            Rule::Discarded => "discarded",
            Rule::UnknownDefinition => "unknown-definition",
            Rule::Unread => "unread",
        }
    }

    /// Returns the number that luacheck has for such a mistake.
    pub(super) fn number(self) -> Option<&'static str> {
        match self {
            Rule::UnknownGlobal => Some("113"),
            Rule::SetGlobal => Some("111"),
            Rule::UnusedLocal => Some("211"),
            Rule::UnknownFunction => Some("143"),
            Rule::Arguments | Rule::Discarded | Rule::UnknownDefinition | Rule::Unread => None,
        }
    }
}

/// A likely mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The path of the file, as messages name it.
    pub(crate) file: String,
    /// The line, from 1.
    pub(crate) line: usize,
    /// The byte in the line, from 1.
    pub(crate) column: usize,
    pub(crate) rule: Rule,
    pub(crate) message: String,
    /// The remedy.
    pub(crate) help: Option<String>,
}

impl Finding {
    /// Returns the finding for other programs.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "rule": self.rule.name(),
            "message": self.message,
            "help": self.help,
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        f.write_str(&self.message)?;
        if let Some(help) = &self.help {
            write!(f, "; {help}")?;
        }
        write!(f, " [{}]", self.rule.name())
    }
}
