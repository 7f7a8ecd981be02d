//! Parsing, with bounds on the size of a file and on the time.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

use super::{File, Finding, Rule};

/// Bytes of the largest file that is read for mistakes. A generated table may be larger.
const LARGEST: usize = 4 << 20;

/// Time to parse one file. A file that compiles takes some 300 ms for each 100 KB at most; one
/// with many faults can take minutes.
const PATIENCE: Duration = Duration::from_secs(5);

/// The reason for which a file was not read for mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    TooLarge,
    TooSlow,
    /// The parser of the compiler may know the syntax all the same.
    Syntax {
        line: usize,
        column: usize,
    },
}

impl Unread {
    pub(super) fn finding(self, file: &File) -> Finding {
        let (line, column, why) = match self {
            Unread::TooLarge => (1, 1, "it has more than 4 MiB".to_owned()),
            Unread::TooSlow => (1, 1, "parsing took longer than 5 s".to_owned()),
            Unread::Syntax { line, column } => (line, column, "its syntax is unclear here".into()),
        };
        Finding {
            file: file.path.clone(),
            line,
            column,
            rule: Rule::Unread,
            message: format!("the file is not read for mistakes: {why}"),
            help: None,
        }
    }
}

/// Parses a file.
pub(super) fn parse(text: &[u8]) -> Result<Tree, Unread> {
    if text.len() > LARGEST {
        return Err(Unread::TooLarge);
    }
    let mut parser = Parser::new();
    let language = tree_sitter_lua::LANGUAGE.into();
    if parser.set_language(&language).is_err() {
        return Err(Unread::Syntax { line: 1, column: 1 });
    }
    let end = Instant::now() + PATIENCE;
    let mut in_time = |_: &ParseState| match Instant::now() < end {
        true => ControlFlow::Continue(()),
        false => ControlFlow::Break(()),
    };
    let options = ParseOptions::new().progress_callback(&mut in_time);
    let mut read = |at: usize, _| text.get(at..).unwrap_or_default();
    let tree = parser.parse_with_options(&mut read, None, Some(options));
    let tree = tree.ok_or(Unread::TooSlow)?;
    match tree.root_node().has_error() {
        true => Err(first_error(&tree)),
        false => Ok(tree),
    }
}

/// Returns the place of the first part of a tree that is no syntax of Lua.
fn first_error(tree: &Tree) -> Unread {
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() {
            break;
        }
        if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        if !cursor.goto_next_sibling() {
            break;
        }
    }
    let place = cursor.node().start_position();
    Unread::Syntax {
        line: place.row + 1,
        column: place.column + 1,
    }
}
